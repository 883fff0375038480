"""The page's address: what is written can be read back, and nothing in it can do harm."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind, Parameter, Role
from components.catalog.requests import build_request, find_problems
from components.views.queries import (
    LONGEST_QUERY,
    GenerateQuery,
    ModelFilters,
    generate_query,
    read_generate_query,
    read_models_query,
    tab_of,
    write_generate_query,
    write_models_query,
)
from tests.ui import ROOT

WORDS = [
    "a fox",
    "100 % & more",
    "+plus +",
    "a=b;c",
    "é 🦊 \u202e",
    "line\nline",
    "#hash ?query",
    'it\'s "so"',
    "\\",
    "x" * 300,
]


def opened(catalog: Catalog, query: str) -> GenerateQuery:
    """As the page reads it: the query taken apart by the web's own rules."""
    return read_generate_query(catalog, parse_qs(query.removeprefix("?"), keep_blank_values=True))


def value(field: Parameter, chance: random.Random) -> Any:
    """A random legal value."""
    if field.enum:
        return chance.choice(field.enum)
    match field.kind:
        case Kind.IMAGES:
            return [
                f"https://a.example/{chance.choice('abc')}?x=1&y={at}#é"
                for at in range(chance.randint(1, field.max_items or 4))
            ]
        case Kind.IMAGE:
            return f"https://a.example/{chance.random()}.png?a=b&c=d"
        case Kind.NUMBER | Kind.SEED:
            return chance.randint(int(field.minimum or 0), int(field.maximum or 2**40))
        case _:
            return " ".join(chance.choices(WORDS, k=2)) + str(chance.random())


def form(model: Model, chance: random.Random) -> dict[str, Any]:
    """Random legal parameters of a model: any subset that may be sent."""
    needed = set(model.required)
    while True:
        given = {
            name: value(field, chance) for name, field in model.parameters.items() if name in needed or chance.random() < 0.6
        }
        if not find_problems(model, given):
            return given


def test_every_legal_form_can_be_written_and_read_back(catalog: Catalog) -> None:
    """For all models: the request that the address leads to is the one that was written."""
    chance = random.Random(7)
    for model in catalog.models:
        for _ in range(30):
            given = form(model, chance)

            opening = opened(catalog, write_generate_query(model, given))

            assert (opening.model, opening.notices, opening.chosen) == (model, (), True)
            read = build_request(catalog, model.id, opening.parameters)
            assert read.body == build_request(catalog, model.id, given).body


def test_what_equals_the_defaults_is_not_written(catalog: Catalog) -> None:
    """An address is as short as it can be."""
    for model in catalog.models:
        defaults = {name: field.default for name, field in model.parameters.items() if field.default is not None}

        assert write_generate_query(model, defaults) == f"?model={quote(model.id)}"
        assert write_generate_query(model, {model.by_role(Role.PROMPT) or "": ""}) == f"?model={quote(model.id)}"


def test_a_variant_is_not_confused_with_the_model(catalog: Catalog) -> None:
    """Both are called model in the API; in an address the second is called variant."""
    model = catalog.find("recraft-v4")
    assert model is not None

    assert (
        write_generate_query(model, {"model": "recraft-v4-text-to-vector"})
        == "?model=recraft-v4&variant=recraft-v4-text-to-vector"
    )
    assert (
        opened(catalog, "?model=recraft-v4&variant=recraft-v4-text-to-vector").parameters["model"]
        == "recraft-v4-text-to-vector"
    )


@pytest.mark.parametrize("length", [5_000, 11_000, 20_000, 100_000])
@pytest.mark.parametrize("sign", ["x", "é", "🦊"])
def test_an_address_stays_within_what_servers_take(length: int, sign: str, catalog: Catalog) -> None:
    """Too long a prompt is left out and everything else kept."""
    model = catalog.find("gpt-image-1.5-official")
    assert model is not None

    query = write_generate_query(model, {"prompt": sign * length, "quality": "high"})

    assert len(query) <= LONGEST_QUERY
    opening = opened(catalog, query)
    assert opening.parameters["quality"] == "high"
    assert opening.parameters.get("prompt", sign * length) == sign * length


def test_a_hundred_thousand_input_pictures_do_not_make_a_long_address(catalog: Catalog) -> None:
    """Addresses of pictures can be long too."""
    model = catalog.find("gpt-image-1.5-official")
    assert model is not None

    given = {"prompt": "a fox", "input_urls": [f"https://a.example/{'x' * 2000}"] * 40}

    assert len(write_generate_query(model, given)) <= LONGEST_QUERY


def test_half_a_character_does_not_break_the_address(catalog: Catalog) -> None:
    """A browser can hand over half of a surrogate pair."""
    assert write_generate_query(catalog.first, {"prompt": "\ud83e"}).startswith("?model=")


@pytest.mark.parametrize(
    ("query", "model", "words"),
    [
        ("", "gpt-image-1.5-official", []),
        ("?prompt=hello", "gpt-image-1.5-official", []),
        ("?model=", "gpt-image-1.5-official", []),
        ("?model=nothing", "gpt-image-1.5-official", ["no model", "nothing"]),
        ("?model=gpt-image-1-5&quality=high", "gpt-image-1.5-official", []),
        ("?model=flux-2&model=recraft-v4", "flux-2", []),
        ("?model=flux-2&resolution=8K", "flux-2", ["resolution", "1K, 2K"]),
        ("?model=kling-image-o1&num_images=99", "kling-image-o1", ["num_images", "1 to 9"]),
        ("?model=kling-image-o1&num_images=two", "kling-image-o1", ["num_images"]),
        ("?model=kling-image-o1&num_images=nan", "kling-image-o1", ["num_images"]),
        ("?model=kling-image-o1&num_images=1e400", "kling-image-o1", ["num_images"]),
        ("?model=kling-image-o1&num_images=1.5", "kling-image-o1", ["num_images"]),
        ("?model=flux-2&utm_source=x&key=sk-1&__theme=dark", "flux-2", []),
        ("?model=flux-2&prompt=" + "x" * 6000, "flux-2", []),
        ("?model=hunyuan-image-3&type=edit", "hunyuan-image-3", []),
        ("?model=flux-2&input_urls=javascript:alert(1)", "flux-2", []),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_and_left_out(query: str, model: str, words: list[str], catalog: Catalog) -> None:
    """The page opens whatever the address says; a text that can be corrected is shown as it came."""
    opening = opened(catalog, query)

    assert opening.model.id == model
    assert len(opening.notices) == (1 if words else 0)
    assert [word for word in words if word not in " ".join(opening.notices)] == []
    assert all(len(notice) < 300 for notice in opening.notices)
    wrong = {error.field for error in find_problems(opening.model, opening.parameters, prompt_needed=False)}
    controls = {name: opening.model.parameters[name].kind for name in wrong if name in opening.parameters}
    assert not {Kind.CHOICE, Kind.NUMBER, Kind.SEED, Kind.BOOLEAN} & set(controls.values())


def test_without_a_model_the_first_ones_example_is_shown(catalog: Catalog) -> None:
    """A page that opens for the first time is full."""
    opening = opened(catalog, "")

    assert opening.parameters == catalog.first.example
    assert not opening.chosen


@pytest.mark.parametrize(("replaced", "expected"), [("flux-2", "flux-2"), (None, "gpt-image-1.5-official")])
def test_a_retired_models_address_leads_to_what_replaces_it(replaced: str | None, expected: str) -> None:
    """With a sentence that says so."""
    text = (ROOT / "catalog.yaml").read_text()
    line = f"    status: retired\n    replaced_by: {replaced}\n" if replaced else "    status: retired\n"
    head, _, rest = text.partition("  - id: recraft-v4\n")
    catalog = parse_catalog(head + "  - id: recraft-v4\n" + rest.replace("    status: active\n", line, 1))

    opening = opened(catalog, "?model=recraft-v4&prompt=a+fox&image_size=64x64")

    assert opening.model.id == expected
    assert "retired" in opening.notices[0]
    assert opening.parameters["prompt"] == "a fox"


def test_an_address_names_its_tab() -> None:
    """The page knows which tabs there are."""
    assert [tab_of(query) for query in ({}, {"tab": []}, {"tab": ["models", "history"]})] == ["", "", "models"]


MAKERS, PRICES, MUST, GOOD = ["Zhipu AI / WaveSpeed", "xAI"], [0, 4, 12.5], ["image input", "callback"], ["edit", "photo"]


def filtered(query: str) -> ModelFilters:
    """As the comparison reads it."""
    offered = {"provider": MAKERS, "price": PRICES, "must": MUST, "good": GOOD, "sort": ("Seconds", "$ to")}
    return read_models_query(parse_qs(query.removeprefix("?"), keep_blank_values=True), offered)


@pytest.mark.parametrize("search", ["", "logo", "100 % & more", "é 🦊", "\\ #x=1+2"])
@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("all_of_them", [False, True])
def test_every_filter_of_the_table_can_be_written_and_read_back(search: str, price: float, all_of_them: bool) -> None:
    """Only what is set is written, so that a table as it opens has no query."""
    chosen = [tuple(values if all_of_them else ()) for values in (MAKERS, MUST, GOOD)]
    sort = "$ to" if all_of_them else ""
    filters = ModelFilters(search, chosen[0], price, chosen[1], chosen[2], sort, descending=bool(sort))

    query = write_models_query(filters)

    assert filtered(f"{query}&tab=models") == filters
    assert (query == "?") == (filters == ModelFilters())


@pytest.mark.parametrize(
    "query",
    [
        "provider=Nobody&must=<b>&good=evil", "price=1e999", "price=nan", "price=-4", "price=5", "price=four", "price=",
        "search=", "search=%20%0a", "provider=&must=&good=", "sort=From&order=descending", "__proto__=1",
    ],
)  # fmt: skip
def test_what_the_table_does_not_offer_is_passed_over(query: str) -> None:
    """Nothing is said of it: an address is no form."""
    assert filtered(f"?tab=models&{query}") == ModelFilters()


def test_the_table_is_filtered_by_its_own_address_only() -> None:
    """Another tab's parameters may have the same names; a search is never longer than a line."""
    assert filtered("?search=logo&good=edit") == ModelFilters()
    assert filtered("?tab=generate&search=logo&good=edit") == ModelFilters()
    assert len(filtered("?tab=models&search=" + "x" * 5000).search) == 200
    assert filtered("?tab=models&search=a%00b%0a%09c&good=photo&good=photo&good=edit") == ModelFilters(
        "a\x00b c", good=("edit", "photo")
    )


@pytest.mark.parametrize(
    ("query", "remembered", "model", "prompt"),
    [
        ("?model=flux-2&prompt=mine", "?model=recraft-v4&prompt=before", "flux-2", "mine"),
        ("", "?model=recraft-v4&prompt=before", "gpt-image-1.5-official", None),
        ("?tab=models&search=logo", "?model=recraft-v4&prompt=before", "recraft-v4", "before"),
        ("?tab=models&model=flux-2&prompt=mine", "?model=recraft-v4&prompt=before", "flux-2", "mine"),
        ("?tab=compare&models=flux-2&prompt=all", "?model=recraft-v4&prompt=before", "recraft-v4", "before"),
        ("?tab=compare&model=flux-2&prompt=all", "", "gpt-image-1.5-official", None),
        ("?tab=integrate&model=flux-2&__theme=dark", "?model=recraft-v4&prompt=before", "recraft-v4", "before"),
        ("?tab=integrate&model=flux-2", "", "flux-2", ""),
        ("?tab=integrate&model=flux-2&prompt=mine", "?model=recraft-v4&prompt=before", "flux-2", "mine"),
        ("?tab=models", "\udc00?model=%ff&&==", "gpt-image-1.5-official", None),
        ("?tab=models", "?model=recraft-v4&prompt=" + "x" * 50_000, "recraft-v4", "x" * 11_000),
    ],
)  # fmt: skip
def test_a_form_outlives_a_reload_on_another_tab(
    query: str, remembered: str, model: str, prompt: str | None, catalog: Catalog
) -> None:
    """An address that asks for a form wins over the one that was there before."""
    asked = generate_query(parse_qs(query.removeprefix("?"), keep_blank_values=True), remembered)

    opening = read_generate_query(catalog, asked)

    assert opening.model.id == model
    wanted = opening.model.example["prompt"] if prompt is None else prompt
    assert str(opening.parameters.get("prompt", "")).startswith(wanted)
