"""Faulty behaviors of the service. Each takes the connection and the answer that it would normally send."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from random import Random

from tests.chaos.connection import Connection, NormalAnswer

# Time limits grow with the load of the machine, now and by the other processes of the tests, so that slowness is not
# counted as a fault.
LOAD = max(os.getloadavg()[0], float(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
SLOWDOWN = min(4.0, max(1.0, LOAD / (os.cpu_count() or 1)))
DEADLINE_S = 4.0 * SLOWDOWN  # of the campaign's jobs
READ_S = 1.5 * SLOWDOWN  # a download waits this long for the next bytes
LATE_S = READ_S + 0.6
DRIP_S = 0.25

Behavior = Callable[[Connection, NormalAnswer, Random], Awaitable[None]]


async def reset(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    connection.reset()


async def hang_up(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    connection.open = False


async def cut(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """The head and a part of the body, then a reset."""
    await connection.raw(
        connection.head(len(normal.body), kind=normal.kind) + normal.body[: rng.randrange(len(normal.body))]
    )
    await asyncio.sleep(0.01)
    connection.reset()


async def late(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """The answer comes when a download has been given up."""
    await asyncio.sleep(LATE_S)
    await connection.send(normal.body, kind=normal.kind)


async def after_deadline(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """The answer comes when its job has ended: a POST is waited for until the deadline."""
    await asyncio.sleep(DEADLINE_S + 0.6)
    await connection.send(normal.body, kind=normal.kind)


async def truncated(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """Valid HTTP with truncated JSON."""
    await connection.send(normal.body[: rng.randrange(1, len(normal.body) - 2)], kind=normal.kind)


async def html(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    await connection.send(b"<!doctype html><title>Just a moment...</title>", kind="text/html")


async def drip(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """One byte at a time, each before a read timeout would end the request."""
    await connection.raw(connection.head(len(normal.body), kind=normal.kind))
    for byte in normal.body:
        await connection.raw(bytes([byte]))
        await asyncio.sleep(DRIP_S)


async def wrong_types(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    bodies: list[object] = [
        [],
        7,
        None,
        {"data": 7},
        {"data": [[]]},
        {"code": [200], "data": {"task_id": [{}], "status": 5}},
        {"code": "200", "data": {"task_id": {}, "status": None, "output": 3}},
    ]
    await connection.send(json.dumps(rng.choice(bodies)).encode())


async def no_id(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    await connection.send(b'{"code": 200, "message": "success", "data": {"status": "IN_PROGRESS"}}')


async def unknown_word(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    await _says(connection, normal, rng.choice(["dreaming", "UNKNOWN", "half done", "完成"]))


async def backwards(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    """In progress, then pending, then only submitted."""
    await _says(connection, normal, rng.choice(["PENDING", "queued", "submitted"]))


async def _says(connection: Connection, normal: NormalAnswer, word: str) -> None:
    data = json.loads(normal.body)["data"]
    named = {"task_id": data["task_id"]} if "task_id" in data else {}
    await connection.send(json.dumps({"code": 200, "message": "success", "data": {**named, "status": word}}).encode())


async def no_pictures(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    data = {"status": "completed", "output": {"images": rng.choice([[], None, [None], [{"url": ""}], ""])}}
    await connection.send(json.dumps({"code": 200, "message": "success", "data": data}).encode())


async def running(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    await connection.send(b'{"code": 200, "message": "success", "data": {"status": "IN_PROGRESS"}}')


async def failed(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
    await connection.send(b'{"code": 200, "data": {"status": "failed", "error": {"message": "The model gave up."}}}')


def status(code: int) -> Behavior:
    async def behavior(connection: Connection, normal: NormalAnswer, rng: Random) -> None:
        if rng.random() < 0.5:
            await connection.send(b"<html><h1>nginx</h1></html>", code, "text/html")
        else:
            await connection.send(json.dumps({"error": {"message": "no", "type": "error", "code": code}}).encode(), code)

    return behavior
