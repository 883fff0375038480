"""Runs the checks on each delivered picture, one at a time beside everything else, and records what they show.

What is recorded of a cell: ``findings`` (kind and text of each), ``fingerprint``, ``text`` where text is expected and can be
read here, ``scores`` of the installed scorers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from components.errors import DatabaseUnavailable
from components.evaluation.checks import Scorer, blank_finding, check_delivery, fingerprint, load_scorers, run_scorers
from components.evaluation.evaluation import Evaluation
from components.evaluation.store.cells import CellStore, Result
from components.evaluation.store.evaluations import EvaluationStore
from components.evaluation.text_check import TextReader
from components.jobs.job import Job
from components.jobs.store.jobs import Store
from components.pictures.library import PictureLibrary

log = logging.getLogger(__name__)
AT_ONCE = 50


class Checker:
    """One for a process; ``run`` it, and ``close`` it at the end. Raises what the import of an installed scorer raises."""

    def __init__(self, evaluations: EvaluationStore, cells: CellStore, jobs: Store, pictures: PictureLibrary) -> None:
        self._evaluations = evaluations
        self._cells = cells
        self._jobs = jobs
        self._pictures = pictures
        self._scorers: Mapping[str, Scorer] = load_scorers()
        self._reader = TextReader()
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()

    def enqueue(self, evaluation_id: str) -> None:
        """Check what is unchecked in an evaluation, soon."""
        if evaluation_id not in self._queued:
            self._queued.add(evaluation_id)
            self._waiting.put_nowait(evaluation_id)

    def close(self) -> None:
        """End the process that reads text, if there is one."""
        self._reader.close()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            evaluation_id = await self._waiting.get()
            try:
                await self._check(evaluation_id)
            except DatabaseUnavailable:
                log.warning("pictures cannot be checked right now", exc_info=True)
            except Exception:  # the evaluation goes on without its checks
                log.exception("checking the pictures of an evaluation failed")
            self._queued.discard(evaluation_id)

    async def _check(self, evaluation_id: str) -> None:
        evaluation = await self._evaluations.get(evaluation_id)
        while evaluation and (unchecked := await self._cells.unchecked(evaluation_id, AT_ONCE)):
            jobs = {job.id: job for job in await self._jobs.get_all([result.job_id for result in unchecked])}
            for result in unchecked:
                checks = await self._check_one(evaluation, result, jobs.get(result.job_id))
                await self._cells.save_checks(evaluation_id, result.position, checks)

    async def _check_one(self, evaluation: Evaluation, result: Result, job: Job | None) -> dict[str, Any]:
        picture = job.pictures[0] if job and job.pictures else None
        data = await self._pictures.read_bytes(picture.name) if picture else None
        if job is None or picture is None or data is None:
            return {"findings": []}
        findings = check_delivery(picture, job.shape, str(job.body.get("output_format", "")))
        seen = await asyncio.to_thread(fingerprint, data)
        findings += blank_finding(seen) if seen else []
        checks: dict[str, Any] = {
            "findings": [asdict(finding) for finding in findings],
            "fingerprint": asdict(seen) if seen else None,
        }
        expected = evaluation.prompts[evaluation.coordinates(result.position).prompt].expected_text
        if expected and picture.format != "svg" and self._reader.available():
            read = await self._reader.check(data, expected)
            checks["text"] = asdict(read) if read else None
        if self._scorers:
            checks["scores"] = await asyncio.to_thread(run_scorers, self._scorers, data, job)
        return checks
