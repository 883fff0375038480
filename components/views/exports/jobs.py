"""Every fact of a job as plain values: an object for JSON, and a flat row for CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.comparisons.comparison import Card, Comparison
from components.jobs.job import HistoryEntry, public_state
from components.views.links import picture_path
from components.views.words import model_name, utc

JOB_COLUMNS = (
    "job_id",
    "comparison_id",
    "task_id",
    "created_at",
    "finished_at",
    "state",
    "model",
    "model_name",
    "prompt",
    "parameters",
    "payer",
    "credits",
    "credits_estimated",
    "credits_charged",
    "usd_estimated",
    "seconds",
    "pictures",
    "picture_sizes",
    "picture_addresses",
    "problem",
    "starred",
    "note",
)
CARD_COLUMNS = ("card", "sample", "carried_over", "not_sent", *JOB_COLUMNS)
NO_JOB: Mapping[str, Any] = dict.fromkeys(JOB_COLUMNS)


def job_object(catalog: Catalog, entry: HistoryEntry, origin: str) -> dict[str, Any]:
    """A job as an object for JSON. ``origin`` is the address of this application, without a trailing slash.

    Times are ISO 8601 in UTC. ``credits`` is what the job costs, as far as is known: 0 if nothing was created.
    ``credits_charged`` is what the service reported; None where it reported nothing.
    """
    job = entry.job
    model = catalog.find(job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    return {
        "job_id": job.id,
        "comparison_id": job.comparison_id or None,
        "task_id": job.task_id,
        "created_at": _iso(job.created_at),
        "finished_at": _iso(job.finished_at),
        "state": str(public_state(job)),
        "model": job.model,
        "model_name": model_name(catalog, job.model),
        "prompt": job.prompt,
        "parameters": {name: value for name, value in job.body.items() if name != prompt},
        "payer": job.payer,
        "credits": _finite(job.cost),
        "credits_estimated": _finite(job.credits),
        "credits_charged": _finite(job.charged),
        "usd_estimated": _finite(job.usd),
        "seconds": round(job.seconds(job.finished_at), 2) if job.finished_at else None,
        "pictures": [
            {
                "name": picture.name,
                "address": origin + picture_path(picture.name),
                "width": picture.width,
                "height": picture.height,
                "format": picture.format,
                "bytes": picture.size,
            }
            for picture in job.pictures
        ],
        "problem": asdict(job.problem) if job.problem else None,
        "starred": entry.starred,
        "note": entry.note,
    }


def comparison_object(
    catalog: Catalog, comparison: Comparison, entries: Mapping[str, HistoryEntry], origin: str
) -> dict[str, Any]:
    """A comparison as an object for JSON: its shared form, and each card with its job (None where there is none)."""
    return {
        "comparison_id": comparison.id,
        "created_at": _iso(comparison.created_at),
        "shared": dict(comparison.shared),
        "cards": [
            {
                "card": number,
                "model": card.model,
                "settings": dict(card.settings),
                "sample": card.sample,
                "carried_over": list(card.notes),
                "not_sent": card.refused or None,
                "job": job_object(catalog, entries[card.job], origin) if card.job in entries else None,
            }
            for number, card in enumerate(comparison.cards, 1)
        ],
    }


def job_row(catalog: Catalog, entry: HistoryEntry, origin: str) -> dict[str, Any]:
    """A job as a row of JOB_COLUMNS: lists are joined by spaces, parameters are JSON."""
    row, pictures = job_object(catalog, entry, origin), entry.job.pictures
    return {
        **row,
        "parameters": json.dumps(row["parameters"], ensure_ascii=False),
        "pictures": " ".join(picture.name for picture in pictures),
        "picture_sizes": " ".join(f"{picture.width}x{picture.height}" for picture in pictures),
        "picture_addresses": " ".join(picture["address"] for picture in row["pictures"]),
        "problem": str(entry.job.problem) if entry.job.problem else "",
        "starred": "yes" if entry.starred else "",
    }


def card_row(catalog: Catalog, number: int, card: Card, entry: HistoryEntry | None, origin: str) -> dict[str, Any]:
    """A card of a comparison as a row of CARD_COLUMNS."""
    named = {"model": card.model, "model_name": model_name(catalog, card.model)}
    own = {"card": number, "sample": card.sample, "carried_over": "; ".join(card.notes), "not_sent": card.refused}
    return {**NO_JOB, **named, **(job_row(catalog, entry, origin) if entry else {}), **own}


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(value: float | None) -> float | None:
    """JSON has no infinite number: a price that is not known is none."""
    return value if value is not None and isfinite(value) else None
