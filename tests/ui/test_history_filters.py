"""What narrows the history: as its controls hold it, as an address says it, and as the store is asked for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from components.errors import InputError
from components.jobs.job import JobFilter
from components.views.queries import HistoryFilters, read_history_query, write_history_query

MODELS, STATES = ("", "flux-2", "imagen-4"), ("", "done", "failed")
SET = HistoryFilters("fox #tag & <b>", "flux-2", "failed", True, "2026-11-01", "2026-11-22")


def read(query: str) -> HistoryFilters:
    return read_history_query(parse_qs(query.removeprefix("?"), keep_blank_values=True), MODELS, STATES)


def test_dates_are_whole_days_and_what_is_no_date_is_named() -> None:
    asked = HistoryFilters(since="2026-11-22", until="2026-11-23").job_filter()
    assert asked == JobFilter(since=1795305600.0, until=1795305600.0 + 2 * 86_400)
    assert HistoryFilters(until=" ").job_filter() == JobFilter()
    assert HistoryFilters(until="9999-12-31").job_filter().until == 253402300800.0
    for text in ("22.11.2026", "soon", "2026-13-01", "99999-01-01"):
        with pytest.raises(InputError, match="To"):
            HistoryFilters(until=text).job_filter()


@pytest.mark.parametrize(
    "filters", [HistoryFilters(), SET, HistoryFilters(text="سفينة \u202e"), HistoryFilters(starred=True)]
)
def test_an_address_holds_the_very_filters(filters: HistoryFilters) -> None:
    assert read(write_history_query(filters)) == filters


def test_an_address_says_only_what_is_set() -> None:
    assert write_history_query(HistoryFilters()) == "?"
    assert write_history_query(HistoryFilters(state="failed"), "table") == "?state=failed&view=table"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("model=no-such&state=gone&starred=yes", {}),
        ("since=soon&until=2026-11-1", {}),
        ("text=++a++b%0A", {"text": "a b"}),
        ("text=" + "x" * 5_000, {"text": "x" * 200}),
        ("model=flux-2&model=imagen-4", {"model": "flux-2"}),
        ("state=&text=&model=", {}),
    ],
)
def test_what_an_address_holds_that_is_not_offered_is_passed_over(query: str, left: dict[str, Any]) -> None:
    assert read(query) == HistoryFilters(**left)
