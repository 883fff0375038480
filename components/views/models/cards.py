"""A model as a card: the one that is chosen, and all of them in the panel that they are chosen from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from urllib.parse import quote
from zlib import crc32

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.prices import PriceListRow, price_list, usd_text
from components.comparisons.plan import ComparisonPlan
from components.errors import InputError
from components.jobs.store.measured import Measured
from components.playground import Playground
from components.views.links import SANDBOX, link, sample_path
from components.views.models.facts import credits_range, dollars_range, inputs_text, median_seconds
from components.views.models.purposes import good_for_text, purpose_chips
from components.views.models.search import matches, order_of, search_data, search_messages, search_text
from components.views.queries.compare import read_choice, variant_options
from components.views.templates import render
from components.views.words import range_text, seconds_text, settings_text, typical_text, utc

MOST_CARDS = 48


@dataclass(frozen=True)
class Thumbnail:
    """What a model drew: the address of a small picture, what it is, and the prompt ("" for a sandbox's drawing)."""

    address: str
    caption: str
    prompt: str = ""


def thumbnail(playground: Playground, model: Model) -> Thumbnail | None:
    """The host's sample of a model, else the sandbox's drawing of its example; None for a model without one."""
    if sample := playground.comparisons.samples.current.get(model.id):
        caption = f"{usd_text(sample.usd)} · {utc(sample.made_at):%Y-%m-%d}"
        return Thumbnail(link(sample_path(sample.name)), caption, sample.prompt)
    if not model.example or not model.runnable:
        return None
    version = f"{crc32(f'{playground.drawings_version} {model.model_dump_json()}'.encode()):08x}"
    address = link(f"{SANDBOX}/examples/{quote(model.id, safe='')}/{version}.webp")
    return Thumbnail(address, "sandbox drawing")


def show_chosen(playground: Playground, model: Model, into: str, measured: Timing | None = None) -> str:
    """The chosen model as a button that opens the panel; the id of another choice goes into the text field ``into``.

    ``measured`` are run times that this page has seen at the service.
    """
    row = next((row for row in price_list(playground.catalog) if row.model.id == model.id), None)
    seconds = f"{range_text(measured)}, measured here" if measured else typical_text(model.seconds)
    facts = [dollars_range(row) if row else "retired", seconds, inputs_text(model)]
    return render("picker_chosen", model=model, into=into, thumbnail=thumbnail(playground, model), facts=facts)


def show_planned(playground: Playground, plan: ComparisonPlan) -> str:
    """The chosen models of a comparison that has not been sent: what each drew before, its price, and how long it takes."""
    cards = []
    for planned in plan.cards:
        model = playground.catalog.find(planned.card.model)
        if model and planned.card.sample == 1 and not planned.card.refused:
            cards.append((planned, model, thumbnail(playground, model), typical_text(model.seconds)))
    return render("compare_planned", cards=cards)


def show_several(catalog: Catalog, choices: Sequence[str], into: str, opener: str) -> str:
    """The chosen models, each with a button that leaves it out, and the button ``opener`` that opens the panel for several."""
    chosen = [(text, *_named(catalog, text)) for text in choices]
    return render("picker_several", chosen=chosen, into=into, opener=opener)


def _named(catalog: Catalog, text: str) -> tuple[str, str]:
    """The icon and the name of a choice; the text itself where it names no model."""
    try:
        choice = read_choice(catalog, text)
    except InputError:
        return "", text
    model = catalog.find(choice.model)
    return (model.icon, " · ".join(filter(None, (model.name, settings_text(choice.settings))))) if model else ("", text)


def show_panel(catalog: Catalog, *, many: bool) -> str:
    """The panel without its cards, which the browser fetches from :func:`show_cards`."""
    whole = len(price_list(catalog)) <= MOST_CARDS
    return render("picker", many=many, chips=purpose_chips(catalog), whole=whole)


def show_cards(
    playground: Playground, measured: Mapping[str, Measured], *, many: bool, search: str = "", purpose: str = ""
) -> str:
    """The cards of the models that match, by base price or as the search orders them, MOST_CARDS at most.

    ``many`` with a checkbox each.
    """
    rows = [row for row in price_list(playground.catalog) if matches(row.model, search, purpose)]
    if order_of(search) == "Seconds":
        rows.sort(key=lambda row: median_seconds(row.model, measured.get(row.model.id)) or inf)
    cards = [_card(playground, row, measured.get(row.model.id)) for row in rows[:MOST_CARDS]]
    message = " ".join(search_messages(map(search_text, playground.catalog.models), search)) if search else ""
    return render("picker_cards", cards=cards, many=many, total=len(rows), message=message, search_data=search_data())


def _card(playground: Playground, row: PriceListRow, measured: Measured | None) -> dict[str, object]:
    model = row.model
    stated = typical_text(model.seconds)
    return {
        "model": model,
        "thumbnail": thumbnail(playground, model),
        "dollars": dollars_range(row),
        "credits": credits_range(row),
        "seconds": f"{seconds_text(measured.p50)} measured" if measured and measured.p50 else stated,
        "inputs": inputs_text(model),
        "good_for": good_for_text(model),
        "search": search_text(model),
        "median_seconds": median_seconds(model, measured) or "",
        "variants": variant_options(model),
    }
