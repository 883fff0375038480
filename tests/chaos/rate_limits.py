"""The service's rate limits; requests during a requested wait are recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate

from tests.chaos.connection import Connection
from tests.chaos.faults import Fault
from tests.chaos.ledger import Record

LONGEST_WAIT_S = 120.0  # a wait that is asked for is honoured up to here
TOLERANCE_S = 0.02


class RateLimits:
    """Pauses as (begin, end), by scope and model for POSTs, by job for polls."""

    def __init__(self) -> None:
        self._pauses: dict[str, tuple[float, float]] = {}

    async def refuse(self, connection: Connection, fault: Fault, key: str) -> None:
        """Answer 429 with the fault's kind of ``Retry-After``. The pause begins when the answer has been written."""
        headers: Mapping[str, str] = {}
        value, wait = fault.retry_after or "", 0.0
        if value == "date":
            until = int(time.time()) + 2.0
            value, wait = formatdate(until, usegmt=True), until - time.time()
        elif value.isdecimal():
            wait = min(float(value), LONGEST_WAIT_S)
        if value:
            headers = {"Retry-After": value}
        await connection.send(b'{"error": {"message": "too many requests", "code": 429}}', 429, headers=headers)
        now = time.monotonic()
        since, until = self._pauses.get(key, (now, now))
        self._pauses[key] = (since if until > now else now, max(until, now + wait))

    def check(self, record: Record, key: str, what: str) -> None:
        """Note a request that comes during a pause, and how long the pause had been known."""
        since, until = self._pauses.get(key, (0.0, 0.0))
        now = time.monotonic()
        if since < now < until - TOLERANCE_S:
            text = f"{what} {until - now:.3f} s too early, {now - since:.3f} s after the limit was answered"
            record.early.append((now - since, text))

    def lift(self, key: str) -> None:
        self._pauses.pop(key, None)
