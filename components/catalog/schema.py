"""The JSON Schema of a model's request body, as far as a form can follow it: fields, required fields, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from jsonschema import Draft202012Validator
from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from components.catalog.parameters import Parameter, Scalar, SchemaPart


class FieldTest(SchemaPart):
    """The values of one field that an ``if`` accepts: ``const`` or ``enum``."""

    const: Scalar | None = None
    enum: tuple[Scalar, ...] = ()

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The accepted values."""
        return self.enum if self.const is None else (self.const,)


class If(SchemaPart):
    """What a condition looks at: the values of fields, and which fields are given."""

    properties: Mapping[str, FieldTest] = {}
    required: tuple[str, ...] = ()


class Then(SchemaPart):
    """What a condition demands."""

    required: tuple[str, ...] = Field(min_length=1)


class Condition(SchemaPart):
    """An ``if``/``then`` rule: one field requires another."""

    if_: If = Field(alias="if")
    then: Then

    @property
    def tests(self) -> dict[str, tuple[Scalar, ...]]:
        """The accepted values by field."""
        return {name: test.values for name, test in self.if_.properties.items()}

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that are required where the condition holds."""
        return self.then.required

    @property
    def text(self) -> str:
        """``type is edit or inpaint``, ``mask_image is given``."""
        tests = [f"{name} is {' or '.join(map(str, values))}" for name, values in self.tests.items()]
        present = [f"{name} is given" for name in self.if_.required if name not in self.if_.properties]
        return " and ".join(tests + present)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the condition holds for a body. As in JSON Schema, a field that is not given passes its test."""
        given = all(name in values for name in self.if_.required)
        return given and all(values[name] in allowed for name, allowed in self.tests.items() if name in values)


class BodySchema(SchemaPart):
    """An entry's ``parameters``. ``raw`` is the schema as it is written in the file."""

    type: Literal["object"] = "object"
    required: tuple[str, ...] = ()
    properties: dict[str, Parameter] = Field(min_length=1)
    if_: If | None = Field(None, alias="if")
    then: Then | None = None
    all_of: tuple[Condition, ...] = Field((), alias="allOf")
    additional_properties: bool = Field(False, alias="additionalProperties")
    _raw: Mapping[str, Any] = PrivateAttr()

    @model_validator(mode="wrap")
    @classmethod
    def _keep_raw(cls, raw: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        schema = handler(raw)
        schema._raw = raw
        return schema

    @property
    def raw(self) -> Mapping[str, Any]:
        """The schema as it is written in the file."""
        return self._raw

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Checks the values of a body; undeclared fields are forbidden, which no entry has to spell out."""
        return Draft202012Validator({**self._raw, "additionalProperties": False})

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The ``if``/``then`` rules, whether written at the top or under ``allOf``."""
        top = (Condition.model_validate({"if": self.if_, "then": self.then}),) if self.if_ and self.then else ()
        return (*top, *self.all_of)
