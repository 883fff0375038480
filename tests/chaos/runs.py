"""The runs of a campaign: one job each, with one seeded fault, some with two. The same seed makes the same runs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ledger import PRICES

FAMILY = 20  # runs of one visitor
SECOND_SHARE = 0.25  # of the runs have a second fault
FEW = 3  # faults of polls in a row after which a short deadline has not passed
CROWD = 8  # runs that share a lane and start together
WITHOUT_CALLBACK, WITH_CALLBACK = ("cogview-4",), ("flux-2", "flux-2", "gpt-image-1.5-official")


@dataclass(frozen=True)
class Run:
    """One job and what happens to it. ``lane`` is a part of the upstream's address of its own, "" the common one."""

    number: int
    mark: str
    visitor: str
    model: str
    faults: tuple[Fault, ...]
    lane: str = ""

    @property
    def prompt(self) -> str:
        names = "+".join(fault.name for fault in self.faults if fault.name != "none")
        return f"A red kite #job={self.mark} #faults={names}"

    @property
    def price(self) -> float:
        return PRICES[self.model]

    @property
    def door(self) -> bool:
        """It needs a port of its own, because that port is shut for a while."""
        return any(fault.shuts for fault in self.faults)

    @property
    def called_back(self) -> bool:
        """The service calls back and names the task."""
        return self.model in WITH_CALLBACK and not self.has("callback.lost")

    @property
    def confirmable(self) -> bool:
        """The service answers a poll soon enough for a callback to be believed: the deadline here is of seconds."""
        return not any(fault.place == "poll" and fault.times > FEW for fault in self.faults)

    def has(self, name: str) -> bool:
        return any(fault.name == name for fault in self.faults)

    def __str__(self) -> str:
        return f"{self.mark} ({self.model}, {' and '.join(fault.name for fault in self.faults)})"


def make_runs(count: int, seed: int, only: str = "") -> list[Run]:
    """Every fault about as often as every other, in a seeded order; every ninth run is in a crowd before a rate limit.

    ``only``: names, or parts of names, of the faults to take.
    """
    dice = Random(f"runs/{seed}")
    names = [name for name in FAULTS if any(part in name for part in only.split(","))]
    crowds = [range(start, start + CROWD) for start in range(0, count - CROWD, CROWD * 9)] if not only else []
    crowded = {number for crowd in crowds for number in crowd}
    dealt = [names[number % len(names)] for number in range(count - len(crowded))]
    dice.shuffle(dealt)
    runs = [_run(number, "none" if number in crowded else dealt.pop(), names, seed, dice) for number in range(count)]
    for crowd in crowds:
        runs[crowd.start : crowd.stop] = _crowd(runs[crowd.start : crowd.stop], seed)
    return runs


def _run(number: int, name: str, names: list[str], seed: int, dice: Random) -> Run:
    fault = FAULTS[name]
    faults = [fault]
    if name == "callback.nags" and "poll.never" in names:
        faults.append(FAULTS["poll.never"])  # with a task that ends it would be over at once
    elif dice.random() < SECOND_SHARE:
        faults += [other for other in [FAULTS[dice.choice(names)]] if _agree(fault, other)]
    calls = any(one.place == "callback" for one in faults) or dice.random() < 0.6
    mark = f"s{seed}-r{number:05d}"
    lane = mark if any(one.retry_after is not None for one in faults) else ""
    model = dice.choice(WITH_CALLBACK if calls else WITHOUT_CALLBACK)
    return Run(number, mark, f"visitor-{number // FAMILY}", model, tuple(faults), lane)


def _agree(fault: Fault, other: Fault) -> bool:
    """Two faults at different places, at most one of which shuts the door."""
    return fault.place != other.place and "none" not in (fault.name, other.name) and not (fault.shuts and other.shuts)


def _crowd(runs: list[Run], seed: int) -> list[Run]:
    """Runs of one model in one lane, of which the first two are answered 429: the others must wait with them."""
    lane = f"crowd-{seed}-{runs[0].number}"
    limit, none = FAULTS["create.429-1"], FAULTS["none"]
    return [
        Run(run.number, run.mark, run.visitor, runs[0].model, (limit,) if place < 2 else (none,), lane)
        for place, run in enumerate(runs)
    ]
