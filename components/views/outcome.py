"""Asked beside delivered: what a finished job's pictures are, and where they differ from the request."""

from __future__ import annotations

from fractions import Fraction

from components.catalog.shapes import NEAR, Shape, read_shape
from components.jobs.job import Job

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
    shape = read_shape(job.shape)
    wrong = next((p for p in job.pictures if p.width and p.height and not _fits(shape, p.width, p.height)), None)
    if shape and wrong:
        got = f"{wrong.width} × {wrong.height}" if shape.exact else ratio(wrong.width, wrong.height)
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
    near = [usual for usual in USUAL if abs(usual[0] / usual[1] / exact - 1) <= NEAR]
    if near:
        best = min(near, key=lambda usual: abs(usual[0] / usual[1] / exact - 1))
        return f"{best[0]}:{best[1]}"
    simple = Fraction(width, height)
    return f"{simple.numerator}:{simple.denominator}"


def shape_ratio(shape: str) -> float | None:
    """Width over height of a shape; None for ``auto`` and for anything else that is none."""
    found = read_shape(shape)
    return found.ratio if found else None


def _fits(shape: Shape | None, width: int, height: int) -> bool:
    if shape and shape.exact:
        return (shape.width, shape.height) == (width, height)
    return shape is None or abs(width / height / shape.ratio - 1) <= NEAR
