"""What jobs of one model share: how long it takes, and when its upstream may be asked."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

from components.api.client import Account, ApiClient
from components.api.limiter import RequestLimiter
from components.api.replies import Reply
from components.api.schedule import PRIOR_WEIGHT, Learned, Timing
from components.catalog.models import Catalog
from components.errors import NOT_CHARGED, RateLimited, ServiceError
from components.jobs.job import Job, Timings
from components.jobs.metrics import Metrics
from components.jobs.store.learned import LearnedStore

UpstreamModel = tuple[str, str]  # see :meth:`RunTimes.key`
MOST_WAITED = 1 / 3  # of the time that a poll may take, for other requests to be answered


class PacedClient:
    """The API client for many jobs at once: few requests at a time, and none while their model is paused."""

    def __init__(self, client: ApiClient, limiter: RequestLimiter, metrics: Metrics, timings: Timings) -> None:
        self.client = client
        self._limiter = limiter
        self._metrics = metrics
        self._timings = timings
        self._paused_until: dict[UpstreamModel, float] = {}

    def paused(self, key: UpstreamModel) -> float:
        """Seconds until the pause of a model ends: a 429 to one job pauses its model for all jobs."""
        return max(0.0, self._paused_until.get(key, 0.0) - time.monotonic())

    def pause(self, key: UpstreamModel, error: RateLimited, times: int = 1) -> float:
        """Pause a model for as long as the service asks; longer each time if it asks for nothing. Returns the seconds left."""
        self._metrics.limited.labels(key[1]).inc()
        requested = self._timings.rate_limit if error.retry_after is None else error.retry_after
        own = min(self._timings.shortest_pause * 2 ** (times - 1), self._timings.longest_pause)
        until = time.monotonic() + max(requested, own)
        self._paused_until[key] = max(until, self._paused_until.get(key, 0.0))  # a longer pause stays
        return self.paused(key)

    @asynccontextmanager
    async def request(
        self, key: UpstreamModel, deadline: float = inf, longest_wait_s: float | None = None
    ) -> AsyncIterator[None]:
        """Wait until one more request may be made. After ``longest_wait_s`` in the limiter's queue it is made anyway.

        Raises ServiceError if the model is paused beyond ``deadline`` (monotonic seconds).
        """
        while True:
            if time.monotonic() + self.paused(key) > deadline:
                what = "The service asks for a pause that is longer than this request may take."
                raise ServiceError(what, next_step="Try again later.", charged=NOT_CHARGED)
            while left := self.paused(key):  # noqa: ASYNC110  # a clock is waited for, which others may set back
                await asyncio.sleep(left)
            async with self._limiter.request(longest_wait_s):
                if not self.paused(key):  # the service may have asked for a pause while this request waited
                    yield
                    return

    async def task(
        self,
        key: UpstreamModel,
        account: Account,
        job: Job,
        task_id: str,
        timeout_s: float,
        deadline: float,
    ) -> Reply:
        """GET a task that a job may have created.

        ``timeout_s`` covers the wait for the limiter and the request; a pause of the model is added to it.
        Raises as :meth:`ApiClient.task` and :meth:`request`.
        """
        end = time.monotonic() + self.paused(key) + timeout_s
        async with self.request(key, deadline, timeout_s * MOST_WAITED):
            self._metrics.polls.labels(key[1]).inc()
            left = max(end - time.monotonic(), timeout_s * (1 - MOST_WAITED))
            return await self.client.task(account, task_id, job.body, job.count, left)


class RunTimes:
    """The learned run times of each model at each upstream, in memory and at every heartbeat in the store."""

    def __init__(self, store: LearnedStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._known: dict[UpstreamModel, Learned] = {}
        self._unsaved: defaultdict[UpstreamModel, list[float]] = defaultdict(list)
        self._priors: dict[UpstreamModel, Learned] = {}

    def key(self, account: Account, model: str) -> UpstreamModel:
        """Where run times and pauses of a model belong. A sandbox at another speed is another upstream."""
        upstream = f"sandbox x{account.pace:g}" if account.payer == "sandbox" else account.base_url
        return upstream, self._catalog.current_id(model)

    async def load(self) -> None:
        """Read what was learned before; what is known under a former id is where a model starts from."""
        recorded = await self._store.run_times()
        for (upstream, name), learned in recorded.items():
            key = (upstream, self._catalog.current_id(name))
            if name == key[1]:
                self._known[key] = learned
            elif key not in recorded:
                self._known[key] = self._priors[key] = learned

    def learned(self, account: Account, model: str) -> Timing | None:
        """Run times of a model as seen here; None while nothing was seen."""
        known = self._known.get(self.key(account, model))
        return known.timing if known and known.weight > PRIOR_WEIGHT else None

    def timing(self, key: UpstreamModel, job: Job) -> Timing:
        """What to expect of a job: what was learned, else the service's own range."""
        return (self._known.get(key) or Learned.expected(job.typical_seconds)).timing

    def observe(self, key: UpstreamModel, job: Job, seconds: float) -> None:
        """Learn from one more run time."""
        self._priors.setdefault(key, Learned.expected(job.typical_seconds))
        self._known[key] = (self._known.get(key) or self._priors[key]).observed(seconds)
        self._unsaved[key].append(seconds)

    async def save(self) -> None:
        """Write what is new, and take in what other processes have learned."""
        while self._unsaved:
            key, seconds = self._unsaved.popitem()
            try:
                learned = await self._store.add_run_times(*key, seconds, self._priors[key])
            except BaseException:
                self._unsaved[key] = seconds + self._unsaved[key]
                raise
            if key not in self._unsaved:
                self._known[key] = learned
