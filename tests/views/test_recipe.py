"""A job's pictures as downloads: file name, recipe, lines of the manifest; and a recipe that becomes its form again."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.catalog.forms import form_settings
from components.catalog.models import Catalog
from components.catalog.requests import build_request, rebuild_request
from components.errors import InputError, Problem
from components.jobs.job import JobState
from components.pictures.stored import StoredPicture
from components.views.recipe import archive_entries, file_stem, read_recipe, recipe_of
from tests.jobs.conftest import NOON, make_job
from tests.views.conftest import retired_catalog

PARAMETERS: dict[str, Any] = {"model": "imagen-4", "prompt": "A kite", "seed": 7, "urls": ["https://a.example/b.png?c=d"]}
PNG = StoredPicture("0" * 64 + ".png", 3, 2, "png", 100, "")
SVG = replace(PNG, format="svg", width=0, height=0)
HOSTILE = [
    "../../../etc/passwd", "a/b\\c:d", "\0\r\n", "..", "", "CON", "\u202egnp.exe", "Кот", "x" * 500, '"; rm -rf /', "$(id)",
]  # fmt: skip


def test_a_recipe_is_what_was_requested_and_no_more() -> None:
    """Body, price, task and time; not the job's id, its visitor or the secret of the callback."""
    recipe = recipe_of(make_job(model="imagen-4", body=PARAMETERS, task_id="n9", credits=10, usd=0.1, visitor="ann"))

    assert recipe.model_dump() == {
        "version": 1, "model": "imagen-4", "parameters": PARAMETERS, "task_id": "n9", "sandbox": False, "credits": 10,
        "usd": 0.1, "created": datetime.fromtimestamp(NOON, UTC), "generator": "Image playground for API in One",
    }  # fmt: skip
    assert recipe_of(make_job(payer="sandbox")).sandbox
    assert recipe_of(make_job(credits=math.inf, usd=math.inf)).credits is None
    assert recipe_of(make_job(task_id="n\ud800" * 500)).task_id == "n?" * 500  # the service may call a task what it likes


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
    assert recipe_of(make_job(body=body)).parameters == {
        "urls": ["https://a.example:8443/b.png?c=d", "https://b.example/uploads/c.png"],
        "prompt": body["prompt"],
        "odd": "https://[::1",
    }


def test_a_file_name_never_leads_out_of_its_folder() -> None:
    """Whatever model and task id contain, which strangers choose."""
    for text in HOSTILE:
        stem = file_stem(make_job(model=text, task_id=text))
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,110}", stem), text
        assert ".." not in stem


def test_the_manifest_says_of_each_picture_what_was_requested_and_delivered(catalog: Catalog) -> None:
    job = make_job(
        state=JobState.DONE, task_id="n41abc", finished_at=NOON + 2.5, count=2, shape="16:9", payer="sandbox",
        body={"model": "cogview-4", "prompt": "Кот 🍏"}, pictures=(PNG, SVG),
    )  # fmt: skip
    first, second = archive_entries(catalog, [job], recipes=True)

    assert (first.stem, first.created_at, first.picture, first.recipe) == ("cogview-4-n41abc", NOON, PNG, recipe_of(job))
    assert first.row == {
        "model": "cogview-4", "parameters": {"model": "cogview-4", "prompt": "Кот 🍏"}, "task_id": "n41abc", "state": "done",
        "sandbox": True, "credits": 10, "usd": 0.1, "credits_estimated": 10,
        "price": "10 credits · $0.10 at the service; this drawing was free",
        "seconds": 2.5, "created": "2026-03-04T12:00:00Z",
        "asked": {"shape": "16:9", "count": 2}, "delivered": {"width": 3, "height": 2, "format": "png"}, "message": "",
    }  # fmt: skip
    assert second.row["delivered"] == {"width": None, "height": None, "format": "svg"}
    assert [entry.recipe for entry in archive_entries(catalog, [job], recipes=False)] == [None, None]


def test_the_manifest_says_why_a_job_has_no_picture(catalog: Catalog) -> None:
    problem = Problem("moderation", "The service refuses it.", "Rephrase.", "It may have been charged.")
    failed = make_job(state=JobState.FAILED, problem=problem, credits=math.inf, usd=math.inf)
    waiting = make_job(state=JobState.RUNNING, status_note="The service asks to wait.")
    rows = [
        (entry.picture, entry.row["state"], entry.row["message"])
        for entry in archive_entries(catalog, [failed, waiting], recipes=True)
    ]

    assert rows == [(None, "failed", str(problem)), (None, "running", "The service asks to wait.")]


# -- back into a form --


def test_every_models_past_request_becomes_the_very_same_form_again(catalog: Catalog) -> None:
    """With its own example, and where there are variants with each of them."""
    for model in catalog.models:
        body = build_request(catalog, model.id, model.example).body
        restored, parameters = form_settings(catalog, model.id, body)
        assert restored == model
        assert build_request(catalog, model.id, parameters).body == rebuild_request(catalog, model.id, body).body
        for variant in model.variants or [model.id]:
            settings = {**model.example, "model": variant}
            expected = {name: value for name, value in settings.items() if name != "model" or model.variants}
            assert read_recipe(catalog, {"model": model.id, "parameters": settings}) == (model, expected, "")


def test_what_is_not_offered_any_more_is_left_out_and_named(catalog: Catalog) -> None:
    """A prompt that is too long is kept: it can be seen and corrected."""
    settings = {"prompt": "x" * 9_999, "resolution": "9K", "gone": 1}
    _, parameters, notice = read_recipe(catalog, {"model": "flux-2", "parameters": settings})
    assert parameters["prompt"] == "x" * 9_999
    assert not {"resolution", "gone"} & set(parameters)
    assert notice == "No longer offered, so left out: resolution, gone."


def test_values_of_another_kind_than_the_controls_hold_are_left_out(catalog: Catalog) -> None:
    """Whoever wrote them into a picture; none of them is an accident."""
    header = ["\r\nSet-Cookie: a=b"]
    for parameters, kept in (
        ({"prompt": 7, "type": ["flex", "pro"], "input_urls": "javascript:alert(1)", "resolution": True}, {}),
        ({"prompt": ["a"] * 2000, "resolution": "&tab=models#", "input_urls": [1, None]}, {}),
        ({"input_urls": header}, {"input_urls": header}),
        ({"prompt": {"a": 1}, "input_urls": {"a": 1}, "model": "imagen-4", "tab": "models", "__theme": "x"}, {}),
        ({"prompt": "\0\u202e"}, {"prompt": "\0\u202e"}),
    ):
        model, restored, notice = read_recipe(catalog, {"model": "flux-2", "parameters": parameters})
        assert (model.id, restored) == ("flux-2", kept)
        assert (notice != "") == (len(restored) < len(set(parameters) - {"model"}))


def test_what_is_no_recipe_or_of_a_retired_model_is_refused(catalog: Catalog) -> None:
    for recipe in ({}, {"model": "flux-2"}, {"model": "flux-2", "parameters": ["prompt"]}):
        with pytest.raises(InputError):
            read_recipe(catalog, recipe)
    for named in ("no-such", None, ["flux-2"]):
        with pytest.raises(InputError):
            read_recipe(catalog, {"model": named, "parameters": {}})
    with pytest.raises(InputError, match="retired"):
        form_settings(retired_catalog("flux-2", "cogview-4"), "flux-2", {"prompt": "a kite"})
