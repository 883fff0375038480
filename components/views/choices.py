"""What can be put on a card: a model, or one of its variants or settings, as a short text and back.

``flux-2`` or ``flux-2?type=flex&resolution=2K``: the same in the picker, in the address and where somebody types it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from components.catalog.models import Catalog, Model
from components.catalog.prices import base_credits, credits_text, price_list, tiers
from components.comparisons.plan import Choice
from components.errors import InputError
from components.views.links import read_parameters

CHEAPEST = 4


def write_choice(choice: Choice) -> str:
    """The text of a choice."""
    pairs = [("variant" if name == "model" else name, value) for name, value in choice.settings.items()]
    return choice.model + ("?" + urlencode(pairs, doseq=True) if pairs else "")


def read_choice(catalog: Catalog, text: str) -> Choice:
    """The choice of a text. Raises InputError for a model that is not there."""
    name, _, query = text.strip().partition("?")
    model = catalog.find(name)
    if model is None:
        raise InputError("models", f"models: there is no model {name[:60]!r}.")
    return Choice(model.id, read_parameters(model, parse_qs(query)))


def picker(catalog: Catalog) -> list[tuple[str, str]]:
    """(what is read, text) for every model, and for each of its dearer or cheaper settings, the cheapest first."""
    found: list[tuple[float, str, str]] = []
    for row in price_list(catalog):
        model, base = row.model, base_credits(row.model)
        found.append((base, f"{title(model)} · {credits_text(base)}", model.id))
        defaults = {name: field.default for name, field in model.parameters.items()}
        for tier in tiers(model):
            settings = {name: value for name, value in tier.settings.items() if value != defaults[name]}
            if settings:
                choice = Choice(model.id, settings)
                label = f"{title(model)} · {settings_text(settings)} · {credits_text(tier.credits)}"
                found.append((tier.credits, label, write_choice(choice)))
    return [(label, text) for _, label, text in sorted(found, key=lambda item: item[0])]


def cheapest(catalog: Catalog, wanted: str = "", most: int | None = CHEAPEST) -> list[str]:
    """The texts of the cheapest models, ``most`` of them or all, of those that take a picture where ``wanted`` is ``image``."""
    rows = [row for row in price_list(catalog) if not wanted or wanted in row.model.inputs]
    return [row.model.id for row in rows[:most]]


def title(model: Model) -> str:
    """A model's name with its icon."""
    return f"{model.icon} {model.name}".strip()


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings in a few words, such as ``flex · 2K``."""
    return " · ".join(str(value) for value in settings.values())
