"""The faults of one job at the upstream in order, and a port of its own that can be closed."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.chaos.faults import Fault

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


@dataclass
class FaultPlan:
    """The faults of one job, and how much of them has happened."""

    faults: list[Fault]
    rng: Random
    used: dict[str, int] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    faults_ended: bool = False

    def next(self, target: str, picture: int = 0) -> Fault | None:
        """The fault that the next request of this kind meets, if any; ``picture``: which result is downloaded."""
        now = time.monotonic()
        for fault in self.faults:
            if fault.target != target or fault.behavior is None or (self.faults_ended and not fault.endless):
                continue
            if fault.picture not in (None, picture):
                continue
            since = now - self.first.setdefault(fault.name, now)
            if since < fault.seconds or (not fault.seconds and self.used.get(fault.name, 0) < fault.times):
                self.used[fault.name] = self.used.get(fault.name, 0) + 1
                return fault
        return None

    def closes(self, after: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.closes == after and not self.faults_ended), None)


class JobListener:
    """A port of one job's own, which can be closed for a while: then nothing listens, and connections are refused."""

    def __init__(self, connected: Connected) -> None:
        self._connected = connected
        self._holder = self._bound(0)  # keeps the port ours, and does not listen
        self._server: asyncio.Server | None = None
        self.port = self._holder.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    @staticmethod
    def _bound(port: int) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("127.0.0.1", port))
        return made

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, sock=self._bound(self.port))

    def stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    def close(self) -> None:
        self.stop()
        self._holder.close()
