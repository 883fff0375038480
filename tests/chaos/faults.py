"""Everything that goes wrong in the campaign, as one table: what is done to which request, and how a job may end.

A fault travels in the prompt (``#job=r00012 #faults=poll.500x5``), so that an upstream in another process knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.behaviors import (
    Behavior,
    after_deadline,
    backwards,
    cut,
    drip,
    failed,
    hang_up,
    html,
    late,
    no_id,
    no_pictures,
    reset,
    running,
    status,
    truncated,
    unknown_word,
    wrong_types,
)  # fmt: skip

EVER = 10**9


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    ``target`` is the request that it meets: create, poll, download, callback, or visitor for what a person does.
    ``times`` is how many requests it meets, or it lasts for ``seconds`` from the first; EVER ends when the job is healed,
    ``endless`` never. ``creates``: a POST that meets it creates a paid task all the same. ``ends`` is how the job may end
    once the fault is over. ``closes`` closes the job's own port for ``seconds`` after this request was answered well.
    ``picture`` is the number of the only result of a task that a download fault meets, None for all; ``refused``: what is
    delivered instead can never be kept.
    """

    name: str
    behavior: Behavior | None = None
    times: int = 1
    seconds: float = 0.0
    creates: bool = False
    allowed_states: tuple[str, ...] = ("done",)
    retry_after: str | None = None
    closes: str = ""
    endless: bool = False
    picture: int | None = None
    refused: bool = False

    @property
    def target(self) -> str:
        return self.name.partition(".")[0]

    @property
    def lost(self) -> bool:
        """The POST's answer is lost."""
        return "uncertain" in self.allowed_states


LOST, REFUSED = ("uncertain",), ("failed",)


def _everywhere(name: str, behavior: Behavior) -> Iterator[Fault]:
    """The same accident at each of the three requests; a POST that meets it has created its task."""
    yield Fault(f"create.{name}", behavior, creates=True, allowed_states=LOST)
    for target in ("poll", "download"):
        yield Fault(f"{target}.{name}", behavior)
        yield Fault(f"{target}.{name}x5", behavior, 5)


def _limits() -> Iterator[Fault]:
    for name, value, allowed_states in (
        ("1", "1", ("done",)),
        ("date", "date", ("done",)),
        ("0", "0", ("done",)),
        ("huge", "1000000000", ("failed",)),
        ("garbage", "soon", ("done", "failed")),
        ("none", "", ("done", "failed")),
    ):
        yield Fault(f"create.429-{name}", status(429), retry_after=value, allowed_states=allowed_states)
        polled = ("done", "overdue") if name == "huge" else ("done",)  # nobody waits two minutes here
        yield Fault(f"poll.429-{name}", status(429), retry_after=value, allowed_states=polled)
    yield Fault("create.429-1x2", status(429), 2, retry_after="1")
    yield Fault("poll.429-1x2", status(429), 2, retry_after="1")
    yield Fault("download.429-1", status(429), retry_after="1")
    yield Fault("download.429-none", status(429), retry_after="")


def _all() -> Iterator[Fault]:
    for name, behavior in (
        ("reset", reset), ("hang-up", hang_up), ("cut", cut), ("truncated", truncated), ("html", html),
        ("drip", drip), ("wrong-types", wrong_types), ("500", status(500)),
    ):  # fmt: skip
        yield from _everywhere(name, behavior)
    yield from _limits()
    yield Fault("none")
    yield Fault("create.late", after_deadline, creates=True, allowed_states=LOST)
    # The request is taken off the wire, and nothing comes of it.
    yield Fault("create.reset-unread", reset, allowed_states=LOST)
    yield Fault("create.500-nothing", status(500), allowed_states=LOST)
    yield Fault("create.503", status(503), seconds=2, allowed_states=LOST)
    yield Fault("create.no-id", no_id, creates=True, allowed_states=LOST)
    yield Fault("create.unknown-word", unknown_word, creates=True)
    for code in (400, 401, 402, 422):
        yield Fault(f"create.{code}", status(code), allowed_states=REFUSED)
    yield Fault("create.refused", closes="start", seconds=EVER, allowed_states=REFUSED)
    yield Fault("create.refused-briefly", closes="start", seconds=0.004, allowed_states=("done", "failed"))
    yield Fault("poll.refused", closes="create", seconds=1.0)
    yield Fault("download.refused", closes="poll", seconds=0.7)
    yield Fault("download.refused-long", closes="poll", seconds=EVER)
    for target in ("poll", "download"):
        yield Fault(f"{target}.late", late)
        yield Fault(f"{target}.latex5", late, 5)
        yield Fault(f"{target}.500x30", status(500), 30)
        yield Fault(f"{target}.503", status(503), EVER, seconds=2)
        yield Fault(f"{target}.404x3", status(404), 3)
        yield Fault(f"{target}.401", status(401))
        yield Fault(f"{target}.late-always", late, EVER)
        yield Fault(f"{target}.drip-always", drip, EVER)
    yield Fault("poll.unknown-word", unknown_word)
    yield Fault("poll.backwards", backwards, 3)
    yield Fault("poll.no-pictures", no_pictures)
    yield Fault("poll.no-picturesx5", no_pictures, 5)
    yield Fault("poll.never", running, EVER)
    yield Fault("poll.never-ever", running, EVER, allowed_states=("overdue",), endless=True)
    yield Fault("poll.failed", failed, EVER, allowed_states=REFUSED, endless=True)
    yield Fault("download.gone", status(404), EVER)
    yield Fault("download.gone-for-good", status(404), EVER, allowed_states=("overdue",), endless=True)
    yield Fault("download.missing", status(404), EVER, seconds=2)
    yield Fault("download.first-missing", status(404), EVER, seconds=2, picture=0)
    yield Fault("download.first-gone", status(404), EVER, allowed_states=("overdue",), endless=True, picture=0)
    yield Fault("download.first-html", html, EVER, allowed_states=("done", "failed"), endless=True, picture=0, refused=True)
    for name in ("lost", "twice", "storm", "repeated", "early", "late", "forged", "stranger", "garbage", "huge"):
        yield Fault(f"callback.{name}")
    for name in ("double-click", "leaves", "stops", "stops-at-once"):
        yield Fault(f"visitor.{name}")


FAULTS = {fault.name: fault for fault in _all()}


def allowed_states(faults: list[Fault], repaired: bool) -> set[str]:
    """How a job with these faults may end when all is over; ``repaired``: its callback is sent, and names the task."""
    create = next((fault for fault in faults if fault.target == "create"), None)
    later: set[str] = {"done"}
    for target in ("download", "poll"):  # a poll that never succeeds comes before any download
        for fault in faults:
            if fault.target == target and fault.allowed_states != ("done",):
                later = set(fault.allowed_states)
    if create is None or create.allowed_states == ("done",):
        return later
    if create.lost:
        return {"uncertain"} | (later if repaired and create.creates else set())
    return set(create.allowed_states) - {"done"} | (later if "done" in create.allowed_states else set())
