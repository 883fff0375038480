"""Parameter values -> a valid request, or errors that name the field and what is allowed.

The form, the endpoints, the snippets and the sandbox all validate here. Declared defaults are written into the
body, so that the price shown is that of the request even if the service changes its own defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jsonschema.exceptions import ValidationError

from components.catalog.models import Catalog, Model
from components.catalog.parameters import LARGEST_NUMBER, TYPE_TEXTS, Parameter, Role
from components.catalog.shapes import notation, read_shape
from components.errors import InputError


@dataclass(frozen=True)
class Request:
    """A model and validated parameter values. ``body`` is exactly what is POSTed."""

    model: Model
    parameters: Mapping[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """What is sent: the parameters, with the variant in ``model`` if the model has variants, else its id."""
        variant = self.parameters.get("model", self.model.id)
        rest = {name: value for name, value in self.parameters.items() if name != "model"}
        return {"model": variant, **rest}

    @property
    def prompt(self) -> str:
        """The value of the prompt parameter, or ""."""
        return str(self.parameters.get(self.model.by_role(Role.PROMPT) or "", ""))

    @property
    def count(self) -> int:
        """The number of pictures to make; 1 if the model has no count parameter."""
        return int(self.parameters.get(self.model.by_role(Role.COUNT) or "", 1))

    @property
    def shape(self) -> str:
        """The value of the shape parameter, such as ``16:9`` or ``1024*1024``, or ""."""
        return str(self.parameters.get(self.model.by_role(Role.SHAPE) or "", ""))


def build_request(catalog: Catalog, model: str, parameters: Mapping[str, Any], *, prompt_needed: bool = True) -> Request:
    """The request for a model, by id, alias or variant, and the API's own field names.

    ``prompt_needed=False`` is for prices, which do not depend on the prompt.

    Raises:
        InputError: the model is unknown or retired, or the first parameter that is not allowed.
    """
    entry, parameters = resolve_variant(catalog, model, parameters)
    for problem in find_problems(entry, parameters, prompt_needed=prompt_needed):
        raise problem
    return Request(entry, fill_defaults(entry, parameters))


def rebuild_request(catalog: Catalog, model: str, body: Mapping[str, Any]) -> Request:
    """The request that a body was made from, validated again. Raises InputError like build_request."""
    entry = find_model(catalog, model)
    return build_request(catalog, entry.id, parameters_of(entry, body))


def parameters_of(model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a body was made from; its ``model`` is one of them only if the model has variants."""
    parameters = {name: value for name, value in body.items() if name != "model" or model.variants}
    if variant := model.variant_named(parameters.get("model")):
        parameters["model"] = variant
    return parameters


def resolve_variant(catalog: Catalog, name: str, parameters: Mapping[str, Any]) -> tuple[Model, Mapping[str, Any]]:
    """The model that a caller names, and its parameters; where the name is a variant's, the parameters choose it.

    Raises InputError like find_model, and where the parameters choose another variant.
    """
    model = find_model(catalog, name)
    variant = model.variant_named(name)
    if variant is None or not isinstance(parameters, Mapping):
        return model, parameters
    if "model" in parameters and model.variant_named(parameters["model"]) != variant:
        other = _quoted(parameters["model"])
        raise InputError("model", f"model: {name} was asked for, but the parameters choose {other}. Leave one of them out.")
    return model, {**parameters, "model": variant}


def find_model(catalog: Catalog, name: str) -> Model:
    """The model with this id, alias or variant. Raises InputError if it is unknown, ambiguous or retired."""
    entry = catalog.find(name) if isinstance(name, str) else None
    if entry is None:
        sharing = [model.id for model in catalog.models if model.variant_named(name)]
        if sharing:
            choices = " and ".join(sharing)
            raise InputError(
                "model", f"model: {name} is a variant of {choices}. Name one of these and choose the variant there."
            )
        known = ", ".join(model.id for model in catalog.models)
        raise InputError("model", f"model: there is no model {_quoted(name)}. The models are: {known}.")
    if not entry.runnable:
        advice = f" Use {entry.replaced_by} instead." if entry.replaced_by else ""
        raise InputError("model", f"model: {entry.id} has been retired.{advice}")
    return entry


def find_problems(model: Model, parameters: Mapping[str, Any], *, prompt_needed: bool = True) -> list[InputError]:
    """Every reason why these values cannot be sent, at most one a field, in the order of the form."""
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
            yield from _text_problems(name, value)
            yield from _address_problems(name, model.parameters[name], value)
            if name == model.by_role(Role.SHAPE):
                yield from _shape_problems(name, model.parameters[name], value)
            if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
                yield InputError(name, f"{name}: is too large a number. At most {LARGEST_NUMBER:,}.")
    prompt = model.by_role(Role.PROMPT) or ""
    text = values.get(prompt)
    if prompt_needed and (text is None or (isinstance(text, str) and not text.strip())):
        yield InputError(prompt, f"{prompt}: is empty. Describe the picture you want.")
    if not prompt_needed and text == "":
        del values[prompt]
    for condition in model.conditions:
        if condition.holds(values):
            for name in condition.required:
                if name not in values:
                    yield InputError(name, f"{name}: is required when {condition.text}.")
    for error in model.body_schema.validator.iter_errors(values):
        for problem in _explain(model, error, values):
            if prompt_needed or problem.field != prompt or prompt in values:
                yield problem


def fill_defaults(model: Model, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values with declared defaults, in the catalog's order.

    Floats without a fraction become integers, as JavaScript sends them; an empty list counts as not given.
    """
    given = {name: value for name, value in parameters.items() if value != []}
    if "model" in given and given["model"] in (model.id, *model.aliases) and given["model"] not in model.variants:
        del given["model"]
    elif variant := model.variant_named(given.get("model")):
        given["model"] = variant
    filled = {}
    for name, field in model.parameters.items():
        if name not in given and field.default is None:
            continue
        value = given.pop(name, field.default)
        if field.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        filled[name] = value
    return {**filled, **given}


def _explain(model: Model, error: ValidationError, values: Mapping[str, Any]) -> Iterator[InputError]:
    """A jsonschema error as InputErrors: the field, what is wrong with it, what is allowed."""
    if error.validator == "additionalProperties":
        for name in values:
            if name not in model.parameters:
                allowed = ", ".join(model.parameters)
                shown = name if str(name).isascii() and str(name).isprintable() and len(name) <= 60 else _quoted(name)
                yield InputError(shown, f"{shown}: {model.name} has no such parameter. It has: {allowed}.")
        return
    if error.validator == "required":
        for name in error.validator_value:
            if name not in values:
                yield InputError(name, f"{name}: is required.")
        return
    field = str(error.absolute_path[0]) if error.absolute_path else "parameters"
    explanation = _explanation(error, model.parameters.get(field))
    yield InputError(field, f"{field}: {_quoted(error.instance)} {explanation}", hint=explanation)


def _explanation(error: ValidationError, parameter: Parameter | None) -> str:
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
            top = f" to {parameter.maximum:g}" if parameter and parameter.maximum is not None else " or more"
            return f"is too small. Allowed: {limit:g}{top}."
        case "maximum":
            low = f"{parameter.minimum:g} to " if parameter and parameter.minimum is not None else "at most "
            return f"is too large. Allowed: {low}{limit:g}."
        case "maxItems":
            return f"has {len(error.instance)} items. At most {limit}."
        case "minItems":
            return f"has {len(error.instance)} items. At least {limit}."
        case _:
            return f"is not allowed by the rule {error.validator}."


def _text_problems(name: str, value: Any) -> Iterator[InputError]:
    """Half of a surrogate pair, which a browser can hand over, cannot be sent as UTF-8."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                yield InputError(name, f"{name}: holds a broken character. Type or paste it again.")


def _shape_problems(name: str, field: Parameter, value: Any) -> Iterator[InputError]:
    """A shape that an open list does not name must at least be written as the list writes its own."""
    if field.enum or not isinstance(value, str) or value in map(str, field.examples):
        return
    listed = next((text for text in map(str, field.examples) if read_shape(text)), "")
    if listed and (notation(value) != notation(listed) or value.split() != [value]):
        kind = "ratio" if notation(listed) == ":" else "size in pixels"
        hint = f"is no {kind}. Write it like {listed}."
        yield InputError(name, f"{name}: {_quoted(value)} {hint}", hint=hint)


def _address_problems(name: str, field: Parameter, value: Any) -> Iterator[InputError]:
    for address in field.picture_addresses(value):
        if isinstance(address, str) and not is_web_address(address):
            what = f"{name}: {_quoted(address)} is no web address. Give a full one, https://…"
            yield InputError(name, what, hint="One line is no web address.")


def is_web_address(text: str) -> bool:
    """Whether the whole text is an http(s) address, with a host and without white space."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(c.isspace() for c in text)


def _quoted(value: Any) -> str:
    """A value quoted for an error, at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[0]
