"""The life of a sandbox task, without HTTP: accepted, in progress, ended, forgotten.

A task is a request and a clock: nothing runs in the background and no picture is held. The number of tasks and their
age are bounded, so that callers cannot fill the memory.

A prompt with a marker such as ``#sandbox:credits`` simulates a fault, so that integrators can test how their code handles
it without spending anything. :data:`FAULTS` lists the markers.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp, log

from cachetools import LRUCache

from components.catalog.requests import Request

MOST_TASKS = 2_000
MOST_PICTURES = 12  # in one task
OLDEST_S = 3_600.0
PICTURE_RUN_TIMES_LATE = 2
TYPICAL_S = (3.0, 10.0)  # for a model that states no run time

FAULTS = {
    "key": "401 on the POST, as for a wrong key",
    "credits": "402 on the POST, as for an empty account",
    "moderation": "400 on the POST with a content policy message",
    "rate": "429 on the first POST of this prompt, with Retry-After: 1",
    "upstream": "500 on the POST",
    "broken": "200 with truncated JSON on the POST",
    "failed": "the task ends as failed",
    "moderated-later": "the task ends as failed by moderation",
    "never": "the task never ends",
    "slow": "the task takes five times as long",
    "blip": "the first two polls answer 503",
    "html": "every poll answers a web page with 200",
    "word": "every poll answers an unknown state word",
    "empty": "the task completes without a picture",
    "gone": "the task completes, its picture answers 404",
    "late": "the task completes, its picture answers 404 for two run times more",
    "square": "the picture is square, whatever shape was requested",
    "callback-lost": "callback_url is not called",
    "callback-late": "callback_url is called three run times after the task has ended",
    "callback-twice": "callback_url is called twice",
}
MARKER = re.compile(r"#sandbox:([a-z-]+)")


@dataclass
class Task:
    """An accepted request. ``created`` is a time of the monotonic clock, ``seconds`` how long the task takes.

    ``named``: the drawing names its model.
    """

    id: str
    request: Request
    created: float
    seconds: float
    fault: str = ""
    named: bool = True
    polls: int = 0

    def progress(self, now: float) -> float:
        """The share of its time that has passed, 0 to 1."""
        return min(1.0, (now - self.created) / self.seconds) if self.seconds > 0 else 1.0

    def has_pictures(self, now: float) -> bool:
        """Whether its pictures are at their addresses."""
        late = PICTURE_RUN_TIMES_LATE * self.seconds if self.fault == "late" else 0.0
        return self.fault != "gone" and self.progress(now - late) >= 1


@dataclass
class TaskStore:
    """The tasks that the sandbox knows. ``speed`` divides every run time; tests use a large one."""

    speed: float = 1.0
    _tasks: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    _limited: LRUCache[str, bool] = field(default_factory=lambda: LRUCache(100))

    def accept(self, request: Request, *, named: bool = True) -> Task:
        """Create a task for a valid request; the oldest are forgotten beyond the bounds."""
        now = time.monotonic()
        node = re.sub(r"\D", "", request.model.node or "") or "0"
        task_id = f"n{node}{secrets.token_hex(10)}sandbox"
        fault = fault_of(request.prompt)
        task = Task(task_id, request, now, self._seconds(request, task_id, fault), fault, named)
        self._tasks[task_id] = task
        while len(self._tasks) > MOST_TASKS or now - next(iter(self._tasks.values())).created > OLDEST_S:
            self._tasks.popitem(last=False)
        return task

    def restore(self, tasks: Iterable[Task]) -> None:
        """Add the tasks of an earlier process."""
        self._tasks |= {task.id: task for task in tasks}

    def find(self, task_id: str) -> Task | None:
        """The task with this id, or None."""
        return self._tasks.get(task_id)

    def first_time(self, prompt: str) -> bool:
        """Whether this prompt is seen for the first time; the ``rate`` fault refuses only once."""
        if prompt in self._limited:
            return False
        self._limited[prompt] = True
        return True

    def _seconds(self, request: Request, task_id: str, fault: str) -> float:
        if fault == "never":
            return float("inf")
        low, high = request.model.seconds or TYPICAL_S
        low, high = max(low, 0.1), max(high, low, 0.1)
        spread = log(high / low) / 2.563  # the stated range as the middle 80 % of a lognormal distribution
        seconds = exp(random.Random(task_id).gauss((log(low) + log(high)) / 2, spread))
        return min(seconds, 1.5 * high) * (5 if fault == "slow" else 1) / self.speed


def fault_of(prompt: str) -> str:
    """The fault that a prompt simulates, or ""."""
    found = MARKER.search(prompt)
    return found.group(1) if found and found.group(1) in FAULTS else ""
