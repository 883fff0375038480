"""Evaluations over several processes: killed and resumed, shared with workers that have no page, within a budget."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from components.api import Account
from components.catalog.models import Catalog
from components.evaluation.evaluation import CellState, Evaluation, EvaluationState
from components.evaluation.service import EvaluationService
from components.jobs.job import JobState
from tests.conftest import ROOT, serve
from tests.evaluation.test_service import draft, ended, until
from tests.jobs.processes import account, process
from tests.postgres import Postgres


class Service:
    """A service that finishes each task at once, with a ledger of what it has accepted. Beyond ``most`` it asks to wait."""

    def __init__(self, catalog: Catalog, most: int = 10**9) -> None:
        file = io.BytesIO()
        Image.new("RGB", (64, 64), "#225577").save(file, "PNG")
        picture = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        self.most, self.accepted, self.tasks = most, Counter[str](), set[str]()

        async def create(request: Request) -> JSONResponse:
            body = await request.json()
            if len(self.tasks) >= self.most:
                return JSONResponse({"error": {"message": "busy"}}, 429, {"Retry-After": "10"})
            task_id = f"n1{secrets.token_hex(8)}"
            self.accepted[json.dumps(body, sort_keys=True)] += 1
            self.tasks.add(task_id)
            return JSONResponse({"code": 200, "data": {"task_id": task_id}})

        async def status(request: Request) -> JSONResponse:
            known = request.path_params["task_id"] in self.tasks
            result = {"status": "completed", "output": [picture]} if known else {"status": "failed"}
            return JSONResponse({"code": 200, "data": {"task_id": request.path_params["task_id"], **result}})

        end = catalog.endpoint
        self.app = Starlette(routes=[Route(end.create, create, methods=["POST"]), Route(end.status, status)])


@pytest.fixture
def service(catalog: Catalog) -> Iterator[tuple[Service, str]]:
    service = Service(catalog)
    with serve(service.app) as address:
        yield service, address


async def states(evaluations: EvaluationService, evaluation: Evaluation) -> set[JobState]:
    """The states of all jobs there are."""
    return {job.state for _, job in await evaluations.cell_jobs(evaluation, list(range(evaluation.size))) if job}


async def test_a_killed_evaluation_continues_and_sends_only_what_was_not_accepted(
    catalog: Catalog, tmp_path: Path, service: tuple[Service, str]
) -> None:
    ledger, address = service
    ledger.most = 17
    url, payer = f"sqlite:///{tmp_path / 'playground.db'}", account(catalog, address)
    async with process(catalog, url, tmp_path, killed=True, find_account=lambda _: payer) as jobs:
        evaluations = EvaluationService(catalog, jobs, {"host": payer}.get, beat_s=0.05)
        work = asyncio.create_task(evaluations.run())
        evaluation = await evaluations.start(draft(5, 4, 2), payer, "ann")
        await until(evaluations, evaluation, lambda progress: progress.count(CellState.DONE) == 17)
        async with asyncio.timeout(20):  # a request whose answer is lost would be uncertain, and never sent again
            while JobState.SUBMITTING in await states(evaluations, evaluation):  # noqa: ASYNC110  # other tasks work
                await asyncio.sleep(0.05)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    before, ledger.most = len(ledger.tasks), 10**9
    async with process(catalog, url, tmp_path, find_account=lambda _: payer) as jobs:
        evaluations = EvaluationService(catalog, jobs, {"host": payer}.get, beat_s=0.05)
        work = asyncio.create_task(evaluations.run())
        progress = await until(evaluations, evaluation, ended)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    assert before == 17
    assert (len(ledger.tasks), progress.cells) == (40, "d" * 40)


def worker(url: str, folder: Path, address: str) -> subprocess.Popen[str]:
    """``python -m components.jobs work`` with the host's key."""
    settings = {
        "PLAYGROUND_DATABASE_URL": url, "PLAYGROUND_DATA": str(folder), "API_IN_ONE_BASE_URL": address,
        "API_IN_ONE_KEY": "sk-host-of-these-tests",
    }  # fmt: skip
    command = [sys.executable, "-m", "components.jobs", "work"]
    pipe = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=pipe, stderr=pipe, text=True)


async def test_workers_without_a_page_finish_an_evaluation_though_one_is_killed_and_the_budget_is_not_passed(
    catalog: Catalog, tmp_path: Path, service: tuple[Service, str], postgres: Postgres
) -> None:
    ledger, address = service
    payer: Account = account(catalog, address)
    with postgres.fresh() as url:
        async with process(catalog, url, tmp_path, find_account=lambda _: payer) as jobs:
            evaluations = EvaluationService(catalog, jobs, {"host": payer}.get)
            row = evaluations.plan(draft(15, 4, per_model=2)).cost.credits / 15
            evaluation = await evaluations.start(draft(15, 4, per_model=2, budget=10.5 * row), payer, "ann")
            workers = [worker(url, tmp_path, address) for _ in range(2)]  # this process itself sends nothing
            try:
                await until(evaluations, evaluation, lambda progress: progress.count(CellState.DONE) > 10)
                workers[0].send_signal(signal.SIGKILL)
                progress = await until(evaluations, evaluation, ended)
            finally:
                for one in workers:
                    one.kill()
                    one.wait()

    unsure = progress.count(CellState.UNDECIDED)  # sent by the killed one, which could not record the answer
    assert progress.state is EvaluationState.PAUSED
    assert progress.count(CellState.DONE) + unsure == 40
    assert unsure <= 8
    assert max(ledger.accepted.values()) == 1
    assert len(ledger.tasks) <= 40
    assert progress.used <= progress.budget
