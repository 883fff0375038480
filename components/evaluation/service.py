"""Evaluations for the rest of the product: start, watch, pause, resume, stop, send again, delete."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import isfinite
from typing import Any

from components.api.client import Account
from components.catalog.models import Catalog
from components.errors import InputError, InvalidState, KeyRefused, NotFound
from components.evaluation.checking import Checker
from components.evaluation.evaluation import IMPORTED, CellState, Draft, Evaluation, EvaluationState, Progress
from components.evaluation.matrix import Matrix, build_matrix, expected_seconds
from components.evaluation.results import Board, build_board, standings
from components.evaluation.runner import BEAT_S, EvaluationRunner, FindAccount
from components.evaluation.store.ballots import BallotStore
from components.evaluation.store.cells import CellStore, Result, first_unpaid_position, retry_cells
from components.evaluation.store.evaluations import EvaluationStore
from components.evaluation.voting.ballots import Question
from components.evaluation.voting.service import VotingService
from components.jobs.job import Job, JobState, new_id_for
from components.jobs.service import JobService

NEEDS_KEY = "Waiting for the key it was started with. Keys are never stored: enter it again, and the evaluation continues."
AT_ONCE = 200  # most jobs that one process runs for an evaluation, for the estimate of its duration


class EvaluationService:
    """The evaluations of all visitors; one for a process. ``run`` it beside the jobs, ``close`` it at the end."""

    def __init__(self, catalog: Catalog, jobs: JobService, find_account: FindAccount, beat_s: float = BEAT_S) -> None:
        transactions = jobs.store.transactions
        self._catalog = catalog
        self.jobs = jobs
        self.store = EvaluationStore(transactions)
        self.cells = CellStore(transactions)
        self.ballots = BallotStore(transactions)
        self.checker = Checker(self.store, self.cells, jobs.store, jobs.pictures)
        self.runner = EvaluationRunner(catalog, jobs, self.store, self.cells, self.checker, find_account, beat_s)
        self.voting = VotingService(self.store, self.cells, self.ballots, jobs.pictures)

    async def run(self) -> None:
        """Send jobs and check pictures until cancelled."""
        await asyncio.gather(self.runner.run(), self.checker.run())

    def close(self) -> None:
        """End what works outside this process."""
        self.checker.close()

    # -- before anything is sent -----------------------------------------------------------------

    def plan(self, draft: Draft, evaluation_id: str = "") -> Matrix:
        """Every cell and its price; nothing is sent. Blocks for seconds at 10,000 cells. Raises InputError."""
        draft.check()
        return build_matrix(self._catalog, evaluation_id, draft.prompts, draft.choices, draft.shared, draft.repeats)

    def expected_seconds(self, matrix: Matrix, account: Account, per_model: int) -> float | None:
        """About how long one process takes; None if nothing is known of a model."""
        learned = {}
        for model in {cell.request.model.id for cell in matrix.cells if cell.request}:
            if timing := self.jobs.run_times.learned(account, model):
                learned[model] = timing.quantile(0.5) * account.pace
        seconds = expected_seconds(matrix.cells, learned, per_model, AT_ONCE)
        return seconds / account.pace if seconds is not None else None

    async def start(self, draft: Draft, account: Account, visitor: str, idempotency_key: str = "") -> Evaluation:
        """Record an evaluation, whose jobs are then sent as the budget allows.

        ``idempotency_key``: every further start of this visitor with it returns the same evaluation. Raises InputError,
        DatabaseUnavailable; nothing is sent then.
        """
        evaluation_id = new_id_for("evaluation", visitor, idempotency_key)
        matrix = await asyncio.to_thread(self.plan, draft, evaluation_id)
        if not matrix.jobs:
            reasons = " ".join(dict.fromkeys(reason for column in matrix.by_column for reason in column.skipped))
            raise InputError("models", f"models: none of them can make these pictures. {reasons}".strip())
        if not isfinite(matrix.cost.credits):
            raise InputError("models", "models: the price of one of them is not known, so that no budget can be kept.")
        budget = matrix.cost.credits if draft.budget is None else draft.budget
        evaluation = Evaluation(
            evaluation_id, visitor, time.time(), draft.name or _name_of(draft), matrix.prompts, matrix.columns,
            dict(draft.shared), draft.repeats, draft.questions, account.payer, account.base_url, draft.per_model, budget,
            token=secrets.token_urlsafe(24), state=EvaluationState.PAUSED,
        )  # fmt: skip
        stored = await self.store.add(evaluation, matrix.cells)
        if stored != evaluation:
            return stored
        return await self.resume(stored.id, account, visitor)

    # -- looking ---------------------------------------------------------------------------------

    async def find(self, evaluation_id: str, visitor: str) -> Evaluation:
        """This visitor's evaluation. Raises NotFound, in the same words for somebody else's and for none."""
        evaluation = await self.get(evaluation_id)
        if evaluation.visitor != visitor:
            raise _not_found()
        return evaluation

    async def get(self, evaluation_id: str) -> Evaluation:
        """The evaluation with this id, which only its visitor knows. Raises NotFound."""
        evaluation = await self.store.get(evaluation_id)
        if evaluation is None:
            raise _not_found()
        return evaluation

    async def of_visitor(self, visitor: str) -> list[Evaluation]:
        """This visitor's evaluations, newest first."""
        return await self.store.of_visitor(visitor)

    async def progress(self, evaluation_id: str) -> Progress:
        """How far an evaluation is. Raises NotFound."""
        progress = await self.cells.progress(evaluation_id, time.time())
        if progress is None:
            raise _not_found()
        left = progress.count(CellState.ACTIVE, CellState.WAITING)
        if progress.state is EvaluationState.RUNNING and progress.per_minute:
            progress = replace(progress, seconds_left=60 * left / progress.per_minute)
        waits = progress.count(CellState.WAITING) and not progress.count(CellState.ACTIVE)
        if progress.state is EvaluationState.RUNNING and waits:
            evaluation = await self.get(evaluation_id)
            if self.runner.account(evaluation.payer, evaluation_id) is None:
                progress = replace(progress, note=NEEDS_KEY)
        if progress.count(CellState.DONE):
            self.checker.enqueue(evaluation_id)
        return progress

    async def cell_jobs(self, evaluation: Evaluation, positions: list[int]) -> list[tuple[Result, Job | None]]:
        """The cells at these positions with their jobs, None for one that is not sent yet or was deleted."""
        results = await self.cells.results(evaluation.id, positions)
        jobs = await self.jobs.find_all([result.job_id for result in results], evaluation.visitor)
        return [(result, jobs.get(result.job_id)) for result in results]

    async def board(
        self, evaluation: Evaluation, question: Question = Question.PREFERENCE, category: str = "", baseline: str = ""
    ) -> Board:
        """What votes and checks say. ``baseline``: the id of an evaluation of the same visitor to compare with, or ""."""
        results, ballots = await self.cells.results(evaluation.id), await self.ballots.cast(evaluation.id)
        account = self.runner.account(evaluation.payer, evaluation.id)
        timings = {
            model: timing.quantile(0.5)
            for model in {column.model for column in evaluation.columns}
            if account and (timing := self.jobs.run_times.learned(account, model))
        }
        before = await self.find(baseline, evaluation.visitor) if baseline else None
        build = partial(build_board, self._catalog, evaluation, results, ballots, question, category, timings)
        return await asyncio.to_thread(build, before.baseline if before else None)

    # -- changing --------------------------------------------------------------------------------

    async def pause(self, evaluation_id: str, visitor: str) -> None:
        """Send no further job; those at the service go on. Raises NotFound."""
        await self.find(evaluation_id, visitor)
        await self.store.pause(evaluation_id, "")

    async def resume(self, evaluation_id: str, account: Account, visitor: str, budget: float | None = None) -> Evaluation:
        """Send what is still to be sent, within the old budget or another one. Raises NotFound, KeyRefused, InputError, InvalidState."""
        return await self._continue(evaluation_id, account, visitor, budget, failed=False)

    async def retry_failed(self, evaluation_id: str, account: Account, visitor: str) -> Evaluation:
        """Send what failed again, and what is still to be sent. Raises NotFound, KeyRefused."""
        return await self._continue(evaluation_id, account, visitor, None, failed=True)

    async def stop(self, evaluation_id: str, visitor: str) -> None:
        """Send no further job and stop those that are active. Raises NotFound."""
        await self.find(evaluation_id, visitor)

        def stopping(_: Any, evaluation: Evaluation) -> Mapping[str, Any]:
            going = evaluation.state is not EvaluationState.DONE
            return {"state": EvaluationState.STOPPED, "note": ""} if going else {}

        await self.store.edit(evaluation_id, stopping)
        for result in await self.cells.results(evaluation_id):
            if result.state is CellState.ACTIVE:
                with suppress(NotFound):
                    await self.jobs.stop(result.job_id, visitor)

    async def save_baseline(self, evaluation_id: str, visitor: str) -> None:
        """Save the ranking by preference, for later evaluations to be compared with. Raises NotFound."""
        board = await self.board(await self.find(evaluation_id, visitor))
        saved = standings(board.ranking)
        await self.store.edit(evaluation_id, lambda _, evaluation: {"baseline": saved})

    async def delete(self, evaluation_id: str, visitor: str) -> None:
        """Delete an evaluation with its votes, and hide all its jobs, which ``JobService.remover`` deletes soon after.

        Raises NotFound, InvalidState.
        """
        await self.find(evaluation_id, visitor)
        if not await self.store.delete(evaluation_id, time.time() + self.jobs.store.history.undo_s):
            raise InvalidState("This evaluation is still going.", next_step="Stop it first.")

    async def key_given(self, visitor: str, account: Account) -> None:
        """Go on with this visitor's evaluations that wait for this key."""
        for evaluation in await self.store.of_visitor(visitor):
            if evaluation.state is EvaluationState.RUNNING:
                self.runner.use_key(evaluation, account)

    async def forget_key(self, visitor: str) -> None:
        """Drop this visitor's own key; evaluations that need it wait."""
        self.runner.forget_keys({evaluation.id for evaluation in await self.store.of_visitor(visitor)})

    async def _continue(
        self, evaluation_id: str, account: Account, visitor: str, budget: float | None, *, failed: bool
    ) -> Evaluation:
        evaluation = await self.find(evaluation_id, visitor)
        if budget is not None and not 0 < budget < float("inf"):
            raise InputError("budget", "budget: must be a number of credits above 0.")
        if evaluation.payer == IMPORTED:
            raise InvalidState("This evaluation was read from a file.", next_step="Start a new one to send anything.")
        paying = account if account.payer == evaluation.payer else self.runner.account(evaluation.payer, evaluation.id)
        if paying is None or (paying.payer == "visitor" and paying.base_url != evaluation.base_url):
            raise KeyRefused("This evaluation was started with a key of yours.", next_step="Enter that key, then resume.")

        def continuing(connection: Any, before: Evaluation) -> Mapping[str, Any]:
            retry_cells(connection, before, failed=failed)
            allowed = before.budget if budget is None else budget
            until = first_unpaid_position(connection, before, allowed)
            return {"state": EvaluationState.RUNNING, "note": "", "budget": allowed, "paid_until": until}

        waiting = [
            result.position
            for result in await self.cells.results(evaluation_id)
            if result.state in (CellState.STOPPED, CellState.UNDECIDED)
        ]
        for _, job in await self.cell_jobs(evaluation, waiting):
            if job and job.state is not JobState.UNCERTAIN:  # what the service has accepted is asked for again for free
                await self.jobs.check_again(job.id, paying, visitor)
        resumed = await self.store.edit(evaluation_id, continuing)
        if resumed is None:
            raise _not_found()
        self.runner.use_key(resumed, paying)
        self.runner.wake()
        return resumed


def _name_of(draft: Draft) -> str:
    """The first prompt, and how many others there are."""
    first, others = " ".join(draft.prompts[0].text.split()), len(draft.prompts) - 1
    short = first if len(first) <= 60 else first[:59].rstrip() + "…"
    return f"{short} and {others} more" if others else short


def _not_found() -> NotFound:
    return NotFound("There is no such evaluation.", next_step="Check its id, and that its own visitor asks for it.")
