"""What stands in the result place: a job's state, pictures, facts and problem, as escaped HTML."""

from __future__ import annotations

import time
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog, Model
from components.catalog.prices import credits_text
from components.catalog.requests import Request, build_request
from components.errors import Problem
from components.jobs.job import Job, JobState
from components.playground import Playground
from components.views.links import download_link, example_link, picture_link, thumbnail_link
from components.views.outcome import differences, shape_ratio
from components.views.templates import render
from components.views.words import range_text, seconds_text, state_word

EARLIER = 12
PLACELESS = {"job": "Not found", "database": "Not reachable", "state": "Not now"}

TONES = {JobState.DONE: "good", JobState.FAILED: "bad", JobState.UNCERTAIN: "warn", JobState.STOPPED: "warn"}


def show_job(playground: Playground, job: Job) -> str:
    """The result place for a job as it is now."""
    model = playground.catalog.find(job.model)
    elapsed = job.seconds(time.time())
    running = not job.settled
    return render(
        "result",
        word=state_word(job),
        tone=tone(job),
        running=running,
        elapsed=seconds_text(elapsed) if not running else f"{elapsed:.0f} s",
        expected=expected_text(playground.jobs.timing(job), elapsed) if running else "",
        progress=round(100 * playground.jobs.timing(job).progress(elapsed)) if running else 0,
        note=job.note,
        ratio=shape_ratio(job.shape) or 1.0,
        pictures=[show_picture(job, index, _name(job, model)) for index in range(len(job.pictures))],
        count=job.count,
        facts=job_facts(job),
        differences=differences(job),
        task_id=job.task_id or "",
        problem=_linked(job.problem, playground),
        sandbox=job.payer == "sandbox",
        waiting=job.waiting,
        name=_name(job, model),
    )


def tone(job: Job) -> str:
    """Which colour goes with a job's state: run good warn bad."""
    return "warn" if job.overdue or job.keyless else TONES.get(job.state, "run")


def checkable(job: Job) -> bool:
    """Whether looking again could bring the pictures: there is a task, or addresses of its pictures."""
    waits = job.overdue or (job.keyless and job.payer == "host") or job.state in (JobState.STOPPED, JobState.FAILED)
    return (waits and bool(job.task_id or job.waiting)) or job.repairable


def expected_text(timing: Timing, elapsed: float) -> str:
    """``typically 4–9 s, about 3 s left``."""
    typical = f"typically {range_text(timing)}"
    left = timing.remaining(elapsed)
    if left is None:
        return f"{typical}, longer than usual"
    return f"{typical}, about {max(1, round(left))} s left"


def show_others(playground: Playground, jobs: list[Job]) -> str:
    """This visitor's other jobs that go on or wait for a decision; each opens in the place of the current one."""
    rows = []
    for job in jobs:
        model = playground.catalog.find(job.model)
        rows.append(
            {
                "id": job.id,
                "word": state_word(job),
                "tone": "warn" if job.settled else "run",
                "model": _name(job, model),
                "prompt": job.prompt,
            }
        )
    return render("others", jobs=rows)


def show_earlier(playground: Playground, jobs: list[Job], current: str) -> str:
    """A strip of this visit's other finished pictures, so that a new one takes none away."""
    kept = []
    for job in jobs:
        if job.id != current:
            model = playground.catalog.find(job.model)
            kept += [show_picture(job, index, _name(job, model)) for index in range(len(job.pictures))]
    return render("earlier", pictures=kept[:EARLIER])


def show_problem(playground: Playground, problem: Problem) -> str:
    """The result place when no job can be shown in it: nothing was sent, or it is not there, or out of reach."""
    return render("refused", word=PLACELESS.get(problem.code, "Not sent"), problem=_linked(problem, playground))


def show_example(playground: Playground, model: Model) -> str:
    """A finished example of a model: a sandbox drawing from the settings in the form, nothing spent."""
    if not model.example:
        return render("empty", name=model.name)
    request = example_request(playground.catalog, model)
    return render(
        "example",
        url=example_link(model.id),
        alt=f"{request.prompt} (sandbox drawing in the place of {model.name})",
        name=model.name,
        ratio=shape_ratio(request.shape) or 1.0,
    )


def example_request(catalog: Catalog, model: Model) -> Request:
    """The request that made the example drawing of a model. Raises InputError."""
    return build_request(catalog, model.id, model.example)


def show_picture(job: Job, index: int, name: str) -> dict[str, Any]:
    """One of a job's pictures as the templates read it; ``name`` says whose work it is."""
    kept = job.pictures[index]
    return {
        "url": picture_link(kept),
        "small": thumbnail_link(kept),
        "save": download_link(job, index),
        "alt": f"{job.prompt} ({name})",
        "width": kept.width,
        "height": kept.height,
    }


def _name(job: Job, model: Model | None) -> str:
    return model.name if model else job.model


def job_facts(job: Job) -> list[str]:
    """One line: size and format, price, seconds."""
    facts = []
    sizes = {f"{p.width} × {p.height} {p.format.upper()}" if p.width else p.format.upper() for p in job.pictures}
    if job.pictures:
        many = f"{len(job.pictures)} pictures, " if len(job.pictures) > 1 else ""
        facts.append(many + ", ".join(sorted(sizes)))
    if job.settled and not job.accepted:
        return facts
    if job.payer == "sandbox":
        facts.append(f"free here, {credits_text(job.credits)} at the service")
    elif job.charged is None:
        facts.append(f"{credits_text(job.credits)} by the price list")
    elif job.charged == job.credits:
        facts.append(f"{credits_text(job.charged)} charged")
    else:
        facts.append(f"{credits_text(job.charged)} charged, {credits_text(job.credits)} by the price list")
    if job.state is JobState.DONE:
        facts.append(seconds_text(job.seconds(time.time())))
    return facts


def _linked(problem: Problem | None, playground: Playground) -> dict[str, str] | None:
    """A problem with the one link that helps: the billing page for an empty account."""
    if problem is None:
        return None
    endpoint = playground.catalog.endpoint
    link = endpoint.base_url + endpoint.billing if problem.code == "credits" else ""
    return {
        "what": problem.what,
        "charged": problem.charged,
        "next_step": problem.next_step,
        "reply": problem.reply,
        "link": link,
    }
