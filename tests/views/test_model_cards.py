"""The cards of the models: the panel that they are chosen from, the chosen one, and those of a comparison that was not sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from components.api.schedule import Learned
from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import price_list
from components.comparisons.plan import Choice, plan_comparison
from components.jobs.store.measured import Measured
from components.playground import Playground
from components.views.models.cards import MOST_CARDS, show_cards, show_chosen, show_panel, show_planned, show_several
from components.views.models.purposes import purpose_chips
from components.views.queries.compare import variant_options
from components.views.words import range_text
from tests.catalog.large import large_catalog
from tests.views.html import HOSTILE, parse_inert


async def test_the_panel_has_a_card_for_every_model_that_can_be_used(
    catalog: Catalog, playground: Callable[..., Playground]
) -> None:
    """In the order of the price list, each with price, time, inputs, purpose and a picture that a browser may keep."""
    page = parse_inert(show_cards(playground(), {}, many=False))

    assert page.values("data-value") == [row.model.id for row in price_list(catalog)]
    for words in ("Flux 2", "Black Forest Labs", "$0.05–$0.24", "5–24 credits", "3–8 s · text + image", "Good for photo"):
        assert words in page.text
    addresses = page.values("src")
    assert len(set(addresses)) == 11
    assert all(address.startswith("sandbox/examples/") for address in addresses)
    redrawn = parse_inert(show_cards(replace(playground(), drawings_version="other"), {}, many=False)).values("src")
    assert not set(redrawn) & set(addresses)
    assert parse_inert(show_panel(catalog, many=False)).values("data-purpose")[1:] == [
        chip for _, chip in purpose_chips(catalog)
    ]


@pytest.mark.slow
async def test_a_large_catalog_shows_some_cards_and_finds_the_others(playground: Callable[..., Playground]) -> None:
    catalog = parse_catalog(large_catalog(1001))
    large = replace(playground(), catalog=catalog)

    every, found = (parse_inert(show_cards(large, {}, many=True, search=search)) for search in ("", "merged"))
    assert (len(every.values("value")), every.values("data-total")) == (MOST_CARDS, ["1001"])
    assert found.values("value") == ["merged"]
    assert parse_inert(show_panel(catalog, many=True)).values("data-whole") == ["false"]


async def test_the_chosen_model_is_a_button_with_its_facts(catalog: Catalog, playground: Callable[..., Playground]) -> None:
    model = catalog.models[0].model_copy(update={"name": HOSTILE})
    page = parse_inert(show_chosen(playground(), model, "model"))

    assert "$0.04 · 3–8 s · text" in page.text
    assert HOSTILE.split()[0] in page.text
    assert (page.values("data-chosen"), page.values("data-into")) == ([model.id], ["model"])


async def test_cards_say_whether_seconds_are_stated_or_measured_here(
    catalog: Catalog, playground: Callable[..., Playground]
) -> None:
    learned, model = Learned.expected((3.0, 8.0)), catalog.models[0]
    for _ in range(20):
        learned = learned.observed(5.0)

    assert f"{range_text(learned.timing)}, measured here" in show_chosen(playground(), model, "model", learned.timing)
    assert "measured here" not in show_chosen(playground(), model, "model")
    assert "4.2 s measured" in show_cards(playground(), {model.id: Measured(12, 4.25, 10.0, 0.25)}, many=False)


async def test_the_panel_for_several_has_the_variants_inside_their_model(
    catalog: Catalog, playground: Callable[..., Playground]
) -> None:
    """Each model and each of its differently priced settings is one checkbox; the chosen ones are named with theirs."""
    values = parse_inert(show_cards(playground(), {}, many=True)).values("value")

    offered = [text for model in catalog.models for text in (model.id, *(text for _, _, text in variant_options(model)))]
    assert sorted(values) == sorted(offered)
    page = parse_inert(show_several(catalog, ["flux-2?type=flex&resolution=2K", HOSTILE], "compare-models", "Choose models"))
    assert "Flux 2 · flex · 2K" in page.text
    assert page.values("data-leave-out") == ["flux-2?type=flex&resolution=2K", HOSTILE]
    assert page.values("data-chosen") == [f"flux-2?type=flex&resolution=2K\n{HOSTILE}"]


async def test_a_comparison_that_was_not_sent_shows_each_model_once(
    catalog: Catalog, playground: Callable[..., Playground]
) -> None:
    """With its price and a picture that is marked as what it is; not for samples, nor a model that would not be sent."""
    edit = Choice("seedream-4-5", {"model": "seedream/4.5-edit"})  # refused: it needs an image
    choices = [Choice("flux-2", {"type": "flex", "resolution": "2K"}), Choice("cogview-4"), edit]
    page = parse_inert(show_planned(playground(), plan_comparison(catalog, choices, {"prompt": HOSTILE}, 2)))

    assert [model in page.text for model in ("Flux 2", "CogView 4", "Seedream")] == [True, True, False]
    assert "24 credits · $0.24" in page.text
    assert "flex" in page.text
    assert page.text.count("sandbox drawing") == 2
