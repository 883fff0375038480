"""One job's life: claim, send once, poll until the task ends, keep its pictures.

The row says ``submitting`` before the POST leaves and holds the task id right after its answer. After that
everything may fail and be asked again until the deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf
from typing import Any

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
from components.jobs import callbacks as doorbell
from components.jobs.active import Register
from components.jobs.job import ACTIVE, Caps, Job, JobState
from components.jobs.messages import WAITS_FOR_KEY, stopped
from components.jobs.metrics import Metrics
from components.jobs.pacing import Key, Pauses, RunTimes, Trust, place
from components.jobs.poll_history import PollHistory
from components.jobs.results import ResultSaver
from components.pictures.library import PictureLibrary

MINIMUM_WAIT_S = 0.05
SHORTEST_ANSWER_S = 10.0  # to a request that is sent just before the deadline: without its answer the money is lost
RATE_LIMIT_WAIT_S = 5.0
SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SOONEST_POLL_S = 1.0
LONGEST_REPAIR_POLL_S = 10.0
MOST_NAMED = 5


class Worker:
    """What a job's task does. The runner decides which jobs have one."""

    def __init__(
        self,
        register: Register,
        client: ApiClient,
        pictures: PictureLibrary,
        caps: Caps,
        deadline_s: float,
        times: RunTimes,
        metrics: Metrics,
        calls_back: Callable[[Job, Account], str],
    ) -> None:
        self._register = register
        self._client = client
        self._saver = ResultSaver(register, pictures)
        self._caps = caps
        self._deadline_s = deadline_s
        self._times = times
        self._metrics = metrics
        self._calls_back = calls_back
        self._pauses = Pauses()
        self.limiter = RequestLimiter()
        self._trust = Trust()
        self._rung: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def run(self, job: Job, account: Account) -> None:
        """From the queue to the pictures."""
        give_up = time.monotonic() + self._deadline_s
        created = await self._send(job, account, give_up)
        if created:
            await self.follow(*created, account, fresh=True, give_up=give_up)

    def ring(self, job_id: str) -> None:
        """A callback says that the job's task has something new."""
        self._rung[job_id].set()

    def left(self, job_id: str) -> None:
        """The job has no task any more."""
        self._rung.pop(job_id, None)

    # -- the request -----------------------------------------------------------------------------

    async def _send(self, job: Job, account: Account, give_up: float) -> tuple[Job, Reply] | None:
        """Send the request, once. Returns the running job with the answer, or None when it ended here."""
        key = (place(account), job.model)
        refusals = 0
        while True:
            claimed: Job | None = None
            try:
                async with self._turn(key, give_up):
                    secret = doorbell.new_secret()
                    claimed = await self._register.claim(job.id, self._caps, doorbell.hashed(secret), give_up)
                    if claimed is None:
                        return None
                    if self._pauses.left(key):  # somebody was told to wait while this one was claimed
                        if await self._queued_again(job, ""):
                            continue
                        return None
                    body = dict(claimed.body)
                    if base := self._calls_back(claimed, account):
                        body["callback_url"] = doorbell.address(base, job.id, secret)
                    shortest = min(SHORTEST_ANSWER_S, self._deadline_s)
                    left = max(shortest, min(CREATE_TIMEOUT_S, give_up - time.monotonic()))
                    reply = await self._client.create(account, body, timeout_s=left)
            except RateLimited as error:
                refusals += 1
                wait = self._limited(key, error, refusals)
                note = f"The service asks to wait {max(1, round(wait))} s; nothing was created."
                if not await self._queued_again(job, note):
                    return None
                if time.monotonic() + wait > give_up:
                    raise
                await asyncio.sleep(MINIMUM_WAIT_S)
                continue
            except AnswerLost as error:
                await self._lost(claimed or job, error, account)
                return None
            # This process alone knows the answer, so it counts even where another one took the job for dead.
            running = await self._register.surely(
                job.id,
                {JobState.SUBMITTING, JobState.UNCERTAIN},
                take=True,
                state=JobState.RUNNING,
                task_id=reply.task_id,
                charged=reply.charged,
                waiting=reply.images,
                problem=None,
                finished_at=None,
                dropped=False,
            )
            if running and running.stopping and reply.phase is Phase.RUNNING:
                await self._stop(running)
                return None
            return (running, reply) if running else None

    async def _queued_again(self, job: Job, note: str) -> bool:
        """Back into the queue, for nothing was created; False if its visitor has asked to stop meanwhile."""
        queued = await self._register.surely(job.id, {JobState.SUBMITTING}, state=JobState.QUEUED, note=note)
        if queued and queued.stopping:
            await self._stop(queued)
        return queued is not None and not queued.stopping

    async def _lost(self, job: Job, error: AnswerLost, account: Account) -> None:
        """The answer is lost: uncertain, unless a callback or the answer itself has named the task."""
        changes: dict[str, Any] = {"state": JobState.UNCERTAIN, "problem": error.problem, "finished_at": time.time()}
        unsure = await self._register.surely(job.id, {JobState.SUBMITTING}, **changes)
        named = (unsure.heard if unsure else "") or error.task_id or ""
        if unsure and named:
            await self.repair(unsure, named, account)

    async def repair(self, job: Job, task_id: str, account: Account) -> None:
        """An uncertain job whose task somebody has named: if a GET with the key knows it, the job goes on.

        A service may know its own task only after a while, so it is asked until the deadline.
        """
        give_up = time.monotonic() + self._deadline_s
        reply: Reply | None = None
        named, number = [task_id], 0
        while reply is None:
            for task_id in named:
                if reply := await self._confirmed(job, task_id, account, give_up):
                    break
            else:
                if time.monotonic() > give_up:
                    return
                await asyncio.sleep(min(0.3 * 2**number, 5.0))
                number += 1
                # A callback's body is anybody's guess: a later one may name the task where the first did not.
                now = await self._register.store.get(job.id)
                if now and now.heard and now.heard not in named:
                    named = [now.heard, *named][:MOST_NAMED]
        running = await self._register.surely(
            job.id,
            {JobState.UNCERTAIN},
            take=True,
            state=JobState.RUNNING,
            task_id=task_id,
            problem=None,
            finished_at=None,
            dropped=False,
            note="",
        )
        if running:
            await self.follow(running, reply, account)

    async def _confirmed(self, job: Job, task_id: str, account: Account, give_up: float) -> Reply | None:
        """What the service says of a task, or None when it says nothing that can be understood."""
        try:
            return await self._ask(job, task_id, account, LONGEST_REPAIR_POLL_S, give_up)
        except NoPicture:
            return Reply(Phase.RUNNING, task_id)
        except RateLimited as error:
            self._limited((place(account), job.model), error)
        except ServiceError:
            pass
        return None

    async def _stop(self, job: Job) -> None:
        changes: dict[str, Any] = {"state": JobState.STOPPED, "saving": False, "overdue": False, "note": ""}
        await self._register.surely(job.id, ACTIVE, **changes, problem=stopped(job), finished_at=time.time())

    # -- the task --------------------------------------------------------------------------------

    async def follow(
        self,
        job: Job,
        reply: Reply | None,
        account: Account,
        *,
        at_once: bool = False,
        fresh: bool = False,
        give_up: float | None = None,
    ) -> None:
        """Poll until the task ends, then keep its pictures; at the deadline the job turns overdue.

        ``at_once`` begins with a poll, ``fresh`` says that the task was created just now. ``give_up`` is the
        deadline in monotonic seconds, by default a whole one from now.
        """
        give_up = give_up or time.monotonic() + self._deadline_s
        key = (place(account), job.model)
        timing = self._times.timing(key, job)
        expects_call = fresh and bool(self._calls_back(job, account))
        polls = PollHistory(job)
        hint: float | None = 0.0 if at_once else None
        while reply is None or reply.phase is Phase.RUNNING:
            if expects_call and key in self._trust and not polls.called:
                wait = quiet_delay(polls.elapsed, polls.count, timing, hint)
            else:
                wait = next_delay(polls.elapsed, polls.count, timing, poll_cost(self.limiter.jobs), hint)
            paused = self._pauses.left(key)
            wait = max(wait, paused)
            if time.monotonic() + (paused if at_once and not polls.count else wait) > give_up:
                # A callback that comes before the deadline is still worth waiting for.
                left = give_up - time.monotonic()
                rung = expects_call and left > 0 and await self._called(job.id, left, polls.last)
                if not rung:
                    await self._overdue(replace(job, polls=polls.total), polls.problem)
                    return
            else:
                rung = await self._called(job.id, wait, polls.last)
            if rung:
                self._trust.called(key)
            polls.asking(rung=rung)
            hint = None
            try:
                left = max(MINIMUM_WAIT_S, min(POLL_TIMEOUT_S, give_up - polls.last))
                reply = await self._ask(job, str(job.task_id), account, left, give_up)
                polls.told(reply)
            except ServiceError as error:
                reply = None
                if isinstance(error, RateLimited):
                    hint = self._limited(key, error)
                if isinstance(error, KeyRefused) and not fresh and polls.count == 1 and account.payer == "visitor":
                    await self._register.surely(job.id, {JobState.RUNNING}, keyless=True, note=WAITS_FOR_KEY)
                    return
                polls.failed(error, in_sandbox=account.payer == "sandbox")
            note = polls.problem.what if polls.problem else ""
            job = replace(self._register.live.get(job.id, job), polls=polls.total, note=note)
            self._register.show(job)
        if reply.phase is Phase.DONE and (seconds := polls.run_time(fresh=fresh)):
            self._times.observe(key, job, seconds)
        if expects_call and not polls.called:
            self._trust.missed(key)
        if reply.phase is Phase.FAILED:
            raise reply.failure
        ended = replace(job, polls=polls.total)
        await self._saver.save(ended, reply, account, give_up, lambda: self._fresh_addresses(ended, account, give_up))

    async def _ask(self, job: Job, task_id: str, account: Account, within: float, give_up: float = inf) -> Reply:
        async with self._turn((place(account), job.model), give_up):
            self._metrics.polls.labels(job.model).inc()
            return await self._client.task(account, task_id, job.body, timeout_s=within)

    @asynccontextmanager
    async def _turn(self, key: Key, give_up: float = inf) -> AsyncIterator[None]:
        """An admitted request, once the model need not be left alone. Raises ServiceError if that is not before ``give_up``."""
        while True:
            if time.monotonic() + self._pauses.left(key) > give_up:
                what = "The service asks this page to wait for longer than this request may take."
                raise ServiceError(what, next_step="Try again later.", charged=NOT_CHARGED)
            await self._pauses.over(key)
            async with self.limiter.request():
                if not self._pauses.left(key):  # another job may have been told to wait while this one stood in line
                    yield
                    return

    def _limited(self, key: Key, error: RateLimited, times: int = 1) -> float:
        """Leave the model alone for as long as the service asks; longer each time where it asks for nothing.

        Returns for how many seconds.
        """
        self._metrics.limited.labels(key[1]).inc()
        asked = RATE_LIMIT_WAIT_S if error.retry_after is None else error.retry_after
        return self._pauses.pause(key, max(asked, min(SHORTEST_PAUSE_S * 2 ** (times - 1), LONGEST_PAUSE_S)))

    async def _called(self, job_id: str, wait: float, last: float) -> bool:
        """Wait that long, or until a callback; two polls for callbacks are SOONEST_POLL_S apart."""
        rung = self._rung[job_id]
        try:
            async with asyncio.timeout(max(0.0, wait)):
                await rung.wait()
        except TimeoutError:
            return False
        rung.clear()
        soonest = last + SOONEST_POLL_S - time.monotonic()
        await asyncio.sleep(max(0.0, soonest))
        return True

    # -- the end ---------------------------------------------------------------------------------

    async def _fresh_addresses(self, job: Job, account: Account, give_up: float) -> tuple[str, ...]:
        left = max(MINIMUM_WAIT_S, min(POLL_TIMEOUT_S, give_up - time.monotonic()))
        try:
            return (await self._ask(job, str(job.task_id), account, left, give_up)).images
        except ServiceError:
            return ()

    async def _overdue(self, job: Job, problem: PlaygroundError | None) -> None:
        last = f" Last answer: {problem.what}" if problem else ""
        minutes = self._deadline_s / 60
        after = f"{minutes:g} minutes" if minutes >= 1 else f"{self._deadline_s:g} seconds"
        error = StillRunning(
            f"Still running at the service after {after}, task {job.task_id}.{last}",
            task_id=job.task_id,
            reply=getattr(problem, "reply", ""),
        )
        changes: dict[str, Any] = {"overdue": True, "problem": error.problem, "note": "", "polls": job.polls}
        await self._register.surely(job.id, {JobState.RUNNING}, **changes)
