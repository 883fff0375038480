"""Job services for tests: closed in order, dropped as by a kill, or in a child process that a test can ``kill -9``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Connection, select

from components.api import Account, ApiClient
from components.api.connections import Pools
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job, JobOptions, Timings
from components.jobs.recovery import FindAccount
from components.jobs.service import JobService
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.jobs.store.schema import history, jobs, to_jobs
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from tests.conftest import ROOT
from tests.jobs.conftest import FAST, raw_connection
from tests.jobs.scripted_upstream import KEY, TIMEOUT_S, settled

BACKGROUND_TASKS = ("ActiveJobs._guarded", "Recovery.beat")
PLAIN, WITH_CALLBACK = "cogview-4", "flux-2"


def account(catalog: Catalog, address: str, payer: str = "host", key: str = KEY, pace: float = 1000) -> Account:
    """An account at this address. With a large pace tasks are expected within milliseconds, with a small one polls are rare."""
    return Account(payer, address, catalog.endpoint.create, catalog.endpoint.status, key, pace=pace)


@asynccontextmanager
async def process(
    catalog: Catalog,
    url: str,
    folder: Path,
    *,
    killed: bool = False,
    started: bool = True,
    find_account: FindAccount = lambda _: None,
    deadline_s: float = 30,
    timings: Timings = FAST,
    lock_wait_s: float = 10,
    **options: Any,
) -> AsyncIterator[JobService]:
    """A job service with its own database connection; ``killed``: at the end nothing is written or released."""
    database = open_database(url, lock_wait_s)
    store = Store(database, timings=timings)
    try:
        async with httpx2.AsyncClient(trust_env=False, transport=Pools()) as http, open_fetch_client() as keyless:
            pictures = PictureLibrary(FolderStorage(folder / "kept"), keyless)
            job_service = JobService(
                catalog,
                store,
                ApiClient(http),
                pictures,
                JobOptions(deadline_s=deadline_s, timings=timings, **options),
                find_account,
            )
            try:
                if started:
                    await job_service.begin()
                yield job_service
            finally:
                await (cancel_all_tasks() if killed else job_service.aclose())
    finally:
        await store.aclose()
        database.close()


async def cancel_all_tasks() -> None:
    """Cancel the background tasks of all job services in this loop, so that they write nothing more, as after a kill -9."""
    own = [task for task in asyncio.all_tasks() if any(name in repr(task.get_coro()) for name in BACKGROUND_TASKS)]
    for task in own:
        task.cancel()
    await asyncio.gather(*own, return_exceptions=True)


async def submit(
    job_service: JobService,
    catalog: Catalog,
    payer: Account,
    prompt: str = "A red kite",
    model: str = PLAIN,
    visitor: str = "ann",
) -> Job:
    return await job_service.submit(build_request(catalog, model, {"prompt": prompt}), payer, visitor)


def expire_leases(url: str) -> None:
    """Set every lease to the past, as if all processes had died a while ago."""
    with raw_connection(url) as connection:
        connection.execute("UPDATE jobs SET lease = 1 WHERE lease IS NOT NULL")


def read_lease(url: str, job: Job) -> tuple[str | None, float | None]:
    with raw_connection(url) as connection:
        row = connection.execute(f"SELECT owner, lease FROM jobs WHERE id = '{job.id}'").fetchone()
    return row[0], row[1]


async def wait_for_job(job_service: JobService, job: Job, **wanted: Any) -> Job:
    """Wait until the job's row has these values."""
    async with asyncio.timeout(2 * TIMEOUT_S):
        while True:
            now = await job_service.store.get(job.id)
            if now and all(getattr(now, name) == value for name, value in wanted.items()):
                return now
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Record:
    """All rows of a job, removed or not."""

    job: Job
    starred: bool
    note: str
    removed: bool


async def record(job_service: JobService, job_id: str) -> Record:
    def reading(connection: Connection) -> Record:
        (job,) = to_jobs(connection, connection.execute(select(jobs).where(jobs.c.id == job_id)))
        row = connection.execute(select(history).where(history.c.job_id == job_id)).one()
        return Record(job, row.starred, row.note, row.removed)

    return await job_service.store.transactions.read(reading)


def count(job_service: JobService, name: str, **labels: str) -> float:
    """The value of a metric."""
    return job_service.metrics.registry.get_sample_value(f"playground_{name}", labels) or 0.0


@asynccontextmanager
async def another_process(url: str, folder: Path, address: str, payer: str = "host") -> AsyncIterator[tuple[str, int]]:
    """A child process that has submitted one job; yields the ids of job and process. It is killed at the end."""
    command = [sys.executable, "-m", "tests.jobs.processes", url, str(folder), address, payer]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    try:
        async with asyncio.timeout(60):
            started = json.loads(await child.stdout.readline())
        yield started["job"], child.pid
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.wait()


async def _alone(url: str, folder: str, address: str, payer: str) -> None:
    catalog = load_catalog(ROOT / "catalog.yaml")
    own = account(catalog, address, payer)
    async with process(catalog, url, Path(folder), find_account=lambda _: own) as job_service:
        job = await submit(job_service, catalog, own)
        print(json.dumps({"job": job.id, "pid": os.getpid()}), flush=True)
        await settled(job_service, job)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_alone(*sys.argv[1:]))
