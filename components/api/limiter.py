"""How many requests may be under way at once, so that many jobs share few connections."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

FEWEST = 14
JOBS_A_LANE = 14
LONGEST_HOLD_S = 5.0


class Lanes:
    """One lane for every JOBS_A_LANE jobs, FEWEST at least; whoever comes first is served first.

    A request that takes long gives its lane back after LONGEST_HOLD_S and goes on without one: a service that
    answers only when the picture is there must not keep everybody else from asking.
    """

    def __init__(self) -> None:
        self.jobs = 0
        self._busy = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[None]:
        """Hold a lane; waits for one while all are taken."""
        await self._enter()
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._busy -= 1
                self._admit()

        timer = asyncio.get_running_loop().call_later(LONGEST_HOLD_S, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()

    @property
    def _free(self) -> bool:
        return self._busy < max(FEWEST, self.jobs // JOBS_A_LANE)

    async def _enter(self) -> None:
        if self._free and not self._queue:
            self._busy += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the lane was given in the moment of the cancellation
                self._busy -= 1
                self._admit()
            else:
                with suppress(ValueError):
                    self._queue.remove(turn)
            raise

    def _admit(self) -> None:
        while self._queue and self._free:
            turn = self._queue.popleft()
            if not turn.done():
                self._busy += 1
                turn.set_result(None)
