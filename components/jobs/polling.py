"""Follow a task: poll it until it ends, then have its pictures kept."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial

from components.api.client import POLL_TIMEOUT_S, Account
from components.api.replies import Phase, Reply
from components.api.schedule import before_deadline, callback_delay, next_delay, poll_cost
from components.errors import KeyRefused, NoPicture, RateLimited, ServiceError, StillRunning, UnreadableReply
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.callbacks import Callbacks
from components.jobs.job import Job, JobOptions
from components.jobs.pacing import PacedClient, RunTimes, UpstreamModel
from components.jobs.results import Results

MINIMUM_WAIT_S = 0.05
EMPTY_TRIES = 3
FORGOTTEN_TRIES = 5  # a sandbox that was started anew never knows the task; nothing was paid for it
UNKNOWN_WORDS = 3  # of one task, before the visitor is informed: the first may be a passing state
LEAST_SHARE = 0.6  # of the time at the poll that found the task done: no shorter run time is assumed


class PollHistory:
    """The polls of one task that is followed from now on.

    ``count`` is how many polls were sent and ``last`` when the last one was sent, in monotonic seconds (the start,
    before the first poll); ``problem`` is why the last one failed. ``called`` is whether any poll was for a callback.
    """

    def __init__(self, job: Job) -> None:
        self.last = self._begun = time.monotonic()
        self.count = 0
        self.called = False
        self.problem: ServiceError | None = None
        self._earlier = job.polls
        self._before = max(0.0, time.time() - job.sent_at) if job.sent_at else 0.0
        self._for_callback = False
        self._last_poll_at = self._last_running_at = 0.0
        self._empty = self._forgotten = self._unknown = 0

    @property
    def total(self) -> int:
        """Polls of the job, with those before a restart."""
        return self._earlier + self.count

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self._before + time.monotonic() - self._begun

    @property
    def note(self) -> str:
        """What the visitor is shown of the last answer; "" while all is well."""
        if self.problem is None or 0 < self._unknown < UNKNOWN_WORDS:
            return ""
        return f"{self.problem.what} Polling goes on; Stop ends it." if self._unknown else self.problem.what

    def sending(self, *, for_callback: bool) -> None:
        """A poll is sent now."""
        self.last = time.monotonic()
        self.count += 1
        self._for_callback = for_callback
        self.called = self.called or for_callback
        self._last_poll_at = self.elapsed

    def answered(self, reply: Reply) -> None:
        """The poll was answered."""
        self.problem = None
        self._unknown = 0 if reply.word_known else self._unknown + 1
        if not reply.word_known:
            what = f'The service says "{reply.word[:60]}", a state that this page does not know.'
            self.problem = UnreadableReply(what, task_id=reply.task_id, reply=reply.raw)
        if reply.phase is Phase.RUNNING:
            self._last_running_at = self._last_poll_at

    def failed(self, error: ServiceError, *, in_sandbox: bool) -> None:
        """The poll failed. Raises the error if asking again is of no use."""
        self.problem = error
        self._unknown = 0
        self._empty += isinstance(error, NoPicture)
        self._forgotten += in_sandbox and error.status == 404
        if self._empty >= EMPTY_TRIES or self._forgotten >= FORGOTTEN_TRIES:
            raise error

    def run_time(self, *, fresh: bool) -> float | None:
        """How long a task took that was done at the last poll: the middle between that poll and the one before.

        None if the two were too far apart to say; ``fresh``: the task was followed from its beginning.
        """
        if not self.count or not (fresh or self._last_running_at > self._last_poll_at / 2):
            return None
        if self._for_callback:
            return self._last_poll_at
        return (max(self._last_running_at, LEAST_SHARE * self._last_poll_at) + self._last_poll_at) / 2


@dataclass
class FollowedTask:
    """A task that is polled until ``deadline`` (monotonic seconds).

    ``fresh``: it was created just now, by this worker. ``retry_after`` is the wait that is asked for before the next poll.
    ``relied``: polls were left out because a callback was relied on.
    """

    job: Job
    account: Account
    key: UpstreamModel
    deadline: float
    polls: PollHistory
    fresh: bool
    expects_callback: bool
    retry_after: float | None
    relied: bool = False


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
        deadline: float = 0.0,
        fresh: bool = False,
        at_once: bool = False,
    ) -> None:
        """Poll until the task ends, then keep its pictures; at the deadline the job becomes overdue.

        Args:
            reply: the last answer of the service, if there is one.
            deadline: when to stop polling, in monotonic seconds; 0.0 means ``deadline_s`` from now.
            fresh: the task was created just now.
            at_once: begin with a poll.

        Raises:
            ServiceError: the task has failed.
        """
        deadline = deadline or time.monotonic() + self._options.deadline_s
        expects_callback = fresh and self._callbacks.expected(job)
        key = self._times.key(account, job.model)
        retry_after = 0.0 if at_once else None
        task = FollowedTask(job, account, key, deadline, PollHistory(job), fresh, expects_callback, retry_after)
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
            task.job = replace(self._active.latest(task.job), polls=task.polls.total, status_note=task.polls.note)
            self._active.show(task.job)
        if reply.phase is Phase.DONE and (seconds := task.polls.run_time(fresh=fresh)):
            self._times.observe(key, task.job, seconds)
        if task.relied and not task.polls.called:
            await self._callbacks.missed(job)
        if reply.phase is Phase.FAILED:
            raise reply.failure
        ask = partial(self._fresh_addresses, task)
        await self._results.keep(job, account, reply.images, reply.charged, deadline, ask)

    async def _wait(self, task: FollowedTask) -> bool | None:
        """Wait until the next poll. Returns whether a callback ended the wait; None if the deadline allows no more polls.

        The last poll is sent at the deadline, so that no task is reported as running on an old answer.
        """
        polls, retry_after, left = task.polls, task.retry_after, task.deadline - time.monotonic()
        task.retry_after = None
        paused = self._client.paused(task.key)
        if paused > max(left, 0.0) or (polls.count and polls.last > task.deadline - MINIMUM_WAIT_S):
            return None
        timing = self._times.timing(task.key, task.job)
        relies = task.expects_callback and self._callbacks.trusted(task.job) and not polls.called
        if relies:
            delay = callback_delay(polls.elapsed, polls.count, timing, retry_after)
        else:
            delay = next_delay(polls.elapsed, polls.count, timing, poll_cost(len(self._active)), retry_after)
        called = await self._called(task, max(paused, before_deadline(delay, polls.count, left)))
        task.relied = task.relied or (relies and not called)
        return called

    async def _called(self, task: FollowedTask, wait: float) -> bool:
        """Wait that long, or until a callback. Polls for callbacks are spaced, however many arrive."""
        active = self._active.find(task.job.id)
        called = active.called if active else asyncio.Event()
        planned = time.monotonic() + wait
        try:
            async with asyncio.timeout(wait):
                await called.wait()
        except TimeoutError:
            return False
        called.clear()
        soonest = min(planned, task.polls.last + self._options.timings.between_callback_polls)
        await asyncio.sleep(max(0.0, soonest - time.monotonic()))
        return True

    async def _poll(self, task: FollowedTask) -> Reply | None:
        """Ask for the task. None if that failed and can be tried again.

        Raises:
            KeyRefused: the key that a visitor has entered again is not accepted.
            ServiceError: the poll failed once too often.
        """
        try:
            reply = await self._ask(task)
        except ServiceError as error:
            if isinstance(error, RateLimited):
                task.retry_after = self._client.pause(task.key, error)
            given_anew = not task.fresh and task.polls.count == 1 and task.account.payer == "visitor"
            if isinstance(error, KeyRefused) and given_anew:
                raise
            task.polls.failed(error, in_sandbox=task.account.payer == "sandbox")
            return None
        task.polls.answered(reply)
        return reply

    async def _ask(self, task: FollowedTask) -> Reply:
        last, left = self._options.timings.last_try, task.deadline - time.monotonic()
        # A poll before the deadline ends with it: the last one follows, and the two must not add up.
        timeout_s = min(POLL_TIMEOUT_S, left if left > MINIMUM_WAIT_S else last)
        task_id, deadline = str(task.job.task_id), max(task.deadline, time.monotonic() + last)
        return await self._client.task(task.key, task.account, task.job, task_id, timeout_s, deadline)

    async def _fresh_addresses(self, task: FollowedTask) -> tuple[str, ...]:
        """Where the service says by now that the results are; empty if it does not say."""
        try:
            return (await self._ask(task)).images if task.job.task_id else ()
        except ServiceError:
            return ()

    async def _overdue(self, task: FollowedTask) -> None:
        """Record why nobody polls the task any more: the deadline, or a pause that the service asks for until after it."""
        problem = task.polls.problem
        last = f" Last answer: {problem.what}" if problem else ""
        if (paused := self._client.paused(task.key)) > max(0.0, task.deadline - time.monotonic()):
            what = f"The service asks to wait {paused:.0f} s before task {task.job.task_id} is asked for again.{last}"
        else:
            minutes = self._options.deadline_s / 60
            after = f"{minutes:g} minutes" if minutes >= 1 else f"{self._options.deadline_s:g} seconds"
            what = f"Still running at the service after {after}, task {task.job.task_id}.{last}"
        error = StillRunning(what, task_id=task.job.task_id, reply=problem.reply if problem else "")
        await self._active.persist(task.job.id, partial(transitions.overdue, problem=error.problem))
