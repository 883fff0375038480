"""Kept pictures over HTTP, from our own route: unguessable names, no sniffing, and no script in an SVG runs."""

from __future__ import annotations

import re

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from components.jobs.pictures import PictureStore

PREFIX = "/pictures"
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_routes(pictures: PictureStore) -> APIRouter:
    """``GET /pictures/{name}``; with ``?save=model-task`` it comes as a download under that name."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/{name}")
    async def picture(name: str, save: str = "") -> FileResponse:
        path = pictures.path(name)
        if path is None:
            raise HTTPException(404, "There is no such picture.")
        form = name.rpartition(".")[2]
        filename = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', save)[:100]}.{form}" if save else None
        return FileResponse(path, media_type=MEDIA_TYPES[form], headers=HEADERS, filename=filename)

    return router
