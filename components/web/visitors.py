"""Who is here: an anonymous browser by its cookie, a headless caller by the header it sends.

Both are secrets of whoever holds them. What is kept and compared is their hash, so that nobody who reads the
records can pass for a visitor.
"""

from __future__ import annotations

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from components.playground import visitor_id
from components.web.guard import App, Receive, Scope, Send

COOKIE = "playground_visitor"
SECRET = re.compile(r"[A-Za-z0-9_-]{16,100}")
ONE_YEAR_S = 31_536_000


def read_cookie(header: str) -> str:
    """The secret in a ``Cookie`` header, or "" where there is none that we could have set."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel and SECRET.fullmatch(morsel.value) else ""


def read_visitor(header: str) -> str:
    """The visitor that a ``Cookie`` header is of, or ""."""
    secret = read_cookie(header)
    return visitor_id(secret) if secret else ""


class Visitors:
    """An ASGI layer that gives every browser which opens the page a cookie of its own.

    No script can read it. ``framed``: the page is shown inside another site's, where browsers only keep cookies
    that say so, one for each outer site.
    """

    def __init__(self, app: App, framed: bool = False) -> None:
        self.app = app
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a browser that has none its cookie, with the page itself."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        header = next((value for name, value in scope["headers"] if name == b"cookie"), b"").decode("latin-1")
        if read_cookie(header):
            await self.app(scope, receive, send)
            return

        async def with_cookie(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", self._cookie(scope).encode())]  # type: ignore[misc]
            await send(message)

        await self.app(scope, receive, with_cookie)  # type: ignore[arg-type]

    def _cookie(self, scope: Scope) -> str:
        path = str(scope.get("root_path") or "") or "/"
        cookie = f"{COOKIE}={secrets.token_urlsafe(24)}; Path={path}; Max-Age={ONE_YEAR_S}; HttpOnly"
        if scope.get("scheme") != "https":
            return cookie + "; SameSite=Lax"
        return cookie + ("; Secure; SameSite=None; Partitioned" if self._framed else "; Secure; SameSite=Lax")
