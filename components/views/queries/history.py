"""The query string of History: filters, order and page."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from components.catalog.models import Catalog
from components.errors import InputError
from components.jobs.store.groups import HISTORY_SORTS, HistoryOrder
from components.jobs.store.history import JobFilter
from components.jobs.store.spend import DAY_S
from components.views.queries.query import LONGEST_SEARCH, Query, first_value, read_search, write_query

PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


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
    sort, page = first_value(query, "sort"), first_value(query, "page")
    number = int(page) if PAGE_NUMBER.fullmatch(page) else HistoryOrder.page
    if sort not in HISTORY_SORTS:
        return HistoryOrder(page=number)
    return HistoryOrder(sort, first_value(query, "order") != "ascending", number)


def read_history_query(query: Query, models: Collection[str], states: Collection[str]) -> HistoryFilters:
    """The filters of an address, without models and states that are not offered and dates that are none."""
    model, state, since, until = (first_value(query, name) for name in ("model", "state", "since", "until"))
    return HistoryFilters(
        text=read_search(query, "text"),
        model=model if model in models else "",
        state=state if state in states else "",
        starred=first_value(query, "starred") == "1",
        since=since if DATE.fullmatch(since) else "",
        until=until if DATE.fullmatch(until) else "",
    )


def _day(label: str, text: str) -> float | None:
    """The first second of a UTC day since 1970; None for an empty text."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).timestamp() if text.strip() else None
    except ValueError as error:
        raise InputError(label, f"{label}: not a date.", next_step="Write it as 2026-11-22.", charged="") from error
