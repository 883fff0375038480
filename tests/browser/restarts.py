"""What a restart of the application leaves in place: a stand-in for the image service, and an installation's data and port."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from tests.browser.conftest import wait_for_opening
from tests.conftest import serve
from tests.ui import AppProcess, free_port, run_app, write_quick_catalog

SPEED = 1000.0


class StandInService:
    """A sandbox that stands in for the service, in a thread of the tests. ``posts`` are the bodies of all POSTs.

    A task whose prompt contains one of the words in ``unfinished`` keeps running; a POST with one of the words in
    ``unanswered`` is accepted, and its answer is delayed until the word is removed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.address = ""
        self.posts: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.unfinished: set[str] = set()
        self.unanswered: set[str] = set()
        self._sandbox = create_sandbox(catalog, SPEED)

    def post_count(self, word: str) -> int:
        """The number of POSTs whose prompt contains this word."""
        return len([body for body in self.posts if word in body["prompt"]])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._sandbox(scope, receive, send)
            return
        message = await receive()
        if scope["method"] == "POST":
            body = json.loads(message["body"])
            self.posts.append(body)
            self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        answer: list[Any] = []
        waiting = [message]

        async def replay() -> Any:
            return waiting.pop() if waiting else await receive()

        async def keep(part: Any) -> None:
            answer.append(part)

        await self._sandbox(scope, replay, keep)
        if scope["method"] == "POST":
            while any(word in body["prompt"] for word in self.unanswered):  # noqa: ASYNC110  # another thread changes it
                await asyncio.sleep(0.02)
        elif "/tasks/" in scope["path"]:
            answer = self._as_running(answer)
        for part in answer:
            await send(part)

    def _as_running(self, answer: list[Any]) -> list[Any]:
        """The answer to a poll, changed to a running task while its prompt is in ``unfinished``."""
        reply = json.loads(b"".join(part.get("body", b"") for part in answer))
        data = reply.get("data", {})
        if not any(word in data.get("request", {}).get("prompt", "") for word in self.unfinished):
            return answer
        reply["data"] = {"task_id": data["task_id"], "status": "IN_PROGRESS", "request": data["request"]}
        body = json.dumps(reply).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        return [
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": body},
        ]


@contextmanager
def stand_in_service(catalog: Catalog) -> Iterator[StandInService]:
    service = StandInService(catalog)
    with serve(service) as service.address:
        yield service


class Installation:
    """A data folder and a port, and the processes that serve them one after the other.

    Its catalog expects tasks to take as long as the stand-in's do.
    """

    def __init__(self, folder: Path, stack: ExitStack, **settings: str) -> None:
        self._folder = folder
        self._stack = stack
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._settings = {
            "GRADIO_SERVER_PORT": str(free_port()),
            "PLAYGROUND_CATALOG": str(write_quick_catalog(folder.parent)),
            **settings,
        }
        self.app: AppProcess = self.start()

    @property
    def address(self) -> str:
        return self.app.url

    @property
    def database(self) -> Path:
        return self._folder / "data" / "playground.db"

    def start(self) -> AppProcess:
        self.app = self._stack.enter_context(run_app(self._folder, **self._settings))
        return self.app

    def kill(self) -> None:
        """End the process with ``kill -9``."""
        self.app.stop(signal.SIGKILL)


def open_tab(context: BrowserContext, address: str) -> Page:
    """Open another tab in the same browser."""
    page = context.new_page()
    page.goto(address)
    return wait_for_opening(page)


def enter_key(page: Page, key: str) -> None:
    box = page.get_by_label("Your API key")
    box.fill(key)
    box.press("Enter")
    expect(box).to_have_value("")
