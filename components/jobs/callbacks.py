"""Callbacks: the API's POST to an address of ours. One triggers a poll, and is believed in nothing else.

The service documents that it calls ``callback_url``, not what it sends. So the address names the job and carries a
secret that only the service was given. Of the body only a task id is used, where ours was lost, and only after a GET
with the key has confirmed it.
"""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from functools import partial
from hashlib import sha256

from components.api.client import Account
from components.api.replies import read_callback_task_id
from components.catalog.models import Catalog
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.job import Job
from components.jobs.pacing import Key

PREFIX = "/callbacks"
LARGEST_BODY = 65_536
SECRET_BYTES = 16
MISSES_FORGIVEN = 1


def new_secret() -> str:
    """128 random bits for one job's address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """What is recorded of a secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


class Callbacks:
    """Gives out addresses, receives calls, and knows which models' calls can be relied on.

    ``base`` is the address at which the service reaches this application, without a trailing slash; "" for none.
    """

    def __init__(self, active: ActiveJobs, catalog: Catalog, base: str) -> None:
        self._active = active
        self._catalog = catalog
        self._base = base
        self._missed: defaultdict[Key, int] = defaultdict(int)

    def expected(self, job: Job, account: Account) -> bool:
        """Whether the service is asked to call for this job."""
        model = self._catalog.find(job.model)
        return bool(self._base and model and model.webhook and account.payer != "sandbox")

    def address(self, job_id: str, secret: str) -> str:
        """The address to call. The secret stands in the path: queries are what servers and clients log."""
        return f"{self._base}{PREFIX}/{job_id}/{secret}"

    def trusted(self, key: Key) -> bool:
        """Whether a model's calls come: one that came restores the trust, tasks that ended without one cost it."""
        return self._missed[key] <= MISSES_FORGIVEN

    def came(self, key: Key) -> None:
        """A call that was asked for came."""
        self._missed[key] = 0

    def missed(self, key: Key) -> None:
        """A task ended without the call that was asked for."""
        self._missed[key] += 1

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
        if named := read_callback_task_id(body.decode("utf-8", "replace")):
            return await self._active.apply(job_id, partial(transitions.callback_named, task_id=named)) or job
        return job
