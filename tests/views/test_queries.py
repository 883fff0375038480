"""The query strings of Generate, Models & prices and History: what is written is read back, and nothing in one does harm."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind, Parameter, Role
from components.catalog.requests import build_request, find_problems
from components.errors import InputError
from components.jobs.store.groups import HistoryOrder
from components.jobs.store.history import JobFilter
from components.views.queries.generate import GenerateQuery, generate_query, read_generate_query, write_generate_query
from components.views.queries.history import HistoryFilters, read_history_order, read_history_query, write_history_query
from components.views.queries.models import ModelFilters, read_models_query, write_models_query
from components.views.queries.query import LONGEST_QUERY, first_value
from tests.views.conftest import retired_catalog

GPT = "gpt-image-1.5-official"
WORDS = [
    "a fox", "100 % & more", "+plus +", "a=b;c", "é 🦊 \u202e", "line\nline", "#hash ?query", 'it\'s "so"', "\\", "x" * 300,
]  # fmt: skip


def parsed(query: str) -> dict[str, list[str]]:
    """The query as a web server takes it apart."""
    return parse_qs(query.removeprefix("?"), keep_blank_values=True)


def opened(catalog: Catalog, query: str) -> GenerateQuery:
    return read_generate_query(catalog, parsed(query))


def model_of(catalog: Catalog, model_id: str) -> Model:
    model = catalog.find(model_id)
    assert model is not None
    return model


def test_an_address_names_its_tab() -> None:
    assert [first_value(query, "tab") for query in ({}, {"tab": []}, {"tab": ["models", "history"]})] == ["", "", "models"]


# -- Generate --


def value(parameter: Parameter, chance: random.Random) -> Any:
    """A random legal value."""
    if parameter.enum:
        return chance.choice(parameter.enum)
    match parameter.kind:
        case Kind.IMAGES:
            count = chance.randint(1, parameter.max_items or 4)
            return [f"https://a.example/{chance.choice('abc')}?x=1&y={number}#é" for number in range(count)]
        case Kind.IMAGE:
            return f"https://a.example/{chance.random()}.png?a=b&c=d"
        case Kind.NUMBER | Kind.SEED:
            return chance.randint(int(parameter.minimum or 0), int(parameter.maximum or 2**40))
        case _:
            return " ".join(chance.choices(WORDS, k=2)) + str(chance.random())


def form(model: Model, chance: random.Random) -> dict[str, Any]:
    """Random legal parameters of a model: any subset that may be sent."""
    while True:
        names = [name for name in model.parameters if name in model.required or chance.random() < 0.6]
        given = {name: value(model.parameters[name], chance) for name in names}
        if not find_problems(model, given):
            return given


def test_every_legal_form_is_read_back(catalog: Catalog) -> None:
    """For all models: the query leads to the request that it was written for."""
    chance = random.Random(7)
    for model in catalog.models:
        for _ in range(30):
            given = form(model, chance)
            read = opened(catalog, write_generate_query(model, given))

            assert (read.model, read.notices, read.chosen) == (model, (), True)
            assert build_request(catalog, model.id, read.parameters).body == build_request(catalog, model.id, given).body


def test_a_query_holds_only_what_differs_from_the_defaults(catalog: Catalog) -> None:
    """The variant is called model in the API, and variant in a query."""
    for model in catalog.models:
        defaults = {name: parameter.default for name, parameter in model.parameters.items() if parameter.default is not None}
        for given in (defaults, {model.by_role(Role.PROMPT) or "": ""}):
            assert write_generate_query(model, given) == f"?model={quote(model.id)}"
    query = "?model=recraft-v4&variant=recraft-v4-text-to-vector"
    assert write_generate_query(model_of(catalog, "recraft-v4"), {"model": "recraft-v4-text-to-vector"}) == query
    assert opened(catalog, query).parameters["model"] == "recraft-v4-text-to-vector"


def test_a_query_is_never_longer_than_servers_accept(catalog: Catalog) -> None:
    """Too long a prompt is left out and everything else kept; a lone surrogate is replaced."""
    model = model_of(catalog, GPT)
    for sign in "xé🦊":
        for length in (5_000, 11_000, 20_000, 100_000):
            query = write_generate_query(model, {"prompt": sign * length, "quality": "high"})
            assert len(query) <= LONGEST_QUERY
            read = opened(catalog, query).parameters
            assert (read["quality"], read.get("prompt", sign * length)) == ("high", sign * length)
    pictures = [f"https://a.example/{'x' * 2000}"] * 40
    assert len(write_generate_query(model, {"prompt": "a fox", "input_urls": pictures})) <= LONGEST_QUERY
    assert write_generate_query(model, {"prompt": "\ud83e"}).endswith("prompt=%3F")


@pytest.mark.parametrize(
    ("query", "model", "words"),
    [
        ("", GPT, []),
        ("?prompt=hello", GPT, []),
        ("?model=", GPT, []),
        ("?model=nothing", GPT, ["no model", "nothing"]),
        ("?model=gpt-image-1-5&quality=high", GPT, []),
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
def test_what_cannot_be_used_is_named_and_left_out(query: str, model: str, words: list[str], catalog: Catalog) -> None:
    """The page opens whatever the address says; an illegal text that can be corrected is shown as it came."""
    read = opened(catalog, query)

    assert read.model.id == model
    assert len(read.notices) == (1 if words else 0)
    assert [word for word in words if word not in " ".join(read.notices)] == []
    assert all(len(notice) < 300 for notice in read.notices)
    for problem in find_problems(read.model, read.parameters, prompt_needed=False):
        if problem.field in read.parameters:
            assert read.model.parameters[problem.field].can_show(read.parameters[problem.field])


def test_without_a_model_the_first_one_opens_with_its_example(catalog: Catalog) -> None:
    assert opened(catalog, "") == GenerateQuery(catalog.first, catalog.first.example)


def test_a_retired_model_leads_to_its_successor() -> None:
    """Or to the first model, with a sentence that says so."""
    for successor, expected in (("flux-2", "flux-2"), ("", GPT)):
        read = opened(retired_catalog("recraft-v4", successor), "?model=recraft-v4&prompt=a+fox&image_size=64x64")

        assert (read.model.id, read.parameters["prompt"]) == (expected, "a fox")
        assert "retired" in read.notices[0]


def test_the_form_outlives_a_reload_on_another_tab(catalog: Catalog) -> None:
    """An address that speaks of the form wins over the form that was there before."""
    before = "?model=recraft-v4&prompt=before"
    for query, remembered, model, prompt in (
        ("?model=flux-2&prompt=mine", before, "flux-2", "mine"),
        ("", before, GPT, None),
        ("?tab=models&search=logo", before, "recraft-v4", "before"),
        ("?tab=models&model=flux-2&prompt=mine", before, "flux-2", "mine"),
        ("?tab=compare&models=flux-2&prompt=all", before, "recraft-v4", "before"),
        ("?tab=compare&model=flux-2&prompt=all", "", GPT, None),
        ("?tab=integrate&model=flux-2&__theme=dark", before, "recraft-v4", "before"),
        ("?tab=integrate&model=flux-2", "", "flux-2", ""),
        ("?tab=integrate&model=flux-2&prompt=mine", before, "flux-2", "mine"),
        ("?tab=models", "\udc00?model=%ff&&==", GPT, None),
        ("?tab=models", "?model=recraft-v4&prompt=" + "x" * 50_000, "recraft-v4", "x" * 11_000),
    ):
        read = read_generate_query(catalog, generate_query(parsed(query), remembered))

        assert read.model.id == model, query
        assert str(read.parameters.get("prompt", "")).startswith(read.model.example["prompt"] if prompt is None else prompt)


def test_an_address_that_names_a_variant_opens_the_form_with_it(catalog: Catalog) -> None:
    for query, model, variant in (
        ("?model=imagen4-ultra", "imagen-4", "imagen4-ultra"),
        ("?model=imagen4-ultra&variant=imagen4-fast", "imagen-4", "imagen4-fast"),
        ("?model=imagen-4", "imagen-4", "imagen4"),  # its example
        ("?model=recraft-v4-text-to-vector-pro", "recraft-v4", "recraft-v4-pro-text-to-vector"),
        ("?model=recraft-v4&variant=recraft-v4-text-to-vector-pro", "recraft-v4", "recraft-v4-pro-text-to-vector"),
    ):
        read = opened(catalog, query)
        assert (read.model.id, read.parameters.get("model"), read.notices) == (model, variant, ()), query


# -- Models & prices --

OFFERED = {
    "provider": ["Zhipu AI / WaveSpeed", "xAI"], "price": [0, 4, 12.5], "must": ["image input", "callback"],
    "good": ["edit", "photo"], "sort": ["Seconds", "$ to"],
}  # fmt: skip


def models_filters(query: str) -> ModelFilters:
    return read_models_query(parsed(query), OFFERED)


def test_every_filter_of_the_price_list_is_read_back() -> None:
    """Only what is set is written."""
    everything = {"providers": tuple(OFFERED["provider"]), "must": tuple(OFFERED["must"]), "good": tuple(OFFERED["good"])}
    for search in ("", "logo", "100 % & more", "é 🦊", "\\ #x=1+2"):
        for price in (0, 4, 12.5):
            for more in (
                {},
                everything,
                {"sort": "$ to", "descending": True},
                {"sort": "Seconds"},
                {"more": True, "pictures": 5000.0, "budget": 0.5},
            ):
                filters = ModelFilters(search=search, price=price, **more)  # type: ignore[arg-type]
                assert models_filters(f"{write_models_query(filters)}&tab=models") == filters
    assert write_models_query(ModelFilters()) == "?"


def test_what_the_price_list_does_not_offer_is_left_out() -> None:
    for query in (
        "provider=Nobody&must=<b>&good=evil", "price=1e999", "price=nan", "price=-4", "price=5", "price=four", "price=",
        "search=", "search=%20%0a", "pictures=-5", "pictures=many", "budget=nan", "budget=1e99", "columns=no", "provider=&must=&good=", "sort=From&order=descending", "order=descending", "__proto__=1",
    ):  # fmt: skip
        assert models_filters(f"?tab=models&{query}") == ModelFilters(), query
    for query in ("?search=logo&good=edit", "?tab=generate&search=logo&good=edit"):  # another tab's parameters
        assert models_filters(query) == ModelFilters()
    assert len(models_filters("?tab=models&search=" + "x" * 5000).search) == 200
    read = models_filters("?tab=models&search=a%00b%0a%09c&good=photo&good=photo&good=edit")
    assert read == ModelFilters("a\x00b c", good=("edit", "photo"))


# -- History --


def history_filters(query: str) -> HistoryFilters:
    return read_history_query(parsed(query), ("", "flux-2", "imagen-4"), ("", "done", "failed"))


def test_every_filter_of_the_history_is_read_back() -> None:
    everything = HistoryFilters("fox #tag & <b>", "flux-2", "failed", True, "2026-11-01", "2026-11-22")
    for filters in (HistoryFilters(), everything, HistoryFilters(text="سفينة \u202e"), HistoryFilters(starred=True)):
        assert history_filters(write_history_query(filters)) == filters
    assert write_history_query(HistoryFilters()) == "?"
    assert write_history_query(HistoryFilters(state="failed"), "table") == "?state=failed&view=table"


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("?", HistoryOrder()),
        ("?page=3", HistoryOrder(page=3)),
        ("?sort=price&order=descending", HistoryOrder("price")),
        ("?sort=created&order=ascending&page=12", HistoryOrder("created", descending=False, page=12)),
    ],
)
def test_the_order_of_the_history_is_read_back(query: str, order: HistoryOrder) -> None:
    assert read_history_order(parsed(query)) == order
    assert write_history_query(HistoryFilters(), order=order) == query


@pytest.mark.parametrize("query", ["?sort=job_id", "?page=0", "?page=-1", "?page=²", "?page=9999999", "?sort=price;--"])
def test_an_order_that_is_not_known_is_the_usual_one(query: str) -> None:
    assert read_history_order(parsed(query)) == HistoryOrder()


def test_what_the_history_does_not_offer_is_left_out() -> None:
    for query, left in (
        ("model=no-such&state=gone&starred=yes", HistoryFilters()),
        ("since=soon&until=2026-11-1", HistoryFilters()),
        ("state=&text=&model=", HistoryFilters()),
        ("text=++a++b%0A", HistoryFilters(text="a b")),
        ("text=" + "x" * 5_000, HistoryFilters(text="x" * 200)),
        ("model=flux-2&model=imagen-4", HistoryFilters(model="flux-2")),
    ):
        assert history_filters(query) == left


def test_dates_are_whole_days_in_utc(catalog: Catalog) -> None:
    """What is no date is named."""
    wanted = HistoryFilters(since="2026-11-22", until="2026-11-23").job_filter(catalog)
    assert wanted == JobFilter(since=1795305600.0, until=1795305600.0 + 2 * 86_400)
    assert HistoryFilters(until=" ").job_filter(catalog) == JobFilter()
    assert HistoryFilters(until="9999-12-31").job_filter(catalog).until == 253402300800.0
    for text in ("22.11.2026", "soon", "2026-13-01", "99999-01-01"):
        with pytest.raises(InputError, match="To"):
            HistoryFilters(until=text).job_filter(catalog)
