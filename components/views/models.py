"""What a form shows around its controls: options of the model picker, facts of a model, the upload control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import PriceListRow, credits_text, price_list, usd_text
from components.pictures.uploads import AFTER_S, FORMATS, LARGEST_BYTES, TOO_LARGE
from components.views.templates import render
from components.views.words import range_text, typical_text


def model_title(model: Model) -> str:
    """A model's name after its icon."""
    return f"{model.icon} {model.name}".strip()


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings in a few words, such as ``flex · 2K``."""
    return " · ".join(str(value) for value in settings.values())


def inputs_text(model: Model) -> str:
    """``text + image``."""
    return " + ".join(model.inputs)


def price_range(row: PriceListRow) -> str:
    """``10–28 credits · $0.10–$0.28``, or one price."""
    low, high = row.lowest, row.highest
    if low.credits == high.credits:
        return str(low)
    return f"{low.credits:g}–{credits_text(high.credits)} · {usd_text(low.usd)}–{usd_text(high.usd)}"


def model_options(catalog: Catalog) -> list[tuple[str, str]]:
    """(label, id) of each model, by base credits."""
    return [
        (f"{model_title(row.model)} · {row.model.provider} · {_credits_range(row)}", row.model.id)
        for row in price_list(catalog)
    ]


def chips(catalog: Catalog, model: Model, seen: Timing | None = None) -> str:
    """The facts under the picker; ``seen`` are run times that this page has measured at the service."""
    row = next((row for row in price_list(catalog) if row.model.id == model.id), None)
    items = [
        {"text": price_range(row) if row else "retired", "tone": ""},
        {"text": measured_text(seen) if seen else stated_text(model), "tone": ""},
        {"text": f"{inputs_text(model)} → {model.output}", "tone": ""},
        {"text": "callback or poll" if model.webhook else "poll", "tone": ""},
    ]
    if model.status == "deprecated":
        until = f" until {model.retires_on}" if model.retires_on else ""
        items.append({"text": f"deprecated{until}", "tone": "warn"})
    return render("chips", chips=items)


def stated_text(model: Model) -> str:
    """``typically 4–9 s`` by the service's own word; ``time not stated`` where it says nothing."""
    return f"typically {typical_text(model.seconds)}" if model.seconds else "time not stated"


def measured_text(seen: Timing) -> str:
    """``typically 4–9 s, measured here``: the middle 80 % of runs."""
    return f"typically {range_text(seen)}, measured here"


def example_prompts(catalog: Catalog) -> frozenset[str]:
    """Every prompt that came from the catalog and not from the visitor."""
    own = {str(model.example.get(model.by_role(Role.PROMPT) or "", "")) for model in catalog.models}
    return frozenset(own | {item.prompt for model in catalog.models for item in model.prompts})


def _credits_range(row: PriceListRow) -> str:
    low, high = row.lowest.credits, row.highest.credits
    return credits_text(low) if low == high else f"{low:g}–{credits_text(high)}"


def upload_control(refused: str, *, many: bool) -> str:
    """The control beside a field for pictures, for one file or ``many``; the sentence ``refused`` where there are no uploads."""
    return render(
        "upload",
        refused=refused,
        many=many,
        accept=",".join(f"image/{name}" for name in FORMATS),
        largest=LARGEST_BYTES,
        megabytes=LARGEST_BYTES // 1_000_000,
        too_large=TOO_LARGE,
        minutes=f"{AFTER_S / 60:.0f}",
    )
