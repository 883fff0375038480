"""One process of the playground without its pages: ``python -m tests.chaos.worker``. Its parent kills it.

It asks for its share of the jobs, never twice for the same one (the visitor's name is the job's mark, so a restarted
worker finds what it has asked for), and ends when all of its share is settled. It says what it does on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx2
from sqlalchemy import text

from components.api import ApiClient
from components.api.connections import Pools
from components.catalog.requests import build_request
from components.errors import DatabaseUnavailable
from components.jobs.job import Job, JobOptions, JobState
from components.jobs.service import JobService
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from tests.chaos.accounts import CATALOG, account

AT_ONCE = 25


def shift_clock(after: float, seconds: float) -> None:
    """Shift this process's time of day after a while. The monotonic clock is not changed."""
    real, started = time.time, time.monotonic()
    time.time = lambda: real() + (seconds if time.monotonic() - started > after else 0.0)


async def fill_disk(after: float, seconds: float) -> None:
    """For a while no file of this process may grow: every write fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    await asyncio.sleep(after)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    print("full", flush=True)
    await asyncio.sleep(seconds)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    print("room", flush=True)


async def retry_while_unavailable(ask: Callable[[], Awaitable[Job]]) -> Job:
    """Repeat a call while the database is unavailable."""
    while True:
        try:
            return await ask()
        except DatabaseUnavailable:
            await asyncio.sleep(0.3)


async def work(arguments: argparse.Namespace) -> None:
    """Everything of a process, from opening the database to the end of its share."""
    database = await asyncio.to_thread(open_database, arguments.database)
    payer = account(arguments.upstream)
    async with httpx2.AsyncClient(trust_env=False, transport=Pools()) as http, open_fetch_client() as keyless:
        pictures = PictureLibrary(FolderStorage(Path(arguments.folder)), keyless)
        store = Store(database)
        job_service = JobService(
            CATALOG,
            store,
            ApiClient(http),
            pictures,
            JobOptions(deadline_s=arguments.deadline),
            find_account=lambda _: payer,
        )
        print(f"owner {store.owner}", flush=True)
        await job_service.begin()
        filling = asyncio.create_task(fill_disk(*arguments.full)) if arguments.full else None

        def known() -> dict[str, str]:
            with database.engine.connect() as connection:
                return {row.visitor: row.id for row in connection.execute(text("SELECT visitor, id FROM jobs"))}

        ids = await asyncio.to_thread(known)
        slots = asyncio.Semaphore(arguments.at_once)

        async def run_job(label: str) -> None:
            async with slots:
                if label not in ids:
                    request = build_request(CATALOG, "cogview-4", {"prompt": f"A red kite #job={label}"})
                    ids[label] = (await retry_while_unavailable(lambda: job_service.submit(request, payer, label))).id
                    print(f"added {label}", flush=True)
                job = await retry_while_unavailable(lambda: job_service.settled(ids[label], label))
                for _ in range(arguments.checks):
                    if job.state is not JobState.OVERDUE:
                        break
                    await asyncio.sleep(1)
                    await retry_while_unavailable(lambda: job_service.check_again(ids[label], payer, label))
                    job = await retry_while_unavailable(lambda: job_service.settled(ids[label], label))
                print(f"settled {label} {job.state}", flush=True)

        first, of = (int(number) for number in arguments.share.split("/"))
        share = asyncio.gather(*(run_job(f"{arguments.prefix}-{number:05d}") for number in range(first, arguments.jobs, of)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, share.cancel)
        print("begun", flush=True)
        with suppress(asyncio.CancelledError):  # asked to stop: what is unfinished is for the other processes
            await share
        if filling:
            await filling
        print("end", flush=True)
        await job_service.aclose()
        await store.aclose()
    database.close()


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--prefix", default="job")
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--deadline", type=float, default=60.0)
    parser.add_argument("--checks", type=int, default=5)
    parser.add_argument("--clock", type=float, nargs=2, metavar=("AFTER", "SECONDS"))
    parser.add_argument("--full", type=float, nargs=2, metavar=("AFTER", "SECONDS"))
    return parser.parse_args()


if __name__ == "__main__":
    arguments = read_arguments()
    if arguments.clock:
        shift_clock(*arguments.clock)
    asyncio.run(work(arguments))
