"""A picture of the visitor's own becomes a web address."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.requests import ClientDisconnect

from components.errors import InputError, PictureNotSaved
from components.jobs.job import Job
from components.pictures.uploads import LARGEST_BYTES, PREFIX, TOO_LARGE, Uploads
from components.web.pictures import HEADERS, MEDIA_TYPES
from components.web.visitors import read_visitor

# No other site can send it: a browser asks us first whether it may, and is not told that.
HEADER = "x-playground-upload"
STRANGER = "Uploads are accepted only from this page, in a browser that keeps its cookie. Reload the page and try again."


def upload_routes(uploads: Uploads) -> APIRouter:
    """``POST /uploads`` with a picture as its body, ``GET /uploads/{name}`` for everybody, ``DELETE`` for whose it is."""
    router = APIRouter(prefix=PREFIX)

    @router.post("")
    async def upload(request: Request) -> Response:
        visitor = _visitor(request)
        if uploads.refused:
            return JSONResponse({"detail": uploads.refused}, 409)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > LARGEST_BYTES:
            return JSONResponse({"detail": TOO_LARGE}, 413)
        try:
            kept = await uploads.keep(visitor, request.stream())
        except InputError as error:
            return JSONResponse({"detail": error.what}, 400)
        except PictureNotSaved as error:
            return JSONResponse({"detail": error.what}, 503)
        except ClientDisconnect:
            return Response(status_code=400)
        told = {"url": kept.address, "width": kept.width, "height": kept.height, "expires_in_s": kept.expires_in_s}
        return JSONResponse(told, 201)

    @router.api_route("/{name}", methods=["GET", "HEAD"])
    async def picture(name: str) -> Response:
        found = await uploads.read(name)
        if found is None:
            raise HTTPException(404, "There is no such picture, or not any more.")
        media_type = MEDIA_TYPES[name.rpartition(".")[2]]
        return FileResponse(found, media_type=media_type, headers=HEADERS | {"Cache-Control": "no-store"})

    @router.delete("/{name}")
    async def remove(name: str, request: Request) -> Response:
        if not await uploads.remove(name, _visitor(request)):
            raise HTTPException(404, "There is no such picture of yours.")
        return Response(status_code=204)

    return router


def follow_job(uploads: Uploads, job: Job) -> None:
    """Keep the uploads that a job uses until some time after it has ended."""
    values = [value if isinstance(value, list) else [value] for value in job.body.values()]
    uploads.follow([item for items in values for item in items if isinstance(item, str)], ended=job.ended)


def _visitor(request: Request) -> str:
    """Who asks. Raises HTTPException for what does not come from a page of ours."""
    visitor = read_visitor(request.headers.get("cookie", ""))
    ours = request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and HEADER in request.headers
    if not visitor or not ours:
        raise HTTPException(403, STRANGER)
    return visitor
