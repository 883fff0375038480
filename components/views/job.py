"""A job as HTML: its state, pictures, price and problem, and lists of a visitor's other jobs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from urllib.parse import quote

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.requests import Request, build_request
from components.catalog.shapes import Shape, read_shape, same_ratio
from components.errors import Problem
from components.jobs.job import Job, JobState
from components.jobs.transitions import TRIMMED
from components.pictures.kept import KeptPicture
from components.views.links import SANDBOX, link
from components.views.templates import render
from components.views.words import delivered_text, pixels_text, price_of, run_seconds, seconds_text

EARLIER = 12
# What is said instead of a state where an error leaves no job to show, by the error's code.
NO_JOB = {"job": "Not found", "database": "Not reachable", "state": "Not possible now"}
USUAL_RATIOS = [(1, 1), (3, 2), (4, 3), (16, 9), (21, 9), (5, 4), (2, 1), (3, 1)]
SAME_FORMAT = {"jpg": "jpeg"}


# -- a job --


def show_job(catalog: Catalog, job: Job, timing: Timing) -> str:
    """A job with all that is known of it; ``timing`` is how long its model usually takes."""
    return render(
        "result",
        catalog=catalog,
        job=job,
        timing=timing,
        elapsed=job.seconds(time.time()),
        ratio=shape_ratio(job.shape) or 1.0,
        facts=job_facts(catalog, job),
        differences=differences(job),
    )


def checkable(job: Job) -> bool:
    """Whether checking again could bring the pictures: there is a task, or there are addresses of pictures."""
    needs_host_key = job.state is JobState.NEEDS_KEY and job.payer == "host"
    waits = needs_host_key or job.state in (JobState.OVERDUE, JobState.STOPPED, JobState.FAILED)
    return (waits and bool(job.task_id or job.pending_urls)) or job.repairable


def job_facts(catalog: Catalog, job: Job) -> list[str]:
    """Sizes and formats, price, seconds."""
    price = price_of(catalog, job).sentence if job.accepted or not job.settled else ""
    return [text for text in (delivered_text(job.pictures), price, seconds_text(run_seconds(job))) if text]


# -- what stands beside or instead of a job --


def show_others(catalog: Catalog, jobs: Iterable[Job]) -> str:
    """This visitor's other jobs that are active or wait for a decision; a click opens one."""
    return render("others", catalog=catalog, jobs=list(jobs))


def show_earlier(catalog: Catalog, jobs: Iterable[Job], current: str) -> str:
    """A strip of the newest pictures of this visitor's other jobs."""
    pictures = ((job, index) for job in jobs if job.id != current for index in range(len(job.pictures)))
    return render("earlier", catalog=catalog, pictures=list(islice(pictures, EARLIER)))


def show_problem(catalog: Catalog, problem: Problem) -> str:
    """An error instead of a job: nothing was sent, or the job cannot be shown."""
    return render("refused", catalog=catalog, word=NO_JOB.get(problem.code, "Not sent"), problem=problem)


def show_example(catalog: Catalog, model: Model) -> str:
    """A finished example of a model: a sandbox drawing from the settings in the form."""
    request = example_request(catalog, model) if model.example else None
    ratio = (request and shape_ratio(request.shape)) or 1.0
    return render("example", model=model, request=request, address=example_address(model), ratio=ratio)


def example_address(model: Model) -> str:
    """The link to the sandbox's drawing of a model's example."""
    return link(f"{SANDBOX}/examples/{quote(model.id, safe='')}")


def example_request(catalog: Catalog, model: Model) -> Request:
    """The request that the example drawing of a model was made from. Raises InputError."""
    return build_request(catalog, model.id, model.example)


# -- asked and delivered --


def differences(job: Job) -> list[str]:
    """Sentences such as ``asked 3:2, got 1:1``; none where all is as asked or nothing is known."""
    if not job.pictures:
        return []
    texts = []
    if len(job.pictures) != job.count and job.status_note != TRIMMED:
        texts.append(f"asked {job.count} picture{'' if job.count == 1 else 's'}, got {len(job.pictures)}")
    shape = read_shape(job.shape)
    other = next((kept for kept in job.pictures if shape and kept.width and kept.height and not _fits(shape, kept)), None)
    if shape and other:
        got = pixels_text(other) if shape.exact else ratio(other.width, other.height)
        texts.append(f"asked {job.shape}, got {got}")
    asked = str(job.body.get("output_format", "")).lower()
    asked = SAME_FORMAT.get(asked, asked)
    formats = {kept.format for kept in job.pictures}
    if asked and formats - {asked}:
        texts.append(f"asked {asked}, got {', '.join(sorted(formats))}")
    return texts


def ratio(width: int, height: int) -> str:
    """``16:9`` for anything near a usual ratio, else the reduced fraction."""
    for wide, high in USUAL_RATIOS:
        for usual in ((wide, high), (high, wide)):
            if same_ratio(usual[0] / usual[1], width / height):
                return f"{usual[0]}:{usual[1]}"
    reduced = Fraction(width, height)
    return f"{reduced.numerator}:{reduced.denominator}"


def shape_ratio(shape: str) -> float | None:
    """Width over height of a shape; None for ``auto`` and for anything that is no shape."""
    parsed = read_shape(shape)
    return parsed.ratio if parsed else None


def _fits(shape: Shape, kept: KeptPicture) -> bool:
    if shape.exact:
        return (shape.width, shape.height) == (kept.width, kept.height)
    return same_ratio(kept.width / kept.height, shape.ratio)
