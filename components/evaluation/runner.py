"""Sends the jobs of running evaluations, a few of each model at a time, in every process that can pay for them.

Nothing but the database says what is still to be sent, so a process that is killed loses nothing and several share the
work. A job that fails for want of credits, for its key or for a cap pauses its evaluation: every other one would too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from components.api.client import Account, Payer
from components.catalog.models import Catalog
from components.catalog.requests import rebuild_request
from components.errors import DatabaseUnavailable, InputError
from components.evaluation.checking import Checker
from components.evaluation.evaluation import Evaluation
from components.evaluation.store.cells import PAUSING, CellStore, Pending, retry_cells, take_pending
from components.evaluation.store.evaluations import EvaluationStore, Running
from components.jobs.job import Job, JobState, new_job
from components.jobs.service import JobService
from components.jobs.store.executor import DuplicateKey

log = logging.getLogger(__name__)
BEAT_S = 1.0

FindAccount = Callable[[Payer], Account | None]


class EvaluationRunner:
    """One for a process; ``run`` it beside the jobs. ``find_account`` returns the account that a payer has here, or None."""

    def __init__(
        self,
        catalog: Catalog,
        jobs: JobService,
        evaluations: EvaluationStore,
        cells: CellStore,
        checker: Checker,
        find_account: FindAccount,
        beat_s: float = BEAT_S,
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._evaluations = evaluations
        self._cells = cells
        self._checker = checker
        self._find_account = find_account
        self._beat_s = beat_s
        self._own_accounts: dict[str, Account] = {}  # of visitors' own keys, by evaluation
        self._pausing: dict[str, str] = {}
        self._wake = asyncio.Event()
        jobs.on_change(self._changed)

    async def run(self) -> None:
        """Send jobs until cancelled. Jobs that a dead process never sent are sent first."""
        begun = False
        while True:
            self._wake.clear()
            try:
                if not begun:
                    for running in await self._evaluations.running():
                        await self._evaluations.edit(running.id, _retry_unsent)
                    begun = True
                await self._step()
            except (DatabaseUnavailable, DuplicateKey):
                log.warning("no evaluation can go on right now", exc_info=True)
            except Exception:  # without this loop no evaluation goes on
                log.exception("sending the jobs of evaluations failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s):
                    await self._wake.wait()

    def wake(self) -> None:
        """Look at once for what there is to do."""
        self._wake.set()

    def account(self, payer: Payer, evaluation_id: str = "") -> Account | None:
        """The account that pays for an evaluation here, or None: a visitor's own key is not given again yet."""
        return self._own_accounts.get(evaluation_id) or self._find_account(payer)

    def use_key(self, evaluation: Evaluation, account: Account) -> None:
        """Pay with a visitor's own key until the evaluation ends or the key is forgotten."""
        if account.payer == "visitor" == evaluation.payer and account.base_url == evaluation.base_url:
            self._own_accounts[evaluation.id] = account
            self.wake()

    def forget_keys(self, evaluation_ids: set[str]) -> None:
        """Drop the keys of these evaluations."""
        for evaluation_id in evaluation_ids:
            self._own_accounts.pop(evaluation_id, None)

    def _changed(self, job: Job) -> None:
        if not job.evaluation_id or not job.settled:
            return
        if job.state is JobState.FAILED and job.problem and job.problem.code in PAUSING:
            self._pausing[job.evaluation_id] = f"Paused. {job.problem}"
        elif job.state is JobState.DONE:
            self._checker.enqueue(job.evaluation_id)
        self.wake()

    async def _step(self) -> None:
        while self._pausing:
            evaluation_id, note = next(iter(self._pausing.items()))
            await self._evaluations.pause(evaluation_id, note)
            self._pausing.pop(evaluation_id)
        running = await self._evaluations.running()
        self.forget_keys(set(self._own_accounts) - {one.id for one in running})
        for one in running:
            await self._send(one)

    async def _send(self, running: Running) -> None:
        """Send what may be sent now; end the evaluation if nothing is left."""
        account = self.account(running.payer, running.id)
        active = self._jobs.active_models(running.id)
        new = []
        if account:
            to_job = partial(self._to_job, running, account)
            new = await self._jobs.submit_all(
                lambda connection: take_pending(
                    connection, running.id, lambda model: running.per_model - active[model], to_job
                ),
                account,
            )
        if not new and not active:
            await self._cells.finish(running.id)

    def _to_job(self, running: Running, account: Account, cell: Pending) -> Job | str:
        try:
            request = rebuild_request(self._catalog, cell.model, cell.body)
        except InputError as error:  # the catalog has changed since
            return error.what
        return new_job(self._catalog, request, account, running.visitor, cell.job_id, running.id)


def _retry_unsent(connection: Any, evaluation: Evaluation) -> Mapping[str, Any]:
    retry_cells(connection, evaluation, failed=False)
    return {}
