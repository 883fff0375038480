"""The public endpoints: typed functions, so they appear in the API page with real argument names."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import gradio as gr

from components.catalog.models import Catalog
from components.catalog.prices import price, price_list
from components.catalog.requests import Request, build_request
from components.comparisons.comparison import Card
from components.comparisons.service import Choice, plan
from components.errors import InputError, PlaygroundError
from components.jobs.job import Job, JobFilter, JobState
from components.playground import KEY_HEADER, SHORTEST_VISITOR, VISITOR_HEADER, Playground, Visit, visitor_id
from components.views.words import plain
from components.web.pictures import PREFIX

MOST_JOBS, USUAL_JOBS = 200, 50
QUERY: Mapping[str, tuple[type, str]] = {
    "text": (str, "a text"),
    "model": (str, "a model's id"),
    "state": (str, "a state"),
    "task_id": (str, "a text"),
    "starred": (bool, "true or false"),
    "limit": (int, f"a whole number from 1 to {MOST_JOBS}"),
    "before": (str, "the id of a job"),
}


def add_endpoints(playground: Playground) -> None:
    """Add ``/models /estimate /snippet /generate /job /compare /history`` to the page being built."""
    catalog = playground.catalog

    def models() -> list[dict[str, Any]]:
        """All models by base credits from low to high; `parameters` is the JSON Schema of the request body."""
        return _models(catalog)

    def estimate(model: str, parameters: dict) -> dict[str, float]:  # type: ignore[type-arg]  # shown in the API page
        """What a request costs. Calls nothing; the prompt may be left out."""
        cost = price(catalog, _checked(catalog, model, parameters, prompt_needed=False))
        return {"credits": cost.credits, "usd": cost.usd}

    def snippet(model: str, parameters: dict, request: gr.Request, language: str = "curl") -> str:  # type: ignore[type-arg]
        """A program that makes the request: `curl`, `python` or `javascript`. The key is an environment name."""
        try:
            return playground.snippet(_checked(catalog, model, parameters), _visit(request), language)
        except InputError as error:
            raise _spoken(error) from error

    async def generate(model: str, parameters: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]
        """Make the pictures and wait for them. Returns when the job ended, or at the deadline as `running`."""
        visit = _visit(request)
        asked = _checked(catalog, model, parameters)
        try:
            submitted = await playground.jobs.submit(asked, playground.account(visit), visit.visitor)
        except PlaygroundError as error:
            raise _spoken(error) from error
        settled = await playground.jobs.settled(submitted.id, visit.visitor)
        return describe(settled, _origin(request))

    async def job(job_id: str, request: gr.Request) -> dict[str, Any]:
        """A job of this visitor, as `/generate` returns it. Anybody else's is not found."""
        try:
            found = await playground.jobs.find(job_id if isinstance(job_id, str) else "", _visit(request).visitor)
        except PlaygroundError as error:
            raise _spoken(error) from error
        return describe(found, _origin(request))

    async def compare(models: list, shared: dict, request: gr.Request, samples: int = 1) -> dict[str, Any]:  # type: ignore[type-arg]
        """One form for several models: waits until every job has ended, or its deadline.

        `models` are ids, or `{"model": id, "parameters": {...}}` for one with settings of its own; `shared` holds
        `prompt`, `shape`, `images`, `count`, `seed`, `negative`, `quality`. `mapping` says what became of them.
        A model that cannot draw this has the state `refused` and its reason in `message`.
        """
        visit = _visit(request)
        try:
            choices = read_choices(models)
            drafted = plan(catalog, choices, shared, samples)
            account = playground.account(visit)
            batch = await playground.comparisons.start(choices, shared, samples, account, visit.visitor, once=False)
            for card in batch.cards:
                if card.job:
                    await playground.jobs.settled(card.job, visit.visitor)
            found = await playground.comparisons.jobs(batch)
        except PlaygroundError as error:
            raise _spoken(error) from error
        answers = [_answered(card, found.get(card.job), _origin(request)) for card in batch.cards]
        return {"batch_id": batch.id, "credits": drafted.cost.credits, "usd": drafted.cost.usd, "jobs": answers}

    async def history(query: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]  # shown in the API page
        """This visitor's jobs, newest first, as `/job` returns them, with `model`, `prompt` and `created_at`.

        All of `query` is optional: `text` (words in prompt, note, model or task id), `model`, `state`, `task_id`,
        `starred`, `limit` (1 to 200, else 50), `before` (the id of a job: those older than it). `total` counts all
        that fit.
        """
        try:
            wanted, limit, before = read_wanted(catalog, query)
            found = await playground.jobs.search(_visit(request).visitor, wanted, limit, before)
        except PlaygroundError as error:
            raise _spoken(error) from error
        origin = _origin(request)
        return {"total": found.total, "jobs": [remember(job, origin) for job in found.jobs]}

    gr.api(models, api_name="models", queue=False)
    gr.api(estimate, api_name="estimate", queue=False)
    gr.api(snippet, api_name="snippet", queue=False)
    gr.api(generate, api_name="generate", concurrency_limit=None)
    gr.api(job, api_name="job", queue=False)
    gr.api(compare, api_name="compare", concurrency_limit=None)
    gr.api(history, api_name="history", queue=False)


def describe(job: Job, origin: str = "") -> dict[str, Any]:
    """A job as the endpoints return it; ``images`` are addresses of kept pictures at ``origin``."""
    return {
        "job_id": job.id,
        "state": str(job.state),
        "task_id": job.task_id,
        "images": [f"{origin}{PREFIX}/{picture.name}" for picture in job.pictures],
        "credits": job.credits,
        "usd": job.usd,
        "seconds": round(job.seconds(time.time()), 2),
        "message": str(job.problem) if job.problem else job.note,
    }


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


def _answered(card: Card, job: Job | None, origin: str) -> dict[str, Any]:
    """A card as ``/compare`` returns it."""
    beside = {"model": card.model, "mapping": list(card.notes)}
    if job is not None:
        return {**describe(job, origin), **beside}
    nothing: dict[str, Any] = {
        "job_id": "",
        "state": "refused",
        "task_id": None,
        "images": [],
        "credits": 0,
        "usd": 0.0,
        "seconds": 0.0,
    }
    return {**nothing, "message": card.refused, **beside}


def remember(job: Job, origin: str = "") -> dict[str, Any]:
    """A job as ``/history`` returns it; ``created_at`` is seconds since 1970."""
    beside = {"model": job.model, "prompt": job.prompt, "created_at": job.created_at}
    return {**describe(job, origin), **beside, "starred": job.starred, "note": job.remark}


def read_wanted(catalog: Catalog, query: Any) -> tuple[JobFilter, int, str]:
    """What a query asks for, how many at most, and before which job. Raises InputError naming the key."""
    if not isinstance(query, Mapping):
        raise InputError("query", f"query: must be an object with any of {', '.join(QUERY)}.")
    for name, value in query.items():
        if name not in QUERY:
            raise InputError("query", f"{str(name)[:40]}: is not known. Allowed: {', '.join(QUERY)}.")
        kind, word = QUERY[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(name, f"{name}: must be {word}.")
    limit = query.get("limit", USUAL_JOBS)
    if not 1 <= limit <= MOST_JOBS:
        raise InputError("limit", f"limit: must be {QUERY['limit'][1]}.")
    state = query.get("state", "")
    if state and state not in list(JobState):
        raise InputError("state", f"state: is not known. Allowed: {', '.join(JobState)}.")
    asked = {name: query[name] for name in ("text", "model", "state", "task_id", "starred") if name in query}
    if named := catalog.find(query.get("model", "")):
        asked["model"] = named.id
    return JobFilter(**asked), limit, query.get("before", "")


def _models(catalog: Catalog) -> list[dict[str, Any]]:
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


def _checked(catalog: Catalog, model: str, parameters: Any, *, prompt_needed: bool = True) -> Request:
    try:
        return build_request(catalog, model, parameters, prompt_needed=prompt_needed)
    except InputError as error:
        raise _spoken(error) from error


def _spoken(error: PlaygroundError) -> gr.Error:
    """An error that a headless caller may read; its trace stays here."""
    return gr.Error(plain(error), print_exception=False)


def _visit(request: gr.Request) -> Visit:
    """Who calls: by their own id and key where they send them. A key that is no key is an error."""
    visitor = request.headers.get(VISITOR_HEADER, "")
    if visitor and len(visitor) < SHORTEST_VISITOR:
        raise gr.Error(f"{VISITOR_HEADER}: at least {SHORTEST_VISITOR} characters are needed.", print_exception=False)
    visit = Visit(visitor_id(visitor[:200])) if visitor else Visit()
    sent = request.headers.get(KEY_HEADER)
    if sent is None:
        return visit
    try:
        visit = visit.with_key(sent)
        if not visit.key:
            raise InputError(KEY_HEADER, f"{KEY_HEADER}: is empty.", next_step="Send your key, or leave the header out.")
    except PlaygroundError as error:
        raise _spoken(error) from error
    return visit


def _origin(request: gr.Request) -> str:
    """The address the caller used, so that picture links lead back the same way."""
    url = request.request.base_url if request.request is not None else None
    return f"{url.scheme}://{url.netloc}" if url else ""
