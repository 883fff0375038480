"""The query strings of the tabs, written and read (Compare's is in ``compare_query``). Opening an address spends nothing.

What is too long for an address is left out when it is written; what is unknown, not offered or not legal is left out
when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from components.catalog.models import Catalog, Model
from components.catalog.requests import find_problems
from components.errors import InputError
from components.jobs.store.groups import HISTORY_SORTS, HistoryOrder
from components.jobs.store.history import JobFilter

LONGEST_QUERY = 12_000
LONGEST_PROMPT = 20_000
LONGEST_SEARCH = 200
MOST_PICTURES = 50
DAY_S = 86_400
PICTURES, BUDGET_USD = 1000, 50  # a month, in the what-if of an address that names none
LARGEST_AMOUNT = 1e9
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
DATE = re.compile(r"\d{4}-\d\d-\d\d")

Query = Mapping[str, list[str]]


def first(query: Query, name: str) -> str:
    """The first value of a parameter; "" without one."""
    return (query.get(name) or [""])[0]


def write_query(values: Mapping[str, Any], defaults: Mapping[str, Any], keep: int = 0) -> str:
    """``?name=value&…`` of what is set and differs from its default.

    The longest values are left out until the query fits; the first ``keep`` pairs always stay.
    """
    pairs = [
        (name, text)
        for name, value in values.items()
        if value not in (None, "", []) and value != defaults.get(name)
        for text in texts_of(value)
    ]
    while len(query := "?" + urlencode(pairs, errors="replace")) > LONGEST_QUERY and len(pairs) > keep:
        pairs.remove(max(pairs[keep:], key=lambda pair: len(pair[1])))
    return query


def texts_of(value: Any) -> list[str]:
    """The values that a parameter has in an address: one for each item of a list."""
    return [str(item) for item in (value if isinstance(value, list | tuple) else [value])]


# -- Generate --


@dataclass(frozen=True)
class GenerateQuery:
    """A model and parameters for Generate's form, and sentences about what could not be used.

    ``chosen`` is true where the address named the model; ``job`` is the job whose result is shown, or "".
    """

    model: Model
    parameters: Mapping[str, Any]
    notices: tuple[str, ...] = ()
    chosen: bool = False
    job: str = ""


def write_generate_query(model: Model, parameters: Mapping[str, Any], job: str = "") -> str:
    """``?model=flux-2&prompt=…``: the model, and what differs from its defaults; and the job whose result is shown."""
    changed = {name: value for name, value in parameters.items() if value != model.parameters[name].default}
    named = {"variant" if name == "model" else name: value for name, value in changed.items()}
    return write_query({"model": model.id, **({"job": job} if job else {}), **named}, {}, keep=2 if job else 1)


def read_generate_query(catalog: Catalog, query: Query) -> GenerateQuery:
    """The form that an address asks for; the catalog's first model with its example where it names none."""
    named = first(query, "model")
    model = catalog.find(named)
    if model is None:
        notices = (f"There is no model {named[:80]!r} here.",) if named else ()
        return GenerateQuery(catalog.first, catalog.first.example, notices)
    said = []
    if not model.runnable:
        successor = catalog.find(model.replaced_by or "")
        said.append(f"{model.name} has been retired." + (f" This is {successor.name} instead." if successor else ""))
        model = successor or catalog.first
    parameters = read_parameters(model, query, named)
    for problem in find_problems(model, parameters, prompt_needed=False):
        if problem.field in parameters and not model.parameters[problem.field].can_show(parameters[problem.field]):
            del parameters[problem.field]
            said.append(f"Part of the address was ignored. {problem.what}")
    job = first(query, "job")
    if not job and not set(parameters) - {"model"}:  # a model alone shows what it can do
        parameters = {**model.example, **parameters}
    return GenerateQuery(model, parameters, tuple(said), chosen=True, job=job)


def generate_query(query: Query, remembered: str) -> Query:
    """The query that Generate's form is filled from when the page opens on any tab.

    Only the address of Generate itself always speaks of that form. On another tab the form is restored from
    ``remembered``, the query that it had before the page was reloaded ("" where there is none).
    """
    tab = first(query, "tab")
    named = {name for name in query if not name.startswith("__")} - {"tab"}
    silent = "model" not in named or tab == "compare" or (tab == "integrate" and named == {"model"})
    if tab in ("", "generate") or not silent:
        return query
    before = parse_qs(remembered[:LONGEST_QUERY].removeprefix("?"), keep_blank_values=True)
    return before or ({} if tab == "compare" else query)


def read_parameters(model: Model, query: Query, named: str = "") -> dict[str, Any]:
    """The parameters in a query, each of its own type; the variant stands under ``variant``.

    Where the model is ``named`` by a variant, that is the variant unless the query has another one.
    """
    if variant := model.variant_named(first(query, "variant") or named):
        query = {**query, "variant": [variant]}
    parameters: dict[str, Any] = {}
    for name, parameter in model.parameters.items():
        texts = query.get("variant" if name == "model" else name, [])
        value = parameter.read([text[:LONGEST_PROMPT] for text in texts[:MOST_PICTURES]])
        if value is not None:
            parameters[name] = value
    return parameters


# -- Models & prices --


@dataclass(frozen=True)
class ModelFilters:
    """What filters and sorts the price list. A ``price`` of 0 credits is no limit, "" or an empty tuple any.

    ``sort`` is the name of a column; "" is the order of the price list itself. ``more`` shows all columns. The what-if is
    for so many ``pictures`` and US dollars of ``budget`` a month.
    """

    search: str = ""
    providers: tuple[str, ...] = ()
    price: float = 0
    must: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = False
    more: bool = False
    pictures: float = PICTURES
    budget: float = BUDGET_USD


def write_models_query(filters: ModelFilters) -> str:
    """``?search=logo&price=5&sort=Seconds&order=descending``: the filters that are set."""
    order = "descending" if filters.descending else "ascending"
    values = {
        "search": filters.search[:LONGEST_SEARCH],
        "provider": filters.providers,
        "price": f"{filters.price:g}",
        "must": filters.must,
        "good": filters.good,
        "sort": filters.sort,
        "order": order if filters.sort else "",
        "columns": "all" if filters.more else "",
        "pictures": "" if filters.pictures == PICTURES else f"{filters.pictures:.12g}",
        "budget": "" if filters.budget == BUDGET_USD else f"{filters.budget:.12g}",
    }
    return write_query(values, {"price": "0"})


def read_models_query(query: Query, offered: Mapping[str, Collection[Any]]) -> ModelFilters:
    """The filters of an address, those of them that are ``offered`` under ``provider price must good sort``."""
    if first(query, "tab") != "models":
        return ModelFilters()

    def several(name: str) -> tuple[str, ...]:
        return tuple(value for value in offered[name] if value in query.get(name, ()))

    sort = first(query, "sort") if first(query, "sort") in offered["sort"] else ""
    return ModelFilters(
        search=_search_text(query, "search"),
        providers=several("provider"),
        price=next((price for price in offered["price"] if f"{price:g}" == first(query, "price")), 0),
        must=several("must"),
        good=several("good"),
        sort=sort,
        descending=bool(sort) and first(query, "order") == "descending",
        more=first(query, "columns") == "all",
        pictures=_amount(query, "pictures", PICTURES),
        budget=_amount(query, "budget", BUDGET_USD),
    )


def _amount(query: Query, name: str, default: float) -> float:
    """An amount a month in an address; the default where there is none or it makes no sense."""
    with suppress(ValueError):
        amount = float(first(query, name) or default)
        if 0 <= amount <= LARGEST_AMOUNT:
            return amount
    return default


# -- History --


@dataclass(frozen=True)
class HistoryFilters:
    """What filters the history, as its controls hold it. Dates are ``2026-11-22``; "" is no filter."""

    text: str = ""
    model: str = ""
    state: str = ""
    starred: bool = False
    since: str = ""
    until: str = ""

    def job_filter(self, catalog: Catalog) -> JobFilter:
        """What to ask the database for; both dates are whole UTC days. Raises InputError for a text that is no date."""
        since, until = _day("From", self.since), _day("To", self.until)
        end = until and until + DAY_S
        return JobFilter(self.text, catalog.ids(self.model), self.state, starred=self.starred, since=since, until=end)


def write_history_query(filters: HistoryFilters, view: str = "", order: HistoryOrder | None = None) -> str:
    """``?text=fox&state=failed&sort=price``: the filters that are set, the ``view``, and an order that is not the usual one."""
    order = order or HistoryOrder()
    values = {**vars(filters), "text": filters.text[:LONGEST_SEARCH], "starred": "1" if filters.starred else ""}
    usual = (order.sort, order.descending) == (HistoryOrder.sort, HistoryOrder.descending)
    sorting = {} if usual else {"sort": order.sort, "order": "descending" if order.descending else "ascending"}
    return write_query({**values, "view": view, **sorting, "page": order.page}, {"page": HistoryOrder.page})


def read_history_order(query: Query) -> HistoryOrder:
    """The order and the page of an address; the usual one for what is not known."""
    sort, page = first(query, "sort"), first(query, "page")
    number = int(page) if PAGE_NUMBER.fullmatch(page) else HistoryOrder.page
    if sort not in HISTORY_SORTS:
        return HistoryOrder(page=number)
    return HistoryOrder(sort, first(query, "order") != "ascending", number)


def read_history_query(query: Query, models: Collection[str], states: Collection[str]) -> HistoryFilters:
    """The filters of an address, without models and states that are not offered and dates that are none."""
    model, state, since, until = (first(query, name) for name in ("model", "state", "since", "until"))
    return HistoryFilters(
        text=_search_text(query, "text"),
        model=model if model in models else "",
        state=state if state in states else "",
        starred=first(query, "starred") == "1",
        since=since if DATE.fullmatch(since) else "",
        until=until if DATE.fullmatch(until) else "",
    )


def _search_text(query: Query, name: str) -> str:
    return " ".join(first(query, name)[:LONGEST_SEARCH].split())


def _day(label: str, text: str) -> float | None:
    """The first second of a UTC day since 1970; None for an empty text."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).timestamp() if text.strip() else None
    except ValueError as error:
        raise InputError(label, f"{label}: not a date.", next_step="Write it as 2026-11-22.", charged="") from error
