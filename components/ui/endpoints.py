"""The public endpoints: typed functions, so they appear in the API page with real argument names."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from components.catalog import Catalog, Request, build_request
from components.costs import comparison, price
from components.errors import InputError, PlaygroundError
from components.jobs import Job
from components.jobs.routes import PREFIX
from components.ui.messages import plain
from components.ui.services import KEY_HEADER, SHORTEST_VISITOR, VISITOR_HEADER, Services, Visit
from components.ui.visitors import visitor_id


def add_endpoints(services: Services) -> None:
    """Add ``/models /estimate /snippet /generate /job`` to the page being built."""
    catalog = services.catalog

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
            return services.snippet(_checked(catalog, model, parameters), _visit(request), language)
        except InputError as error:
            raise _spoken(error) from error

    async def generate(model: str, parameters: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]
        """Make the pictures and wait for them. Returns when the job ended, or at the deadline as `running`."""
        visit = _visit(request)
        asked = _checked(catalog, model, parameters)
        try:
            submitted = await services.runner.submit(asked, services.account(visit), visit.visitor)
        except PlaygroundError as error:
            raise _spoken(error) from error
        settled = await services.runner.settled(submitted.id, visit.visitor)
        return describe(settled, _origin(request))

    async def job(job_id: str, request: gr.Request) -> dict[str, Any]:
        """A job of this visitor, as `/generate` returns it. Anybody else's is not found."""
        try:
            found = await services.runner.find(job_id if isinstance(job_id, str) else "", _visit(request).visitor)
        except PlaygroundError as error:
            raise _spoken(error) from error
        return describe(found, _origin(request))

    quiet: dict[str, Any] = {"queue": False}
    gr.api(models, api_name="models", **quiet)
    gr.api(estimate, api_name="estimate", **quiet)
    gr.api(snippet, api_name="snippet", **quiet)
    gr.api(generate, api_name="generate", concurrency_limit=None)
    gr.api(job, api_name="job", **quiet)


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
        for row in comparison(catalog)
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
