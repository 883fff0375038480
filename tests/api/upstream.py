"""A server that gives every request the same bytes, and breaks off where a test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from components.api import Account, ApiClient, Reply
from components.api.client import LARGEST_REPLY

KEY = "aio_0123456789abcdefSECRET"
BODY = {"model": "flux-2", "prompt": "a fox"}
CREATED = '{"code":200,"message":"success","data":{"task_id":"n41x","status":"IN_PROGRESS"}}'
Call = Callable[[], Awaitable[Reply]]
RESET, SILENT, SLOW, SLOW_HEAD, ENDLESS = b"reset", b"silent", b"slow", b"slow head", b"endless"


@dataclass
class Upstream:
    """Answers every request with the same bytes, and records the requests."""

    answer: bytes
    address: str = ""
    connections: int = 0
    heads: list[str] = field(default_factory=list)

    @property
    def posts(self) -> int:
        return sum(head.startswith("POST ") for head in self.heads)

    @property
    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            first = await reader.readexactly(1)
            if not first.isalpha():
                return  # a TLS handshake
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            length = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
            await reader.readexactly(length)
            if self.answer == RESET:
                writer.transport.abort()
            elif self.answer == SILENT:
                await reader.read()
            elif self.answer in (SLOW, SLOW_HEAD):
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + b"\r\n" * (self.answer == SLOW))
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            elif self.answer == ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                for _ in range(LARGEST_REPLY // 1_000_000 + 40):
                    writer.write(b" " * 1_000_000)
                    await writer.drain()
            else:
                writer.write(self.answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has closed the connection, or does not speak HTTP
        finally:
            writer.close()


@asynccontextmanager
async def serve_connections(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[str]:
    """The address of a server that runs ``talk`` for each connection. At the end none of them is left open."""
    handlers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers[asyncio.create_task(talk(reader, writer))] = writer

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for handler, writer in handlers.items():
            handler.cancel()
            writer.transport.abort()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def upstream(answer: bytes) -> AsyncIterator[Upstream]:
    server = Upstream(answer)
    async with serve_connections(server.talk) as server.address:
        yield server


def http(status: int, text: str | bytes = "", *headers: str, length: int | None = None) -> bytes:
    """A response as bytes; ``length`` is the Content-Length where it should not be the true one."""
    content = text.encode() if isinstance(text, str) else text
    lines = [
        f"HTTP/1.1 {status} Said",
        f"Content-Length: {len(content) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def account(address: str, key: str = KEY) -> Account:
    return Account("visitor", address, "/api/v1/images/generations", "/api/v1/tasks/{task_id}", key)


def both(client: ApiClient, where: Account, timeout_s: float = 1.0) -> list[Call]:
    """The client's two calls, not made yet."""
    return [
        partial(client.create, where, BODY, 1, timeout_s=timeout_s),
        partial(client.task, where, "n1", BODY, 1, timeout_s=timeout_s),
    ]
