"""The sandbox as an ASGI application: the service's two routes with its response and error bodies, picture files, a page.

The product mounts it under ``/sandbox``; the tests serve it alone.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse, Response

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.requests import Request, build_request, find_model, is_web_address
from components.errors import InputError
from components.keys import UNNAMED_SANDBOX
from components.sandbox.answers import created, failure, polled, refusal
from components.sandbox.art.drawing import LONGEST_SIDE
from components.sandbox.callbacks import CallbackSender, callable_origins, may_call
from components.sandbox.drawings import drawing_routes
from components.sandbox.journal import Journal
from components.sandbox.page import page
from components.sandbox.tasks import MOST_PICTURES, TaskStore, fault_of

LARGEST_BODY = 131_072  # bytes


def create_sandbox(
    catalog: Catalog,
    speed: float = 1.0,
    public_url: str = "",
    journal_file: Path | None = None,
    own_key: str = "",
    longest: int = LONGEST_SIDE,
) -> FastAPI:
    """The sandbox as an ASGI application.

    Args:
        speed: divides every run time; 1.0 is the service's own pace, tests use more.
        public_url: the product's public address, where links to results begin, and which may be called back.
        journal_file: where accepted tasks are written, so that they outlive the process.
        own_key: the product's own key; requests with it get links at this server's own address, not the public one.
        longest: no side of a drawing is longer, in pixels; tests draw small.
    """
    tasks, callbacks = TaskStore(speed), CallbackSender(catalog)
    app = FastAPI(lifespan=callbacks.running, openapi_url=None, docs_url=None, redoc_url=None)
    journal = Journal(journal_file, catalog) if journal_file else None
    if journal:
        tasks.restore(journal.read())

    @app.get("/", response_class=HTMLResponse)
    async def index(http: HttpRequest) -> str:
        return page(_base_url(http, public_url, own_key), catalog.endpoint, callable_origins(http, public_url))

    @app.post(catalog.endpoint.create)
    async def create(http: HttpRequest) -> Response:
        if not _key(http):
            return _unauthorised()
        try:
            request, callback_url = _read_request(catalog, await _read_body(http))
        except InputError as error:
            return failure(400, error.what, "bad_request")
        fault = fault_of(request.prompt)
        first_time = fault == "rate" and tasks.first_time(request.prompt)
        if refused := refusal(fault, first_time=first_time):
            return refused
        task = tasks.accept(request, named=not _key(http).endswith(UNNAMED_SANDBOX))
        if journal:
            await asyncio.to_thread(journal.add, task)
        if may_call(callback_url, callable_origins(http, public_url)):
            callbacks.schedule(task, callback_url, _base_url(http, public_url, own_key))
        return created(task)

    @app.get(catalog.endpoint.status)
    async def status(task_id: str, http: HttpRequest) -> Response:
        if not _key(http):
            return _unauthorised()
        task = tasks.find(task_id)
        return (
            polled(task, catalog, _base_url(http, public_url, own_key))
            if task
            else failure(404, "No such task.", "not_found")
        )

    app.include_router(drawing_routes(catalog, tasks, longest))
    return app


def _key(http: HttpRequest) -> str:
    scheme, _, key = http.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _unauthorised() -> Response:
    return failure(401, "Send the header Authorization: Bearer <any text>.", "authentication_error")


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


def _read_request(catalog: Catalog, body: dict[str, Any]) -> tuple[Request, str]:
    """The request in a body, validated against the catalog, and its ``callback_url`` or "". Raises InputError."""
    if "model" not in body:
        raise InputError("model", "model: is required.")
    model = find_model(catalog, body["model"])
    parameters = {name: value for name, value in body.items() if name != "model"}
    callback_url = parameters.pop("callback_url", "") if model.webhook else ""
    if callback_url != "" and not (isinstance(callback_url, str) and is_web_address(callback_url)):
        raise InputError("callback_url", "callback_url: must be a web address, https://…")
    request = build_request(catalog, body["model"], parameters)
    if request.count > MOST_PICTURES:
        field = model.by_role(Role.COUNT) or "count"
        raise InputError(field, f"{field}: the sandbox draws at most {MOST_PICTURES} pictures a task.")
    return request, callback_url


def _base_url(http: HttpRequest, public_url: str, own_key: str) -> str:
    """Where links to results begin: the public address, for a proxy may hide the one called; the product uses no proxy."""
    own = _key(http).removesuffix(UNNAMED_SANDBOX) == own_key
    origin = f"{http.url.scheme}://{http.url.netloc}" if own or not public_url else public_url
    return origin + str(http.scope.get("root_path", "")).rstrip("/")
