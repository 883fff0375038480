"""Routes that serve stored pictures: unguessable names, no content sniffing, and no script in an SVG runs."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from components.pictures.library import PictureLibrary
from components.pictures.thumbnails import ThumbnailCache
from components.views.links import PICTURES

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_routes(pictures: PictureLibrary, copies: ThumbnailCache) -> APIRouter:
    """``GET /pictures/{name}`` and ``/pictures/{name}/small``: what a page shows. Downloads are in ``web.files``."""
    router = APIRouter(prefix=PICTURES)

    @router.get("/{name}")
    async def picture(name: str) -> Response:
        found = await pictures.read(name)
        if found is None:
            raise HTTPException(404, "There is no such picture.")
        media_type = MEDIA_TYPES[name.rpartition(".")[2]]
        if isinstance(found, Path):
            return FileResponse(found, media_type=media_type, headers=HEADERS)
        return Response(found, media_type=media_type, headers=HEADERS)

    @router.get("/{name}/small")
    async def thumbnail(name: str) -> Response:
        copy = await copies.thumbnail(name)
        if copy is None:
            raise HTTPException(404, "There is no such picture.")
        return Response(copy, media_type="image/webp", headers=HEADERS)

    return router
