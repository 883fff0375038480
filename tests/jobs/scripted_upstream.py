"""An image service on loopback that answers by a script, down to broken connections, and records the requests."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from PIL import Image

from components.jobs.job import Job
from components.jobs.service import JobService
from tests.api.upstream import serve_connections
from tests.recorder import RecordedRequest

KEY = "sk-canary-9f8e7d6c5b4a32100123"
TASK = "n48task7f3a"
TIMEOUT_S = 30.0  # ends a test that would wait for ever


@dataclass
class Upstream:
    """``post``, ``poll`` and ``file`` are the answers in order, the last one repeated; ``requests`` are what arrived."""

    post: Sequence[Answer] = ()
    poll: Sequence[Answer] = ()
    file: Sequence[Answer] = ()
    address: str = ""
    requests: list[RecordedRequest] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def posts(self) -> list[RecordedRequest]:
        return [one for one in self.requests if one.method == "POST"]

    @property
    def polls(self) -> list[RecordedRequest]:
        return [one for one in self.requests if one.method == "GET" and "/tasks/" in one.path]

    @property
    def files(self) -> list[RecordedRequest]:
        return [one for one in self.requests if one.method == "GET" and "/tasks/" not in one.path]

    async def wait_for(self, what: str, count: int = 1) -> None:
        """Wait until this many ``posts``, ``polls`` or ``files`` have arrived."""
        async with asyncio.timeout(TIMEOUT_S), self.changed:
            await self.changed.wait_for(lambda: len(getattr(self, what)) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            async with self.changed:
                self.requests.append(RecordedRequest(method, path, headers, body))
                script, arrived = (
                    (self.post, self.posts) if method == "POST" else
                    (self.poll, self.polls) if "/tasks/" in path else (self.file, self.files)
                )  # fmt: skip
                self.changed.notify_all()
            await script[min(len(arrived), len(script)) - 1](self, writer)
            writer.close()
            await writer.wait_closed()


Answer = Callable[[Upstream, asyncio.StreamWriter], Awaitable[None]]


def response(
    body: object = b"",
    status: int = 200,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
) -> Answer:
    """An HTTP response; a body that is neither text nor bytes is sent as JSON, and ``length`` may be wrong."""

    async def answer(_: Upstream, writer: asyncio.StreamWriter) -> None:
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        lines = {"Content-Type": kind, "Content-Length": str(len(data) if length is None else length), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"HTTP/1.1 {status} Answer\r\n{head}Connection: close\r\n\r\n".encode() + data)
        await writer.drain()

    return answer


def running() -> Answer:
    """A task in progress: the answer to a POST, and to a poll that comes too early."""
    return response({"code": 200, "message": "success", "data": {"task_id": TASK, "status": "IN_PROGRESS"}})


created = running


def finished(count: int = 1, *, with_id: bool = True) -> Answer:
    """A finished task with pictures at this upstream."""

    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        images = [{"url": f"{upstream.address}/files/{number}.png"} for number in range(count)]
        data = {"status": "completed", "output": {"images": images}} | ({"task_id": TASK} if with_id else {})
        await response({"code": 200, "message": "success", "data": data})(upstream, writer)

    return answer


def picture(data: bytes | None = None, kind: str = "image/png") -> Answer:
    return response(png() if data is None else data, kind=kind)


def reset() -> Answer:
    async def answer(_: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return answer


def hang_up() -> Answer:
    async def answer(_: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return answer


def answer_after(gate: asyncio.Event, then: Answer) -> Answer:
    """The answer, once the gate is set."""

    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await then(upstream, writer)

    return answer


def endless(chunk: bytes, pause: float = 0.0, kind: str = "application/json") -> Answer:
    """A body that goes on until the client closes the connection."""

    async def answer(_: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode())
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


@functools.cache
def png(width: int = 1024, height: int = 1024, shade: int = 90, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 40, 200)).save(file, form)
    return file.getvalue()


@asynccontextmanager
async def scripted_upstream(
    post: Sequence[Answer] = (), poll: Sequence[Answer] = (), file: Sequence[Answer] = ()
) -> AsyncIterator[Upstream]:
    """A running upstream; without a script every request succeeds."""
    upstream = Upstream(post or [created()], poll or [finished()], file or [picture()])
    async with serve_connections(upstream.serve) as upstream.address:
        yield upstream


async def settled(job_service: JobService, job: Job) -> Job:
    """The job once it has settled."""
    async with asyncio.timeout(TIMEOUT_S):
        return [shown async for shown in job_service.watch(job.id, job.visitor)][-1]


async def workers_ended() -> None:
    """Wait until every worker has ended, after which nothing more can be sent."""
    own = {task for task in asyncio.all_tasks() if "ActiveJobs." in repr(task.get_coro())}
    if own:
        await asyncio.wait(own, timeout=TIMEOUT_S)
