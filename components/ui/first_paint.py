"""The first paint: header, tabs and the room of the form stand in the page's first HTML, before any script has run.

Gradio's page begins with the word "Loading" and builds itself piece by piece; each piece moves those below it. So what
Gradio builds stays invisible until it is complete, and until then a still picture of the page stands over it.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.playground import Playground, Visit
from components.ui.theme import COLORS, EARLY_SCRIPT, WEIGHTS
from components.views import account, words
from components.views.job import example_address, example_request, shape_ratio
from components.views.templates import render

BODY = b"<gradio-app"  # what Gradio's page begins its body's content with


def render_first_paint(playground: Playground, tabs: dict[str, str], query: QueryParams) -> bytes:
    """What is inserted into the page for this address; ``tabs`` are the labels by id."""
    model = playground.catalog.first
    opened = query.get("tab", "generate")
    own_example = opened == "generate" and query.get("model", model.id) == model.id and bool(model.example)
    light = {name.replace("_", "-"): color for name, (color, _) in COLORS.items()}
    dark = {name.replace("_", "-"): color for name, (_, color) in COLORS.items()}
    payer = playground.account(Visit(visitor="")).payer
    return render(
        "first_paint",
        title="Image playground",
        tagline=words.tagline(playground.catalog),
        banner=account.SANDBOX_BANNER if payer == "sandbox" else "",
        tabs=tabs,
        opened=opened if opened in tabs else "generate",
        example=example_address(model) if own_example else "",
        ratio=(shape_ratio(example_request(playground.catalog, model).shape) or 1.0) if own_example else 1.0,
        light=light,
        dark=dark,
        weights=WEIGHTS,
    ).encode()


class MergedStyles:
    """Style sheets in one file, so that a browser asks once and not for each.

    Gradio's script fetches no sheet that a link of the page names already, and a browser none whose link is disabled.
    """

    def __init__(self, sheets: list[Path]) -> None:
        self.content = b"\n".join(sheet.read_bytes() for sheet in sheets)
        self.address = f"assets/components-{sha256(self.content).hexdigest()[:8]}.css"
        disabled = [f'<link rel="stylesheet" disabled href="assets/{sheet.name}">' for sheet in sheets]
        self.links = "\n".join([f'<link rel="stylesheet" href="{self.address}">', *disabled, ""]).encode()

    async def answer(self, request: Request) -> Response:
        """The file."""
        return Response(self.content, media_type="text/css")


class AssetCache:
    """An ASGI middleware that lets browsers keep Gradio's scripts and styles: their names hold the hash of their content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with a lifetime for what is below ``/assets/``."""

        async def send_cached(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["cache-control"] = "public, max-age=31536000, immutable"
            await send(message)

        hashed = scope["type"] == "http" and _path(scope).startswith("/assets/")
        await self.app(scope, receive, send_cached if hashed else send)


class FirstPaint:
    """An ASGI middleware that inserts the first paint into Gradio's page at ``/``."""

    def __init__(self, app: ASGIApp, playground: Playground, tabs: dict[str, str], links: bytes) -> None:
        self.app, self.playground, self.tabs, self.links = app, playground, tabs, links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; the page with the first paint in it."""
        if scope["type"] != "http" or scope["method"] != "GET" or _path(scope) not in ("", "/"):
            await self.app(scope, receive, send)
            return
        inserted = EARLY_SCRIPT.encode()
        inserted += render_first_paint(self.playground, self.tabs, QueryParams(scope["query_string"]))
        inserted += self.links
        start: Message = {}
        body = b""

        async def insert(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = body.replace(BODY, inserted + BODY, 1)
            headers = MutableHeaders(raw=list(start["headers"]))
            headers["content-length"] = str(len(page))
            await send({**start, "headers": headers.raw})
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, insert)


def _path(scope: Scope) -> str:
    return str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
