"""A visitor's own key: kept in memory while a job needs it, and not a moment longer."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from components.api import Account
from components.catalog.models import Catalog
from components.jobs.job import Job, JobState
from components.jobs.service import JobService
from tests.jobs.processes import account, process, submit, wait_for_job
from tests.jobs.scripted_upstream import (
    TASK,
    Answer,
    answer_after,
    created,
    finished,
    picture,
    response,
    running,
    scripted_upstream,
    settled,
    workers_ended,
)

BUSY = response({}, 429, headers={"Retry-After": "20"})


Reference = weakref.ref[Account]


async def start(job_service: JobService, catalog: Catalog, address: str) -> tuple[Job, Reference]:
    """A job with a visitor's key, and a weak reference to the account, which only the job's worker holds."""
    own = account(catalog, address, "visitor")
    return await submit(job_service, catalog, own), weakref.ref(own)


async def dropped(reference: Reference) -> bool:
    """Whether the key is gone from memory once the last callbacks of what has ended have run."""
    await workers_ended()
    for _ in range(10):
        await asyncio.sleep(0.05)
        gc.collect()
        if reference() is None:
            return True
    return False


SETTLED: dict[str, tuple[dict[str, list[Answer]], JobState]] = {
    "done": ({}, JobState.DONE),
    "failed": ({"post": [response({}, 400)]}, JobState.FAILED),
    "uncertain": ({"post": [response({}, 500)]}, JobState.UNCERTAIN),
    "overdue": ({"poll": [running()]}, JobState.OVERDUE),
}


@pytest.mark.parametrize("end", SETTLED)
async def test_a_key_is_dropped_when_its_job_has_settled(catalog: Catalog, url: str, tmp_path: Path, end: str) -> None:
    scripts, state = SETTLED[end]
    async with scripted_upstream(**scripts) as upstream, process(catalog, url, tmp_path, deadline_s=1) as job_service:
        job, key = await start(job_service, catalog, upstream.address)
        kept_while_active = key() is not None
        job = await settled(job_service, job)
        gone = await dropped(key)

    assert (job.state, kept_while_active, gone) == (state, True, True)


FORGOTTEN: dict[str, dict[str, list[Answer]]] = {
    "queued": {"post": [BUSY]},
    "running": {"poll": [running()]},
    "saving": {"file": [answer_after(asyncio.Event(), picture())]},
}


@pytest.mark.parametrize("moment", FORGOTTEN)
async def test_forgetting_the_key_drops_it_and_its_jobs_wait_until_it_is_given_again(
    catalog: Catalog, url: str, tmp_path: Path, moment: str
) -> None:
    """Nothing is asked meanwhile; then the job continues where it was, without a second request for its task."""
    kind = next(iter(FORGOTTEN[moment]))
    async with scripted_upstream(**FORGOTTEN[moment]) as upstream, process(catalog, url, tmp_path) as job_service:
        job, key = await start(job_service, catalog, upstream.address)
        await wait_for_job(job_service, job, state=JobState(moment))
        await upstream.wait_for({"post": "posts", "poll": "polls", "file": "files"}[kind])
        if moment == "queued":
            await wait_for_job(job_service, job, status_note="The service asks to wait 20 s; nothing was created.")
        await job_service.recovery.forget_key("ann")
        waiting, gone, sent = await job_service.find(job.id, "ann"), await dropped(key), len(upstream.requests)
        await asyncio.sleep(0.3)
        silent = len(upstream.requests) == sent
        upstream.post, upstream.poll, upstream.file = [created()], [finished()], [picture()]
        if moment == "queued":
            assert await job_service.recovery.key_given("ann", account(catalog, upstream.address, "visitor")) == 1
            done = waiting
        else:
            await job_service.recovery.key_given("ann", account(catalog, upstream.address, "visitor"))
            done = await settled(job_service, job)

    assert (waiting.state, gone, silent) == (JobState.NEEDS_KEY, True, True)
    assert done.state is (JobState.NEEDS_KEY if moment == "queued" else JobState.DONE)
    assert len(upstream.posts) == 1


async def test_forgetting_the_key_while_a_request_is_sent_lets_its_answer_arrive(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The task is recorded, for it may be paid; then the job waits for its key."""
    gate = asyncio.Event()
    async with (
        scripted_upstream(post=[answer_after(gate, created())]) as upstream,
        process(catalog, url, tmp_path) as job_service,
    ):
        job, key = await start(job_service, catalog, upstream.address)
        await upstream.wait_for("posts")
        await job_service.recovery.forget_key("ann")
        sending = await job_service.find(job.id, "ann")
        gate.set()
        waiting = await settled(job_service, job)
        gone = await dropped(key)

    assert (sending.state, waiting.state, waiting.task_id, gone) == (JobState.SUBMITTING, JobState.NEEDS_KEY, TASK, True)
    assert upstream.polls == []


async def test_forgetting_a_key_does_not_affect_other_visitors_jobs(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Nor those that the host pays for."""
    async with scripted_upstream(poll=[running()]) as upstream, process(catalog, url, tmp_path) as job_service:
        own = account(catalog, upstream.address, "visitor")
        other_visitors_job = await submit(job_service, catalog, own, visitor="bea")
        host_job = await submit(job_service, catalog, account(catalog, upstream.address))
        for job in (other_visitors_job, host_job):
            await wait_for_job(job_service, job, state=JobState.RUNNING)
        await job_service.recovery.forget_key("ann")
        states = [(await job_service.find(job.id, job.visitor)).state for job in (other_visitors_job, host_job)]

    assert states == [JobState.RUNNING] * 2
