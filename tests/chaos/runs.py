"""The runs of a campaign: one job each, with one seeded fault, some with two. The same seed makes the same runs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ledger import PRICES

RUNS_PER_VISITOR = 20  # runs of one visitor
SECOND_SHARE = 0.25  # of the runs have a second fault
FEW_POLL_FAULTS = 3  # faults of polls in a row after which a short deadline has not passed
RUNS_PER_LIMIT = 8  # runs that share a scope and start together
WITHOUT_CALLBACK, WITH_CALLBACK = ("cogview-4",), ("flux-2", "flux-2", "gpt-image-1.5-official")


@dataclass(frozen=True)
class Run:
    """One job and what happens to it. ``scope`` is a part of the upstream's address of its own, "" the common one."""

    number: int
    label: str
    visitor: str
    model: str
    faults: tuple[Fault, ...]
    scope: str = ""

    @property
    def prompt(self) -> str:
        names = "+".join(fault.name for fault in self.faults if fault.name != "none")
        return f"A red kite #job={self.label} #faults={names}"

    @property
    def price(self) -> float:
        return PRICES[self.model]

    @property
    def own_port(self) -> bool:
        """Whether it needs a port of its own, because that port is closed for a while."""
        return any(fault.closes for fault in self.faults)

    @property
    def called_back(self) -> bool:
        """The service calls back and names the task."""
        return self.model in WITH_CALLBACK and not self.has("callback.lost")

    @property
    def confirmable(self) -> bool:
        """The service answers a poll soon enough for a callback to be believed: the deadline here is of seconds."""
        return not any(fault.target == "poll" and fault.times > FEW_POLL_FAULTS for fault in self.faults)

    def has(self, name: str) -> bool:
        return any(fault.name == name for fault in self.faults)

    def __str__(self) -> str:
        return f"{self.label} ({self.model}, {' and '.join(fault.name for fault in self.faults)})"


def make_runs(count: int, seed: int, only: str = "") -> list[Run]:
    """Every fault about as often as every other, in a seeded order; every ninth run is in a crowd before a rate limit.

    ``only``: names, or parts of names, of the faults to take.
    """
    rng = Random(f"runs/{seed}")
    names = [name for name in FAULTS if any(part in name for part in only.split(","))]
    groups = (
        [range(start, start + RUNS_PER_LIMIT) for start in range(0, count - RUNS_PER_LIMIT, RUNS_PER_LIMIT * 9)]
        if not only
        else []
    )
    grouped = {number for group in groups for number in group}
    chosen = [names[number % len(names)] for number in range(count - len(grouped))]
    rng.shuffle(chosen)
    runs = [_run(number, "none" if number in grouped else chosen.pop(), names, seed, rng) for number in range(count)]
    for group in groups:
        runs[group.start : group.stop] = _share_limit(runs[group.start : group.stop], seed)
    return runs


def _run(number: int, name: str, names: list[str], seed: int, rng: Random) -> Run:
    fault = FAULTS[name]
    faults = [fault]
    if name == "callback.repeated" and "poll.never" in names:
        faults.append(FAULTS["poll.never"])  # with a task that ends it would be over at once
    elif rng.random() < SECOND_SHARE:
        faults += [other for other in [FAULTS[rng.choice(names)]] if _can_combine(fault, other)]
    calls = any(one.target == "callback" for one in faults) or rng.random() < 0.6
    label = f"s{seed}-r{number:05d}"
    scope = label if any(one.retry_after is not None for one in faults) else ""
    model = rng.choice(WITH_CALLBACK if calls else WITHOUT_CALLBACK)
    return Run(number, label, f"visitor-{number // RUNS_PER_VISITOR}", model, tuple(faults), scope)


def _can_combine(fault: Fault, other: Fault) -> bool:
    """Two faults of different requests, at most one of which closes the port."""
    return fault.target != other.target and "none" not in (fault.name, other.name) and not (fault.closes and other.closes)


def _share_limit(runs: list[Run], seed: int) -> list[Run]:
    """Runs of one model in one scope, of which the first two are answered 429: the others must wait with them."""
    scope = f"crowd-{seed}-{runs[0].number}"
    limit, none = FAULTS["create.429-1"], FAULTS["none"]
    return [
        Run(run.number, run.label, run.visitor, runs[0].model, (limit,) if number < 2 else (none,), scope)
        for number, run in enumerate(runs)
    ]
