"""A field of the request body: its JSON Schema, its role and its kind.

To add a kind: a member of :class:`Kind` with its :class:`KindRules` here, and its control in ``ui/generate/form.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, field_validator

LARGEST_NUMBER = 2**53  # every JSON reader holds integers up to here exactly


def _check_scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError("must be text, a number, true or false")
    return value


Number = Annotated[float, Field(strict=True)]  # no text and no boolean
Scalar = Annotated[str | int | float | bool, PlainValidator(_check_scalar)]  # one fault instead of one a type


class Closed(BaseModel):
    """A frozen model in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SchemaPart(Closed):
    """A part of a JSON Schema. A key without a value is an error: validation with such a schema would break."""

    @field_validator("*", mode="before")
    @classmethod
    def _has_value(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name != "default":
            raise ValueError("has no value")
        return value


class Role(StrEnum):
    """What a parameter means across models, whatever the model calls it.

    A ``quality`` is an enum written from the lowest to the highest; a model may have several.
    """

    PROMPT = "prompt"
    SHAPE = "shape"
    IMAGES = "images"
    COUNT = "count"
    SEED = "seed"
    NEGATIVE = "negative"
    QUALITY = "quality"


class Items(SchemaPart):
    """The items of an array parameter."""

    type: Literal["string"] = "string"
    format: Literal["uri"] | None = None


class Parameter(SchemaPart):
    """One request field. Lengths are in characters, counts in items, bounds inclusive.

    ``titles`` are names for people of values of ``enum``.
    """

    type: Literal["string", "integer", "number", "boolean", "array"] = "string"
    title: str = ""
    description: str = ""
    role: Role | None = Field(None, alias="x-role")
    enum: tuple[Scalar, ...] | None = Field(None, min_length=1)
    titles: Mapping[str, str] = Field({}, alias="x-titles")
    examples: tuple[Scalar, ...] = ()
    default: Any = None
    format: Literal["uri"] | None = None
    items: Items | None = None
    min_length: int | None = Field(None, alias="minLength", ge=0, strict=True)
    max_length: int | None = Field(None, alias="maxLength", ge=1, strict=True)
    minimum: Number | None = None
    maximum: Number | None = None
    min_items: int | None = Field(None, alias="minItems", ge=0, strict=True)
    max_items: int | None = Field(None, alias="maxItems", ge=1, strict=True)

    @property
    def kind(self) -> Kind:
        """The first kind that matches."""
        return next(kind for kind in Kind if kind.value.matches(self))

    @property
    def type_text(self) -> str:
        """The type in words, such as ``a whole number``."""
        return "a web address" if self.format == "uri" else TYPE_TEXTS[self.type]

    def title_of(self, value: Any) -> str:
        """A value's name for people."""
        return self.titles.get(str(value), str(value))

    def read(self, given: Any) -> Any:
        """The value that a form control holds, or a list of texts from a link; None if it is empty.

        What cannot be read as the parameter's type comes back as it is: validation explains it.
        """
        if isinstance(given, list) and self.type != "array":
            given = given[0] if given else None
        if given is None or given in ("", []):
            return None
        value = self.kind.value.read(self, given)
        return None if value in ("", []) else value

    def control_value(self, value: Any) -> Any:
        """What the form control holds for a value: the reverse of :meth:`read`."""
        if value is None:
            return self.kind.empty
        return "\n".join(map(str, value)) if self.type == "array" else value

    def can_show(self, value: Any) -> bool:
        """Whether the form control can show an invalid value, so that the visitor can correct it."""
        if self.type == "array":
            return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return self.kind.value.free_text and isinstance(value, str)

    def picture_addresses(self, value: Any) -> list[Any]:
        """The addresses in a value of a picture parameter; [] for every other kind."""
        if not self.kind.holds_pictures:
            return []
        return list(value) if isinstance(value, list | tuple) else [value]


def _read_choice(parameter: Parameter, given: Any) -> Any:
    return next((item for item in parameter.enum or () if str(item) == str(given)), given)


def _read_number(parameter: Parameter, given: Any) -> Any:
    if isinstance(given, int):
        return given
    try:
        number = float(given)
    except ValueError:
        return given
    return int(number) if number.is_integer() and abs(number) < LARGEST_NUMBER else number


def _read_boolean(parameter: Parameter, given: Any) -> bool:
    return str(given).lower() in ("true", "1", "yes")


def _read_text(parameter: Parameter, given: Any) -> str:
    return str(given)


def _read_line(parameter: Parameter, given: Any) -> str:
    return str(given).strip()


def _read_lines(parameter: Parameter, given: Any) -> list[str]:
    lines = given if isinstance(given, list) else str(given).splitlines()
    return [line.strip() for line in lines if line.strip()]


@dataclass(frozen=True, eq=False)  # eq=False: an Enum would merge members with equal rules
class KindRules:
    """What is common to the parameters of one kind.

    ``matches`` recognizes them by their JSON Schema; ``read`` is behind :meth:`Parameter.read`; ``free_text`` says
    that the control takes any text; ``empty`` is what an empty control holds.
    """

    matches: Callable[[Parameter], bool]
    read: Callable[[Parameter, Any], Any]
    free_text: bool = False
    empty: Any = None
    holds_pictures: bool = False


class Kind(Enum):
    """Which form control a parameter has. The first kind that matches is taken: a role decides before a type."""

    PROMPT = KindRules(lambda field: field.role is Role.PROMPT, _read_text, free_text=True, empty="")
    SEED = KindRules(lambda field: field.role is Role.SEED, _read_number)
    CHOICE = KindRules(lambda field: bool(field.enum), _read_choice)
    IMAGES = KindRules(lambda field: field.type == "array", _read_lines, free_text=True, empty="", holds_pictures=True)
    BOOLEAN = KindRules(lambda field: field.type == "boolean", _read_boolean, empty=False)
    NUMBER = KindRules(lambda field: field.type in ("integer", "number"), _read_number)
    IMAGE = KindRules(lambda field: field.format == "uri", _read_line, free_text=True, empty="", holds_pictures=True)
    OPEN_CHOICE = KindRules(lambda field: bool(field.examples), _read_line, free_text=True)
    TEXT = KindRules(lambda field: True, _read_text, free_text=True, empty="")

    @property
    def empty(self) -> Any:
        """What the form control holds when nothing is given."""
        return self.value.empty

    @property
    def holds_pictures(self) -> bool:
        """Whether a value is the address of a picture, or a list of such addresses."""
        return bool(self.value.holds_pictures)


TYPE_TEXTS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list of web addresses",
}
