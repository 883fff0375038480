"""Who a request comes from: an anonymous browser by its cookie, a headless caller by the header it sends.

Both are secrets of their holder. Only their hash is stored and compared, so that nobody who reads the database can pass
for a visitor.
"""

from __future__ import annotations

import hmac
import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.playground.visits import COOKIE, LONGEST_SECRET, VISITOR_HEADER, browser_visitor, link_proof, visitor_id
from components.views.links import PROOF_PARAMETER

ONE_YEAR_S = 31_536_000
LINK = re.compile(rf"(?P<address>.*?)[?&]{PROOF_PARAMETER}=(?P<visitor>[\w-]+)\.(?P<proof>[0-9a-f]{{32}})(&|$)", re.ASCII)


def requesting_visitor(request: Request) -> str:
    """The id of the visitor: a caller by its header, a browser by the link that it follows, else by its cookie.

    Without any of them it is a visitor without any job.
    """
    named = request.headers.get(VISITOR_HEADER, "")[:LONGEST_SECRET]
    if named:
        return visitor_id(named)
    return _proved_visitor(request) or browser_visitor(request.cookies) or visitor_id("")


def _proved_visitor(request: Request) -> str:
    """The visitor for whom this very address was written, or ""."""
    address = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    found = LINK.match(address)
    if not found:
        return ""
    proves = hmac.compare_digest(link_proof(found["visitor"], found["address"]), found["proof"])
    return found["visitor"] if proves else ""


class Visitors:
    """An ASGI middleware that gives every browser which opens the page a cookie of its own, which no script can read.

    ``framed``: the page is shown inside another site's page, where browsers keep only partitioned cookies.
    """

    def __init__(self, app: ASGIApp, framed: bool = False) -> None:
        self.app = app
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a cookie with the page to a browser that has none."""
        opens_page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("", "/")
        if not opens_page or browser_visitor(Request(scope).cookies):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", self._cookie(scope))
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    def _cookie(self, scope: Scope) -> str:
        secure = scope.get("scheme") == "https"
        framed = self._framed and secure
        response = Response()
        response.set_cookie(
            COOKIE,
            secrets.token_urlsafe(24),
            max_age=ONE_YEAR_S,
            path=None,  # the browser takes the path that it opened, which a proxy may hide from here
            secure=secure,
            httponly=True,
            samesite="none" if framed else "lax",
        )
        # Starlette writes this attribute from Python 3.14 on only.
        return response.headers["set-cookie"] + ("; Partitioned" if framed else "")
