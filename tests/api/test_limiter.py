"""The limiter admits requests in their order, grows with the jobs, and loses no slot."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from components.api.limiter import MINIMUM, RequestLimiter
from components.catalog.models import Catalog
from components.jobs.job import JobState
from tests.jobs.processes import account, process, submit
from tests.jobs.scripted_upstream import Answer, Upstream, created, finished, scripted_upstream


async def full(limiter: RequestLimiter, count: int = MINIMUM) -> AsyncExitStack:
    """So many requests in flight, until the stack is closed."""
    stack = AsyncExitStack()
    for _ in range(count):
        await stack.enter_async_context(limiter.request())
    return stack


async def request(limiter: RequestLimiter, done: list[int], number: int) -> None:
    async with limiter.request():
        done.append(number)


async def run_others() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_request_is_admitted_for_every_fourteen_jobs_and_never_fewer_than_fourteen() -> None:
    for jobs, admitted in ((0, 14), (200, 14), (209, 14), (210, 15), (1000, 71)):
        limiter, done = RequestLimiter(), []
        limiter.resize(jobs)
        async with await full(limiter, admitted):
            waiting = asyncio.create_task(request(limiter, done, 1))
            await run_others()
            assert done == [], jobs
        await waiting
        assert done == [1], jobs


async def test_when_the_jobs_become_more_the_requests_that_wait_start_at_once() -> None:
    limiter, done = RequestLimiter(), []
    async with await full(limiter):
        waiting = [asyncio.create_task(request(limiter, done, number)) for number in range(3)]
        await run_others()
        assert done == []
        limiter.resize(1000)
        await run_others()
        assert done == [0, 1, 2]
    await asyncio.gather(*waiting)


async def test_a_request_that_may_wait_no_longer_goes_ahead_and_takes_no_slot() -> None:
    limiter, done = RequestLimiter(), []
    async with await full(limiter):
        for _ in range(3):
            async with limiter.request(longest_wait_s=0.01):
                done.append(0)
        waiting = asyncio.create_task(request(limiter, done, 1))
        await run_others()
        assert done == [0] * 3
    await waiting
    async with await full(limiter):
        assert done == [0] * 3 + [1]


async def test_requests_wait_in_order_for_a_free_slot() -> None:
    limiter, done = RequestLimiter(), []
    async with await full(limiter):
        waiting = [asyncio.create_task(request(limiter, done, number)) for number in range(50)]
        await run_others()
    late = asyncio.create_task(request(limiter, done, 50))
    await asyncio.gather(*waiting, late)

    assert done == list(range(51))


async def test_slow_requests_stop_counting_and_count_once_when_they_end() -> None:
    limiter, done = RequestLimiter(longest_hold_s=0.1), []
    async with await full(limiter):
        waiting = asyncio.create_task(request(limiter, done, 1))
        await run_others()
        assert done == []
        await waiting
    async with await full(limiter):
        blocked = asyncio.create_task(request(limiter, done, 2))
        await run_others()
        assert done == [1]
    await blocked


async def test_a_cancelled_request_frees_its_slot() -> None:
    """While it waits, in the moment when it is admitted, and while it is in flight."""
    limiter, done = RequestLimiter(), []

    async def hold() -> None:
        async with limiter.request():
            await asyncio.Event().wait()

    for _ in range(30):
        stack = await full(limiter)
        waiting = [asyncio.create_task(hold()) for _ in range(40)]
        await run_others()
        for task in waiting[::3]:
            task.cancel()
        await stack.aclose()  # requests are admitted in this very step, ...
        for task in waiting:
            task.cancel()  # ... and cancelled before any of them has run
        await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(60), await full(limiter):
        blocked = asyncio.create_task(request(limiter, done, 1))
        await run_others()
        assert done == []
    await blocked


@pytest.mark.slow
async def test_many_jobs_share_fourteen_requests_in_flight(catalog: Catalog, tmp_path: Path) -> None:
    """Counted at the service, POSTs and polls of all jobs together."""
    in_flight, most, full = 0, 0, asyncio.Event()

    def counted(then: Answer, seconds: float) -> Answer:
        async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
            nonlocal in_flight, most
            in_flight += 1
            most = max(most, in_flight)
            if in_flight == MINIMUM:
                full.set()
            await full.wait()  # a busy machine starts them one after the other
            await asyncio.sleep(seconds)
            in_flight -= 1
            await then(upstream, writer)

        return answer

    url = f"sqlite:///{tmp_path / 'playground.db'}"
    async with scripted_upstream(post=[counted(created(), 0.3)], poll=[counted(finished(), 0.05)]) as upstream:
        async with process(catalog, url, tmp_path, deadline_s=60) as job_service:
            host = account(catalog, upstream.address)
            jobs = [await submit(job_service, catalog, host, f"kite {number}") for number in range(60)]
            ends = [await job_service.settled(job.id, "ann") for job in jobs]

    assert {end.state for end in ends} == {JobState.DONE}
    assert most == MINIMUM
    assert len(upstream.posts) == 60
