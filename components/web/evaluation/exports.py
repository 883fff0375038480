"""An evaluation as files: CSV and JSONL of results and ballots, a report, a ZIP; and such a ZIP read back."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from components.evaluation.archive import archive, restore
from components.playground import Playground
from components.views.evaluation.export import BALLOT_COLUMNS, RESULT_COLUMNS, ballot_rows, result_rows, to_csv, to_jsonl
from components.views.evaluation.report import export_name, write_evaluation_report
from components.views.links import EVALUATIONS
from components.web.responses import GET_AND_HEAD, UNLISTED, attachment
from components.web.visitors import requesting_visitor

LARGEST_ARCHIVE = 2_000_000_000
LONGEST_UPLOAD_S = 1_800.0
AT_ONCE = 2
BUSY = "Another evaluation is being read. Try again in a minute."
KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def export_routes(playground: Playground) -> APIRouter:
    """``GET /evaluations/{id}/results.csv``, ``.jsonl``, ``ballots.*``, ``report.html``, ``evaluation.zip``; ``POST /evaluations``."""
    router, evaluations = APIRouter(prefix=EVALUATIONS), playground.evaluations
    writing, receiving = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(1)

    @router.api_route("/{evaluation_id}/report.html", methods=GET_AND_HEAD)
    async def report(evaluation_id: str) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        async with writing:
            file = await write_evaluation_report(playground, evaluation)
        return Response(
            file,
            media_type="text/html; charset=utf-8",
            headers=UNLISTED | attachment(export_name(evaluation, "report.html")),
        )

    @router.api_route("/{evaluation_id}/evaluation.zip", methods=GET_AND_HEAD)
    async def zipped(evaluation_id: str) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        headers = UNLISTED | attachment(export_name(evaluation, "pictures.zip"))
        return StreamingResponse(await archive(evaluations, evaluation), media_type="application/zip", headers=headers)

    @router.api_route("/{evaluation_id}/results.{kind}", methods=GET_AND_HEAD)
    async def results(evaluation_id: str, kind: str) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        cells = await evaluations.cells.results(evaluation_id)
        rows = await asyncio.to_thread(result_rows, playground.catalog, evaluation, cells)
        return _table(rows, RESULT_COLUMNS, kind, export_name(evaluation, f"results.{kind}"))

    @router.api_route("/{evaluation_id}/ballots.{kind}", methods=GET_AND_HEAD)
    async def ballots(evaluation_id: str, kind: str) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        rows = ballot_rows(evaluation, await evaluations.ballots.cast(evaluation_id))
        return _table(rows, BALLOT_COLUMNS, kind, export_name(evaluation, f"ballots.{kind}"))

    @router.post("")
    async def restored(request: Request) -> Response:
        if receiving.locked():
            raise HTTPException(503, BUSY)
        async with receiving:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "evaluation.zip"
                await _receive(request, file)
                evaluation = await restore(evaluations, file, requesting_visitor(request))
        return JSONResponse({"evaluation_id": evaluation.id}, headers=UNLISTED)

    return router


async def _receive(request: Request, file: Path) -> None:
    """Write the body to a file. Raises HTTPException if it is too large or too slow."""
    size = 0
    try:
        async with asyncio.timeout(LONGEST_UPLOAD_S):
            with file.open("wb") as opened:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > LARGEST_ARCHIVE:
                        raise HTTPException(413, f"The file is larger than {LARGEST_ARCHIVE // 1_000_000_000} GB.")
                    await asyncio.to_thread(opened.write, chunk)
    except TimeoutError as error:
        raise HTTPException(408, "The file did not arrive in time.") from error


def _table(rows: list[dict[str, object]], columns: tuple[str, ...], kind: str, name: str) -> Response:
    if kind not in KINDS:
        raise HTTPException(404, "Choose csv or jsonl.")
    text = to_csv(rows, columns) if kind == "csv" else "".join(to_jsonl(rows))
    return Response(text.encode("utf-8", "replace"), media_type=KINDS[kind], headers=UNLISTED | attachment(name))
