"""A past request, or a picture that says how it was made, becomes the very same form again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request, rebuild_request
from components.errors import InputError
from components.views.recipe import form_settings, read_settings
from tests.views.conftest import retired_catalog


def recipe_text(model: Any, parameters: Any) -> str:
    return json.dumps({"model": model, "parameters": parameters})


def test_every_models_past_request_becomes_the_very_same_form_again(catalog: Catalog) -> None:
    """With its own example, and where there are variants with each of them."""
    for model in catalog.models:
        body = build_request(catalog, model.id, model.example).body
        found, parameters, notice = form_settings(catalog, model.id, body)
        assert (found, notice) == (model, "")
        assert build_request(catalog, found.id, parameters).body == rebuild_request(catalog, model.id, body).body
        for variant in model.variants or [model.id]:
            asked = {**model.example, "model": variant}
            expected = {name: value for name, value in asked.items() if name != "model" or model.variants}
            assert read_settings(catalog, recipe_text(model.id, asked)) == (model, expected, "")


def test_what_is_not_offered_any_more_is_left_out_and_named(catalog: Catalog) -> None:
    """A prompt that is too long is kept: it can be seen and corrected."""
    body = {"model": "flux-2", "prompt": "x" * 9_999, "resolution": "9K", "gone": 1}
    _, parameters, notice = form_settings(catalog, "flux-2", body)
    assert parameters["prompt"] == "x" * 9_999
    assert not {"resolution", "gone"} & set(parameters)
    assert notice == "No longer offered, so left out: resolution, gone."


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"prompt": 7, "type": ["flex", "pro"], "input_urls": "javascript:alert(1)", "resolution": True}, {}),
        ({"prompt": ["a"] * 2000, "resolution": "&tab=models#", "input_urls": [1, None]}, {}),
        ({"input_urls": ["\r\nSet-Cookie: a=b"]}, {"input_urls": ["\r\nSet-Cookie: a=b"]}),
        ({"prompt": {"a": 1}, "input_urls": {"a": 1}, "model": "imagen-4", "tab": "models", "__theme": "x"}, {}),
        ({"prompt": "\0\u202e"}, {"prompt": "\0\u202e"}),
    ],
)
def test_values_of_another_kind_than_the_controls_hold_are_left_out(
    catalog: Catalog, parameters: Mapping[str, Any], kept: Mapping[str, Any]
) -> None:
    """Whoever wrote them into a picture; none of them is an accident."""
    model, found, notice = read_settings(catalog, recipe_text("flux-2", parameters))
    assert (model.id, found) == ("flux-2", kept)
    assert (notice != "") == (len(found) < len(set(parameters) - {"model"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "[]",
        "{}",
        recipe_text("no-such", {}),
        recipe_text(None, {}),
        recipe_text(["flux-2"], {}),
        recipe_text("flux-2", ["prompt"]),
        "[" * 100_000,
    ],
)
def test_what_is_no_such_record_is_refused(catalog: Catalog, text: str) -> None:
    with pytest.raises(InputError):
        read_settings(catalog, text)


def test_a_retired_model_is_refused(catalog: Catalog) -> None:
    body = build_request(catalog, "flux-2", {"prompt": "a kite"}).body
    with pytest.raises(InputError, match="retired"):
        form_settings(retired_catalog("flux-2", "cogview-4"), "flux-2", body)
