"""A catalog file becomes models, or an error that names file, line, model, field and the fix."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
import yaml

from components.catalog.loading import load_catalog, parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import price, price_list
from components.catalog.requests import build_request
from components.errors import CatalogError
from tests.catalog.large import SHIPPED, large_catalog

# One complete entry, with everything that a fault below is planted in.
ENTRY = """\
endpoint: {base_url: https://apiin.one, create: /api/v1/images/generations, status: "/api/v1/tasks/{task_id}", usd_per_credit: 0.01}
models:
  - id: flux-2                     # aliases: [...] also resolve to it
    name: Flux 2
    provider: Black Forest Labs
    icon: flow
    node: node41
    runtime: async
    webhook: true
    inputs: [text, image]
    output: image
    seconds: [3, 8]                # a range
    status: active
    source: somewhere
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
PRICES = ENTRY[ENTRY.index("      - {when") : ENTRY.index("    parameters")]
UP_TO_PROMPT = ENTRY[ENTRY.index("      - {credits: 5}") : ENTRY.index("        prompt: {")]
CHOICE = "resolution: {enum: [1K, 2K], default: 1K}"
NUMBER = "must be a number; write plain digits without quotes, such as 12 or 0.5."

# name -> text to replace, its replacement, line, field, words of the message
FAULTS: dict[str, tuple[str, str, int, str, tuple[str, ...]]] = {
    "unknown key": (NODE, "    nod: node41\n", 7, "nod", ("remove it, or correct its spelling",)),
    "missing price": (f"    price:\n{PRICES}", "", 3, "price", ("required", "add it")),
    "no price rule": (f"    price:\n{PRICES}", "    price: []\n", 16, "price", ("give at least one",)),
    "number in a text parameter": (CHOICE, "resolution: {enum: [1, 2]}", 26, "parameters.properties.resolution.enum.0",
                                   ("1 is not text", "put it in quotes")),
    "true as the default of a text parameter": (CHOICE, "resolution: {type: string, default: true}", 26,
                                                "parameters.properties.resolution.default", ("True is not text", "in quotes")),
    "yes as the default of a switch": (CHOICE, "resolution: {type: boolean, default: yes}", 26,
                                       "parameters.properties.resolution.default", ("'yes' is not of type 'boolean'",)),
    "default outside its enum": (CHOICE, "resolution: {enum: [1K, 2K], default: 3K}", 26,
                                 "parameters.properties.resolution.default", ("'3K'", "change one of them")),
    "misspelt JSON Schema key": ("maxLength: 5000", "maxLenght: 5000", 25, "parameters.properties.prompt.maxLenght",
                                 ("remove it, or correct its spelling",)),
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
    "per image with what may be a count": (UP_TO_PROMPT, UP_TO_PROMPT.replace("5}", "5, per: image}") + "        n: {type: integer}\n",
                                           20, "price.3.per", ("n is a whole number without a role", "x-role: count")),
    "date in a reply": (NODE, f"{NODE}    reply: {{source: s, body: {{at: 2026-11-22}}}}\n", 8, "reply.body.at", ("JSON",)),
    "page date in words": (NODE, f"{NODE}    source_dated: spring\n", 8, "source_dated", ("date", "unknown")),
    "good for several without a count": (NODE, f"{NODE}    good_for: [photo, several]\n", 8, "good_for.1",
                                         ("several, but no field has `x-role: count`", "take it out")),
    "good for what nobody looks for": (NODE, f"{NODE}    good_for: [fun]\n", 8, "good_for.0", ("'lettering'", "'enlarge'")),
    "negative price": ("{credits: 5}", "{credits: -5}", 20, "price.3.credits", ("greater than or equal to 0",)),
    "price beyond every number": ("{credits: 5}", "{credits: " + "9" * 400 + ".0}", 20, "price.3.credits", ("finite",)),
    "replaced by nobody": (NODE, f"{NODE}    replaced_by: flux-9\n", 8, "replaced_by", ("'flux-9'", "name a model")),
    "replaced by itself": (NODE, f"{NODE}    replaced_by: flux-2\n", 8, "replaced_by", ("no other model",)),
    "invalid example": (NODE, f"{NODE}    example: {{prompt: abc, size: 3}}\n", 8, "example", ("'size'", "valid request")),
    "length as text": ("minLength: 3", 'minLength: "3"', 25, "parameters.properties.prompt.minLength", ("must be a whole number",)),
    "yes for true": ("webhook: true", "webhook: yes", 9, "webhook", ("must be true or false; write true or false without quotes",)),
    "when of another type": ("{when: {resolution: 2K}", "{when: {prompt: 2}", 19, "price.2.when.prompt", ("2 is not text",)),
    "if of another type": ("      required: [prompt]\n", "      if: {properties: {type: {const: fast}}}\n      then: {required: [type]}\n",
                           23, "parameters.if.properties.type", ("'fast' is not one of pro, flex",)),
    "when on a list": ("{when: {resolution: 2K}", "{when: {resolution: [2K]}", 19, "price.2.when.resolution",
                       ("must be text, a number, true or false",)),
    "enum without a value": (CHOICE, "resolution: {enum: , default: 1K}", 26, "parameters.properties.resolution.enum",
                             ("has no value",)),
    "length without a value": ("minLength: 3", "minLength: ", 25, "parameters.properties.prompt.minLength", ("has no value",)),
    "if without a value": ("      required: [prompt]\n", "      if:\n      then: {required: [type]}\n", 23, "parameters.if",
                           ("has no value",)),
    "text as a price rule": ("{credits: 5}", "five", 20, "price.3", ("must be a mapping", "`key: value`")),
    "text as a list": ("inputs: [text, image]", "inputs: text", 10, "inputs", ("must be a list",)),
    "if without then": ("      required: [prompt]\n", "      if: {required: [type]}\n", 23, "parameters.if", ("go together",)),
    "if on an undeclared field": ("      required: [prompt]\n", "      if: {required: [size]}\n      then: {required: [type]}\n", 23,
                                  "parameters.if", ("'size' is no property",)),
    "if that compares with nothing": ("      required: [prompt]\n", "      if: {properties: {type: {}}}\n      then: {required: [type]}\n",
                                      23, "parameters.if", ("const or enum",)),
    "if that no form can follow": ("      required: [prompt]\n", "      if: {not: {required: [type]}}\n      then: {required: [type]}\n",
                                   23, "parameters.if.not", ("remove it",)),
    "seconds the wrong way round": ("seconds: [3, 8] ", "seconds: [8, 3] ", 12, "seconds", ("smaller number first",)),
    "alias of its own id": (NODE, f"{NODE}    aliases: [flux-2]\n", 8, "aliases.0", ("already names", "choose another")),
}  # fmt: skip


# text that is no catalog -> words of the message
NOT_A_CATALOG = {
    "": ("shop.yaml, line 1", "`endpoint:` and `models:`"),
    "# only a comment\n": ("line 1", "`models:`"),
    "- a list\n": ("line 1", "`models:`"),
    "just words": ("line 1", "`models:`"),
    ENTRY.replace(NODE, "   node: node41\n"): ("line 7", "not valid YAML"),
    ENTRY.replace(NODE, "\tnode: node41\n"): ("line 7", "not valid YAML"),
    ENTRY.replace(NODE, NODE + "    name: Again\n"): ("line 8", "`name` is written twice", "keep one"),
    ENTRY + "models: []\n": ("line 28", "`models` is written twice"),
    ENTRY.replace(NODE, "    node: *nowhere\n"): ("line 7", "undefined alias"),
    ENTRY.replace("name: Flux 2", "name: !!python/object/apply:os.getcwd []"): ("line 4", "tag", "not allowed"),
    "!!python/object/apply:os.getcwd []\n": ("line 1", "tag", "not allowed"),
    ENTRY.replace("name: Flux 2", "name: !secret Flux"): ("line 4", "!secret"),
    ENTRY.replace(NODE, "    node: \0\n"): ("shop.yaml", "not valid YAML"),
    ENTRY.replace("checked_on: 2026-11-22", "checked_on: 2026-13-45"): ("line 15", "month"),
    ENTRY.replace(NODE, "    ? [a, b]\n    : node41\n"): ("line 7", "cannot be a key"),
    ENTRY.replace(NODE, "    <<: 3\n"): ("line 7", "merging"),
    ENTRY.replace("{credits: 5}", "{credits: " + "9" * 5000 + "}"): ("line 20", "digits"),
}

# A value of the wrong type, and what it replaces: no other error than CatalogError may leave the loader.
WRONG_TYPES = [
    ("required: [prompt]", "required: 3"),
    ("required: [prompt]", "required: [[prompt]]"),
    ("      required: [prompt]\n", "      allOf: 3\n"),
    ("      required: [prompt]\n", "      allOf: [3]\n"),
    ("      required: [prompt]\n", "      if: 3\n      then: 4\n"),
    ("      required: [prompt]\n", "      if: {properties: {type: {const: flex}}}\n      then: {required: 4}\n"),
    ("models:\n", "models:\n  - 3\n"),
    ("        prompt: {", "        prompt: 3\n        other: {"),
    ("        prompt: {", "        3: {}\n        prompt: {"),
    ("    parameters:  ", "    parameters: 3\n    faq:  "),
]


def fault(text: str) -> str:
    """The message about a catalog text."""
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text, "shop.yaml")
    return str(caught.value)


def changed(old: str, new: str) -> str:
    """The entry with one passage replaced."""
    assert ENTRY.count(old) == 1, old
    return ENTRY.replace(old, new)


def test_a_complete_entry_loads_and_prices_a_request() -> None:
    catalog = parse_catalog(ENTRY)
    request = build_request(catalog, "flux-2", {"prompt": "a fox", "type": "flex", "resolution": "2K"})

    assert price(catalog, request).credits == 24
    assert request.body == {"model": "flux-2", "prompt": "a fox", "resolution": "2K", "type": "flex"}


@pytest.mark.parametrize(("old", "new", "line", "field", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_file_line_model_field_and_fix(
    old: str, new: str, line: int, field: str, words: tuple[str, ...]
) -> None:
    message = fault(changed(old, new))

    assert message.startswith(f"shop.yaml, line {line}, model flux-2, field {field}: ")
    for word in words:
        assert word in message
    assert len(message.splitlines()) == 1, "one fault is one line, without its consequences"


# how a number is written -> its value, None for what is refused
NUMBERS: dict[str, float | None] = {
    "0": 0, "12": 12, "5000": 5000, "0.5": 0.5, "12.0": 12, "12.50": 12.5, "-0": 0,
    "no": None, "yes": None, "off": None, "On": None, "true": None, "False": None,
    "010": None, "007": None, "0x1F": None, "0o17": None, "0b101": None, "1_000": None, "1:30": None, "1:30.5": None,
    "12e3": None, "1.2e+3": None, ".5": None, "5.": None, "+5": None, "00.5": None, "12 credits": None, "$12": None,
    '"12"': None, "'12'": None, ".inf": None, "-.inf": None, ".nan": None, "~": None, "": None, "[12]": None, "2026-11-22": None,
}  # fmt: skip


def test_a_number_is_plain_digits_and_anything_else_an_error_with_its_line() -> None:
    """YAML 1.1 reads `no` as false, 010 as 8 and 1:30 as 90; a price must be what is written."""
    for written, value in NUMBERS.items():
        places = [
            ("{credits: 5}", f"{{credits: {written}}}", 20),
            ("seconds: [3, 8] ", f"seconds:\n      - 0\n      - {written}\n", 14),
            ("usd_per_credit: 0.01", f"usd_per_credit: {written}", 1),
        ]
        for position, (old, new, line) in enumerate(places):
            text = changed(old, new)
            if value is None:
                message = fault(text)
                assert message.startswith(f"shop.yaml, line {line}"), (new, message)
                assert message.endswith(NUMBER), (new, message)
                assert len(message.splitlines()) == 1, (new, message)
            elif value or "usd" not in new:  # a credit that costs nothing is another fault
                catalog = parse_catalog(text)
                model = catalog.models[0]
                assert model.seconds is not None
                read = (model.price[-1].credits, model.seconds[1], catalog.endpoint.usd_per_credit)
                assert read[position] == value, new


def test_words_and_ratios_without_quotes_are_the_text_that_is_written() -> None:
    text = changed(CHOICE, "resolution: {enum: [16:9, 1:30, no, Yes, 010, 0x1F, 1_000], default: 16:9}")

    resolution = parse_catalog(text.replace("resolution: 2K", "resolution: no")).models[0].parameters["resolution"]

    assert resolution.enum == ("16:9", "1:30", "no", "Yes", "010", "0x1F", "1_000")
    assert resolution.default == "16:9"


def test_a_name_must_be_unique() -> None:
    for entry, line, field in (
        (SECOND.replace("id: second", "id: flux-2"), 28, "id"),
        (SECOND.replace("    name: Second", "    aliases: [other, flux-2]\n    name: Second"), 29, "aliases.1"),
    ):
        message = fault(ENTRY + entry)

        assert message.startswith(f"shop.yaml, line {line}, model ")
        assert f"field {field}: 'flux-2' already names flux-2; choose another." in message


def test_a_variant_may_not_be_the_name_of_another_model_nor_an_alias_and_a_former_id_stands_for_a_variant() -> None:
    variants = "parameters: {properties: {model: {enum: [fast, slow], default: fast}, "
    entry = SECOND.replace("parameters: {properties: {", variants)
    parse_catalog(ENTRY + entry)
    parse_catalog(ENTRY + entry.replace("id: second", "id: fast"))
    for old, new, line, words in [
        ("[fast, slow]", "[fast, flux-2]", 35, "model second, field parameters.properties.model.enum.1: 'flux-2' already names flux-2"),
        ("    name: Second", "    aliases: [slow]\n    name: Second", 36, "model.enum.1: 'slow' already names second"),
        ("id: second", "id: slow", 28, "is a variant but not the default one"),
        ("    name: Second", "    variant_aliases: {flux-2: slow}\n    name: Second", 29, "aliases.flux-2: 'flux-2' already names"),
        ("    name: Second", "    variant_aliases: {slower: slowest}\n    name: Second", 29, "former id and one of the variants"),
        ("    name: Second", "    variant_aliases: {fast: slow}\n    name: Second", 29, "former id and one of the variants"),
    ]:  # fmt: skip
        assert entry.count(old) == 1, old
        message = fault(ENTRY + entry.replace(old, new))
        assert f"line {line}, " in message, message
        assert words in message


def test_all_faults_of_a_file_are_reported_together() -> None:
    text = changed(CHOICE, "resolution: {enum: [1K, 2K], default: 3K}") + SECOND.replace(
        "price: [{credits: 1}]", "price: [{when: {prompt: a}, credits: 1}]"
    )

    lines = fault(text).splitlines()

    assert [line.split(":")[0] for line in lines] == [
        "shop.yaml, line 26, model flux-2, field parameters.properties.resolution.default",
        "shop.yaml, line 34, model second, field price.0",
    ]


def test_text_that_is_no_catalog_is_refused_with_its_line() -> None:
    for text, words in NOT_A_CATALOG.items():
        message = fault(text)
        assert [word for word in words if word not in message] == [], message


def test_a_value_of_the_wrong_type_is_a_catalog_error_with_its_line() -> None:
    for old, new in WRONG_TYPES:
        assert fault(changed(old, new)).startswith("shop.yaml, line "), new


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "picture.yaml"
    binary.write_bytes(b"\x89PNG\xff\xfe")

    for path, words in ((tmp_path / "missing.yaml", "cannot be read"), (binary, "not UTF-8"), (tmp_path, "cannot be read")):
        with pytest.raises(CatalogError, match=words) as caught:
            load_catalog(path)
        assert str(path) in str(caught.value)


def test_a_model_is_added_by_an_entry_alone(tmp_path: Path, catalog: Catalog) -> None:
    copy = tmp_path / "catalog.yaml"
    copy.write_text(SHIPPED.read_text(encoding="utf-8") + "\n" + SECOND, encoding="utf-8")

    longer = load_catalog(copy)

    assert [row.model.id for row in price_list(longer)] == ["second", *(row.model.id for row in price_list(catalog))]
    assert build_request(longer, "second", {"prompt": "a fox"}).body == {"model": "second", "prompt": "a fox"}


def test_anchors_aliases_and_merge_keys_work_and_a_fault_in_them_has_its_line() -> None:
    text = changed("  - id: flux-2 ", "  - &flux\n    id: flux-2 ").replace("price:\n", "price: &prices\n")
    merged = "  - <<: *flux\n    id: second\n    price: *prices\n    name: Second\n"

    flux, second = parse_catalog(text + merged).models

    assert second.model_dump() == flux.model_dump() | {"id": "second", "name": "Second"}
    assert second.json_schema is flux.json_schema, "aliases share the data, however often they are used"
    assert fault(text + merged + "    icon: 3\n").startswith("shop.yaml, line 33, model second, field icon: ")
    in_anchor = fault(text.replace("icon: flow", "icon: 3") + merged).splitlines()
    assert [line.split(":")[0] for line in in_anchor] == [
        "shop.yaml, line 7, model flux-2, field icon",
        "shop.yaml, line 7, model second, field icon",
    ]
    assert "line 32" in fault(text + merged.replace("name: Second", "id: third"))


def test_a_catalog_of_a_thousand_models_with_anchors_loads_like_the_shipped_one(catalog: Catalog) -> None:
    large = parse_catalog(large_catalog(1001))

    assert len(large.models) == len({model.id for model in large.models}) == 1001
    assert large.models[: len(catalog.models)] == catalog.models
    assert gc.isenabled()
    copy, merged = large.models[-2], large.models[-1]
    original = catalog.find(copy.id.rpartition("-")[0])
    assert original is not None
    assert (copy.price, copy.json_schema) == (original.price, original.json_schema)
    assert (merged.id, merged.price, merged.example) == ("merged", catalog.models[0].price, catalog.models[0].example)


def test_a_catalog_is_read_as_yaml_reads_it(catalog: Catalog) -> None:
    """Data is built from the nodes by the loader itself; PyYAML's own construction must agree."""
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))

    assert Catalog.model_validate(data) == catalog
    assert [model.json_schema for model in catalog.models] == [entry["parameters"] for entry in data["models"]]
