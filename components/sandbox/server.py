"""The sandbox as an ASGI application: the service's two routes with its response and error bodies, picture files, a page.

The product mounts it under ``/sandbox``; the tests serve it alone.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from cachetools import LRUCache
from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse, JSONResponse, Response

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import price
from components.catalog.requests import Request, build_request
from components.errors import InputError
from components.sandbox.art.drawing import draw, picture_format
from components.sandbox.art.manners import assign_manners
from components.sandbox.journal import Journal
from components.sandbox.page import page
from components.sandbox.tasks import MOST_PICTURES, Task, TaskStore

LARGEST_BODY = 131_072  # bytes
CACHE_BYTES = 64_000_000
DRAWN_AT_ONCE = 2
_FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=3600",
}
_MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}


def create_sandbox(catalog: Catalog, speed: float = 1.0, public_url: str = "", journal_file: Path | None = None) -> FastAPI:
    """The sandbox as an ASGI application.

    Args:
        speed: divides every run time; 1.0 is the service's own pace, tests use more.
        public_url: the product's public address; result links start with it when a request came in that way.
        journal_file: where accepted tasks are written, so that they outlive the process.
    """
    app = FastAPI(title="API in One sandbox", openapi_url=None, docs_url=None, redoc_url=None)
    tasks, drawings, manners = TaskStore(speed), DrawingCache(), assign_manners(catalog)
    journal = Journal(journal_file, catalog) if journal_file else None
    if journal:
        tasks.restore(journal.read())

    @app.get("/", response_class=HTMLResponse)
    async def index(http: HttpRequest) -> str:
        return page(_base_url(http, public_url), catalog.endpoint)

    @app.post(catalog.endpoint.create)
    async def create(http: HttpRequest) -> Response:
        if not _has_key(http):
            return _unauthorised()
        try:
            request = _read_request(catalog, await _read_body(http))
        except InputError as error:
            return _error(400, error.what, "bad_request")
        task = tasks.accept(request)
        if journal:
            await asyncio.to_thread(journal.add, task)
        return _created(tasks, task)

    @app.get(catalog.endpoint.status)
    async def status(task_id: str, http: HttpRequest) -> Response:
        if not _has_key(http):
            return _unauthorised()
        task = tasks.find(task_id)
        return _status(task, catalog, _base_url(http, public_url)) if task else _error(404, "No such task.", "not_found")

    @app.get("/files/{task_id}/{name}")
    async def file(task_id: str, name: str) -> Response:
        task, number = tasks.find(task_id), name.partition(".")[0]
        ended = task is not None and task.rehearsal != "gone" and task.progress(time.monotonic()) >= 1
        if task is None or not ended or not re.fullmatch("[1-9][0-9]?", number) or int(number) > task.request.count:
            return _error(404, "No such file.", "not_found")
        kind, square = picture_format(task.request), task.rehearsal == "square"
        chance = crc32(task_id.encode())  # without a seed a model draws something else each time
        manner = manners[task.request.model.id]
        drawing = partial(draw, task.request, manner, kind, index=int(number), chance=chance, square=square)
        return _file(await drawings.get(f"{task_id}/{number}", drawing), kind)

    @app.get("/examples/{model_id}")
    async def example(model_id: str) -> Response:
        model = catalog.find(model_id)
        if model is None or not model.runnable or not model.example:
            return _error(404, "No such example.", "not_found")
        request = build_request(catalog, model.id, model.example)
        # As WebP a thirtieth of a PNG's size: the page shows all examples when it opens.
        kind = "svg" if picture_format(request) == "svg" else "webp"
        return _file(await drawings.get(model.id, partial(draw, request, manners[model.id], kind)), kind)

    return app


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


def _file(content: bytes, kind: str) -> Response:
    return Response(content, media_type=_MEDIA_TYPES[kind], headers=_FILE_HEADERS)


def _created(tasks: TaskStore, task: Task) -> Response:
    match task.rehearsal:
        case "key":
            return _error(401, "Invalid API key", "authentication_error")
        case "credits":
            return _error(402, "Insufficient credits", "insufficient_credits")
        case "moderation":
            return _error(400, "The prompt was rejected by the content policy", "bad_request")
        case "rate" if tasks.first_time(task.request.prompt):
            return _error(429, "Too many requests", "rate_limit_error", {"Retry-After": "1"})
        case "upstream":
            return _error(500, "Internal error", "server_error")
        case "broken":
            return Response('{"code":200,"message":"success","data":{"task_id":"n', media_type="application/json")
    return _success({"task_id": task.id, "status": "IN_PROGRESS"})


def _status(task: Task, catalog: Catalog, base_url: str) -> Response:
    task.polls += 1
    if task.rehearsal == "blip" and task.polls <= 2:
        return _error(503, "Service unavailable", "server_error")
    if task.rehearsal == "html":
        return HTMLResponse("<!doctype html><title>Just a moment</title>")
    data: dict[str, Any] = {"task_id": task.id, "status": "IN_PROGRESS", "request": task.request.body}
    if task.rehearsal == "word":
        data["status"] = "THAWING"
    elif task.progress(time.monotonic()) >= 1:
        data |= _outcome(task, catalog, base_url)
    return _success(data)


def _outcome(task: Task, catalog: Catalog, base_url: str) -> dict[str, Any]:
    if task.rehearsal in ("failed", "moderated-later"):
        reason = "The model crashed" if task.rehearsal == "failed" else "Blocked by the safety system"
        return {"status": "failed", "error_message": reason}
    count, kind = 0 if task.rehearsal == "empty" else task.request.count, picture_format(task.request)
    images = [{"url": f"{base_url}/files/{task.id}/{number}.{kind}"} for number in range(1, count + 1)]
    credits = price(catalog, task.request).credits
    return {"status": "completed", "output": {"images": images}, "credits_consumed": credits, "sandbox": True}


def _success(data: dict[str, Any]) -> Response:
    return JSONResponse({"code": 200, "message": "success", "data": data})


def _error(status: int, message: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": status, "message": message, "type": kind}}, status, headers)


def _has_key(http: HttpRequest) -> bool:
    scheme, _, key = http.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(key.strip())


def _unauthorised() -> Response:
    return _error(401, "Send the header Authorization: Bearer <any text>.", "authentication_error")


async def _read_body(http: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request of at most LARGEST_BODY bytes. Raises InputError."""
    content = bytearray()
    async for chunk in http.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise InputError("body", f"The body is larger than {LARGEST_BODY:,} bytes.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError("body", "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InputError("body", "The body must be a JSON object.")
    return body


def _read_request(catalog: Catalog, body: dict[str, Any]) -> Request:
    """The request in a body, validated against the catalog. Raises InputError."""
    model, variant = _find_model(catalog, body.get("model"))
    parameters = {name: value for name, value in body.items() if name != "model"}
    if model.webhook:
        parameters.pop("callback_url", None)
    if variant:
        parameters["model"] = variant
    request = build_request(catalog, model.id, parameters)
    if request.count > MOST_PICTURES:
        field = model.by_role(Role.COUNT) or "count"
        raise InputError(field, f"{field}: the sandbox draws at most {MOST_PICTURES} pictures a task.")
    return request


def _find_model(catalog: Catalog, name: object) -> tuple[Model, str]:
    """The model with this id, alias or variant, and the variant where it is one. Raises InputError."""
    if not isinstance(name, str):
        raise InputError("model", "model: is required.")
    for model in catalog.models:
        if name in model.variants:
            return model, name
    found = catalog.find(name)
    if found is None:
        raise InputError("model", f"model: there is no model {name!r}.")
    return found, ""


def _base_url(http: HttpRequest, public_url: str) -> str:
    """Where the caller reached the sandbox, so that result links lead back the same way."""
    public = urlsplit(public_url)
    scheme = public.scheme if http.url.netloc == public.netloc else http.url.scheme  # a proxy may hide it
    origin = f"{scheme}://{http.url.netloc}"
    return origin + str(http.scope.get("root_path", "")).rstrip("/")
