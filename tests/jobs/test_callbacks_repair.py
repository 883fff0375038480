"""A callback may name the task of a request whose answer was lost; a GET with the key confirms it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.job import Job, JobState, Timings
from components.jobs.store.spend import Spend
from tests.jobs.callbacks import callback_address, callback_server
from tests.jobs.processes import expire_leases, wait_for_job
from tests.jobs.scripted_upstream import (
    TASK,
    TIMEOUT_S,
    answer_after,
    created,
    finished,
    response,
    running,
    scripted_upstream,
    settled,
)

LOST = response({"error": "oops"}, 500)
UNKNOWN = response({"error": {"message": "No such task"}}, 404)


@pytest.mark.parametrize("abandoned", [False, True], ids=["uncertain", "abandoned"])
async def test_a_callback_repairs_an_uncertain_job(catalog: Catalog, url: str, tmp_path: Path, abandoned: bool) -> None:
    """The GET knows the task, so the job runs and ends with its picture; also where it was abandoned, and many calls come."""
    async with scripted_upstream(post=[LOST]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        job = await settled(server.job_service, await server.start())
        if abandoned:
            await server.job_service.abandon(job.id, "ann")
        answers = await server.call(callback_address(upstream), times=10)
        done = await wait_for_job(server.job_service, job, state=JobState.DONE)
        spent = await server.job_service.store.spending.today()

    assert (job.state, answers) == (JobState.UNCERTAIN, [204] * 10)
    assert (done.task_id, done.problem, len(done.pictures)) == (TASK, None, 1)
    assert (spent, len(upstream.posts)) == (Spend(0, job.credits), 1)
    assert {request.headers.get("authorization") for request in upstream.polls} == {
        upstream.posts[0].headers["authorization"]
    }


async def test_a_task_that_the_service_does_not_know_repairs_nothing(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A callback alone is never trusted, whatever it contains."""
    claim = {"task_id": "n1forged", "status": "completed", "output": {"images": [{"url": "http://127.0.0.1:9/x.png"}]}}
    async with scripted_upstream(post=[LOST], poll=[UNKNOWN]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream) as server:
            job = await settled(server.job_service, await server.start())
            await server.call(callback_address(upstream), claim)
            await upstream.wait_for("polls", 3)
            after = await server.job_service.store.get(job.id)

    assert {request.path.rpartition("/")[2] for request in upstream.polls} == {"n1forged"}
    assert (after.state, after.task_id, after.pending_urls, after.pictures) == (JobState.UNCERTAIN, None, (), ())
    assert (after.reserved, len(upstream.posts), upstream.files) == (job.credits, 1, [])


async def test_check_again_does_not_wait_for_a_running_repair(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The visitor has an answer at once, and the service is asked about the task by one task of ours as before."""
    async with (
        scripted_upstream(post=[LOST], poll=[UNKNOWN]) as upstream,
        callback_server(catalog, url, tmp_path, upstream) as server,
    ):
        job = await settled(server.job_service, await server.start())
        await server.call(callback_address(upstream))
        await upstream.wait_for("polls", 2)
        async with asyncio.timeout(TIMEOUT_S):
            looks = [await server.job_service.check_again(job.id, server.service, job.visitor) for _ in range(3)]
        polls = len(upstream.polls)
        await upstream.wait_for("polls", polls + 1)
        upstream.poll = [running(), finished()]
        done = await wait_for_job(server.job_service, job, state=JobState.DONE)

    assert {look.state for look in looks} == {JobState.UNCERTAIN}
    assert (done.task_id, len(upstream.posts)) == (TASK, 1)
    assert polls < 5


async def test_a_job_that_is_repaired_during_a_heartbeat_keeps_its_worker(
    catalog: Catalog, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing from the leases that were renewed before. Without a worker it would wait for the next heartbeat."""
    async with (
        scripted_upstream(post=[LOST], poll=[UNKNOWN]) as upstream,
        callback_server(catalog, url, tmp_path, upstream, timings=Timings(heartbeat=0.2)) as server,
    ):
        service = server.job_service
        job = await settled(service, await server.start())
        await server.call(callback_address(upstream))
        await upstream.wait_for("polls", 1)
        worker, renew, beats = service._active.workers()[job.id], service.store.leases.renew, asyncio.Semaphore(0)

        async def renewed_before_the_repair() -> list[Job]:
            owned = await renew()
            upstream.poll = [running()]
            await wait_for_job(service, job, state=JobState.RUNNING)
            beats.release()
            return owned

        monkeypatch.setattr(service.store.leases, "renew", renewed_before_the_repair)
        await beats.acquire()
        await beats.acquire()
        monkeypatch.setattr(service.store.leases, "renew", renew)
        assert service._active.workers()[job.id] is worker
        upstream.poll = [finished()]
        await server.call(callback_address(upstream))
        done = await wait_for_job(service, job, state=JobState.DONE)

    assert (done.task_id, len(done.pictures), len(upstream.posts)) == (TASK, 1, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "completed"}', b"<html>", b'{"task_id": ".."}'])
async def test_a_callback_that_names_no_task_repairs_nothing(
    catalog: Catalog, url: str, tmp_path: Path, body: bytes
) -> None:
    """There is nothing to ask for."""
    async with scripted_upstream(post=[LOST]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        job = await settled(server.job_service, await server.start())
        assert await server.call(callback_address(upstream), body) == [204]
        await asyncio.sleep(0.5)
        after = await server.job_service.store.get(job.id)

    assert (after.state, after.callback_task_id, upstream.polls) == (JobState.UNCERTAIN, "", [])


async def test_an_early_callback_repairs_the_answer_that_is_lost_after_it(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The call came first, then the connection broke: the task's id is known already."""
    broken = asyncio.Event()
    async with scripted_upstream(post=[answer_after(broken, LOST)]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream) as server:
            job = await server.start()
            await upstream.wait_for("posts")
            await server.call(callback_address(upstream))
            broken.set()
            done = await wait_for_job(server.job_service, job, state=JobState.DONE)

    assert (done.task_id, len(upstream.posts)) == (TASK, 1)


async def test_a_callback_before_a_process_died_repairs_the_job_in_the_next(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The named task was noted, so the next process can ask for it."""
    never = asyncio.Event()
    async with scripted_upstream(post=[answer_after(never, created())]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream, killed=True) as server:
            job = await server.start()
            await upstream.wait_for("posts")
            await server.call(callback_address(upstream))
        expire_leases(url)
        async with callback_server(catalog, url, tmp_path, upstream) as server:
            done = await wait_for_job(server.job_service, job, state=JobState.DONE)

    assert (done.task_id, len(done.pictures), len(upstream.posts)) == (TASK, 1, 1)


async def test_a_callback_repairs_what_a_dead_process_left_uncertain(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The callback address of the dead process is answered by the next one."""
    never = asyncio.Event()
    async with scripted_upstream(post=[answer_after(never, created())]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream, killed=True) as server:
            job = await server.start()
            await upstream.wait_for("posts")
            path = callback_address(upstream).removeprefix(server.address)
        expire_leases(url)
        async with callback_server(catalog, url, tmp_path, upstream) as server:
            unsure = await settled(server.job_service, job)
            assert await server.call(server.address + path) == [204]
            done = await wait_for_job(server.job_service, job, state=JobState.DONE)

    assert (unsure.state, done.task_id, len(upstream.posts)) == (JobState.UNCERTAIN, TASK, 1)
