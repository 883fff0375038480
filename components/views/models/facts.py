"""The facts of a model in words, the cheapest models, and what forms show around their controls."""

from __future__ import annotations

from components.catalog.models import Catalog, Model
from components.catalog.prices import PriceListRow, credits_text, price_list, usd_text
from components.jobs.store.measured import Measured
from components.pictures import uploads
from components.views.templates import render

CHEAPEST = 4


def inputs_text(model: Model) -> str:
    """``text + image``."""
    return " + ".join(model.inputs)


def price_range(row: PriceListRow) -> str:
    """``10–28 credits · $0.10–$0.28``, or one price."""
    return f"{credits_range(row)} · {dollars_range(row)}"


def dollars_range(row: PriceListRow) -> str:
    """``$0.10–$0.28``, or ``$0.10``."""
    low, high = row.lowest.usd, row.highest.usd
    return usd_text(low) if low == high else f"{usd_text(low)}–{usd_text(high)}"


def credits_range(row: PriceListRow) -> str:
    """``10–28 credits``, or ``10 credits``."""
    low, high = row.lowest.credits, row.highest.credits
    return credits_text(low) if low == high else f"{low:g}–{credits_text(high)}"


def cheapest(catalog: Catalog, wanted: str = "", most: int | None = CHEAPEST) -> list[str]:
    """The ids of the ``most`` cheapest models (None: of all), of those with the input ``wanted`` where it is named."""
    ids = [row.model.id for row in price_list(catalog) if not wanted or wanted in row.model.inputs]
    return ids[:most]


def median_seconds(model: Model, seen: Measured | None) -> float | None:
    """The seconds that a model is sorted by: the median measured here, else the middle of what the service states."""
    if seen and seen.p50:
        return seen.p50
    return sum(model.seconds) / 2 if model.seconds else None


def upload_control(refused: str, *, many: bool) -> str:
    """The control beside a field for pictures, for one file or ``many``; the sentence ``refused`` where there are no uploads."""
    return render("upload", refused=refused, many=many, uploads=uploads)
