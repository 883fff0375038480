"""Several processes on one PostgreSQL: a dead one's jobs change hands, a living one's do not, and no answer is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job, JobState, Timings
from components.jobs.store.spend import Spend
from tests.jobs.conftest import FAST, raw_connection
from tests.jobs.processes import (
    PLAIN,
    account,
    another_process,
    count,
    expire_leases,
    process,
    read_lease,
    submit,
    wait_for_job,
)
from tests.jobs.scripted_upstream import TASK, Upstream, answer_after, created, finished, running, scripted_upstream, settled
from tests.postgres import Postgres

BEAT_S = FAST.heartbeat


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with postgres.fresh() as address:
        yield address


@asynccontextmanager
async def sending(catalog: Catalog, url: str, folder: Path) -> AsyncIterator[tuple[Upstream, Job, asyncio.Event]]:
    """A process with a POST in flight and no heartbeat soon; yields the service, the job, and the event that lets the service answer."""
    answered = asyncio.Event()
    async with (
        scripted_upstream(post=[answer_after(answered, created())]) as upstream,
        process(catalog, url, folder, timings=Timings()) as job_service,
    ):
        job = await submit(job_service, catalog, account(catalog, upstream.address))
        await upstream.wait_for("posts")
        yield upstream, job, answered


@pytest.mark.processes
async def test_a_killed_processs_job_changes_hands_when_its_lease_is_over(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """A process that is there already takes it up at one of its beats, and not while the lease lasts."""
    async with scripted_upstream(poll=[running()]) as upstream:
        host = account(catalog, upstream.address)
        async with another_process(url, tmp_path, upstream.address) as (job_id, pid):
            await upstream.wait_for("polls")
            os.kill(pid, signal.SIGKILL)
        upstream.poll = [finished()]
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            job = await job_service.find(job_id, "ann")
            owner, lease = read_lease(url, job)
            assert owner not in (None, job_service.store.owner)
            assert job.state is JobState.RUNNING
            with raw_connection(url) as connection:
                connection.execute(f"UPDATE jobs SET lease = {time.time() + 1}")
            done = await wait_for_job(job_service, job, state=JobState.DONE)

    assert lease is not None
    assert (done.task_id, len(done.pictures), len(upstream.posts)) == (TASK, 1, 1)


async def test_a_living_processs_jobs_are_left_alone(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Its leases are prolonged at every beat, so that another one, which looks as often, never gets hold of them."""
    async with scripted_upstream(poll=[running()]) as upstream:
        first_account, second_account = (
            account(catalog, upstream.address, key=key) for key in ("sk-of-the-first", "sk-of-the-second")
        )
        async with process(catalog, url, tmp_path) as first:
            job = await submit(first, catalog, first_account)
            await upstream.wait_for("polls")
            before = read_lease(url, job)
            async with process(catalog, url, tmp_path, find_account=lambda _: second_account) as second:
                with raw_connection(url) as connection:
                    connection.execute(f"UPDATE jobs SET lease = {time.time() + BEAT_S * 1.3}")
                await asyncio.sleep(BEAT_S * 2.2)
                after = read_lease(url, job)
                assert await second.store.leases.take_over() == []

    assert after[0] == before[0] == first.store.owner
    assert {request.headers["authorization"] for request in upstream.requests} == {"Bearer sk-of-the-first"}


async def test_a_process_that_lost_its_lease_still_records_its_answer(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """It alone knows the task: the job that another one called uncertain goes on and ends with its picture.

    So it does where its visitor let it go, and then it counts against the cap as ever.
    """
    async with sending(catalog, url, tmp_path) as (upstream, job, answered):
        expire_leases(url)
        async with process(catalog, url, tmp_path) as other:
            unsure = await other.find(job.id, "ann")
            await other.abandon(job.id, "ann")
            answered.set()
            await wait_for_job(other, job, task_id=TASK)
            done = await wait_for_job(other, job, state=JobState.DONE)
            spent = await other.store.spending.today()

    assert (unsure.state, done.problem, done.task_id) == (JobState.UNCERTAIN, None, TASK)
    assert (spent, len(upstream.posts)) == (Spend(0, job.credits), 1)


async def test_taking_over_a_job_does_not_abort_its_request(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Between taking many jobs of a process that stalled and looking at this one, the other process may need a while."""
    async with sending(catalog, url, tmp_path) as (upstream, job, answered):
        async with process(catalog, url, tmp_path, started=False) as other:
            expire_leases(url)
            assert [taken.id for taken in await other.store.leases.take_over()] == [job.id]
            await asyncio.sleep(BEAT_S * 1.5)
            answered.set()
            named = await wait_for_job(other, job, task_id=TASK)

    assert (named.state, len(upstream.posts)) == (JobState.RUNNING, 1)


async def test_the_payer_on_record_pays_for_an_id_that_is_submitted_twice(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """A retry may come from two pages at once, one with a key and one without."""
    answered = asyncio.Event()
    async with scripted_upstream(post=[answer_after(answered, created())]) as upstream:
        own = account(catalog, upstream.address, "visitor", key="sk-of-the-visitor")
        host = account(catalog, upstream.address)
        request = build_request(catalog, PLAIN, {"prompt": "A red kite"})
        async with process(catalog, url, tmp_path) as first, process(catalog, url, tmp_path) as second:
            one = await first.submit(request, own, "ann", job_id="s" * 22)
            two = await second.submit(request, host, "ann", job_id="s" * 22)
            await upstream.wait_for("posts")
            await asyncio.sleep(0.5)
            answered.set()
            await settled(first, one)
            spent = await second.store.spending.today()

    assert (one.payer, two.payer, spent) == ("visitor", "visitor", Spend())
    assert {request.headers["authorization"] for request in upstream.posts} == {"Bearer sk-of-the-visitor"}


async def test_a_stop_at_another_process_ends_the_polling(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The owner notices at its next beat, and what the visitor was shown stays as it is."""
    async with scripted_upstream(poll=[running()]) as upstream:
        async with process(catalog, url, tmp_path) as owner, process(catalog, url, tmp_path) as other:
            job = await submit(owner, catalog, account(catalog, upstream.address))
            await upstream.wait_for("polls")
            stopped = await other.stop(job.id, "ann")
            async with asyncio.timeout(BEAT_S * 3):
                while count(owner, "jobs_going"):  # noqa: ASYNC110  # what is waited for says nothing by itself
                    await asyncio.sleep(0.05)
            upstream.poll = [finished()]
            sent = len(upstream.requests)
            after = await owner.store.get(job.id)

    assert (stopped.state, stopped.problem.charged) == (JobState.STOPPED, "It may still finish and be charged.")
    assert (after, len(upstream.requests)) == (stopped, sent)


async def test_a_stop_at_another_process_reaches_a_request_on_its_way(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Its answer is noted, and nothing is asked after it."""
    async with sending(catalog, url, tmp_path) as (upstream, job, answered):
        async with process(catalog, url, tmp_path) as other:
            await other.stop(job.id, "ann")
            answered.set()
            stopped = await wait_for_job(other, job, state=JobState.STOPPED)

    assert (stopped.task_id, [request.method for request in upstream.requests]) == (TASK, ["POST"])


async def test_a_process_that_ends_waits_for_its_answer_and_hands_its_jobs_on(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """What was on its way has its task id when the process is gone, and the next one need not wait for a lease."""
    answered = asyncio.Event()
    async with scripted_upstream(post=[answer_after(answered, created())], poll=[running()]) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, database_url, tmp_path) as ending:
            job = await submit(ending, catalog, host)
            await upstream.wait_for("posts")
            closing = asyncio.create_task(ending.aclose())
            await asyncio.sleep(0.5)
            answered.set()
            await closing
            left = await ending.store.get(job.id)
            owner = read_lease(database_url, job)
        upstream.poll = [finished()]
        async with process(catalog, database_url, tmp_path, find_account=lambda _: host) as job_service:
            done = await settled(job_service, job)

    assert (left.state, left.task_id, owner) == (JobState.RUNNING, TASK, (None, None))
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 1)
