"""How many requests to the service may be in flight at once, so that many jobs share few connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter

MINIMUM = 14
JOBS_PER_REQUEST = 14
LONGEST_HOLD_S = 5.0


class RequestLimiter:
    """Admits one request for every JOBS_PER_REQUEST active jobs, at least MINIMUM; first come, first served.

    A request that is still unanswered after ``longest_hold_s`` is no longer counted: a service that replies only when
    the image is done must not keep all other jobs from polling.
    """

    def __init__(self, longest_hold_s: float = LONGEST_HOLD_S) -> None:
        self.jobs = 0
        self._limiter = CapacityLimiter(MINIMUM)
        self._longest_hold_s = longest_hold_s

    def resize(self, jobs: int) -> None:
        """Set the number of active jobs. Where that admits more requests, those that wait start at once."""
        self.jobs = jobs
        self._limiter.total_tokens = max(MINIMUM, jobs // JOBS_PER_REQUEST)

    @asynccontextmanager
    async def request(self, longest_wait_s: float | None = None) -> AsyncIterator[None]:
        """Wait until a request is admitted, and count it while the block runs. After ``longest_wait_s`` it goes ahead uncounted."""
        borrower = object()
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_wait_s):
                await self._limiter.acquire_on_behalf_of(borrower)

        def release() -> None:
            with suppress(RuntimeError):  # released already, or never admitted
                self._limiter.release_on_behalf_of(borrower)

        timer = asyncio.get_running_loop().call_later(self._longest_hold_s, release)
        try:
            yield
        finally:
            timer.cancel()
            release()
