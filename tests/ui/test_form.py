"""The form's pool of controls: what is shown, what is read, and that nothing of another model is sent along."""

from __future__ import annotations

import asyncio
from typing import Any

import gradio as gr
import pytest

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind
from components.catalog.requests import build_request, find_problems
from components.ui.generate.form import Form, Slot, build_form, is_rare


@pytest.fixture(scope="module")
def form(catalog: Catalog) -> Form:
    async def build() -> Form:
        with gr.Blocks(analytics_enabled=False):
            return build_form(catalog)

    return asyncio.run(build())  # outside a loop Gradio makes loops of its own and never closes them


def shown(form: Form, model: Model, parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The visible controls' updates by field name."""
    updates = form.show(model, parameters, find_problems(model, parameters))
    updates_by_name = {}
    for slot in form.slots:
        if updates[slot.control]["visible"]:
            assert slot.name not in updates_by_name
            updates_by_name[slot.name] = updates[slot.control]
    return updates_by_name


def page(form: Form, model: Model, parameters: dict[str, Any]) -> dict[Any, Any]:
    """What every control of the pool holds once a model is shown, as Gradio hands it to a handler."""
    return {
        control: update["value"]
        for control, update in form.show(model, parameters, find_problems(model, parameters)).items()
        if control in form.controls
    }


def slot(form: Form, name: str, kind: Kind) -> Slot:
    return next(one for one in form.slots if (one.name, one.kind) == (name, kind))


def test_a_model_shows_exactly_its_own_fields(form: Form, catalog: Catalog) -> None:
    """All but the prompt, which has a box of its own; each with its label, its explanation and its default."""
    for model in catalog.models:
        controls = shown(form, model, {})

        assert set(controls) == {name for name, field in model.parameters.items() if field.kind is not Kind.PROMPT}
        for name, update in controls.items():
            field = model.parameters[name]
            variant = f"{field.default} " if name == "model" else ""
            label = field.title
            if field.kind is Kind.OPEN_CHOICE:  # whose buttons have its title
                label = "Other ratio" if model.id == "flux-2" else "Exact size"
            assert (update["label"], update["info"]) == (label, f"{variant}{field.description}".strip())
            assert update["value"] == (
                ""
                if field.default is None and field.kind in (Kind.TEXT, Kind.IMAGE, Kind.IMAGES)
                else None
                if field.kind is Kind.SEED
                else field.default  # a seed's default stands for a random one
            )


def test_a_choice_offers_what_is_allowed_and_nothing_else(form: Form, catalog: Catalog) -> None:
    """Numbers are whole where the field is; where one choice decides the price, it says it."""
    for model in catalog.models:
        for name, update in shown(form, model, {}).items():
            field = model.parameters[name]
            if field.enum:
                assert tuple(value for _, value in update["choices"]) == field.enum
            if field.kind in (Kind.NUMBER, Kind.SEED):
                # Bounds are the catalog's to explain: Gradio would refuse the whole event, and never unset one.
                assert ("minimum" in update, "maximum" in update, update["precision"]) == (False, False, 0)
    gpt, flux = catalog.find("gpt-image-1.5-official"), catalog.find("flux-2")
    assert gpt is not None
    assert flux is not None
    assert shown(form, gpt, {})["quality"]["choices"] == [("Medium · 10 credits", "medium"), ("High · 28 credits", "high")]
    assert shown(form, flux, {})["resolution"]["choices"] == [("1K", "1K"), ("2K", "2K")]


def test_shown_values_are_read_back_from_the_form(form: Form, catalog: Catalog) -> None:
    """Every example of every model, and a full form, by the API's own names."""
    for model in catalog.models:
        given = {name: value for name, value in model.example.items() if model.parameters[name].kind is not Kind.PROMPT}
        read = form.values(model, page(form, model, given))

        with_prompt = dict(model.example) | read
        assert find_problems(model, with_prompt) == []
        assert build_request(catalog, model.id, with_prompt).body == build_request(catalog, model.id, model.example).body
        assert {name: read[name] for name in given} == given


def test_an_empty_control_is_not_given(form: Form, catalog: Catalog) -> None:
    """Nothing, an empty text, blank lines: the service's own default then holds."""
    for model in catalog.models:
        for nothing in (None, ""):
            assert form.values(model, dict.fromkeys(form.controls, nothing)) == {}
    kling, imagen = catalog.find("kling-image-o1"), catalog.find("imagen-4")
    assert kling is not None
    assert imagen is not None
    assert form.values(kling, {slot(form, "images", Kind.IMAGES).control: " \n\n \t\n"}) == {}
    assert form.values(imagen, {slot(form, "seed", Kind.SEED).control: None}) == {}
    assert form.values(imagen, {slot(form, "seed", Kind.SEED).control: 0}) == {"seed": 0}
    assert form.values(kling, {slot(form, "aspect_ratio", Kind.CHOICE).control: "auto"}) == {"aspect_ratio": "auto"}


def test_fields_of_other_models_are_not_sent(form: Form, catalog: Catalog) -> None:
    """A control that is hidden may still hold what was typed into it."""
    stale = {one.control: f"stale {one.name}" for one in form.slots}
    for model in catalog.models:
        assert set(form.values(model, stale)) <= set(model.parameters)
        assert set(form.values(model, stale)) == {n for n, f in model.parameters.items() if f.kind is not Kind.PROMPT}
        hidden = [
            one for one in form.slots if one.name not in model.parameters or model.parameters[one.name].kind is not one.kind
        ]
        assert form.values(model, {one.control: "stale" for one in hidden}) == {}


def test_a_hidden_control_is_emptied(form: Form, catalog: Catalog) -> None:
    """So that it never holds another model's value."""
    for model in catalog.models:
        for control, update in form.show(model, {}, ()).items():
            if control in form.controls and not update["visible"]:
                assert update["value"] in (None, "", False)


def test_addresses_are_read_one_a_line(form: Form, catalog: Catalog) -> None:
    """Without the blanks around them; whole numbers come as such."""
    kling = catalog.find("kling-image-o1")
    assert kling is not None
    given = {
        slot(form, "images", Kind.IMAGES).control: " https://a.example/1.png \r\n\nhttps://a.example/2.png",
        slot(form, "num_images", Kind.NUMBER).control: 3.0,
    }

    read = form.values(kling, given)

    assert read == {"num_images": 3, "images": ["https://a.example/1.png", "https://a.example/2.png"]}
    assert isinstance(read["num_images"], int)


def test_a_wrong_field_is_explained_at_its_control(form: Form, catalog: Catalog) -> None:
    """And every other one says again what it is for."""
    kling = catalog.find("kling-image-o1")
    assert kling is not None
    wrong = slot(form, "num_images", Kind.NUMBER).control

    updates = form.explain(kling, {}, find_problems(kling, {"prompt": "a fox", "num_images": 99}))

    assert updates[wrong]["info"].startswith("▲ ")
    assert "1 to 9" in updates[wrong]["info"]
    assert "wrong" in updates[wrong]["elem_classes"]
    others = [update for control, update in updates.items() if control is not wrong]
    assert len(others) == len(kling.parameters) - 2
    assert not any("wrong" in update["elem_classes"] or update["info"].startswith("▲") for update in others)


def test_rarely_used_fields_are_in_the_accordion(form: Form, catalog: Catalog) -> None:
    """Its label names them; a model without any has no fold."""
    for model in catalog.models:
        rare = [
            field.title for name, field in model.parameters.items() if field.kind is not Kind.PROMPT and is_rare(model, name)
        ]
        fold = form.show(model, {}, ())[form.accordion]
        assert fold["visible"] == bool(rare)
        assert [title for title in rare if title.lower() not in fold["label"].lower()] == []


def test_the_pool_has_one_control_for_each_name_and_kind(form: Form, catalog: Catalog) -> None:
    """No two of them share an id, and it does not grow with the number of models."""
    kinds = {
        (n, f.kind, is_rare(m, n)) for m in catalog.models for n, f in m.parameters.items() if f.kind is not Kind.PROMPT
    }

    assert {(one.name, one.kind, one.rare) for one in form.slots} == kinds
    assert len({one.control.elem_id for one in form.slots}) == len(form.slots) == len(form.controls)
