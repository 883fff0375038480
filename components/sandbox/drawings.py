"""The routes of the drawings: the pictures of tasks that have ended, and an example of every model."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zlib import crc32

from cachetools import LRUCache
from fastapi import APIRouter
from fastapi.responses import Response

from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.sandbox.answers import failure
from components.sandbox.art.drawing import LONGEST_SIDE, draw, draw_small, picture_format
from components.sandbox.art.manners import assign_manners
from components.sandbox.tasks import TaskStore

CACHE_BYTES = 64_000_000
DRAWN_AT_ONCE = 2
_FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
UNCHANGING = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}


class DrawingCache:
    """The latest drawings, up to CACHE_BYTES in all; DRAWN_AT_ONCE at a time are drawn, in threads."""

    def __init__(self) -> None:
        self._files: LRUCache[str, bytes] = LRUCache(CACHE_BYTES, getsizeof=len)
        self._slots = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def get(self, key: str, drawing: Callable[[], bytes]) -> bytes:
        """The file kept under a key, drawn where there is none."""
        content = self._files.get(key)
        if content is None:
            async with self._slots:
                content = self._files.get(key)  # another request may have drawn it meanwhile
                if content is None:
                    content = self._files[key] = await asyncio.to_thread(drawing)
        return content


def drawing_routes(catalog: Catalog, tasks: TaskStore, longest: int = LONGEST_SIDE) -> APIRouter:
    """``GET /files/{task_id}/{number}.{format}``, ``/examples/{model_id}`` and, small, ``/examples/{model_id}/{version}.webp``.

    Any version gives the present drawing; an address with the version of a former one is no longer asked for. No side of
    a drawing is longer than ``longest`` pixels.
    """
    router, drawings, manners = APIRouter(), DrawingCache(), assign_manners(catalog)

    @router.get("/files/{task_id}/{name}")
    async def file(task_id: str, name: str) -> Response:
        task, number = tasks.find(task_id), name.partition(".")[0]
        if task is None or not task.has_pictures(time.monotonic()):
            return failure(404, "No such file.", "not_found")
        if not re.fullmatch("[1-9][0-9]?", number) or int(number) > task.request.count:
            return failure(404, "No such file.", "not_found")
        kind, square = picture_format(task.request), task.fault == "square"
        chance = crc32(task_id.encode())  # without a seed a model draws something else each time
        manner = manners[task.request.model.id]
        drawing = partial(
            draw,
            task.request,
            manner,
            kind,
            index=int(number),
            chance=chance,
            square=square,
            longest=longest,
            named=task.named,
        )
        return _file(await drawings.get(f"{task_id}/{number}", drawing), kind)

    def example_of(model_id: str) -> Request | None:
        model = catalog.find(model_id)
        return build_request(catalog, model.id, model.example) if model and model.runnable and model.example else None

    @router.get("/examples/{model_id}")
    async def example(model_id: str) -> Response:
        request = example_of(model_id)
        if request is None:
            return failure(404, "No such example.", "not_found")
        # As WebP a thirtieth of a PNG's size: the page shows all examples when it opens.
        kind = "svg" if picture_format(request) == "svg" else "webp"
        model = request.model.id
        return _file(await drawings.get(model, partial(draw, request, manners[model], kind, longest=longest)), kind)

    @router.get("/examples/{model_id}/{version}.webp")
    async def small_example(model_id: str, version: str) -> Response:
        request = example_of(model_id)
        if request is None:
            return failure(404, "No such example.", "not_found")
        drawing = partial(draw_small, request, manners[request.model.id])
        return _file(await drawings.get(f"{request.model.id}/small", drawing), "webp", UNCHANGING)

    return router


def drawings_version() -> str:
    """Changes when the program draws differently, and with it the address of every drawing that a browser may keep."""
    sources = sorted((Path(__file__).parent / "art").glob("*.py"))
    return f"{crc32(b''.join(path.read_bytes() for path in sources)):08x}"


def _file(content: bytes, kind: str, caching: str = "private, max-age=3600") -> Response:
    return Response(content, media_type=_MEDIA_TYPES[kind], headers=_FILE_HEADERS | {"Cache-Control": caching})
