"""Follow a task: poll it until it ends, then have its pictures kept."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial

from components.api.client import POLL_TIMEOUT_S, Account
from components.api.replies import Phase, Reply
from components.api.schedule import next_delay, poll_cost, quiet_delay
from components.errors import (
    KeyRefused,
    NoPicture,
    PictureNotSaved,
    RateLimited,
    ServiceError,
    StillRunning,
    UnreadableReply,
)
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.callbacks import Callbacks
from components.jobs.job import Job, JobOptions, JobState
from components.jobs.pacing import Key, PacedClient, RunTimes
from components.jobs.results import Results

MINIMUM_WAIT_S = 0.05
EMPTY_TRIES = 3
FORGOTTEN_TRIES = 5  # a sandbox that was started anew never knows the task; nothing was paid for it
LEAST_SHARE = 0.6  # of the time at the poll that found the task done: no shorter run time is assumed


class PollHistory:
    """The polls of one task that is followed from now on.

    ``count`` is how many polls were sent and ``last`` when the last one was, in monotonic seconds, before the first
    poll the beginning; ``problem`` is why the last one failed. ``called`` is whether any poll was for a callback.
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


@dataclass
class FollowedTask:
    """A task that is polled until ``give_up`` (monotonic seconds).

    ``fresh``: it was created just now, by this worker. ``hint`` is the wait that is asked for before the next poll.
    """

    job: Job
    account: Account
    key: Key
    give_up: float
    polls: PollHistory
    fresh: bool
    expects_callback: bool
    hint: float | None


class Poller:
    """Polls tasks; ``follow`` is the second half of what a worker does."""

    def __init__(
        self,
        active: ActiveJobs,
        client: PacedClient,
        results: Results,
        times: RunTimes,
        callbacks: Callbacks,
        options: JobOptions,
    ) -> None:
        self._active = active
        self._client = client
        self._results = results
        self._times = times
        self._callbacks = callbacks
        self._options = options

    async def follow(
        self,
        job: Job,
        account: Account,
        reply: Reply | None = None,
        *,
        give_up: float = 0.0,
        fresh: bool = False,
        at_once: bool = False,
    ) -> None:
        """Poll until the task ends, then keep its pictures; at the deadline the job becomes overdue.

        Args:
            reply: the last answer of the service, if there is one.
            give_up: the deadline in monotonic seconds; 0.0 is a whole one from now.
            fresh: the task was created just now.
            at_once: begin with a poll.

        Raises:
            ServiceError: the task has failed.
        """
        give_up = give_up or time.monotonic() + self._options.deadline_s
        expects_callback = fresh and self._callbacks.expected(job, account)
        key = self._times.key(account, job.model)
        hint = 0.0 if at_once else None
        task = FollowedTask(job, account, key, give_up, PollHistory(job), fresh, expects_callback, hint)
        while reply is None or reply.phase is Phase.RUNNING:
            called = await self._wait(task)
            if called is None:
                await self._overdue(task)
                return
            task.polls.sending(for_callback=called)
            try:
                reply = await self._poll(task)
            except KeyRefused:
                await self._active.persist(job.id, transitions.needs_key)
                return
            note = task.polls.problem.what if task.polls.problem else ""
            task.job = replace(self._active.latest(task.job), polls=task.polls.total, status_note=note)
            self._active.show(task.job)
        if reply.phase is Phase.DONE and (seconds := task.polls.run_time(fresh=fresh)):
            self._times.observe(key, task.job, seconds)
        if expects_callback and not task.polls.called:
            self._callbacks.missed(key)
        if reply.phase is Phase.FAILED:
            raise reply.failure
        await self._save(task, reply)

    async def _wait(self, task: FollowedTask) -> bool | None:
        """Wait until the next poll. Returns whether a callback ended the wait; None at the deadline."""
        polls, hint = task.polls, task.hint
        task.hint = None
        timing = self._times.timing(task.key, task.job)
        if task.expects_callback and self._callbacks.trusted(task.key) and not polls.called:
            wait = quiet_delay(polls.elapsed, polls.count, timing, hint)
        else:
            wait = next_delay(polls.elapsed, polls.count, timing, poll_cost(len(self._active)), hint)
        paused = self._client.paused(task.key)
        wait = max(wait, paused)
        left = task.give_up - time.monotonic()
        if (paused if hint == 0.0 else wait) > left:
            # A callback that comes before the deadline is still worth waiting for.
            called = task.expects_callback and left > 0 and await self._called(task, left)
            if not called:
                return None
        else:
            called = await self._called(task, wait)
        if called:
            self._callbacks.came(task.key)
        return called

    async def _called(self, task: FollowedTask, wait: float) -> bool:
        """Wait that long, or until a callback. Polls for callbacks keep a distance, however many come."""
        active = self._active.find(task.job.id)
        called = active.called if active else asyncio.Event()
        try:
            async with asyncio.timeout(max(0.0, wait)):
                await called.wait()
        except TimeoutError:
            return False
        called.clear()
        soonest = task.polls.last + self._options.timings.between_callback_polls
        await asyncio.sleep(max(0.0, soonest - time.monotonic()))
        return True

    async def _poll(self, task: FollowedTask) -> Reply | None:
        """Ask for the task. None if that failed and can be tried again.

        Raises:
            KeyRefused: the key that a visitor has given anew is not accepted.
            ServiceError: the poll failed once too often.
        """
        try:
            reply = await self._ask(task)
        except ServiceError as error:
            if isinstance(error, RateLimited):
                task.hint = self._client.pause(task.key, error)
            given_anew = not task.fresh and task.polls.count == 1 and task.account.payer == "visitor"
            if isinstance(error, KeyRefused) and given_anew:
                raise
            task.polls.failed(error, in_sandbox=task.account.payer == "sandbox")
            return None
        task.polls.answered(reply)
        return reply

    async def _ask(self, task: FollowedTask) -> Reply:
        timeout_s = max(MINIMUM_WAIT_S, min(POLL_TIMEOUT_S, task.give_up - time.monotonic()))
        task_id = str(task.job.task_id)
        job = task.job
        return await self._client.task(task.key, task.account, task_id, job.body, job.count, timeout_s, task.give_up)

    async def _save(self, task: FollowedTask, reply: Reply) -> None:
        """Keep the pictures. Those that cannot be fetched are asked for at fresh addresses; after that the job is overdue."""
        problem = await self._fetch(task, reply.images, reply.charged)
        if problem and task.job.task_id and not problem.definite:
            try:
                fresh = (await self._ask(task)).images
            except ServiceError:
                fresh = ()
            if fresh and fresh != reply.images:
                problem = await self._fetch(task, fresh, reply.charged)
        if problem:
            ended = partial(transitions.pictures_refused, now=time.time()) if problem.definite else transitions.overdue
            await self._active.persist(task.job.id, partial(ended, problem=problem.problem))

    async def _fetch(self, task: FollowedTask, urls: tuple[str, ...], charged: float | None) -> PictureNotSaved | None:
        saving = partial(transitions.saving, urls=urls, charged=charged, now=time.time())
        job = await self._active.persist(task.job.id, saving)
        if job is None or job.state is not JobState.SAVING:
            return None
        return await self._results.fetch_missing(job, task.account, task.give_up)

    async def _overdue(self, task: FollowedTask) -> None:
        last = f" Last answer: {task.polls.problem.what}" if task.polls.problem else ""
        minutes = self._options.deadline_s / 60
        after = f"{minutes:g} minutes" if minutes >= 1 else f"{self._options.deadline_s:g} seconds"
        error = StillRunning(
            f"Still running at the service after {after}, task {task.job.task_id}.{last}",
            task_id=task.job.task_id,
            reply=task.polls.problem.reply if task.polls.problem else "",
        )
        await self._active.persist(task.job.id, partial(transitions.overdue, problem=error.problem))
