"""A job as HTML: its state, pictures, facts and problem, and lists of a visitor's other jobs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.requests import Request, build_request
from components.catalog.shapes import NEAR, Shape, read_shape
from components.errors import Problem
from components.jobs.job import Job, JobState
from components.pictures.kept import KeptPicture
from components.views.links import download_link, example_link, picture_link, thumbnail_link
from components.views.templates import render
from components.views.words import pixels_text, price_of, range_text, seconds_text, state_word, tone

EARLIER = 12
# What is said instead of a state where an error leaves no job to show, by the error's code.
NO_JOB = {"job": "Not found", "database": "Not reachable", "state": "Not possible now"}
USUAL_RATIOS = [(1, 1), (3, 2), (4, 3), (16, 9), (21, 9), (5, 4), (2, 1), (3, 1)]
SAME_FORMAT = {"jpg": "jpeg"}


# -- a job --


def show_job(catalog: Catalog, job: Job, timing: Timing) -> str:
    """A job with all that is known of it; ``timing`` is how long its model usually takes."""
    name = model_name(catalog, job.model)
    return render(
        "result",
        **progress(job, timing),
        name=name,
        note=job.status_note,
        pictures=[show_picture(job, index, name) for index in range(len(job.pictures))],
        facts=job_facts(catalog, job),
        differences=differences(job),
        task_id=job.task_id or "",
        problem=job.problem and _with_link(catalog, job.problem),
        sandbox=job.payer == "sandbox",
        addresses=[address for address in job.pending_urls if address.startswith("http")],
    )


def progress(job: Job, timing: Timing) -> dict[str, Any]:
    """The state of a job and, while it is active, how far it is; as the templates read it."""
    elapsed, running = job.seconds(time.time()), not job.settled
    return {
        "word": state_word(job),
        "tone": tone(job),
        "running": running,
        "elapsed": f"{elapsed:.0f} s",
        "expected": expected_text(timing, elapsed) if running else "",
        "progress": round(100 * timing.progress(elapsed)) if running else 0,
        "ratio": shape_ratio(job.shape) or 1.0,
        "count": job.count,
    }


def model_name(catalog: Catalog, model_id: str) -> str:
    """The name of a model; the id of one that is no longer in the catalog."""
    model = catalog.find(model_id)
    return model.name if model else model_id


def checkable(job: Job) -> bool:
    """Whether checking again could bring the pictures: there is a task, or there are addresses of pictures."""
    needs_host_key = job.state is JobState.NEEDS_KEY and job.payer == "host"
    waits = needs_host_key or job.state in (JobState.OVERDUE, JobState.STOPPED, JobState.FAILED)
    return (waits and bool(job.task_id or job.pending_urls)) or job.repairable


def expected_text(timing: Timing, elapsed: float) -> str:
    """``typically 4–9 s, about 3 s left``."""
    left = timing.remaining(elapsed)
    rest = "longer than usual" if left is None else f"about {max(1, round(left))} s left"
    return f"typically {range_text(timing)}, {rest}"


def job_facts(catalog: Catalog, job: Job) -> list[str]:
    """Sizes and formats, price, seconds."""
    facts = []
    if job.pictures:
        sizes = sorted({f"{pixels_text(kept)} {kept.format.upper()}".strip() for kept in job.pictures})
        facts.append((f"{len(job.pictures)} pictures, " if len(job.pictures) > 1 else "") + ", ".join(sizes))
    if job.accepted or not job.settled:
        facts.append(price_of(catalog, job).sentence)
    if job.state is JobState.DONE:
        facts.append(seconds_text(job.seconds(time.time())))
    return facts


def show_picture(job: Job, index: int, name: str) -> dict[str, Any]:
    """One picture of a job as the templates read it; ``name`` says who made it."""
    kept = job.pictures[index]
    return {
        "url": picture_link(kept),
        "thumbnail": thumbnail_link(kept),
        "download": download_link(job, index),
        "alt": f"{job.prompt} ({name})",
        "width": kept.width,
        "height": kept.height,
        "vector": kept.format == "svg",
    }


# -- what stands beside or instead of a job --


def show_others(catalog: Catalog, jobs: Iterable[Job]) -> str:
    """This visitor's other jobs that are active or wait for a decision; a click opens one."""
    rows = [
        {
            "id": job.id,
            "word": state_word(job),
            "tone": "warn" if job.settled else "run",
            "model": model_name(catalog, job.model),
            "prompt": job.prompt,
        }
        for job in jobs
    ]
    return render("others", jobs=rows)


def show_earlier(catalog: Catalog, jobs: Iterable[Job], current: str) -> str:
    """A strip of the newest pictures of this visitor's other jobs."""
    pictures = (
        show_picture(job, index, model_name(catalog, job.model))
        for job in jobs
        if job.id != current
        for index in range(len(job.pictures))
    )
    return render("earlier", pictures=list(islice(pictures, EARLIER)))


def show_problem(catalog: Catalog, problem: Problem) -> str:
    """An error instead of a job: nothing was sent, or the job cannot be shown."""
    return render("refused", word=NO_JOB.get(problem.code, "Not sent"), problem=_with_link(catalog, problem))


def show_example(catalog: Catalog, model: Model) -> str:
    """A finished example of a model: a sandbox drawing from the settings in the form."""
    if not model.example:
        return render("example", name=model.name, url="")
    request = example_request(catalog, model)
    return render(
        "example",
        url=example_link(model.id),
        alt=f"{request.prompt} (sandbox drawing, not by {model.name})",
        name=model.name,
        ratio=shape_ratio(request.shape) or 1.0,
    )


def example_request(catalog: Catalog, model: Model) -> Request:
    """The request that the example drawing of a model was made from. Raises InputError."""
    return build_request(catalog, model.id, model.example)


def _with_link(catalog: Catalog, problem: Problem) -> dict[str, str]:
    """A problem as the templates read it, with a link to the billing page for an account without credits."""
    link = catalog.endpoint.base_url + catalog.endpoint.billing if problem.code == "credits" else ""
    return {
        "what": problem.what,
        "charged": problem.charged,
        "next_step": problem.next_step,
        "reply": problem.reply,
        "link": link,
    }


# -- asked and delivered --


def differences(job: Job) -> list[str]:
    """Sentences such as ``asked 3:2, got 1:1``; none where all is as asked or nothing is known."""
    if not job.pictures:
        return []
    found = []
    if len(job.pictures) != job.count:
        found.append(f"asked {job.count} picture{'' if job.count == 1 else 's'}, got {len(job.pictures)}")
    shape = read_shape(job.shape)
    other = next((kept for kept in job.pictures if shape and kept.width and kept.height and not _fits(shape, kept)), None)
    if shape and other:
        got = pixels_text(other) if shape.exact else ratio(other.width, other.height)
        found.append(f"asked {job.shape}, got {got}")
    asked = str(job.body.get("output_format", "")).lower()
    asked = SAME_FORMAT.get(asked, asked)
    formats = {kept.format for kept in job.pictures}
    if asked and formats - {asked}:
        found.append(f"asked {asked}, got {', '.join(sorted(formats))}")
    return found


def ratio(width: int, height: int) -> str:
    """``16:9`` for anything near a usual ratio, else the reduced fraction."""

    def distance(usual: tuple[int, int]) -> float:
        return abs(usual[0] / usual[1] / (width / height) - 1)

    best = min([*USUAL_RATIOS, *((high, wide) for wide, high in USUAL_RATIOS)], key=distance)
    reduced = Fraction(width, height)
    wide, high = best if distance(best) <= NEAR else (reduced.numerator, reduced.denominator)
    return f"{wide}:{high}"


def shape_ratio(shape: str) -> float | None:
    """Width over height of a shape; None for ``auto`` and for anything that is no shape."""
    found = read_shape(shape)
    return found.ratio if found else None


def _fits(shape: Shape, kept: KeptPicture) -> bool:
    if shape.exact:
        return (shape.width, shape.height) == (kept.width, kept.height)
    return abs(kept.width / kept.height / shape.ratio - 1) <= NEAR
