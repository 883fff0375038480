"""A catalog file becomes models, or an error that names file, line, model, field and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.catalog.loading import load_catalog, parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import price, price_list
from components.catalog.requests import build_request
from components.errors import CatalogError

ROOT = Path(__file__).parents[2]

# As the design shows an entry; its excerpt of the parameters is closed with the one more field its prices look at.
DESIGNED = """\
endpoint: {base_url: https://apiin.one, create: /api/v1/images/generations, status: "/api/v1/tasks/{task_id}", usd_per_credit: 0.01}
models:
  - id: flux-2                     # what a person picks; aliases: [...] also resolve to it
    name: Flux 2
    provider: Black Forest Labs
    icon: "⬛"
    node: node41
    runtime: async
    webhook: true
    inputs: [text, image]
    output: image
    seconds: [3, 8]                # the page's own range
    status: active
    source: the page it was read from
    checked_on: 2026-11-22
    price:
      - {when: {type: flex, resolution: 2K}, credits: 24}
      - {when: {type: flex}, credits: 14}
      - {when: {resolution: 2K}, credits: 7}
      - {credits: 5}
    parameters:                    # JSON Schema of the body, less `model` unless the model has variants
      type: object
      required: [prompt]
      properties:
        prompt: {type: string, minLength: 3, maxLength: 5000, x-role: prompt}
        resolution: {enum: [1K, 2K], default: 1K}
        type: {enum: [pro, flex], default: pro}
"""
SECOND = """\
  - id: second
    name: Second
    provider: Nobody
    inputs: [text]
    source: nowhere
    checked_on: 2026-11-22
    price: [{credits: 1}]
    parameters: {properties: {prompt: {type: string, minLength: 1, x-role: prompt}}}
"""
NODE = "    node: node41\n"
PRICES = DESIGNED[DESIGNED.index("      - {when") : DESIGNED.index("    parameters")]
CHOICE = "resolution: {enum: [1K, 2K], default: 1K}"
QUOTE = 'quote it (YAML reads a bare 16:9 as the number 969, and a bare yes as true): "16:9"'

# name -> text to replace, its replacement, line, field, words of the message
FAULTS: dict[str, tuple[str, str, int, str, tuple[str, ...]]] = {
    "unknown key": (NODE, "    nod: node41\n", 7, "nod", ("remove it, or correct its spelling",)),
    "missing price": (f"    price:\n{PRICES}", "", 3, "price", ("required", "add it")),
    "no price rule": (f"    price:\n{PRICES}", "    price: []\n", 16, "price", ("give at least one",)),
    "bare ratio": (CHOICE, "resolution: {enum: [16:9, 4:3]}", 26, "parameters.properties.resolution.enum.0", ("969", QUOTE)),
    "bare yes": (CHOICE, "resolution: {enum: [yes, no]}", 26, "parameters.properties.resolution.enum.0", ("True", QUOTE)),
    "bare default": (CHOICE, "resolution: {type: string, default: 9:16}", 26, "parameters.properties.resolution.default",
                     ("556", QUOTE)),
    "default outside its enum": (CHOICE, "resolution: {enum: [1K, 2K], default: 3K}", 26,
                                 "parameters.properties.resolution.default", ("'3K'", "change one of them")),
    "misspelt JSON Schema key": ("maxLength: 5000", "maxLenght: 5000", 25, "parameters.properties.prompt.maxLenght",
                                 ("correct it or take it out",)),
    "prompt without minLength": ("minLength: 3, ", "", 25, "parameters.properties.prompt", ("add minLength: 1",)),
    "no prompt role": (", x-role: prompt", "", 24, "parameters.properties", ("x-role: prompt",)),
    "required but undeclared": ("required: [prompt]", "required: [prompt, size]", 23, "parameters.required.1", ("'size'",)),
    "last price rule with when": ("      - {credits: 5}\n", "", 19, "price.2", ("without `when` at the end",)),
    "rule after the one that holds always": (PRICES, f"      - {{credits: 5}}\n{PRICES}", 18, "price.1", ("can never apply",)),
    "rule that an earlier rule covers": ("{type: flex, resolution: 2K}, credits: 24", "{type: flex}, credits: 14", 18, "price.1",
                                         ("can never apply",)),
    "when on an undeclared field": ("{when: {resolution: 2K}", "{when: {size: 2K}", 19, "price.2.when.size",
                                    ("no parameter of this model", "name a declared one")),
    "when on an undeclared value": ("{when: {resolution: 2K}", "{when: {resolution: 4K}", 19, "price.2.when.resolution",
                                    ("'4K' is not one of 1K, 2K", "use an allowed value")),
    "per image without a count": ("{credits: 5}", "{credits: 5, per: image}", 20, "price.3.per", ("x-role: count",)),
    "good for several without a count": (NODE, f"{NODE}    good_for: [photo, several]\n", 8, "good_for.1",
                                         ("several, but no field has `x-role: count`", "take it out")),
    "good for what nobody looks for": (NODE, f"{NODE}    good_for: [fun]\n", 8, "good_for.0", ("'lettering'", "'enlarge'")),
    "negative price": ("{credits: 5}", "{credits: -5}", 20, "price.3.credits", ("greater than or equal to 0",)),
    "infinite price": ("{credits: 5}", "{credits: .inf}", 20, "price.3.credits", ("finite",)),
    "replaced by nobody": (NODE, f"{NODE}    replaced_by: flux-9\n", 8, "replaced_by", ("'flux-9'", "name a model")),
    "replaced by itself": (NODE, f"{NODE}    replaced_by: flux-2\n", 8, "replaced_by", ("no other model",)),
    "illegal example": (NODE, f"{NODE}    example: {{prompt: abc, size: 3}}\n", 8, "example", ("'size'", "legal request")),
    "seconds the wrong way round": ("seconds: [3, 8] ", "seconds: [8, 3] ", 12, "seconds", ("smaller number first",)),
    "alias of its own id": (NODE, f"{NODE}    aliases: [flux-2]\n", 8, "aliases.0", ("already names", "choose another")),
}  # fmt: skip


def fault(text: str) -> str:
    """The one-line complaint about a catalog text."""
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text, "shop.yaml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    """The designed catalog with one passage replaced."""
    assert DESIGNED.count(old) == 1
    return DESIGNED.replace(old, new)


def test_the_designed_entry_loads_as_it_stands_in_the_design() -> None:
    catalog = parse_catalog(DESIGNED)
    request = build_request(catalog, "flux-2", {"prompt": "a fox", "type": "flex", "resolution": "2K"})

    assert price(catalog, request).credits == 24
    assert request.body == {"model": "flux-2", "prompt": "a fox", "resolution": "2K", "type": "flex"}


@pytest.mark.parametrize(("old", "new", "line", "field", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_file_line_model_field_and_fix(
    old: str, new: str, line: int, field: str, words: tuple[str, ...]
) -> None:
    said = fault(changed(old, new))

    assert said.startswith(f"shop.yaml, line {line}, model flux-2, field {field}: ")
    for word in words:
        assert word in said
    assert len(said.splitlines()) == 1, "one fault is one line, without consequences of it"


@pytest.mark.parametrize(
    ("entry", "line", "field"),
    [
        (SECOND.replace("id: second", "id: flux-2"), 28, "id"),
        (SECOND.replace("    name: Second", "    aliases: [other, flux-2]\n    name: Second"), 29, "aliases.1"),
    ],
    ids=["id", "alias"],
)
def test_a_name_may_stand_for_one_model_only(entry: str, line: int, field: str) -> None:
    said = fault(DESIGNED + entry)

    assert said.startswith(f"shop.yaml, line {line}, model ")
    assert f"field {field}: 'flux-2' already names flux-2; choose another." in said


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = changed(CHOICE, "resolution: {enum: [1K, 2K], default: 3K}") + SECOND.replace(
        "price: [{credits: 1}]", "price: [{when: {prompt: a}, credits: 1}]"
    )

    lines = fault(text).splitlines()

    assert [line.split(":")[0] for line in lines] == [
        "shop.yaml, line 26, model flux-2, field parameters.properties.resolution.default",
        "shop.yaml, line 34, model second, field price.0",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("shop.yaml, line 1", "empty", "`endpoint:` and `models:`")),
        ("# nothing but a remark\n", ("line 1", "empty")),
        ("- a list\n", ("line 1", "top level")),
        ("just words", ("line 1", "top level")),
        (changed(NODE, "   node: node41\n"), ("line 7", "not valid YAML", "Fix the indentation")),
        (changed(NODE, "\tnode: node41\n"), ("line 7", "not valid YAML")),
        (changed(NODE, NODE + "    name: Again\n"), ("line 8", "`name` is written twice", "keep one")),
        (DESIGNED + "models: []\n", ("line 28", "`models` is written twice")),
        (changed(NODE, "    node: &n node41\n    icon2: *n\n"), ("line 8", "aliases", "write it out")),
        (changed("name: Flux 2", "name: !!python/object/apply:os.getcwd []"), ("line 4", "tag", "not allowed")),
        ("!!python/object/apply:os.getcwd []\n", ("line 1", "tag", "not allowed")),
        (changed("name: Flux 2", "name: !secret Flux"), ("line 4", "!secret", "remove it")),
        (changed(NODE, "    node: \0\n"), ("shop.yaml", "not valid YAML")),
        ("[" * 100_000, ("line 1", "levels deep")),
        ("{a: " * 100_000, ("line 1", "levels deep")),
        ("- " * 100_000 + "x", ("line 1", "levels deep")),
        (DESIGNED + "#" * 1_000_001, ("shop.yaml", "larger than 1,000,000")),
    ],
    ids=["empty", "remark", "list", "words", "indentation", "tab", "twin key", "twin top key", "alias", "python tag", "python tag on top",
         "own tag", "control character", "deep lists", "deep mappings", "deep dashes", "too large"],
)  # fmt: skip
def test_text_that_is_no_catalog_is_refused_with_its_place(text: str, words: tuple[str, ...]) -> None:
    said = fault(text)

    for word in words:
        assert word in said


def test_a_bomb_of_aliases_is_refused_at_its_first_alias() -> None:
    bomb = "a0: &a0 [x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))

    assert fault(bomb).startswith("shop.yaml, line 2: YAML aliases")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("checked_on: 2026-11-22", "checked_on: 2026-13-45"),
        (NODE, "    node: !!int words\n"),
        (NODE, "    ? [a, b]\n    : node41\n"),
        ("{credits: 5}", "{credits: " + "9" * 5000 + "}"),
        ("required: [prompt]", "required: 3"),
        ("required: [prompt]", "required: [[prompt]]"),
        ("      required: [prompt]\n", "      allOf: 3\n"),
        ("      required: [prompt]\n", "      allOf: [3]\n"),
        ("      required: [prompt]\n", "      if: 3\n      then: 4\n"),
        ("      required: [prompt]\n", "      if: {properties: {type: {const: flex}}}\n      then: {required: 4}\n"),
        ("{when: {resolution: 2K}", "{when: {resolution: [2K]}"),
        ("models:\n", "models:\n  - 3\n"),
        ("        prompt: {", "        prompt: 3\n        other: {"),
    ],
    ids=["no such date", "no number", "list as a key", "endless number", "required as number", "required as lists", "allOf as number",
         "allOf of numbers", "if as number", "then without a list", "list in when", "number as model", "number as property"],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_a_catalog_error_with_its_file(old: str, new: str) -> None:
    """Nothing but a CatalogError leaves the loader, whatever stands in the file."""
    assert fault(changed(old, new)).startswith("shop.yaml, line ")


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "picture.yaml"
    binary.write_bytes(b"\x89PNG\xff\xfe")

    for path, words in ((tmp_path / "missing.yaml", "cannot be read"), (binary, "not UTF-8"), (tmp_path, "cannot be read")):
        with pytest.raises(CatalogError, match=words) as caught:
            load_catalog(path)
        assert str(path) in str(caught.value)


def test_a_model_is_added_by_an_entry_alone(tmp_path: Path, catalog: Catalog) -> None:
    copy = tmp_path / "catalog.yaml"
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    copy.write_text(text + "\n" + SECOND, encoding="utf-8")

    longer = load_catalog(copy)

    assert [row.model.id for row in price_list(longer)] == ["second", *(row.model.id for row in price_list(catalog))]
    assert build_request(longer, "second", {"prompt": "a fox"}).body == {"model": "second", "prompt": "a fox"}


def test_the_safe_loader_reads_the_same_as_the_fast_one(tmp_path: Path) -> None:
    """The shipped file holds nothing on which the two YAML loaders differ."""
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")

    assert yaml.safe_load(text) == yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
