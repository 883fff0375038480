"""The two price tables as CSV files, written when they are requested."""

from __future__ import annotations

from fastapi import APIRouter, Query
from fastapi.responses import Response

from components.playground import Playground
from components.views.links import MODELS_CSV, PLANS_CSV
from components.views.tables import MODELS, PLANS, models_frame, plans_frame, safe_csv
from components.web.pictures import READING


def table_routes(playground: Playground) -> APIRouter:
    """``GET /models.csv`` and ``GET /plans.csv?pictures=1000&budget=50`` (pictures and US dollars a month)."""
    router, catalog = APIRouter(), playground.catalog

    @router.api_route(MODELS_CSV, methods=READING)
    async def models() -> Response:
        frame = models_frame(catalog, await playground.jobs.measured())
        return _csv(safe_csv(frame, ("id", *MODELS)), "models.csv")

    @router.api_route(PLANS_CSV, methods=READING)
    async def plans(pictures: float = Query(1000, ge=0, le=1e9), budget: float = Query(50, ge=0, le=1e9)) -> Response:
        return _csv(safe_csv(plans_frame(catalog, pictures, budget), ("id", *PLANS)), "plans.csv")

    return router


def _csv(text: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=disposition)
