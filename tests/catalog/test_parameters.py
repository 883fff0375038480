"""A parameter has a kind, and its kind says how a value is read from a form or a link and put into a form."""

from __future__ import annotations

from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Kind, Parameter

WEB = "https://a.example/1.png"
# kind -> its JSON Schema, then (what a control or a link holds, the value)
CASES: dict[Kind, tuple[dict[str, Any], list[tuple[Any, Any]]]] = {
    Kind.PROMPT: ({"x-role": "prompt"}, [(" a fox ", " a fox "), (["a fox", "two"], "a fox"), ("", None), (None, None)]),
    Kind.TEXT: ({}, [("blur", "blur"), (["blur"], "blur"), ("", None)]),
    Kind.CHOICE: ({"enum": [1, 2]}, [(1, 1), (["2"], 2), ("9", "9"), (None, None)]),
    Kind.OPEN_CHOICE: ({"examples": ["1:1"]}, [(" 2:1 ", "2:1"), ("  ", None)]),
    Kind.NUMBER: ({"type": "integer"}, [(3.0, 3), (["4"], 4), (["two"], "two"), (0, 0), (["1e300"], 1e300), (2**53 + 1, 2**53 + 1), (None, None)]),
    Kind.SEED: ({"type": "integer", "x-role": "seed"}, [(-1.0, -1), (["1.5"], 1.5), ("", None)]),
    Kind.BOOLEAN: ({"type": "boolean"}, [(False, False), (["true"], True), (["no"], False)]),
    Kind.IMAGE: ({"format": "uri"}, [(f" {WEB} ", WEB), ([WEB, "x"], WEB), (" ", None)]),
    Kind.IMAGES: ({"type": "array"}, [(f" {WEB} \r\n\n x", [WEB, "x"]), ([WEB, WEB], [WEB, WEB]), (" \n\t\n", None), ([], None)]),
}  # fmt: skip


def test_every_kind_is_recognized_by_its_schema_and_reads_its_values() -> None:
    assert set(CASES) == set(Kind)
    for kind, (schema, values) in CASES.items():
        parameter = Parameter.model_validate(schema)
        assert parameter.kind is kind
        for given, value in values:
            read = parameter.read(given)
            assert (read, type(read)) == (value, type(value)), (kind, given)
            assert parameter.read(parameter.control_value(value)) == value


def test_an_invalid_value_is_shown_only_by_a_control_that_takes_free_text() -> None:
    showing = {kind for kind, (schema, _) in CASES.items() if Parameter.model_validate(schema).can_show("too long")}

    assert showing == {Kind.PROMPT, Kind.TEXT, Kind.OPEN_CHOICE, Kind.IMAGE}
    images = Parameter.model_validate(CASES[Kind.IMAGES][0])
    assert [images.can_show(value) for value in (["javascript:"], [1], "one", None)] == [True, False, False, False]
    assert not Parameter().can_show(3)


def test_defaults_survive_the_form(catalog: Catalog) -> None:
    for model in catalog.models:
        for parameter in model.parameters.values():
            assert parameter.read(parameter.control_value(parameter.default)) == parameter.default
