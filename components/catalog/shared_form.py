"""One form for every model: what it says by role, mapped onto the parameters that a model has.

A comparison asks several models for the same picture, and each has its own names, lists and limits. What could
not be carried over as it was asked is told in a note; nothing is sent that the catalog does not list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from components.catalog.models import Catalog, Model
from components.catalog.parameters import LARGEST_NUMBER, Kind, Role
from components.catalog.requests import Request, build_request, find_model, is_web_address
from components.catalog.shapes import NEAR, read_shape
from components.errors import InputError

SHARED = tuple(str(role) for role in Role)  # the keys of a shared form, in its order
SHAPES = ("1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16", "21:9")  # each offered as it is by some model
STANDARD = "standard"  # every model's own defaults
QUALITIES = ("economy", STANDARD, "best")


@dataclass(frozen=True)
class MappedForm:
    """The shared form as one model takes it.

    ``request`` is None where the model is left out (``skipped`` says why) or the result is not legal
    (``problem`` says why). ``parameters`` are what is sent, or what was tried; none when skipped. ``notes``
    are short and stand in the form's order: what was changed, and what this model has no place for.
    """

    model: Model
    request: Request | None
    parameters: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    skipped: str = ""
    problem: InputError | None = None


class _Part(NamedTuple):
    """What one key of the form becomes: parameters, and a note or ""."""

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
    """The shared form for one model, by id or alias. ``settings`` are the model's own parameters and win.

    Raises:
        InputError: the model is unknown or retired, or the form itself is wrong (``field`` is its key).
            What this one model does not accept is its ``problem`` instead.
    """
    entry = find_model(catalog, model)
    form = _read(shared)
    own = {} if settings is None else settings
    if not isinstance(own, Mapping):
        wrong = InputError("settings", "settings: must be an object of parameter names and values.")
        return MappedForm(entry, None, {}, problem=wrong)
    pictures = entry.by_role(Role.IMAGES)
    if pictures is None and "images" in form:
        return MappedForm(entry, None, {}, skipped="text only, and you gave an image")

    values: dict[str, Any] = {}
    notes = []
    for key in SHARED:
        part = _part(entry, key, form, {**values, **own})
        name = entry.by_role(Role(key)) or ""
        if key in form and name in own and key != Role.QUALITY and own[name] != part.values.get(name):
            part = _Part(part.values, _instead(name, own[name]))
        values.update(part.values)
        notes += [part.note] if part.note else []
        if key == Role.IMAGES:
            switch = _switch(entry, {**values, **own}, own)
            values.update(switch.values)
            notes += [switch.note] if switch.note else []
    values.update(own)

    if pictures and not values.get(pictures) and _demands(entry, values, pictures):
        return MappedForm(entry, None, {}, skipped="needs an image")
    try:
        request = build_request(catalog, entry.id, values, prompt_needed=prompt_needed)
    except InputError as problem:
        return MappedForm(entry, None, values, tuple(notes), problem=problem)
    return MappedForm(entry, request, request.parameters, tuple(notes))


def _part(model: Model, key: str, form: Mapping[str, Any], taken: Mapping[str, Any]) -> _Part:
    """What one key of the form becomes; ``taken`` are parameters that are decided already."""
    if key not in form:
        return _Part({})
    value, name = form[key], model.by_role(Role(key))
    match key:
        case "shape":
            return _shape(model, name, value)
        case "images" if name:
            return _images(model, name, value)
        case "count":
            return _count(model, name, value)
        case "seed":
            return _seed(model, name, value)
        case "negative" if name is None:
            return _Part({}, "no negative prompt")
        case "quality":
            return _quality(model, value, taken)
    return _Part({name: value} if name else {})


def _shape(model: Model, name: str | None, asked: str) -> _Part:
    if name is None:
        return _Part({}, "no shape")
    field = model.parameters[name]
    listed = [*(field.enum or field.examples), *([field.default] if field.default is not None else [])]
    if asked in listed:
        return _Part({name: asked})
    nearest = _nearest(asked, dict.fromkeys(map(str, listed)), str(field.default))
    if nearest is None:
        return _Part({}, "no shape that can be compared")
    was, becomes = read_shape(asked), read_shape(nearest)
    far = was and becomes and max(was.ratio, becomes.ratio) / min(was.ratio, becomes.ratio) > 1 + NEAR
    word = f"{name} {nearest}" if becomes and becomes.area else nearest
    return _Part({name: nearest}, f"{asked} → {word}{' (nearest)' if far else ''}")


def _nearest(asked: str, listed: Iterable[str], default: str) -> str | None:
    """The listed shape closest in ratio, upright for upright, then in area (the default's where a ratio was asked).

    Where no area is known either way, the first listed of equals.
    """
    wanted = read_shape(asked)
    sizes = {text: size for text in listed if (size := read_shape(text))}
    if wanted is None or not sizes:
        return None
    usual = read_shape(default)
    area = wanted.area or (usual.area if usual else 0)
    target = math.log(wanted.ratio)

    def distance(text: str) -> tuple[float, bool, float]:
        ratio = math.log(sizes[text].ratio)
        turned = (ratio > 0, ratio < 0) != (target > 0, target < 0)
        return round(abs(ratio - target), 6), turned, abs(sizes[text].area - area) if area else 0

    return min(sizes, key=distance)


def _images(model: Model, name: str, asked: list[str]) -> _Part:
    field = model.parameters[name]
    most = 1 if field.kind is Kind.IMAGE else field.max_items or len(asked)
    note = f"first {most} of {len(asked)} images" if len(asked) > most else ""
    return _Part({name: asked[0] if field.kind is Kind.IMAGE else asked[:most]}, note)


def _switch(model: Model, values: Mapping[str, Any], own: Mapping[str, Any]) -> _Part:
    """The mode in which images are used, such as ``type: edit``, where images are given and one mode demands them."""
    name = model.by_role(Role.IMAGES) or ""
    rules = [rule["if"].get("properties", {}) for rule in model.conditions if name in rule["then"].get("required", ())]
    if not values.get(name) or not rules or _demands(model, values, name):
        return _Part({})
    modes = [
        dict(zip(rule, choice, strict=True))
        for rule in rules
        for choice in product(*(test.get("enum", [test.get("const")]) for test in rule.values()))
    ]
    told = " or ".join(", ".join(f"{field} {value}" for field, value in mode.items()) for mode in modes)
    if len(modes) > 1 or set(modes[0]) & set(own):
        return _Part({}, f"images may go unused without {told}")
    return _Part(modes[0], f"images → {told}")


def _demands(model: Model, values: Mapping[str, Any], name: str) -> bool:
    """Whether these values, defaults filled in, make the parameter ``name`` required."""
    complete = {field: rule.default for field, rule in model.parameters.items() if rule.default is not None} | dict(values)
    return name in model.required or any(
        name in rule["then"].get("required", ()) and Draft202012Validator(rule["if"]).is_valid(complete)
        for rule in model.conditions
    )


def _count(model: Model, name: str | None, asked: int) -> _Part:
    if name is None:
        return _Part({}, f"one picture a request: asked {asked:,}" if asked > 1 else "")
    field = model.parameters[name]
    if field.maximum is not None and asked > field.maximum:
        return _Part({name: int(field.maximum)}, f"at most {field.maximum:g} pictures a request")
    if field.minimum is not None and asked < field.minimum:
        return _Part({name: math.ceil(field.minimum)}, f"at least {field.minimum:g} pictures a request")
    return _Part({name: asked}, f"{asked:,} pictures → {name} {asked}" if asked > 1 else "")


def _seed(model: Model, name: str | None, asked: int) -> _Part:
    if name is None:
        return _Part({}, "no seed")
    field = model.parameters[name]
    if asked > min(LARGEST_NUMBER, math.inf if field.maximum is None else field.maximum):
        return _Part({}, "seed too large for this model")
    if asked < max(-LARGEST_NUMBER, -math.inf if field.minimum is None else field.minimum):
        return _Part({}, "seed too small for this model")
    return _Part({name: asked})


def _quality(model: Model, asked: str, taken: Mapping[str, Any]) -> _Part:
    """The lowest or highest value of every parameter that ranks quality, but for those decided already."""
    if asked == "standard":
        return _Part({})
    ranked = {name: enum for name in model.all_by_role(Role.QUALITY) if (enum := model.parameters[name].enum)}
    free = {name: enum[-1 if asked == "best" else 0] for name, enum in ranked.items() if name not in taken}
    if free:
        return _Part(free, f"quality {asked} → " + ", ".join(f"{name} {value}" for name, value in free.items()))
    return _Part({}, ", ".join(_instead(name, taken[name]) for name in ranked) or "no quality setting")


def _instead(name: str, value: Any) -> str:
    """How a note tells that a setting of the model's own took the place of what the form says."""
    short = len(value) <= 30 if isinstance(value, str) else isinstance(value, int | float) and abs(value) <= LARGEST_NUMBER
    return f"{name} {value} instead" if short else f"its own {name} instead"


def _read(shared: Mapping[str, Any]) -> dict[str, Any]:
    """The form checked, without what was not given. Raises InputError for an unknown key or a wrong value."""
    if not isinstance(shared, Mapping):
        raise InputError("shared", f"shared: must be an object. It may hold: {', '.join(SHARED)}.")
    form = {}
    for key, value in shared.items():
        if key not in SHARED:
            shown = key if isinstance(key, str) and key.isprintable() and len(key) <= 60 else "shared"
            raise InputError(shown, f"{shown}: is no part of the shared form. It has: {', '.join(SHARED)}.")
        if value is not None and value != "" and value != []:
            form[key] = _value(key, value)
    return form


def _value(key: str, value: Any) -> Any:
    """One value of the form as it is used from here on: whole floats as integers, one address as a list."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    match key:
        case "count":
            allowed, good = f"a whole number from 1 to {LARGEST_NUMBER:,}", whole and 1 <= value <= LARGEST_NUMBER
        case "seed":
            allowed, good = "a whole number", whole
        case "images":
            value = [value] if isinstance(value, str) else value
            allowed = "a list of web addresses, https://…"
            good = isinstance(value, list) and all(isinstance(item, str) and is_web_address(item) for item in value)
        case "shape":
            allowed = f"a ratio such as {', '.join(SHAPES)}, or a size such as 1024x768"
            good = isinstance(value, str) and read_shape(value) is not None
        case "quality":
            allowed, good = f"one of {', '.join(QUALITIES)}", value in QUALITIES
        case _:
            allowed, good = "text", isinstance(value, str)
    if not good:
        raise InputError(key, f"{key}: must be {allowed}.")
    return value
