"""Data files, written when they are requested: the price tables as CSV, a history and a comparison as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse

from components.jobs.job import HistoryEntry
from components.jobs.store.history import JobFilter
from components.playground import Playground
from components.views.exports.csv_text import csv_header, csv_rows
from components.views.exports.jobs import (
    CARD_COLUMNS,
    JOB_COLUMNS,
    card_row,
    comparison_object,
    job_object,
    job_row,
)
from components.views.links import COMPARISONS, HISTORY_DATA, MODELS_CSV, WHAT_IF_CSV
from components.views.tables import MODELS_FILE, WHAT_IF_FILE, models_rows, what_if_frame
from components.web.requests import requested_filter
from components.web.responses import GET_AND_HEAD, attachment
from components.web.visitors import requesting_visitor

JOBS_AT_ONCE = 250
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
NO_FILE = "There is no such file: it ends in .csv or .json."


def table_routes(playground: Playground) -> APIRouter:
    """``GET /models.csv`` and ``GET /plans.csv?pictures=1000&budget=50`` (pictures and US dollars a month)."""
    router, catalog = APIRouter(), playground.catalog

    @router.api_route(MODELS_CSV, methods=GET_AND_HEAD)
    async def models() -> Response:
        rows = models_rows(catalog, await playground.jobs.measured())
        return _file(csv_header(MODELS_FILE) + csv_rows(rows, MODELS_FILE), _headers("csv", "models"))

    @router.api_route(WHAT_IF_CSV, methods=GET_AND_HEAD)
    async def what_if(pictures: float = Query(1000, ge=0, le=1e9), budget: float = Query(50, ge=0, le=1e9)) -> Response:
        columns, rows = WHAT_IF_FILE, what_if_frame(catalog, pictures, budget).to_dict("records")
        return _file(csv_header(columns) + csv_rows(rows, columns), _headers("csv", "plans"))

    return router


def job_data_routes(playground: Playground) -> APIRouter:
    """``GET /history.csv`` and ``.json`` with the filters of a History tab, ``GET /comparisons/{id}/jobs.csv`` and ``.json``.

    A visitor's own jobs and nobody else's: a browser is known by its cookie, any other caller by the visitor header.
    """
    router, catalog = APIRouter(), playground.catalog

    @router.api_route(HISTORY_DATA + ".{kind}", methods=GET_AND_HEAD)
    async def history(kind: str, request: Request) -> Response:
        headers = _headers(kind, f"history-{datetime.now(UTC):%Y-%m-%d}")
        wanted, visitor, address = (
            requested_filter(request, catalog),
            requesting_visitor(request),
            playground.origin(str(request.base_url)),
        )
        first = await playground.jobs.search(visitor, wanted, JOBS_AT_ONCE)  # what goes wrong here is still an answer
        if request.method == "HEAD":
            return Response(headers=headers)

        async def pages() -> AsyncIterator[tuple[HistoryEntry, ...]]:
            page = first
            while page.entries:
                yield page.entries
                page = await playground.jobs.search(visitor, wanted, JOBS_AT_ONCE, page.jobs[-1].id)

        async def csv_pieces() -> AsyncIterator[str]:
            yield csv_header(JOB_COLUMNS)
            async for entries in pages():
                yield csv_rows((job_row(catalog, entry, address) for entry in entries), JOB_COLUMNS)

        async def json_pieces() -> AsyncIterator[str]:
            separator = f'{{"total": {first.total}, "jobs": ['
            async for entries in pages():
                yield separator + ",\n".join(_json(job_object(catalog, entry, address)) for entry in entries)
                separator = ",\n"
            yield "]}" if first.entries else separator + "]}"

        pieces = csv_pieces() if kind == "csv" else json_pieces()
        return StreamingResponse((_encoded(piece) async for piece in pieces), headers=headers)

    @router.api_route(COMPARISONS + "/{comparison_id}/jobs.{kind}", methods=GET_AND_HEAD)
    async def comparison(comparison_id: str, kind: str, request: Request) -> Response:
        headers, visitor = _headers(kind, "comparison"), requesting_visitor(request)
        address = playground.origin(str(request.base_url))
        found_comparison, _ = await playground.comparisons.with_jobs(comparison_id, visitor)
        page = await playground.jobs.search(visitor, JobFilter(comparison_id=found_comparison.id), limit=10 * JOBS_AT_ONCE)
        entries = {entry.job.id: entry for entry in page.entries}
        if kind == "json":
            return _file(_json(comparison_object(catalog, found_comparison, entries, address)), headers)
        rows = (
            card_row(catalog, at, card, entries.get(card.job), address) for at, card in enumerate(found_comparison.cards, 1)
        )
        return _file(csv_header(CARD_COLUMNS) + csv_rows(rows, CARD_COLUMNS), headers)

    return router


def _file(text: str, headers: dict[str, str]) -> Response:
    return Response(_encoded(text), headers=headers)


def _encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which JSON can bring in a setting, is a question mark."""
    return text.encode("utf-8", "replace")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _headers(kind: str, name: str) -> dict[str, str]:
    """The headers of a file. Raises HTTPException 404 for another kind of file."""
    if kind not in MEDIA_TYPES:
        raise HTTPException(404, NO_FILE)
    return {"Content-Type": MEDIA_TYPES[kind], "Cache-Control": "private, no-store"} | attachment(f"{name}.{kind}")
