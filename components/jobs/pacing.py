"""What jobs of one model share: how long it takes and when to leave it alone; and what the polls of one task have shown."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

from components.api.client import Account
from components.api.replies import Phase, Reply
from components.api.schedule import Learned, Timing
from components.catalog.models import Catalog
from components.errors import NoPicture, ServiceError, UnreadableReply
from components.jobs.job import Job
from components.jobs.store.jobs import Store

EMPTY_TRIES = 3
FORGOTTEN_TRIES = 5  # a sandbox that was started anew never knows the task; nothing was paid for it
LEAST_SHARE = 0.6  # of the time of the poll that found it done: the task cannot be taken for quicker than that

Key = tuple[str, str]


class Pauses:
    """A 429 pauses a model at its upstream for all jobs."""

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


class RunTimes:
    """The learned run times of each model at each upstream, in memory and at every heartbeat in the store."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._known: dict[Key, Learned] = {}
        self._unsaved: defaultdict[Key, list[float]] = defaultdict(list)
        self._priors: dict[Key, Learned] = {}

    def model_id(self, name: str) -> str:
        """The id that a model has in the catalog now; the name itself if it is not in it."""
        model = self._catalog.find(name)
        return model.id if model else name

    def key(self, account: Account, model: str) -> Key:
        """Where run times and pauses of a model belong. A sandbox at another speed is another upstream."""
        upstream = f"sandbox x{account.pace:g}" if account.payer == "sandbox" else account.base_url
        return upstream, self.model_id(model)

    async def load(self) -> None:
        """Read what was learned before; what is known under a former id is where a model starts from."""
        recorded = await self._store.learned()
        for (upstream, name), learned in recorded.items():
            key = (upstream, self.model_id(name))
            if name == key[1]:
                self._known[key] = learned
            elif key not in recorded:
                self._known[key] = self._priors[key] = learned

    def known(self, key: Key) -> Learned | None:
        """What was learned of a model; None if nothing was."""
        return self._known.get(key)

    def timing(self, key: Key, job: Job) -> Timing:
        """What to expect of a job: what was learned, else the service's own range."""
        return (self._known.get(key) or Learned.expected(job.typical_seconds)).timing

    def observe(self, key: Key, job: Job, seconds: float) -> None:
        """One more run took this long."""
        self._priors.setdefault(key, Learned.expected(job.typical_seconds))
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


class PollHistory:
    """The polls of one task that is followed from now on.

    ``count`` is how many polls were sent and ``last`` when the last one was, in monotonic seconds, before the first
    poll the beginning; ``problem`` is why the last one failed or said nothing that we know. ``called`` is whether any poll was for a callback.
    """

    def __init__(self, job: Job) -> None:
        self.last = self._begun = time.monotonic()
        self.count = 0
        self.called = False
        self.problem: ServiceError | None = None
        self._earlier = job.polls
        self._before = max(0.0, time.time() - job.sent_at) if job.sent_at else 0.0
        self._for_callback = False
        self._asked_at = self._running_at = 0.0
        self._empty = self._forgotten = 0

    @property
    def total(self) -> int:
        """Polls of the job, with those before a restart."""
        return self._earlier + self.count

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self._before + time.monotonic() - self._begun

    def sending(self, *, for_callback: bool) -> None:
        """A poll is sent now."""
        self.last = time.monotonic()
        self.count += 1
        self._for_callback = for_callback
        self.called = self.called or for_callback
        self._asked_at = self.elapsed

    def answered(self, reply: Reply) -> None:
        """The poll was answered."""
        self.problem = None
        if not reply.word_known:
            what = f'The service says "{reply.word[:60]}", a state that this page does not know.'
            self.problem = UnreadableReply(what, task_id=reply.task_id, reply=reply.raw)
        if reply.phase is Phase.RUNNING:
            self._running_at = self._asked_at

    def failed(self, error: ServiceError, *, in_sandbox: bool) -> None:
        """The poll failed. Raises the error if asking again is of no use."""
        self.problem = error
        self._empty += isinstance(error, NoPicture)
        self._forgotten += in_sandbox and error.status == 404
        if self._empty >= EMPTY_TRIES or self._forgotten >= FORGOTTEN_TRIES:
            raise error

    def run_time(self, *, fresh: bool) -> float | None:
        """How long a task took that was done at the last poll: the middle between that poll and the one before.

        None if the two were too far apart to say; ``fresh``: the task was followed from its beginning.
        """
        if not self.count or not (fresh or self._running_at > self._asked_at / 2):
            return None
        if self._for_callback:
            return self._asked_at
        return (max(self._running_at, LEAST_SHARE * self._asked_at) + self._asked_at) / 2
