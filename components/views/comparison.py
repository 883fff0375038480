"""The cards of a comparison as HTML: each with its state, pictures and facts, and the plan before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import ComparisonPlan
from components.jobs.job import Job
from components.views.job import differences, job_facts, model_name, progress, show_picture
from components.views.links import archive_link, link, published_path, report_link
from components.views.models import model_title, settings_text
from components.views.templates import render
from components.views.words import tone

ORDERS = ("as asked", "finish", "price", "time", "name")


def show_cards(
    catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job], timing_of: Callable[[Job], Timing], order: str
) -> str:
    """All cards in one of the ORDERS; ``timing_of`` says how long the model of a job usually takes."""
    cards = sorted(comparison.cards, key=lambda card: _sort_key(catalog, card, jobs.get(card.job), order))
    known = [jobs[card.job] for card in comparison.cards if card.job in jobs]
    return render(
        "cards",
        cards=[_card(catalog, card, jobs.get(card.job), timing_of) for card in cards],
        total=len(known),
        ended=sum(job.settled for job in known),
        failed=sum(tone(job) in ("bad", "warn") for job in known),
        prompt=str(comparison.shared.get("prompt", "")),
        seed=comparison.shared.get("seed"),
    )


def card_name(catalog: Catalog, card: Card) -> str:
    """A card in a few words: model, settings, and which sample it is."""
    parts = [model_name(catalog, card.model), settings_text(card.settings)]
    return " · ".join(part for part in parts if part) + (f" · sample {card.sample}" if card.sample > 1 else "")


def show_plan(catalog: Catalog, plan: ComparisonPlan) -> str:
    """What the shared form becomes for each model, and its price, before anything is sent."""
    samples = max((planned.card.sample for planned in plan.cards), default=1)
    rows = [
        {
            "name": model_title(model),
            "settings": settings_text(planned.card.settings),
            "notes": list(planned.card.notes),
            "refused": planned.card.refused,
            "price": _price_of_samples(catalog, planned.cost, samples) if planned.request else "not sent",
        }
        for planned in plan.cards
        if planned.card.sample == 1 and (model := catalog.find(planned.card.model))
    ]
    return render("mapping", rows=rows)


def button_text(plan: ComparisonPlan) -> str:
    """``Compare · 4 requests · 23 credits · $0.23``."""
    requests = f"{plan.requests} request{'' if plan.requests == 1 else 's'}"
    return f"Compare · {requests} · {plan.cost}" if plan.requests else "Compare"


def show_links(comparison: Comparison, jobs: Mapping[str, Job]) -> str:
    """Links to the report and to a ZIP of the pictures."""
    pictured = [card.job for card in comparison.cards if card.job in jobs and jobs[card.job].pictures]
    archive = archive_link(pictured) if pictured else ""
    return render("compare_links", report=report_link(comparison.id), archive=archive)


def show_public(comparison: Comparison) -> str:
    """The link to a published comparison; "" for one that is not published."""
    token = comparison.token
    return render("public", address=link(published_path(token))) if token else ""


def _card(catalog: Catalog, card: Card, job: Job | None, timing_of: Callable[[Job], Timing]) -> dict[str, Any]:
    model = catalog.find(card.model)
    shown: dict[str, Any] = {
        "title": model_title(model) if model else card.model,
        "settings": settings_text(card.settings),
        "sample": card.sample,
        "notes": list(card.notes),
    }
    if job is None:
        word, why = ("Not sent", card.refused) if card.refused else ("Deleted", "You deleted this request.")
        nothing: dict[str, Any] = {"job": "", "tone": "", "running": False, "pictures": [], "facts": [], "differences": []}
        return {**shown, **nothing, "word": word, "problem": why, "note": "", "task_id": "", "sandbox": False}
    facts, different = job_facts(catalog, job), differences(job)
    asked = f"asked {job.shape}"
    caption = " · ".join([card_name(catalog, card), *facts])
    told = not job.shape or any(text.startswith(f"{asked},") for text in different)
    return {
        **shown,
        **progress(job, timing_of(job)),
        "job": job.id,
        "count": min(job.count, 4),
        "problem": str(job.problem) if job.problem else "",
        "note": job.status_note,
        "pictures": [
            {**show_picture(job, index, card_name(catalog, card)), "caption": caption} for index in range(len(job.pictures))
        ],
        "facts": facts if told else [asked, *facts],
        "differences": different,
        "task_id": job.task_id or "",
        "sandbox": job.payer == "sandbox",
    }


def _price_of_samples(catalog: Catalog, cost: Cost, samples: int) -> str:
    """``2 × 8 = 16 credits · $0.16``, or the price of one."""
    credits = samples * cost.credits
    return str(cost) if samples == 1 else f"{samples} × {cost.credits:g} = {Cost(credits, catalog.usd(credits))}"


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
