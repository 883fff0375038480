"""The shared client's connections: small pools, filled from the first, none lost."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from components.api.connections import EACH, Pools
from tests.jobs.faulty import finished, held, misbehaving


def connections(pools: Pools) -> list[int]:
    """How many connections each pool has."""
    return [len(pool._pool.connections) for pool in pools._pools]


async def asked(client: httpx2.AsyncClient, address: str, count: int) -> list[int]:
    answers = await asyncio.gather(*(client.get(f"{address}/api/v1/tasks/{number}") for number in range(count)))
    return [answer.status_code for answer in answers]


async def test_a_burst_opens_a_connection_each_and_what_follows_uses_the_first_ones_again(sandbox: str) -> None:
    pools = Pools()
    async with httpx2.AsyncClient(transport=pools, trust_env=False) as client:
        assert await asked(client, sandbox, 3 * EACH) == [401] * 3 * EACH
        assert connections(pools) == [EACH] * 3
        opened = [one for pool in pools._pools for one in pool._pool.connections]
        for _ in range(10):
            assert await asked(client, sandbox, EACH) == [401] * EACH
        assert [one for pool in pools._pools for one in pool._pool.connections] == opened
        assert pools._busy == [0, 0, 0]


async def test_an_answer_that_never_comes_and_one_that_is_given_up_leave_room_for_the_next() -> None:
    pools, gate = Pools(), asyncio.Event()
    async with (
        misbehaving(poll=[held(gate, finished())]) as upstream,
        httpx2.AsyncClient(transport=pools, trust_env=False) as client,
    ):
        for _ in range(2 * EACH):
            with pytest.raises(httpx2.ReadTimeout):
                await client.get(f"{upstream.address}/api/v1/tasks/1", timeout=0.05)
        waiting = [asyncio.create_task(client.get(f"{upstream.address}/api/v1/tasks/1")) for _ in range(EACH)]
        await asyncio.sleep(0.1)
        assert sum(pools._busy) == EACH
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        gate.set()
        assert pools._busy == [0]


async def test_an_answer_is_counted_until_it_is_closed_and_once() -> None:
    pools = Pools()
    async with misbehaving(poll=[finished()]) as upstream, httpx2.AsyncClient(transport=pools, trust_env=False) as client:
        request = client.build_request("GET", f"{upstream.address}/api/v1/tasks/1")
        response = await client.send(request, stream=True)
        assert pools._busy == [1]
        await response.aread()
        await response.aclose()
        await response.aclose()
        assert pools._busy == [0]
