"""The two tables as CSV files, from plain addresses: nothing is written to a disk for a download."""

from __future__ import annotations

from fastapi import APIRouter, Query
from fastapi.responses import Response

from components.catalog.models import Catalog
from components.jobs.service import JobService
from components.views.links import MODELS_CSV, PLANS_CSV
from components.views.tables import MODELS, PLANS, models_frame, plans_frame, safe_csv


def download_routes(catalog: Catalog, runner: JobService) -> APIRouter:
    """``GET /models.csv`` and ``GET /plans.csv?pictures=1000&budget=50`` (pictures a month, dollars)."""
    router = APIRouter()

    @router.get(MODELS_CSV)
    async def models() -> Response:
        return _file(safe_csv(models_frame(catalog, await runner.measured()), ("id", *MODELS)), "models.csv")

    @router.get(PLANS_CSV)
    async def plans(pictures: float = Query(1000, ge=0, le=1e9), budget: float = Query(50, ge=0, le=1e9)) -> Response:
        return _file(safe_csv(plans_frame(catalog, pictures, budget), ("id", *PLANS)), "plans.csv")

    return router


def _file(text: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=disposition)
