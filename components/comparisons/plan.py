"""What a comparison would send and cost: the shared form mapped to each chosen model. Nothing is sent or stored here."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import Cost, price
from components.catalog.requests import Request, resolve_variant
from components.catalog.shared_form import MappedForm, map_shared_form
from components.comparisons.comparison import Card, Comparison
from components.errors import CapReached, InputError
from components.jobs.budgets import Budget
from components.jobs.job import Job, JobState, new_id

MOST_CARDS = 60
MOST_SAMPLES = 10
LARGEST_SEED = 2**31 - 1  # every model that takes a seed takes one up to this


@dataclass(frozen=True)
class Choice:
    """A model, and parameters of its own that win over the shared form: a variant, a quality."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedCard:
    """A card before anything is sent, its request (None: nothing will be sent) and its price.

    A card that does not fit the budget has a price and no request.
    """

    card: Card
    request: Request | None
    cost: Cost

    def with_job_id(self, job_id: str = "") -> PlannedCard:
        """The same with the id that its job will have, a new one if none is given. A card without a request gets none."""
        return replace(self, card=replace(self.card, job=job_id or new_id())) if self.request else self


@dataclass(frozen=True)
class ComparisonPlan:
    """Every card of a comparison, and what those that will be sent cost together.

    ``left`` is how many credits may still be spent today before any of them; infinite where there is no cap.
    """

    cards: tuple[PlannedCard, ...]
    cost: Cost
    left: float = inf

    @property
    def requests(self) -> int:
        """How many requests would be sent."""
        return sum(planned.request is not None for planned in self.cards)

    @property
    def unaffordable(self) -> int:
        """How many requests do not fit the budget."""
        return sum(planned.request is None and planned.cost.credits > 0 for planned in self.cards)


def plan_comparison(
    catalog: Catalog, choices: Sequence[Choice], shared: Mapping[str, Any], samples: int = 1
) -> ComparisonPlan:
    """The cards in the order of the choices. With a seed, each further sample has the next one.

    Raises:
        InputError: the form is wrong, a model is unknown, or there are more than MOST_CARDS cards.
    """
    if not isinstance(samples, int) or not 1 <= samples <= MOST_SAMPLES:
        raise InputError("samples", f"samples: must be a whole number from 1 to {MOST_SAMPLES}.")
    if not isinstance(shared, Mapping):
        raise InputError("shared", "shared: must be an object with the values of the shared form.")
    if isinstance(shared.get("count"), int | float) and not 1 <= shared["count"] <= MOST_SAMPLES:
        raise InputError("count", f"count: must be a whole number from 1 to {MOST_SAMPLES} in a comparison.")
    if len(choices) * samples > MOST_CARDS:
        raise InputError("models", f"models: {len(choices) * samples} pictures at once. At most {MOST_CARDS}.")
    cards = [_plan_card(catalog, choice, shared, number) for choice in choices for number in range(1, samples + 1)]
    return ComparisonPlan(tuple(cards), total_cost(catalog, cards))


def fit_to_budget(cards: Iterable[PlannedCard], budget: Budget) -> list[PlannedCard]:
    """The cards in their order; those that do not fit what the earlier ones leave of the budget have no request, and say why."""
    fitted = []
    for planned in cards:
        if planned.request:
            try:
                budget.check(planned.cost.credits)
                budget = budget.reserve(planned.cost.credits)
            except CapReached as error:
                planned = replace(planned, request=None, card=replace(planned.card, job="", refused=error.what))
        fitted.append(planned)
    return fitted


def total_cost(catalog: Catalog, cards: Iterable[PlannedCard]) -> Cost:
    """What the cards that will be sent cost together."""
    credits = sum(planned.cost.credits for planned in cards if planned.request)
    return Cost(credits, catalog.usd(credits))


def plan_retries(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job]) -> dict[int, PlannedCard]:
    """The cards that can be sent again, by position: those that failed or were never sent, none whose picture may still come.

    A card whose job was never recorded must have ``refused``, which ``ComparisonService`` fills. Each planned card has its
    job's id already.
    """
    again = {}
    for position, card in enumerate(comparison.cards):
        job = jobs.get(card.job)
        failed = job is not None and (job.state is JobState.FAILED or (job.state is JobState.STOPPED and not job.may_cost))
        if failed or card.refused:
            try:
                planned = _plan_card(catalog, Choice(card.model, card.settings), comparison.shared, card.sample)
            except InputError:  # the catalog has changed since
                continue
            if planned.request:
                # A card whose job was never recorded keeps its job id, so that two retries of it are one job.
                again[position] = planned.with_job_id(card.job if card.refused else "")
    return again


def with_drawn_seed(
    catalog: Catalog, choices: Sequence[Choice], shared: Mapping[str, Any], samples: int
) -> Mapping[str, Any] | None:
    """The form with a drawn seed; None where it has a seed already, or no request would use one. Raises as :func:`plan_comparison`."""
    if "seed" in shared:
        return None
    seeded = {**shared, "seed": draw_seed()}
    planned = plan_comparison(catalog, choices, seeded, samples).cards
    uses = any(one.request.model.by_role(Role.SEED) in one.request.parameters for one in planned if one.request)
    return seeded if uses else None


def draw_seed() -> int:
    """A random seed that every model with a seed takes."""
    return secrets.randbelow(LARGEST_SEED)


def _plan_card(catalog: Catalog, choice: Choice, shared: Mapping[str, Any], sample: int) -> PlannedCard:
    form = shared
    if sample > 1 and isinstance(shared.get("seed"), int | float):
        form = {**shared, "seed": (shared["seed"] + sample - 1) % (LARGEST_SEED + 1)}
    model, settings = resolve_variant(catalog, choice.model, choice.settings)
    mapped = map_shared_form(catalog, model.id, form, settings)
    cost = price(catalog, mapped.request) if mapped.request else Cost(0, 0.0)
    chosen = dict(settings) if isinstance(settings, Mapping) else {}
    card = Card(model.id, chosen, sample, notes=mapped.notes, refused=_refusal(mapped))
    return PlannedCard(card, mapped.request, cost)


def _refusal(mapped: MappedForm) -> str:
    if mapped.skipped:
        return f"Skipped: {mapped.skipped}."
    return mapped.problem.what if mapped.problem else ""
