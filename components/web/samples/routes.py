"""The cards of the models, as the panel that they are chosen from fetches them, and the samples on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import HTMLResponse, Response

from components.errors import KeyRefused
from components.playground import KEY_HEADER, Playground
from components.views.links import PICKER, SAMPLES, sample_path
from components.views.models.cards import show_cards
from components.web.responses import GET_AND_HEAD, NO_STORE, PICTURE_HEADERS, picture_response

FOR_EVERYBODY = PICTURE_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
Key = Annotated[str, Header(alias=KEY_HEADER)]


def model_routes(playground: Playground) -> APIRouter:
    """``GET /picker?many=1&search=logo&purpose=edit``: cards as HTML, each with a checkbox if ``many``.

    ``GET /samples/{hash}.webp``: a sample. ``POST /samples/{comparison_id}`` and ``DELETE /samples``, with the host's key
    in the header ``X-API-In-One-Key``: other samples, or none.
    """
    router, samples = APIRouter(), playground.comparisons.samples

    @router.api_route(PICKER, methods=GET_AND_HEAD)
    async def picker(many: bool = False, search: str = "", purpose: str = "") -> HTMLResponse:
        await samples.refresh()
        measured = await playground.jobs.measured()
        cards = show_cards(playground, measured, many=many, search=search[:200], purpose=purpose)
        return HTMLResponse(cards, headers=NO_STORE)

    @router.api_route(sample_path("{name}"), methods=GET_AND_HEAD)
    async def sample(name: str) -> Response:
        return picture_response(await samples.image(name), "webp", FOR_EVERYBODY)

    @router.post(SAMPLES + "/{comparison_id}", status_code=204)
    async def pin(comparison_id: str, key: Key = "") -> None:
        await _change(playground, comparison_id, key)

    @router.delete(SAMPLES, status_code=204)
    async def remove(key: Key = "") -> None:
        await _change(playground, "", key)

    return router


async def _change(playground: Playground, comparison_id: str, key: str) -> None:
    try:
        await playground.pin_samples(comparison_id, key)
    except KeyRefused as error:
        raise HTTPException(403, f"{error.what} {error.next_step}") from None
