"""The price list as the page shows it: the columns that decide in front, all others behind them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from components.evaluation.decision import frontier
from components.playground import Playground
from components.views.models.cards import thumbnail
from components.views.models.search import order_of
from components.views.queries.models import ModelFilters
from components.views.tables import (
    FRONT,
    MEASURED,
    MORE,
    cell_text,
    sorted_frame,
)
from components.views.templates import render

DOT_ROOM = 8  # percent of the chart kept free around the outermost dots
NAME_ROOM = 30  # percent of the chart that a name takes at most
MOST_NAMED = 15  # dots; of more only the frontier is named before one points at them


def columns_for(frame: pd.DataFrame, *, more: bool) -> Sequence[str]:
    """The columns to show: those of measurements only if something has been measured."""
    if not more:
        return FRONT
    return (*FRONT, *MORE, *(MEASURED if frame["Runs"].notna().any() else ()))


def show_price_list(playground: Playground, frame: pd.DataFrame, left: pd.DataFrame, filters: ModelFilters) -> str:
    """The rows of ``frame`` that the filters have ``left``, in their order, as a table whose rows open their models.

    The bars of all rows are drawn to the dearest price of ``frame``, so that they stay as they are when it is filtered.
    """
    sort = filters.sort or order_of(filters.search)
    rows = sorted_frame(left, sort or "Price", descending=filters.descending)
    columns = columns_for(frame, more=filters.more)
    most = float(frame["To"].max()) or 1.0
    shown = set(rows["id"])
    pictures = {model.id: thumbnail(playground, model) for model in playground.catalog.models if model.id in shown}
    return render(
        "price_list",
        columns=columns,
        front=FRONT,
        rows=rows.to_dict("records"),
        pictures=pictures,
        most=most,
        numeric={name for name in columns if pd.api.types.is_numeric_dtype(frame[name])},
        sort=sort,
        order="descending" if filters.descending else "ascending",
        cell_text=cell_text,
    )


def show_scatter(frame: pd.DataFrame) -> str:
    """Price against seconds, a dot for each model, with the frontier: no other model is both cheaper and faster."""
    timed = frame[frame["Seconds"].notna()]
    if timed.empty:
        return ""
    on_frontier = frontier({row["id"]: (row["$ base"], row["Seconds"]) for row in timed.to_dict("records")})
    seconds, prices = timed["Seconds"], timed["$ base"]
    groups: dict[tuple[float, float], list[Mapping[Hashable, Any]]] = {}
    for row in timed.to_dict("records"):
        groups.setdefault((row["Seconds"], row["$ base"]), []).append(row)
    dots = [
        {
            "id": row["id"],
            "name": row["Model"],
            "x": _place(row["Seconds"], seconds.min(), seconds.max()),
            "y": 100 - _place(row["$ base"], prices.min(), prices.max()),
            "seconds": cell_text("Seconds", row),
            "usd": row["$ base"],
            "best": row["id"] in on_frontier,
            "step": number,  # of several in one place the second stands beside the first
            "label": ", ".join(str(one["Model"]) for one in group) if row is group[-1] else "",
        }
        for group in groups.values()
        for number, row in enumerate(group)
    ]
    for dot in dots:  # whose name would be written over the next dot
        dot["above"] = any(other["y"] == dot["y"] and 0 < other["x"] - dot["x"] < NAME_ROOM for other in dots)
    line = sorted((dot for dot in dots if dot["best"]), key=lambda dot: float(dot["x"]))
    untimed = [str(name) for name in frame[frame["Seconds"].isna()]["Model"]]
    named = len(dots) <= MOST_NAMED
    return render(
        "scatter", dots=dots, line=line, untimed=untimed, seconds=seconds, prices=prices, room=DOT_ROOM, named=named
    )


def _place(value: float, low: float, high: float) -> float:
    """Where a value stands between the lowest and the highest, in percent of an axis with room at both ends."""
    return DOT_ROOM + (100 - 2 * DOT_ROOM) * ((value - low) / (high - low) if high > low else 0.5)
