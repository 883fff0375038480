"""Callbacks: the API's POST to an address of ours. One triggers a poll, and is believed in nothing else.

The service documents that it calls ``callback_url``, not what it sends. So the address names the job and carries a
secret that only the service was given. Of the body only a task id is used, where ours was lost, and only after a GET
with the key has confirmed it.

Whether calls arrive depends on the service, on the model and on the network in front of our address. Tasks are polled as
if there were no callbacks until one has arrived; only then are polls left out. A score keeps count: it is positive
while callbacks are relied on.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256

from components.api.replies import read_callback_task_id
from components.catalog.models import Catalog
from components.errors import DatabaseUnavailable
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.job import Job
from components.jobs.store.learned import LearnedStore

PREFIX = "/callbacks"
LARGEST_BODY = 65_536
SECRET_BYTES = 16
BEST_SCORE = 3


def new_secret() -> str:
    """128 random bits for one job's address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """What is recorded of a secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def score_received(score: int) -> int:
    """The score after one more callback that arrived in time."""
    return min(score + 1, BEST_SCORE)


def score_missed(score: int) -> int:
    """The score after a callback that was relied on did not arrive. After BEST_SCORE arrivals one miss is forgiven."""
    return 1 if score == BEST_SCORE else -BEST_SCORE


class Callbacks:
    """Gives out addresses, receives calls, and knows which models' calls can be relied on.

    ``base`` is the address at which the service reaches this application, without a trailing slash; "" for none.
    ``delay_s``: a call so long after its job has ended is too late to rely on.
    """

    def __init__(self, active: ActiveJobs, catalog: Catalog, store: LearnedStore, base: str, delay_s: float) -> None:
        self._active = active
        self._catalog = catalog
        self._store = store
        self._base = base
        self._delay_s = delay_s
        self._scores: dict[tuple[str, str], int] = {}

    async def load(self) -> None:
        """Read what was learned before. Raises DatabaseUnavailable."""
        self._scores = await self._store.callback_scores(self._base) if self._base else {}

    def expected(self, job: Job) -> bool:
        """Whether the service is asked to call for this job."""
        model = self._catalog.find(job.model)
        return bool(self._base and model and model.webhook)

    def address(self, job_id: str, secret: str) -> str:
        """The address to call. The secret stands in the path: queries are what servers and clients log."""
        return f"{self._base}{PREFIX}/{job_id}/{secret}"

    def trusted(self, job: Job) -> bool:
        """Whether the call for this job can be relied on, so that hardly any poll is needed."""
        return self._scores.get(self._key(job), 0) > 0

    async def missed(self, job: Job) -> None:
        """Lower the score of a job's model: its task has ended without the call that was relied on."""
        await self._score(job, score_missed)

    async def receive(self, job_id: str, secret: str, body: bytes) -> Job | None:
        """Check a call, wake the poller, record a task id that it names. Returns the job; None: no such address.

        Raises DatabaseUnavailable.
        """
        job = await self._active.store.get(job_id)
        expected = job.callback_hash if job else ""
        if not (hmac.compare_digest(hashed(secret), expected or hashed("")) and expected) or job is None:
            return None
        self._active.metrics.callbacks.labels(job.model).inc()
        if active := self._active.find(job_id):
            active.called.set()
        # A job without a worker here is followed by another process, which has not learned of this call in time.
        if active or (job.finished_at and time.time() - job.finished_at < self._delay_s):
            await self._score(job, score_received)
        if named := read_callback_task_id(body.decode("utf-8", "replace")):
            return await self._active.apply(job_id, partial(transitions.callback_named, task_id=named)) or job
        return job

    def _key(self, job: Job) -> tuple[str, str]:
        upstream = "sandbox" if job.payer == "sandbox" else job.base_url
        return upstream, self._catalog.current_id(job.model)

    async def _score(self, job: Job, change: Callable[[int], int]) -> None:
        """Change the score of a job's model; a database that does not answer costs no more than what was learned."""
        key = self._key(job)
        before = self._scores.get(key, 0)
        if change(before) == before:
            return
        self._scores[key] = change(before)
        with suppress(DatabaseUnavailable):
            self._scores[key] = await self._store.change_callback_score(self._base, *key, change)
