"""What a job's worker does: claim the job, send the request once, follow its task.

The row says ``submitting`` before the POST leaves and holds the task id right after its answer. After that everything
may fail and be tried again until the deadline.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial

from components.api.client import CREATE_TIMEOUT_S, Account
from components.api.replies import Phase, Reply
from components.errors import AnswerLost, NoPicture, RateLimited, ServiceError
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.callbacks import Callbacks, hashed, new_secret
from components.jobs.job import Job, JobOptions
from components.jobs.pacing import PacedClient, RunTimes, UpstreamModel
from components.jobs.polling import MINIMUM_WAIT_S, Poller
from components.jobs.store.jobs import Ownership

FIRST_REPAIR_WAIT_S = 0.3
SLOWEST_REPAIR_WAIT_S = 5.0
MOST_NAMED = 5


class Worker:
    """The three ways to work on a job; ``ActiveJobs`` starts and ends them."""

    def __init__(
        self,
        active: ActiveJobs,
        client: PacedClient,
        times: RunTimes,
        callbacks: Callbacks,
        options: JobOptions,
        poller: Poller,
    ) -> None:
        self._active = active
        self._client = client
        self._times = times
        self._callbacks = callbacks
        self._options = options
        self._poller = poller

    async def run(self, job: Job, account: Account) -> None:
        """Send the request of a queued job, follow its task and keep its pictures."""
        deadline = time.monotonic() + self._options.deadline_s
        if created := await self._send(job, account, deadline):
            running, reply = created
            await self._poller.follow(running, account, reply, deadline=deadline, fresh=True)

    async def resume(self, job: Job, account: Account) -> None:
        """Follow a task that exists, or fetch results whose addresses are known, and keep the pictures.

        With a task id the service is asked for the addresses anew: the recorded ones may have expired.
        """
        recorded = None if job.task_id else Reply(Phase.DONE, None, job.pending_urls, charged=job.charged)
        await self._poller.follow(job, account, recorded, at_once=True)

    async def repair(self, job: Job, account: Account) -> None:
        """Resume an uncertain job whose task was named, once a GET with the key knows that task.

        The service may know its own task only after a while, so it is asked until the deadline.
        """
        deadline, number = time.monotonic() + self._options.deadline_s, 0
        named = [job.callback_task_id]
        while True:
            for task_id in named:
                if reply := await self._confirmed(job, task_id, account, deadline):
                    accepted = partial(transitions.accepted, reply=Reply(Phase.RUNNING, task_id), now=time.time())
                    running = await self._active.persist(job.id, accepted, Ownership.TAKE_OVER)
                    if running and not running.settled:
                        await self._poller.follow(running, account, reply)
                    return
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(min(FIRST_REPAIR_WAIT_S * 2**number, SLOWEST_REPAIR_WAIT_S))
            number += 1
            # A callback's body proves nothing: a later one may name the task where the first did not.
            recorded = await self._active.store.get(job.id)
            if recorded and recorded.callback_task_id and recorded.callback_task_id not in named:
                named = [recorded.callback_task_id, *named][:MOST_NAMED]

    async def check_task(self, job: Job, task_id: str, account: Account) -> None:
        """Ask the service, once, for the task that a visitor says is this job's. Raises ServiceError if it knows none."""
        key, timeout_s = self._times.key(account, job.model), self._options.timings.longest_repair_poll
        deadline = time.monotonic() + timeout_s
        with suppress(NoPicture):  # it is known, and why it shows nothing is for the job to say
            await self._client.task(key, account, job, task_id, timeout_s, deadline)

    async def _send(self, job: Job, account: Account, deadline: float) -> tuple[Job, Reply] | None:
        """Send the request, once. Returns the running job with the answer, or None if it ended here."""
        key = self._times.key(account, job.model)
        refusals = 0
        while True:
            refusal: RateLimited | None = None
            try:
                reply = await self._post(job, account, key, deadline)
                return await self._accept(job, reply) if reply else None
            except _PausedMeanwhileError:
                note, wait = "", 0.0
            except RateLimited as error:
                refusals += 1
                refusal, wait = error, self._client.pause(key, error, refusals)
                note = f"The service asks to wait {max(1, round(wait))} s; nothing was created."
            except AnswerLost as error:
                await self._lose(job, error, account)
                return None
            queued = await self._active.persist(job.id, partial(transitions.queued_again, note=note, now=time.time()))
            if queued is None or queued.settled or await self._key_forgotten(job):
                return None
            if refusal and time.monotonic() + wait > deadline:
                raise refusal
            await asyncio.sleep(MINIMUM_WAIT_S)

    async def _post(self, job: Job, account: Account, key: UpstreamModel, deadline: float) -> Reply | None:
        """Claim the job and POST its body. None if it cannot be claimed.

        Raises:
            _PausedMeanwhileError: it is claimed, and nothing was sent.
            AnswerLost, RateLimited, ServiceError: as the client does.
        """
        async with self._client.request(key, deadline):
            secret = new_secret()
            claimed = await self._active.claim(job.id, self._options.caps, hashed(secret), deadline)
            if claimed is None:
                return None
            if self._client.paused(key):  # the service has asked for a pause while this job was claimed
                raise _PausedMeanwhileError
            body = dict(claimed.body)
            if self._callbacks.expected(claimed):
                body["callback_url"] = self._callbacks.address(job.id, secret)
            shortest = min(self._options.timings.shortest_answer, self._options.deadline_s)
            timeout_s = max(shortest, min(CREATE_TIMEOUT_S, deadline - time.monotonic()))
            return await self._client.client.create(account, body, job.count, timeout_s)

    async def _accept(self, job: Job, reply: Reply) -> tuple[Job, Reply] | None:
        """Record the answer. This process alone knows it, so it counts even if another one took the job for dead."""
        accepted = partial(transitions.accepted, reply=reply, now=time.time())
        running = await self._active.persist(job.id, accepted, Ownership.TAKE_OVER)
        if running is None or running.settled or await self._key_forgotten(job):
            return None
        return running, reply

    async def _key_forgotten(self, job: Job) -> bool:
        """Whether the visitor has taken the key back while the request was being sent; the job waits for it then."""
        active = self._active.find(job.id)
        if active is None or not active.key_forgotten:
            return False
        await self._active.persist(job.id, transitions.needs_key)
        return True

    async def _lose(self, job: Job, error: AnswerLost, account: Account) -> None:
        """Record that the answer is lost; repair the job if a callback has named the task."""
        lost = partial(transitions.uncertain, problem=error.problem, now=time.time())
        uncertain = await self._active.persist(job.id, lost)
        if uncertain and uncertain.callback_task_id:
            await self.repair(uncertain, account)

    async def _confirmed(self, job: Job, task_id: str, account: Account, deadline: float) -> Reply | None:
        """What the service says of a task, or None if it says nothing that can be understood."""
        key = self._times.key(account, job.model)
        timeout_s = self._options.timings.longest_repair_poll
        try:
            return await self._client.task(key, account, job, task_id, timeout_s, deadline)
        except NoPicture:
            return Reply(Phase.RUNNING, task_id)
        except RateLimited as error:
            self._client.pause(key, error)
        except ServiceError:
            pass
        return None


class _PausedMeanwhileError(Exception):
    """The model was paused while a request was being prepared."""
