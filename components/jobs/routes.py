"""Over HTTP: kept pictures from our own route, the callbacks, and what an operator watches.

Pictures have unguessable names, are not sniffed, and no script in an SVG runs.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from components.errors import RecordsUnavailable
from components.jobs import doorbell
from components.jobs.pictures import PictureStore
from components.jobs.runner import Runner

PREFIX = "/pictures"
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_routes(pictures: PictureStore) -> APIRouter:
    """``GET /pictures/{name}``: what a page shows. Downloads, which hold their recipe, are ``ui.files``."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/{name}")
    async def picture(name: str) -> Response:
        found = await pictures.read(name)
        if found is None:
            raise HTTPException(404, "There is no such picture.")
        media_type = MEDIA_TYPES[name.rpartition(".")[2]]
        if isinstance(found, Path):
            return FileResponse(found, media_type=media_type, headers=HEADERS)
        return Response(found, media_type=media_type, headers=HEADERS)

    return router


def callback_routes(runner: Runner) -> APIRouter:
    """``POST /callbacks/{job}/{secret}``: 204, or 404 for whatever is not exactly an address that was given out."""
    router = APIRouter(prefix=doorbell.PREFIX)

    @router.post("/{job_id}/{secret}")
    async def callback(job_id: str, secret: str, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > doorbell.LARGEST_BODY:
                raise HTTPException(413, "The body is too large.")
        try:
            known = await runner.ring(job_id, secret, bytes(body))
        except RecordsUnavailable as error:
            raise HTTPException(503, "Try again later.") from error
        if not known:
            raise HTTPException(404, "Not found.")
        return Response(status_code=204)

    return router


def operator_routes(runner: Runner) -> APIRouter:
    """``GET /healthz``: 200 while the records answer, else 503. ``GET /metrics``: Prometheus.

    ``X-Boot`` changes when the process does: an open page learns from it that the server was restarted.
    """
    router = APIRouter()
    boot = secrets.token_hex(8)

    @router.get("/healthz")
    async def healthz() -> Response:
        try:
            await runner.store.get("")
        except RecordsUnavailable as error:
            return JSONResponse({"status": "failing", "reason": error.what}, 503)
        return JSONResponse({"status": "ok"}, headers={"X-Boot": boot})

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(runner.metrics.text(), media_type=runner.metrics.media_type)

    return router
