"""The voting page for everybody who knows its link: its screens, pictures and votes. Nothing here asks the API.

The address of a picture says which screen and which position, and every picture is made anew in one format and size.
"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel

from components.evaluation.voting.ballots import Question
from components.evaluation.voting.service import voter_id
from components.playground import Playground
from components.views.evaluation.voting import (
    SCRIPT_HASH,
    describe_revealed,
    describe_screen,
    show_voting_page,
)
from components.views.links import VOTING
from components.web.responses import GET_AND_HEAD, NO_SUCH_PICTURE, UNLISTED
from components.web.visitors import requesting_visitor

POLICY = (
    f"default-src 'none'; img-src 'self'; font-src 'self'; connect-src 'self'; script-src 'sha256-{SCRIPT_HASH}'; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
PAGE = UNLISTED | {"Content-Security-Policy": POLICY}


class Vote(BaseModel):
    """The body of a vote: ``best`` and ``worst`` are positions from 1, 0 for none."""

    verdict: str
    best: int = 0
    worst: int = 0
    seconds: float = 0.0


def voting_routes(playground: Playground) -> APIRouter:
    """``GET /vote/{token}``, ``/screen``, ``/{screen}/{number}.webp``; ``POST /vote/{token}/{screen}`` and ``/undo``.

    ``?voter=`` of each is the name that the voting link gives.
    """
    router, voting, catalog = APIRouter(prefix=VOTING), playground.evaluations.voting, playground.catalog

    @router.api_route("/{token}", methods=GET_AND_HEAD)
    async def page(token: str) -> Response:
        return HTMLResponse(show_voting_page(await voting.find(token)), headers=PAGE)

    @router.get("/{token}/screen")
    async def screen(
        token: str, request: Request, question: Question = Question.PREFERENCE, size: int = 4, voter: str = ""
    ) -> Response:
        shown = await voting.screen(token, _voter_id(request, token, voter), question, size)
        return JSONResponse(describe_screen(shown), headers=UNLISTED)

    @router.get("/{token}/{screen_id}/{number}.webp")
    async def picture(token: str, screen_id: str, number: int) -> Response:
        copy = await voting.picture(token, screen_id, number)
        if copy is None:
            raise HTTPException(404, NO_SUCH_PICTURE)
        return Response(copy, media_type="image/webp", headers=UNLISTED)

    @router.post("/{token}/undo")
    async def undo(token: str, request: Request, question: Question = Question.PREFERENCE, voter: str = "") -> Response:
        undone = await voting.undo(token, _voter_id(request, token, voter), question)
        return JSONResponse({"undone": undone}, headers=UNLISTED)

    @router.post("/{token}/{screen_id}")
    async def vote(token: str, screen_id: str, cast: Vote, request: Request, voter: str = "") -> Response:
        recorded = _voter_id(request, token, voter)
        revealed = await voting.vote(token, recorded, screen_id, cast.verdict, cast.best, cast.worst, cast.seconds)
        return JSONResponse({"pictures": describe_revealed(catalog, revealed)}, headers=UNLISTED)

    return router


def _voter_id(request: Request, token: str, name: str) -> str:
    return voter_id(token, requesting_visitor(request), name)
