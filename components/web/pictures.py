"""Routes that serve stored pictures: unguessable names, no content sniffing, and no script in an SVG runs."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from components.pictures.library import PictureLibrary
from components.views.links import PICTURES

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_routes(pictures: PictureLibrary) -> APIRouter:
    """``GET /pictures/{name}``: what a page shows. Downloads, which hold their recipe, are ``ui.files``."""
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

    return router
