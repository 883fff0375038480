"""Parameter values become a valid request, or errors that name the field and what is allowed."""

from __future__ import annotations

import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind
from components.catalog.prices import price
from components.catalog.requests import build_request, find_problems, rebuild_request
from components.errors import InputError

WEB = "https://example.com/a.png"
FOX = {"prompt": "a fox"}

# name -> model, values besides the prompt, the field at fault, words of the message
REFUSED: dict[str, tuple[str, dict[str, Any], str, tuple[str, ...]]] = {
    "unknown field": ("cogview-4", {"aspect_ratio": "1:1"}, "aspect_ratio", ("no such parameter", "prompt, size, quality")),
    "text for a number": ("imagen-4", {"num_images": "2"}, "num_images", ("wrong type", "a whole number")),
    "fraction for a whole number": ("imagen-4", {"num_images": 2.5}, "num_images", ("wrong type", "a whole number")),
    "bool for a number": ("imagen-4", {"num_images": True}, "num_images", ("wrong type", "a whole number")),
    "number for text": ("imagen-4", {"negative_prompt": 5}, "negative_prompt", ("wrong type", "text")),
    "null for text": ("imagen-4", {"negative_prompt": None}, "negative_prompt", ("wrong type", "text")),
    "null for a choice": ("imagen-4", {"aspect_ratio": None}, "aspect_ratio", ("not offered", "1:1, 4:3, 3:4, 16:9, 9:16")),
    "text for a list": ("flux-2", {"input_urls": WEB}, "input_urls", ("wrong type", "a list of web addresses")),
    "numbers in a list": ("flux-2", {"input_urls": [WEB, 3]}, "input_urls", ("wrong type",)),
    "lists in a list": ("flux-2", {"input_urls": [[WEB]]}, "input_urls", ("wrong type",)),
    "value outside a closed list": ("flux-2", {"resolution": "4K"}, "resolution", ("'4K'", "Allowed: 1K, 2K.")),
    "closed list in other case": ("kling-image-o1", {"resolution": "2K"}, "resolution", ("Allowed: 1k, 2k.",)),
    "another model's variant": ("imagen-4", {"model": "ideogram-v3-turbo"}, "model", ("imagen4-fast, imagen4, imagen4-ultra",)),
    "number below its bounds": ("kling-image-o1", {"num_images": 0}, "num_images", ("too small", "1 to 9")),
    "number above its bounds": ("kling-image-o1", {"num_images": 10}, "num_images", ("too large", "1 to 9")),
    "number below an open bound": ("imagen-4", {"num_images": 0}, "num_images", ("too small", "1 or more")),
    "too many pictures": ("flux-2", {"input_urls": [WEB] * 9}, "input_urls", ("9 items", "At most 8")),
    "three pictures for two": ("hunyuan-image-3", {"images": [WEB] * 3}, "images", ("3 items", "At most 2")),
    "file address": ("flux-2", {"input_urls": [WEB, "file:///etc/passwd"]}, "input_urls", ("no web address", "https://")),
    "bare path": ("ideogram-v3", {"image": "cat.png"}, "image", ("no web address",)),
    "empty address": ("ideogram-v3", {"mask_image": ""}, "mask_image", ("no web address",)),
    "broken host": ("ideogram-v3", {"image": "http://[::1"}, "image", ("no web address",)),
    "ratio for a size in pixels": ("cogview-4", {"size": "16:9"}, "size", ("'16:9' is no size in pixels. Write it like 1024*1024.",)),
    "size with another sign": ("recraft-v4", {"image_size": "1024*1024"}, "image_size", ("no size in pixels", "1024x1024")),
    "size with spaces": ("hunyuan-image-3", {"size": "1024 * 768"}, "size", ("no size in pixels", "1024*1024")),
    "size for a ratio": ("flux-2", {"aspect_ratio": "1024x768"}, "aspect_ratio", ("no ratio", "Write it like 1:1.")),
    "word for a ratio": ("flux-2", {"aspect_ratio": "wide"}, "aspect_ratio", ("no ratio",)),
    "space in an address": ("seedream-4-5", {"image_urls": ["https://a b.example/c"]}, "image_urls", ("no web address",)),
    "edit without pictures": ("hunyuan-image-3", {"type": "edit"}, "images", ("images: is required when type is edit.",)),
    "edit with an empty list": ("hunyuan-image-3", {"type": "edit", "images": []}, "images", ("is required when type is edit.",)),
    "edit variant without pictures": ("seedream-4-5", {"model": "seedream/4.5-edit"}, "image_urls",
                                      ("image_urls: is required when model is seedream/4.5-edit.",)),
    "broken surrogate": ("imagen-4", {"negative_prompt": "a\ud800b"}, "negative_prompt", ("broken character",)),
    "broken surrogate in a list": ("flux-2", {"input_urls": ["https://e.example/\udfff"]}, "input_urls", ("broken character",)),
    "empty prompt": ("imagen-4", {"prompt": ""}, "prompt", ("is empty",)),
    "blank prompt": ("imagen-4", {"prompt": " \n\t "}, "prompt", ("is empty",)),
    "blank prompt of sufficient length": ("flux-2", {"prompt": "     "}, "prompt", ("is empty",)),
    "null prompt": ("imagen-4", {"prompt": None}, "prompt", ("is empty",)),
    "number as prompt": ("imagen-4", {"prompt": 7}, "prompt", ("must be text",)),
    "short prompt": ("flux-2", {"prompt": "ab"}, "prompt", ("too short (2 characters). At least 3.",)),
    "long prompt": ("cogview-4", {"prompt": "x" * 1001}, "prompt", ("too long (1,001 characters). At most 1,000.",)),
    "broken prompt": ("cogview-4", {"prompt": "a fox \udc00"}, "prompt", ("broken character",)),
}  # fmt: skip


def test_the_body_is_the_model_the_defaults_and_what_is_given(catalog: Catalog) -> None:
    for model in catalog.models:
        declared = {name: field.default for name, field in model.parameters.items() if field.default is not None}
        untouched: dict[str, Any] = {name: [] for name in model.parameters if name != "prompt"}
        of_example = build_request(catalog, model.id, model.example).body

        assert of_example == {"model": model.id, **declared, **model.example}
        assert next(iter(of_example)) == "model"
        plain = build_request(catalog, model.id, FOX).body
        assert plain == {"model": model.id, **FOX, **declared}
        assert build_request(catalog, model.id, {**FOX, **untouched}).body == plain, "an empty list is what no one filled in"


def test_the_body_carries_the_variant_where_there_are_variants(catalog: Catalog) -> None:
    assert build_request(catalog, "imagen-4", FOX).body["model"] == "imagen4"
    assert build_request(catalog, "imagen-4", {**FOX, "model": "imagen4-ultra"}).body["model"] == "imagen4-ultra"


# what a caller names, its parameters besides the prompt -> what is sent, or words of the error
NAMED: list[tuple[str, dict[str, Any], str]] = [
    ("imagen4-ultra", {}, "imagen4-ultra"),
    ("imagen4-ultra", {"model": "imagen4-ultra"}, "imagen4-ultra"),
    ("imagen4", {}, "imagen4"),
    ("imagen-4", {"model": "imagen-4"}, "imagen4"),
    ("grok-imagine/upscale", {}, "grok-imagine/upscale"),
    ("recraft-v4-text-to-vector-pro", {}, "recraft-v4-pro-text-to-vector"),
    ("recraft-v4-pro-text-to-vector", {"model": "recraft-v4-text-to-vector-pro"}, "recraft-v4-pro-text-to-vector"),
    ("recraft-v4", {"model": "recraft-v4-text-to-image-pro"}, "recraft-v4-pro-text-to-image"),
    ("imagen4-ultra", {"model": "imagen4-fast"}, "model: imagen4-ultra was asked for, but the parameters choose 'imagen4-fast'."),
    ("imagen4-ultra", {"model": "imagen-4"}, "but the parameters choose 'imagen-4'."),
    ("imagen4-ultra", {"model": None}, "but the parameters choose None."),
    ("imagen4-ultra", {"model": ["imagen4"]}, "but the parameters choose ['imagen4']."),
    ("imagen-4", {"model": "ideogram-v3"}, "Allowed: imagen4-fast, imagen4, imagen4-ultra."),
]  # fmt: skip


def test_a_variant_names_its_model_and_is_the_one_that_is_sent_and_paid(catalog: Catalog) -> None:
    for name, given, outcome in NAMED:
        if " " not in outcome:
            request = build_request(catalog, name, {**FOX, **given})
            direct = build_request(catalog, request.model.id, {**FOX, "model": outcome})
            assert (request.body, price(catalog, request)) == (direct.body, price(catalog, direct))
            assert request.body["model"] == outcome
            continue
        with pytest.raises(InputError) as caught:
            build_request(catalog, name, {**FOX, **given})
        assert caught.value.field == "model"
        assert outcome in str(caught.value)


def test_a_body_with_the_former_id_of_a_variant_is_rebuilt_with_its_present_one(catalog: Catalog) -> None:
    request = rebuild_request(catalog, "recraft-v4", {"model": "recraft-v4-text-to-image-pro", **FOX})

    assert request.parameters["model"] == "recraft-v4-pro-text-to-image"


def test_a_variant_that_several_models_offer_does_not_name_one_unless_the_others_are_retired() -> None:
    def offering(model: str, more: str = "") -> str:
        return f"""
  - {{id: {model}, name: N, provider: P, inputs: [text], source: s, checked_on: 2026-01-01, price: [{{credits: 1}}],{more}
     parameters: {{properties: {{prompt: {{minLength: 1, x-role: prompt}}, model: {{enum: [fast, slow], default: fast}}}}}}}}"""

    text = 'endpoint: {base_url: "https://a.example", create: /c, status: "/t/{task_id}", usd_per_credit: 0.01}\nmodels:'
    with pytest.raises(InputError, match="slow is a variant of old and new"):
        build_request(parse_catalog(text + offering("old") + offering("new")), "slow", FOX)
    retired = parse_catalog(text + offering("old", " status: retired, replaced_by: new,") + offering("new"))
    assert build_request(retired, "slow", FOX).model.id == "new"


def test_an_alias_resolves_and_the_id_is_sent(catalog: Catalog) -> None:
    for name in ("gpt-image-1-5", "gpt-image-1.5-official"):
        for given in ({}, {"model": "gpt-image-1-5"}, {"model": "gpt-image-1.5-official"}):
            assert build_request(catalog, name, {**FOX, **given}).body["model"] == "gpt-image-1.5-official"


@pytest.mark.parametrize(("model", "values", "field", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_allowed_is_refused_by_its_field(
    catalog: Catalog, model: str, values: dict[str, Any], field: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        build_request(catalog, model, {**FOX, **values})

    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert len(str(caught.value)) < 300
    for word in words:
        assert word in str(caught.value)


def test_unknown_facts_are_marked_unknown(catalog: Catalog) -> None:
    for model, field, value in [
        ("cogview-4", "size", "1440*720"), ("flux-2", "aspect_ratio", "5:4"), ("recraft-v4", "image_size", "1707x1024"),
        ("imagen-4", "seed", -5), ("imagen-4", "num_images", 40), ("hunyuan-image-3", "size", "768*1024"),
    ]:  # fmt: skip
        assert build_request(catalog, model, {**FOX, field: value}).body[field] == value


def test_lengths_count_characters_and_include_their_bounds(catalog: Catalog) -> None:
    for prompt in ("x" * 3, "x" * 5000, "狐" * 5000, "🦊" * 5000):
        assert build_request(catalog, "flux-2", {"prompt": prompt}).prompt == prompt


def test_a_float_without_a_fraction_becomes_an_integer(catalog: Catalog) -> None:
    count = build_request(catalog, "kling-image-o1", {"prompt": "a fox", "num_images": 3.0}).body["num_images"]

    assert (count, type(count)) == (3, int)


def test_all_problems_are_found_at_most_one_a_field_in_the_order_of_the_form(catalog: Catalog) -> None:
    entry = catalog.find("kling-image-o1")
    assert entry is not None

    problems = find_problems(entry, {"colour": 1, "num_images": 99, "images": ["x", "y"], "type": "poem", "prompt": ""})

    assert [problem.field for problem in problems] == ["type", "prompt", "images", "num_images", "colour"]


def test_parameters_that_are_no_object_are_refused(catalog: Catalog) -> None:
    wrong: list[Any] = [None, [], "prompt", 3]
    for parameters in wrong:
        with pytest.raises(InputError, match="must be an object"):
            build_request(catalog, "flux-2", parameters)


def test_the_error_for_an_unknown_model_names_all_models(catalog: Catalog) -> None:
    names: list[Any] = ["flux-3", "", "FLUX-2", None, ["flux-2"], "x" * 10_000]
    for name in names:
        with pytest.raises(InputError) as caught:
            build_request(catalog, name, FOX)

        assert caught.value.field == "model"
        assert f"The models are: {', '.join(model.id for model in catalog.models)}." in str(caught.value)
        assert len(str(caught.value)) < 400


def test_the_error_for_a_field_name_with_half_a_surrogate_pair_can_be_sent_as_utf8(catalog: Catalog) -> None:
    with pytest.raises(InputError) as caught:
        build_request(catalog, "flux-2", {"prompt": "a fox", "\ud800": 1})

    assert "no such parameter" in str(caught.value).encode().decode()


def test_a_condition_may_be_that_another_field_is_given() -> None:
    catalog = parse_catalog(
        """
endpoint: {base_url: "https://a.example", create: /c, status: "/t/{task_id}", usd_per_credit: 0.01}
models:
  - id: masks
    name: Masks
    provider: P
    inputs: [text]
    source: s
    checked_on: 2026-01-01
    price: [{credits: 1}]
    parameters:
      properties:
        prompt: {minLength: 1, x-role: prompt}
        mode: {enum: [draw, edit, blend]}
        mask: {}
        image: {}
      allOf:
        - {if: {properties: {mode: {enum: [edit, blend]}}, required: [mode, mask]}, then: {required: [image]}}
"""
    )
    for values, complete in [({"mask": "m", "mode": "draw"}, True), ({"mode": "edit"}, True), ({"mask": "m"}, True),
                             ({"mask": "m", "mode": "blend", "image": "i"}, True), ({"mask": "m", "mode": "blend"}, False)]:  # fmt: skip
        problems = find_problems(catalog.models[0], {**FOX, **values})
        expected = [] if complete else ["image: is required when mode is edit or blend and mask is given."]
        assert [problem.what for problem in problems] == expected


def test_a_retired_model_is_refused_and_its_successor_named() -> None:
    entry = """
  - {{id: {0}, name: {0}, provider: P, inputs: [text], source: s, checked_on: 2026-01-01, price: [{{credits: 1}}],
     parameters: {{properties: {{prompt: {{type: string, minLength: 1, x-role: prompt}}}}}}{1}}}"""
    text = 'endpoint: {base_url: "https://a.example", create: /c, status: "/t/{task_id}", usd_per_credit: 0.01}\nmodels:'
    catalog = parse_catalog(
        text + entry.format("old", ", status: retired, replaced_by: new") + entry.format("new", ", status: deprecated")
    )

    with pytest.raises(InputError, match=r"old has been retired\. Use new instead\.") as caught:
        build_request(catalog, "old", {"prompt": "a fox"})

    assert caught.value.field == "model"
    assert build_request(catalog, "new", {"prompt": "a fox"}).body["model"] == "new"


def test_a_price_does_not_need_a_prompt(catalog: Catalog) -> None:
    for parameters in ({}, {"prompt": ""}, {"prompt": "   "}):
        request = build_request(catalog, "flux-2", {**parameters, "type": "flex"}, prompt_needed=False)

        assert request.parameters["type"] == "flex"
        with pytest.raises(InputError, match="resolution"):
            build_request(catalog, "flux-2", {**parameters, "resolution": "8K"}, prompt_needed=False)


def test_no_random_form_yields_a_body_outside_the_schema(catalog: Catalog) -> None:
    """Whatever a form holds: a valid body of declared fields, or an InputError. Both happen."""
    for model in catalog.models:
        chance = random.Random(model.id)
        validator = Draft202012Validator({**model.json_schema, "additionalProperties": False})
        refused: list[bool] = []
        for _ in range(100):
            form = random_form(model, chance)
            try:
                body = build_request(catalog, model.id, form).body
            except InputError as error:
                refused.append(error.field in {*model.parameters, *form})
                continue
            assert set(body) <= {"model", *model.parameters}
            assert validator.is_valid({name: value for name, value in body.items() if name in model.parameters})
        assert all(refused)
        assert 0 < len(refused) < 100


def random_form(entry: Model, chance: random.Random) -> dict[str, Any]:
    """Values as forms and API callers send them, mostly valid."""
    form: dict[str, Any] = {"prompt": "a fox in the snow"}
    strange: list[Any] = [None, True, "", [], {}, 1e9, -1, "16:9", ["x"], "y" * 6000, {"a": 1}, float("nan")]
    for name, field in entry.parameters.items():
        valid = {
            Kind.CHOICE: list(field.enum or ()), Kind.IMAGES: [[WEB], [WEB, WEB], []], Kind.IMAGE: [WEB], Kind.NUMBER: [1, 2.0],
            Kind.SEED: [-1, 0, 7], Kind.PROMPT: ["a fox", "three foxes"],
        }.get(field.kind, ["some text", *field.examples])  # fmt: skip
        if chance.random() < 0.6:
            form[name] = chance.choice(strange) if chance.random() < 0.1 else chance.choice(valid)
    if chance.random() < 0.05:
        form[chance.choice(["n", "callback_url", "Prompt"])] = 1
    return form
