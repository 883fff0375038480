"""The sandbox's HTTP side: the service's two routes with its envelope and error bodies, the files, a page.

The same application is mounted under ``/sandbox`` in the product and stands alone in the tests.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse, JSONResponse, Response

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import price
from components.catalog.requests import Request, build_request
from components.errors import InputError
from components.sandbox.drawings import drawings
from components.sandbox.journal import Journal
from components.sandbox.page import page
from components.sandbox.pictures import Drawing, draw
from components.sandbox.tasks import MOST_PICTURES, Task, TaskBook

LARGEST_BODY = 131_072
CACHE_BYTES = 64_000_000
DRAWN_AT_ONCE = 2
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=3600",
}


def create_sandbox(catalog: Catalog, speed: float = 1.0, public_url: str = "", journal_file: Path | None = None) -> FastAPI:
    """The stand-in as an ASGI application.

    Args:
        speed: divides every run time (1.0 is believable, tests use more).
        public_url: the address under which strangers reach it, for result links when they come that way.
        journal_file: where tasks are noted, so that they outlive the process.
    """
    app = FastAPI(title="API in One sandbox", openapi_url=None, docs_url=None, redoc_url=None)
    book = TaskBook(speed)
    journal = Journal(journal_file, catalog) if journal_file else None
    if journal:
        book.restore(journal.read())
    shelf = _Shelf()
    endpoint = catalog.endpoint

    @app.get("/", response_class=HTMLResponse)
    async def index(http: HttpRequest) -> str:
        return page(_base(http, public_url), endpoint)

    @app.post(endpoint.create)
    async def create(http: HttpRequest) -> Response:
        if refused := _unauthorised(http):
            return refused
        try:
            body = await _body(http)
            request = _request(catalog, body)
        except InputError as error:
            return _error(400, error.what, "bad_request")
        task = book.accept(request)
        if journal:
            await asyncio.to_thread(journal.add, task)
        return _created(book, task)

    @app.get(endpoint.status)
    async def status(task_id: str, http: HttpRequest) -> Response:
        if refused := _unauthorised(http):
            return refused
        task = book.find(task_id)
        if task is None:
            return _error(404, "No such task.", "not_found")
        return _status(task, catalog, _base(http, public_url))

    @app.get("/files/{task_id}/{name}")
    async def file(task_id: str, name: str) -> Response:
        task = book.find(task_id)
        index = name.partition(".")[0]
        if task is None or task.rehearsal == "gone" or task.progress(time.monotonic()) < 1:
            return _error(404, "No such file.", "not_found")
        if not re.fullmatch("[1-9][0-9]?", index) or int(index) > task.request.count:
            return _error(404, "No such file.", "not_found")
        # A model that is given no seed draws something else each time, and so do samples of a comparison.
        asked = drawings(task.request, square=task.rehearsal == "square", chance=crc32(task_id.encode()))
        return await shelf.picture(next(islice(asked, int(index) - 1, None)))

    @app.get("/examples/{model_id}")
    async def example(model_id: str) -> Response:
        model = catalog.find(model_id)
        if model is None or not model.example:
            return _error(404, "No such example.", "not_found")
        drawing = next(drawings(build_request(catalog, model.id, model.example)))
        # As WebP, thirty times smaller, for what a page shows as it opens.
        return await shelf.picture(drawing if drawing.format == "svg" else replace(drawing, format="webp"))

    return app


class _Shelf:
    """Pictures drawn on demand in worker threads, the latest kept up to CACHE_BYTES."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._gate = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def picture(self, drawing: Drawing) -> Response:
        name = repr(drawing)
        async with self._gate:
            if name not in self._kept:
                self._kept[name] = await asyncio.to_thread(_drawn, drawing)
                while sum(len(data) for data, _ in self._kept.values()) > CACHE_BYTES:
                    self._kept.popitem(last=False)
            data, media_type = self._kept[name]
            self._kept.move_to_end(name)
        return Response(data, media_type=media_type, headers=SAFE)


def _drawn(drawing: Drawing) -> tuple[bytes, str]:
    picture = draw(drawing)
    return picture.data, picture.media_type


def _created(book: TaskBook, task: Task) -> Response:
    match task.rehearsal:
        case "key":
            return _error(401, "Invalid API key", "authentication_error")
        case "credits":
            return _error(402, "Insufficient credits", "insufficient_credits")
        case "moderation":
            return _error(400, "The prompt was rejected by the content policy", "bad_request")
        case "rate" if book.first_time(task.request.prompt):
            return _error(429, "Too many requests", "rate_limit_error", {"Retry-After": "1"})
        case "upstream":
            return _error(500, "Internal error", "server_error")
        case "broken":
            return Response('{"code":200,"message":"success","data":{"task_id":"n', media_type="application/json")
    return _envelope({"task_id": task.id, "status": "IN_PROGRESS"})


def _status(task: Task, catalog: Catalog, base: str) -> Response:
    task.polls += 1
    if task.rehearsal == "blip" and task.polls <= 2:
        return _error(503, "Service unavailable", "server_error")
    if task.rehearsal == "html":
        return HTMLResponse("<!doctype html><title>Just a moment</title>")
    data: dict[str, Any] = {"task_id": task.id, "status": "IN_PROGRESS", "request": task.request.body}
    if task.rehearsal == "word":
        data["status"] = "THAWING"
    elif task.progress(time.monotonic()) >= 1:
        data |= _ended(task, catalog, base)
    return _envelope(data)


def _ended(task: Task, catalog: Catalog, base: str) -> dict[str, Any]:
    if task.rehearsal in ("failed", "moderated-later"):
        reason = "The model crashed" if task.rehearsal == "failed" else "Blocked by the safety system"
        return {"status": "failed", "error_message": reason}
    plan = [] if task.rehearsal == "empty" else list(drawings(task.request, square=task.rehearsal == "square"))
    images = [{"url": f"{base}/files/{task.id}/{number}.{drawing.format}"} for number, drawing in enumerate(plan, 1)]
    credits = price(catalog, task.request).credits
    return {"status": "completed", "output": {"images": images}, "credits_consumed": credits, "sandbox": True}


def _envelope(data: dict[str, Any]) -> Response:
    return JSONResponse({"code": 200, "message": "success", "data": data})


def _error(status: int, message: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": status, "message": message, "type": kind}}, status, headers)


def _unauthorised(http: HttpRequest) -> Response | None:
    scheme, _, key = http.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return None
    return _error(401, "Send the header Authorization: Bearer <any text>.", "authentication_error")


async def _body(http: HttpRequest) -> dict[str, Any]:
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


def _request(catalog: Catalog, body: dict[str, Any]) -> Request:
    """The request that a body asks for, held to the catalog like every other. Raises InputError."""
    named = body.get("model")
    if not isinstance(named, str):
        raise InputError("model", "model: is required.")
    entry, variant = _entry(catalog, named)
    parameters = {name: value for name, value in body.items() if name != "model"}
    if entry.webhook:
        parameters.pop("callback_url", None)
    if variant:
        parameters["model"] = variant
    request = build_request(catalog, entry.id, parameters)
    if request.count > MOST_PICTURES:
        field = entry.by_role(Role.COUNT) or "count"
        raise InputError(field, f"{field}: the sandbox draws at most {MOST_PICTURES} pictures a task.")
    return request


def _entry(catalog: Catalog, named: str) -> tuple[Model, str]:
    """The model that a body's ``model`` names, by id, alias or variant, and the variant where it is one."""
    by_variant = next((model for model in catalog.models if named in model.variants), None)
    if by_variant is not None:
        return by_variant, named
    entry = catalog.find(named)
    if entry is None:
        raise InputError("model", f"model: there is no model {named!r}.")
    return entry, ""


def _base(http: HttpRequest, public_url: str) -> str:
    """Where the caller reached this sandbox, so that result links lead back the same way."""
    host = public_url.split("://")[-1].split("/")[0]
    came_from_outside = bool(host) and http.url.netloc == host
    origin = public_url if came_from_outside else f"{http.url.scheme}://{http.url.netloc}"
    return origin + str(http.scope.get("root_path", "")).rstrip("/")
