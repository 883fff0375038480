"""The plan of a comparison: cards, prices, seeds and refusals, without sending anything."""

from __future__ import annotations

from contextlib import suppress
from math import inf, nan
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.comparisons.plan import (
    LARGEST_SEED,
    Choice,
    draw_seed,
    fit_to_budget,
    plan_comparison,
    total_cost,
    with_drawn_seed,
)
from components.errors import InputError
from components.jobs.budgets import Budget, Caps
from tests.comparisons.processes import PROMPT, SEEDED, SEEDLESS, WITH_IMAGE, choices


def test_a_plan_costs_what_its_cards_cost_and_a_skipped_card_costs_nothing(catalog: Catalog) -> None:
    planned = plan_comparison(catalog, choices("cogview-4", "flux-2", "hunyuan-image-3"), WITH_IMAGE, 2)

    assert [one.cost.credits for one in planned.cards] == [0, 0, 5, 5, 25, 25]
    assert (planned.cost.credits, planned.cost.usd, planned.requests) == (60, 0.6, 4)


@pytest.mark.parametrize(
    ("budget", "fits", "left"),
    [
        (Budget(), [True, True, True, True], inf),
        (Budget(Caps(daily=62), today=30), [True, True, False, True], 32),
        (Budget(Caps(daily=62, visitor=10), today=50, visitor_today=3), [True, False, False, False], 7),
        (Budget(Caps(job=20)), [True, True, False, True], inf),
        (Budget(Caps(visitor=4)), [True, False, False, False], 4),
        (Budget(Caps(daily=0)), [False, False, False, False], 0),
        (Budget(Caps(daily=5), today=9), [False, False, False, False], 0),
    ],
)
def test_what_fits_a_budget_is_chosen_in_order(budget: Budget, fits: list[bool], left: float, catalog: Catalog) -> None:
    """4, 5, 25 and 8 credits; a card that does not fit keeps its price and says why. A skipped card stays as it is."""
    planned = plan_comparison(catalog, choices("cogview-4", "flux-2", "hunyuan-image-3", "ideogram-v3"), PROMPT).cards
    fitted = fit_to_budget(planned, budget)

    assert [one.request is not None for one in fitted] == fits
    assert [one.cost for one in fitted] == [one.cost for one in planned]
    assert ["This request costs" in one.card.refused for one in fitted] == [not fit for fit in fits]
    assert total_cost(catalog, fitted).credits == sum(
        one.cost.credits for one, fit in zip(planned, fits, strict=True) if fit
    )
    assert budget.left == left
    skipped = plan_comparison(catalog, choices("cogview-4"), WITH_IMAGE).cards
    assert fit_to_budget(skipped, budget) == list(skipped)


def test_each_further_sample_has_the_next_seed(catalog: Catalog) -> None:
    """A form may hold 7.0 for 7, and the largest seed is followed by 0."""
    for seed in (0, 7, 7.0, LARGEST_SEED):
        cards = plan_comparison(catalog, choices(SEEDED), {**PROMPT, "seed": seed}, 4).cards
        seeds = [card.request.body["seed"] for card in cards if card.request]
        assert seeds == [(seed + number) % (LARGEST_SEED + 1) for number in range(4)]
        assert all(isinstance(number, int) for number in seeds)
    assert all(0 <= draw_seed() < LARGEST_SEED for _ in range(100))


def test_too_many_cards_and_forms_without_meaning_are_refused_by_name(catalog: Catalog) -> None:
    cases: list[tuple[list[Any], Any, Any, str]] = [
        (["cogview-4"] * 7, PROMPT, 9, "models"),
        (["cogview-4"] * 61, PROMPT, 1, "models"),
        (["cogview-4"], PROMPT, 0, "samples"),
        (["cogview-4"], PROMPT, 11, "samples"),
        (["cogview-4"], PROMPT, 1.5, "samples"),
        (["cogview-4"], PROMPT, "2", "samples"),
        (["cogview-4"], ["A kite"], 1, "shared"),
        (["cogview-4"], {**PROMPT, "count": 11}, 1, "count"),
        (["cogview-4"], {**PROMPT, "seed": nan}, 1, "seed"),
        (["cogview-4"], {**PROMPT, "size": "1:1"}, 1, "size"),
        (["cogview-4", "no-such-model"], PROMPT, 1, "model"),
    ]
    for models, shared, samples, field in cases:
        with pytest.raises(InputError) as error:
            plan_comparison(catalog, choices(*models), shared, samples)
        assert error.value.field == field, (models[:2], shared, samples)


def test_settings_of_any_type_are_accepted_or_refused_in_words(catalog: Catalog) -> None:
    """They come from outside."""
    wrong: list[Any] = [None, [], ["type"], "flex", 5, {"type": None}, {"type": []}, {"x" * 99: {}}]
    for settings in wrong:
        with suppress(InputError):
            (planned,) = plan_comparison(catalog, [Choice("flux-2", settings)], PROMPT).cards
            assert (planned.request is None) == bool(planned.card.refused), settings


def test_a_seed_is_drawn_where_the_form_has_none_and_a_model_takes_one(catalog: Catalog) -> None:
    drawn = with_drawn_seed(catalog, choices(SEEDED, SEEDLESS), PROMPT, 1)

    assert drawn is not None
    assert drawn == {**PROMPT, "seed": drawn["seed"]}
    assert with_drawn_seed(catalog, choices(SEEDED), {**PROMPT, "seed": 7}, 1) is None
    assert with_drawn_seed(catalog, choices(SEEDLESS), PROMPT, 1) is None
