"""An evaluation as a ZIP that another installation can read: what was asked, what came of it, the votes, and the pictures."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from components.api.replies import Phase, Reply
from components.errors import InputError, InvalidState, PictureNotSaved, Problem
from components.evaluation.archive.manifest import LARGEST_MANIFEST, ManifestJob, exceeded_limit, read_manifest
from components.evaluation.archive.unpacking import DAMAGED, Unpacking
from components.evaluation.evaluation import IMPORTED, CellState, Evaluation, EvaluationState
from components.evaluation.matrix import MOST_CELLS, Column
from components.evaluation.prompts import Prompt
from components.evaluation.service import EvaluationService
from components.evaluation.store.ballots import insert_ballots
from components.evaluation.store.cells import Result, job_id_of
from components.evaluation.store.evaluations import cell_row, insert_evaluation
from components.evaluation.voting.ballots import Ballot, check_ballot
from components.jobs import transitions
from components.jobs.job import Job
from components.jobs.service import JobService
from components.pictures.archive import ZippedFile, stream_zip
from components.pictures.stored import StoredPicture

MANIFEST = "evaluation.json"
VERSION = 1
LARGEST_PICTURE = 64_000_000
WRONG = "Choose a ZIP that this page has made of an evaluation."


async def archive(service: EvaluationService, evaluation: Evaluation) -> AsyncIterator[bytes]:
    """The ZIP in pieces, holding one picture in memory at a time.

    Raises InvalidState if :func:`restore` could not read it.
    """
    results = await service.cells.results(evaluation.id)
    ballots = await service.ballots.cast(evaluation.id)
    jobs = {job.id: job for _, job in await service.cell_jobs(evaluation, [one.position for one in results]) if job}
    complete = await asyncio.to_thread(_manifest, evaluation, results, jobs, ballots)
    if exceeded := await asyncio.to_thread(exceeded_limit, complete, len(ballots)):
        raise InvalidState(
            f"This evaluation fits no file: {exceeded}.", next_step="Download its results and votes as tables."
        )

    async def files() -> AsyncIterator[ZippedFile]:
        now, gone = time.time(), set[int]()
        for result in results:
            data = await service.jobs.pictures.read_bytes(result.picture) if result.picture else None
            if data is not None:
                yield picture_name(result), now, data
            elif result.picture:
                gone.add(result.position)
        there = [replace(result, picture="") if result.position in gone else result for result in results]
        yield MANIFEST, now, await asyncio.to_thread(_manifest, evaluation, there, jobs, ballots) if gone else complete

    return stream_zip(files())


async def restore(service: EvaluationService, file: Path, visitor: str) -> Evaluation:
    """Store the evaluation in a ZIP as this visitor's own; its jobs count in no cap. Raises InputError."""
    held: list[tuple[str, str]] = []  # the names of the pictures here and in the ZIP
    pictures = service.jobs.pictures
    try:
        evaluation, rows, jobs, ballots = await _read(service.jobs, file, visitor, held)

        def adding(connection: Any) -> list[Job]:
            insert_evaluation(connection, evaluation, rows)
            insert_ballots(connection, ballots)
            return jobs

        await service.jobs.store.add_all(adding)
        for name, zipped in dict(held).items():
            if not await pictures.has(name):  # another process deleted it with the last job that showed it until now
                await _keep_again(service.jobs, file, zipped)
    finally:
        for name, _ in held:
            pictures.release(name)
        # Where the ZIP turned out to be damaged; otherwise a job shows them.
        await service.jobs.remover.discard([name for name, _ in held])
    return evaluation


async def _read(
    jobs: JobService, file: Path, visitor: str, held: list[tuple[str, str]]
) -> tuple[Evaluation, list[dict[str, Any]], list[Job], list[Ballot]]:
    """What a ZIP describes, with its pictures stored and held, whose names are added to ``held``. Raises InputError."""
    try:
        with await asyncio.to_thread(Unpacking, file) as archived:
            manifest = await asyncio.to_thread(lambda: read_manifest(archived.read(MANIFEST, LARGEST_MANIFEST)))
            evaluation, cells = _evaluation(manifest, visitor), manifest["cells"]
            if len(cells) != evaluation.size or evaluation.size > MOST_CELLS:
                raise ValueError("cells are missing, or are too many")
            ballots = [_ballot(evaluation, one) for one in manifest["ballots"]]
            rows = [_cell_row(evaluation, position, cell) for position, cell in enumerate(cells)]
            found = [await _job(jobs, archived, evaluation, position, cell, held) for position, cell in enumerate(cells)]
    except DAMAGED as error:
        raise InputError(
            "file", f"file: is no evaluation of this program, or is damaged ({type(error).__name__}).", next_step=WRONG
        ) from error
    return evaluation, rows, [job for job in found if job], ballots


def picture_name(result: Result) -> str:
    """The name of a picture in the ZIP: its position, from 1."""
    return f"pictures/{result.position + 1:05d}.{result.picture.rpartition('.')[2]}"


def _manifest(evaluation: Evaluation, results: list[Result], jobs: Mapping[str, Job], ballots: list[Ballot]) -> bytes:
    cells = []
    for result in results:
        job = jobs.get(result.job_id)
        cells.append(
            {
                "state": result.state,
                "model": result.model,
                "credits": result.credits,
                "refused": result.refused,
                "notes": result.notes,
                "checks": result.checks,
                "file": picture_name(result) if result.picture else "",
                "job": _described(job) if job else None,
            }
        )
    whole = {
        "version": VERSION,
        "evaluation": {name: value for name, value in asdict(evaluation).items() if name not in ("id", "visitor", "token")},
        "cells": cells,
        "ballots": [asdict(ballot) for ballot in ballots],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _described(job: Job) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in ManifestJob.model_fields}
    return {**values, "problem": asdict(job.problem) if job.problem else None}


def _evaluation(manifest: Mapping[str, Any], visitor: str) -> Evaluation:
    given = manifest["evaluation"]
    return Evaluation(
        **{
            **given,
            "id": secrets.token_urlsafe(24),
            "visitor": visitor,
            "prompts": tuple(Prompt(**{**prompt, "images": tuple(prompt["images"])}) for prompt in given["prompts"]),
            "columns": tuple(Column(**column) for column in given["columns"]),
            "questions": tuple(given["questions"]),
            "payer": IMPORTED,
            "base_url": "",
            "token": secrets.token_urlsafe(24),
            "state": EvaluationState.DONE,
        }
    )


def _cell_row(evaluation: Evaluation, position: int, cell: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a cell; one without a job stays as it was: skipped, or never sent."""
    never = "" if cell["job"] else cell["refused"] or "It was not sent before the export."
    row = cell_row(evaluation.id, position, _key(evaluation, position), cell["model"], cell["credits"])
    return {**row, "refused": never, "notes": list(cell["notes"]), "checks": cell["checks"], "submitted": bool(cell["job"])}


def _key(evaluation: Evaluation, position: int) -> str:
    return f"{evaluation.id}{position:08d}"[-48:]


async def _job(
    jobs: JobService,
    archived: Unpacking,
    evaluation: Evaluation,
    position: int,
    cell: Mapping[str, Any],
    held: list[tuple[str, str]],
) -> Job | None:
    """The job of a cell as it ended elsewhere, with its picture stored here; None for one that was never sent."""
    given = cell["job"]
    if not given or CellState(cell["state"]) is CellState.WAITING:
        return None
    sent = given["sent_at"] or given["created_at"]
    ended = given["finished_at"] or sent
    job = Job(
        id=job_id_of(_key(evaluation, position), 0),
        visitor=evaluation.visitor,
        model=cell["model"],
        payer=IMPORTED,
        base_url="",
        evaluation_id=evaluation.id,
        **{name: given[name] for name in ("body", "shape", "count", "credits", "usd", "created_at", "prompt")},
    )
    sending = _allowed(transitions.submitting(job, sent, ""))
    running = _allowed(transitions.accepted(sending, Reply(Phase.RUNNING, given["task_id"], charged=given["charged"]), sent))
    if not cell["file"]:
        problem = Problem(**given["problem"]) if given["problem"] else Problem(IMPORTED, "It had no picture.", "", "")
        return _allowed(transitions.failed(running, problem, ended))
    picture = await _keep(jobs, archived, cell["file"])
    held.append((picture.name, cell["file"]))
    saving = _allowed(transitions.saving(running, [cell["file"]], given["charged"], ended))
    return _allowed(transitions.picture_stored(saving, 0, picture, ended))


async def _keep(jobs: JobService, archived: Unpacking, name: str) -> StoredPicture:
    """Store a picture of the ZIP after the checks that every picture passes. Raises ValueError."""
    data = await asyncio.to_thread(archived.read, name, LARGEST_PICTURE)
    try:
        return await jobs.pictures.keep(f"data:application/octet-stream;base64,{b64encode(data).decode()}", "")
    except PictureNotSaved as error:
        raise ValueError(error.what) from error


async def _keep_again(jobs: JobService, file: Path, name: str) -> None:
    """Store a picture of the ZIP that a job shows already."""
    with suppress(*DAMAGED), await asyncio.to_thread(Unpacking, file) as archived:  # it was read a moment ago
        jobs.pictures.release((await _keep(jobs, archived, name)).name)


def _allowed(job: Job | None) -> Job:
    if job is None:
        raise ValueError("a job has no such state")
    return job


def _ballot(evaluation: Evaluation, given: Mapping[str, Any]) -> Ballot:
    own = {"id": secrets.token_urlsafe(16), "evaluation_id": evaluation.id, "voter": given["voter"][:64]}
    ballot = Ballot(**{**given, **own, "shown": tuple(given["shown"])})
    check_ballot(ballot)
    if not all(0 <= int(cell) < evaluation.size for cell in ballot.shown):
        raise ValueError("a ballot shows a cell that is not there")
    return ballot
