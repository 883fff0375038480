"""The cards of a comparison: each with its state, its pictures and its facts, filled as its own job ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from components.comparisons.comparison import Card, Comparison
from components.jobs.job import Job
from components.playground import Playground
from components.views.job import expected_text, job_facts, show_picture, tone
from components.views.models import model_title, settings_text
from components.views.outcome import differences, shape_ratio
from components.views.templates import render
from components.views.words import state_word

ORDERS = ("as asked", "finish", "price", "time", "name")


def show_cards(playground: Playground, batch: Comparison, jobs: Mapping[str, Job], order: str) -> str:
    """All cards as HTML in the order that was chosen."""
    now = time.time()
    places = sorted(range(len(batch.cards)), key=lambda place: _key(playground, batch.cards[place], jobs, order))
    known = [job for card in batch.cards if (job := jobs.get(card.job))]
    return render(
        "cards",
        cards=[_card(playground, batch.cards[place], jobs.get(batch.cards[place].job), now) for place in places],
        total=len(known),
        ended=sum(job.settled for job in known),
        failed=sum(tone(job) in ("bad", "warn") for job in known),
        prompt=str(batch.shared.get("prompt", "")),
        seed=batch.shared.get("seed"),
    )


def name_of(playground: Playground, card: Card) -> str:
    """A card in a few words: model, settings, and which sample it is."""
    model = playground.catalog.find(card.model)
    parts = [model.name if model else card.model, settings_text(card.settings)]
    return " · ".join(part for part in parts if part) + (f" · sample {card.sample}" if card.sample > 1 else "")


def _card(playground: Playground, card: Card, job: Job | None, now: float) -> dict[str, Any]:
    model = playground.catalog.find(card.model)
    shown: dict[str, Any] = {
        "title": model_title(model) if model else card.model,
        "settings": settings_text(card.settings),
        "sample": card.sample,
        "notes": list(card.notes),
        "job": "",
        "word": "Not sent" if card.refused else "Deleted",
        "tone": "",
        "running": False,
        "problem": card.refused or "You deleted this request.",
        "pictures": [],
        "facts": [],
        "differences": [],
        "task_id": "",
        "sandbox": False,
        "note": "",
    }
    if job is None:
        return shown
    elapsed, running = job.seconds(now), not job.settled
    timing = playground.jobs.timing(job)
    name = name_of(playground, card)
    return shown | {
        "job": job.id,
        "word": state_word(job),
        "tone": tone(job),
        "running": running,
        "elapsed": f"{elapsed:.0f} s",
        "expected": expected_text(timing, elapsed) if running else "",
        "progress": round(100 * timing.progress(elapsed)) if running else 0,
        "ratio": shape_ratio(job.shape) or 1.0,
        "count": min(job.count, 4),
        "problem": str(job.problem) if job.problem else "",
        "note": job.note,
        "pictures": [
            {**show_picture(job, index, name), "caption": " · ".join([name, *job_facts(job)])}
            for index in range(len(job.pictures))
        ],
        "facts": [*_asked(job), *job_facts(job)],
        "differences": differences(job),
        "task_id": job.task_id or "",
        "sandbox": job.payer == "sandbox",
    }


def _asked(job: Job) -> list[str]:
    """The shape that was asked for, unless it is told as a difference already."""
    asked = f"asked {job.shape}"
    return [asked] if job.shape and not any(told.startswith(f"{asked},") for told in differences(job)) else []


def _key(playground: Playground, card: Card, jobs: Mapping[str, Job], order: str) -> Any:
    """What cards are sorted by; those that have no such number stand last, and equals as they were asked for."""
    job = jobs.get(card.job)
    keys: Mapping[str, Callable[[], Any]] = {
        "finish": lambda: job.finished_at if job and job.finished_at else inf,
        "price": lambda: job.credits if job else inf,
        "time": lambda: job.seconds(job.finished_at) if job and job.finished_at else inf,
        "name": lambda: name_of(playground, card).casefold(),
    }
    return keys[order]() if order in keys else 0
