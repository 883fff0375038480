"""What outlives an application in these tests: a service whose tasks end when told, and a data folder with its port."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from tests.conftest import serve
from tests.ui import ROOT, App, free_port, running

QUICK = 1000.0


class Service:
    """A sandbox in the place of the service, in a thread of the tests. ``posts`` is every request for a picture.

    A task whose prompt holds one of the words in ``held`` does not end; a request with a word in ``mute`` is taken,
    and its answer is held back.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.address = ""
        self.posts: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.held: set[str] = set()
        self.mute: set[str] = set()
        self._sandbox = create_sandbox(catalog, QUICK)

    def asked(self, word: str) -> int:
        """How often the service was asked for a picture with this word."""
        return len([body for body in self.posts if word in body["prompt"]])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._sandbox(scope, receive, send)
            return
        message = await receive()
        if scope["method"] == "POST":
            asked = json.loads(message["body"])
            self.posts.append(asked)
            self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        answer: list[Any] = []
        waiting = [message]

        async def replay() -> Any:
            return waiting.pop() if waiting else await receive()

        async def keep(part: Any) -> None:
            answer.append(part)

        await self._sandbox(scope, replay, keep)
        if scope["method"] == "POST":
            while any(word in asked["prompt"] for word in self.mute):  # noqa: ASYNC110  # told by another thread
                await asyncio.sleep(0.02)
        elif "/tasks/" in scope["path"]:
            answer = self._still(answer)
        for part in answer:
            await send(part)

    def _still(self, answer: list[Any]) -> list[Any]:
        """The answer to a poll, as one of a task that goes on while its prompt is held."""
        told = json.loads(b"".join(part.get("body", b"") for part in answer))
        data = told.get("data", {})
        if not any(word in data.get("request", {}).get("prompt", "") for word in self.held):
            return answer
        told["data"] = {"task_id": data["task_id"], "status": "IN_PROGRESS", "request": data["request"]}
        body = json.dumps(told).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        return [
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": body},
        ]


@contextmanager
def serving(catalog: Catalog) -> Iterator[Service]:
    service = Service(catalog)
    with serve(service) as service.address:
        yield service


class Lives:
    """One installation, a folder and a port, and the processes that serve it one after the other.

    Its catalog knows how quick that service is.
    """

    def __init__(self, folder: Path, stack: ExitStack, **settings: str) -> None:
        self._folder = folder
        self._stack = stack
        folder.parent.mkdir(parents=True, exist_ok=True)
        quick = folder.parent / "quick.yaml"
        quick.write_text(re.sub(r"seconds: \[.*?\]", "seconds: [0.1, 0.3]", (ROOT / "catalog.yaml").read_text()))
        self._settings = {"GRADIO_SERVER_PORT": str(free_port()), "PLAYGROUND_CATALOG": str(quick), **settings}
        self.app: App = self.start()

    @property
    def address(self) -> str:
        return self.app.url

    @property
    def database(self) -> Path:
        return self._folder / "data" / "playground.db"

    def start(self) -> App:
        self.app = self._stack.enter_context(running(self._folder, **self._settings))
        return self.app

    def kill(self) -> None:
        """No word of goodbye: ``kill -9``."""
        self.app.stop(signal.SIGKILL)


def ready(page: Page) -> Page:
    """The page, once it knows who opened it."""
    expect(page.locator("#generate-button")).to_contain_text("credit")
    expect(page.locator(".pill")).not_to_be_empty()
    return page


def open_page(context: BrowserContext, address: str) -> Page:
    """Another page of the same browser."""
    page = context.new_page()
    page.goto(address)
    return ready(page)


def enter_key(page: Page, key: str) -> None:
    box = page.get_by_label("Your API key")
    box.fill(key)
    box.press("Enter")
    expect(box).to_have_value("")
