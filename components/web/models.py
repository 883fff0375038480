"""The cards of the models, as the panel that they are chosen from fetches them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from components.playground import Playground
from components.views.links import PICKER
from components.views.models.cards import show_cards
from components.web.pictures import READING


def model_routes(playground: Playground) -> APIRouter:
    """``GET /picker?many=1&search=logo&purpose=edit``: cards as HTML, each with a checkbox if ``many``."""
    router = APIRouter()

    @router.api_route(PICKER, methods=READING)
    async def picker(many: bool = False, search: str = "", purpose: str = "") -> HTMLResponse:
        measured = await playground.jobs.measured()
        cards = show_cards(playground, measured, many=many, search=search[:200], purpose=purpose)
        return HTMLResponse(cards, headers={"Cache-Control": "no-store"})

    return router
