"""What jobs of one model learn from each other: how long it takes, when to leave it alone, whether it calls back."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

from components.api.client import Account
from components.api.schedule import Learned, Timing
from components.jobs.job import Job
from components.jobs.store.jobs import Store

MISSES_FORGIVEN = 1
Key = tuple[str, str]


def place(account: Account) -> str:
    """The upstream as run times and pauses know it. A sandbox at another speed is another place."""
    return f"sandbox x{account.pace:g}" if account.payer == "sandbox" else account.base_url


class Pauses:
    """A 429 pauses a model at its upstream once, for all jobs."""

    def __init__(self) -> None:
        self._until: dict[Key, float] = {}

    def pause(self, key: Key, seconds: float) -> float:
        """Leave a model alone for so long; a longer pause stays. Returns the seconds that are left."""
        self._until[key] = max(time.monotonic() + seconds, self._until.get(key, 0.0))
        return self.left(key)

    def left(self, key: Key) -> float:
        """Seconds that a model is still to be left alone."""
        return max(0.0, self._until.get(key, 0.0) - time.monotonic())

    async def over(self, key: Key) -> None:
        """Wait until a model may be asked again; others may prolong it meanwhile."""
        while left := self.left(key):  # noqa: ASYNC110  # a clock is waited for, not an event
            await asyncio.sleep(left)


class Trust:
    """Whether a model's callbacks can be relied on. A call restores it, a task that ended without one costs it."""

    def __init__(self) -> None:
        self._missed: defaultdict[Key, int] = defaultdict(int)

    def __contains__(self, key: Key) -> bool:
        return self._missed[key] <= MISSES_FORGIVEN

    def called(self, key: Key) -> None:
        """A callback came."""
        self._missed[key] = 0

    def missed(self, key: Key) -> None:
        """A task ended without the callback that was asked for."""
        self._missed[key] += 1


class RunTimes:
    """The learned run times, in memory and every now and then in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Key, Learned] = {}
        self._unsaved: defaultdict[Key, list[float]] = defaultdict(list)
        self._priors: dict[Key, Learned] = {}

    async def load(self) -> None:
        """Read what was learned before."""
        self._known |= await self._store.learned()

    def known(self, key: Key) -> Learned | None:
        """What was learned of a model here; None while nothing was."""
        return self._known.get(key)

    def timing(self, key: Key, job: Job) -> Timing:
        """What to expect of a job: what was learned, else the service's own range."""
        return (self._known.get(key) or Learned.expected(job.typical)).timing

    def observe(self, key: Key, job: Job, seconds: float) -> None:
        """One more run took this long."""
        self._priors.setdefault(key, Learned.expected(job.typical))
        self._known[key] = (self._known.get(key) or self._priors[key]).observed(seconds)
        self._unsaved[key].append(seconds)

    async def save(self) -> None:
        """Write what is new, and take in what other processes have learned."""
        while self._unsaved:
            key, seconds = self._unsaved.popitem()
            try:
                learned = await self._store.learn(*key, seconds, self._priors[key])
            except BaseException:
                self._unsaved[key] = seconds + self._unsaved[key]
                raise
            if key not in self._unsaved:
                self._known[key] = learned
