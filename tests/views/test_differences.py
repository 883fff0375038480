"""Asked and delivered: shapes, counts and formats, and silence where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from components.catalog.shapes import ratio_text
from components.jobs.job import Job, JobState
from components.pictures.stored import StoredPicture
from components.views.job import differences, shape_ratio
from tests.jobs.conftest import make_job

SQUARE = (1024, 1024)


def done(shape: str, *sizes: tuple[int, int], count: int = 1, form: str = "png", **body: Any) -> Job:
    """A finished job with pictures of these sizes."""
    pictures = tuple(
        StoredPicture(f"{n:064x}.{form}", width, height, form, 9, "") for n, (width, height) in enumerate(sizes)
    )
    return make_job(shape=shape, count=count, body=body, state=JobState.DONE, pictures=pictures)


def test_a_ratio_is_the_simplest_that_is_near_enough() -> None:
    for size, text in (
        ((1024, 1024), "1:1"), ((1023, 1024), "1:1"), ((1920, 1080), "16:9"), ((1344, 768), "16:9"), ((768, 1024), "3:4"),
        ((1536, 1024), "3:2"), ((2016, 864), "21:9"), ((864, 2016), "9:21"), ((1000, 600), "5:3"), ((1000, 1), "1000:1"),
    ):  # fmt: skip
        assert ratio_text(*size) == text


def test_a_shape_is_read_in_every_spelling_of_the_catalog() -> None:
    for shape, value in (
        ("16:9", 16 / 9), ("1024*768", 4 / 3), ("1024x768", 4 / 3), ("1024×768", 4 / 3), (" 3 : 2 ", 1.5), ("1.85:1", 1.85),
        ("auto", None), ("", None), ("square_hd", None), ("16:0", None), ("1:1:1", None), ("-1:1", None),
    ):  # fmt: skip
        assert shape_ratio(shape) == (None if value is None else pytest.approx(value)), shape


def test_what_is_as_asked_or_unknown_is_not_mentioned() -> None:
    """Near enough is as asked; an SVG without a size and a word without a ratio say nothing."""
    for shape, size in (
        ("16:9", (1920, 1080)), ("16:9", (1344, 768)), ("1:1", (1024, 1000)), ("21:9", (2520, 1080)), ("1024*1024", SQUARE),
        ("auto", (7, 999)), ("", (7, 999)), ("landscape", (7, 999)), ("1:1", (0, 0)), ("0:1", SQUARE), ("1:0", SQUARE),
    ):  # fmt: skip
        assert differences(done(shape, size)) == [], shape
    assert differences(done("1:1")) == []


def test_what_differs_is_named_in_the_words_of_the_request() -> None:
    """A ratio for a ratio, pixels for a size; providers round to multiples of 16 or 32, so three percent are tolerated."""
    for job, texts in (
        (done("3:2", SQUARE), ["asked 3:2, got 1:1"]),
        (done("1:1", (1920, 1080)), ["asked 1:1, got 16:9"]),
        (done("1024*1024", (1024, 1023)), ["asked 1024*1024, got 1024 × 1023"]),
        (done("768x1344", (1344, 768)), ["asked 768x1344, got 1344 × 768"]),
        (done("16:9", (1000, 600)), ["asked 16:9, got 5:3"]),
        (done("1:1", (102_900, 100_000)), []),
        (done("1:1", (103_100, 100_000)), ["asked 1:1, got 1031:1000"]),
        (done("1:1", SQUARE, (1920, 1080), (1080, 1920), count=3), ["asked 1:1, got 16:9"]),
        (done("", SQUARE, count=4), ["asked 4 pictures, got 1"]),
        (done("", SQUARE, SQUARE), ["asked 1 picture, got 2"]),
        (done("", SQUARE, form="webp", output_format="webp"), []),
        (done("", SQUARE, output_format="PNG"), []),
        (done("", SQUARE, form="jpeg", output_format="jpg"), []),
        (done("", SQUARE, output_format="webp"), ["asked webp, got png"]),
        (done("", SQUARE, form="jpeg"), []),
        (done("3:2", SQUARE, count=2, output_format="webp"),
         ["asked 2 pictures, got 1", "asked 3:2, got 1:1", "asked webp, got png"]),
    ):  # fmt: skip
        assert differences(job) == texts, (job.shape, texts)
