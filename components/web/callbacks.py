"""The route that receives the API's callbacks."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from components.errors import DatabaseUnavailable
from components.jobs import callbacks
from components.jobs.service import JobService


def callback_routes(jobs: JobService) -> APIRouter:
    """``POST /callbacks/{job}/{secret}``: 204, or 404 for whatever is not exactly an address that was given out."""
    router = APIRouter(prefix=callbacks.PREFIX)

    @router.post("/{job_id}/{secret}")
    async def callback(job_id: str, secret: str, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > callbacks.LARGEST_BODY:
                raise HTTPException(413, "The body is too large.")
        try:
            known = await jobs.callback(job_id, secret, bytes(body))
        except DatabaseUnavailable as error:
            raise HTTPException(503, "Try again later.") from error
        if not known:
            raise HTTPException(404, "Not found.")
        return Response(status_code=204)

    return router
