"""Databases and jobs for the tests: those of the store run on SQLite and on PostgreSQL, all others on SQLite alone."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.errors import CapReached
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobState, Timings
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.jobs.transitions import Transition
from tests.conftest import sqlite_without_rows

FAST = Timings(
    lease=2.0, heartbeat=0.25, first_retry=0.05, slowest_retry=0.2, closing=3.0, rate_limit=0.3, shortest_pause=0.2,
    between_callback_polls=0.2, first_fetch_retry=0.03,
)  # fmt: skip
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
NUMBERS = itertools.count()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a SQLite database; only the store is tested on PostgreSQL as well."""
    return sqlite_without_rows(tmp_path / "playground.db")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """The store of the only process that uses this database."""
    async with open_stores(database_url) as stores:
        yield stores[0]


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[list[Store]]:
    """The stores of four processes; on SQLite, which is for one process, four stores of that one."""
    async with open_stores(database_url, 4) as stores:
        yield stores


@asynccontextmanager
async def open_stores(url: str, count: int = 1) -> AsyncIterator[list[Store]]:
    """Stores on one database, each with its own connection where the database allows several processes."""
    first = open_database(url)
    databases = [first, *(open_database(url) if first.shared else first for _ in range(count - 1))]
    stores = [Store(database) for database in databases]
    try:
        yield stores
    finally:
        for store in stores:
            await store.aclose()
        for database in dict.fromkeys(databases):
            database.close()


def make_job(**changes: Any) -> Job:
    """A queued job of the host's key that costs 10 credits, made at noon; in another state it was sent at noon."""
    job = Job(f"job-{next(NUMBERS)}", "ann", "cogview-4", {}, "1:1", 1, "host", "http://x", 10.0, 0.1, NOON)
    sent = {} if changes.get("state", JobState.QUEUED) is JobState.QUEUED else {"sent_at": NOON}
    return dataclasses.replace(job, **sent | changes)


def set_fields(**changes: Any) -> Transition:
    """A transition that sets these fields, whatever the state."""
    return lambda job: dataclasses.replace(job, **changes)


async def add_jobs(store: Store, *jobs: Job) -> None:
    for job in jobs:
        assert await store.add(job) == job


async def claim_all(stores: list[Store], jobs: list[Job], caps: Caps, now: float) -> list[Job]:
    """Claim these jobs at once, spread over the stores; returns those that were claimed."""

    async def claim(at: int, job: Job) -> Job | None:
        try:
            return await stores[at % len(stores)].claim(job.id, caps, now)
        except CapReached:
            return None

    return [job for job in await asyncio.gather(*(claim(at, job) for at, job in enumerate(jobs))) if job]


@contextmanager
def raw_connection(url: str) -> Iterator[Any]:
    """A database connection without our own code: its ``execute`` runs and commits one statement."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            yield connection
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


@contextmanager
def lock_database(url: str) -> Iterator[None]:
    """Lock the jobs table against all other writers."""
    with raw_connection(url) as connection:
        connection.execute("BEGIN IMMEDIATE" if url.startswith("sqlite") else "BEGIN")
        if not url.startswith("sqlite"):
            connection.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
