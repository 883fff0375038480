"""The price list and the what-if: as pandas frames, filtered and sorted; as HTML tables and CSV.

Numbers stay numbers, so that they sort as numbers; their texts are formatted when they are shown. An unknown number is
NaN, shown as "—", and sorts last in either direction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from components.catalog.models import Catalog, Model, Purpose
from components.catalog.parameters import Role
from components.catalog.prices import Cost, PriceListRow, Tier, credits_text, price_list, usd_text, what_if
from components.jobs.store.measured import Measured
from components.views.models import limits
from components.views.models.facts import inputs_text, median_seconds
from components.views.models.purposes import EXPLAINED, PURPOSES, good_for_text
from components.views.models.search import has_words, search_messages, search_text
from components.views.queries.models import ModelFilters
from components.views.templates import render
from components.views.words import seconds_text, typical_text

UNKNOWN = float("nan")
YES_NO = {True: "yes", False: "no"}
IMAGE_INPUT, CALLBACK = NEEDS = ("image input", "callback")
IMAGE_INPUT_MEANS = "Image input: takes pictures, to edit them or only as references."

# The columns in their order, and where their values come from. Those in front decide; of all models the same stand last.
FRONT = ("Model", "Price", "Seconds", "Inputs", "Good for")
STATED: Mapping[str, Callable[[PriceListRow], Any]] = {
    "Model": lambda row: row.model.name,
    "Provider": lambda row: row.model.provider,
    "Base": lambda row: row.base.credits,
    "From": lambda row: row.lowest.credits,
    "To": lambda row: row.highest.credits,
    "$ base": lambda row: row.base.usd,
    "$ from": lambda row: row.lowest.usd,
    "$ to": lambda row: row.highest.usd,
    "$ per 1,000": lambda row: 1000 * row.base.usd,
    "Inputs": lambda row: inputs_text(row.model),
    "Good for": lambda row: good_for_text(row.model),
    "Shapes": lambda row: limits.shapes_text(row.model),
    "Largest side": lambda row: limits.largest_side(row.model),
    "References": lambda row: limits.references_text(row.model),
    "Pictures": lambda row: limits.pictures_text(row.model),
    "Seed": lambda row: YES_NO[row.model.by_role(Role.SEED) is not None],
    "Vector": lambda row: YES_NO[Purpose.VECTOR in row.model.good_for],
    "Webhook": lambda row: YES_NO[row.model.webhook],
    "Runtime": lambda row: f"{row.model.runtime} task",
    "Node": lambda row: "".join(filter(str.isdigit, row.model.node or "")) or None,
}
MORE = ("Base", "From", "To", "$ per 1,000", "Shapes", "Largest side", "References", "Pictures", "Seed", "Vector", "Webhook",
        "Runtime", "Node")  # fmt: skip
MEASURED: Mapping[str, Callable[[Measured], Any]] = {
    "Measured s": lambda seen: seen.p50,
    "Slowest 5 %": lambda seen: seen.p95,
    "Runs": lambda seen: seen.runs,
    "Failed": lambda seen: seen.failed,
}
NUMBERS = ("Seconds", "Largest side", "Node", *MEASURED)  # those that may be unknown, in every row
SORTABLE = (*FRONT, *MORE, *MEASURED)
# In a file a range is two numbers, and a node a name.
MODELS_FILE = ("id", *STATED, "Seconds from", "Seconds to", *MEASURED)
WHAT_IF = ("Model", "Variant", "Credits", "$ each", "$ a month", "Pictures")
WHAT_IF_FILE = ("id", *WHAT_IF, "Settings")  # with the ids that a request sends
BAR = "$ a month"  # the column that is drawn, too
FORMATS: Mapping[str, Callable[[float], str]] = {
    "$ per 1,000": usd_text,
    "Largest side": lambda value: f"{value:g} px",
    "$ each": usd_text,
    "$ a month": usd_text,
    "Node": lambda value: f"node{value:g}",
    "Measured s": lambda value: f"{value:.1f}",
    "Slowest 5 %": lambda value: f"{value:.1f}",
    "Failed": lambda value: f"{value:.0%}",
}


def models_frame(catalog: Catalog, measured: Mapping[str, Measured] | None = None) -> pd.DataFrame:
    """One row per model, by base credits from low to high.

    ``measured`` is what this app has seen at the service, by model; its seconds go before those that the service states.
    Beside the columns that are shown: ``id``, ``icon``, ``time``, the seconds in words, and ``good_for`` and ``search`` for
    the filters.
    """
    rows = []
    for row in price_list(catalog):
        model, seen = row.model, (measured or {}).get(row.model.id)
        rows.append(
            {name: read(row) for name, read in STATED.items()}
            | {name: read(seen) if seen else None for name, read in MEASURED.items()}
            | {
                "id": model.id,
                "icon": model.icon,
                "Price": row.lowest.usd,
                "Seconds": median_seconds(model, seen),
                "time": _time_text(model, seen),
                "good_for": frozenset(model.good_for),
                "search": search_text(model),
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(NUMBERS, float))


def models_rows(catalog: Catalog, measured: Mapping[str, Measured]) -> list[dict[str, Any]]:
    """The price list as a file has it: rows with MODELS_FILE as their columns."""
    rows = []
    for row in price_list(catalog):
        model, seen = row.model, measured.get(row.model.id)
        low, high = model.seconds or (None, None)
        rows.append(
            {name: read(row) for name, read in STATED.items()}
            | {name: read(seen) if seen else None for name, read in MEASURED.items()}
            | {"id": model.id, "Seconds from": low, "Seconds to": high, "Node": model.node}
        )
    return rows


def filtered_frame(frame: pd.DataFrame, filters: ModelFilters) -> pd.DataFrame:
    """The rows that match every filter, each word of the search, and all purposes."""
    keep = frame["search"].map(lambda text: has_words(text, filters.search)).astype(bool)
    if filters.providers:
        keep &= frame["Provider"].isin(list(filters.providers))
    if filters.price:
        keep &= frame["From"] <= filters.price
    if IMAGE_INPUT in filters.must:
        keep &= frame["Inputs"].str.contains("image")
    if CALLBACK in filters.must:
        keep &= frame["Webhook"] == "yes"
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


def show_models_count(catalog: Catalog, frame: pd.DataFrame, left: pd.DataFrame, filters: ModelFilters) -> str:
    """How many of all models in ``frame`` are ``left``, what there is to say of the search, the lowest price, and what the
    chosen purposes mean."""
    cheapest = ""
    if not left.empty:
        first = left.sort_values("From", kind="stable").iloc[0]
        cheapest = f"{first['Model']}, {Cost(first['From'], catalog.usd(first['From']))}"
    chosen = [EXPLAINED[purpose] for purpose in PURPOSES if purpose in filters.good]
    chosen += [IMAGE_INPUT_MEANS] if IMAGE_INPUT in filters.must else []
    return render(
        "models_count",
        total=len(frame),
        count=len(left),
        cheapest=cheapest,
        messages=search_messages(frame["search"], filters.search),
        explained=chosen,
        measured=bool(left["Runs"].notna().any()),
    )


def what_if_frame(catalog: Catalog, pictures_per_month: float, budget_usd: float) -> pd.DataFrame:
    """One row per model and price tier, by cost: what a month costs, how many pictures the budget buys."""
    rows = [
        {
            "Model": row.model.name,
            "Variant": _titles_text(row.model, row.tier) or "—",
            "Settings": row.tier.label,
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


def show_table(frame: pd.DataFrame, columns: Sequence[str], label: str, sort: str = "", *, descending: bool = False) -> str:
    """A frame as a table whose headers sort and whose rows open their models. ``sort`` is the column it is sorted by."""
    return render(
        "table",
        label=label,
        columns=columns,
        rows=frame.to_dict("records"),
        numeric={name for name in columns if pd.api.types.is_numeric_dtype(frame[name])},
        sort=sort,
        order="descending" if descending else "ascending",
        bar=BAR,
        most=(float(frame[BAR].max()) if BAR in columns and len(frame) else 0.0) or 1.0,
        cell_text=cell_text,
    )


def cell_text(name: str, row: Mapping[Hashable, Any]) -> str:
    """The text of a cell."""
    value = row[name]
    if name == "Seconds":
        return str(row["time"])
    if pd.isna(value):
        return "" if name in MEASURED else "—"
    if name in FORMATS:
        return FORMATS[name](value)
    return value if isinstance(value, str) else f"{value:,.10g}"


def _titles_text(model: Model, tier: Tier) -> str:
    """``Fast · 2K``: the settings of a tier by their names for people; "" if the model has one price."""
    return " · ".join(model.parameters[name].title_of(value) for name, value in tier.settings.items())


def _time_text(model: Model, seen: Measured | None) -> str:
    """``7.4 s measured``, ``3–10 s`` as the service states it, or ``—``."""
    if seen and seen.p50:
        return f"{seconds_text(seen.p50)} measured"
    return typical_text(model.seconds) if model.seconds else "—"
