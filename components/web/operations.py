"""Health and metrics, for the operator and for open pages."""

from __future__ import annotations

import secrets
from math import isfinite

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from components.errors import DatabaseUnavailable
from components.jobs.service import JobService
from components.web.responses import GET_AND_HEAD


def operator_routes(jobs: JobService) -> APIRouter:
    """``GET /healthz``: 200 if the database answers, else 503, with what this process has seen since its start.

    ``GET /metrics``: Prometheus. HEAD works as well.

    ``X-Process`` names the process that answers and ``X-Processes`` says whether there can be others: from these an open
    page learns that the process which holds its state is gone.
    """
    router = APIRouter()
    limit = jobs.pictures.limit if isfinite(jobs.pictures.limit) else None
    headers = {"X-Process": secrets.token_hex(8), "X-Processes": "several" if jobs.store.shared else "one"}

    @router.api_route("/healthz", methods=GET_AND_HEAD)
    async def healthz() -> Response:
        try:
            await jobs.store.get("")
        except DatabaseUnavailable as error:
            return JSONResponse({"status": "failing", "reason": error.what}, 503)
        pictures = {"pictures_bytes": jobs.pictures.size, "pictures_limit_bytes": limit}
        return JSONResponse({"status": "ok", **pictures, **jobs.metrics.summary()}, headers=headers)

    @router.api_route("/metrics", methods=GET_AND_HEAD)
    async def metrics() -> Response:
        return Response(jobs.metrics.text(), media_type=jobs.metrics.media_type)

    return router
