"""Evaluations as they run: every cell one job, nothing twice, and a budget that holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from components.api import Account, ApiClient
from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.errors import NotFound
from components.evaluation.evaluation import CellState, Draft, Evaluation, EvaluationState, Progress
from components.evaluation.prompts import Prompt
from components.evaluation.service import EvaluationService
from components.jobs.job import JobOptions
from components.jobs.service import JobService
from components.jobs.store.history import JobFilter
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from tests.conftest import open_store

MODELS = ("cogview-4", "flux-2", "ideogram-v4", "imagen-4")


def draft(prompts: int = 2, models: int = 2, repeats: int = 1, **settings: object) -> Draft:
    names = tuple(Choice(name) for name in MODELS[:models])
    return Draft(tuple(Prompt(f"A kite over hill {number}") for number in range(prompts)), names, {}, repeats, **settings)  # type: ignore[arg-type]


@asynccontextmanager
async def running(catalog: Catalog, folder: Path, client: ApiClient, account: Account) -> AsyncIterator[EvaluationService]:
    """The evaluations of a process that pays with ``account``; a visitor's own is not known to it before it is given."""
    async with open_store(folder) as store, open_fetch_client() as downloads:
        pictures = PictureLibrary(FolderStorage(folder / "pictures"), downloads)
        jobs = JobService(catalog, store, client, pictures, JobOptions(deadline_s=30), lambda _: account)
        known = {} if account.payer == "visitor" else {account.payer: account}
        service = EvaluationService(catalog, jobs, known.get, beat_s=0.05)
        await jobs.begin()
        work = asyncio.create_task(service.run())
        try:
            yield service
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await jobs.aclose()
            service.close()


async def until(service: EvaluationService, evaluation: Evaluation, reached: Callable[[Progress], bool]) -> Progress:
    async with asyncio.timeout(40):
        while not reached(progress := await service.progress(evaluation.id)):  # noqa: ASYNC110  # other tasks, and others' jobs
            await asyncio.sleep(0.05)
    return progress


def ended(progress: Progress) -> bool:
    return progress.state is not EvaluationState.RUNNING


async def test_each_cell_becomes_one_job_and_its_picture_is_checked(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    async with running(catalog, tmp_path, client, account) as service:
        evaluation = await service.start(draft(2, 2, 2), account, "ann", "click")
        again = await service.start(draft(2, 2, 2), account, "ann", "click")
        progress = await until(service, evaluation, ended)
        async with asyncio.timeout(20):
            while await service.cells.unchecked(evaluation.id, 1):  # noqa: ASYNC110  # checked in the background
                await asyncio.sleep(0.05)
        results = await service.cells.results(evaluation.id)
        jobs = [job for _, job in await service.cell_jobs(evaluation, list(range(8)))]

    assert again.id == evaluation.id
    assert progress.cells == "d" * 8
    assert progress.used == evaluation.budget
    assert all(result.checks and result.checks["fingerprint"] and result.seconds for result in results)
    placed = Counter((job.prompt, job.model) for job in jobs if job)
    assert placed == {(prompt.text, column.model): 2 for prompt in evaluation.prompts for column in evaluation.columns}


async def test_a_budget_pays_for_whole_rows_and_can_be_raised(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    async with running(catalog, tmp_path, client, account) as service:
        row = service.plan(draft(1)).cost.credits
        evaluation = await service.start(draft(5, budget=2.5 * row), account, "ann")
        paused = await until(service, evaluation, ended)
        await service.resume(evaluation.id, account, "ann", budget=5 * row)
        done = await until(service, evaluation, ended)

    assert (paused.cells, paused.state, paused.used) == ("ddddwwwwww", EvaluationState.PAUSED, 2 * row)
    assert "Raise it" in paused.note
    assert (done.cells, done.state, done.used) == ("d" * 10, EvaluationState.DONE, 5 * row)


async def test_an_account_without_credits_pauses_the_evaluation_and_what_is_done_stays(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    prompts = (Prompt("A kite"), Prompt("A kite #sandbox:credits"), Prompt("A boat"), Prompt("A tree"))
    async with running(catalog, tmp_path, client, account) as service:
        evaluation = await service.start(replace(draft(per_model=1), prompts=prompts), account, "ann")
        paused = await until(service, evaluation, ended)
        settled = await until(service, evaluation, lambda progress: not progress.count(CellState.ACTIVE))

    assert paused.state is EvaluationState.PAUSED
    assert "402" in paused.note
    assert settled.cells.startswith("dd")
    assert settled.count(CellState.WAITING) >= 2
    assert settled.count(CellState.FAILED) == 0


async def test_only_what_failed_is_sent_again(catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account) -> None:
    prompts = (Prompt("A kite"), Prompt("A kite #sandbox:failed"), Prompt("A kite #sandbox:moderation"))
    async with running(catalog, tmp_path, client, account) as service:
        evaluation = await service.start(replace(draft(), prompts=prompts, budget=1000.0), account, "ann")
        before = await until(service, evaluation, ended)
        first = {result.position: result.job_id for result in await service.cells.results(evaluation.id)}
        await service.retry_failed(evaluation.id, account, "ann")
        after = await until(service, evaluation, ended)
        second = {result.position: result.job_id for result in await service.cells.results(evaluation.id)}

    assert before.cells == after.cells == "ddffmm"
    assert before.retry_jobs == 2
    assert [position for position in first if first[position] != second[position]] == [2, 3]


async def test_a_stopped_evaluation_can_go_on_and_be_deleted(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    async with running(catalog, tmp_path, client, account) as service:
        evaluation = await service.start(draft(6, per_model=1), account, "ann")
        await until(service, evaluation, lambda progress: progress.count(CellState.DONE) > 1)
        await service.stop(evaluation.id, "ann")
        stopped = await until(service, evaluation, lambda progress: not progress.count(CellState.ACTIVE))
        await service.resume(evaluation.id, account, "ann")
        done = await until(service, evaluation, ended)
        with pytest.raises(NotFound):
            await service.delete(evaluation.id, "bob")
        await service.delete(evaluation.id, "ann")
        left = [await service.of_visitor("ann")]
        async with asyncio.timeout(60):
            while (page := await service.jobs.search("ann", JobFilter(), 10)).total:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert stopped.state is EvaluationState.STOPPED
    assert stopped.count(CellState.WAITING) > 0
    assert done.cells == "d" * 12
    assert (left, page.total) == ([[]], 0)


async def test_the_claim_itself_refuses_what_the_budget_does_not_pay(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    """Also where the cells to send were chosen for a larger budget, as by another process a moment before."""
    async with running(catalog, tmp_path, client, account) as service:
        larger = await service.start(draft(6, per_model=6), account, "ann")
        await service.store.edit(larger.id, lambda _, before: {"budget": before.budget / 2})
        progress = await until(service, larger, lambda progress: ended(progress) and not progress.count(CellState.ACTIVE))

    assert progress.state is EvaluationState.PAUSED
    assert "budget" in progress.note
    assert 0 < progress.used <= larger.budget / 2
    assert progress.count(CellState.WAITING) == 12 - progress.count(CellState.DONE) >= 6


async def test_an_evaluation_is_deleted_with_the_last_of_its_jobs(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    """It holds their prompts."""
    async with running(catalog, tmp_path, client, account) as service:
        evaluation = await service.start(draft(1), account, "ann")
        await until(service, evaluation, ended)
        jobs = [result.job_id for result in await service.cells.results(evaluation.id)]
        await service.jobs.remover.remove(jobs[0])
        states = (await service.progress(evaluation.id)).cells
        await service.jobs.remover.remove(jobs[1])
        with pytest.raises(NotFound):
            await service.get(evaluation.id)

    assert states == "xd"


async def test_an_evaluation_with_a_visitors_own_key_waits_for_it_after_it_is_forgotten(
    catalog: Catalog, tmp_path: Path, client: ApiClient, account: Account
) -> None:
    own = replace(account, payer="visitor", key="a-key-of-their-own")
    async with running(catalog, tmp_path, client, own) as service:
        evaluation = await service.start(draft(8, per_model=1), own, "ann")
        await until(service, evaluation, lambda progress: progress.count(CellState.DONE) > 0)
        await service.forget_key("ann")
        waiting = await until(service, evaluation, lambda progress: bool(progress.note))
        await service.key_given("ann", own)
        done = await until(service, evaluation, ended)

    assert waiting.state is EvaluationState.RUNNING
    assert "enter it again" in waiting.note
    assert 0 < waiting.count(CellState.DONE) < 16
    assert done.cells == "d" * 16
