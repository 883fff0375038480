"""How a request is run: shapes on the wire, refusals, the client, polling; here is the server that answers it faultily."""

from __future__ import annotations

import asyncio
import math
import random
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
RESET, SILENT, ENDLESS = b"reset", b"silent", b"endless"


@dataclass
class Upstream:
    """A server that gives every request the same bytes, and remembers what it was asked."""

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
            elif self.answer == ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                for _ in range(LARGEST_REPLY // 1_000_000 + 40):
                    writer.write(b" " * 1_000_000)
                    await writer.drain()
            else:
                writer.write(self.answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has left, or does not speak HTTP: both are what a test wants
        finally:
            writer.close()


@asynccontextmanager
async def upstream(answer: bytes) -> AsyncIterator[Upstream]:
    server = Upstream(answer)
    async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as listening:
        server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


def http(status: int, text: str = "", *headers: str, length: int | None = None) -> bytes:
    """An answer as bytes; ``length`` can promise more than comes."""
    content = text.encode()
    lines = [
        f"HTTP/1.1 {status} Said",
        f"Content-Length: {len(content) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def account(address: str, key: str = KEY) -> Account:
    return Account("visitor", address, "/api/v1/images/generations", "/api/v1/tasks/{task_id}", key)


def both(client: ApiClient, where: Account) -> list[Call]:
    """The two calls of the client, yet to be made."""
    return [partial(client.create, where, BODY), partial(client.task, where, "n1", BODY)]


def document(chance: random.Random, depth: int = 0) -> Any:
    """Random JSON out of the words that replies are made of."""
    keys = [
        "task_id",
        "id",
        "status",
        "state",
        "type",
        "code",
        "data",
        "output",
        "images",
        "url",
        "error",
        "message",
        "msg",
        "input",
        "request",
        "credits_consumed",
    ]
    leaves = [None, True, 0, -1, 400, 1e300, 10**400, "", "²", "400", "completed", "FAILED", "pending", "success", "https://cdn.example/a.png", "data:image/png;base64,iVBORw0KGgo=", "[1", '{"url":1}',
              "\ud800", "n1", "\0", "null", math.inf, math.nan]  # fmt: skip
    roll = chance.random()
    if depth == 0 or (depth < 5 and roll < 0.35):
        return {chance.choice(keys): document(chance, depth + 1) for _ in range(chance.randrange(6))}
    if depth < 5 and roll < 0.45:
        return [document(chance, depth + 1) for _ in range(chance.randrange(4))]
    return chance.choice(leaves)
