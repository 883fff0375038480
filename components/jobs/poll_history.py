"""What the polls of one task have told so far."""

from __future__ import annotations

import time

from components.api.replies import Phase, Reply
from components.errors import NoPicture, ServiceError
from components.jobs.job import Job

EMPTY_TRIES = 3
FORGOTTEN_TRIES = 5  # a sandbox that was started anew never knows the task; nothing was paid for it
LEAST_SHARE = 0.6  # of the time of the poll that found it done: the task cannot be taken for quicker than that


class PollHistory:
    """One task that is followed from now on.

    ``count`` is how many polls were sent and ``last`` when the last one was, in monotonic seconds, before the first
    poll the beginning; ``problem`` is why it told nothing. ``called`` is whether any poll was for a callback.
    """

    def __init__(self, job: Job) -> None:
        self.last = self._begun = time.monotonic()
        self.count = 0
        self.called = False
        self.problem: ServiceError | None = None
        self._earlier = job.polls
        self._before = max(0.0, time.time() - job.sent_at) if job.sent_at else 0.0
        self._rung = False
        self._asked_at = self._running_at = 0.0
        self._empty = self._forgotten = 0

    @property
    def total(self) -> int:
        """Of the job, those that were sent before a restart too."""
        return self._earlier + self.count

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self._before + time.monotonic() - self._begun

    def asking(self, *, rung: bool) -> None:
        """A poll is sent now; ``rung`` says that it is for a callback."""
        self.last = time.monotonic()
        self.count += 1
        self._rung = rung
        self.called = self.called or rung
        self._asked_at = self.elapsed

    def told(self, reply: Reply) -> None:
        """The poll was answered."""
        self.problem = None
        if reply.phase is Phase.RUNNING:
            self._running_at = self._asked_at

    def failed(self, error: ServiceError, *, in_sandbox: bool) -> None:
        """The poll told nothing. Raises the error where asking again is in vain."""
        self.problem = error
        self._empty += isinstance(error, NoPicture)
        self._forgotten += in_sandbox and error.status == 404
        if self._empty >= EMPTY_TRIES or self._forgotten >= FORGOTTEN_TRIES:
            raise error

    def run_time(self, *, fresh: bool) -> float | None:
        """How long a task took that was done at the last poll: between that and the one before.

        None where nobody looked for so long that it would be a guess; ``fresh`` says that the task was followed from
        its beginning.
        """
        if not self.count or not (fresh or self._running_at > self._asked_at / 2):
            return None
        if self._rung:
            return self._asked_at
        return (max(self._running_at, LEAST_SHARE * self._asked_at) + self._asked_at) / 2
