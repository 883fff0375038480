"""Middleware around the whole application: the prefix of its address, and what Gradio must never see.

Gradio fetches the address in any ``gradio.FileData`` it is sent, writes uploads of strangers to disk, and its deep link
saves every component's value. No component of this page needs any of the three.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.errors import TooLarge
from components.pictures.fetch import read_limited

LARGEST_BODY = 2_000_000
LONGEST_SESSION = 64
NO_FILES = "Files are not accepted here. Send web addresses."
CLOSED = ("/gradio_api/deep_link", "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/runs")
EVENTS = ("/gradio_api/call", "/gradio_api/run", "/gradio_api/queue/join", "/gradio_api/api", "/gradio_api/mcp")


class Guard:
    """An ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for a closed route, 413 for a large body, 400 for a refused event; pass everything else on."""
        send = _unbuffered(send)
        path = str(scope.get("path", "")).rstrip("/")
        if scope["type"] == "http" and path.startswith(CLOSED):
            await _refuse(404, "Not found.")(scope, receive, send)
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
            body = await read_limited(Request(scope, receive).stream(), LARGEST_BODY)
        except TooLarge:
            await _refuse(413, f"The request is larger than {LARGEST_BODY:,} bytes.")(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            if path.startswith(EVENTS) and (reason := _reason_to_refuse(body)):
                await _refuse(400, reason)(scope, receive, send)
            else:
                await self.app(scope, _with_body(body, receive), send)


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


def _refuse(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"detail": reason}, status)
