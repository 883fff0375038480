"""The route that receives the API's callbacks."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from components.jobs import callbacks
from components.jobs.service import JobService
from components.web.requests import read_body


def callback_routes(jobs: JobService) -> APIRouter:
    """``POST /callbacks/{job}/{secret}``: 204, or 404 for everything but exactly an address that was sent to the API."""
    router = APIRouter(prefix=callbacks.PREFIX)

    @router.post("/{job_id}/{secret}")
    async def callback(job_id: str, secret: str, request: Request) -> Response:
        body = await read_body(request, callbacks.LARGEST_BODY)
        if not await jobs.recovery.callback(job_id, secret, body):
            raise HTTPException(404, "Not found.")
        return Response(status_code=204)

    return router
