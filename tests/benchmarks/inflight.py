"""Hundreds of jobs at once: what they cost the product, beside a plain script that asks every half second.

Both run in processes of their own before the same service, and only their own processor time is counted. All
jobs are submitted within a few seconds; the service's run times are the same for everybody. The product keeps every
job in SQLite on disk, checks and stores the pictures, and every job has a visitor who watches it. It has learned
the model's run times from EARLIER jobs, as it has after its first hour.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from components.api import Account, ApiClient, open_client
from components.api.schedule import Learned
from components.catalog.loading import load_catalog
from components.catalog.requests import build_request
from components.jobs.callbacks import BEST_SCORE
from components.jobs.job import JobOptions
from components.jobs.service import JobService
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.jobs.store.learned import LearnedStore
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.web.callbacks import callback_routes
from tests.benchmarks import ROOT, mean, measured, own_cpu, share, table, target
from tests.benchmarks.plain_script import A_SECOND
from tests.benchmarks.upstream import Ledger, Plan, upstream

MEDIAN_S, SIGMA = 10.0, 0.4
MODEL = "flux-2"
EARLIER = 40
VISITORS = 40
PATIENCE_S = {200: 50.0, 1000: 50.0}
PROGRAMS = {
    "plain script, 0.5 s": ("tests.benchmarks.plain_script", ""),
    "product": ("tests.benchmarks.inflight", ""),
    "product, callbacks": ("tests.benchmarks.inflight", "callbacks"),
}
PROGRAMS_BY_COUNT = {200: list(PROGRAMS), 1000: list(PROGRAMS)[:2]}


def report() -> Iterator[str]:
    yield (
        f"## Jobs in flight: run times of median {MEDIAN_S:g} s and sigma {SIGMA:g}, pictures of 0.47 MB, loopback\n\n"
        "CPU is that of the client's process alone, by jobs that were done. Cores: CPU a job times jobs a second while\n"
        "that many are in flight. Added: from ready at the service until the file is saved, or the job's visitor is told.\n"
    )
    with upstream() as service:
        for count, names in PROGRAMS_BY_COUNT.items():
            rows, lines, script = [], [], float("nan")
            for name in names:
                module, how = PROGRAMS[name]
                service.prepare(count=count, median=MEDIAN_S, sigma=SIGMA)
                measurement = measured(
                    module, service.address, str(count), str(PATIENCE_S[count]), how, within_s=PATIENCE_S[count] + 30
                )
                if "broken" in measurement:
                    rows.append([name, measurement["broken"], *[""] * 6])
                    continue
                figures = _figures(measurement, service.ledger(), count)
                script = figures["cpu_ms"] if name == names[0] else script
                rows.append(_row(name, figures, script))
                lines += _targets(name, count, figures)
            head = ["", "CPU ms a job", "to the script", "cores", "connections: opened / at once", "added s: mean / p95 / max",
                    "polls a job", f"not done in {PATIENCE_S[count]:g} s"]  # fmt: skip
            yield f"### {count:,} jobs\n\n" + table(head, rows) + "\n" + "\n".join(lines) + "\n"


def _figures(measurement: dict[str, Any], ledger: Ledger, count: int) -> dict[str, float]:
    saved = {task: moment for task, moment in measurement["saved"].items() if task in ledger.tasks}
    added = [moment - ledger.tasks[task].ready for task, moment in saved.items()]
    whole = mean([moment - ledger.tasks[task].created for task, moment in saved.items()])
    cpu = measurement["cpu"] / len(saved) if saved else float("nan")
    return {
        "cpu_ms": cpu * 1000,
        "cores": cpu * count / whole,
        "opened": ledger.opened,
        "most": ledger.most,
        "mean": mean(added),
        "p95": share(added, 0.95),
        "max": max(added, default=float("nan")),
        "polls": ledger.polls,
        "lost": count - len(saved),
    }


def _row(name: str, figures: dict[str, float], script: float) -> list[str]:
    return [
        name,
        f"{figures['cpu_ms']:.1f}",
        f"{figures['cpu_ms'] / script:.2f} ×",
        f"{figures['cores']:.2f}",
        f"{figures['opened']:.0f} / {figures['most']:.0f}",
        f"{figures['mean']:.2f} / {figures['p95']:.2f} / {figures['max']:.2f}",
        f"{figures['polls']:.1f}",
        f"{figures['lost']:.0f}",
    ]


def _targets(name: str, count: int, figures: dict[str, float]) -> Iterator[str]:
    if "product" not in name:
        return
    if count == 200:
        yield target(f"{name}: cores at 200 in flight", figures["cores"], 0.5)
    else:
        yield target(f"{name}: added at 1,000 in flight, mean", figures["mean"], 2.5, " s")
        yield target(f"{name}: not done in time", figures["lost"], 0)
    yield target(f"{name}: connections opened per 200 jobs", figures["opened"] * 200 / count, 20)
    if "callbacks" in name:
        yield target(f"{name}: polls a job", figures["polls"], 1.2)


# -- the measured process ------------------------------------------------------------------------


@asynccontextmanager
async def _product(folder: Path, service_address: str, callbacks: str) -> AsyncIterator[JobService]:
    """What ``app.py`` puts together, without the page."""
    database = open_database(f"sqlite:///{folder}/playground.db")
    async with open_client() as service, open_fetch_client() as downloads:
        store = Store(database)
        pictures = PictureLibrary(FolderStorage(folder / "pictures"), downloads, starred=store.pictures.starred)
        latencies = Plan(EARLIER, MEDIAN_S, SIGMA).latencies()
        learned = LearnedStore(store.transactions)
        await learned.add_run_times(service_address, MODEL, latencies, Learned.expected(None))
        await learned.change_callback_score(callbacks, service_address, MODEL, lambda _: BEST_SCORE)
        job_service = JobService(
            load_catalog(ROOT / "catalog.yaml"), store, ApiClient(service), pictures, JobOptions(callback_base=callbacks)
        )
        await job_service.begin()
        try:
            yield job_service
        finally:
            await job_service.aclose()
            await store.aclose()
            database.close()


@asynccontextmanager
async def _route(listen: bool) -> AsyncIterator[tuple[FastAPI, str]]:
    """An application for the callback route, served from the measured process as in the product; "" without."""
    app = FastAPI(openapi_url=None)
    if not listen:
        yield app, ""
        return
    config = uvicorn.Config(app, port=0, log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has nothing to wait for
        await asyncio.sleep(0.01)
    yield app, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def _run(address: str, count: int, within_s: float, with_callbacks: bool) -> dict[str, object]:
    catalog = load_catalog(ROOT / "catalog.yaml")
    account = Account("host", address, catalog.endpoint.create, catalog.endpoint.status, "sk-benchmark-0123456789")
    with tempfile.TemporaryDirectory() as folder:
        async with _route(with_callbacks) as (app, callbacks), _product(Path(folder), address, callbacks) as job_service:
            app.include_router(callback_routes(job_service))

            async def run_job(number: int) -> tuple[str, float, str]:
                await asyncio.sleep(number / A_SECOND)
                visitor = f"visitor-{number % VISITORS:016d}"
                request = build_request(catalog, MODEL, {"prompt": f"A red kite, number {number}"})
                job = await job_service.submit(request, account, visitor)
                job = await job_service.settled(job.id, visitor)
                return str(job.task_id), time.time(), str(job.state)

            cpu, begun = own_cpu(), time.monotonic()
            tasks = [asyncio.create_task(run_job(number)) for number in range(count)]
            done, late = await asyncio.wait(tasks, timeout=within_s)
            used = {"cpu": own_cpu() - cpu, "wall": time.monotonic() - begun}
            for task in late:
                task.cancel()
            ended = [task.result() for task in done]
    saved = {task: moment for task, moment, state in ended if state == "done"}
    return used | {"saved": saved, "states": Counter(state for *_, state in ended)}


if __name__ == "__main__":
    ADDRESS, COUNT, WITHIN_S, HOW = sys.argv[1:5]
    print(json.dumps(asyncio.run(_run(ADDRESS, int(COUNT), float(WITHIN_S), HOW == "callbacks"))))
