"""What the public endpoints take and return: plain values, checked on their way in, written on their way out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from components.catalog.models import Catalog
from components.catalog.prices import price_list
from components.comparisons.comparison import Card
from components.comparisons.plan import Choice
from components.errors import InputError
from components.jobs.job import HistoryEntry, Job, JobState, public_state
from components.jobs.store.history import JobFilter

MOST_JOBS, DEFAULT_JOBS = 200, 50
# Each key of a history query: its type, and that type in words.
HISTORY_QUERY: Mapping[str, tuple[type, str]] = {
    "text": (str, "a text"),
    "model": (str, "a model's id"),
    "state": (str, "a state"),
    "task_id": (str, "a text"),
    "starred": (bool, "true or false"),
    "limit": (int, f"a whole number from 1 to {MOST_JOBS}"),
    "before": (str, "the id of a job"),
}
NOTHING_SENT: Mapping[str, Any] = {
    "job_id": "",
    "state": "refused",
    "task_id": None,
    "images": [],
    "credits": 0,
    "usd": 0.0,
    "credits_estimated": 0,
    "seconds": 0.0,
}


def describe_models(catalog: Catalog) -> list[dict[str, Any]]:
    """Every model by base credits, as ``/models`` returns it."""
    return [
        {
            "id": row.model.id,
            "name": row.model.name,
            "provider": row.model.provider,
            "inputs": list(row.model.inputs),
            "runtime": row.model.runtime,
            "webhook": row.model.webhook,
            "node": row.model.node,
            "credits": row.base.credits,
            "credits_from": row.lowest.credits,
            "credits_to": row.highest.credits,
            "usd_from": row.lowest.usd,
            "usd_to": row.highest.usd,
            "seconds": list(row.model.seconds) if row.model.seconds else None,
            "parameters": dict(row.model.json_schema),
        }
        for row in price_list(catalog)
    ]


def describe_job(job: Job, pictures: str) -> dict[str, Any]:
    """A job as ``/generate`` and ``/job`` return it; ``pictures`` is the address below which kept pictures are served.

    ``credits`` is what it costs: 0 if nothing was created, else what the service has charged, else the estimate.
    """
    return {
        "job_id": job.id,
        "state": str(public_state(job)),
        "task_id": job.task_id,
        "images": [f"{pictures}/{picture.name}" for picture in job.pictures],
        "credits": job.cost,
        "usd": job.cost_usd,
        "credits_estimated": job.credits,
        "seconds": round(job.seconds(time.time()), 2),
        "message": str(job.problem) if job.problem else job.status_note,
    }


def describe_card(card: Card, job: Job | None, estimated: float, pictures: str) -> dict[str, Any]:
    """A card of a comparison as ``/compare`` returns it; ``estimated`` is its price in credits, also if it was not sent."""
    unsent = {**NOTHING_SENT, "credits_estimated": estimated, "message": card.refused}
    described = unsent if job is None else describe_job(job, pictures)
    return {**described, "model": card.model, "mapping": list(card.notes)}


def describe_entry(entry: HistoryEntry, pictures: str) -> dict[str, Any]:
    """An entry as ``/history`` returns it; ``created_at`` is seconds since 1970."""
    job = entry.job
    request = {"model": job.model, "prompt": job.prompt, "created_at": job.created_at}
    return {**describe_job(job, pictures), **request, "starred": entry.starred, "note": entry.note}


def read_choices(models: Any) -> list[Choice]:
    """The models that ``/compare`` is asked for. Raises InputError."""
    wrong = InputError("models", 'models: must be a list of ids, or of {"model": id, "parameters": {...}}.')
    if not isinstance(models, list) or not models:
        raise wrong
    choices = []
    for item in models:
        given = {"model": item} if isinstance(item, str) else item
        if not isinstance(given, Mapping) or not isinstance(given.get("model"), str) or set(given) - {"model", "parameters"}:
            raise wrong
        parameters = given.get("parameters") or {}
        if not isinstance(parameters, Mapping):
            raise wrong
        choices.append(Choice(given["model"], parameters))
    return choices


def read_history_query(catalog: Catalog, query: Any) -> tuple[JobFilter, int, str]:
    """The filter of a history query, how many jobs at most, and before which job. Raises InputError naming the key."""
    if not isinstance(query, Mapping):
        raise InputError("query", f"query: must be an object with any of {', '.join(HISTORY_QUERY)}.")
    for name, value in query.items():
        if name not in HISTORY_QUERY:
            raise InputError("query", f"{str(name)[:40]}: is not known. Allowed: {', '.join(HISTORY_QUERY)}.")
        kind, words = HISTORY_QUERY[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(name, f"{name}: must be {words}.")
    limit = query.get("limit", DEFAULT_JOBS)
    if not 1 <= limit <= MOST_JOBS:
        raise InputError("limit", f"limit: must be {HISTORY_QUERY['limit'][1]}.")
    state = query.get("state", "")
    if state and state not in list(JobState):
        raise InputError("state", f"state: is not known. Allowed: {', '.join(JobState)}.")
    filters = {name: query[name] for name in ("text", "state", "task_id", "starred") if name in query}
    return JobFilter(models=catalog.ids(query.get("model", "")), **filters), limit, query.get("before", "")
