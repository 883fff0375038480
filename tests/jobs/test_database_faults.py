"""A database that stalls, fills up or goes away while it is used: a clear error at most, and no row is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from components.errors import DatabaseUnavailable
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobState
from components.jobs.store.engine import Database, open_database
from components.jobs.store.jobs import Store
from tests.conftest import ROOT
from tests.jobs.conftest import NOON, add_jobs, lock_database, make_job, open_stores, raw_connection, set_fields
from tests.postgres import Postgres

GUARD_S = 20.0
STALL_S = 2.0
FILLS = """
import asyncio, resource, sys
from components.errors import DatabaseUnavailable
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from tests.jobs.conftest import make_job
async def fill():
    store = Store(open_database(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))  # no file grows any more, as on a full disk
    try:
        for _ in range(1000):
            print((await store.add(make_job(body={"prompt": "x" * 5000}))).id, flush=True)
    except DatabaseUnavailable as error:
        print(f"refused: {error}")
asyncio.run(fill())
"""
OPENS_FULL = """
import resource, sys
from components.jobs.store.engine import open_database
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    open_database(sys.argv[1])
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


async def run(script: str, url: str) -> list[str]:
    """What a process of its own prints; its complaints are lines of the same kind."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, url, cwd=ROOT, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(GUARD_S):
        return (await child.communicate())[0].decode().splitlines()


@asynccontextmanager
async def with_pragma(path: Path, pragma: str) -> AsyncIterator[tuple[Store, Database]]:
    """A SQLite store whose writing connection has this pragma."""
    database = open_database(f"sqlite:///{path}")
    store = Store(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {pragma}").close()
    try:
        yield store, database
    finally:
        await store.aclose()
        database.close()


async def test_a_lock_of_two_seconds_delays_writes_and_loses_none(database_url: str) -> None:
    """As during a backup. Reads continue, and the event loop is not blocked."""
    async with open_stores(database_url) as (store,):
        jobs = [make_job() for _ in range(10)]
        await add_jobs(store, *jobs)
        with lock_database(database_url):
            writes = [asyncio.create_task(store.claim(job.id, Caps(daily=1000), NOON)) for job in jobs[:3]]
            writes += [asyncio.create_task(store.add(make_job())) for _ in range(3)]
            done, _ = await asyncio.wait(writes, timeout=STALL_S)
            assert done == set()
            async with asyncio.timeout(GUARD_S):
                assert await store.get(jobs[0].id) == jobs[0]
        for written in await asyncio.gather(*writes):
            assert await store.get(written.id) == written


async def test_a_lock_that_lasts_is_an_error_and_the_next_write_is_none(tmp_path: Path) -> None:
    """Nothing of the refused write is there, and nothing is left locked."""
    path = tmp_path / "playground.db"
    async with with_pragma(path, "busy_timeout=300") as (store, _):
        job, another = make_job(), make_job()
        await add_jobs(store, job)
        with lock_database(f"sqlite:///{path}"):
            for write in (
                store.apply(job.id, set_fields(status_note="no")),
                store.claim(job.id, Caps(), NOON),
                store.add(another),
            ):
                with pytest.raises(DatabaseUnavailable):
                    await write

        assert await store.get(job.id) == job
        assert await store.get(another.id) is None
        assert (await store.claim(job.id, Caps(), NOON)).state is JobState.SUBMITTING


async def test_a_statement_does_not_wait_for_ever_for_a_locked_server(postgres: Postgres) -> None:
    """Four threads that hang would be all of this page's records."""
    with postgres.fresh() as url:
        database = open_database(url)
        with database.engine.connect() as connection:
            timeout = connection.exec_driver_sql("SHOW lock_timeout").scalar()
        database.close()
    assert timeout != "0"


async def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    """A request that is on its way is still known after a power cut; and a page reads while a job is written."""
    async with with_pragma(tmp_path / "playground.db", "user_version") as (_, database):
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


async def test_a_full_database_keeps_what_it_has(tmp_path: Path) -> None:
    """Adding fails with a clear error; jobs that are there can still be read, and written when there is room again."""
    async with with_pragma(tmp_path / "playground.db", "max_page_count=80") as (store, database):
        jobs: list[Job] = []

        async def fill() -> None:
            for _ in range(1000):
                jobs.append(await store.add(make_job(body={"prompt": "x" * 5000})))

        with pytest.raises(DatabaseUnavailable, match="records"):
            await fill()

        assert len(jobs) > 10
        assert [await store.get(job.id) for job in jobs] == jobs
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000").close()
        assert (await store.claim(jobs[0].id, Caps(), NOON)).state is JobState.SUBMITTING
        await add_jobs(store, make_job())


@pytest.mark.processes
async def test_every_confirmed_job_survives_a_full_disk(tmp_path: Path) -> None:
    """A file system that takes no more: the next process finds exactly what the one before had confirmed.

    Whoever runs the page finds the reason in the log, once, and not what was asked for.
    """
    url = f"sqlite:///{tmp_path / 'playground.db'}"

    *output, last = await run(FILLS, url)
    confirmed = [line for line in output if line.startswith("job-")]
    log = "\n".join(output[len(confirmed) :])

    assert last.startswith("refused: ")
    assert log.count("the database does not answer") == 1
    assert "sqlite3.OperationalError" in log
    assert "xxxx" not in log
    assert len(confirmed) > 5
    async with open_stores(url) as (store,):
        assert {job.id for job in await store.unfinished("ann", 1000)} == set(confirmed)
        await add_jobs(store, make_job(id="after"))
    with closing(sqlite3.connect(tmp_path / "playground.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.processes
async def test_a_disk_that_is_full_at_the_start_is_reported_in_one_sentence(tmp_path: Path) -> None:
    """And when there is room the same file can be used."""
    url = f"sqlite:///{tmp_path / 'playground.db'}"

    (output,) = await run(OPENS_FULL, url)

    assert output.startswith("SettingsError: ")
    assert str(tmp_path) in output
    open_database(url).close()


async def test_a_connection_that_the_server_ends_is_replaced(postgres: Postgres) -> None:
    """The app continues after a restart of the server."""
    with postgres.fresh() as url:
        async with open_stores(url) as (store,):
            jobs = [make_job() for _ in range(8)]
            await add_jobs(store, *jobs)
            await asyncio.gather(*(store.get(job.id) for job in jobs))
            with raw_connection(url) as server:
                other_connections = "datname = current_database() AND pid <> pg_backend_pid()"
                server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {other_connections}")

            assert await asyncio.gather(*(store.get(job.id) for job in jobs)) == jobs
            assert (await store.claim(jobs[0].id, Caps(), NOON)).state is JobState.SUBMITTING


async def test_an_unreachable_server_is_an_error_without_internals(postgres: Postgres) -> None:
    """Without its address, its password or a traceback."""
    with postgres.fresh() as url:
        database = open_database(url)
    store = Store(database)

    for ask in (
        store.get("x"),
        store.add(make_job()),
        store.claim("x", Caps(daily=1), NOON),
        store.leases.take_over(),
        store.leases.renew(),
    ):
        with pytest.raises(DatabaseUnavailable) as refused:
            await ask
        assert "127.0.0.1" not in refused.value.problem.what
        assert postgres.password not in str(refused.value.problem)

    await store.aclose()
    database.close()
