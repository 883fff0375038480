"""Asked beside delivered: what a finished job's pictures are, and where they differ from the request."""

from __future__ import annotations

import re
from fractions import Fraction

from components.jobs.records import Job

TOLERANCE = 0.03
USUAL = [
    (1, 1),
    (3, 2),
    (2, 3),
    (4, 3),
    (3, 4),
    (16, 9),
    (9, 16),
    (21, 9),
    (9, 21),
    (5, 4),
    (4, 5),
    (2, 1),
    (1, 2),
    (3, 1),
    (1, 3),
]
SAME_FORMAT = {"jpg": "jpeg"}


def differences(job: Job) -> list[str]:
    """Sentences such as ``asked 3:2, got 1:1``; empty when all is as asked or nothing is known."""
    if not job.pictures:
        return []
    found = []
    if len(job.pictures) != job.count:
        found.append(f"asked {job.count} pictures, got {len(job.pictures)}")
    wrong = next((p for p in job.pictures if p.width and p.height and not _fits(job.shape, p.width, p.height)), None)
    if wrong:
        got = f"{wrong.width} × {wrong.height}" if _size(job.shape) else ratio(wrong.width, wrong.height)
        found.append(f"asked {job.shape}, got {got}")
    asked = str(job.body.get("output_format", "")).lower()
    asked = SAME_FORMAT.get(asked, asked)
    formats = {picture.format for picture in job.pictures}
    if asked and formats - {asked}:
        found.append(f"asked {asked}, got {', '.join(sorted(formats))}")
    return found


def ratio(width: int, height: int) -> str:
    """``16:9`` for anything near a usual ratio, else the two numbers divided as far as they go."""
    exact = width / height
    near = [usual for usual in USUAL if abs(usual[0] / usual[1] / exact - 1) <= TOLERANCE]
    if near:
        best = min(near, key=lambda usual: abs(usual[0] / usual[1] / exact - 1))
        return f"{best[0]}:{best[1]}"
    simple = Fraction(width, height)
    return f"{simple.numerator}:{simple.denominator}"


def shape_ratio(shape: str) -> float | None:
    """Width over height of ``16:9``, ``1024*1024`` or ``1024x768``; None for ``auto`` and for anything else."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[:x*×]\s*(\d+(?:\.\d+)?)\s*", shape)
    sides = [float(found[1]), float(found[2])] if found else [0.0, 0.0]
    return sides[0] / sides[1] if all(sides) else None


def _size(shape: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"\s*(\d+)\s*[x*×]\s*(\d+)\s*", shape)
    return (int(found[1]), int(found[2])) if found else None


def _fits(shape: str, width: int, height: int) -> bool:
    if size := _size(shape):
        return size == (width, height)
    asked = shape_ratio(shape)
    return asked is None or abs(width / height / asked - 1) <= TOLERANCE
