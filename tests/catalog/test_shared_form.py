"""One form by role becomes a request of each model, and a note says which value was changed or left out."""

from __future__ import annotations

import random
from typing import Any

import pytest

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.requests import rebuild_request
from components.catalog.shared_form import FORM_KEYS, QUALITIES, SHAPES, MappedForm, map_shared_form
from components.errors import InputError

IDS = ["cogview-4", "flux-2", "grok-imagine", "kling-image-o1", "ideogram-v3", "imagen-4", "gpt-image-1.5-official", "recraft-v4",
       "ideogram-v4", "seedream-4-5", "hunyuan-image-3"]  # fmt: skip
WEB = [f"https://example.com/{number}.png" for number in range(12)]
FOX = {"prompt": "a fox"}

# What no shipped model has: many pixel sizes, bounds of a seed, modes, required images, two quality parameters.
SMALL = """\
endpoint: {base_url: "https://a.example", create: /c, status: "/t/{task_id}", usd_per_credit: 0.01}
models:
"""
ENTRY = """\
  - id: {name}
    name: {name}
    provider: Nobody
    inputs: [text, image]
    source: nowhere
    checked_on: 2026-11-22
    price: [{{credits: 1}}]
    parameters:
      required: [{required}]
      properties:
        prompt: {{type: string, minLength: 1, x-role: prompt}}
{rest}
"""
PICTURES = "        pictures: {type: array, items: {type: string, format: uri}, x-role: images}\n"
MODELS = {
    "pixels": ("prompt", """\
        size: {enum: [auto, "512x512", "1024x1024", "1344x768", "672x384", "768x1344"], default: auto, x-role: shape}
        n: {type: integer, minimum: 2, maximum: 4, x-role: count}
        seed: {type: integer, minimum: 0, maximum: 100, x-role: seed}
        type: {enum: [pro, flex], default: pro, x-role: quality}
        resolution: {enum: [1K, 2K, 4K], default: 2K, x-role: quality}"""),
    "usual": ("prompt", """\
        size: {examples: ["2048x2048", "2048x1152", "512x288"], default: "512x512", x-role: shape}"""),
    "fixed": ("prompt", '        size: {type: string, default: "1000 X 560", x-role: shape}'),
    "words": ("prompt", "        size: {enum: [auto, portrait], default: auto, x-role: shape}"),
    "open": ("prompt", '        ratio: {type: string, examples: ["2:3", "3:2"], x-role: shape}'),
    "needs": ("prompt, picture", "        picture: {type: string, format: uri, x-role: images}"),
    "edits": ("prompt", PICTURES + """\
        mode: {enum: [draw, edit], default: edit}
      if: {properties: {mode: {const: edit}}, required: [mode]}
      then: {required: [pictures]}"""),
    "listed": ("prompt", PICTURES + """\
        mode: {enum: [draw, edit], default: draw}
      if: {properties: {mode: {enum: [edit]}}, required: [mode]}
      then: {required: [pictures]}"""),
    "both": ("prompt", PICTURES + """\
        mode: {enum: [draw, edit, remix], default: draw}
      if: {properties: {mode: {enum: [edit, remix]}}, required: [mode]}
      then: {required: [pictures]}"""),
    "masks": ("prompt", PICTURES + """\
        mask: {type: string, format: uri}
      allOf: [{if: {required: [mask]}, then: {required: [pictures]}}]"""),
    "ranked": ("prompt", PICTURES + """\
        mode: {enum: [draw, edit], default: draw, x-role: quality}
      if: {properties: {mode: {const: edit}}, required: [mode]}
      then: {required: [pictures]}"""),
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Catalog:
    entries = [ENTRY.format(name=name, required=required, rest=rest) for name, (required, rest) in MODELS.items()]
    retired = ENTRY.format(name="gone", required="prompt", rest="    status: retired\n    replaced_by: pixels")
    return parse_catalog(SMALL + "".join([*entries, retired]))


def sent(mapped: MappedForm) -> dict[str, Any]:
    """The parameters of a request that differ from the model's defaults, less the prompt."""
    assert mapped.request is not None, mapped.problem or mapped.skipped
    assert mapped.request.parameters == mapped.parameters
    fields = mapped.model.parameters
    return {name: value for name, value in mapped.parameters.items() if name != "prompt" and value != fields[name].default}


# model, form besides the prompt, what is sent beside the defaults, the notes
SHIPPED: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("kling-image-o1", {"shape": "16:9", "count": 3}, {"aspect_ratio": "16:9", "num_images": 3}, ("3 pictures → num_images 3",)),
    ("kling-image-o1", {"count": 12}, {"num_images": 9}, ("at most 9 pictures a request",)),
    ("kling-image-o1", {"images": WEB}, {"images": WEB[:10]}, ("first 10 of 12 images",)),
    ("kling-image-o1", {"images": WEB[:2], "count": 1}, {"images": WEB[:2]}, ()),
    ("kling-image-o1", {"quality": "best"}, {"resolution": "2k"}, ("quality best → resolution 2k",)),
    ("flux-2", {"shape": "1920x1080"}, {"aspect_ratio": "16:9"}, ("1920x1080 → 16:9",)),
    ("flux-2", {"images": WEB[0]}, {"input_urls": WEB[:1]}, ()),
    ("flux-2", {"quality": "best", "seed": 7, "negative": "fog", "count": 3}, {"resolution": "2K"},
     ("one picture a request: asked 3", "no seed", "no negative prompt", "quality best → resolution 2K")),
    ("gpt-image-1-5", {"shape": "2:3", "quality": "best"}, {"aspect_ratio": "2:3", "quality": "high"},
     ("quality best → quality high",)),
    ("cogview-4", {"shape": "768x1344"}, {"size": "768*1344"}, ("768x1344 → size 768*1344",)),
    ("cogview-4", {"quality": "economy"}, {"quality": "standard"}, ("quality economy → quality standard",)),
    ("cogview-4", {"quality": "best"}, {}, ("quality best → quality hd",)),
    ("cogview-4", {"quality": "standard"}, {}, ()),
    ("recraft-v4", {"shape": "1:1", "quality": "best"}, {}, ("1:1 → image_size 1024x1024", "no quality setting")),
    ("grok-imagine", {"shape": "16:9", "quality": "standard", "count": 1}, {}, ("no shape setting",)),
    ("ideogram-v3", {"images": WEB[:3], "quality": "best"}, {"image": WEB[0], "model": "ideogram-v3-quality"},
     ("first 1 of 3 images", "quality best → model ideogram-v3-quality")),
    ("imagen-4", {"seed": 0, "negative": "fog", "count": 2.0, "quality": "economy"},
     {"seed": 0, "negative_prompt": "fog", "num_images": 2, "model": "imagen4-fast"},
     ("2 pictures → num_images 2", "quality economy → model imagen4-fast")),
    ("imagen-4", {"seed": 2**53 + 1}, {}, ("seed too large for this model",)),
    ("ideogram-v4", {"shape": "21:9", "quality": "economy"}, {"size": "21:9", "rendering_speed": "TURBO"},
     ("quality economy → rendering_speed TURBO",)),
    ("seedream-4-5", {"images": WEB[:1]}, {"image_urls": WEB[:1], "model": "seedream/4.5-edit"},
     ("images → model seedream/4.5-edit",)),
    ("hunyuan-image-3", {"images": WEB[:3], "seed": 5, "quality": "economy"}, {"type": "edit", "images": WEB[:2], "seed": 5},
     ("first 2 of 3 images", "images → type edit", "no quality setting")),
]  # fmt: skip

# model of the small catalog, form, what is sent, the notes
WRITTEN: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("pixels", {"shape": "16:9"}, {"size": "1344x768"}, ("16:9 → size 1344x768",)),
    ("pixels", {"shape": "640*360"}, {"size": "672x384"}, ("640*360 → size 672x384",)),
    ("pixels", {"shape": "1344x768"}, {"size": "1344x768"}, ()),
    ("pixels", {"shape": "600x600"}, {"size": "512x512"}, ("600x600 → size 512x512",)),
    ("pixels", {"shape": "3:2"}, {"size": "1344x768"}, ("3:2 → size 1344x768 (nearest)",)),
    ("usual", {"shape": "16:9"}, {"size": "512x288"}, ("16:9 → size 512x288",)),
    ("usual", {"shape": "1:1"}, {}, ("1:1 → size 512x512",)),
    ("words", {"shape": "16:9"}, {}, ("no shape that can be compared",)),
    ("open", {"shape": "32:21"}, {"ratio": "3:2"}, ("32:21 → 3:2",)),
    ("open", {"shape": "9:16"}, {"ratio": "9:16"}, ("9:16 (not listed by the service)",)),
    ("open", {"shape": "1:30"}, {"ratio": "9:16"}, ("1:30 → 9:16 (nearest)",)),
    ("usual", {"shape": "1:2"}, {"size": "352x704"}, ("1:2 → size 352x704 (not listed by the service)",)),
    ("usual", {"shape": "1:9"}, {"size": "256x1024"}, ("1:9 → size 256x1024 (nearest)",)),
    ("fixed", {"shape": "16:9"}, {}, ("16:9 → size 1000 X 560",)),
    ("fixed", {"shape": "9:16"}, {"size": "560X1000"}, ("9:16 → size 560X1000 (not listed by the service)",)),
    ("fixed", {"shape": "1:1"}, {"size": "752X752"}, ("1:1 → size 752X752 (not listed by the service)",)),
    ("pixels", {"count": 1}, {"n": 2}, ("at least 2 pictures a request",)),
    ("pixels", {"seed": 100}, {"seed": 100}, ()),
    ("pixels", {"seed": 101}, {}, ("seed too large for this model",)),
    ("pixels", {"seed": -1}, {}, ("seed too small for this model",)),
    ("pixels", {"quality": "best"}, {"type": "flex", "resolution": "4K"}, ("quality best → type flex, resolution 4K",)),
    ("pixels", {"quality": "economy"}, {"resolution": "1K"}, ("quality economy → type pro, resolution 1K",)),
    ("pixels", {"quality": "standard"}, {}, ()),
    ("needs", {"images": WEB[:1]}, {"picture": WEB[0]}, ()),
    ("edits", {"images": WEB[:1]}, {"pictures": WEB[:1]}, ()),
    ("listed", {"images": WEB[:1]}, {"pictures": WEB[:1], "mode": "edit"}, ("images → mode edit",)),
    ("both", {"images": WEB[:1]}, {"pictures": WEB[:1]}, ("images may go unused without mode edit or mode remix",)),
    ("masks", {"images": WEB[:1]}, {"pictures": WEB[:1]}, ()),
    ("masks", {}, {}, ()),
    ("ranked", {"images": WEB[:1], "quality": "economy"}, {"pictures": WEB[:1], "mode": "edit"},
     ("images → mode edit", "mode edit instead")),
]  # fmt: skip

# model, form, settings, what is sent, the notes
OVERRIDDEN: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("flux-2", {"shape": "16:9"}, {"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}, ("aspect_ratio 9:16 instead",)),
    ("flux-2", {"shape": "16:9"}, {"aspect_ratio": "16:9"}, {"aspect_ratio": "16:9"}, ()),
    ("flux-2", {"quality": "best"}, {"type": "flex"}, {"type": "flex", "resolution": "2K"}, ("quality best → resolution 2K",)),
    ("flux-2", {"quality": "best"}, {"resolution": "1K"}, {}, ("resolution 1K instead",)),
    ("flux-2", {"images": WEB[:2]}, {"input_urls": WEB[3:4]}, {"input_urls": WEB[3:4]}, ("its own input_urls instead",)),
    ("flux-2", {"images": WEB[:2]}, {"input_urls": []}, {}, ("its own input_urls instead",)),
    ("imagen-4", {"seed": 3}, {"seed": 4, "model": "imagen4-fast"}, {"seed": 4, "model": "imagen4-fast"}, ("seed 4 instead",)),
    ("seedream-4-5", {"images": WEB[:1]}, {"model": "seedream/4.5-text-to-image"}, {"image_urls": WEB[:1]},
     ("images may go unused without model seedream/4.5-edit",)),
    ("hunyuan-image-3", {}, {"images": WEB[:1]}, {"images": WEB[:1], "type": "edit"}, ("images → type edit",)),
]  # fmt: skip

# key, what is given, words of the message
REFUSED: list[tuple[str, Any, str]] = [
    ("colour", "red", "It has: prompt, shape, images, count, seed, negative, quality."),
    ("prompt", 5, "must be text"),
    ("negative", ["fog"], "must be text"),
    *[("shape", value, "1:1, 3:2") for value in ("auto", "16-9", "0:1", "1:0", "16:9:1", 969, ["1:1"], "1" * 400 + ":1", "١:2", "1:٢")],
    *[("images", value, "a list of web addresses") for value in ("cat.png", ["cat.png"], [WEB[0], 3], {"a": 1}, [[]], 7,
                                                                "file:///etc/passwd", [WEB[0], ""])],
    *[("count", value, "a whole number from 1 to") for value in (0, -1, 1.5, True, "2", [1], 2**53 + 1, float("nan"), float("inf"))],
    *[("seed", value, "must be a whole number") for value in (1.5, True, "7", [7])],
    *[("quality", value, "economy, standard, best") for value in ("hd", "BEST", 1, ["best"])],
]  # fmt: skip


# What each model is sent for the shapes of the form, in their order: "?" marks what its page does not list, "~" another shape.
SHAPES_SENT = {
    "cogview-4": "1024*1024 ?1248*832 ?832*1248 ?1152*864 864*1152 ?1344*768 768*1344 ?1568*672",
    "flux-2": "1:1 ?3:2 ?2:3 ?4:3 ?3:4 16:9 9:16 ?21:9",
    "kling-image-o1": "1:1 3:2 2:3 4:3 3:4 16:9 9:16 21:9",
    "ideogram-v3": "1:1 ~4:3 ~3:4 4:3 3:4 16:9 9:16 ~16:9",
    "imagen-4": "1:1 ~4:3 ~3:4 4:3 3:4 16:9 9:16 ~16:9",
    "gpt-image-1.5-official": "1:1 3:2 2:3 ~3:2 ~2:3 ~3:2 ~2:3 ~3:2",
    "recraft-v4": "1024x1024 ?1280x832 ?832x1280 ?1216x896 ?896x1216 ?1344x768 ?768x1344 ?1600x704",
    "ideogram-v4": "1:1 3:2 2:3 4:3 3:4 16:9 9:16 21:9",
    "seedream-4-5": "1:1 3:2 2:3 4:3 3:4 16:9 9:16 21:9",
    "hunyuan-image-3": "1024*1024 ?1280*832 ?832*1280 ?1216*896 ?896*1216 ?1344*768 ?768*1344 ?1600*704",
}
MARKS = {"~": " (nearest)", "?": " (not listed by the service)"}


def test_every_model_gets_the_shape_or_the_nearest_one_it_accepts(catalog: Catalog) -> None:
    for name, row in SHAPES_SENT.items():
        for shape, expected in zip(SHAPES, row.split(), strict=True):
            mapped = map_shared_form(catalog, name, {**FOX, "shape": shape})
            mark, sent_shape = MARKS.get(expected[0], ""), expected.lstrip("~?")
            field = mapped.model.by_role(Role.SHAPE) or ""
            sent_as = f"{field} {sent_shape}" if ":" not in sent_shape else sent_shape
            note = f"{shape}{mark}" if shape == sent_shape else f"{shape} → {sent_as}{mark}"
            assert mapped.parameters[field] == sent_shape, (name, shape)
            assert mapped.notes == ((note,) if note != shape else ()), (name, shape)
    assert set(IDS) - set(SHAPES_SENT) == {"grok-imagine"}
    for shape in SHAPES:
        assert map_shared_form(catalog, "grok-imagine", {**FOX, "shape": shape}).notes == ("no shape setting",)


def test_the_form_is_mapped_to_the_names_lists_and_limits_of_a_model(catalog: Catalog, small: Catalog) -> None:
    for source, cases in ((catalog, SHIPPED), (small, WRITTEN)):
        for model, form, values, notes in cases:
            mapped = map_shared_form(source, model, {**FOX, **form})

            assert (sent(mapped), mapped.notes) == (values, notes), (model, form)
            assert mapped.request is not None
            assert mapped.request.prompt == "a fox"


def test_settings_of_a_model_take_precedence_over_the_form(catalog: Catalog, small: Catalog) -> None:
    for model, form, settings, values, notes in OVERRIDDEN:
        mapped = map_shared_form(catalog, model, {**FOX, **form}, settings)
        assert (sent(mapped), mapped.notes) == (values, notes), (model, form, settings)
    one_of_two = map_shared_form(small, "pixels", {**FOX, "quality": "best"}, {"type": "pro"})
    assert (sent(one_of_two), one_of_two.notes) == ({"resolution": "4K"}, ("quality best → resolution 4K",))


def test_settings_can_hold_the_prompt_and_a_long_one_is_not_repeated_in_the_note(catalog: Catalog) -> None:
    short = map_shared_form(catalog, "flux-2", FOX, {"prompt": "a wolf"})
    long = map_shared_form(catalog, "flux-2", FOX, {"prompt": "a wolf " * 20})

    assert (short.notes, long.notes) == (("prompt a wolf instead",), ("its own prompt instead",))
    assert short.request is not None
    assert short.request.prompt == "a wolf"


def test_a_model_without_an_image_parameter_is_left_out_when_an_image_is_given(catalog: Catalog) -> None:
    for name in ("cogview-4", "grok-imagine", "imagen-4", "recraft-v4", "ideogram-v4"):
        mapped = map_shared_form(catalog, name, {**FOX, "shape": "16:9", "images": WEB[:1]})

        assert (mapped.skipped, mapped.request, mapped.problem) == ("text only, and you gave an image", None, None)
        assert (mapped.parameters, mapped.notes) == ({}, ())


def test_a_model_that_requires_an_image_is_left_out_without_one(catalog: Catalog, small: Catalog) -> None:
    for source, name, settings in (
        (catalog, "seedream-4-5", {"model": "seedream/4.5-edit"}),
        (catalog, "hunyuan-image-3", {"type": "edit"}),
        (catalog, "hunyuan-image-3", {"type": "edit", "images": []}),
        (small, "masks", {"mask": WEB[0]}),
        (small, "needs", {}),
        (small, "edits", {}),
    ):
        mapped = map_shared_form(source, name, {**FOX, "images": []}, settings)
        assert (mapped.skipped, mapped.request, mapped.problem) == ("needs an image", None, None), name


def test_a_prompt_too_long_for_one_model_is_that_models_problem_only(catalog: Catalog) -> None:
    mapped = {name: map_shared_form(catalog, name, {"prompt": "x" * 1500, "seed": 1}) for name in IDS}

    assert [name for name in IDS if mapped[name].request is None] == ["cogview-4"]
    problem = mapped["cogview-4"].problem
    assert problem is not None
    assert (problem.field, "At most 1,000." in str(problem)) == ("prompt", True)
    assert (mapped["cogview-4"].skipped, mapped["cogview-4"].notes) == ("", ("no seed",))
    assert mapped["cogview-4"].parameters["prompt"] == "x" * 1500


def test_settings_that_a_model_does_not_accept_are_its_problem(catalog: Catalog) -> None:
    cases: list[tuple[Any, str]] = [
        ({"colour": "red"}, "colour"), ({"resolution": "8K"}, "resolution"), ({"resolution": None}, "resolution"),
        ({"type": ["pro"]}, "type"), ({"input_urls": ["cat.png"]}, "input_urls"), ({"prompt": ""}, "prompt"),
        (["flex"], "settings"), ("flex", "settings"),
    ]  # fmt: skip
    for settings, field in cases:
        mapped = map_shared_form(catalog, "flux-2", {**FOX, "quality": "best"}, settings)

        assert mapped.problem is not None, settings
        assert (mapped.problem.field, mapped.request, mapped.skipped) == (field, None, "")


def test_a_value_that_is_wrong_for_every_model_is_refused_by_its_key(catalog: Catalog) -> None:
    for key, value, words in REFUSED:
        with pytest.raises(InputError) as caught:
            map_shared_form(catalog, "grok-imagine", {**FOX, key: value})

        assert caught.value.field == key
        assert str(caught.value).startswith(f"{key}: ")
        assert words in str(caught.value)
        assert len(str(caught.value)) < 200


def test_a_form_that_is_no_object_or_has_an_unreadable_key_is_refused(catalog: Catalog) -> None:
    forms: list[Any] = [None, [], "a fox", 3, {"x" * 5000: 1}, {"\ud800": 1}, {3: 1}, {None: 1}]
    for form in forms:
        with pytest.raises(InputError) as caught:
            map_shared_form(catalog, "flux-2", form)

        assert (caught.value.field, len(str(caught.value)) < 200) == ("shared", True)


def test_an_empty_value_counts_as_not_given(catalog: Catalog) -> None:
    for name in IDS:
        plain = map_shared_form(catalog, name, FOX)
        assert plain.notes == ()
        for empty in (None, "", []):
            form = {key: empty for key in FORM_KEYS if key != "prompt"}
            assert map_shared_form(catalog, name, {**FOX, **form}) == plain


def test_an_unknown_model_and_a_retired_one_are_refused(small: Catalog) -> None:
    with pytest.raises(InputError, match="there is no model 'flux-9'"):
        map_shared_form(small, "flux-9", FOX)
    with pytest.raises(InputError, match=r"gone has been retired\. Use pixels instead\."):
        map_shared_form(small, "gone", FOX)


def test_without_a_prompt_there_is_a_price_but_no_request(catalog: Catalog) -> None:
    for name in IDS:
        problem = map_shared_form(catalog, name, {"quality": "best"}).problem
        assert problem is not None
        assert problem.field == "prompt"
        assert map_shared_form(catalog, name, {"quality": "best"}, prompt_needed=False).request is not None


def test_only_enums_that_the_pages_rank_have_the_role_quality(catalog: Catalog) -> None:
    ranked = {
        model.id: {name: model.parameters[name].enum for name in names}
        for model in catalog.models
        if (names := model.all_by_role(Role.QUALITY))
    }

    assert ranked == {
        "cogview-4": {"quality": ("standard", "hd")},
        "flux-2": {"resolution": ("1K", "2K")},
        "kling-image-o1": {"resolution": ("1k", "2k")},
        "ideogram-v3": {"model": ("ideogram-v3-turbo", "ideogram-v3-balanced", "ideogram-v3-quality")},
        "imagen-4": {"model": ("imagen4-fast", "imagen4", "imagen4-ultra")},
        "gpt-image-1.5-official": {"quality": ("medium", "high")},
        "ideogram-v4": {"rendering_speed": ("TURBO", "BALANCED", "QUALITY")},
        "seedream-4-5": {"quality": ("basic", "high")},
    }


def test_every_shape_of_the_form_is_offered_unchanged_by_some_model(catalog: Catalog) -> None:
    for shape in SHAPES:
        assert any(map_shared_form(catalog, name, {**FOX, "shape": shape}).notes == () for name in IDS), shape


def random_form(chance: random.Random) -> dict[str, Any]:
    """A valid form with any of its keys."""
    offered: dict[str, list[Any]] = {
        "prompt": ["a fox", "x" * 1500, "x" * 6000, "ab", " "],
        "shape": [*SHAPES, "1024*1024", "700x1400", "9:21", "1:30"],
        "images": [WEB[0], WEB[:1], WEB[:3], WEB],
        "count": [1, 2, 5, 40, 2**53],
        "seed": [0, -1, 7, 101, 10**30, -(10**30)],
        "negative": ["fog", "broken \ud800"],
        "quality": list(QUALITIES),
    }
    keys = [key for key in FORM_KEYS if chance.random() < (0.9 if key == "prompt" else 0.5)]
    return {key: chance.choice(offered[key]) for key in keys}


def is_unchanged(mapped: MappedForm, key: str, value: Any) -> bool:
    """Whether the request has exactly the value that the form has under this key."""
    name = mapped.model.by_role(Role(key))
    if value == "standard" or (key, value, name) == ("count", 1, None):
        return True
    alike = [value, [value]] if isinstance(value, str) else [value, WEB[0]] if value == WEB[:1] else [value]
    return mapped.parameters.get(name or "") in alike


def test_a_mapped_request_is_valid_and_every_value_that_was_not_carried_over_has_a_note(
    catalog: Catalog, small: Catalog
) -> None:
    for source, name in [*((catalog, name) for name in IDS), *((small, name) for name in MODELS)]:
        chance = random.Random(name)
        valid = 0
        for _ in range(200):
            form = random_form(chance)
            mapped = map_shared_form(source, name, form)
            outcomes = [mapped.request is not None, bool(mapped.skipped), mapped.problem is not None]
            assert outcomes.count(True) == 1, (form, mapped)
            if "images" in form and mapped.model.by_role(Role.IMAGES) is None:
                assert mapped.skipped
            if mapped.request is None:
                continue
            valid += 1
            assert rebuild_request(source, name, mapped.request.body) == mapped.request
            changed = [key for key in FORM_KEYS if key in form and not is_unchanged(mapped, key, form[key])]
            assert len(mapped.notes) >= len(changed), (form, mapped)
            assert all(len(note) <= 60 for note in mapped.notes)
        assert valid > 20, name


def test_each_key_alone_changes_the_request_or_has_a_note(catalog: Catalog, small: Catalog) -> None:
    for source, name in [*((catalog, name) for name in IDS), *((small, name) for name in MODELS)]:
        base = {**FOX, **({"images": WEB[:1]} if name in ("needs", "edits") else {})}
        plain = map_shared_form(source, name, base).parameters
        chance = random.Random(name)
        for form in (random_form(chance) for _ in range(60)):
            for key in form.keys() - {"prompt"}:
                mapped = map_shared_form(source, name, {**base, key: form[key]})
                if mapped.request is not None and mapped.parameters == plain:
                    assert mapped.notes or is_unchanged(mapped, key, form[key]), (name, key, form[key])
