"""Addresses of comparisons: the report for its own visitor, and the page that was published for everybody.

Everything of a published comparison lies below its token, pictures included: once it is revoked, all of it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from components.errors import DatabaseUnavailable, JobNotFound
from components.pictures.thumbnails import MAX_ON_PREVIEW, ThumbnailCache
from components.playground import Playground
from components.views.links import COMPARISONS, PUBLISHED, depth_of, link
from components.views.report_pages import preview_pictures, report_name, write_published, write_report
from components.views.templates import render
from components.views.words import TITLE
from components.web.pictures import HEADERS, MEDIA_TYPES
from components.web.visitors import read_visitor

NO_COMPARISON = "You have no such comparison."
NOT_PUBLISHED = "This comparison is not published, or no longer published."
WRITTEN_AT_ONCE = 2
GUARDS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
PAGE = GUARDS | {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
}
PICTURE = HEADERS | GUARDS
Member = TypeVar("Member")


def publishing_routes(playground: Playground, copies: ThumbnailCache) -> APIRouter:
    """``GET /comparisons/{batch}/report.html``; ``GET /c/{token}``, its ``/{card}/{picture}`` and ``/preview.png``.

    Cards and pictures count from 1. What is not there, not any more, or another visitor's is the same 404.
    """
    router = APIRouter()
    site, reading = Site(playground, copies), ["GET", "HEAD"]

    @router.get(COMPARISONS + "/{batch_id}/report.html")
    async def report(batch_id: str, request: Request) -> Response:
        visitor = read_visitor(request.headers.get("cookie", ""))
        return await _answer(site.report(batch_id, visitor), NO_COMPARISON, request)

    @router.api_route(PUBLISHED + "/{token}", methods=reading)
    async def published(token: str, request: Request) -> Response:
        # A proxy may not tell the scheme that the visitor's browser sees.
        origin = playground.public_address or str(request.base_url).rstrip("/")
        return await _answer(site.page(token, origin), NOT_PUBLISHED, request)

    @router.api_route(PUBLISHED + "/{token}/preview.png", methods=reading)
    async def preview(token: str, request: Request) -> Response:
        return await _answer(site.preview(token), NOT_PUBLISHED, request)

    @router.api_route(PUBLISHED + "/{token}/{card}/{number}", methods=reading)
    async def picture(token: str, card: str, number: str, request: Request) -> Response:
        return await _answer(site.picture(token, card, number), NOT_PUBLISHED, request)

    return router


class Site:
    """What the routes answer. Every method raises JobNotFound, DatabaseUnavailable."""

    def __init__(self, playground: Playground, copies: ThumbnailCache) -> None:
        self._services = playground
        self._comparisons = playground.comparisons
        self._pictures = playground.jobs.pictures
        self._copies = copies
        self._writing = asyncio.Semaphore(WRITTEN_AT_ONCE)

    async def report(self, batch_id: str, visitor: str) -> Response:
        """The HTML file of this visitor's comparison."""
        batch = await self._comparisons.find(batch_id, visitor)
        async with self._writing:
            file = await write_report(self._services, *await self._comparisons.current(batch))
        disposition = f'attachment; filename="{report_name(batch)}"'
        return HTMLResponse(file, headers=GUARDS | {"Content-Disposition": disposition})

    async def page(self, token: str, origin: str) -> Response:
        """The published comparison."""
        batch, jobs = await self._comparisons.published(token)
        return HTMLResponse(write_published(self._services.catalog, batch, jobs, token, origin), headers=PAGE)

    async def preview(self, token: str) -> Response:
        """What other sites show of it."""
        batch, jobs = await self._comparisons.published(token)
        shown = preview_pictures(batch, jobs)[:MAX_ON_PREVIEW]
        png = await self._copies.preview([kept.name for kept in shown])
        if png is None:
            raise JobNotFound("There is no picture that a preview can show.")
        return Response(png, media_type="image/png", headers=PICTURE | {"Cross-Origin-Resource-Policy": "cross-origin"})

    async def picture(self, token: str, card: str, number: str) -> Response:
        """One picture of it, as it was kept."""
        batch, jobs = await self._comparisons.published(token)
        shown = _at(batch.cards, card)
        job = jobs.get(shown.job) if shown else None
        kept = _at(job.pictures, number) if job else None
        found = await self._pictures.read(kept.name) if kept else None
        if kept is None or found is None:
            raise JobNotFound("There is no such picture in this comparison.")
        media_type = MEDIA_TYPES[kept.format]
        if isinstance(found, Path):
            return FileResponse(found, media_type=media_type, headers=PICTURE)
        return Response(found, media_type=media_type, headers=PICTURE)


async def _answer(work: Awaitable[Response], missing: str, request: Request) -> Response:
    """The response, or a page that says in one sentence why there is none."""
    try:
        return await work
    except JobNotFound:
        return _said(missing, 404, request)
    except DatabaseUnavailable as error:
        return _said(error.what, 503, request)


def _said(sentence: str, status: int, request: Request) -> Response:
    depth = depth_of(request.url.path.removeprefix(request.scope.get("root_path", "")))
    page = render("report_missing", sentence=sentence, product=TITLE, home=link("/", depth) or "./")
    return HTMLResponse(page, status, headers=PAGE)


def _at(members: Sequence[Member], number: str) -> Member | None:
    """The member that a number of an address stands for, which counts from 1; None for anything else."""
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 0
    return members[place - 1] if 0 < place <= len(members) else None
