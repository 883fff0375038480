"""The page's address: model, prompt and parameters as a readable query, and back. Opening one spends nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from components.catalog.models import Catalog, Model
from components.catalog.requests import find_problems

LONGEST_QUERY = 12_000
LONGEST_PROMPT = 20_000
LONGEST_SEARCH = 200
PUBLISHED = "published"  # names the published comparison that a form is opened from


@dataclass(frozen=True)
class Opening:
    """What an address asks for: a model, its parameters, and sentences about what could not be used."""

    model: Model
    parameters: Mapping[str, Any]
    notices: tuple[str, ...] = ()
    tab: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class TableFilters:
    """What narrows the comparison. A ``price`` of 0 credits is no limit, an empty tuple any."""

    search: str = ""
    providers: tuple[str, ...] = ()
    price: float = 0
    must: tuple[str, ...] = ()
    good: tuple[str, ...] = ()


def write_query(model: Model, parameters: Mapping[str, Any]) -> str:
    """``?model=flux-2&prompt=…``: what differs from the defaults; what is too long for an address is left out."""
    pairs: list[tuple[str, str]] = [("model", model.id)]
    for name, value in parameters.items():
        if value != model.parameters[name].default and value not in (None, "", []):
            key = "variant" if name == "model" else name
            pairs += [(key, str(item)) for item in (value if isinstance(value, list) else [value])]
    while len(query := "?" + urlencode(pairs, errors="replace")) > LONGEST_QUERY and len(pairs) > 1:
        pairs.remove(max(pairs[1:], key=lambda pair: len(pair[1])))
    return query


def read_query(catalog: Catalog, query: Mapping[str, list[str]]) -> Opening:
    """The opening that an address asks for; without a model, the catalog's first with its example."""
    named = (query.get("model") or [""])[0]
    tab = (query.get("tab") or [""])[0]
    if not named:
        model = catalog.first
        return Opening(model, model.example, (), tab)
    found = catalog.find(named)
    if found is None:
        model = catalog.first
        return Opening(model, model.example, (f"There is no model {named[:80]!r} here.",), tab)
    notices = []
    if not found.runnable:
        instead = catalog.find(found.replaced_by or "")
        notices.append(f"{found.name} has been retired." + (f" This is {instead.name} instead." if instead else ""))
        found = instead or catalog.first
    parameters = read_parameters(found, query)
    for problem in find_problems(found, parameters, prompt_needed=False):
        if problem.field in parameters and not found.parameters[problem.field].can_show(parameters[problem.field]):
            del parameters[problem.field]
            notices.append(f"The address was not used in full. {problem.what}")
    return Opening(found, parameters, tuple(notices), tab, chosen=True)


def form_query(query: Mapping[str, list[str]], remembered: str) -> Mapping[str, list[str]]:
    """The query that Generate's form is filled from.

    The address of another tab says nothing of that form: it is filled from ``remembered``, the query that it had
    before the page was opened anew, or "".
    """
    tab = (query.get("tab") or [""])[0]
    named = {name for name in query if not name.startswith("__")} - {"tab"}
    silent = "model" not in named or tab == "compare" or (tab == "integrate" and named == {"model"})
    if tab in ("", "generate") or not silent:
        return query
    before = parse_qs(remembered[:LONGEST_QUERY].removeprefix("?"), keep_blank_values=True)
    return before or ({} if tab == "compare" else query)


def read_parameters(model: Model, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """The parameters in a query, each of its own type; the variant stands under ``variant``."""
    parameters: dict[str, Any] = {}
    for name, field in model.parameters.items():
        texts = query.get("variant" if name == "model" else name, [])
        value = field.read([text[:LONGEST_PROMPT] for text in texts[:50]])
        if value is not None:
            parameters[name] = value
    return parameters


def _number(text: str) -> float | int | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def write_table_query(filters: TableFilters) -> str:
    """``?search=logo&price=5``: the filters that are set. How the table is sorted is added by the page's script."""
    pairs = [("search", filters.search[:LONGEST_SEARCH])] if filters.search else []
    pairs += [("provider", name) for name in filters.providers]
    pairs += [("price", f"{filters.price:g}")] if filters.price else []
    pairs += [("must", need) for need in filters.must]
    pairs += [("good", purpose) for purpose in filters.good]
    return "?" + urlencode(pairs, errors="replace")


def read_table_query(
    query: Mapping[str, list[str]],
    providers: Collection[str],
    prices: Collection[float],
    must: Collection[str],
    good: Collection[str],
) -> TableFilters:
    """The filters of an address of the comparison, those of them that are offered; the rest is passed over."""

    def offered(name: str, values: Collection[str]) -> tuple[str, ...]:
        return tuple(value for value in values if value in query.get(name, ()))

    if (query.get("tab") or [""])[0] != "models":
        return TableFilters()
    price = _number((query.get("price") or ["0"])[0])
    return TableFilters(
        search=" ".join((query.get("search") or [""])[0][:LONGEST_SEARCH].split()),
        providers=offered("provider", providers),
        price=price if isinstance(price, int | float) and price in prices else 0,
        must=offered("must", must),
        good=offered("good", good),
    )
