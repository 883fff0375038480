"""The rules of a catalog that span more than one key: each broken one is a :class:`Fault` with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from components.catalog.models import Catalog, Model, Purpose
from components.catalog.parameters import TYPE_TEXTS, Parameter, Role

NEEDED_ROLES = {Purpose.EDIT: Role.IMAGES, Purpose.REFERENCES: Role.IMAGES, Purpose.SEVERAL: Role.COUNT}
QUOTE = "put it in quotes"
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a catalog: the path of keys and indexes to it, what is wrong, and the fix."""

    path: Path
    what: str
    fix: str


def find_faults(catalog: Catalog) -> Iterator[Fault]:
    """Every broken rule, in the file's order. Prices and examples are checked where the parameters are right."""
    yield from _check_names(catalog)
    for number, model in enumerate(catalog.models):
        faults = [*_check_properties(model), *_check_schema(model)]
        if not faults:
            faults = [
                *_check_purposes(model),
                *_check_prices(model),
                *_check_example(model),
                *_check_upscale(model),
                *_check_lifecycle(model, catalog),
            ]
        for fault in faults:
            yield Fault(("models", number, *fault.path), fault.what, fault.fix)


def _check_names(catalog: Catalog) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for number, model in enumerate(catalog.models):
        for path, name in [(("id",), model.id), *((("aliases", i), alias) for i, alias in enumerate(model.aliases))]:
            if name in seen:
                yield Fault(("models", number, *path), f"{name!r} already names {seen[name]}", "choose another")
            seen[name] = model.id
    for number, model in enumerate(catalog.models):
        for fault in _check_variants(model, seen):
            yield Fault(("models", number, *fault.path), fault.what, fault.fix)
    if catalog.opens_with is not None and catalog.opens_with not in seen:
        yield Fault(("opens_with",), f"{catalog.opens_with!r} is no model here", "name one of the models")


def _check_variants(model: Model, seen: Mapping[str, str]) -> Iterator[Fault]:
    """A variant names its model, so it is no other model's name; two models may offer the same variant."""
    variants: list[tuple[Path, str]] = [
        (("parameters", "properties", "model", "enum", index), variant) for index, variant in enumerate(model.variants)
    ]
    aliases: list[tuple[Path, str]] = [(("variant_aliases", alias), alias) for alias in model.variant_aliases]
    for path, name in variants + aliases:
        owner = seen.get(name, model.id)
        if owner != model.id or name in model.aliases:
            yield Fault(path, f"{name!r} already names {owner}", "choose another")
    if model.id in model.variants and model.parameters["model"].default != model.id:
        yield Fault(("id",), "is a variant but not the default one", "make it the default or choose another id")
    for alias, variant in model.variant_aliases.items():
        if variant not in model.variants or alias in (model.id, *model.variants):
            yield Fault(("variant_aliases", alias), "must be a former id and one of the variants", "correct it")


def _check_schema(model: Model) -> Iterator[Fault]:
    schema = model.body_schema
    here = ("parameters",)
    for index, name in enumerate(schema.required):
        if name not in schema.properties:
            yield Fault((*here, "required", index), f"{name!r} is no property", "declare it or take it out")
    if (schema.if_ is None) != (schema.then is None):
        yield Fault((*here, "if" if schema.if_ else "then"), "`if` and `then` go together", "write both or none")
    for condition in schema.conditions:
        for name in sorted({*condition.tests, *condition.if_.required, *condition.required} - set(schema.properties)):
            yield Fault((*here, "if"), f"{name!r} is no property", "name a declared one")
        for name, values in condition.tests.items():
            if not values:
                yield Fault((*here, "if"), f"{name} is compared with nothing", "write const or enum")
            for value in values if name in schema.properties else ():
                yield from _check_value((*here, "if", "properties", name), schema.properties[name], value)
    if [field.role for field in schema.properties.values()].count(Role.PROMPT) != 1:
        yield Fault((*here, "properties"), "exactly one field needs `x-role: prompt`", "mark the prompt field")


def _check_properties(model: Model) -> Iterator[Fault]:
    for name, parameter in model.parameters.items():
        here = ("parameters", "properties", name)
        if parameter.type == "string" and (not_text := _first_not_text(parameter)):
            path, value = not_text
            yield Fault((*here, *path), f"{value!r} is not text, but {name} is a text parameter", QUOTE)
        elif parameter.default is not None:
            validator = Draft202012Validator(model.json_schema["properties"][name])
            for problem in validator.iter_errors(parameter.default):
                yield Fault((*here, "default"), f"the default breaks its own rule: {problem.message}", "change one of them")
        for value in parameter.titles:
            if value not in map(str, parameter.enum or ()):
                yield Fault((*here, "x-titles", value), "is no value of the enum", "name one of them")
        if parameter.role is Role.PROMPT and not parameter.min_length:
            yield Fault(here, "a prompt needs `minLength: 1` at least", "add minLength: 1")


def _first_not_text(parameter: Parameter) -> tuple[Path, Any] | None:
    values: list[tuple[Path, Any]] = [(("enum", i), value) for i, value in enumerate(parameter.enum or ())]
    values += [(("examples", i), value) for i, value in enumerate(parameter.examples)]
    values += [(("default",), parameter.default)] if parameter.default is not None else []
    return next((item for item in values if not isinstance(item[1], str)), None)


def _check_purposes(model: Model) -> Iterator[Fault]:
    for index, purpose in enumerate(model.good_for):
        role = NEEDED_ROLES.get(purpose)
        if role and model.by_role(role) is None:
            what = f"{purpose.value}, but no field has `x-role: {role.value}`"
            yield Fault(("good_for", index), what, "mark it or take it out")


def _check_prices(model: Model) -> Iterator[Fault]:
    for index, rule in enumerate(model.price):
        here = ("price", index)
        last = index == len(model.price) - 1
        if last and rule.when:
            yield Fault(here, "the last rule must hold always", "add a rule without `when` at the end")
        if not last and not rule.when:
            yield Fault(("price", index + 1), "can never apply: the rule before it holds always", "move or remove it")
        if any(earlier.when and earlier.when.items() <= rule.when.items() for earlier in model.price[:index]):
            yield Fault(here, "can never apply: an earlier rule takes all its cases", "move it up")
        if rule.per == "image" and model.by_role(Role.COUNT) is None:
            for name, field in model.parameters.items():
                if field.type == "integer" and field.role is None:
                    what = f"per image, but {name} is a whole number without a role: it may be the count"
                    yield Fault((*here, "per"), what, "give it `x-role: count`, or price per request")
        for name, value in rule.when.items():
            parameter = model.parameters.get(name)
            if parameter is None:
                yield Fault((*here, "when", name), "is no parameter of this model", "name a declared one")
            else:
                yield from _check_value((*here, "when", name), parameter, value)


def _check_value(path: Path, parameter: Parameter, value: Any) -> Iterator[Fault]:
    """A rule that compares a field with a value which it cannot have would never apply."""
    if parameter.enum is not None and value not in parameter.enum:
        allowed = ", ".join(map(str, parameter.enum))
        yield Fault(path, f"{value!r} is not one of {allowed}", "use an allowed value")
    elif not Draft202012Validator({"type": parameter.type}).is_valid(value):
        yield Fault(path, f"{value!r} is not {TYPE_TEXTS[parameter.type]}", "use an allowed value")


def _check_example(model: Model) -> Iterator[Fault]:
    if model.example:
        for problem in model.body_schema.validator.iter_errors(dict(model.example)):
            yield Fault(("example", *problem.absolute_path), problem.message, "make the example a valid request")


def _check_upscale(model: Model) -> Iterator[Fault]:
    if model.upscale is None:
        return
    for path, name in [(("task",), model.upscale.task), *((("settings", name), name) for name in model.upscale.settings)]:
        if name not in model.parameters:
            yield Fault(("upscale", *path), f"{name!r} is no parameter of this model", "name a declared one")
    for name, value in model.upscale.settings.items():
        if name in model.parameters:
            yield from _check_value(("upscale", "settings", name), model.parameters[name], value)


def _check_lifecycle(model: Model, catalog: Catalog) -> Iterator[Fault]:
    if model.replaced_by and catalog.find(model.replaced_by) in (None, model):
        yield Fault(("replaced_by",), f"{model.replaced_by!r} is no other model here", "name a model of this catalog")
    if model.seconds and not 0 <= model.seconds[0] <= model.seconds[1]:
        yield Fault(("seconds",), "must be [shortest, longest]", "write the smaller number first")
