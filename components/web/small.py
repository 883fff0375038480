"""Small copies of kept pictures, for where many are shown at once: made when they are first asked for."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from components.pictures.library import PictureLibrary
from components.pictures.thumbnails import small_copy
from components.views.links import PICTURES
from components.web.pictures import HEADERS

KEPT_BYTES = 32_000_000
DRAWN_AT_ONCE = 2


def small_routes(pictures: PictureLibrary) -> APIRouter:
    """``GET /pictures/{name}/small``: a WebP; 404 for what is not kept any more, or cannot be made smaller."""
    router, copies = APIRouter(prefix=PICTURES), SmallCopies(pictures)

    @router.get("/{name}/small")
    async def small(name: str) -> Response:
        copy = await copies.get(name)
        if copy is None:
            raise HTTPException(404, "There is no such picture.")
        return Response(copy, media_type="image/webp", headers=HEADERS)

    return router


class SmallCopies:
    """The copies that were asked for last, at most ``most`` bytes. A picture that is deleted has none any more.

    ``held`` is how many bytes there are.
    """

    def __init__(self, pictures: PictureLibrary, most: int = KEPT_BYTES) -> None:
        self.held = 0
        self._pictures = pictures
        self._most = most
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def get(self, name: str) -> bytes | None:
        """The copy as WebP, or None."""
        if name in self._kept:
            if not await self._pictures.has(name):
                self.held -= len(self._kept.pop(name, b""))
                return None
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        async with self._drawing:
            found = await self._pictures.read(name)
            copy = await asyncio.to_thread(small_copy, found) if found is not None else None
        if copy is not None:
            self._keep(name, copy)
        return copy

    def _keep(self, name: str, copy: bytes) -> None:
        self.held += len(copy) - len(self._kept.pop(name, b""))
        self._kept[name] = copy
        while self.held > self._most:
            self.held -= len(self._kept.popitem(last=False)[1])
