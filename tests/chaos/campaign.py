"""Many jobs at once through one job service, each with its fault, while a monitor checks the spending."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx2
import uvicorn
from fastapi import FastAPI

from components.api import Account, ApiClient
from components.catalog.requests import build_request
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobOptions, JobState, idempotency_key_of
from components.jobs.service import JobService
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.transport import CancelSafeTransport
from components.web.callbacks import callback_routes
from tests.chaos.accounts import CATALOG, account
from tests.chaos.behaviors import DEADLINE_S, READ_S, SLOWDOWN
from tests.chaos.monitor import EPSILON, Measurements, Monitor, open_sockets, own_tasks, unfinished
from tests.chaos.runs import Run
from tests.chaos.upstream import Upstream

HANG_S = DEADLINE_S + 5.0
REPAIR_S = 14.0 * SLOWDOWN  # a repair asks for ten seconds, then it gives up
CHECKS = 3
BETWEEN_CHECKS_S = 2.5


@dataclass
class Outcome:
    """The outcome of one run: the job at its end, its requests, and its longest wait."""

    run: Run
    job: Job | None = None
    first: Job | None = None  # as its visitor saw it settle, before anybody checked again
    settled: Job | None = None  # before the visitor decided what to do with the rest
    waits: list[float] = field(default_factory=list)
    checks: int = 0
    was_uncertain: bool = False
    repaired: bool = False  # by a callback alone, before anybody checked again
    hung: bool = False
    broke: str = ""
    history: list[str] = field(default_factory=list)

    @property
    def end(self) -> str:
        """``overdue`` or the state."""
        job = self.settled
        return "nothing" if job is None else str(job.state)

    @property
    def capped(self) -> bool:
        return bool(self.settled and self.settled.problem and self.settled.problem.code == "cap")


class Campaign:
    """One engine's campaign. ``go`` runs it; the upstream's ledger and the outcomes are what is judged."""

    def __init__(self, url: str, folder: Path, runs: list[Run], seed: int, at_once: int = 50) -> None:
        self.url = url
        self.folder = folder
        self.runs = runs
        self.at_once = at_once
        self.rng = Random(f"visitors/{seed}")
        self.upstream = Upstream(seed)
        self.outcomes = [Outcome(run) for run in runs]
        spending_by_visitor: dict[str, float] = {}
        for run in runs:
            spending_by_visitor[run.visitor] = spending_by_visitor.get(run.visitor, 0.0) + run.price
        largest = max(spending_by_visitor.values()) if spending_by_visitor else 0.0
        self.caps = Caps(daily=sum(spending_by_visitor.values()) * 0.97, visitor=largest - 3)
        self.measured = Measurements()
        self._monitor = Monitor(self.measured, self.upstream.ledger, self.caps, runs, self.rng)

    async def go(self) -> None:
        """All runs, then the end of everything, and what is left open after it."""
        started = time.monotonic()
        async with self.upstream:
            database = await asyncio.to_thread(open_database, self.url)
            try:
                async with _client() as http, _client() as downloads:
                    await self._with(Store(database), http, downloads)
                    self.measured.wrong += [
                        *unfinished("the service's client", http),
                        *unfinished("the pictures' client", downloads),
                    ]
            finally:
                database.close()
        await asyncio.sleep(0.5)  # what was closed a moment ago
        if left := open_sockets(urlsplit(self.upstream.address).port or 0):
            self.measured.wrong.append(f"sockets to the service are open after the end: {[*left.values()]}")
        self.measured.seconds = time.monotonic() - started

    async def _with(self, store: Store, http: httpx2.AsyncClient, downloads: httpx2.AsyncClient) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            public = f"http://127.0.0.1:{listener.getsockname()[1]}"
            job_service = JobService(
                CATALOG, store, ApiClient(http), PictureLibrary(FolderStorage(self.folder / "kept"), downloads), JobOptions(self.caps, DEADLINE_S, callback_base=public),
                find_account=lambda job: account(job.base_url),
            )  # fmt: skip
            async with _served(job_service, listener):
                await job_service.begin()
                monitor = asyncio.create_task(self._monitor.watch(store))
                slots = asyncio.Semaphore(self.at_once)
                try:
                    await asyncio.gather(*(self._one(job_service, outcome, slots) for outcome in self.outcomes))
                finally:
                    monitor.cancel()
                    with suppress(asyncio.CancelledError):
                        await monitor
                await self.upstream.callbacks_sent()
                spend = await store.spending.total("host", 0.0)
                if abs(spend.reserved) > EPSILON:
                    self.measured.wrong.append(f"{spend.reserved:g} credits are still reserved at the end")
                await job_service.aclose()
                if left := own_tasks():
                    self.measured.wrong.append(f"{len(left)} tasks are left after aclose: {left[:3]}")
        await store.aclose()

    # -- one run -----------------------------------------------------------------------------------

    async def _one(self, job_service: JobService, outcome: Outcome, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                await self._run_job(job_service, outcome)
            except Exception as error:  # noqa: BLE001  a campaign goes on, and its table says what broke
                outcome.broke = f"{type(error).__name__}: {error}"
            finally:
                self.upstream.leave(outcome.run.label)

    async def _run_job(self, job_service: JobService, outcome: Outcome) -> None:
        """Act as a visitor: submit, wait, check again when the faults are over, and decide about uncertain jobs."""
        run = outcome.run
        self.upstream.plan(run.label, "+".join(fault.name for fault in run.faults))
        base = await self.upstream.listener(run.label) if run.own_port else self.upstream.address
        payer = account(f"{base}/scope-{run.scope}" if run.scope else base)
        request = build_request(CATALOG, run.model, {"prompt": run.prompt})
        key = idempotency_key_of(request, payer, run.visitor) if run.has("visitor.double-click") else None
        job = await job_service.submit(request, payer, run.visitor, idempotency_key=key)
        await self._act_as_visitor(job_service, outcome, job, payer)
        job = outcome.first = await self._settled(job_service, outcome, job)
        if job.state is JobState.UNCERTAIN:
            outcome.was_uncertain = True
            job = await self._repaired(job_service, outcome, job)
            outcome.repaired = job.state is not JobState.UNCERTAIN
        await self.upstream.end_faults(run.label)
        while _checkable(job) and outcome.checks < (1 if any(fault.endless for fault in run.faults) else CHECKS):
            if outcome.checks:  # as a visitor would; a model that asked to wait is left alone for some seconds
                await asyncio.sleep(BETWEEN_CHECKS_S)
            outcome.checks += 1
            job = await job_service.check_again(job.id, payer, run.visitor)
            unsure = job.state is JobState.UNCERTAIN
            job = await (self._repaired if unsure else self._settled)(job_service, outcome, job)
        outcome.settled = job
        if job.state is JobState.UNCERTAIN:
            job = await job_service.abandon(job.id, run.visitor)
        elif job.state is JobState.OVERDUE:
            job = await job_service.stop(job.id, run.visitor)
        outcome.job = job

    async def _act_as_visitor(self, job_service: JobService, outcome: Outcome, job: Job, payer: Account) -> None:
        run = outcome.run
        if run.has("visitor.double-click"):
            request = build_request(CATALOG, run.model, {"prompt": run.prompt})
            key = idempotency_key_of(request, payer, run.visitor)
            clicks = (job_service.submit(request, payer, run.visitor, idempotency_key=key) for _ in range(3))
            twins = await asyncio.gather(*clicks)
            if {twin.id for twin in twins} != {job.id}:
                outcome.broke = "a double click made a second job"
        if run.has("visitor.leaves"):
            page = asyncio.create_task(job_service.settled(job.id, run.visitor))
            async with aclosing(job_service.watch(job.id, run.visitor)) as watching:
                await anext(watching)
            await asyncio.sleep(self.rng.uniform(0, 0.3))
            page.cancel()
            await asyncio.wait([page])
        if run.has("visitor.stops"):
            await asyncio.sleep(self.rng.uniform(0, 0.5))
        if run.has("visitor.stops") or run.has("visitor.stops-at-once"):
            stopped = await job_service.stop(job.id, run.visitor)
            outcome.history.append(f"stopped by its visitor: {stopped.state}")

    async def _settled(self, job_service: JobService, outcome: Outcome, job: Job) -> Job:
        started = time.monotonic()
        try:
            async with asyncio.timeout(HANG_S):
                job = await job_service.settled(job.id, job.visitor)
        except TimeoutError:
            outcome.hung = True
            job = await job_service.find(job.id, job.visitor)
            with suppress(TimeoutError):  # so that one hang is not also counted as credits that stay reserved
                async with asyncio.timeout(130):
                    job = await job_service.settled(job.id, job.visitor)
        outcome.waits.append(time.monotonic() - started)
        problem = f", {job.problem.code}: {job.problem.what}" if job.problem else ""
        state = "overdue" if job.state is JobState.OVERDUE else job.state
        outcome.history.append(f"{state} after {outcome.waits[-1]:.2f} s, {job.polls} polls{problem}")
        return job

    async def _repaired(self, job_service: JobService, outcome: Outcome, job: Job) -> Job:
        """Give a callback the time to come and to be confirmed."""
        run = outcome.run
        if not (run.called_back and self.upstream.ledger.tasks_of(run.label)):
            return job
        deadline = time.monotonic() + REPAIR_S
        while job.state is JobState.UNCERTAIN and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            job = await job_service.find(job.id, job.visitor)
        return job if job.state is JobState.UNCERTAIN else await self._settled(job_service, outcome, job)


def _client() -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=40)
    timeout = httpx2.Timeout(READ_S, connect=SLOWDOWN, pool=5.0 * SLOWDOWN)
    return httpx2.AsyncClient(transport=CancelSafeTransport(limits=limits), timeout=timeout, trust_env=False)


def _checkable(job: Job) -> bool:
    ended = job.state in (JobState.STOPPED, JobState.FAILED) and job.task_id is not None
    return job.state is JobState.OVERDUE or job.repairable or ended


@asynccontextmanager
async def _served(job_service: JobService, listener: socket.socket) -> AsyncIterator[None]:
    """The callback's route on this loop, as the application serves it."""
    app = FastAPI()
    app.include_router(callback_routes(job_service))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server._serve([listener]))  # without the handling of signals, which is the process's
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving
