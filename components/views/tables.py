"""The price list and the what-if: as pandas frames, filtered and sorted; as HTML tables, a chart and CSV.

Numbers stay numbers, so that they sort as numbers; their texts are formatted when they are shown. An unknown number is
NaN, shown as "—", and sorts last in either direction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from components.catalog.models import Catalog, Purpose
from components.catalog.prices import Cost, credits_text, price_list, usd_text, what_if
from components.jobs.job import Measured
from components.views.models import inputs_text
from components.views.queries import ModelFilters
from components.views.templates import render
from components.views.words import typical_text

UNKNOWN = float("nan")
IMAGE_INPUT, CALLBACK = NEEDS = ("image input", "callback")

STATED = (
    "Model", "Base", "From", "To", "$ from", "$ to", "Seconds", "Provider", "Inputs", "Output", "Runtime", "Webhook", "Node",
)  # fmt: skip
MEASURED = ("Measured s", "Slowest 5 %", "Runs", "Failed")
MODELS = (*STATED, *MEASURED)
PLANS = ("Model", "Variant", "Credits", "$ each", "$ a month", "Pictures")
FORMATS: Mapping[str, Callable[[float], str]] = {
    "$ from": usd_text,
    "$ to": usd_text,
    "$ each": usd_text,
    "$ a month": usd_text,
    "Node": lambda value: f"node{value:g}",
    "Measured s": lambda value: f"{value:.1f}",
    "Slowest 5 %": lambda value: f"{value:.1f}",
    "Failed": lambda value: f"{value:.0%}",
}
PURPOSES: Mapping[Purpose, str] = {
    Purpose.LETTERING: "Logo or text in the picture",
    Purpose.EDIT: "Edit a picture",
    Purpose.PHOTO: "Photo",
    Purpose.VECTOR: "Vector, icons",
    Purpose.ILLUSTRATION: "Illustration",
    Purpose.REFERENCES: "Follow references",
    Purpose.SEVERAL: "Several at once",
    Purpose.ENLARGE: "Enlarge a picture",
}


def models_frame(catalog: Catalog, measured: Mapping[str, Measured] | None = None) -> pd.DataFrame:
    """One row per model, by base credits from low to high; ``typical`` is the range of seconds that the service states.

    ``measured`` is what this app has seen at the service, by model: seconds, runs, share of failures.
    """
    rows = []
    for row in price_list(catalog):
        model = row.model
        seen = (measured or {}).get(model.id)
        digits = "".join(filter(str.isdigit, model.node or ""))
        rows.append(
            {
                "Model": model.name,
                "Provider": model.provider,
                "Base": row.base.credits,
                "From": row.lowest.credits,
                "To": row.highest.credits,
                "$ from": row.lowest.usd,
                "$ to": row.highest.usd,
                "Inputs": inputs_text(model),
                "Output": model.output,
                "Runtime": f"{model.runtime} task",
                "Webhook": "supported" if model.webhook else "not required",
                "Seconds": sum(model.seconds) / 2 if model.seconds else UNKNOWN,
                "Node": float(digits) if digits else UNKNOWN,
                "Measured s": seen.p50 if seen and seen.p50 is not None else UNKNOWN,
                "Slowest 5 %": seen.p95 if seen and seen.p95 is not None else UNKNOWN,
                "Runs": seen.runs if seen else UNKNOWN,
                "Failed": seen.failed if seen else UNKNOWN,
                "id": model.id,
                "icon": model.icon,
                "typical": typical_text(model.seconds).removesuffix(" s") if model.seconds else "—",
                "image": "image" in model.inputs,
                "good_for": frozenset(model.good_for),
                "search": " ".join((*(PURPOSES[item] for item in model.good_for), *model.capabilities, *model.use_cases)),
            }
        )
    return pd.DataFrame(rows)


def columns_for(frame: pd.DataFrame) -> Sequence[str]:
    """The columns to show: those of measurements only if something has been measured."""
    return MODELS if frame["Runs"].notna().any() else STATED


def filtered_frame(frame: pd.DataFrame, filters: ModelFilters) -> pd.DataFrame:
    """The rows that match every filter, each word of the search, and all purposes."""
    keep = pd.Series(True, index=frame.index)
    for word in filters.search.lower().split():
        cells = frame[["Model", "Provider", "id", "Inputs", "Runtime", "search"]].astype(str)
        keep &= cells.apply(lambda column, word=word: column.str.lower().str.contains(word, regex=False)).any(axis=1)
    if filters.providers:
        keep &= frame["Provider"].isin(list(filters.providers))
    if filters.price:
        keep &= frame["From"] <= filters.price
    if IMAGE_INPUT in filters.must:
        keep &= frame["image"]
    if CALLBACK in filters.must:
        keep &= frame["Webhook"] == "supported"
    keep &= frame["good_for"].map(frozenset(filters.good).issubset)
    return frame[keep]


def sorted_frame(frame: pd.DataFrame, column: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows by a column, numbers as numbers and texts whatever their case; equal rows stay in order.

    A column that is not there leaves the order as it is.
    """
    if column not in frame:
        return frame

    def key(values: pd.Series[Any]) -> pd.Series[Any]:
        return values if pd.api.types.is_numeric_dtype(values) else values.str.casefold()

    return frame.sort_values(column, ascending=not descending, kind="stable", na_position="last", key=key)


def price_limits(frame: pd.DataFrame) -> list[tuple[str, float]]:
    """(label, credits) of price limits to choose from: none (0), then every price that a model starts at."""
    return [("any", 0), *((f"up to {credits_text(price)}", price) for price in sorted(set(frame["From"])))]


def purpose_options(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """(label, purpose) of every purpose that some model is good for."""
    return [
        (label, purpose.value) for purpose, label in PURPOSES.items() if any(purpose in good for good in frame["good_for"])
    ]


def show_models_count(catalog: Catalog, frame: pd.DataFrame, total: int) -> str:
    """How many of ``total`` models match, the lowest price among them, and what measured columns mean."""
    cheapest = ""
    if not frame.empty:
        first = frame.sort_values("Base", kind="stable").to_dict("records")[0]
        credits = float(first["Base"])
        cheapest = f"{_title(first)}, {Cost(credits, catalog.usd(credits))}"
    measured = columns_for(frame) == MODELS
    return render("models_count", total=total, count=len(frame), cheapest=cheapest, measured=measured)


def plans_frame(catalog: Catalog, pictures_per_month: float, budget_usd: float) -> pd.DataFrame:
    """One row per model and price tier, by cost: what a month costs, how many pictures the budget buys."""
    rows = [
        {
            "Model": row.model.name,
            "Variant": row.tier.label or "—",
            "Credits": row.tier.credits,
            "$ each": row.per_picture.usd,
            "$ a month": row.month.usd,
            "Pictures": UNKNOWN if row.pictures is None else row.pictures,
            "id": row.model.id,
            "icon": row.model.icon,
        }
        for row in what_if(catalog, pictures_per_month, budget_usd)
    ]
    return pd.DataFrame(rows).sort_values("$ a month", kind="stable", ignore_index=True)


def show_plans_chart(frame: pd.DataFrame) -> str:
    """The cost of a month as bars, each with its number."""
    largest = max(float(frame["$ a month"].max()), 1e-9)
    rows = [
        {
            "label": _title(row) + (f" · {row['Variant']}" if row["Variant"] != "—" else ""),
            "number": usd_text(float(row["$ a month"])),
            "share": round(100 * float(row["$ a month"]) / largest, 2),
        }
        for row in frame.to_dict("records")
    ]
    return render("bars", title="Cost a month", rows=rows)


def show_table(frame: pd.DataFrame, columns: Sequence[str], label: str, sort: str = "", *, descending: bool = False) -> str:
    """A frame as a table whose headers sort and whose rows open their models. ``sort`` is the column it is sorted by."""
    order = "descending" if descending else "ascending"
    numeric = {name for name in columns if pd.api.types.is_numeric_dtype(frame[name])}
    headers = [{"name": name, "number": name in numeric, "order": order if name == sort else ""} for name in columns]
    rows = [
        {
            "model": row["id"],
            "cells": [{"text": cell_text(name, row), "number": name in numeric} for name in columns],
        }
        for row in frame.to_dict("records")
    ]
    return render("table", columns=headers, rows=rows, label=label)


def safe_csv(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """A frame as CSV; a text that a spreadsheet would run as a formula gets a leading quote."""
    guarded = frame[list(columns)].map(
        lambda value: f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r\n" else value
    )
    return str(guarded.to_csv(index=False, lineterminator="\r\n"))


def _title(row: Mapping[Hashable, Any]) -> str:
    return f"{row['icon']} {row['Model']}".strip()


def cell_text(name: str, row: Mapping[Hashable, Any]) -> str:
    """The text of a cell."""
    value = row[name]
    if name == "Model":
        return _title(row)
    if name == "Seconds":
        return str(row["typical"])
    if pd.isna(value):
        return "" if name in MEASURED else "—"
    if name in FORMATS:
        return FORMATS[name](value)
    return value if isinstance(value, str) else f"{value:,.10g}"
