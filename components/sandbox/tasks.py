"""The life of a sandbox task, without HTTP: accepted, in progress, completed or failed, forgotten.

A task is its request and a clock; nothing runs in the background and no picture is held. Both the number of
tasks and their age are bounded, so strangers cannot fill the memory.

A prompt may rehearse a failure with a marker such as ``#sandbox:credits``: an integrator can see what their
code does without spending anything. :data:`REHEARSALS` names them all.
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

from components.catalog.requests import Request

MOST_TASKS = 2_000
MOST_PICTURES = 12
OLDEST_S = 3_600.0
TYPICAL_S = (3.0, 10.0)

REHEARSALS = {
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
    "square": "the picture is square whatever was asked",
}
MARKER = re.compile(r"#sandbox:([a-z-]+)")


@dataclass
class Task:
    """One accepted request. Times are seconds of the monotonic clock; ``seconds`` is how long it takes."""

    id: str
    request: Request
    created: float
    seconds: float
    rehearsal: str = ""
    polls: int = 0

    def progress(self, now: float) -> float:
        """The share of its time that has passed, 0 to 1."""
        return min(1.0, (now - self.created) / self.seconds) if self.seconds > 0 else 1.0


@dataclass
class TaskBook:
    """All tasks the sandbox knows. ``speed`` divides every run time; tests use a large one."""

    speed: float = 1.0
    _tasks: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    _limited: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def accept(self, request: Request) -> Task:
        """A new task for a valid request; the oldest are forgotten beyond the bounds."""
        now = time.monotonic()
        node = re.sub(r"\D", "", request.model.node or "") or "0"
        task_id = f"n{node}{secrets.token_hex(10)}sandbox"
        what = rehearsal(request.prompt)
        task = Task(task_id, request, now, self._seconds(request, task_id, what), what)
        self._tasks[task_id] = task
        while len(self._tasks) > MOST_TASKS or now - next(iter(self._tasks.values())).created > OLDEST_S:
            self._tasks.popitem(last=False)
        return task

    def restore(self, tasks: Iterable[Task]) -> None:
        """Take in tasks of an earlier process."""
        self._tasks |= {task.id: task for task in tasks}

    def find(self, task_id: str) -> Task | None:
        """The task, or None."""
        return self._tasks.get(task_id)

    def first_time(self, prompt: str) -> bool:
        """Whether this prompt is seen for the first time; for the rehearsal that refuses only once."""
        if prompt in self._limited:
            return False
        self._limited[prompt] = None
        if len(self._limited) > 100:
            self._limited.popitem(last=False)
        return True

    def _seconds(self, request: Request, task_id: str, what: str) -> float:
        if what == "never":
            return float("inf")
        low, high = request.model.seconds or TYPICAL_S
        low, high = max(low, 0.1), max(high, low, 0.1)
        spread = log(high / low) / 2.563  # the range as the middle 80 % of a lognormal
        drawn = exp(random.Random(task_id).gauss((log(low) + log(high)) / 2, spread))
        return min(drawn, 1.5 * high) * (5 if what == "slow" else 1) / self.speed


def rehearsal(prompt: str) -> str:
    """The failure that a prompt asks to see, or ""."""
    found = MARKER.search(prompt)
    return found.group(1) if found and found.group(1) in REHEARSALS else ""
