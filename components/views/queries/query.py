"""What the query strings of all tabs have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

LONGEST_QUERY = 12_000
LONGEST_PROMPT = 20_000
LONGEST_SEARCH = 200
MOST_PICTURES = 50

Query = Mapping[str, list[str]]


def first_value(query: Query, name: str) -> str:
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


def read_search(query: Query, name: str) -> str:
    """What is searched for under a name, without superfluous spaces."""
    return " ".join(first_value(query, name)[:LONGEST_SEARCH].split())
