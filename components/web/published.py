"""Routes of comparisons: the report for its own visitor, and the page of a published one for everybody.

Everything of a published comparison lies below its token, pictures included: once it is revoked, all of it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from components.errors import DatabaseUnavailable, NotFound
from components.pictures.thumbnails import MAX_ON_PREVIEW, ThumbnailCache
from components.playground import Playground
from components.views.fonts import served_fonts
from components.views.links import COMPARISONS, PUBLISHED, depth_of, link
from components.views.report import preview_pictures, report_name, write_published, write_report
from components.views.templates import render
from components.views.words import TITLE
from components.web.responses import GET_AND_HEAD, PICTURE_HEADERS, UNLISTED, attachment, numbered, picture_response
from components.web.visitors import requesting_visitor

NO_COMPARISON = "You have no such comparison."
NOT_PUBLISHED = "This comparison is not published, or no longer published."
REPORTS_AT_ONCE = 2
PAGE_POLICY = (
    "default-src 'none'; img-src 'self'; font-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
PAGE = UNLISTED | {"Content-Security-Policy": PAGE_POLICY}
PICTURE = PICTURE_HEADERS | UNLISTED
PREVIEW = PICTURE | {"Cross-Origin-Resource-Policy": "cross-origin"}  # shown by other sites beside a link


class PageRoute(APIRoute):
    """A route that people open: it says on a page, in one sentence, why there is nothing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Handle a request; NotFound and DatabaseUnavailable are answered with a page."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except NotFound:
                sentence, status = NO_COMPARISON if self.path.startswith(COMPARISONS) else NOT_PUBLISHED, 404
            except DatabaseUnavailable as error:
                sentence, status = error.what, 503
            depth = depth_of(request.scope["path"])
            home, fonts = link("/", depth) or "./", served_fonts(depth)
            page = render("report_missing", sentence=sentence, product=TITLE, home=home, fonts=fonts)
            return HTMLResponse(page, status, headers=PAGE)

        return handle_or_explain


def comparison_routes(playground: Playground, thumbnails: ThumbnailCache) -> APIRouter:
    """``GET /comparisons/{id}/report.html``; ``GET /c/{token}``, its ``/{card}/{picture}`` and ``/preview.png``.

    Cards and pictures count from 1. A comparison that is another visitor's, was revoked or never existed is the same 404.
    """
    router, comparisons = APIRouter(route_class=PageRoute), playground.comparisons
    writing = asyncio.Semaphore(REPORTS_AT_ONCE)

    @router.api_route(COMPARISONS + "/{comparison_id}/report.html", methods=GET_AND_HEAD)
    async def report(comparison_id: str, request: Request) -> Response:
        comparison = await comparisons.find(comparison_id, requesting_visitor(request))
        async with writing:
            file = await write_report(playground, *await comparisons.current(comparison))
        return HTMLResponse(file, headers=UNLISTED | attachment(report_name(comparison)))

    @router.api_route(PUBLISHED + "/{token}", methods=GET_AND_HEAD)
    async def page(token: str, request: Request) -> Response:
        comparison, jobs = await comparisons.published(token)
        html = write_published(playground.catalog, comparison, jobs, token, playground.origin(str(request.base_url)))
        return HTMLResponse(html, headers=PAGE)

    @router.api_route(PUBLISHED + "/{token}/preview.png", methods=GET_AND_HEAD)
    async def preview(token: str) -> Response:
        chosen = preview_pictures(*await comparisons.published(token))[:MAX_ON_PREVIEW]
        png = await thumbnails.preview([picture.name for picture in chosen])
        if png is None:
            raise NotFound("No picture of this comparison can be shown in a preview.")
        return picture_response(png, "png", PREVIEW)

    @router.api_route(PUBLISHED + "/{token}/{card}/{number}", methods=GET_AND_HEAD)
    async def picture(token: str, card: str, number: str) -> Response:
        comparison, jobs = await comparisons.published(token)
        on_card = numbered(comparison.cards, card)
        job = jobs.get(on_card.job) if on_card else None
        chosen = numbered(job.pictures, number) if job else None
        content = await playground.jobs.pictures.read(chosen.name) if chosen else None
        if chosen is None or content is None:
            raise NotFound("There is no such picture in this comparison.")
        return picture_response(content, chosen.format, PICTURE)

    return router
