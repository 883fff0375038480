"""Routes of pictures: as the page shows them, as downloads with their recipe inside, and a recipe read back into settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from components.catalog.models import Catalog
from components.catalog.requests import find_model
from components.errors import InputError, TooLarge
from components.jobs.job import Job, JobState
from components.pictures.archive import count_that_fit, read_picture, write_archive
from components.pictures.check import FORMATS
from components.pictures.fetch import read_limited
from components.pictures.library import PictureLibrary
from components.pictures.metadata import format_of, read
from components.pictures.thumbnails import ThumbnailCache
from components.playground import Playground
from components.views.links import ARCHIVE, DOWNLOADS, HISTORY_ARCHIVE, MOST_ARCHIVED_JOBS, PICTURES, RECIPE
from components.views.queries import read_history_query
from components.views.recipe import archive_entries, file_stem, recipe_of
from components.web.visitors import requesting_visitor

READING = ["GET", "HEAD"]
MEDIA_TYPES = {name: f"image/{name}" for name in FORMATS} | {"svg": "image/svg+xml"}
# Names cannot be guessed and content never changes; no content is sniffed, and no script in an SVG runs.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE = HEADERS | {"Cache-Control": "private, no-store"}

LARGEST_UPLOAD = 32_000_000
LONGEST_UPLOAD_S = 60.0
UPLOADS_AT_ONCE = 8

NOT_FOUND = "There is no such picture."
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
SLOW = f"The picture did not arrive within {LONGEST_UPLOAD_S:.0f} seconds."
Member = TypeVar("Member")


def picture_routes(pictures: PictureLibrary, thumbnails: ThumbnailCache) -> APIRouter:
    """``GET /pictures/{name}`` and ``/pictures/{name}/small``: for everybody who knows the name."""
    router = APIRouter(prefix=PICTURES)

    @router.api_route("/{name}", methods=READING)
    async def picture(name: str) -> Response:
        return picture_response(await pictures.read(name), name.rpartition(".")[2], HEADERS)

    @router.api_route("/{name}/small", methods=READING)
    async def thumbnail(name: str) -> Response:
        return picture_response(await thumbnails.thumbnail(name), "webp", HEADERS)

    return router


def picture_response(content: Path | bytes | None, picture_format: str, headers: Mapping[str, str]) -> Response:
    """A stored picture as the response. Raises HTTPException 404 for None."""
    if content is None:
        raise HTTPException(404, NOT_FOUND)
    media_type = MEDIA_TYPES[picture_format]
    if isinstance(content, Path):
        return FileResponse(content, media_type=media_type, headers=headers)
    return Response(content, media_type=media_type, headers=dict(headers))


def numbered(members: Sequence[Member], number: str) -> Member | None:
    """The member that a number in an address stands for, counted from 1; None for anything else."""
    position = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 0
    return members[position - 1] if 0 < position <= len(members) else None


def download_routes(playground: Playground) -> APIRouter:
    """``GET /files/{job}/{number}``, ``/files.zip?job=…&job=…`` and ``/history.zip?…``, a visitor's own pictures.

    ``/files/{job}/reply.txt`` is the service's reply that a job ended with. The second ZIP holds the newest
    MOST_ARCHIVED_JOBS that match the filters of a History tab. With ``recipe=0`` files are as the service delivered
    them. Another visitor's job gets the same answer as none.
    """
    router, jobs = APIRouter(), playground.jobs

    @router.api_route(DOWNLOADS + "/{job_id}/reply.txt", methods=READING)
    async def reply(request: Request, job_id: str) -> Response:
        job = (await jobs.find_all([job_id], requesting_visitor(request))).get(job_id)
        if job is None or job.problem is None or not job.problem.reply:
            raise HTTPException(404, NO_REPLY)
        return PlainTextResponse(job.problem.reply, headers=PRIVATE | _attachment(f"{file_stem(job)}-reply.txt"))

    @router.api_route(DOWNLOADS + "/{job_id}/{number}", methods=READING)
    async def download(request: Request, job_id: str, number: str, recipe: str = "1") -> Response:
        job = (await jobs.find_all([job_id], requesting_visitor(request))).get(job_id)
        chosen = numbered(job.pictures, number) if job else None
        if job is None or chosen is None:
            raise HTTPException(404, NOT_FOUND)
        data = await read_picture(jobs.pictures, chosen.name, recipe_of(job) if recipe != "0" else None)
        return picture_response(
            data, chosen.format, PRIVATE | _attachment(f"{file_stem(job)}-{int(number)}.{chosen.format}")
        )

    @router.api_route(ARCHIVE, methods=READING)
    async def archive(request: Request, recipe: str = "1") -> Response:
        job_ids = list(dict.fromkeys(request.query_params.getlist("job")))
        if not 0 < len(job_ids) <= MOST_ARCHIVED_JOBS:
            raise HTTPException(422, NO_JOBS)
        owned = await jobs.find_all(job_ids, requesting_visitor(request))
        if not owned:
            raise HTTPException(404, NOT_FOUND)
        return zipped(request, [owned[job_id] for job_id in job_ids if job_id in owned], recipe, len(job_ids) - len(owned))

    @router.api_route(HISTORY_ARCHIVE, methods=READING)
    async def history_archive(request: Request, recipe: str = "1") -> Response:
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        filters = read_history_query(query, [model.id for model in playground.catalog.models], list(JobState))
        wanted = filters.job_filter(playground.catalog)
        page = await jobs.search(requesting_visitor(request), wanted, MOST_ARCHIVED_JOBS)
        fitting = page.jobs[: count_that_fit([job.pictures for job in page.jobs])]
        return zipped(request, fitting, recipe, page.total - len(fitting))

    def zipped(request: Request, chosen: Sequence[Job], recipe: str, left_out: int) -> Response:
        headers = PRIVATE | _attachment(f"pictures-{datetime.now(UTC):%Y-%m-%d}.zip")
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
            data = await _read_body(request)
            embedded = await asyncio.to_thread(read, data)
        if embedded is None:
            raise HTTPException(422, NO_RECIPE if format_of(data) else NO_PICTURE)
        if catalog.find(embedded.model) is None:
            raise HTTPException(422, NO_MODEL.format(embedded.model[:80]))
        settings: dict[str, Any] = {"model": _usable_model(catalog, embedded.model), "parameters": dict(embedded.parameters)}
        return JSONResponse(settings, headers={"Cache-Control": "no-store"})

    return router


def _usable_model(catalog: Catalog, name: str) -> str:
    """The id of a model that can still be used. Raises HTTPException."""
    try:
        return find_model(catalog, name).id
    except InputError as error:
        raise HTTPException(422, f"This picture cannot be made again. {error.what}") from error


async def _read_body(request: Request) -> bytes:
    """The body, at most LARGEST_UPLOAD bytes. Raises HTTPException if it is larger or too slow."""
    try:
        async with asyncio.timeout(LONGEST_UPLOAD_S):
            return await read_limited(request.stream(), LARGEST_UPLOAD)
    except TooLarge as error:
        raise HTTPException(413, TOO_LARGE) from error
    except TimeoutError as error:
        raise HTTPException(408, SLOW) from error
    except ClientDisconnect as error:
        raise HTTPException(400, NO_PICTURE) from error


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
