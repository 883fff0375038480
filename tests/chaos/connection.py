"""HTTP as bytes: reading a request, and writing an answer or breaking the connection."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

SCOPE = re.compile(r"/scope-([a-z0-9-]+)")


@dataclass
class ServedRequest:
    """One request as it arrived."""

    method: str
    path: str
    host: str
    scope: str
    body: bytes


class Connection:
    """The writing side of one connection; ``open`` says that another request may follow on it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.open = True

    async def send(
        self,
        body: bytes,
        status: int = 200,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """A whole answer; ``length`` may lie, and then the connection ends with it."""
        self.open = self.open and length is None
        self._writer.write(self.head(len(body) if length is None else length, status, kind, headers) + body)
        await self._writer.drain()

    def head(
        self, length: int, status: int = 200, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> bytes:
        lines = {"Content-Type": kind, "Content-Length": str(length), "Connection": "keep-alive" if self.open else "close"}
        text = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **(headers or {})}.items())
        return f"HTTP/1.1 {status} Answer\r\n{text}\r\n".encode()

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """End with a RST, as a crashed machine or a firewall does."""
        self.open = False
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@dataclass(frozen=True)
class NormalAnswer:
    """The answer that would have been given."""

    body: bytes
    kind: str = "application/json"


async def read_request(reader: asyncio.StreamReader) -> ServedRequest | None:
    """The next request of a connection, or None when the other side is done."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    scope = SCOPE.match(path)
    return ServedRequest(method, path[scope.end() :] if scope else path, headers["host"], scope[1] if scope else "", body)
