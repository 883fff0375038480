"""A record that cannot be written at first is written later; the request behind it is never sent again for that."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from functools import partial
from pathlib import Path

import pytest

from components.api.client import Account
from components.api.limiter import RequestLimiter
from components.catalog.models import Catalog
from components.errors import CapReached, DatabaseUnavailable
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.budgets import Caps
from components.jobs.callbacks import hashed
from components.jobs.job import Job, JobState, Timings
from components.jobs.metrics import Metrics
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.jobs.store.spend import Spend
from tests.jobs.conftest import NOON, add_jobs, lock_database, make_job, raw_connection, set_fields
from tests.jobs.processes import account, process, submit, wait_for_job
from tests.jobs.scripted_upstream import TASK, answer_after, created, finished, response, running, scripted_upstream, settled

LOCK_WAIT_S = 0.3
LOCKED_S = 1.0  # longer than a statement waits for the lock, so that at least one try fails


async def test_a_task_id_that_cannot_be_written_at_first_is_written_later(
    catalog: Catalog, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the POST and its record the database is locked for longer than a write waits: one POST, one job, done."""
    gate = asyncio.Event()
    async with scripted_upstream(post=[answer_after(gate, created())]) as upstream:
        async with process(catalog, url, tmp_path, lock_wait_s=LOCK_WAIT_S) as job_service:
            job = await submit(job_service, catalog, account(catalog, upstream.address))
            await upstream.wait_for("posts")
            with lock_database(url):
                gate.set()
                await asyncio.sleep(LOCKED_S)
                unwritten = await job_service.store.get(job.id)
            done = await wait_for_job(job_service, job, state=JobState.DONE)

    tried = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert (unwritten.state, unwritten.task_id) == (JobState.SUBMITTING, None)
    assert any(job.id in message and TASK in message for message in tried)
    assert (done.task_id, done.spent, len(upstream.posts)) == (TASK, job.credits, 1)


async def test_a_change_that_was_written_although_its_answer_was_lost_counts_as_written(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The repeated write finds the row as it should be, and the job is polled as if nothing had happened."""
    gate = asyncio.Event()
    async with scripted_upstream(post=[answer_after(gate, created())]) as upstream:
        async with process(catalog, url, tmp_path, started=False, lock_wait_s=LOCK_WAIT_S) as job_service:
            job = await submit(job_service, catalog, account(catalog, upstream.address))
            await upstream.wait_for("posts")
            with raw_connection(url) as connection:
                connection.execute("BEGIN IMMEDIATE" if url.startswith("sqlite") else "BEGIN")
                connection.execute(f"UPDATE jobs SET state = 'running', task_id = '{TASK}' WHERE id = '{job.id}'")
                gate.set()
                await asyncio.sleep(LOCKED_S)
                connection.execute("COMMIT")
            done = await settled(job_service, job)

    assert (done.state, done.task_id, len(upstream.posts)) == (JobState.DONE, TASK, 1)


async def test_an_end_that_cannot_be_written_at_first_is_written_later(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The pictures are fetched and the job is done as soon as the database can be written again."""
    async with scripted_upstream(poll=[running()]) as upstream:
        async with process(catalog, url, tmp_path, lock_wait_s=LOCK_WAIT_S) as job_service:
            job = await submit(job_service, catalog, account(catalog, upstream.address))
            await upstream.wait_for("polls")
            with lock_database(url):
                upstream.poll = [finished()]
                await asyncio.sleep(1)
                unwritten = await job_service.store.get(job.id)
            done = await wait_for_job(job_service, job, state=JobState.DONE)

    assert unwritten.state is JobState.RUNNING
    assert (len(done.pictures), len(upstream.posts), len(upstream.files)) == (1, 1, 1)


async def test_a_refusal_behind_a_locked_database_gives_its_reservation_back(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Nothing was created: once that can be written, nothing is reserved and nothing was spent."""
    gate = asyncio.Event()
    async with scripted_upstream(post=[answer_after(gate, response({"error": "bad"}, 400))]) as upstream:
        async with process(catalog, url, tmp_path, lock_wait_s=LOCK_WAIT_S) as job_service:
            job = await submit(job_service, catalog, account(catalog, upstream.address))
            await upstream.wait_for("posts")
            with lock_database(url):
                gate.set()
                await asyncio.sleep(1)
                reserved = await job_service.store.spending.today()
            await wait_for_job(job_service, job, state=JobState.FAILED)
            free = await job_service.store.spending.today()

    assert (reserved, free, len(upstream.posts)) == (Spend(job.credits, 0), Spend(), 1)


async def test_nothing_is_sent_while_a_request_cannot_be_recorded(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Without the row that says so, no POST leaves; the visitor learns at once that this page has a problem."""
    async with scripted_upstream() as upstream, process(catalog, url, tmp_path, lock_wait_s=LOCK_WAIT_S) as job_service:
        with lock_database(url), pytest.raises(DatabaseUnavailable):
            await submit(job_service, catalog, account(catalog, upstream.address))
        await asyncio.sleep(0.3)

    assert upstream.requests == []


async def test_a_claim_whose_answer_was_lost_may_be_repeated(store: Store) -> None:
    """With the same token it is the same claim and reserves once; with another token the claim fails."""
    job = make_job()
    await add_jobs(store, job)
    token, caps = hashed("secret"), Caps(daily=15)

    first = await store.claim(job.id, caps, NOON, token)
    again = await store.claim(job.id, caps, NOON + 5, token)

    assert first == again
    assert (first.state, first.callback_hash, first.sent_at) == (JobState.SUBMITTING, token, NOON)
    assert await store.claim(job.id, caps, NOON, hashed("another")) is None
    assert await store.claim(job.id, caps, NOON) is None
    assert await store.spending.total("host", 0) == Spend(10, 0)
    second = make_job()
    await add_jobs(store, second)
    with pytest.raises(CapReached):
        await store.claim(second.id, caps, NOON, token)


class DelayedReads(Store):
    """A store that returns what it has read once the gate is set."""

    gate: asyncio.Event

    async def get(self, job_id: str) -> Job | None:
        job = await super().get(job_id)
        await self.gate.wait()
        return job


async def test_a_change_is_not_visible_before_the_process_that_made_it_has_confirmed_it(
    tmp_path: Path, catalog: Catalog
) -> None:
    """Else a watcher sees a job go on, and then the older state again, takes it for its end and looks away."""
    database = open_database(f"sqlite:///{tmp_path / 'playground.db'}")
    store = DelayedReads(database)
    store.gate = asyncio.Event()
    active = ActiveJobs(store, Metrics(), RequestLimiter(), Timings(), log_prompts=False)
    unsure = await active.add(make_job(state=JobState.UNCERTAIN))
    await store.apply(unsure.id, set_fields(state=JobState.RUNNING))  # recorded, and its writer does not know it yet
    reading = asyncio.create_task(active.get(unsure.id))
    await asyncio.sleep(0.1)

    async def work(*_: object) -> None:
        await asyncio.Event().wait()

    active.start(unsure, account(catalog, ""), work)
    store.gate.set()
    seen = [await reading, await active.get(unsure.id)]
    await active.aclose()
    await store.aclose()
    database.close()

    assert [job.state for job in seen if job] == [JobState.UNCERTAIN] * 2


async def test_a_late_answer_does_not_change_the_note_of_an_ended_job(store: Store) -> None:
    """A 429 to a poll arrives in the moment in which the visitor stops the job."""
    job, gate = make_job(state=JobState.RUNNING, task_id="t"), asyncio.Event()
    await add_jobs(store, job)
    active = ActiveJobs(store, Metrics(), RequestLimiter(), Timings(), log_prompts=False)

    async def work(_: Job, __: Account) -> None:
        await gate.wait()

    active.start(job, Account("host", "http://x", "/create", "/tasks", "sk-1"), work)
    stopped = await active.apply(job.id, partial(transitions.stopped, now=NOON))
    active.show(dataclasses.replace(job, status_note="The service asks to wait 9 s."))
    assert await active.get(job.id) == stopped
    gate.set()
    await active.finish(job.id)
