"""What forms show around their controls: the models to choose from, the facts of a model, the upload control."""

from __future__ import annotations

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import PriceListRow, credits_text, price_list, usd_text
from components.pictures import uploads
from components.views.templates import render
from components.views.words import range_text, typical_text

CHEAPEST = 4


def inputs_text(model: Model) -> str:
    """``text + image``."""
    return " + ".join(model.inputs)


def price_range(row: PriceListRow) -> str:
    """``10–28 credits · $0.10–$0.28``, or one price."""
    low, high = row.lowest, row.highest
    return str(low) if low == high else f"{credits_range(row)} · {usd_text(low.usd)}–{usd_text(high.usd)}"


def credits_range(row: PriceListRow) -> str:
    """``10–28 credits``, or ``10 credits``."""
    low, high = row.lowest.credits, row.highest.credits
    return credits_text(low) if low == high else f"{low:g}–{credits_text(high)}"


def model_options(catalog: Catalog) -> list[tuple[str, str]]:
    """(label, id) of each model, by base credits."""
    return [(f"{row.model.name} · {row.model.provider} · {credits_range(row)}", row.model.id) for row in price_list(catalog)]


def cheapest(catalog: Catalog, wanted: str = "", most: int | None = CHEAPEST) -> list[str]:
    """The ids of the ``most`` cheapest models (None: of all), of those with the input ``wanted`` where it is named."""
    ids = [row.model.id for row in price_list(catalog) if not wanted or wanted in row.model.inputs]
    return ids[:most]


def chips(catalog: Catalog, model: Model, measured: Timing | None = None) -> str:
    """The facts under the picker; ``measured`` are run times that this page has seen at the service."""
    row = next((row for row in price_list(catalog) if row.model.id == model.id), None)
    stated = f"typically {typical_text(model.seconds)}" if model.seconds else "time not stated"
    texts = [
        price_range(row) if row else "retired",
        f"typically {range_text(measured)}, measured here" if measured else stated,
        f"{inputs_text(model)} → {model.output}",
        "callback or poll" if model.webhook else "poll",
    ]
    return render("chips", texts=texts, model=model)


def example_prompts(catalog: Catalog) -> frozenset[str]:
    """Every prompt that came from the catalog and not from the visitor."""
    own = {str(model.example.get(model.by_role(Role.PROMPT) or "", "")) for model in catalog.models}
    return frozenset(own | {item.prompt for model in catalog.models for item in model.prompts})


def upload_control(refused: str, *, many: bool) -> str:
    """The control beside a field for pictures, for one file or ``many``; the sentence ``refused`` where there are no uploads."""
    return render("upload", refused=refused, many=many, uploads=uploads)
