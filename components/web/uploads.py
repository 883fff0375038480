"""Routes of uploads: a visitor's own picture gets a web address, from which the API fetches it."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from components.errors import InputError, PictureNotSaved
from components.jobs.job import Job
from components.pictures.uploads import LARGEST_BYTES, PREFIX, TOO_LARGE, Uploads
from components.playground.visits import browser_visitor
from components.web.responses import GET_AND_HEAD, NO_STORE, PICTURE_HEADERS, picture_response

# Another site cannot send it: a browser asks first whether it may, and gets no permission.
HEADER = "x-playground-upload"
NOT_FROM_PAGE = (
    "Uploads are accepted only from this page, in a browser that keeps its cookie. Reload the page and try again."
)


def upload_routes(uploads: Uploads) -> APIRouter:
    """``POST /uploads`` with a picture as the body, ``GET /uploads/{name}`` for everybody, ``DELETE`` for its visitor."""
    router = APIRouter(prefix=PREFIX)

    @router.post("")
    async def upload(request: Request) -> Response:
        visitor = _visitor(request)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > LARGEST_BYTES:
            return JSONResponse({"detail": TOO_LARGE}, 413)
        try:
            stored = await uploads.keep(visitor, request.stream())
        except InputError as error:
            return JSONResponse({"detail": error.what}, 400)
        except PictureNotSaved as error:
            return JSONResponse({"detail": error.what}, 503)
        except ClientDisconnect:
            return Response(status_code=400)
        size = {"width": stored.width, "height": stored.height}
        return JSONResponse({"url": stored.address, **size, "expires_in_s": stored.expires_in_s}, 201)

    @router.api_route("/{name}", methods=GET_AND_HEAD)
    async def picture(name: str) -> Response:
        return picture_response(await uploads.read(name), name.rpartition(".")[2], PICTURE_HEADERS | NO_STORE)

    @router.delete("/{name}")
    async def remove(name: str, request: Request) -> Response:
        if not await uploads.remove(name, _visitor(request)):
            raise HTTPException(404, "You have no such picture.")
        return Response(status_code=204)

    return router


def follow_job(uploads: Uploads, job: Job) -> None:
    """Keep the uploads that a job uses until some time after it has ended."""
    values = [value if isinstance(value, list) else [value] for value in job.body.values()]
    uploads.follow([item for items in values for item in items if isinstance(item, str)], ended=job.ended)


def _visitor(request: Request) -> str:
    """The visitor. Raises HTTPException unless the request comes from this application's page."""
    visitor = browser_visitor(request.cookies)
    if not visitor or HEADER not in request.headers:
        raise HTTPException(403, NOT_FROM_PAGE)
    return visitor
