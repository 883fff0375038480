"""What narrows the history: as its controls hold it, as an address says it, and as the store is asked for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from components.errors import InputError
from components.jobs.job import JobFilter
from components.views.links import LONGEST_SEARCH

DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class HistoryFilters:
    """What narrows the history, as its controls hold it. Dates are ``2026-11-22``; what is empty says nothing."""

    text: str = ""
    model: str = ""
    state: str = ""
    starred: bool = False
    since: str = ""
    until: str = ""


def wanted(filters: HistoryFilters) -> JobFilter:
    """What the filters ask for; both dates are whole UTC days. Raises InputError for a text that is no date."""
    first, last = _day("From", filters.since), _day("To", filters.until)
    return JobFilter(
        text=filters.text,
        model=filters.model,
        state=filters.state,
        starred=filters.starred,
        since=first.timestamp() if first else None,
        until=last.timestamp() + timedelta(days=1).total_seconds() if last else None,
    )


def write_history_query(filters: HistoryFilters, view: str = "") -> str:
    """``?text=fox&state=failed``: the filters that are set, and the ``view`` where it is not the one that opens."""
    pairs = [
        (name, value[:LONGEST_SEARCH])
        for name in ("text", "model", "state", "since", "until")
        if (value := getattr(filters, name))
    ]
    pairs += [("starred", "1")] if filters.starred else []
    pairs += [("view", view)] if view else []
    return "?" + urlencode(pairs, errors="replace")


def read_history_query(query: Mapping[str, list[str]], models: Collection[str], states: Collection[str]) -> HistoryFilters:
    """The filters of an address of the history; a model or state that is not offered, and what is no date, are none."""

    def one(name: str) -> str:
        return (query.get(name) or [""])[0][:LONGEST_SEARCH]

    return HistoryFilters(
        text=" ".join(one("text").split()),
        model=one("model") if one("model") in models else "",
        state=one("state") if one("state") in states else "",
        starred=one("starred") == "1",
        since=one("since") if DATE.fullmatch(one("since")) else "",
        until=one("until") if DATE.fullmatch(one("until")) else "",
    )


def _day(label: str, text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(label, f"{label}: this is no date.", next_step="Write one as 2026-11-22.", charged="") from error
