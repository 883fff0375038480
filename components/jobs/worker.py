"""What a job's worker does: claim the job, send the request once, poll until the task ends, keep its pictures.

The row says ``submitting`` before the POST leaves and holds the task id right after its answer. After that everything
may fail and be tried again until the deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from components.api.client import CREATE_TIMEOUT_S, POLL_TIMEOUT_S, Account, ApiClient
from components.api.limiter import RequestLimiter
from components.api.replies import Phase, Reply
from components.api.schedule import next_delay, poll_cost, quiet_delay
from components.errors import (
    NOT_CHARGED,
    AnswerLost,
    KeyRefused,
    NoPicture,
    PlaygroundError,
    RateLimited,
    ServiceError,
    StillRunning,
)
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.callbacks import Callbacks, hashed, new_secret
from components.jobs.job import Job, JobOptions, JobState
from components.jobs.messages import NEEDS_VISITOR_KEY
from components.jobs.pacing import Key, Pauses, PollHistory, RunTimes
from components.jobs.results import Results
from components.jobs.store.jobs import Ownership

MINIMUM_WAIT_S = 0.05
FIRST_REPAIR_WAIT_S = 0.3
SLOWEST_REPAIR_WAIT_S = 5.0
MOST_NAMED = 5


@dataclass
class FollowedTask:
    """A task that is polled: what stays the same, and what the polls have shown.

    ``fresh``: it was created just now, by this worker. ``hint`` is the wait that is asked for before the next poll.
    """

    job: Job
    account: Account
    key: Key
    give_up: float
    polls: PollHistory
    fresh: bool = False
    expects_callback: bool = False
    hint: float | None = None


class Worker:
    """What workers do; ``ActiveJobs`` starts and ends them."""

    def __init__(
        self,
        active: ActiveJobs,
        client: ApiClient,
        limiter: RequestLimiter,
        results: Results,
        times: RunTimes,
        callbacks: Callbacks,
        options: JobOptions,
    ) -> None:
        self._active = active
        self._client = client
        self._limiter = limiter
        self._results = results
        self._times = times
        self._callbacks = callbacks
        self._options = options
        self._timings = options.timings
        self._pauses = Pauses()

    async def run(self, job: Job, account: Account) -> None:
        """From the queue to the pictures."""
        give_up = self._deadline()
        created = await self._send(job, account, give_up)
        if created:
            job, reply = created
            expects_callback = self._callbacks.expected(job, account)
            task = self._followed(job, account, give_up)
            await self._follow(replace(task, fresh=True, expects_callback=expects_callback), reply)

    async def resume(self, job: Job, account: Account) -> None:
        """From the task, or the addresses of its results, to the pictures.

        With a task id the service is asked for the addresses anew: the recorded ones may have expired.
        """
        recorded = None if job.task_id else Reply(Phase.DONE, None, job.pending_urls, charged=job.charged)
        await self._follow(replace(self._followed(job, account, self._deadline()), hint=0.0), recorded)

    async def repair(self, job: Job, account: Account) -> None:
        """Resume an uncertain job whose task was named, once a GET with the key knows that task.

        The service may know its own task only after a while, so it is asked until the deadline.
        """
        give_up, number = self._deadline(), 0
        named = [job.callback_task_id]
        while True:
            for task_id in named:
                if reply := await self._confirmed(job, task_id, account, give_up):
                    await self._resume_repaired(job, replace(reply, task_id=task_id), account)
                    return
            if time.monotonic() > give_up:
                return
            await asyncio.sleep(min(FIRST_REPAIR_WAIT_S * 2**number, SLOWEST_REPAIR_WAIT_S))
            number += 1
            # A callback's body proves nothing: a later one may name the task where the first did not.
            recorded = await self._active.store.get(job.id)
            if recorded and recorded.callback_task_id and recorded.callback_task_id not in named:
                named = [recorded.callback_task_id, *named][:MOST_NAMED]

    # -- the request -----------------------------------------------------------------------------

    async def _send(self, job: Job, account: Account, give_up: float) -> tuple[Job, Reply] | None:
        """Send the request, once. Returns the running job with the answer, or None if it ended here."""
        key = self._times.key(account, job.model)
        refusals = 0
        while True:
            refusal: RateLimited | None = None
            try:
                sent = await self._post(job, account, key, give_up)
                if sent is None:
                    return None
                return await self._accepted(sent, account)
            except _Paused:
                note, wait = "", 0.0
            except RateLimited as error:
                refusals += 1
                wait = self._limited(key, error, refusals)
                note = f"The service asks to wait {max(1, round(wait))} s; nothing was created."
                refusal = error
            except AnswerLost as error:
                await self._lost(job, error, account)
                return None
            queued = await self._active.persist(job.id, partial(transitions.queued_again, note=note, now=time.time()))
            if queued is None or queued.settled or await self._key_forgotten(job):
                return None
            if refusal and time.monotonic() + wait > give_up:
                raise refusal
            await asyncio.sleep(MINIMUM_WAIT_S)

    async def _post(self, job: Job, account: Account, key: Key, give_up: float) -> tuple[Job, Reply] | None:
        """Claim the job and POST its body. None if it cannot be claimed; raises _Paused after a claim that came too early."""
        async with self._slot(key, give_up):
            secret = new_secret()
            claimed = await self._active.claim(job.id, self._options.caps, hashed(secret), give_up)
            if claimed is None:
                return None
            if self._pauses.left(key):  # another job was told to wait while this one was claimed
                raise _Paused
            body = dict(claimed.body)
            if self._callbacks.expected(claimed, account):
                body["callback_url"] = self._callbacks.address(job.id, secret)
            shortest = min(self._timings.shortest_answer, self._options.deadline_s)
            within = max(shortest, min(CREATE_TIMEOUT_S, give_up - time.monotonic()))
            return claimed, await self._client.create(account, body, timeout_s=within, count=job.count)

    async def _accepted(self, sent: tuple[Job, Reply], account: Account) -> tuple[Job, Reply] | None:
        """Record the answer. This process alone knows it, so it counts even if another one took the job for dead."""
        job, reply = sent
        accepted = partial(transitions.accepted, reply=reply, now=time.time())
        running = await self._active.persist(job.id, accepted, Ownership.TAKEN)
        if running is None or running.settled or await self._key_forgotten(job):
            return None
        return running, reply

    async def _key_forgotten(self, job: Job) -> bool:
        """Whether the visitor has taken the key back while the request was being sent; the job waits for it then."""
        active = self._active.find(job.id)
        if active is None or not active.key_forgotten:
            return False
        await self._active.persist(job.id, partial(transitions.needs_key, note=NEEDS_VISITOR_KEY))
        return True

    async def _lost(self, job: Job, error: AnswerLost, account: Account) -> None:
        """The answer is lost; repair the job if a callback or the answer itself has named the task."""
        lost = partial(transitions.uncertain, problem=error.problem, now=time.time())
        uncertain = await self._active.persist(job.id, lost)
        named = (uncertain.callback_task_id if uncertain else "") or error.task_id or ""
        if uncertain and named:
            await self.repair(replace(uncertain, callback_task_id=named), account)

    async def _confirmed(self, job: Job, task_id: str, account: Account, give_up: float) -> Reply | None:
        """What the service says of a task, or None if it says nothing that can be understood."""
        try:
            return await self._ask(job, task_id, account, self._timings.longest_repair_poll, give_up)
        except NoPicture:
            return Reply(Phase.RUNNING, task_id)
        except RateLimited as error:
            self._limited(self._times.key(account, job.model), error)
        except ServiceError:
            pass
        return None

    async def _resume_repaired(self, job: Job, reply: Reply, account: Account) -> None:
        found = partial(transitions.accepted, reply=Reply(Phase.RUNNING, reply.task_id), now=time.time())
        running = await self._active.persist(job.id, found, Ownership.TAKEN)
        if running and not running.settled:
            await self._follow(self._followed(running, account, self._deadline()), reply)

    # -- the task --------------------------------------------------------------------------------

    def _deadline(self) -> float:
        return time.monotonic() + self._options.deadline_s

    def _followed(self, job: Job, account: Account, give_up: float) -> FollowedTask:
        return FollowedTask(job, account, self._times.key(account, job.model), give_up, PollHistory(job))

    async def _follow(self, task: FollowedTask, reply: Reply | None) -> None:
        """Poll until the task ends, then keep its pictures; at the deadline the job becomes overdue."""
        polls = task.polls
        while reply is None or reply.phase is Phase.RUNNING:
            called = await self._wait(task)
            if called is None:
                await self._overdue(task)
                return
            polls.sending(for_callback=called)
            try:
                reply = await self._poll(task)
            except KeyRefused:
                await self._active.persist(task.job.id, partial(transitions.needs_key, note=NEEDS_VISITOR_KEY))
                return
            note = polls.problem.what if polls.problem else ""
            task.job = replace(self._active.latest(task.job), polls=polls.total, status_note=note)
            self._active.show(task.job)
        if reply.phase is Phase.DONE and (seconds := polls.run_time(fresh=task.fresh)):
            self._times.observe(task.key, task.job, seconds)
        if task.expects_callback and not polls.called:
            self._callbacks.missed(task.key)
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
        paused = self._pauses.left(task.key)
        at_once = hint == 0.0
        left = task.give_up - time.monotonic()
        wait = max(wait, paused)
        if (paused if at_once else wait) > left:
            # A callback that comes before the deadline is still worth waiting for.
            if not (task.expects_callback and left > 0 and await self._called(task, left)):
                return None
            called = True
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
        soonest = task.polls.last + self._timings.between_callback_polls
        await asyncio.sleep(max(0.0, soonest - time.monotonic()))
        return True

    async def _poll(self, task: FollowedTask) -> Reply | None:
        """Ask for the task. None if that failed and can be tried again.

        Raises:
            KeyRefused: the key that a visitor has given anew is not accepted.
            ServiceError: the poll failed once too often.
        """
        within = max(MINIMUM_WAIT_S, min(POLL_TIMEOUT_S, task.give_up - task.polls.last))
        try:
            reply = await self._ask(task.job, str(task.job.task_id), task.account, within, task.give_up)
        except ServiceError as error:
            if isinstance(error, RateLimited):
                task.hint = self._limited(task.key, error)
            given_anew = not task.fresh and task.polls.count == 1 and task.account.payer == "visitor"
            if isinstance(error, KeyRefused) and given_anew:
                raise
            task.polls.failed(error, in_sandbox=task.account.payer == "sandbox")
            return None
        task.polls.answered(reply)
        return reply

    async def _ask(self, job: Job, task_id: str, account: Account, within: float, give_up: float = inf) -> Reply:
        async with self._slot(self._times.key(account, job.model), give_up):
            self._active.metrics.polls.labels(job.model).inc()
            return await self._client.task(account, task_id, job.body, timeout_s=within, count=job.count)

    @asynccontextmanager
    async def _slot(self, key: Key, give_up: float = inf) -> AsyncIterator[None]:
        """One of the limited requests at a time, once the model's pause is over.

        Raises ServiceError if that is not before ``give_up``.
        """
        while True:
            if time.monotonic() + self._pauses.left(key) > give_up:
                what = "The service asks this page to wait for longer than this request may take."
                raise ServiceError(what, next_step="Try again later.", charged=NOT_CHARGED)
            await self._pauses.over(key)
            async with self._limiter.request():
                if not self._pauses.left(key):  # another job may have been told to wait while this one stood in line
                    yield
                    return

    def _limited(self, key: Key, error: RateLimited, times: int = 1) -> float:
        """Pause the model for as long as the service asks; longer each time if it asks for nothing. Returns the seconds."""
        self._active.metrics.limited.labels(key[1]).inc()
        asked = self._timings.rate_limit if error.retry_after is None else error.retry_after
        own = min(self._timings.shortest_pause * 2 ** (times - 1), self._timings.longest_pause)
        return self._pauses.pause(key, max(asked, own))

    # -- the end ---------------------------------------------------------------------------------

    async def _save(self, task: FollowedTask, reply: Reply) -> None:
        """Keep the pictures. Those that cannot be fetched are asked for at fresh addresses; after that the job is overdue."""
        problem = await self._fetch(task, reply.images, reply.charged)
        if problem and task.job.task_id:
            fresh = await self._fresh_urls(task)
            if fresh and fresh != reply.images:
                problem = await self._fetch(task, fresh, reply.charged)
        if problem:
            await self._active.persist(task.job.id, partial(transitions.overdue, problem=problem.problem))

    async def _fetch(self, task: FollowedTask, urls: tuple[str, ...], charged: float | None) -> PlaygroundError | None:
        saving = partial(transitions.saving, urls=urls, charged=charged, now=time.time())
        job = await self._active.persist(task.job.id, saving)
        if job is None or job.state is not JobState.SAVING:
            return None
        return await self._results.fetch_missing(job, task.account, task.give_up)

    async def _fresh_urls(self, task: FollowedTask) -> tuple[str, ...]:
        within = max(MINIMUM_WAIT_S, min(POLL_TIMEOUT_S, task.give_up - time.monotonic()))
        try:
            return (await self._ask(task.job, str(task.job.task_id), task.account, within, task.give_up)).images
        except ServiceError:
            return ()

    async def _overdue(self, task: FollowedTask) -> None:
        last = f" Last answer: {task.polls.problem.what}" if task.polls.problem else ""
        minutes = self._options.deadline_s / 60
        after = f"{minutes:g} minutes" if minutes >= 1 else f"{self._options.deadline_s:g} seconds"
        error = StillRunning(
            f"Still running at the service after {after}, task {task.job.task_id}.{last}",
            task_id=task.job.task_id,
            reply=getattr(task.polls.problem, "reply", ""),
        )
        await self._active.persist(task.job.id, partial(transitions.overdue, problem=error.problem))


class _Paused(Exception):
    """The model's upstream asked for a pause while a request was being prepared."""
