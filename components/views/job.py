"""A job as HTML: its state, pictures, price and problem, and lists of a visitor's other jobs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.requests import Request, build_request, fill_defaults, rebuild_request
from components.catalog.shapes import read_shape
from components.errors import DatabaseUnavailable, InputError, InvalidState, NotFound, Problem
from components.evaluation.checks import check_delivery
from components.jobs.job import Job
from components.jobs.transitions import TRIMMED
from components.views.actions import show_actions
from components.views.links import SANDBOX, link
from components.views.templates import render
from components.views.words import delivered_text, price_of, run_seconds, seconds_text

EARLIER = 12
# What is said instead of a state where an error leaves no job to show, by the error's code.
NO_JOB = {NotFound.code: "Not found", DatabaseUnavailable.code: "Not reachable", InvalidState.code: "Not possible now"}


# -- a job --


def show_job(catalog: Catalog, job: Job, timing: Timing, *, starred: bool = False, opens: bool = False) -> str:
    """A job with all that is known of it; ``timing`` is how long its model usually takes.

    ``opens``: with a button that opens it in Generate, where its form is not beside it.
    """
    return render(
        "result",
        catalog=catalog,
        job=job,
        timing=timing,
        elapsed=job.seconds(time.time()),
        ratio=shape_ratio(job.shape) or 1.0,
        facts=job_facts(catalog, job),
        differences=differences(job),
        actions=show_actions(catalog, job, starred=starred, opens=opens),
    )


def job_facts(catalog: Catalog, job: Job) -> list[str]:
    """Sizes and formats, price, seconds; of what is known of the price its first half."""
    price = price_of(catalog, job).sentence.partition(";")[0] if job.may_cost or not job.settled else ""
    return [text for text in (delivered_text(job.pictures), price, seconds_text(run_seconds(job))) if text]


# -- what stands beside or instead of a job --


def show_others(catalog: Catalog, jobs: Iterable[Job]) -> str:
    """This visitor's other jobs that are active or wait for a decision; a click opens one."""
    return render("others", catalog=catalog, jobs=list(jobs))


def show_earlier(catalog: Catalog, jobs: Iterable[Job], current: str) -> str:
    """A strip of the newest pictures of this visitor's other jobs."""
    pictures = ((job, index) for job in jobs if job.id != current for index in range(len(job.pictures)))
    return render("earlier", catalog=catalog, pictures=list(islice(pictures, EARLIER)))


def show_changed(catalog: Catalog, job: Job | None) -> str:
    """The mark on a result that the form was not filled for; ``job`` is None for the example."""
    model = catalog.find(job.model) if job else None
    offered = job is None or (model is not None and model.runnable)
    text = "Settings changed" if offered else "No longer offered; the form is another model's"
    return render("changed", text=text, job_id=job.id if job and offered else "")


def show_problem(catalog: Catalog, problem: Problem) -> str:
    """An error instead of a job: nothing was sent, or the job cannot be shown."""
    return render("refused", catalog=catalog, word=NO_JOB.get(problem.code, "Not sent"), problem=problem)


def show_example(catalog: Catalog, model: Model, parameters: Mapping[str, Any]) -> str:
    """A finished example of a model, a sandbox drawing, if the form asks for it; else the empty place of its picture."""
    requested = Request(model, fill_defaults(model, parameters))
    drawn = bool(model.example) and requested.body == example_request(catalog, model).body
    address, ratio = example_address(model), shape_ratio(requested.shape) or 1.0
    return render("example", model=model, request=requested if drawn else None, address=address, ratio=ratio)


def example_address(model: Model) -> str:
    """The link to the sandbox's drawing of a model's example."""
    return link(f"{SANDBOX}/examples/{quote(model.id, safe='')}")


def is_made_from(catalog: Catalog, request: Request | None, job: Job | None, model: Model) -> bool:
    """Whether the shown result, which without a job is the model's example, was made from exactly this request."""
    try:
        made_from = rebuild_request(catalog, job.model, job.body) if job else example_request(catalog, model)
    except InputError:  # a model that is gone, or one without an example
        return False
    return request is not None and request.body == made_from.body


def example_request(catalog: Catalog, model: Model) -> Request:
    """The request that the example drawing of a model was made from. Raises InputError."""
    return build_request(catalog, model.id, model.example)


# -- what was requested and what was delivered --


def differences(job: Job) -> list[str]:
    """Sentences such as ``asked 3:2, got 1:1``, of each kind the first; none where all is as asked or nothing is known."""
    texts = {}
    if job.pictures and len(job.pictures) != job.count and job.status_note != TRIMMED:
        texts["count"] = f"asked {job.count} picture{'' if job.count == 1 else 's'}, got {len(job.pictures)}"
    for picture in job.pictures:
        for finding in check_delivery(picture, job.shape, str(job.body.get("output_format", ""))):
            texts.setdefault(finding.kind, finding.text)
    return list(texts.values())


def shape_ratio(shape: str) -> float | None:
    """Width over height of a shape; None for ``auto`` and for anything that is no shape."""
    parsed = read_shape(shape)
    return parsed.ratio if parsed else None
