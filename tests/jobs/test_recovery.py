"""Recovery after the death of a process: jobs continue, nothing is sent twice, and no other payer's key is used."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import AnswerLost
from components.jobs.job import JobState
from components.jobs.store.spend import Spend
from components.jobs.transitions import NEEDS_HOST_KEY, NEEDS_VISITOR_KEY
from tests.jobs.conftest import make_job
from tests.jobs.processes import account, another_process, expire_leases, process, submit, wait_for_job
from tests.jobs.scripted_upstream import (
    TASK,
    answer_after,
    created,
    finished,
    picture,
    response,
    running,
    scripted_upstream,
    settled,
)

RATE_LIMITED = response({}, 429, headers={"Retry-After": "60"})


@pytest.mark.processes
async def test_a_running_task_is_polled_on_without_a_second_post(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Also when the process ended by a kill -9: the task's id is all that is needed."""
    async with scripted_upstream(poll=[running()]) as upstream:
        host = account(catalog, upstream.address)
        async with another_process(url, tmp_path, upstream.address) as (job_id, pid):
            await upstream.wait_for("polls")
            os.kill(pid, signal.SIGKILL)
        expire_leases(url)
        upstream.poll = [finished()]
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            job = await settled(job_service, await job_service.find(job_id, "ann"))

    assert (job.state, job.task_id, len(job.pictures)) == (JobState.DONE, TASK, 1)
    assert len(upstream.posts) == 1
    assert upstream.polls[-1].path.endswith(TASK)


async def test_a_request_without_an_answer_is_uncertain_and_can_be_resubmitted_or_abandoned(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Its credits stay reserved and nothing is sent; it can be abandoned, or the same request sent once more."""
    never = asyncio.Event()
    async with scripted_upstream(post=[answer_after(never, created()), created()]) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True) as job_service:
            lost = await submit(job_service, catalog, host)
            await upstream.wait_for("posts")
        expire_leases(url)
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            recovered = await settled(job_service, lost)
            held_back = await job_service.store.spending.today()
            waiting = [job.id for job in await job_service.store.unfinished("ann")]
            sent = len(upstream.posts)
            again = await settled(job_service, await submit(job_service, catalog, host))
            abandoned = await job_service.abandon(lost.id, "ann")
            spent = await job_service.store.spending.today()

    assert (recovered.state, recovered.problem.code, recovered.task_id) == (JobState.UNCERTAIN, "lost", None)
    assert recovered.problem.charged == AnswerLost.charged
    assert (held_back, waiting, sent) == (Spend(lost.credits, 0), [lost.id], 1)
    assert (again.state, again.id != lost.id, abandoned.state) == (JobState.DONE, True, JobState.ABANDONED)
    assert spent == Spend(0, lost.credits + again.credits)


async def test_a_queued_request_is_sent_once(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """It waited for a 429 when its process died: nothing of it existed at the service."""
    async with scripted_upstream(post=[RATE_LIMITED, created()]) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True, deadline_s=500) as job_service:
            job = await submit(job_service, catalog, host)
            await wait_for_job(job_service, job, status_note="The service asks to wait 60 s; nothing was created.")
        expire_leases(url)
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            done = await settled(job_service, job)

    assert (done.state, done.status_note, len(upstream.posts)) == (JobState.DONE, "", 2)


async def test_a_queued_request_that_is_older_than_the_deadline_is_not_sent(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Nobody expects to pay for it any more. One that is younger is sent, by the same process."""
    async with scripted_upstream() as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True, started=False) as job_service:
            old = await job_service.store.add(make_job(created_at=time.time() - 31, base_url=upstream.address))
            recent = await job_service.store.add(make_job(created_at=time.time() - 15, base_url=upstream.address))
        expire_leases(url)
        async with process(catalog, url, tmp_path, find_account=lambda _: host, deadline_s=30) as job_service:
            failed, done = await settled(job_service, old), await settled(job_service, recent)

    assert (failed.state, failed.spent, failed.problem.charged) == (JobState.FAILED, 0, "Nothing was charged.")
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 1)


KEYLESS: dict[str, dict[str, Any]] = {"running": {"state": JobState.RUNNING, "task_id": TASK}, "queued": {}}


@pytest.mark.parametrize("left", KEYLESS)
async def test_a_job_on_a_visitors_key_waits_for_that_visitors_key(
    catalog: Catalog, url: str, tmp_path: Path, left: str
) -> None:
    """It is neither polled nor sent, says why, and continues only with the same visitor's key for the same service."""
    async with scripted_upstream() as upstream:
        own = account(catalog, upstream.address, "visitor")
        left_behind = make_job(payer="visitor", base_url=upstream.address, created_at=time.time(), **KEYLESS[left])
        async with process(catalog, url, tmp_path, killed=True, started=False) as job_service:
            job = await job_service.store.add(left_behind)
        expire_leases(url)
        async with process(catalog, url, tmp_path) as job_service:
            waiting = await settled(job_service, job)
            wrong = [
                await job_service.recovery.key_given("bea", own),
                await job_service.recovery.key_given("ann", account(catalog, "http://127.0.0.1:9", "visitor")),
                await job_service.recovery.key_given("ann", account(catalog, upstream.address, "sandbox")),
            ]
            sent = list(upstream.requests)
            right = await job_service.recovery.key_given("ann", own)
            done = await settled(job_service, job)

    assert (waiting.state, waiting.status_note) == (JobState.NEEDS_KEY, NEEDS_VISITOR_KEY)
    assert (wrong, sent, right) == ([0, 0, 0], [], 1)
    assert (done.state, done.status_note, len(done.pictures)) == (JobState.DONE, "", 1)
    assert len(upstream.posts) == (left == "queued")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_the_service_refuses_lets_the_job_wait_again(
    catalog: Catalog, url: str, tmp_path: Path, status: int
) -> None:
    """One poll shows it; the task is not lost, and the right key still finds it."""
    async with scripted_upstream(poll=[running()]) as upstream:
        own = account(catalog, upstream.address, "visitor")
        async with process(catalog, url, tmp_path, killed=True) as job_service:
            job = await submit(job_service, catalog, own)
            await upstream.wait_for("polls")
        expire_leases(url)
        async with process(catalog, url, tmp_path) as job_service:
            before = len(upstream.polls)
            upstream.poll = [response({"error": "bad key"}, status)]
            await job_service.recovery.key_given("ann", own)
            refused = await settled(job_service, job)
            tried = len(upstream.polls) - before
            upstream.poll = [finished()]
            resumed = await job_service.recovery.key_given("ann", own)
            done = await settled(job_service, job)

    assert (refused.state, refused.status_note, tried) == (JobState.NEEDS_KEY, NEEDS_VISITOR_KEY, 1)
    assert (resumed, done.state, len(upstream.posts)) == (1, JobState.DONE, 1)


@pytest.mark.parametrize("left", KEYLESS)
async def test_a_job_on_the_hosts_key_waits_while_there_is_none(
    catalog: Catalog, url: str, tmp_path: Path, left: str
) -> None:
    """Without the host's key nothing is polled; after a start with the key, Check again continues it."""
    async with scripted_upstream() as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True, started=False) as job_service:
            job = await job_service.store.add(make_job(base_url=upstream.address, created_at=time.time(), **KEYLESS[left]))
        expire_leases(url)
        async with process(catalog, url, tmp_path) as job_service:
            waiting = await settled(job_service, job)
        sent = list(upstream.requests)
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            await job_service.check_again(job.id, host, "ann")
            done = await settled(job_service, job)

    assert (waiting.state, waiting.status_note, sent) == (JobState.NEEDS_KEY, NEEDS_HOST_KEY, [])
    assert (done.state, len(upstream.posts)) == (JobState.DONE, left == "queued")


async def test_a_sandbox_job_continues_at_the_new_address_of_the_sandbox(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The sandbox is this page's own, so after a start on another port it is the same one."""
    async with scripted_upstream(poll=[running()]) as before, scripted_upstream() as after:
        async with process(catalog, url, tmp_path, killed=True) as job_service:
            job = await submit(job_service, catalog, account(catalog, before.address, "sandbox", "sandbox"))
            await before.wait_for("polls")
        expire_leases(url)
        sent = len(before.requests)
        new = account(catalog, after.address, "sandbox", "sandbox")
        async with process(catalog, url, tmp_path, find_account=lambda _: new) as job_service:
            done = await settled(job_service, job)

    assert (done.state, len(done.pictures), len(before.requests)) == (JobState.DONE, 1, sent)
    assert (after.posts, [request.path.rpartition("/")[2] for request in after.polls]) == ([], [TASK])


async def test_an_overdue_job_stays_overdue_until_somebody_checks(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A restart is no reason to begin polling a task that had all its time."""
    async with scripted_upstream(poll=[running()]) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True, deadline_s=0.5) as job_service:
            left = await settled(job_service, await submit(job_service, catalog, host))
        expire_leases(url)
        sent, upstream.poll = len(upstream.requests), [finished()]
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            recovered = await settled(job_service, left)
            untouched = len(upstream.requests) == sent
            await job_service.check_again(left.id, host, "ann")
            done = await settled(job_service, left)

    assert (left.state, recovered, untouched) == (JobState.OVERDUE, left, True)
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 1)


@pytest.mark.parametrize("with_id", [True, False], ids=["with a task id", "without one"])
async def test_pictures_that_came_with_the_first_answer_are_fetched_by_the_next_process(
    catalog: Catalog, url: str, tmp_path: Path, with_id: bool
) -> None:
    """Without a task id only the recorded addresses exist; with one the task is polled for fresh ones."""
    never = asyncio.Event()
    async with scripted_upstream(
        post=[finished(2, with_id=with_id)], poll=[finished(2)], file=[answer_after(never, picture())]
    ) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True) as job_service:
            job = await submit(job_service, catalog, host)
            await upstream.wait_for("files")
        expire_leases(url)
        upstream.file = [picture()]
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            done = await settled(job_service, job)

    assert (done.state, len(done.pictures), done.pending_urls) == (JobState.DONE, 2, ())
    assert (len(upstream.posts), len(upstream.polls)) == (1, int(with_id))
