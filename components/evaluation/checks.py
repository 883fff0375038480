"""What can be seen of a result without a person: shape, size, format, a blank picture, the same picture again, a slow job.

A fingerprint is made once from the bytes of a picture and can be stored; the checks compare fingerprints and numbers.
A team's own scorers are functions ``score(picture: bytes, job) -> dict`` that an installed package names in the entry point
group SCORERS; their values appear beside those of the checks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from components.catalog.shapes import ratio_text, read_shape, same_ratio
from components.pictures.pixels import small_pixels
from components.pictures.stored import StoredPicture

SCORERS = "image_playground.scorers"
SIDE, COPY_SIDE = 64, 16  # pixels of the copies in which a blank picture and a near-duplicate are looked for
SAME_COLOR, BLANK_SHARE = 8, 0.998  # levels of 255 around the middle color, and the share of pixels within them
# The mean and the largest differences (all but 2 %) of near-duplicates, in levels of 255. The same picture saved as JPEG or
# WebP of low quality, or at 300 pixels, differs by up to 4.8 and 19.9; other drawings of one prompt by 7 and 43 or more.
# A hash by gradients (dHash) was tried: on flat areas it tells neither the same picture nor another one.
ALIKE_MEAN, ALIKE_MOST = 5.0, 20.0
SLOW_FACTOR, SLOW_SECONDS = 2.0, 5.0  # slower than usual: more than twice as long, and by more than 5 s


class FindingKind(StrEnum):
    """What can be wrong with a result."""

    SHAPE = "shape"
    SIZE = "size"
    FORMAT = "format"
    BLANK = "blank"
    DUPLICATE = "duplicate"
    SLOW = "slow"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. ``text`` is for people, such as ``asked 3:2, got 1:1``."""

    kind: FindingKind
    text: str


@dataclass(frozen=True)
class Fingerprint:
    """``copy`` is the picture at 16 x 16 pixels as base64, ``blank`` whether it has one color only."""

    copy: str
    blank: bool


class Scorer(Protocol):
    """A team's own check: values by name for the bytes of a picture and the job that made it."""

    def __call__(self, picture: bytes, job: Any) -> Mapping[str, Any]:
        """Score one picture. Values are numbers, booleans or texts."""


def check_delivery(picture: StoredPicture, shape: str = "", picture_format: str = "") -> list[Finding]:
    """Compare what was delivered with what was asked: ``shape`` as ``Request.shape``, a format such as ``webp``; "": any.

    A ratio is named where a ratio was asked for, pixels where a size was.
    """
    findings = []
    requested = read_shape(shape)
    if requested and picture.width and picture.height:
        pixels = f"{picture.width} × {picture.height}"
        if not same_ratio(picture.width / picture.height, requested.ratio):
            got = pixels if requested.exact else ratio_text(picture.width, picture.height)
            findings.append(Finding(FindingKind.SHAPE, f"asked {shape}, got {got}"))
        elif requested.exact and (requested.width, requested.height) != (picture.width, picture.height):
            findings.append(Finding(FindingKind.SIZE, f"asked {shape}, got {pixels}"))
    wanted = picture_format.lower().replace("jpg", "jpeg")
    if wanted and wanted != picture.format:
        findings.append(Finding(FindingKind.FORMAT, f"asked {wanted}, got {picture.format}"))
    return findings


def fingerprint(picture: bytes) -> Fingerprint | None:
    """The fingerprint of a picture; None of an SVG or a damaged file. Decodes it, so it blocks."""
    pixels = small_pixels(picture, SIDE, SIDE)
    if pixels is None:
        return None
    colors = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 3).astype(float)
    distance = np.abs(colors - np.median(colors, axis=(0, 1))).max(axis=2)
    blank = bool((distance <= SAME_COLOR).mean() >= BLANK_SHARE)
    step = SIDE // COPY_SIDE
    shrunk = colors.reshape(COPY_SIDE, step, COPY_SIDE, step, 3).mean(axis=(1, 3))
    return Fingerprint(base64.b64encode(shrunk.astype(np.uint8).tobytes()).decode(), blank)


def blank_finding(of: Fingerprint) -> list[Finding]:
    """The finding that a picture is blank, if it is."""
    return [Finding(FindingKind.BLANK, "blank: the picture has one color only")] if of.blank else []


def near_duplicates(repeats: Mapping[str, Fingerprint]) -> dict[str, list[str]]:
    """For each of these cells (the repeats of one prompt on one column) the others that show almost the same picture.

    Cells without such others are left out, and so are blank pictures, which are all alike.
    """
    pixels = {cell: _pixels(one) for cell, one in repeats.items() if not one.blank}
    alike = {
        cell: [other for other, its in pixels.items() if other != cell and _alike(own, its)] for cell, own in pixels.items()
    }
    return {cell: others for cell, others in alike.items() if others}


def slow_finding(seconds: float, usual: float | None) -> list[Finding]:
    """The finding that a job took longer than is usual for its model; ``usual`` is the typical time in seconds."""
    if usual is None or seconds <= max(SLOW_FACTOR * usual, usual + SLOW_SECONDS):
        return []
    return [Finding(FindingKind.SLOW, f"slow: {seconds:.0f} s, usually {usual:.0f} s")]


def load_scorers() -> dict[str, Scorer]:
    """The installed scorers by name. Raises whatever the import of one raises, so that it is seen at the start."""
    return {entry.name: entry.load() for entry in entry_points(group=SCORERS)}


def run_scorers(scorers: Mapping[str, Scorer], picture: bytes, job: Any) -> dict[str, Any]:
    """All values as ``scorer.name``; of a scorer that fails one value ``scorer.error`` with its message. Blocks."""
    values: dict[str, Any] = {}
    for name, score in scorers.items():
        try:
            scored = {f"{name}.{key}": value for key, value in score(picture, job).items()}
        except Exception as error:  # noqa: BLE001  # a scorer is foreign code, and one that fails costs no other value
            scored = {f"{name}.error": f"{type(error).__name__}: {error}"[:200]}
        values |= {key: value if isinstance(value, int | float | str) else str(value)[:200] for key, value in scored.items()}
    return values


def _pixels(of: Fingerprint) -> NDArray[np.int16]:
    return np.frombuffer(base64.b64decode(of.copy), np.uint8).reshape(-1, 3).astype(np.int16)


def _alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    difference = np.abs(one - other).max(axis=1)
    return bool(difference.mean() <= ALIKE_MEAN and np.quantile(difference, 0.98) <= ALIKE_MOST)
