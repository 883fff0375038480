"""Routes of pictures: as the page shows them, as downloads with their recipe inside, and a recipe read back into settings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from components.catalog.models import Catalog
from components.catalog.requests import find_model
from components.errors import InputError
from components.jobs.job import Job
from components.pictures.archive import count_that_fit, read_picture, write_archive
from components.pictures.library import PictureLibrary
from components.pictures.metadata import format_of, read
from components.pictures.thumbnails import ThumbnailCache
from components.playground import Playground
from components.views.links import ARCHIVE, DOWNLOADS, HISTORY_ARCHIVE, MOST_ARCHIVED_JOBS, PICTURES, RECIPE
from components.views.recipe import archive_entries, file_stem, recipe_of
from components.web.requests import read_body, requested_filter
from components.web.responses import (
    GET_AND_HEAD,
    NO_STORE,
    NO_SUCH_PICTURE,
    PICTURE_HEADERS,
    PRIVATE,
    attachment,
    numbered,
    picture_response,
)
from components.web.visitors import requesting_visitor

LARGEST_UPLOAD = 32_000_000
UPLOADS_AT_ONCE = 8

NO_REPLY = "There is no reply of the service for this job."
NO_JOBS = f"Name the jobs as ?job=…&job=…, at most {MOST_ARCHIVED_JOBS} of them."
TOO_LARGE = f"The picture is larger than {LARGEST_UPLOAD // 1_000_000} MB."
NO_PICTURE = "This is not a PNG, JPEG or WebP picture."
NO_RECIPE = (
    "This picture contains no settings. Pictures downloaded from this page contain them, "
    "until another program or site saves the file again."
)
NO_MODEL = "This picture was made with {}, which is not offered here."
BUSY = "Too many pictures are arriving at the moment. Try again in a minute."


def picture_routes(pictures: PictureLibrary, thumbnails: ThumbnailCache) -> APIRouter:
    """``GET /pictures/{name}`` and ``/pictures/{name}/small``: for everybody who knows the name."""
    router = APIRouter(prefix=PICTURES)

    @router.api_route("/{name}", methods=GET_AND_HEAD)
    async def picture(name: str) -> Response:
        return picture_response(await pictures.read(name), name.rpartition(".")[2], PICTURE_HEADERS)

    @router.api_route("/{name}/small", methods=GET_AND_HEAD)
    async def thumbnail(name: str) -> Response:
        return picture_response(await thumbnails.thumbnail(name), "webp", PICTURE_HEADERS)

    return router


def download_routes(playground: Playground) -> APIRouter:
    """``GET /files/{job}/{number}``, ``/files.zip?job=…&job=…`` and ``/history.zip?…``, a visitor's own pictures.

    ``/files/{job}/reply.txt`` is the service's reply that a job ended with. The second ZIP holds the newest
    MOST_ARCHIVED_JOBS that match the filters of a History tab. With ``recipe=0`` files are as the service delivered
    them. Another visitor's job gets the same answer as none.
    """
    router, jobs = APIRouter(), playground.jobs

    @router.api_route(DOWNLOADS + "/{job_id}/reply.txt", methods=GET_AND_HEAD)
    async def reply(request: Request, job_id: str) -> Response:
        job = (await jobs.find_all([job_id], requesting_visitor(request))).get(job_id)
        if job is None or job.problem is None or not job.problem.reply:
            raise HTTPException(404, NO_REPLY)
        return PlainTextResponse(job.problem.reply, headers=PRIVATE | attachment(f"{file_stem(job)}-reply.txt"))

    @router.api_route(DOWNLOADS + "/{job_id}/{number}", methods=GET_AND_HEAD)
    async def download(request: Request, job_id: str, number: str, recipe: str = "1") -> Response:
        job = (await jobs.find_all([job_id], requesting_visitor(request))).get(job_id)
        chosen = numbered(job.pictures, number) if job else None
        if job is None or chosen is None:
            raise HTTPException(404, NO_SUCH_PICTURE)
        data = await read_picture(jobs.pictures, chosen.name, recipe_of(job) if recipe != "0" else None)
        return picture_response(data, chosen.format, PRIVATE | attachment(f"{file_stem(job)}-{int(number)}.{chosen.format}"))

    @router.api_route(ARCHIVE, methods=GET_AND_HEAD)
    async def archive(request: Request, recipe: str = "1") -> Response:
        job_ids = list(dict.fromkeys(request.query_params.getlist("job")))
        if not 0 < len(job_ids) <= MOST_ARCHIVED_JOBS:
            raise HTTPException(422, NO_JOBS)
        owned = await jobs.find_all(job_ids, requesting_visitor(request))
        if not owned:
            raise HTTPException(404, NO_SUCH_PICTURE)
        return zipped(request, [owned[job_id] for job_id in job_ids if job_id in owned], recipe, len(job_ids) - len(owned))

    @router.api_route(HISTORY_ARCHIVE, methods=GET_AND_HEAD)
    async def history_archive(request: Request, recipe: str = "1") -> Response:
        wanted = requested_filter(request, playground.catalog)
        page = await jobs.search(requesting_visitor(request), wanted, MOST_ARCHIVED_JOBS)
        fitting = page.jobs[: count_that_fit([job.pictures for job in page.jobs])]
        return zipped(request, fitting, recipe, page.total - len(fitting))

    def zipped(request: Request, chosen: Sequence[Job], recipe: str, left_out: int) -> Response:
        headers = PRIVATE | attachment(f"pictures-{datetime.now(UTC):%Y-%m-%d}.zip")
        entries = list(archive_entries(playground.catalog, chosen, recipes=recipe != "0"))
        pieces = write_archive(entries, jobs.pictures, requests_left_out=left_out)
        if request.method == "HEAD":
            return Response(media_type="application/zip", headers=headers)
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    return router


def recipe_routes(catalog: Catalog) -> APIRouter:
    """``POST /recipe``: the model and parameters that a downloaded picture was made with, from the picture as the body."""
    router, arriving = APIRouter(), asyncio.Semaphore(UPLOADS_AT_ONCE)

    @router.post(RECIPE)
    async def recipe(request: Request) -> Response:
        if arriving.locked():
            raise HTTPException(503, BUSY)
        async with arriving:
            data = await read_body(request, LARGEST_UPLOAD, TOO_LARGE)
            embedded = await asyncio.to_thread(read, data)
        if embedded is None:
            raise HTTPException(422, NO_RECIPE if format_of(data) else NO_PICTURE)
        if catalog.find(embedded.model) is None:
            raise HTTPException(422, NO_MODEL.format(embedded.model[:80]))
        settings: dict[str, Any] = {"model": _usable_model(catalog, embedded.model), "parameters": dict(embedded.parameters)}
        return JSONResponse(settings, headers=NO_STORE)

    return router


def _usable_model(catalog: Catalog, name: str) -> str:
    """The id of a model that can still be used. Raises HTTPException."""
    try:
        return find_model(catalog, name).id
    except InputError as error:
        raise HTTPException(422, f"This picture cannot be made again. {error.what}") from error
