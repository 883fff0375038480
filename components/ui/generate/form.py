"""The parameter form: a pool of controls, one for each distinct (parameter name, kind) in the catalog.

Choosing a model shows and fills the controls that it declares and hides the others. The alternatives were measured
and lost: listeners made inside ``gr.render`` vanish when two visitors render at the same moment, and a hidden form
for each model makes the page grow with the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind, Parameter, Role
from components.catalog.prices import credits_text, price_depends_on, tiers
from components.catalog.shapes import read_shape
from components.catalog.shared_form import shape_options
from components.errors import InputError
from components.ui.events import DIRECT, Updates
from components.ui.html import html
from components.views.models.facts import upload_control
from components.views.templates import render

SHORT = (Kind.CHOICE, Kind.OPEN_CHOICE, Kind.NUMBER, Kind.SEED, Kind.BOOLEAN)
MOST_SEGMENTS = 9  # options; a longer list is a menu
MOST_LETTERS = 32  # in the segments of half a row
LOCK = "Otherwise each request has a new random one."


@dataclass(frozen=True)
class Slot:
    """One control of the pool. ``rare`` ones are in the accordion.

    ``offered`` shows the values of an open list as buttons; the style sheet hides the control until another is wanted.
    """

    name: str
    kind: Kind
    rare: bool
    control: gr.components.Component
    offered: gr.HTML | None = None


@dataclass(frozen=True)
class Form:
    """The pool, whether the seed is kept for the next request, and the accordion around the rarely used part."""

    slots: tuple[Slot, ...]
    lock: gr.Checkbox
    accordion: gr.Accordion

    @property
    def controls(self) -> set[gr.components.Component]:
        """The control of every parameter but the prompt, whichever model has it."""
        return {slot.control for slot in self.slots}

    @property
    def parts(self) -> set[gr.components.Component]:
        """What :meth:`show` updates."""
        return {self.lock, self.accordion, *self.controls, *(slot.offered for slot in self.slots if slot.offered)}

    def values(self, model: Model, given: Mapping[Any, Any]) -> dict[str, Any]:
        """The parameters that are filled in, by the API's names; an empty control is left out."""
        values = {slot.name: model.parameters[slot.name].read(given.get(slot.control)) for slot in self._of(model)}
        return {name: value for name, value in values.items() if value is not None}

    def show(self, model: Model, parameters: Mapping[str, Any], problems: Iterable[InputError]) -> Updates:
        """Updates that turn the pool into this model's form, filled with these values, else with its defaults."""
        used = {slot: model.parameters[slot.name] for slot in self._of(model)}
        explained = self.explain(model, parameters, problems)
        updates: Updates = {}
        for slot in self.slots:
            if slot in used:
                value = used[slot].control_value(parameters.get(slot.name, used[slot].default))
                if slot.kind is Kind.SEED and value == used[slot].default:
                    value = None  # a default stands for a random one
                properties = _properties(slot, used[slot], model)
                updates[slot.control] = gr.update(visible=True, value=value, **properties, **explained[slot.control])
                if slot.offered:
                    updates[slot.offered] = _offered(model, slot.name, used[slot])
            else:
                updates[slot.control] = gr.update(visible=False, value=slot.kind.empty)
        seeded = any(slot.kind is Kind.SEED for slot in used)
        updates[self.lock] = gr.update(visible=True) if seeded else gr.update(visible=False, value=False)
        rare = [label(slot.name, field).lower() for slot, field in used.items() if slot.rare]
        updates[self.accordion] = gr.update(visible=bool(rare), label=f"More: {', '.join(rare)}")
        return updates

    def explain(
        self, model: Model, parameters: Mapping[str, Any], problems: Iterable[InputError]
    ) -> dict[Any, dict[str, Any]]:
        """The properties that say at each control what is wrong with it, or what it is for; of a variant its id."""
        wrong = {error.field: hint(error) for error in problems}
        explained = {}
        for slot in self._of(model):
            field = model.parameters[slot.name]
            classes = [*_classes(model, slot), *(["wrong"] if slot.name in wrong else [])]
            chosen = str(parameters.get(slot.name, field.default)) if slot.name == "model" and field.titles else ""
            info = wrong.get(slot.name) or " ".join(part for part in (chosen, field.description) if part)
            explained[slot.control] = {"info": info, "elem_classes": classes}
        return explained

    def filled(self, model: Model, values: Mapping[str, Any]) -> dict[Any, dict[str, Any]]:
        """The properties that put these values into their controls."""
        used = {slot: model.parameters[slot.name] for slot in self._of(model) if slot.name in values}
        return {slot.control: {"value": field.control_value(values[slot.name])} for slot, field in used.items()}

    def seed(self, model: Model, body: Mapping[str, Any]) -> Updates:
        """The update that shows the seed of a request, if the model takes one."""
        return {slot.control: body.get(slot.name) for slot in self._of(model) if slot.kind is Kind.SEED}

    def _of(self, model: Model) -> Iterator[Slot]:
        for slot in self.slots:
            field = model.parameters.get(slot.name)
            if field is not None and field.kind is slot.kind:
                yield slot


def build_form(catalog: Catalog, uploads_refused: str = "") -> Form:
    """The controls for every parameter of the catalog but the prompt, hidden until a model is shown.

    ``uploads_refused`` says at fields for pictures why none can be uploaded; "" where they can.
    """
    pool = dict.fromkeys(
        (name, field.kind, is_rare(model, name))
        for model in catalog.models
        for name, field in model.parameters.items()
        if field.kind is not Kind.PROMPT
    )
    ordered = sorted(pool, key=lambda item: (item[1] not in SHORT, _position(catalog, item[0])))

    def slot(name: str, kind: Kind, rare: bool) -> Slot:
        if kind.holds_pictures:
            return Slot(name, kind, rare, _with_upload(name, kind, uploads_refused))
        if kind is Kind.OPEN_CHOICE:
            with gr.Column(elem_classes=["open-choice", "wide"]):
                offered = html()
                return Slot(name, kind, rare, _control(name, kind), offered)
        fields = [field for model in catalog.models if (field := model.parameters.get(name)) and field.kind is kind]
        short = all(len(field.enum or ()) <= MOST_SEGMENTS for field in fields)
        return Slot(name, kind, rare, _control(name, kind, segments=short))

    with gr.Column(elem_id="parameters", elem_classes="fields"):
        slots = [slot(*one) for one in ordered if not one[2]]
        lock = gr.Checkbox(label="Keep this seed", info=LOCK, visible=False, min_width=120, elem_id="seed-lock")
        with gr.Accordion("More", open=False, visible=False, elem_id="more-parameters") as accordion:
            with gr.Column(elem_classes="fields"):
                slots += [slot(*one) for one in ordered if one[2]]
    for one in slots:
        if one.kind is Kind.SEED:
            one.control.input(None, None, lock, js="() => true", **DIRECT)
    return Form(tuple(slots), lock, accordion)


def is_rare(model: Model, name: str) -> bool:
    """Whether a field belongs in the accordion: a free text, unless it names what the model works on."""
    field = model.parameters[name]
    works_on = model.upscale is not None and model.upscale.task == name
    return (field.kind is Kind.TEXT or field.role is Role.NEGATIVE) and not works_on


def hint(error: InputError) -> str:
    """A field's problem as it is shown at the field."""
    text = error.hint.removeprefix("is ")
    return f"▲ {text[:1].upper()}{text[1:]}"


def problem_text(model: Model, error: InputError) -> str:
    """``Prompt is empty. Describe the picture you want.``: a problem on one line, with its field's name for people."""
    field = model.parameters.get(error.field)
    name = label(error.field, field) if field else error.field
    text = " ".join(error.what.removeprefix(f"{error.field}: ").split())
    return f"{name} {text}" if text.startswith("is ") else f"{name}: {text}"


def label(name: str, field: Parameter) -> str:
    """A field's name for people."""
    return field.title or name.replace("_", " ").capitalize()


def _position(catalog: Catalog, name: str) -> int:
    """How early any model has this field: the catalog lists fields as a person would fill them in."""
    return min(list(model.parameters).index(name) for model in catalog.models if name in model.parameters)


def _with_upload(name: str, kind: Kind, refused: str) -> gr.components.Component:
    """The control of a field for pictures, the upload below it. The style sheet hides that when the field is hidden."""
    with gr.Column(elem_classes=["image-field", "wide"]):
        control = _control(name, kind)
        html(upload_control(refused, many=kind is Kind.IMAGES))
    return control


def _control(name: str, kind: Kind, *, segments: bool = False) -> gr.components.Component:
    common: dict[str, Any] = {"label": name, "visible": False, "interactive": True, "min_width": 120}
    common |= {"elem_id": f"field-{name}-{kind.name.lower()}", "elem_classes": ["wide"] if kind not in SHORT else []}
    match kind:
        case Kind.CHOICE if segments:
            return gr.Radio(choices=[], **common)
        case Kind.CHOICE:
            return gr.Dropdown(choices=[], filterable=False, **common)
        case Kind.OPEN_CHOICE:
            return gr.Textbox(max_lines=1, **common)
        case Kind.BOOLEAN:
            return gr.Checkbox(**common)
        case Kind.NUMBER | Kind.SEED:
            return gr.Number(placeholder="random" if kind is Kind.SEED else None, **common)
        case Kind.IMAGES:
            return gr.Textbox(lines=2, max_lines=10, placeholder="https://…, one address a line", **common)
        case Kind.IMAGE:
            return gr.Textbox(placeholder="https://…", **common)
        case _:
            return gr.Textbox(max_lines=6, **common)


def _properties(slot: Slot, field: Parameter, model: Model) -> dict[str, Any]:
    """The properties of a control for one model's field, without its value and its explanation."""
    named = {"label": label(slot.name, field)}
    match slot.kind:
        case Kind.OPEN_CHOICE:
            return {"label": _typed_label(field)}
        case Kind.CHOICE:
            return {**named, "choices": [(_priced(model, slot.name, item), item) for item in field.enum or ()]}
        case Kind.NUMBER | Kind.SEED:
            # No bounds here: Gradio refuses the whole event with an error of its own, and cannot unset a bound
            # for the next model. The catalog explains what is out of range.
            return {**named, "precision": 0 if field.type == "integer" else None}
        case _:
            return named


def _classes(model: Model, slot: Slot) -> list[str]:
    """How a control is laid out: what needs more than half a row is wide."""
    field = model.parameters[slot.name]
    shape = slot.name == model.by_role(Role.SHAPE)
    if isinstance(slot.control, gr.Radio):
        letters = sum(len(_priced(model, slot.name, item)) + 4 for item in field.enum or ())
        wide = letters > MOST_LETTERS or (shape and len(field.enum or ()) > 3)
        return ["segments", *(["shapes"] if shape else []), *(["wide"] if wide else [])]
    return ["wide"] if slot.kind not in SHORT else []


def _offered(model: Model, name: str, field: Parameter) -> str:
    """The values of an open list as buttons: shapes by their ratio, everything else as it is."""
    shapes = shape_options(model) if name == model.by_role(Role.SHAPE) else []
    options = shapes or [(str(item), str(item), True) for item in field.examples]
    return render("offered", options=options, shapes=bool(shapes), label=label(name, field), typed=_typed_label(field))


def _typed_label(field: Parameter) -> str:
    """What is typed where none of an open list's values is wanted."""
    shape = read_shape(str(field.examples[0]))
    return "Other value" if shape is None else "Exact size" if shape.exact else "Other ratio"


def _priced(model: Model, name: str, value: Any) -> str:
    """``High · 28 credits`` where this one choice decides the price, else the value's name alone."""
    title = model.parameters[name].title_of(value)
    if [field for field in price_depends_on(model) if field != model.by_role(Role.COUNT)] != [name]:
        return title
    credits = next(tier.credits for tier in tiers(model) if tier.settings[name] == value)
    return f"{title} · {credits_text(credits)}"
