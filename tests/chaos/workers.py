"""Child processes for kill tests: the upstream, and workers that are killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.ledger import Ledger, read

ROOT = Path(__file__).parents[2]
START_S = 30.0


@dataclass
class Worker:
    """A child process; ``lines`` is its output so far."""

    process: asyncio.subprocess.Process
    reading: asyncio.Task[None]
    lines: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return self.process.returncode is not None

    @property
    def owner(self) -> str:
        """Its name in the leases, or "" before it has printed it."""
        return next((line.split()[1] for line in self.lines if line.startswith("owner ")), "")

    @property
    def added(self) -> set[str]:
        return {line.split()[1] for line in self.lines if line.startswith("added ")}

    async def kill(self) -> None:
        """End it with kill -9."""
        self.signal(signal.SIGKILL)
        await self.process.wait()
        await self.reading

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def end(self, within: float) -> int | None:
        """Its exit code, or None if it had to be killed for taking too long."""
        try:
            async with asyncio.timeout(within):
                await self.process.wait()
        except TimeoutError:
            await self.kill()
            return None
        await self.reading
        return self.process.returncode


async def start(*arguments: str) -> Worker:
    """A process of this Python with a module's arguments, in the root of the project."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("API_IN_ONE_", "PLAYGROUND_"))},
        limit=1 << 22,
    )  # fmt: skip
    assert process.stdout
    stream = process.stdout

    async def listen() -> None:
        async for line in stream:
            worker.lines.append(line.decode(errors="replace").rstrip())
            if worker.lines[-1] == "begun" or worker.lines[-1].startswith("http://"):
                worker.started.set()
        worker.started.set()

    worker = Worker(process, asyncio.create_task(asyncio.sleep(0)))
    await worker.reading
    worker.reading = asyncio.create_task(listen())
    return worker


@asynccontextmanager
async def upstream(seed: int, answer_delay_s: float) -> AsyncIterator[str]:
    """The address of an upstream in a process of its own."""
    process = await start("tests.chaos.upstream", "--seed", str(seed), "--think", f"{answer_delay_s:g}")
    try:
        async with asyncio.timeout(START_S):
            await process.started.wait()
        yield process.lines[-1]
    finally:
        await process.kill()


async def fetch_ledger(address: str) -> Ledger:
    return read(json.loads(await asyncio.to_thread(_get, f"{address}/ledger")))


async def open_posts(address: str) -> int:
    """POSTs that are being answered right now."""
    return int(await asyncio.to_thread(_get, f"{address}/ledger/open"))


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


class Table:
    """The rows of the database, read without any code of the product."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, what: str, where: str = "1 = 1") -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._rows, f"SELECT {what} FROM jobs WHERE {where}")

    async def pictures(self) -> dict[str, list[str]]:
        """The names of each job's pictures, in their order."""
        names: dict[str, list[str]] = {}
        for row in await asyncio.to_thread(self._rows, "SELECT job_id, name FROM job_pictures ORDER BY job_id, position"):
            names.setdefault(row["job_id"], []).append(row["name"])
        return names

    async def submitting(self, worker: Worker) -> set[str]:
        """Ids of this process's jobs whose POST may be in flight; none before the table exists."""
        with suppress(sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return {row["id"] for row in await self.rows("id", f"state = 'submitting' AND owner = '{worker.owner}'")}
        return set()

    def _rows(self, query: str) -> list[dict[str, Any]]:
        if self._url.startswith("sqlite"):
            with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30)) as lite:
                lite.row_factory = sqlite3.Row
                return [dict(row) for row in lite.execute(query)]
        with psycopg.connect(self._url) as connection:
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            return list(cursor.execute(query))

    async def lock(self, seconds: float) -> None:
        """Lock the jobs table from another connection."""
        await asyncio.to_thread(self._lock, seconds)

    def _lock(self, seconds: float) -> None:
        import time

        if self._url.startswith("sqlite"):
            with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)) as lite:
                lite.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                lite.execute("ROLLBACK")
            return
        with psycopg.connect(self._url) as connection:
            connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            time.sleep(seconds)
            connection.rollback()
