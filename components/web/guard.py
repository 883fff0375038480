"""Middleware around the whole application: what Gradio must never see, HEAD, and the prefix of the address.

Gradio fetches the address in any ``gradio.FileData`` it is sent, writes uploads of strangers to disk, its deep link saves
every component's value, and its file and proxy routes open paths and addresses. No component of this page needs any of them.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.pictures.uploads import PREFIX as UPLOADS
from components.views.links import EVALUATIONS, PROMPT_FILE, RECIPE

LARGEST_BODY = 2_000_000
LONGEST_BODY_S = 60.0
LONGEST_NAME = 255  # bytes: no file system has longer ones, and Gradio's file routes fail on them
FILES = (UPLOADS, RECIPE, EVALUATIONS, PROMPT_FILE)  # take larger bodies, each with bounds of its own
READ = ("GET", "HEAD", "OPTIONS")
LONGEST_SESSION = 64
OTHER_SITES = (b"cross-site", b"same-site")  # values of Sec-Fetch-Site, which scripts cannot set
NO_FILES = "Files are not accepted here. Send web addresses."
CLOSED = (
    "/gradio_api/deep_link",
    "/gradio_api/upload",
    "/gradio_api/upload_progress",
    "/gradio_api/runs",
    "/gradio_api/proxy",
    "/gradio_api/file",
    "/gradio_api/component_server",
)
CALL_BY_NAME_PATH = "/gradio_api/call/v2/"  # raises TypeError where an argument is missing or unknown
UNKNOWN_EVENT = "FnIndexInferError"  # Gradio's
EVENTS = ("/gradio_api/call", "/gradio_api/run", "/gradio_api/queue/join", "/gradio_api/api", "/gradio_api/mcp")


class Guard:
    """An ASGI middleware around the whole application. ``longest_body_s`` is the time that a body may take to arrive."""

    def __init__(self, app: ASGIApp, longest_body_s: float = LONGEST_BODY_S) -> None:
        self.app = app
        self._longest_body_s = longest_body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for a closed route, 403 to other sites, 413 and 408 for a large or slow body, 400 for a refused event.

        Pass everything else on.
        """
        send = _unbuffered(send)
        path = str(scope.get("path", "")).rstrip("/")
        if scope["type"] == "http" and scope["method"] not in READ and not path.startswith(FILES):
            receive = _bounded(receive, self._longest_body_s)
        if scope["type"] == "http" and (path.startswith(CLOSED) or _has_long_name(path)):
            await _refuse(404, "Not found.")(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] not in READ and _is_of_other_site(scope):
            await _refuse(403, "Other sites may not send anything here.")(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST" and path.startswith("/gradio_api"):
            await self._check_body(path, scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except RuntimeError as error:  # Gradio raises in the middle of a stream whose page it does not know
            if not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body"})

    async def _check_body(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except HTTPException as error:
            await _refuse(error.status_code, error.detail)(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            if path.startswith(EVENTS) and (reason := _reason_to_refuse(body)):
                await _refuse(400, reason)(scope, receive, send)
            else:
                await self._answer_event(path, scope, _with_body(body, receive), send)

    async def _answer_event(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an event on. What Gradio answers with 500, although the caller is at fault, becomes 422."""
        failed: list[Message] = []

        async def hold_failure(message: Message) -> None:
            if failed or message.get("status") == 500:
                failed.append(message)
            else:
                await send(message)

        try:
            await self.app(scope, receive, hold_failure)
        except Exception as error:
            by_name = path.startswith(CALL_BY_NAME_PATH) and isinstance(error, TypeError)
            # FastAPI's refusal repeats the input, which it may not be able to encode: a lone surrogate, NaN.
            unrepeatable = isinstance(error, UnicodeEncodeError) or isinstance(error.__context__, RequestValidationError)
            if not by_name and not unrepeatable and type(error).__name__ != UNKNOWN_EVENT:
                raise
            await _refuse(422, printable(str(error)))(scope, receive, send)
            return
        for message in failed:
            refused = message.get("status") == 500 and failed[1].get("body", b"").startswith(b'{"error":"')
            await send({**message, "status": 422} if refused else message)


class HeadAsGet:
    """An ASGI middleware: where HEAD is not allowed, GET answers. The server itself sends no body after a HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD as GET where the route does not know HEAD."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        original: dict[str, Any] = dict(scope)  # routes change the one that they are given
        refused = False

        async def watch(message: Message) -> None:
            nonlocal refused
            refused = refused or message.get("status") == 405
            if not refused:
                await send(message)

        await self._app(scope, receive, watch)
        if refused:
            await self._app(original | {"method": "GET"}, receive, send)


class PathPrefix:
    """An ASGI middleware that removes the path of the application's public address where a proxy has left it in place.

    No link depends on the prefix: links on the page are relative, all others begin with the public address.
    """

    def __init__(self, app: ASGIApp, public_address: str) -> None:
        self.app = app
        self._prefix = urlsplit(public_address).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path below the prefix."""
        if scope["type"] == "http" and self._prefix and scope["path"].startswith(f"{self._prefix}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._prefix)}
        await self.app(scope, receive, send)


def _unbuffered(send: Send) -> Send:
    """A ``send`` that asks a proxy to pass each message of an event stream on at once; nginx collects them otherwise."""

    async def send_unbuffered(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/event-stream"):
                headers["X-Accel-Buffering"] = "no"
        await send(message)

    return send_unbuffered


def _bounded(receive: Receive, longest_s: float) -> Receive:
    """A ``receive`` that raises HTTPException for a body that is too large, or not complete in time."""
    deadline, size, complete = asyncio.get_running_loop().time() + longest_s, 0, False

    async def receive_bounded() -> Message:
        nonlocal size, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, f"The request did not arrive within {longest_s:g} seconds.") from error
        size += len(message.get("body", b""))
        complete = not message.get("more_body")
        if size > LARGEST_BODY:
            raise HTTPException(413, f"The request is larger than {LARGEST_BODY:,} bytes.")
        return message

    return receive_bounded


def _with_body(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns the body, which has been read already, and then what the client does next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _reason_to_refuse(body: bytes) -> str:
    """Why an event is not passed on, or "". A prompt may speak of a file; an object that is one is refused.

    Read with ``json.loads`` on the bytes as Gradio does, which also takes UTF-16 and UTF-32.
    """
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return NO_FILES if b"FileData" in body else ""
    session = root.get("session_hash") if isinstance(root, dict) else None
    if session is not None and (not isinstance(session, str) or len(session) > LONGEST_SESSION):
        return "This is no session."  # the caller chooses it, and Gradio keeps it
    unchecked = [root]
    while unchecked:
        value = unchecked.pop()
        if isinstance(value, dict):
            if value.get("_type") == "gradio.FileData":
                return NO_FILES
            unchecked += value.values()
        elif isinstance(value, list):
            unchecked += value
    return ""


def _is_of_other_site(scope: Scope) -> bool:
    return any(name == b"sec-fetch-site" and value in OTHER_SITES for name, value in scope["headers"])


def _has_long_name(path: str) -> bool:
    return any(len(name.encode("utf-8", "replace")) > LONGEST_NAME for name in path.split("/"))


def printable(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can bring and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _refuse(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"detail": reason}, status)
