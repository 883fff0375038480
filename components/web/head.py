"""HEAD for routes that only know GET: those of the page and of the sandbox."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


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
