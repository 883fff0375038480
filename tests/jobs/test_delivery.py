"""Asked beside delivered: shapes, counts and formats, and silence where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from components.jobs.job import Job, JobState
from components.pictures.kept import KeptPicture
from components.views.outcome import differences, ratio, shape_ratio

PIXELS = (1024, 1024)


def done(shape: str, *sizes: tuple[int, int], count: int = 1, form: str = "png", **body: Any) -> Job:
    """A finished job with pictures of these sizes."""
    kept = tuple(KeptPicture(f"{n:064x}.{form}", width, height, form, 9, "") for n, (width, height) in enumerate(sizes))
    return Job("id", "ann", "m", body, shape, count, "host", "http://x", 1, 0.01, 0, JobState.DONE, pictures=kept)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((1024, 1024), "1:1"),
        ((1920, 1080), "16:9"),
        ((1344, 768), "16:9"),
        ((768, 1024), "3:4"),
        ((1536, 1024), "3:2"),
        ((2016, 864), "21:9"),
        ((1000, 1), "1000:1"),
        ((1023, 1024), "1:1"),
    ],
)
def test_a_ratio_is_told_in_small_numbers(size: tuple[int, int], text: str) -> None:
    """The simplest ratio that is near enough."""
    assert ratio(*size) == text


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ("16:9", 16 / 9),
        ("1024*768", 4 / 3),
        ("1024x768", 4 / 3),
        ("1024×768", 4 / 3),
        (" 3 : 2 ", 1.5),
        ("1.85:1", 1.85),
        ("auto", None),
        ("", None),
        ("square_hd", None),
        ("16:0", None),
        ("1:1:1", None),
        ("-1:1", None),
    ],
)
def test_a_shape_is_read_in_every_spelling_of_the_catalog(shape: str, value: float | None) -> None:
    """Ratios and sizes; None for every other word."""
    assert shape_ratio(shape) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("16:9", (1920, 1080)),
        ("16:9", (1344, 768)),
        ("1:1", (1024, 1000)),
        ("21:9", (2520, 1080)),
        ("1024*1024", PIXELS),
        ("auto", (7, 999)),
        ("", (7, 999)),
        ("landscape", (7, 999)),
        ("1:1", (0, 0)),
        ("0:1", PIXELS),
        ("1:0", PIXELS),
    ],
)
def test_what_is_as_asked_or_unknown_is_not_mentioned(shape: str, size: tuple[int, int]) -> None:
    """Near enough is as asked; an SVG without a size and a word without a ratio say nothing."""
    assert differences(done(shape, size)) == []


@pytest.mark.parametrize(
    ("shape", "size", "text"),
    [
        ("3:2", (1024, 1024), "asked 3:2, got 1:1"),
        ("1:1", (1920, 1080), "asked 1:1, got 16:9"),
        ("1024*1024", (1024, 1023), "asked 1024*1024, got 1024 × 1023"),
        ("768x1344", (1344, 768), "asked 768x1344, got 1344 × 768"),
        ("16:9", (1000, 600), "asked 16:9, got 5:3"),
    ],
)
def test_another_shape_is_told(shape: str, size: tuple[int, int], text: str) -> None:
    """In the words of the request: a ratio for a ratio, pixels for a size."""
    assert differences(done(shape, size)) == [text]


@pytest.mark.parametrize(("delta", "found"), [(0.029, 0), (0.031, 1)])
def test_three_percent_is_the_tolerance(delta: float, found: int) -> None:
    """Providers round to multiples of 16 or 32."""
    assert len(differences(done("1:1", (round(100_000 * (1 + delta)), 100_000)))) == found


def test_one_wrong_picture_among_several_is_found() -> None:
    """The first that differs is told, once."""
    assert differences(done("1:1", PIXELS, (1920, 1080), (1080, 1920), count=3)) == ["asked 1:1, got 16:9"]


@pytest.mark.parametrize(("count", "delivered"), [(4, 1), (1, 2)])
def test_another_count_is_told(count: int, delivered: int) -> None:
    """Too few and too many."""
    job = done("", *[PIXELS] * delivered, count=count)

    assert differences(job) == [f"asked {count} pictures, got {delivered}"]


@pytest.mark.parametrize(
    ("asked", "form", "found"),
    [
        ("webp", "webp", []),
        ("PNG", "png", []),
        ("jpg", "jpeg", []),
        ("webp", "png", ["asked webp, got png"]),
        ("jpeg", "png", ["asked jpeg, got png"]),
    ],
)
def test_another_format_is_told(asked: str, form: str, found: list[str]) -> None:
    """Only where a format was asked for; jpg and jpeg are one."""
    assert differences(done("", PIXELS, form=form, output_format=asked)) == found
    assert differences(done("", PIXELS, form=form)) == []


def test_everything_that_differs_is_told_together() -> None:
    """Count, shape, format, in this order."""
    job = done("3:2", PIXELS, count=2, output_format="webp")

    assert differences(job) == ["asked 2 pictures, got 1", "asked 3:2, got 1:1", "asked webp, got png"]


def test_without_pictures_nothing_is_said() -> None:
    """A job that has none yet delivered nothing wrong."""
    assert differences(done("1:1")) == []
