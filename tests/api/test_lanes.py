"""Lanes: few connections for many jobs, first come first served, and none is ever lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from components.api.limiter import FEWEST, LONGEST_HOLD_S, Lanes
from components.catalog.models import Catalog
from components.jobs.job import JobState
from tests.jobs.faulty import Answer, Upstream, created, finished, misbehaving
from tests.jobs.processes import account, process, submit


async def full(lanes: Lanes, count: int = FEWEST) -> AsyncExitStack:
    """So many lanes taken, until the stack is closed."""
    stack = AsyncExitStack()
    for _ in range(count):
        await stack.enter_async_context(lanes.lane())
    return stack


async def turn(lanes: Lanes, done: list[int], number: int) -> None:
    async with lanes.lane():
        done.append(number)


async def some_rounds() -> None:
    """Let everybody who can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("jobs", "lanes_there"), [(0, 14), (200, 14), (209, 14), (210, 15), (1000, 71)])
async def test_there_is_a_lane_for_every_fourteen_jobs_and_never_fewer_than_fourteen(jobs: int, lanes_there: int) -> None:
    lanes, done = Lanes(), []
    lanes.jobs = jobs
    async with await full(lanes, lanes_there):
        waiting = asyncio.create_task(turn(lanes, done, 1))
        await some_rounds()
        assert done == []
    await waiting

    assert done == [1]


async def test_whoever_comes_first_is_served_first() -> None:
    """Also someone who comes in the moment when a lane gets free."""
    lanes, done = Lanes(), []
    async with await full(lanes):
        waiting = [asyncio.create_task(turn(lanes, done, number)) for number in range(50)]
        await some_rounds()
    late = asyncio.create_task(turn(lanes, done, 50))
    await asyncio.gather(*waiting, late)

    assert done == list(range(51))


async def test_a_slow_holder_gives_its_lane_back_and_goes_on() -> None:
    """Twenty requests that are answered late keep nobody else out, and count once when they end."""
    lanes, done = Lanes(), []
    async with await full(lanes):
        waiting = asyncio.create_task(turn(lanes, done, 1))
        await asyncio.sleep(LONGEST_HOLD_S / 5)
        early = list(done)
        await waiting
    async with await full(lanes):
        blocked = asyncio.create_task(turn(lanes, done, 2))
        await some_rounds()
        assert (early, done) == ([], [1])
    await blocked


async def test_whoever_is_cancelled_takes_no_lane_along() -> None:
    """While it waits, in the moment of its turn, and while it holds: afterwards there are as many as before."""
    lanes, done = Lanes(), []

    async def hold() -> None:
        async with lanes.lane():
            await asyncio.Event().wait()

    for _ in range(30):
        stack = await full(lanes)
        waiting = [asyncio.create_task(hold()) for _ in range(40)]
        await some_rounds()
        for task in waiting[::3]:
            task.cancel()
        await stack.aclose()  # turns are given in this very step, ...
        for task in waiting:
            task.cancel()  # ... and taken away before anybody has woken up
        await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(5), await full(lanes):
        blocked = asyncio.create_task(turn(lanes, done, 1))
        await some_rounds()
        assert done == []
    await blocked


async def test_two_hundred_jobs_share_twenty_connections(catalog: Catalog, tmp_path: Path) -> None:
    """Counted where they arrive: requests and polls of all jobs together."""
    under_way, most = 0, 0

    def counted(then: Answer, seconds: float) -> Answer:
        async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(seconds)
            under_way -= 1
            await then(upstream, writer)

        return answer

    url = f"sqlite:///{tmp_path / 'playground.db'}"
    async with misbehaving(post=[counted(created(), 0.8)], poll=[counted(finished(), 0.05)]) as upstream:
        async with process(catalog, url, tmp_path, deadline_s=120) as runner:
            host = account(catalog, upstream.address)
            jobs = [await submit(runner, catalog, host, f"kite {number}") for number in range(200)]
            ends = [await runner.settled(job.id, "ann") for job in jobs]

    assert {end.state for end in ends} == {JobState.DONE}
    assert most == FEWEST
    assert len(upstream.posts) == 200
