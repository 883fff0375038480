"""The price list and the what-if as pandas frames: filtered, sorted, and how their cells read.

Numbers stay numbers, so that they sort as numbers. An unknown number is UNKNOWN, with "—" to read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

import pandas as pd

from components.catalog.models import Catalog, Purpose
from components.catalog.prices import price_list, usd_text, what_if
from components.jobs.job import Measured
from components.views.models import inputs_text
from components.views.words import typical_text

UNKNOWN = 1e12

STATED: Mapping[str, str] = {
    "Model": "str",
    "Base": "number",
    "From": "number",
    "To": "number",
    "$ from": "number",
    "$ to": "number",
    "Seconds": "number",
    "Provider": "str",
    "Inputs": "str",
    "Output": "str",
    "Runtime": "str",
    "Webhook": "str",
    "Node": "number",
}
MEASURED: Mapping[str, str] = {"Measured s": "number", "Slowest 5 %": "number", "Runs": "number", "Failed": "number"}
MODELS: Mapping[str, str] = {**STATED, **MEASURED}
PLANS: Mapping[str, str] = {
    "Model": "str",
    "Variant": "str",
    "Credits": "number",
    "$ each": "number",
    "$ a month": "number",
    "Pictures": "number",
}
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
    """One row a model, by base credits from low to high; ``typical`` is the range that the service states.

    ``measured`` is what this page has seen at the service, by model: seconds, runs, share of failures.
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
                "said": " ".join((*(PURPOSES[item] for item in model.good_for), *model.capabilities, *model.use_cases)),
            }
        )
    return pd.DataFrame(rows)


def columns_for(frame: pd.DataFrame) -> Mapping[str, str]:
    """The columns worth showing: those of measurements only where something has been measured."""
    return MODELS if (frame["Runs"] != UNKNOWN).any() else STATED


def narrowed(
    frame: pd.DataFrame,
    text: str,
    providers: Collection[str],
    most_credits: float | None,
    needs: Collection[str],
    purposes: Collection[str] = (),
) -> pd.DataFrame:
    """The rows left by a search text, providers, a price limit, needs (``image input``, ``callback``) and all purposes."""
    keep = pd.Series(True, index=frame.index)
    for word in (text or "").lower().split():
        cells = frame[["Model", "Provider", "id", "Inputs", "Runtime", "said"]].astype(str)
        keep &= cells.apply(lambda column, word=word: column.str.lower().str.contains(word, regex=False)).any(axis=1)
    if providers:
        keep &= frame["Provider"].isin(list(providers))
    if most_credits is not None:
        keep &= frame["From"] <= most_credits
    if "image input" in (needs or []):
        keep &= frame["image"]
    if "callback" in (needs or []):
        keep &= frame["Webhook"] == "supported"
    keep &= frame["good_for"].map(frozenset(purposes or ()).issubset)
    return frame[keep]


def plans_frame(catalog: Catalog, pictures_per_month: float, budget_usd: float) -> pd.DataFrame:
    """One row a model and price tier: what a month costs, how many pictures the budget buys."""
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


def sorted_frame(frame: pd.DataFrame, column: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows by a column, unknown numbers last either way; as they are where there is no such column."""
    if column not in frame:
        return frame
    unknown = frame[column] == UNKNOWN
    text = frame[column].dtype == object or pd.api.types.is_string_dtype(frame[column])
    known = frame[~unknown].sort_values(
        column, ascending=not descending, kind="stable", key=(lambda cells: cells.str.casefold()) if text else None
    )
    return pd.concat([known, frame[unknown]])


def safe_csv(frame: pd.DataFrame, columns: Mapping[str, str]) -> str:
    """A frame as CSV; a text that a spreadsheet would run as a formula is given a leading quote."""
    plain = frame[list(columns)].replace(UNKNOWN, None)
    guarded = plain.map(lambda value: f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r\n" else value)
    return str(guarded.to_csv(index=False, lineterminator="\r\n"))


def cell_text(name: str, row: Mapping[Hashable, Any]) -> str:
    """How a cell reads; its value is what sorts."""
    value = row[name]
    if name == "Model":
        return f"{row['icon']} {value}".strip()
    if name == "Seconds":
        return str(row["typical"])
    if value == UNKNOWN:
        return "" if name in MEASURED else "—"
    if name in FORMATS:
        return FORMATS[name](value)
    return value if isinstance(value, str) else f"{value:,.10g}"
