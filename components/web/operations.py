"""Health and metrics, for the operator."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from components.errors import DatabaseUnavailable
from components.jobs.service import JobService


def operator_routes(jobs: JobService) -> APIRouter:
    """``GET /healthz``: 200 while the records answer, else 503. ``GET /metrics``: Prometheus.

    ``X-Boot`` changes when the process does: an open page learns from it that the server was restarted.
    """
    router = APIRouter()
    boot = secrets.token_hex(8)

    @router.get("/healthz")
    async def healthz() -> Response:
        try:
            await jobs.store.get("")
        except DatabaseUnavailable as error:
            return JSONResponse({"status": "failing", "reason": error.what}, 503)
        return JSONResponse({"status": "ok"}, headers={"X-Boot": boot})

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(jobs.metrics.text(), media_type=jobs.metrics.media_type)

    return router
