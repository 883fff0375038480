"""The same request twice at once is one job and one POST; anything else is another job."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from components.api import Account
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job, JobState, idempotency_key_of
from components.jobs.service import JobService
from tests.jobs.processes import account, process
from tests.jobs.scripted_upstream import Upstream, answer_after, created, response, scripted_upstream, settled
from tests.postgres import Postgres


async def ask(job_service: JobService, catalog: Catalog, payer: Account, visitor: str = "ann", **parameters: str) -> Job:
    request = build_request(catalog, "cogview-4", {"prompt": "A red kite", **parameters})
    return await job_service.submit(request, payer, visitor, idempotency_key=idempotency_key_of(request, payer, visitor))


def gated() -> tuple[asyncio.Event, list]:
    """A service that takes a request and answers only when the gate opens."""
    gate = asyncio.Event()
    return gate, [answer_after(gate, created())]


@pytest.mark.parametrize("clicks", [2, 50])
async def test_equal_requests_at_once_are_one_job_and_one_post(
    catalog: Catalog, url: str, tmp_path: Path, clicks: int
) -> None:
    """Everybody who clicked watches the same job to its end."""
    gate, post = gated()
    async with scripted_upstream(post=post) as upstream, process(catalog, url, tmp_path) as job_service:
        host = account(catalog, upstream.address)
        jobs = await asyncio.gather(*(ask(job_service, catalog, host) for _ in range(clicks)))
        gate.set()
        ends = await asyncio.gather(*(settled(job_service, job) for job in jobs))

    assert len({job.id for job in jobs}) == 1
    assert {end.state for end in ends} == {JobState.DONE}
    assert len(upstream.posts) == 1


async def test_equal_requests_at_two_processes_are_one_job_and_one_post(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """Also the process that does not work on the job can watch it."""
    gate, post = gated()
    with postgres.fresh() as url:
        async with scripted_upstream(post=post) as upstream:
            async with process(catalog, url, tmp_path) as one, process(catalog, url, tmp_path) as two:
                host = account(catalog, upstream.address)
                jobs = await asyncio.gather(*(ask(job_service, catalog, host) for job_service in (one, two) * 25))
                gate.set()
                ends = [await settled(job_service, jobs[0]) for job_service in (one, two)]

    assert len({job.id for job in jobs}) == 1
    assert [end.state for end in ends] == [JobState.DONE] * 2
    assert len(upstream.posts) == 1


async def test_what_differs_is_another_job(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Another prompt, size, visitor, payer or service: each is sent."""
    gate, post = gated()
    async with scripted_upstream(post=post) as upstream, scripted_upstream(post=post) as elsewhere:
        async with process(catalog, url, tmp_path) as job_service:
            host = account(catalog, upstream.address)
            jobs = [
                await ask(job_service, catalog, host),
                await ask(job_service, catalog, host, prompt="A blue kite"),
                await ask(job_service, catalog, host, size="768*1344"),
                await ask(job_service, catalog, host, visitor="bea"),
                await ask(job_service, catalog, replace(host, payer="visitor")),
                await ask(job_service, catalog, account(catalog, elsewhere.address)),
            ]
            gate.set()
            await asyncio.gather(*(settled(job_service, job) for job in jobs))

    assert len({job.id for job in jobs}) == 6
    assert (len(upstream.posts), len(elsewhere.posts)) == (5, 1)


async def test_a_request_without_an_idempotency_key_is_sent_each_time(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Who asks for two equal pictures on purpose gets two, and a request with a key does not get one of those."""
    gate, post = gated()
    async with scripted_upstream(post=post) as upstream, process(catalog, url, tmp_path) as job_service:
        host = account(catalog, upstream.address)
        request = build_request(catalog, "cogview-4", {"prompt": "A red kite"})
        jobs = [await job_service.submit(request, host, "ann") for _ in range(2)]
        jobs += [await ask(job_service, catalog, host), await job_service.submit(request, host, "ann")]
        gate.set()
        await asyncio.gather(*(settled(job_service, job) for job in jobs))

    assert len({job.id for job in jobs}) == len(upstream.posts) == 4


@pytest.mark.parametrize("end", ["done", "failed", "uncertain", "stopped"])
async def test_after_the_end_the_same_request_is_a_new_job(catalog: Catalog, url: str, tmp_path: Path, end: str) -> None:
    """A settled job does not block the same request, however it ended."""
    gate = asyncio.Event()
    first = {
        "done": created(),
        "failed": response({}, 400),
        "uncertain": response({}, 500),
        "stopped": answer_after(gate, created()),
    }[end]
    async with scripted_upstream(post=[first, created()]) as upstream, process(catalog, url, tmp_path) as job_service:
        host = account(catalog, upstream.address)
        job = await ask(job_service, catalog, host)
        if end == "stopped":
            await upstream.wait_for("posts")
            await job_service.stop(job.id, "ann")
            gate.set()
        ended = await settled(job_service, job)
        again = await settled(job_service, await ask(job_service, catalog, host))

    assert (ended.state, again.state) == (JobState(end), JobState.DONE)
    assert again.id != job.id
    assert posted(upstream) == [upstream.posts[0].content] * 2


def posted(upstream: Upstream) -> list[bytes]:
    return [request.content for request in upstream.posts]
