"""The price list and the what-if as HTML tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from components.catalog.models import Catalog
from components.catalog.prices import Cost, usd_text
from components.views.tables import cell_text
from components.views.templates import render


def show_table(
    frame: pd.DataFrame, columns: Mapping[str, str], label: str, sort: str = "", *, descending: bool = False
) -> str:
    """A frame as a table. A header sorts by its column, a row names its model; ``sort`` is the column it is sorted by."""
    order = "descending" if descending else "ascending"
    headers = [
        {"name": name, "number": kind == "number", "order": order if name == sort else ""} for name, kind in columns.items()
    ]
    rows = [
        {
            "model": row["id"],
            "cells": [{"text": cell_text(name, row), "number": kind == "number"} for name, kind in columns.items()],
        }
        for row in frame.to_dict("records")
    ]
    return render("table", columns=headers, rows=rows, label=label)


def show_found(catalog: Catalog, rows: pd.DataFrame, everything: pd.DataFrame, *, measured: bool) -> str:
    """How many models the filters leave, and the cheapest of them: the first in the order of the price list."""
    cheapest = ""
    if not rows.empty:
        first = rows.iloc[0]
        credits = float(first["Base"])
        cheapest = f"{first['icon']} {first['Model']}, {Cost(credits, catalog.usd(credits))}".strip()
    return render("found", count=len(rows), total=len(everything), cheapest=cheapest, measured=measured)


def show_month(frame: pd.DataFrame) -> str:
    """The cost of a month as bars, cheapest first, each with its number."""
    longest = max(float(frame["$ a month"].max()), 1e-9)
    bars = [
        {
            "label": f"{row['icon']} {row['Model']}" + (f" · {row['Variant']}" if row["Variant"] != "—" else ""),
            "usd": usd_text(float(row["$ a month"])),
            "share": round(100 * float(row["$ a month"]) / longest, 2),
        }
        for row in frame.to_dict("records")
    ]
    return render("bars", title="Cost a month", rows=bars)
