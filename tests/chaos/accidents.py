"""What can be done to an answer on its way: each takes the wire and the answer that would have been given."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from random import Random

from tests.chaos.wire import NormalAnswer, Wire

# Everybody is more patient on a machine that has other things to do: a fault is what the service does, not a slow test.
PATIENCE = min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
READ_S = 1.5 * PATIENCE  # the campaign's clients wait this long for an answer
LATE_S = READ_S + 0.6
DRIP_S = 0.25

Act = Callable[[Wire, NormalAnswer, Random], Awaitable[None]]


async def reset(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    wire.reset()


async def hang_up(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    wire.open = False


async def cut(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    """The head and a part of the body, then a reset."""
    await wire.raw(wire.head(len(normal.body), kind=normal.kind) + normal.body[: rng.randrange(len(normal.body))])
    await asyncio.sleep(0.01)
    wire.reset()


async def late(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    """The answer comes when nobody waits for it any more."""
    await asyncio.sleep(LATE_S)
    await wire.send(normal.body, kind=normal.kind)


async def truncated(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    """Whole by its length, broken by its content."""
    await wire.send(normal.body[: rng.randrange(1, len(normal.body) - 2)], kind=normal.kind)


async def html(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    await wire.send(b"<!doctype html><title>Just a moment...</title>", kind="text/html")


async def drip(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    """A byte now and then: each comes before a read timeout would notice."""
    await wire.raw(wire.head(len(normal.body), kind=normal.kind))
    for byte in normal.body:
        await wire.raw(bytes([byte]))
        await asyncio.sleep(DRIP_S)


async def wrong_types(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    bodies: list[object] = [
        [],
        7,
        None,
        {"data": 7},
        {"data": [[]]},
        {"code": [200], "data": {"task_id": ["n48"], "status": 5}},
        {"code": "200", "data": {"task_id": {}, "status": None, "output": 3}},
    ]
    await wire.send(json.dumps(rng.choice(bodies)).encode())


async def no_id(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    await wire.send(b'{"code": 200, "message": "success", "data": {"status": "IN_PROGRESS"}}')


async def unknown_word(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    await _says(wire, normal, rng.choice(["dreaming", "UNKNOWN", "half done", "完成"]))


async def backwards(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    """In progress, then pending, then only submitted."""
    await _says(wire, normal, rng.choice(["PENDING", "queued", "submitted"]))


async def _says(wire: Wire, normal: NormalAnswer, word: str) -> None:
    data = json.loads(normal.body)["data"]
    named = {"task_id": data["task_id"]} if "task_id" in data else {}
    await wire.send(json.dumps({"code": 200, "message": "success", "data": {**named, "status": word}}).encode())


async def no_pictures(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    data = {"status": "completed", "output": {"images": rng.choice([[], None, [None], [{"url": ""}], ""])}}
    await wire.send(json.dumps({"code": 200, "message": "success", "data": data}).encode())


async def running(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    await wire.send(b'{"code": 200, "message": "success", "data": {"status": "IN_PROGRESS"}}')


async def failed(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
    await wire.send(b'{"code": 200, "data": {"status": "failed", "error": {"message": "The model gave up."}}}')


def status(code: int) -> Act:
    async def act(wire: Wire, normal: NormalAnswer, rng: Random) -> None:
        if rng.random() < 0.5:
            await wire.send(b"<html><h1>nginx</h1></html>", code, "text/html")
        else:
            await wire.send(json.dumps({"error": {"message": "no", "type": "error", "code": code}}).encode(), code)

    return act
