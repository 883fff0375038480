"""What is refused before Gradio sees it: large bodies, file references, uploads, shared state links.

Gradio fetches the address in any ``gradio.FileData`` it is sent, writes uploads of strangers to disk, and its
deep link saves every component's value. No component of this page needs any of the three.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 2_000_000
LONGEST_SESSION = 64
NO_FILES = "Files are not taken here; send web addresses."
CLOSED = ("/gradio_api/deep_link", "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/runs")
EVENTS = ("/gradio_api/call", "/gradio_api/run", "/gradio_api/queue/join", "/gradio_api/api", "/gradio_api/mcp")


class Guard:
    """An ASGI layer around the whole application."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for what is closed, 413 for what is too large, 400 for an event that is refused; pass the rest on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        if path.startswith(CLOSED):
            await _answer(send, 404, "Not found.")
            return
        if scope["method"] != "POST" or not path.startswith("/gradio_api"):
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            await _answer(send, 413, f"The request is larger than {LARGEST_BODY:,} bytes.")
        elif path.startswith(EVENTS) and (reason := _refused(body)):
            await _answer(send, 400, reason)
        else:
            await self.app(scope, _replayed(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(content)
        content += message.get("body", b"")
        if len(content) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(content)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else await receive()

    return replay


def _refused(body: bytes) -> str:
    """Why an event is not let through, or "". A prompt may speak of a file; an object that is one may not come.

    Read with ``json.loads`` on the bytes as Gradio does, which also takes UTF-16 and UTF-32.
    """
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return NO_FILES if b"FileData" in body else ""
    session = root.get("session_hash") if isinstance(root, dict) else None
    if session is not None and (not isinstance(session, str) or len(session) > LONGEST_SESSION):
        return "This is no session."  # a caller chooses it, and it is kept
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("_type") == "gradio.FileData":
                return NO_FILES
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return ""


async def _answer(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
