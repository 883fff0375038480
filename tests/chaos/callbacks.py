"""The service's callbacks: one when a task is done, and those that go wrong."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit

from tests.chaos.faults import Fault
from tests.chaos.ledger import Ledger, Task

STORM = 100
LATE_S = 1.0
REPEATS, BETWEEN_REPEATS_S = 40, 0.4
NORMAL = "normal"


async def send_callbacks(ledger: Ledger, faults: list[Fault], rng: Random, task: Task, address: str) -> None:
    """Call once when the task is done; a callback fault adds calls, moves them, or leaves them out."""
    fault = next((one.name.partition(".")[2] for one in faults if one.target == "callback"), "")
    if fault == "lost":
        return
    if fault == "early":
        await _post(ledger, task, "early", address, _body(task.id, "IN_PROGRESS"))
    if fault == "forged":
        wrong = address.rpartition("/")[0] + "/" + "0" * 32
        await _post(ledger, task, "forged", wrong, _body("n48ffffffffffffffff", "completed"))
        elsewhere = address.split("/callbacks/")[0] + "/callbacks/no-such-job/" + address.rpartition("/")[2]
        await _post(ledger, task, "forged", elsewhere, _body(task.id, "completed"))
    if fault == "stranger":
        await _post(ledger, task, "stranger", address, _body("n48ffffffffffffffff", "completed"))
    if fault == "garbage":
        for body in (b"", b"\xff\xfe", b"[" * 5000, b'{"task_id": {"a": 1}}', b'{"data": 7}', b'{"task_id": "../../x"}'):
            await _post(ledger, task, "garbage", address, body)
    if fault == "huge":
        await _post(ledger, task, "huge", address, _body(task.id, "completed") + b" " * 70_000)
    for _ in range(REPEATS if fault == "repeated" else 0):
        if task.done(time.monotonic()):
            break
        await _post(ledger, task, NORMAL, address, _body(task.id, "IN_PROGRESS"))
        await asyncio.sleep(BETWEEN_REPEATS_S)
    while not task.done(time.monotonic()):
        if task.never:
            return
        await asyncio.sleep(max(0.005, task.ready - time.monotonic()))
    await asyncio.sleep(LATE_S if fault == "late" else rng.uniform(0.0, 0.05))
    count = {"twice": 2, "storm": STORM}.get(fault, 1)
    for _ in range(count):
        await _post(ledger, task, NORMAL, address, _body(task.id, "completed"))


def _body(task_id: str, word: str) -> bytes:
    return json.dumps({"code": 200, "data": {"task_id": task_id, "status": word}}).encode()


async def _post(ledger: Ledger, task: Task, kind: str, address: str, body: bytes) -> None:
    """POST and note how it was answered; 0 is not at all."""
    status = 0
    url = urlsplit(address)
    with suppress(OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            try:
                head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
                writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
                with suppress(ConnectionError):  # who refuses a large body need not read it
                    writer.write(body)
                    await writer.drain()
                status = int((await reader.readline()).split()[1])
            finally:
                writer.close()
    ledger.record(task.label).callbacks.append((kind, status))
    ledger.note(task.label, f"callback ({kind}) answered {status}")
