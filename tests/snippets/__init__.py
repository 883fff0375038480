"""The same call as a program; here is how the tests run one for real, and a server that writes down what reaches it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from tests.conftest import serve

KEY = "sk-canary-4f1c9b7a2e8d"
NODE = shutil.which("node") or "node"
COMMANDS = {"curl": ["bash"], "python": [sys.executable], "javascript": [NODE]}
LONGEST_S = 20  # only so that a program which never ends is a failure
AT_ONCE = 24

Message = Any
App = Callable[[Any, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """One request as it reached the server."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass
class Recorder:
    """An ASGI application in front of another one, which it changes nothing about."""

    app: App
    address: str = ""
    seen: list[Seen] = field(default_factory=list)

    @property
    def posts(self) -> list[Seen]:
        return [one for one in self.seen if one.method == "POST"]

    @property
    def bodies(self) -> list[str]:
        """Every POSTed body with the order of its fields, sorted, to be compared with :func:`written`."""
        return sorted(json.dumps(one.body) for one in self.posts)

    def paths(self, part: str) -> list[str]:
        return [one.path for one in self.seen if part in one.path]

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
        self.seen.append(Seen(scope["method"], path, headers, content))
        waiting = [{"type": "http.request", "body": content, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, replay, send)


def written(bodies: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(json.dumps(body) for body in bodies)


@contextmanager
def recorded(app: Any) -> Iterator[Recorder]:
    """An application behind a recorder, on a free loopback port."""
    recorder = Recorder(app)
    with serve(recorder) as recorder.address:
        yield recorder


@contextmanager
def recorded_sandbox(catalog: Catalog, speed: float = 50.0) -> Iterator[Recorder]:
    with recorded(create_sandbox(catalog, speed)) as recorder:
        yield recorder


@dataclass(frozen=True)
class Ran:
    """What became of a program: its exit status, what it printed, and the files it left."""

    status: int
    out: str
    err: str
    files: Mapping[str, bytes]

    @property
    def endings(self) -> list[str]:
        return sorted(name.rpartition(".")[2] for name in self.files)


def need(language: str) -> None:
    """Skip a test whose language is not on this machine."""
    if shutil.which(COMMANDS[language][0]) is None:
        pytest.skip(f"{COMMANDS[language][0]} is not on PATH")


def run(language: str, program: str, **changes: str | None) -> Ran:
    """Run a program in an empty folder with PATH and the key, and nothing else, in its environment."""
    environment = {"PATH": os.environ["PATH"], "API_IN_ONE_KEY": KEY} | changes
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name, "work"), Path(name, "generate.mjs" if language == "javascript" else "generate")
        folder.mkdir()
        source.write_text(program, encoding="utf-8")
        try:
            done = subprocess.run(
                [*COMMANDS[language], str(source)],
                cwd=folder,
                env={name: value for name, value in environment.items() if value is not None},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return Ran(-1, "", f"has not ended after {late.timeout} s", {})
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), files)


def run_all(language: str, programs: Sequence[str], **changes: str | None) -> list[Ran]:
    """Run programs side by side: each spends most of its time waiting for its task."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(run, language, **changes), programs))
