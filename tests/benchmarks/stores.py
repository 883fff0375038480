"""Jobs a second through the store alone: added, claimed, running, done; in SQLite and PostgreSQL.

These are a worker's calls in their order, without HTTP, pictures and waiting. Processor time is that of
the processes that call; a PostgreSQL server has its own besides.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from components.api.replies import Phase, Reply
from components.jobs import transitions
from components.jobs.budgets import Caps
from components.jobs.job import Job
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Ownership, Store
from components.pictures.stored import StoredPicture
from tests.benchmarks import measured, own_cpu, share, table
from tests.postgres import PostgresUnavailable, running_postgres

PER_PROCESS = {1: 100, 50: 300}  # jobs of a process that takes one, or fifty, at once
PICTURE = StoredPicture("a" * 64 + ".png", 1024, 1024, "png", 1_700_000, "https://example.test/a.png")


def report() -> Iterator[str]:
    yield (
        "## Stores: jobs a second through add, claim, running and done\n\n"
        "SQLite writes each commit to the disk; the PostgreSQL of the tests runs without fsync, on the same machine.\n"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for at_once in PER_PROCESS:
            rows.append(_row("SQLite", f"sqlite:///{folder}/{at_once}.db", 1, at_once))
    try:
        with running_postgres() as server:
            for processes, at_once in ((1, 1), (1, 50), (4, 50)):
                with server.fresh() as url:
                    open_database(url).close()
                    rows.append(_row("PostgreSQL", url, processes, at_once))
    except PostgresUnavailable as error:
        rows.append(["PostgreSQL", str(error).splitlines()[0], "", "", "", "", ""])
    yield table(["store", "processes", "at once, each", "jobs a second", "CPU ms a job", "ms a job: p50 / p95", "to SQLite, 50"],
                _compared(rows))  # fmt: skip


def _row(name: str, url: str, processes: int, at_once: int) -> list[Any]:
    count = PER_PROCESS[at_once]
    with ThreadPoolExecutor(processes) as pool:
        reports = list(
            pool.map(lambda _: measured("tests.benchmarks.stores", url, str(count), str(at_once)), range(processes))
        )
    if broken := next((one["broken"] for one in reports if "broken" in one), None):
        return [name, broken, at_once, float("nan"), "", "", ""]
    rate = processes * count / (max(one["ended"] for one in reports) - min(one["begun"] for one in reports))
    times = [seconds * 1000 for one in reports for seconds in one["times"]]
    cpu = sum(one["cpu"] for one in reports) / (processes * count) * 1000
    return [name, processes, at_once, rate, f"{cpu:.2f}", f"{share(times, 0.5):.1f} / {share(times, 0.95):.1f}", ""]


def _compared(rows: list[list[Any]]) -> Iterator[list[Any]]:
    base = next((row[3] for row in rows if row[0] == "SQLite" and row[2] == 50), float("nan"))
    for row in rows:
        rate = row[3]
        yield row if isinstance(rate, str) else [*row[:3], f"{rate:.0f}", *row[4:6], f"{rate / base:.2f} ×"]


# -- the measured process ------------------------------------------------------------------------


async def _run_job(store: Store, number: int) -> float:
    """One job from queued to done. Returns its seconds."""
    begun, now = time.monotonic(), time.time()
    body = {"model": "flux-2-pro", "prompt": f"A red kite over dunes, number {number}", "resolution": "1K"}
    job = Job(secrets.token_urlsafe(16), f"visitor-{number % 40:016d}", "flux-2", body, "1:1", 1, "host",
              "https://example.test", 5.0, 0.05, now, (3.0, 8.0))  # fmt: skip
    await store.add(job)
    await store.claim(job.id, Caps(), now, secrets.token_hex(16))
    reply = Reply(Phase.RUNNING, f"task{number}", charged=5.0)
    await store.apply(job.id, partial(transitions.accepted, reply=reply, now=now), Ownership.TAKE_OVER)
    await store.apply(job.id, partial(transitions.saving, urls=[PICTURE.source], charged=5.0, now=now), Ownership.REQUIRED)
    await store.apply(job.id, partial(transitions.picture_stored, position=0, picture=PICTURE, now=now + 6))
    return time.monotonic() - begun


async def _run(url: str, count: int, at_once: int) -> dict[str, object]:
    database = open_database(url)
    store = Store(database)
    for number in range(10):
        await _run_job(store, -number)
    numbers, times = iter(range(count)), []

    async def worker() -> None:
        for number in numbers:
            times.append(await _run_job(store, number))

    cpu, begun = own_cpu(), time.time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    reports: dict[str, object] = {"cpu": own_cpu() - cpu, "begun": begun, "ended": time.time(), "times": times}
    await store.aclose()
    database.close()
    return reports


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
