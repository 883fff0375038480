"""An ASGI application that records requests and passes them on to another one."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from tests.conftest import LONGEST_SIDE, serve

KEY = "sk-canary-4f1c9b7a2e8d"

Message = Any
App = Callable[[Any, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it reached a server; ``at`` is seconds of the monotonic clock."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass
class Recorder:
    """Records the requests of an ASGI application and changes nothing."""

    app: App
    address: str = ""
    requests: list[RecordedRequest] = field(default_factory=list)

    @property
    def posts(self) -> list[RecordedRequest]:
        return [one for one in self.requests if one.method == "POST"]

    @property
    def bodies(self) -> list[str]:
        """The bodies of all POSTs as sorted JSON texts, to compare with :func:`encoded_bodies`."""
        return sorted(json.dumps(one.body) for one in self.posts)

    def paths(self, part: str) -> list[str]:
        return [one.path for one in self.requests if part in one.path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        content, more = b"", True
        while more:
            message = await receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        path = scope["path"] + (f"?{query}" if query else "")
        self.requests.append(RecordedRequest(scope["method"], path, headers, content))
        waiting = [{"type": "http.request", "body": content, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, replay, send)


def encoded_bodies(bodies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Bodies as :attr:`Recorder.bodies` has them."""
    return sorted(json.dumps(body) for body in bodies)


@contextmanager
def recorded(app: Any) -> Iterator[Recorder]:
    """An application behind a recorder, on a free loopback port."""
    recorder = Recorder(app)
    with serve(recorder) as recorder.address:
        yield recorder


@contextmanager
def recorded_sandbox(catalog: Catalog, speed: float = 50.0) -> Iterator[Recorder]:
    with recorded(create_sandbox(catalog, speed, longest=LONGEST_SIDE)) as recorder:
        yield recorder
