"""A comparison as HTML: what would be sent and its price before, the cards of the results after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf, isinf
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.catalog.prices import credits_text
from components.catalog.shared_form import NO_SEED
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import ComparisonPlan
from components.jobs.job import HistoryEntry, Job
from components.views.actions import show_actions
from components.views.job import differences, job_facts, shape_ratio
from components.views.links import COMPARISONS, archive_link, link, own_link, published_path
from components.views.templates import render
from components.views.words import model_name, settings_text

ORDERS = ("as asked", "finish", "price", "time", "name")


def show_cards(
    catalog: Catalog,
    comparison: Comparison,
    entries: Mapping[str, HistoryEntry],
    timing_of: Callable[[Job], Timing],
    order: str,
) -> str:
    """All cards in one of the ORDERS; ``entries`` are the jobs by id, ``timing_of`` says how long a job's model usually takes."""
    jobs = {job_id: entry.job for job_id, entry in entries.items()}
    seeded = [card.model for card in comparison.cards if not card.refused and NO_SEED not in card.notes]
    cards = sorted(comparison.cards, key=lambda card: _sort_key(catalog, card, jobs.get(card.job), order))
    pictured = [job for job in jobs.values() if job.pictures]
    return render(
        "cards",
        catalog=catalog,
        cards=[(card, jobs.get(card.job)) for card in cards],
        common=common_notes(comparison.cards),
        no_seed=NO_SEED,
        unseeded=any(NO_SEED in card.notes for card in comparison.cards),
        seeded=list(dict.fromkeys(model_name(catalog, model) for model in seeded)),
        drawings=bool(pictured) and all(job.payer == "sandbox" for job in pictured),
        actions_of=partial(show_actions, catalog),
        starred={job_id for job_id, entry in entries.items() if entry.starred},
        shared=comparison.shared,
        now=time.time(),
        timing_of=timing_of,
        card_name=card_name,
        job_facts=job_facts,
        differences_of=differences,
        shape_ratio=shape_ratio,
    )


def common_notes(cards: Sequence[Card]) -> list[str]:
    """The notes that all cards share, to be shown once: none for a single card, and never the one on the seed."""
    if len(cards) < 2:
        return []
    return [note for note in cards[0].notes if note != NO_SEED and all(note in card.notes for card in cards)]


def show_earlier_comparisons(comparisons: Sequence[Comparison], shown: str) -> str:
    """A visitor's comparisons, newest first; a click opens one. ``shown`` is the id of the one that is open."""
    return render("compare_earlier", comparisons=comparisons, shown=shown) if len(comparisons) > 1 else ""


def plan_text(plan: ComparisonPlan) -> str:
    """``4 models · 20 credits · $0.20``, with what fits the caps."""
    models = len({planned.card.model for planned in plan.cards if planned.request})
    count = f"{models} model{'' if models == 1 else 's'}" if models else "No model can be asked"
    return " · ".join(text for text in (count, str(plan.cost) if plan.requests else "", fit_text(plan)) if text)


def card_name(catalog: Catalog, card: Card) -> str:
    """A card in a few words: model, settings, and which sample it is."""
    sample = f"sample {card.sample}" if card.sample > 1 else ""
    return " · ".join(part for part in (model_name(catalog, card.model), settings_text(card.settings), sample) if part)


def show_plan(catalog: Catalog, plan: ComparisonPlan) -> str:
    """What the shared form becomes for each model, and its price, before anything is sent."""
    return render("mapping", catalog=catalog, cards=plan.cards, text=plan_text(plan), unaffordable=plan.unaffordable)


def fit_text(plan: ComparisonPlan) -> str:
    """``8 of 11 fit in the 62 credits left today``; "" where nothing limits them."""
    count = plan.requests + plan.unaffordable
    if not count or (isinf(plan.left) and not plan.unaffordable):
        return ""
    fits = f"{plan.requests} of {count} fit" if plan.unaffordable else f"All {count} fit"
    if not plan.requests:
        fits = f"None of {count} fits"
    if count == 1:
        fits = "It does not fit" if plan.unaffordable else "It fits"
    return (
        f"{fits} in {'what this page allows a request' if isinf(plan.left) else f'the {credits_text(plan.left)} left today'}"
    )


def button_text(plan: ComparisonPlan, does: str = "Compare") -> str:
    """``Compare · 4 requests · 23 credits · $0.23``, ``Compare · 3 of 4 requests · 15 credits · $0.15``."""
    if not plan.requests:
        return f"{does} · over the spend cap" if plan.unaffordable else does
    return f"{does} · {_requests(plan)} · {plan.cost}"


def retry_text(plan: ComparisonPlan) -> str:
    """``Retry 2 that failed · 10 credits · $0.10``, ``Retry 1 of 2 that failed · 5 credits · $0.05``."""
    if not plan.requests:
        return "Retry · over the spend cap"
    count = plan.requests + plan.unaffordable
    number = f"{plan.requests} of {count}" if plan.unaffordable else str(count)
    return f"Retry {number} that failed · {plan.cost}"


def _requests(plan: ComparisonPlan) -> str:
    count = plan.requests + plan.unaffordable
    return f"{f'{plan.requests} of ' if plan.unaffordable else ''}{count} request{'' if count == 1 else 's'}"


def show_links(comparison: Comparison, jobs: Mapping[str, Job]) -> str:
    """Links to the report, to a ZIP of the pictures, and to the jobs as data."""
    pictured = [card.job for card in comparison.cards if card.job in jobs and jobs[card.job].pictures]
    archive = archive_link(pictured, comparison.visitor) if pictured else ""
    address, visitor = f"{COMPARISONS}/{comparison.id}", comparison.visitor
    data = [(own_link(f"{address}/jobs.{kind}", visitor), kind.upper()) for kind in ("csv", "json")]
    return render("compare_links", report=own_link(f"{address}/report.html", visitor), archive=archive, data=data)


def show_public(comparison: Comparison) -> str:
    """The link to a published comparison; "" for one that is not published."""
    return render("public", address=link(published_path(comparison.token)) if comparison.token else "")


def _sort_key(catalog: Catalog, card: Card, job: Job | None, order: str) -> Any:
    """What cards are sorted by. Those without such a number come last, equal ones in the order they were asked for."""
    finished_at = job.finished_at if job else None
    match order:
        case "finish":
            return finished_at or inf
        case "price":
            return job.credits if job else inf
        case "time":
            return job.seconds(finished_at) if job and finished_at else inf
        case "name":
            return card_name(catalog, card).casefold()
        case _:
            return 0
