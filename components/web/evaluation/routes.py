"""Routes of evaluations that the page's script asks: progress, rows of the matrix, cells, results, and prompt files.

The id of an evaluation is a secret that only its visitor was shown, so these need no cookie: some browsers keep none.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import unquote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from components.errors import InputError, NotFound
from components.evaluation.prompt_files import ColumnMapping, FileColumns, read_columns, read_file
from components.evaluation.prompts import PromptSet
from components.evaluation.voting.ballots import Question
from components.pictures.thumbnails import ThumbnailCache
from components.playground import Playground
from components.views.evaluation.matrix import show_cells, show_progress, show_rows
from components.views.evaluation.plan import show_mapping
from components.views.evaluation.results import show_results
from components.views.links import EVALUATIONS, PROMPT_FILE
from components.web.requests import read_body
from components.web.responses import GET_AND_HEAD, NO_STORE, PICTURE_HEADERS, picture_response
from components.web.visitors import requesting_visitor

THUMBNAIL = 160  # pixels of a picture in the matrix
LARGEST_FILE = 32_000_000
LARGEST_ANSWER = 1_500_000  # characters of all prompts together: they are sent along when the evaluation starts
FILES_AT_ONCE = 8
BUSY = "Too many files are arriving at the moment. Try again in a minute."
TOO_LARGE = f"The file is larger than {LARGEST_FILE // 1_000_000} MB. An evaluation has at most 2,000 prompts."


def evaluation_routes(playground: Playground, thumbnails: ThumbnailCache) -> APIRouter:
    """``GET /evaluations/{id}/progress``, ``/rows``, ``/rows/{row}``, ``/cells/{position}`` and its ``/thumbnail``."""
    router, evaluations, catalog = APIRouter(prefix=EVALUATIONS), playground.evaluations, playground.catalog

    @router.api_route("/{evaluation_id}/progress", methods=GET_AND_HEAD)
    async def progress(evaluation_id: str) -> Response:
        shown = await evaluations.progress(evaluation_id)
        html = show_progress(catalog, evaluation_id, shown)
        answer = {"state": shown.state, "cells": shown.cells, "votes": shown.ballots, "html": html}
        return JSONResponse(answer, headers=NO_STORE)

    @router.api_route("/{evaluation_id}/results", methods=GET_AND_HEAD)
    async def results(
        evaluation_id: str,
        request: Request,
        question: Question = Question.PREFERENCE,
        category: str = "",
        baseline: str = "",
    ) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        board = await evaluations.board(evaluation, question, category, baseline)
        # Whoever has this evaluation's id may read it, and learns no id of another one.
        own = requesting_visitor(request) == evaluation.visitor
        others = await evaluations.of_visitor(evaluation.visitor) if own else []
        saved = [other for other in others if other.baseline and other.id != evaluation.id]
        return HTMLResponse(show_results(catalog, evaluation, board, saved, baseline), headers=NO_STORE)

    @router.api_route("/{evaluation_id}/rows", methods=GET_AND_HEAD)
    async def rows(evaluation_id: str, first: int = 0) -> Response:
        evaluation, shown = await evaluations.get(evaluation_id), await evaluations.progress(evaluation_id)
        return HTMLResponse(show_rows(evaluation, shown.cells, max(0, first)), headers=NO_STORE)

    @router.api_route("/{evaluation_id}/rows/{row}", methods=GET_AND_HEAD)
    async def row(evaluation_id: str, row: int) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        if not 0 <= row < len(evaluation.prompts):
            raise NotFound("There is no such prompt.")
        cells = await evaluations.cell_jobs(evaluation, evaluation.positions(row))
        return HTMLResponse(show_cells(catalog, evaluation, cells), headers=NO_STORE)

    @router.api_route("/{evaluation_id}/cells/{position}", methods=GET_AND_HEAD)
    async def cell(evaluation_id: str, position: int) -> Response:
        evaluation = await evaluations.get(evaluation_id)
        cells = await evaluations.cell_jobs(evaluation, [position])
        if not cells:
            raise NotFound("There is no such picture in this evaluation.")
        return HTMLResponse(show_cells(catalog, evaluation, cells, alone=True), headers=NO_STORE)

    @router.api_route("/{evaluation_id}/cells/{position}/thumbnail", methods=GET_AND_HEAD)
    async def thumbnail(evaluation_id: str, position: int) -> Response:
        results = await evaluations.cells.results(evaluation_id, [position])
        name = results[0].picture if results else ""
        if name.endswith(".svg"):
            return picture_response(await playground.jobs.pictures.read(name), "svg", PICTURE_HEADERS)
        return picture_response(await thumbnails.thumbnail(name, THUMBNAIL) if name else None, "webp", PICTURE_HEADERS)

    return router


def prompt_file_routes() -> APIRouter:
    """``POST /prompt-file?name=…``: the prompts in a CSV or JSONL file, which is the body. Nothing is kept.

    ``prompt``, ``category``, ``images`` and ``expected_text`` name the columns; without any the file's own names decide.
    Returns ``{html, prompts}``: the mapping to be shown, and a list of [text, category, images, expected text] or null.
    """
    router, arriving, reading = APIRouter(), asyncio.Semaphore(FILES_AT_ONCE), asyncio.Semaphore(2)

    @router.post(PROMPT_FILE)
    async def prompt_file(request: Request) -> Response:
        if arriving.locked():
            raise HTTPException(503, BUSY)
        async with arriving:
            data = await read_body(request, LARGEST_FILE, TOO_LARGE)
            query = request.query_params
            parts = ("prompt", "category", "images", "expected_text")
            mapping = ColumnMapping(**{part: query.get(part, "") for part in parts})
            async with reading:
                answer = await asyncio.to_thread(_read, data, unquote(query.get("name", "")), mapping)
        return JSONResponse(answer, headers=NO_STORE)

    return router


def _read(data: bytes, name: str, mapping: ColumnMapping) -> dict[str, object]:
    """The mapping as HTML, and the prompts, or why there are none."""
    columns, prompts, problem = FileColumns((), (), ColumnMapping()), None, ""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"prompts{Path(name).suffix[:10]}"
        file.write_bytes(data)
        try:
            columns = read_columns(file)
            mapping = mapping if mapping != ColumnMapping() else columns.proposed
            prompts = _limited(read_file(file, mapping))
        except InputError as error:
            problem = f"{error.what} {error.next_step}".replace(file.name, name).removeprefix("prompts: ")
    texts = [[one.text, one.category, list(one.images), one.expected_text] for one in prompts.prompts] if prompts else None
    return {"html": show_mapping(columns, mapping, name, prompts, problem), "prompts": texts}


def _limited(prompts: PromptSet) -> PromptSet:
    total = sum(len(prompt.text) + len(prompt.expected_text) for prompt in prompts.prompts)
    if total > LARGEST_ANSWER:
        raise InputError("prompts", f"prompts: together they have {total:,} characters. At most {LARGEST_ANSWER:,}.")
    return prompts
