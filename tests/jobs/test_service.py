"""Jobs from request to kept pictures, against the sandbox over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import hashlib
import warnings
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from components.api import Account, ApiClient
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.errors import AnswerLost, NotFound
from components.jobs.job import Job, JobOptions, JobState
from components.jobs.service import JobService
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.sandbox.tasks import FAULTS
from components.views.job import differences
from tests.conftest import LONGEST_SIDE, open_store
from tests.jobs.job_setup import visitors_setup
from tests.jobs.scripted_upstream import TIMEOUT_S, settled, workers_ended

CATALOG = load_catalog(Path(__file__).parents[2] / "catalog.yaml")
EXAMPLES = [(model.id, dict(model.example)) for model in CATALOG.models if model.runnable]
VARIED = [
    ("kling-image-o1", {"num_images": 3, "aspect_ratio": "21:9"}),
    ("imagen-4", {"num_images": 2}),
    *(("ideogram-v4", {"output_format": form, "size": "9:21"}) for form in ("jpeg", "webp")),
    ("recraft-v4", {"model": "recraft-v4-text-to-vector"}),
]
OK = (JobState.DONE, None, None)
UNCERTAIN = (JobState.UNCERTAIN, "lost", AnswerLost.charged)
OVERDUE = (JobState.OVERDUE, "timeout", "It may still finish and be charged.")
ENDS = {
    "key": (JobState.FAILED, "key", "Nothing was charged."),
    "credits": (JobState.FAILED, "credits", "Nothing was charged."),
    "moderation": (JobState.FAILED, "moderation", "Nothing was charged."),
    "rate": OK,
    "upstream": UNCERTAIN,
    "broken": UNCERTAIN,
    "failed": (JobState.FAILED, "failed", "The service does not say whether a failed task is charged."),
    "moderated-later": (JobState.FAILED, "moderation", "The service does not say whether a failed task is charged."),
    "never": OVERDUE,
    "slow": OK,
    "blip": OK,
    "html": OVERDUE,
    "word": OVERDUE,
    "empty": (JobState.FAILED, "no_picture", "It may have been charged."),
    "gone": (JobState.OVERDUE, "picture", "The task was done, so it was most likely charged."),
    "late": OK,
    "square": OK,
    "callback-lost": OK,
    "callback-late": OK,
    "callback-twice": OK,
}


async def start(job_service: JobService, account: Account, prompt: str = "A red kite", visitor: str = "ann") -> Job:
    return await job_service.submit(build_request(CATALOG, "cogview-4", {"prompt": prompt}), account, visitor)


@pytest.mark.slow
async def test_every_model_ends_done_with_the_pictures_that_were_asked_for(
    job_service: JobService, account: Account, full_size_sandbox: str
) -> None:
    """Count, shape and format are as asked, and each file is named by the hash of its bytes."""
    cases = EXAMPLES + VARIED
    requests = [build_request(CATALOG, model, {"prompt": "A red kite over dunes", **given}) for model, given in cases]
    drawing = dataclasses.replace(account, base_url=full_size_sandbox)
    jobs = [await settled(job_service, await job_service.submit(request, drawing, "ann")) for request in requests]

    for case, request, job in zip(cases, requests, jobs, strict=True):
        assert (job.state, job.problem) == (JobState.DONE, None), case
        assert len(job.pictures) == request.count, case
        assert differences(job) == [], case
        for picture in job.pictures:
            data = job_service.pictures.storage.read(picture.name).read_bytes()
            assert picture.name == f"{hashlib.sha256(data).hexdigest()}.{picture.format}"
            assert picture.size == len(data)
        assert job.charged == job.credits, case


async def test_a_watcher_sees_the_states_in_order(job_service: JobService, account: Account) -> None:
    """Each state is shown once at least, none before the one it follows."""
    job = await start(job_service, account)

    seen = [shown.state async for shown in job_service.watch(job.id, "ann")]

    assert list(dict.fromkeys(seen)) == [
        JobState.QUEUED,
        JobState.SUBMITTING,
        JobState.RUNNING,
        JobState.SAVING,
        JobState.DONE,
    ]


async def test_two_watchers_see_the_same_end(job_service: JobService, account: Account) -> None:
    """Watching is no property of one page."""
    job = await start(job_service, account)

    first, second = await asyncio.gather(settled(job_service, job), settled(job_service, job))

    assert first == second
    assert first.state is JobState.DONE


async def test_a_job_continues_when_its_watcher_disconnects(job_service: JobService, account: Account) -> None:
    """A closed page and a cancelled event end the watching only."""
    job = await start(job_service, account)
    async with aclosing(job_service.watch(job.id, "ann")) as watching:
        await anext(watching)
    cancelled = asyncio.create_task(settled(job_service, job))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])

    assert (await settled(job_service, job)).state is JobState.DONE


@pytest.mark.parametrize("operation", ["find", "watch", "stop", "check_again", "abandon"])
async def test_another_visitors_job_is_reported_as_unknown(
    job_service: JobService, account: Account, operation: str
) -> None:
    """Whether an id exists cannot be found out by asking."""
    job = await start(job_service, account)

    async def refusal(job_id: str, visitor: str) -> tuple[type, str, Any]:
        middle = (account,) if operation == "check_again" else ()
        answer = getattr(job_service, operation)(job_id, *middle, visitor)
        with pytest.raises(NotFound) as caught:
            await (anext(answer) if operation == "watch" else answer)
        return type(caught.value), str(caught.value), caught.value.problem

    assert await refusal(job.id, "eve") == await refusal("no-such-job", "eve")
    assert (await settled(job_service, job)).state is JobState.DONE


async def test_requests_for_unknown_jobs_leave_nothing_in_memory(job_service: JobService) -> None:
    """Guessing ids does not fill the memory."""

    def events() -> int:
        gc.collect()
        return sum(isinstance(thing, asyncio.Event) for thing in gc.get_objects())

    before = events()
    for number in range(200):
        with pytest.raises(NotFound):
            await anext(job_service.watch(f"no-such-job-{number}", "eve"))

    assert events() == before


async def test_twenty_jobs_at_once_do_not_wait_for_one_that_never_ends(job_service: JobService, account: Account) -> None:
    """Nineteen are done while the twentieth is running."""
    endless = await start(job_service, account, "#sandbox:never")
    others = [await start(job_service, account, f"Kite number {number}") for number in range(19)]

    ended = await asyncio.gather(*(settled(job_service, job) for job in others))

    assert {job.state for job in ended} == {JobState.DONE}
    assert not (await job_service.find(endless.id, "ann")).settled


def test_every_simulated_fault_has_an_expected_end() -> None:
    """Every simulated fault of the sandbox has a row in the table above."""
    assert set(ENDS) == set(FAULTS)


@pytest.mark.slow
async def test_every_simulated_fault_ends_as_it_should(client: ApiClient, account: Account, tmp_path: Path) -> None:
    """State, kind of problem, and what is said about the charge; all faults are simulated at the same time."""
    async with open_fetch_client() as http, open_store(tmp_path / "records") as store:
        job_service = JobService(
            CATALOG, store, client, PictureLibrary(FolderStorage(tmp_path), http), JobOptions(deadline_s=5)
        )
        payer = dataclasses.replace(account, payer="host")  # in the sandbox nothing is charged
        started = [await start(job_service, payer, f"{tmp_path} #sandbox:{name}") for name in ENDS]
        jobs = dict(zip(ENDS, await asyncio.gather(*(settled(job_service, job) for job in started)), strict=True))
        await job_service.aclose()

    problems = {name: (job.state, job.problem) for name, job in jobs.items()}
    assert {name: (s, p and p.code, p and p.charged) for name, (s, p) in problems.items()} == ENDS
    overdue = {name: job for name, job in jobs.items() if job.state is JobState.OVERDUE}
    assert set(overdue) == {"never", "html", "word", "gone"}
    assert all(job.task_id and job.problem.next_step.startswith("Check again") for job in overdue.values())
    square = jobs["square"].pictures[0]
    assert (square.width, square.height) == (LONGEST_SIDE, LONGEST_SIDE)


async def test_an_uncertain_job_can_be_abandoned(job_service: JobService, account: Account) -> None:
    """The visitor's decision is noted, and the job stays on record as it is."""
    job = await settled(job_service, await start(job_service, account, "#sandbox:upstream"))

    abandoned = await job_service.abandon(job.id, "ann")

    assert abandoned == dataclasses.replace(job, state=JobState.ABANDONED, status_note=abandoned.status_note)
    assert abandoned.status_note


async def test_a_job_that_is_not_uncertain_cannot_be_abandoned(job_service: JobService, account: Account) -> None:
    """A finished job stays as it is."""
    job = await settled(job_service, await start(job_service, account))

    assert await job_service.abandon(job.id, "ann") == job


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True], ids=["before its first step", "while it runs"])
async def test_closing_leaves_no_asyncio_task_and_no_warning(
    begun: bool, catalog: Catalog, client: ApiClient, account: Account, tmp_path: Path
) -> None:
    """The tasks after are the tasks before, and no piece of work is dropped unawaited."""
    before = asyncio.all_tasks()
    async with open_fetch_client() as http, open_store(tmp_path / "records") as store:
        job_service = JobService(catalog, store, client, PictureLibrary(FolderStorage(tmp_path), http))
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            jobs = [await start(job_service, account, "#sandbox:never") for _ in range(5)]
            if begun:
                async with asyncio.timeout(TIMEOUT_S):
                    async for job in job_service.watch(jobs[-1].id, "ann"):
                        if job.state is JobState.RUNNING:
                            break
            await job_service.aclose()
            gc.collect()

    assert asyncio.all_tasks() == before
    assert [str(warning.message) for warning in warned] == []


async def test_stopping_before_the_first_step_drops_no_work_unawaited(job_service: JobService, account: Account) -> None:
    """A job may be stopped in the instant it was started."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        job = await start(job_service, account)
        stopped = await job_service.stop(job.id, "ann")
        await workers_ended()
        gc.collect()

    assert (stopped.state, stopped.sent_at) == (JobState.STOPPED, None)
    assert stopped.problem.charged == "Nothing was charged."
    assert [str(warning.message) for warning in warned] == []


async def test_check_again_polls_a_job_that_was_not_polled_before_its_deadline(catalog: Catalog, tmp_path: Path) -> None:
    """Whoever checks again wants an answer of the service, also when the model's usual time has not passed."""
    async with visitors_setup(catalog, tmp_path, deadline_s=0.5) as setup:
        slow = dataclasses.replace(setup.payer, pace=1.0)
        job = await settled(setup.job_service, await setup.start(payer=slow))
        await workers_ended()
        job = await settled(setup.job_service, await setup.job_service.check_again(job.id, slow, "ann"))

    assert job.state is JobState.DONE
