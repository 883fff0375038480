"""Pictures with their recipe inside, one by one or as a ZIP, for the visitor who asked for them; and the way back:
a picture with a recipe becomes the settings that fill the form."""

from __future__ import annotations

import asyncio
import hmac
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from components.catalog.models import Catalog
from components.catalog.requests import find_model
from components.errors import DatabaseUnavailable, InputError
from components.jobs.job import Job, JobState
from components.jobs.service import JobService
from components.pictures.archive import count_that_fit, read_picture, write_archive
from components.pictures.metadata import Recipe, format_of, read
from components.playground import VISITOR_HEADER, visitor_id
from components.views.links import ARCHIVE, DOWNLOADS, HISTORY_ARCHIVE, MOST_ARCHIVED_JOBS, RECIPE
from components.views.queries import read_history_query
from components.views.recipe import archive_entries, file_stem, recipe_of
from components.web.pictures import HEADERS, MEDIA_TYPES
from components.web.visitors import read_cookie

LARGEST_DROP = 32_000_000
LONGEST_DROP_S = 60.0
DROPS_AT_ONCE = 8
PRIVATE = HEADERS | {"Cache-Control": "private, no-store"}

NOT_FOUND = "There is no such picture."
NOT_ASKED = f"Name the jobs as ?job=…&job=…, at most {MOST_ARCHIVED_JOBS} of them."
TOO_LARGE = f"The picture is larger than {LARGEST_DROP // 1_000_000} MB."
NO_PICTURE = "This is not a PNG, JPEG or WebP picture."
NO_RECIPE = (
    "This picture contains no settings. Pictures downloaded from this page contain them, "
    "until another program or site saves the file again."
)
NO_MODEL = "This picture was made with {}, which is not offered here."
BUSY = "Too many pictures are arriving at the moment. Try again in a minute."
SLOW = f"The picture did not arrive within {LONGEST_DROP_S:.0f} seconds."


def file_routes(catalog: Catalog, runner: JobService) -> APIRouter:
    """``GET /files/{job}/{number}``, ``GET /files.zip?job=…`` and ``GET /history.zip?…``, ``POST /recipe``.

    The second ZIP has the newest MOST_ARCHIVED_JOBS of a visitor that fit a history's filters. With ``recipe=0`` files are as they came.
    Numbers count from 1. What is not there and what is another visitor's is answered in the same words. Who names the
    picture in ``of`` need not be known: job and picture together are a secret that only their visitor was shown.
    """
    router = APIRouter()
    dropping = asyncio.Semaphore(DROPS_AT_ONCE)

    async def owned(request: Request, job_ids: list[str]) -> list[Job]:
        """Those of these jobs that are there and this visitor's, in the order of their ids."""
        try:
            found = await runner.find_all(job_ids, _visitor(request))
        except DatabaseUnavailable as error:
            raise HTTPException(503, error.what) from error
        return [found[job_id] for job_id in job_ids if job_id in found]

    def packed(jobs: list[Job], recipe: str, left_out: int = 0) -> Response:
        try:
            pieces = write_archive(
                [*archive_entries(catalog, jobs, recipes=recipe != "0")], runner.pictures, requests_left_out=left_out
            )
        except InputError as error:
            raise HTTPException(422, f"{error.what} {error.next_step}") from error
        name = f"pictures-{datetime.now(UTC):%Y-%m-%d}.zip"
        return StreamingResponse(pieces, media_type="application/zip", headers=PRIVATE | _attached(name))

    async def shown(job_id: str, of: str) -> Job:
        """The job, for a browser that keeps no cookie. Raises HTTPException unless it has this picture."""
        try:
            job = await runner.store.get(job_id)
        except DatabaseUnavailable as error:
            raise HTTPException(503, error.what) from error
        if job is None or not any(hmac.compare_digest(picture.name, of) for picture in job.pictures if of.isascii()):
            raise HTTPException(404, NOT_FOUND)
        return job

    @router.get(DOWNLOADS + "/{job_id}/{number}")
    async def file(request: Request, job_id: str, number: str, recipe: str = "1", of: str = "") -> Response:
        job = await shown(job_id, of) if of else next(iter(await owned(request, [job_id])), None)
        if job is None:
            raise HTTPException(404, NOT_FOUND)
        index = int(number) - 1 if number.isascii() and number.isdecimal() and len(number) < 4 else -1
        kept = job.pictures[index] if 0 <= index < len(job.pictures) else None
        data = kept and await read_picture(runner.pictures, kept.name, recipe_of(job) if recipe != "0" else None)
        if not kept or not data:
            raise HTTPException(404, NOT_FOUND)
        name = f"{file_stem(job)}-{index + 1}.{kept.format}"
        return Response(data, media_type=MEDIA_TYPES[kept.format], headers=PRIVATE | _attached(name))

    @router.get(ARCHIVE)
    async def archive(request: Request, recipe: str = "1") -> Response:
        job_ids = list(dict.fromkeys(request.query_params.getlist("job")))
        if not 0 < len(job_ids) <= MOST_ARCHIVED_JOBS:
            raise HTTPException(422, NOT_ASKED)
        jobs = await owned(request, job_ids)
        if not jobs:
            raise HTTPException(404, NOT_FOUND)
        return packed(jobs, recipe, left_out=len(job_ids) - len(jobs))

    @router.get(HISTORY_ARCHIVE)
    async def fitting(request: Request, recipe: str = "1") -> Response:
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        filters = read_history_query(query, [model.id for model in catalog.models], list(JobState))
        try:
            found = await runner.search(_visitor(request), filters.job_filter(), MOST_ARCHIVED_JOBS)
        except DatabaseUnavailable as error:
            raise HTTPException(503, error.what) from error
        except InputError as error:
            raise HTTPException(422, error.what) from error
        jobs = list(found.jobs[: count_that_fit([job.pictures for job in found.jobs])])
        return packed(jobs, recipe, left_out=found.total - len(jobs))

    @router.post(RECIPE)
    async def dropped(request: Request) -> Response:
        if dropping.locked():
            raise HTTPException(503, BUSY)
        async with dropping:
            data = await _body(request)
            found = await asyncio.to_thread(read, data)
        if found is None:
            raise HTTPException(422, NO_RECIPE if format_of(data) else NO_PICTURE)
        return JSONResponse(_settings(catalog, found), headers={"Cache-Control": "no-store"})

    return router


def _settings(catalog: Catalog, recipe: Recipe) -> dict[str, Any]:
    """Model and parameters as the recipe has them. Raises HTTPException for a model that is not offered, or not any more."""
    if catalog.find(recipe.model) is None:
        raise HTTPException(422, NO_MODEL.format(recipe.model[:80]))
    try:
        model = find_model(catalog, recipe.model)
    except InputError as error:
        raise HTTPException(422, f"This picture cannot be made again. {error.what}") from error
    return {"model": model.id, "parameters": dict(recipe.parameters)}


async def _body(request: Request) -> bytes:
    """The body of at most LARGEST_DROP bytes. Raises HTTPException for a larger or too slow one."""
    content = bytearray()
    try:
        async with asyncio.timeout(LONGEST_DROP_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > LARGEST_DROP:
                    raise HTTPException(413, TOO_LARGE)
    except TimeoutError as error:
        raise HTTPException(408, SLOW) from error
    except ClientDisconnect as error:
        raise HTTPException(400, NO_PICTURE) from error
    return bytes(content)


def _visitor(request: Request) -> str:
    """Who asks: a caller by the header, else a browser by its cookie; without either, somebody without a job."""
    named = request.headers.get(VISITOR_HEADER, "")
    return visitor_id(named[:200] or read_cookie(request.headers.get("cookie", "")))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
