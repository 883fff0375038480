"""A job's pictures as downloads: file name, recipe, lines of the manifest."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import Problem
from components.jobs.job import JobState
from components.pictures.kept import KeptPicture
from components.views.recipe import archive_entries, file_stem, recipe_of
from tests.jobs.conftest import NOON, a_job

PARAMETERS: dict[str, Any] = {"model": "imagen-4", "prompt": "A kite", "seed": 7, "urls": ["https://a.example/b.png?c=d"]}
PNG = KeptPicture("0" * 64 + ".png", 3, 2, "png", 100, "")
SVG = replace(PNG, format="svg", width=0, height=0)
HOSTILE = [
    "../../../etc/passwd",
    "a/b\\c:d",
    "\0\r\n",
    "..",
    "",
    "CON",
    "\u202egnp.exe",
    "Кот",
    "x" * 500,
    '"; rm -rf /',
    "$(id)",
]


def test_a_recipe_is_what_was_requested_and_no_more() -> None:
    """Body, price, task and time; not the job's id, its visitor or the secret of the callback."""
    recipe = recipe_of(a_job(model="imagen-4", body=PARAMETERS, task_id="n9", credits=10, usd=0.1, visitor="ann"))

    assert recipe.model_dump() == {
        "version": 1, "model": "imagen-4", "parameters": PARAMETERS, "task_id": "n9", "sandbox": False, "credits": 10,
        "usd": 0.1, "created": datetime.fromtimestamp(NOON, UTC), "generator": "Image playground for API in One",
    }  # fmt: skip
    assert recipe_of(a_job(payer="sandbox")).sandbox
    assert recipe_of(a_job(credits=math.inf, usd=math.inf)).credits is None
    assert recipe_of(a_job(task_id="n\ud800" * 500)).task_id == "n?" * 500  # the service may call a task what it likes


def test_a_recipe_has_no_address_that_opens_something_private() -> None:
    """Uploads, which anybody can fetch who has the address, and passwords in addresses."""
    upload = f"https://here.example/play/uploads/{'x' * 65}.png"
    body = {
        "urls": [upload, "https://ann:pass@a.example:8443/b.png?c=d", "https://b.example/uploads/c.png"],
        "url": upload,
        "only": [upload],
        "prompt": f"a picture of {upload} and ann@a.example",
        "odd": "https://[::1",
    }
    assert recipe_of(a_job(body=body)).parameters == {
        "urls": ["https://a.example:8443/b.png?c=d", "https://b.example/uploads/c.png"],
        "prompt": body["prompt"],
        "odd": "https://[::1",
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_name_never_leads_out_of_its_folder(text: str) -> None:
    """Whatever model and task id contain, which strangers choose."""
    stem = file_stem(a_job(model=text, task_id=text))

    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,110}", stem)
    assert ".." not in stem


def test_the_manifest_says_of_each_picture_what_was_requested_and_delivered(catalog: Catalog) -> None:
    job = a_job(
        state=JobState.DONE, task_id="n41abc", finished_at=NOON + 2.5, count=2, shape="16:9", payer="sandbox",
        body={"model": "cogview-4", "prompt": "Кот 🍏"}, pictures=(PNG, SVG),
    )  # fmt: skip
    first, second = archive_entries(catalog, [job], recipes=True)

    assert (first.stem, first.created_at, first.kept, first.recipe) == ("cogview-4-n41abc", NOON, PNG, recipe_of(job))
    assert first.row == {
        "model": "cogview-4", "parameters": {"model": "cogview-4", "prompt": "Кот 🍏"}, "task_id": "n41abc", "state": "done",
        "sandbox": True, "credits": 10, "usd": 0.1, "price": "10 credits · $0.10 at the service; this drawing was free", "seconds": 2.5, "created": "2026-03-04T12:00:00Z",
        "asked": {"shape": "16:9", "count": 2}, "delivered": {"width": 3, "height": 2, "format": "png"}, "message": "",
    }  # fmt: skip
    assert second.row["delivered"] == {"width": None, "height": None, "format": "svg"}
    assert [entry.recipe for entry in archive_entries(catalog, [job], recipes=False)] == [None, None]


def test_the_manifest_says_why_a_job_has_no_picture(catalog: Catalog) -> None:
    problem = Problem("moderation", "The service refuses it.", "Rephrase.", "It may have been charged.")
    failed = a_job(state=JobState.FAILED, problem=problem, credits=math.inf, usd=math.inf)
    waiting = a_job(state=JobState.RUNNING, status_note="The service asks to wait.")
    rows = [
        (entry.kept, entry.row["state"], entry.row["message"])
        for entry in archive_entries(catalog, [failed, waiting], recipes=True)
    ]

    assert rows == [(None, "failed", str(problem)), (None, "running", "The service asks to wait.")]
