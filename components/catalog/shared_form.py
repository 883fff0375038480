"""One form for every model: values by role, mapped to the parameters of each model.

A comparison asks several models for the same picture, and each has its own names, lists and limits. A note says
which value was changed or left out. Only where a model's list of shapes is open may a shape be sent that it does not
hold: pictures of one shape can be compared, and the note says that the service does not list it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from components.catalog.models import Catalog, Model
from components.catalog.parameters import LARGEST_NUMBER, Parameter, Role
from components.catalog.requests import Request, build_request, fill_defaults, is_web_address, resolve_variant
from components.catalog.shapes import Shape, nearest_shape, open_sizes, read_shape, same_ratio
from components.errors import InputError

FORM_KEYS = tuple(str(role) for role in Role)  # in the order of the form
SHAPES = ("1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16", "21:9")  # each offered unchanged by some model
NO_SEED = "no seed"  # the note of a model that takes none
STANDARD = "standard"  # every model's own defaults
QUALITIES = ("economy", STANDARD, "best")


@dataclass(frozen=True)
class MappedForm:
    """The shared form for one model.

    ``request`` is None if the model is left out (``skipped`` says why) or the result is not valid (``problem``
    says why). ``parameters`` are those of the request, or those that were not valid; none if skipped. ``notes``
    are short and in the order of the form: which value was changed, and which the model has no parameter for.
    """

    model: Model
    request: Request | None
    parameters: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    skipped: str = ""
    problem: InputError | None = None


class _Mapped(NamedTuple):
    """One key of the form mapped to a model: parameters, and a note or ""."""

    values: Mapping[str, Any]
    note: str = ""


def map_shared_form(
    catalog: Catalog,
    model: str,
    shared: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    *,
    prompt_needed: bool = True,
) -> MappedForm:
    """Map the shared form to one model, by id, alias or variant. ``settings`` are parameters of the model and take precedence.

    Raises:
        InputError: the model is unknown or retired, or a value of the form is wrong for every model (``field`` is
            its key). What this one model does not accept is the ``problem`` of the result.
    """
    entry, own = resolve_variant(catalog, model, {} if settings is None else settings)
    form = _read_form(shared)
    if not isinstance(own, Mapping):
        wrong = InputError("settings", "settings: must be an object of parameter names and values.")
        return MappedForm(entry, None, {}, problem=wrong)
    pictures = entry.by_role(Role.IMAGES)
    if pictures is None and "images" in form:
        return MappedForm(entry, None, {}, skipped="text only, and you gave an image")

    values: dict[str, Any] = {}
    notes = []
    for key in FORM_KEYS:
        mapped = _map_key(entry, key, form, {**values, **own})
        name = entry.by_role(Role(key)) or ""
        note = mapped.note
        if key in form and name in own and key != Role.QUALITY and own[name] != mapped.values.get(name):
            note = _instead(name, own[name])
        values.update(mapped.values)
        notes.append(note)
        if key == Role.IMAGES:
            mode = _image_mode(entry, {**values, **own}, own)
            values.update(mode.values)
            notes.append(mode.note)
    values.update(own)
    all_notes = tuple(note for note in notes if note)

    if pictures and not values.get(pictures) and _is_required(entry, values, pictures):
        return MappedForm(entry, None, {}, skipped="needs an image")
    try:
        request = build_request(catalog, entry.id, values, prompt_needed=prompt_needed)
    except InputError as problem:
        return MappedForm(entry, None, values, all_notes, problem=problem)
    return MappedForm(entry, request, request.parameters, all_notes)


def _map_key(model: Model, key: str, form: Mapping[str, Any], taken: Mapping[str, Any]) -> _Mapped:
    """Map one key of the form; ``taken`` are parameters that already have a value."""
    if key not in form:
        return _Mapped({})
    value, name = form[key], model.by_role(Role(key))
    match key:
        case "shape":
            return _map_shape(model, name, value)
        case "images" if name:
            return _map_images(model, name, value)
        case "count":
            return _map_count(model, name, value)
        case "seed":
            return _map_seed(model, name, value)
        case "negative" if name is None:
            return _Mapped({}, "no negative prompt")
        case "quality":
            return _map_quality(model, value, taken)
    return _Mapped({name: value} if name else {})


def _map_shape(model: Model, name: str | None, requested: str) -> _Mapped:
    if name is None:
        return _Mapped({}, "no shape setting")
    field = model.parameters[name]
    listed = [*(field.enum or field.examples), *([field.default] if field.default is not None else [])]
    if requested in listed:
        return _Mapped({name: requested})
    before, listed = read_shape(requested), list(map(str, listed))
    nearest = before and nearest_shape(before, _offered_shapes(field, before, listed), str(field.default))
    after = read_shape(nearest) if nearest else None
    if not (before and nearest and after):
        return _Mapped({}, "no shape that can be compared")
    shown = (
        nearest if nearest == requested else f"{requested} → {name} {nearest}" if after.exact else f"{requested} → {nearest}"
    )
    unlisted = "" if nearest in listed else " (not listed by the service)"
    return _Mapped({name: nearest}, shown + (unlisted if same_ratio(before.ratio, after.ratio) else " (nearest)"))


def shape_options(model: Model) -> list[tuple[str, str, bool]]:
    """What the open list of a model's shapes offers in the form: a ratio, the value that asks for it, whether it is listed."""
    name = model.by_role(Role.SHAPE)
    field = model.parameters[name] if name else None
    if name is None or field is None or field.enum:
        return []
    listed = [str(item) for item in (*field.examples, *([field.default] if field.default is not None else []))]
    mapped = ((ratio, _map_shape(model, name, ratio).values.get(name)) for ratio in SHAPES)
    return [
        (ratio, str(value), value in listed)
        for ratio, value in mapped
        if value
        and (shape := read_shape(str(value)))
        and (requested := read_shape(ratio))
        and same_ratio(shape.ratio, requested.ratio)
    ]


def _offered_shapes(field: Parameter, requested: Shape, listed: list[str]) -> list[str]:
    """What a model can be asked for: its list, and where that is open, what a service with such a list is likely to accept."""
    shapes = [shape for text in listed if (shape := read_shape(text))]
    if field.enum or not shapes:
        return listed
    if any(shape.exact for shape in shapes):
        return open_sizes(requested, [text for text in listed if (shape := read_shape(text)) and shape.exact])
    return [*listed, *SHAPES]


def _map_images(model: Model, name: str, requested: list[str]) -> _Mapped:
    field = model.parameters[name]
    most = (field.max_items or len(requested)) if field.type == "array" else 1
    note = f"first {most} of {len(requested)} images" if len(requested) > most else ""
    return _Mapped({name: requested[:most] if field.type == "array" else requested[0]}, note)


def image_mode(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, such as ``type: edit``, that make the model use the images in ``values``; {} where they do, or none is sure."""
    mode = _image_mode(model, values, {})
    return dict(mode.values)


def _image_mode(model: Model, values: Mapping[str, Any], own: Mapping[str, Any]) -> _Mapped:
    """The setting that makes the model use the given images, such as ``type: edit``, if exactly one demands them."""
    name = model.by_role(Role.IMAGES) or ""
    conditions = [condition for condition in model.conditions if name in condition.required and condition.tests]
    if not values.get(name) or not conditions or _is_required(model, values, name):
        return _Mapped({})
    modes = [
        dict(zip(condition.tests, choice, strict=True))
        for condition in conditions
        for choice in product(*condition.tests.values())
    ]
    text = " or ".join(", ".join(f"{field} {value}" for field, value in mode.items()) for mode in modes)
    if len(modes) > 1 or set(modes[0]) & set(own):
        return _Mapped({}, f"images may go unused without {text}")
    return _Mapped(modes[0], f"images → {text}")


def _is_required(model: Model, values: Mapping[str, Any], name: str) -> bool:
    """Whether these values, defaults filled in, make the parameter ``name`` required."""
    filled = fill_defaults(model, values)
    return name in model.required or any(name in item.required and item.holds(filled) for item in model.conditions)


def _map_count(model: Model, name: str | None, requested: int) -> _Mapped:
    if name is None:
        return _Mapped({}, f"one picture a request: asked {requested:,}" if requested > 1 else "")
    field = model.parameters[name]
    if field.maximum is not None and requested > field.maximum:
        return _Mapped({name: int(field.maximum)}, f"at most {field.maximum:g} pictures a request")
    if field.minimum is not None and requested < field.minimum:
        return _Mapped({name: math.ceil(field.minimum)}, f"at least {field.minimum:g} pictures a request")
    return _Mapped({name: requested}, f"{requested:,} pictures → {name} {requested}" if requested > 1 else "")


def _map_seed(model: Model, name: str | None, requested: int) -> _Mapped:
    if name is None:
        return _Mapped({}, NO_SEED)
    field = model.parameters[name]
    if requested > min(LARGEST_NUMBER, math.inf if field.maximum is None else field.maximum):
        return _Mapped({}, "seed too large for this model")
    if requested < max(-LARGEST_NUMBER, -math.inf if field.minimum is None else field.minimum):
        return _Mapped({}, "seed too small for this model")
    return _Mapped({name: requested})


def _map_quality(model: Model, requested: str, taken: Mapping[str, Any]) -> _Mapped:
    """The lowest or highest value of every quality parameter that has no value yet."""
    if requested == STANDARD:
        return _Mapped({})
    enums = {name: enum for name in model.all_by_role(Role.QUALITY) if (enum := model.parameters[name].enum)}
    free = {name: enum[-1 if requested == "best" else 0] for name, enum in enums.items() if name not in taken}
    if free:
        return _Mapped(free, f"quality {requested} → " + ", ".join(f"{name} {value}" for name, value in free.items()))
    return _Mapped({}, ", ".join(_instead(name, taken[name]) for name in enums) or "no quality setting")


def _instead(name: str, value: Any) -> str:
    """The note that a setting of the model took precedence over the form."""
    is_short = isinstance(value, str | int | float) and len(str(value)) <= 30
    return f"{name} {value} instead" if is_short else f"its own {name} instead"


def _read_form(shared: Mapping[str, Any]) -> dict[str, Any]:
    """The given values of the form. Raises InputError for an unknown key or a wrong value."""
    if not isinstance(shared, Mapping):
        raise InputError("shared", f"shared: must be an object. It may hold: {', '.join(FORM_KEYS)}.")
    form = {}
    for key, value in shared.items():
        if key not in FORM_KEYS:
            shown = key if isinstance(key, str) and key.isprintable() and len(key) <= 60 else "shared"
            raise InputError(shown, f"{shown}: is no part of the shared form. It has: {', '.join(FORM_KEYS)}.")
        if value is not None and value != "" and value != []:
            form[key] = _read_value(key, value)
    return form


def _read_value(key: str, value: Any) -> Any:
    """One value of the form: floats without a fraction as integers, one address as a list. Raises InputError."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    match key:
        case "count":
            allowed, valid = f"a whole number from 1 to {LARGEST_NUMBER:,}", is_integer and 1 <= value <= LARGEST_NUMBER
        case "seed":
            allowed, valid = "a whole number", is_integer
        case "images":
            value = [value] if isinstance(value, str) else value
            allowed = "a list of web addresses, https://…"
            valid = isinstance(value, list) and all(isinstance(item, str) and is_web_address(item) for item in value)
        case "shape":
            allowed = f"a ratio such as {', '.join(SHAPES)}, or a size such as 1024x768"
            valid = isinstance(value, str) and read_shape(value) is not None
        case "quality":
            allowed, valid = f"one of {', '.join(QUALITIES)}", value in QUALITIES
        case _:
            allowed, valid = "text", isinstance(value, str)
    if not valid:
        raise InputError(key, f"{key}: must be {allowed}.")
    return value
