"""The rules of a catalog that span more than one key: each broken one is a :class:`Fault` with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import ValidationError

from components.catalog.models import Catalog, Model, Purpose
from components.catalog.parameters import Parameter, Role

TOP_KEYS = {"type", "required", "properties", "if", "then", "allOf", "additionalProperties"}
NEEDED_ROLES = {Purpose.EDIT: Role.IMAGES, Purpose.REFERENCES: Role.IMAGES, Purpose.SEVERAL: Role.COUNT}
QUOTE = 'quote it (YAML reads a bare 16:9 as the number 969, and a bare yes as true): "16:9"'


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a catalog: the path of keys and indexes to it, what is wrong, and the fix."""

    path: tuple[str | int, ...]
    what: str
    fix: str


def faults_in(catalog: Catalog) -> Iterator[Fault]:
    """Every broken rule, in the file's order."""
    yield from _names(catalog)
    for number, model in enumerate(catalog.models):
        here = ("models", number)
        parameter_faults = list(_parameters(model))
        checks = parameter_faults or [*_purposes(model), *_prices(model), *_example(model), *_lifecycle(model, catalog)]
        for fault in checks:
            yield Fault((*here, *fault.path), fault.what, fault.fix)


def _names(catalog: Catalog) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for number, model in enumerate(catalog.models):
        for path, name in [(("id",), model.id), *((("aliases", i), alias) for i, alias in enumerate(model.aliases))]:
            if name in seen:
                yield Fault(("models", number, *path), f"{name!r} already names {seen[name]}", "choose another")
            seen[name] = model.id
    if catalog.opens_with is not None and catalog.opens_with not in seen:
        yield Fault(("opens_with",), f"{catalog.opens_with!r} is no model here", "name one of the models")


def _parameters(model: Model) -> Iterator[Fault]:
    schema = model.json_schema
    here: tuple[str | int, ...] = ("parameters",)
    for key in schema:
        if key not in TOP_KEYS:
            yield Fault((*here, key), "unknown key", f"use only {', '.join(sorted(TOP_KEYS))}")
    properties = schema.get("properties")
    if schema.get("type", "object") != "object" or not isinstance(properties, dict) or not properties:
        yield Fault(here, "parameters must be `type: object` with `properties`", "describe the body's fields there")
        return
    for name, raw in properties.items():
        for fault in _property(name, raw):
            yield Fault((*here, "properties", name, *fault.path), fault.what, fault.fix)
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        yield Fault((*here, *error.absolute_path), error.message, "write valid JSON Schema")
        return
    if misshapen := _misshapen(schema):
        yield Fault((*here, misshapen), "is not written as this catalog reads it", "see the entries that ship")
        return
    for index, name in enumerate(schema.get("required", ())):
        if name not in properties:
            yield Fault((*here, "required", index), f"{name!r} is no property", "declare it or take it out")
    for rule in [schema, *schema.get("allOf", ())]:
        if ("if" in rule) != ("then" in rule):
            yield Fault(here, "`if` and `then` go together", "write both or none")
        named = {*rule.get("if", {}).get("properties", {}), *rule.get("then", {}).get("required", ())}
        for name in sorted(named - set(properties)):
            yield Fault((*here, "if"), f"{name!r} is no property", "name a declared one")
    roles = [raw.get("x-role") for raw in properties.values() if isinstance(raw, dict)]
    if roles.count("prompt") != 1:
        yield Fault((*here, "properties"), "exactly one field needs `x-role: prompt`", "mark the prompt field")


def _misshapen(schema: Mapping[str, Any]) -> str:
    """The key of a rule that is legal JSON Schema but more than the form and its texts can follow, or ""."""
    for rule in [schema, *schema.get("allOf", ())]:
        if not isinstance(rule, dict):
            return "allOf"
        if "if" in rule and not (isinstance(rule["if"], dict) and isinstance(rule["if"].get("properties", {}), dict)):
            return "if"
        if "then" in rule and not isinstance(rule["then"], dict):
            return "then"
    return ""


def _property(name: str, raw: Any) -> Iterator[Fault]:
    if not isinstance(raw, dict):
        yield Fault((), "a property must be a mapping", "write e.g. {type: string}")
        return
    try:
        parameter = Parameter.model_validate(raw)
    except ValidationError as error:
        for item in error.errors():
            loc = tuple(part for part in item["loc"] if part not in ("str", "int", "float", "bool"))
            yield Fault(loc, item["msg"][:1].lower() + item["msg"][1:], "correct it or take it out")
        return
    if not isinstance(name, str):
        yield Fault((), f"the field's name {name!r} is not text", QUOTE)
    if parameter.type == "string":
        texts: list[tuple[tuple[str | int, ...], Any]] = [
            (("enum", i), value) for i, value in enumerate(parameter.enum or ())
        ]
        texts += [(("examples", i), value) for i, value in enumerate(parameter.examples)]
        texts += [(("default",), parameter.default)] if parameter.default is not None else []
        for path, value in texts:
            if not isinstance(value, str):
                yield Fault(path, f"{value!r} is not text, but {name} is a text parameter", QUOTE)
                return
    if parameter.role is Role.PROMPT and not (parameter.min_length or 0) >= 1:
        yield Fault((), "a prompt needs `minLength: 1` at least", "add minLength: 1")
    if parameter.default is not None:
        for problem in Draft202012Validator(raw).iter_errors(parameter.default):
            yield Fault(("default",), f"the default breaks its own rule: {problem.message}", "change one of them")


def _purposes(model: Model) -> Iterator[Fault]:
    for index, purpose in enumerate(model.good_for):
        role = NEEDED_ROLES.get(purpose)
        if role and model.by_role(role) is None:
            yield Fault(
                ("good_for", index), f"{purpose.value}, but no field has `x-role: {role.value}`", "mark it or take it out"
            )


def _prices(model: Model) -> Iterator[Fault]:
    properties = model.parameters
    for index, rule in enumerate(model.price):
        last = index == len(model.price) - 1
        if last and rule.when:
            yield Fault(("price", index), "the last rule must hold always", "add a rule without `when` at the end")
        if not last and not rule.when:
            yield Fault(("price", index + 1), "can never apply: the rule before it holds always", "move or remove it")
        for earlier in model.price[:index]:
            if earlier.when and earlier.when.items() <= rule.when.items():
                yield Fault(("price", index), "can never apply: an earlier rule takes all its cases", "move it up")
                break
        if rule.per == "image" and model.by_role(Role.COUNT) is None:
            yield Fault(
                ("price", index, "per"), "per image, but no field has `x-role: count`", "mark it or price per request"
            )
        for name, value in rule.when.items():
            field = properties.get(name)
            if field is None:
                yield Fault(("price", index, "when", name), "is no parameter of this model", "name a declared one")
            elif field.enum is not None and value not in field.enum:
                allowed = ", ".join(map(str, field.enum))
                yield Fault(("price", index, "when", name), f"{value!r} is not one of {allowed}", "use an allowed value")


def _example(model: Model) -> Iterator[Fault]:
    if not model.example:
        return
    for problem in Draft202012Validator(closed(model.json_schema)).iter_errors(dict(model.example)):
        yield Fault(("example", *problem.absolute_path), problem.message, "make the example a legal request")


def _lifecycle(model: Model, catalog: Catalog) -> Iterator[Fault]:
    if model.replaced_by and catalog.find(model.replaced_by) in (None, model):
        yield Fault(("replaced_by",), f"{model.replaced_by!r} is no other model here", "name a model of this catalog")
    if model.seconds and not 0 <= model.seconds[0] <= model.seconds[1]:
        yield Fault(("seconds",), "must be [shortest, longest]", "write the smaller number first")


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with undeclared fields forbidden, which no catalog entry has to spell out."""
    return {**schema, "additionalProperties": False}
