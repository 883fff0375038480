"""Parameter values -> a valid request, or errors that name the field and what is allowed.

The one place that decides what may be sent: the form, the endpoints, the snippets and the sandbox all come
through here. Declared defaults are written into the body, so that what is priced is what is asked for even
if the service's own defaults move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from components.catalog.models import Catalog, Model
from components.catalog.parameters import LARGEST_NUMBER, TYPE_TEXTS, Parameter, Role
from components.catalog.rules import closed
from components.errors import InputError


@dataclass(frozen=True)
class Request:
    """A model and validated parameter values. ``body`` is exactly what is POSTed."""

    model: Model
    parameters: Mapping[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """What is sent to the service: the parameters, and in ``model`` the variant where there are some."""
        variant = self.parameters.get("model", self.model.id)
        rest = {name: value for name, value in self.parameters.items() if name != "model"}
        return {"model": variant, **rest}

    @property
    def prompt(self) -> str:
        """What the picture is to show; "" where the model takes no prompt."""
        return str(self.parameters.get(self.model.by_role(Role.PROMPT) or "", ""))

    @property
    def count(self) -> int:
        """How many pictures are asked for; 1 where the model has no count."""
        return int(self.parameters.get(self.model.by_role(Role.COUNT) or "", 1))

    @property
    def shape(self) -> str:
        """The value of the shape parameter, such as ``16:9`` or ``1024*1024``, or ""."""
        return str(self.parameters.get(self.model.by_role(Role.SHAPE) or "", ""))


def build_request(catalog: Catalog, model: str, parameters: Mapping[str, Any], *, prompt_needed: bool = True) -> Request:
    """The request for a model's id or alias and the API's own field names.

    ``prompt_needed=False`` is for prices, which do not depend on the prompt.

    Raises:
        InputError: the model is unknown or retired, or the first parameter that is not allowed.
    """
    entry = find_model(catalog, model)
    for problem in find_problems(entry, parameters, prompt_needed=prompt_needed):
        raise problem
    return Request(entry, fill_defaults(entry, parameters))


def rebuild_request(catalog: Catalog, model: str, body: Mapping[str, Any]) -> Request:
    """The request that a body was made from, checked anew. Raises InputError like build_request."""
    entry = find_model(catalog, model)
    return build_request(catalog, entry.id, parameters_of(entry, body))


def parameters_of(model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a body was made from: its ``model`` is one of them where the model has variants."""
    return {name: value for name, value in body.items() if name != "model" or model.variants}


def find_model(catalog: Catalog, name: str) -> Model:
    """The runnable model with this id or alias. Raises InputError, naming what there is or what replaces it."""
    entry = catalog.find(name) if isinstance(name, str) else None
    if entry is None:
        known = ", ".join(model.id for model in catalog.models)
        raise InputError("model", f"model: there is no model {_shown(name)}. The models are: {known}.")
    if not entry.runnable:
        instead = f" Use {entry.replaced_by} instead." if entry.replaced_by else ""
        raise InputError("model", f"model: {entry.id} has been retired.{instead}")
    return entry


def find_problems(model: Model, parameters: Mapping[str, Any], *, prompt_needed: bool = True) -> list[InputError]:
    """Everything that keeps these values from being sent, at most one error a field, in the form's order."""
    if not isinstance(parameters, Mapping):
        return [InputError("parameters", "parameters: must be an object of field names and values.")]
    problems: dict[str, InputError] = {}
    for error in _all_problems(model, parameters, prompt_needed):
        problems.setdefault(error.field, error)
    order = [*model.parameters, *problems]
    return sorted(problems.values(), key=lambda error: order.index(error.field))


def _all_problems(model: Model, parameters: Mapping[str, Any], prompt_needed: bool) -> Iterator[InputError]:
    values = fill_defaults(model, parameters)
    for name, value in values.items():
        if name in model.parameters:
            yield from _broken_text(name, value)
            yield from _bad_addresses(name, model.parameters[name], value)
            if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
                yield InputError(name, f"{name}: is too large a number. At most {LARGEST_NUMBER:,}.")
    prompt = model.by_role(Role.PROMPT) or ""
    text = values.get(prompt)
    if prompt_needed and (text is None or (isinstance(text, str) and not text.strip())):
        yield InputError(prompt, f"{prompt}: is empty. Describe the picture you want.")
    schema = closed(model.json_schema)
    if not prompt_needed:
        schema["required"] = [name for name in model.required if name != prompt]
        if text == "":
            values = {name: value for name, value in values.items() if name != prompt}
    for error in Draft202012Validator(schema).iter_errors(values):
        yield from _translated(model, error, values)


def fill_defaults(model: Model, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the catalog's order with declared defaults filled in; whole floats become
    integers, and an empty list counts as not given."""
    given = {name: value for name, value in parameters.items() if value != []}
    if "model" in given and "model" not in model.parameters and given["model"] in (model.id, *model.aliases):
        del given["model"]
    complete = {}
    for name, field in model.parameters.items():
        value = given.pop(name) if name in given else field.default
        if value is None and parameters.get(name, []) == []:
            continue
        if field.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        complete[name] = value
    return {**complete, **given}


def _translated(model: Model, error: ValidationError, values: Mapping[str, Any]) -> Iterator[InputError]:
    """A jsonschema error in our words: the field, what is wrong with it, what is allowed."""
    if error.validator == "additionalProperties":
        for name in values:
            if name not in model.parameters:
                allowed = ", ".join(model.parameters)
                shown = name if str(name).isascii() and str(name).isprintable() and len(name) <= 60 else _shown(name)
                yield InputError(shown, f"{shown}: {model.name} has no such parameter. It has: {allowed}.")
        return
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in values]
        for name in missing:
            yield InputError(name, f"{name}: is required{_condition(model, error)}.")
        return
    field = str(error.absolute_path[0]) if error.absolute_path else "parameters"
    rule = model.parameters.get(field)
    complaint = _complaint(error, rule)
    yield InputError(field, f"{field}: {_shown(error.instance)} {complaint}", hint=complaint)


def _condition(model: Model, error: ValidationError) -> str:
    """`` when type is edit`` for a field that an if/then rule demands."""
    if "then" not in error.absolute_schema_path:
        return ""
    for rule in model.conditions:
        if rule["then"].get("required") == error.validator_value:
            tests = rule["if"].get("properties", {})
            parts = [
                f"{name} is {test.get('const', ' or '.join(map(str, test.get('enum', ()))))}" for name, test in tests.items()
            ]
            return " when " + " and ".join(parts)
    return ""


def _complaint(error: ValidationError, rule: Parameter | None) -> str:
    limit = error.validator_value
    match error.validator:
        case "enum":
            return f"is not offered. Allowed: {', '.join(map(str, limit))}."
        case "type":
            return f"is of the wrong type. It must be {TYPE_TEXTS.get(str(limit), limit)}."
        case "minLength":
            return f"is too short ({len(error.instance):,} characters). At least {limit:,}."
        case "maxLength":
            return f"is too long ({len(error.instance):,} characters). At most {limit:,}."
        case "minimum":
            top = f" to {rule.maximum:g}" if rule and rule.maximum is not None else " or more"
            return f"is too small. Allowed: {limit:g}{top}."
        case "maximum":
            low = f"{rule.minimum:g} to " if rule and rule.minimum is not None else "at most "
            return f"is too large. Allowed: {low}{limit:g}."
        case "maxItems":
            return f"has {len(error.instance)} items. At most {limit}."
        case "minItems":
            return f"has {len(error.instance)} items. At least {limit}."
        case _:
            return f"is not allowed by the rule {error.validator}."


def _broken_text(name: str, value: Any) -> Iterator[InputError]:
    """Half of a surrogate pair is no character: it cannot be sent as UTF-8 by anyone."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                yield InputError(name, f"{name}: holds a broken character. Type or paste it again.")


def _bad_addresses(name: str, field: Parameter, value: Any) -> Iterator[InputError]:
    for address in field.picture_addresses(value):
        if isinstance(address, str) and not is_web_address(address):
            what = f"{name}: {_shown(address)} is no web address. Give a full one, https://…"
            yield InputError(name, what, hint="One line is no web address.")


def is_web_address(text: str) -> bool:
    """Whether the text is an http(s) address as a whole, with a host and without blanks."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(c.isspace() for c in text)


def _shown(value: Any) -> str:
    """A value as an error shows it: quoted, never longer than 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[0]
