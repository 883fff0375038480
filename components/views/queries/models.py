"""The query string of Models & prices: filters, order and the what-if."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from components.views.queries.query import LONGEST_SEARCH, Query, first_value, read_search, write_query

PICTURES, BUDGET_USD = 1000, 50  # a month, in the what-if of an address that names none
LARGEST_AMOUNT = 1e9


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
    if first_value(query, "tab") != "models":
        return ModelFilters()

    def several(name: str) -> tuple[str, ...]:
        return tuple(value for value in offered[name] if value in query.get(name, ()))

    sort = first_value(query, "sort") if first_value(query, "sort") in offered["sort"] else ""
    return ModelFilters(
        search=read_search(query, "search"),
        providers=several("provider"),
        price=next((price for price in offered["price"] if f"{price:g}" == first_value(query, "price")), 0),
        must=several("must"),
        good=several("good"),
        sort=sort,
        descending=bool(sort) and first_value(query, "order") == "descending",
        more=first_value(query, "columns") == "all",
        pictures=_amount(query, "pictures", PICTURES),
        budget=_amount(query, "budget", BUDGET_USD),
    )


def _amount(query: Query, name: str, default: float) -> float:
    """An amount a month in an address; the default where there is none or it makes no sense."""
    with suppress(ValueError):
        amount = float(first_value(query, name) or default)
        if 0 <= amount <= LARGEST_AMOUNT:
            return amount
    return default
