"""What is watched while a campaign runs, and what must be gone when it has ended: money, tasks, sockets."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx2

from components.jobs.budgets import Caps
from components.jobs.store.jobs import Store
from tests.chaos.ledger import Ledger
from tests.chaos.runs import Run

EPSILON = 1e-6
SAMPLE_INTERVAL_S = 0.1


@dataclass
class Measurements:
    """What the monitor and the end of the campaign saw."""

    samples: int = 0
    most: float = 0.0  # largest share of the daily cap that was ever reserved or spent
    wrong: list[str] = field(default_factory=list)
    lag: float = 0.0  # longest time that the event loop did not turn
    seconds: float = 0.0


class Monitor:
    """At every instant: what is reserved or spent covers what was charged, and neither passes a cap."""

    def __init__(self, measured: Measurements, ledger: Ledger, caps: Caps, runs: list[Run], rng: Random) -> None:
        self._watched = measured
        self._ledger = ledger
        self._caps = caps
        self._rng = rng
        self._labels: dict[str, list[str]] = {}
        for run in runs:
            self._labels.setdefault(run.visitor, []).append(run.label)

    async def watch(self, store: Store) -> None:
        """Look again and again, each time at everybody's money and at one visitor's."""
        visitors = sorted(self._labels)
        while True:
            before = time.monotonic()
            await asyncio.sleep(SAMPLE_INTERVAL_S)
            self._watched.lag = max(self._watched.lag, time.monotonic() - before - SAMPLE_INTERVAL_S)
            someone = self._rng.choice(visitors)
            # The ledger is read first: a task may be created while the store answers.
            charged = self._ledger.charged()
            charged_to = sum(self._ledger.charges.get(label, 0.0) for label in self._labels[someone])
            whole, one = await store.spending.total("host", 0.0), await store.spending.total("host", 0.0, someone)
            self._watched.samples += 1
            self._compare("all visitors", whole.total, charged, self._caps.daily or 0.0)
            self._compare(someone, one.total, charged_to, self._caps.visitor or 0.0)
            self._watched.most = max(self._watched.most, whole.total / (self._caps.daily or 1.0))

    def _compare(self, whose: str, spent: float, charges_seen: float, cap: float) -> None:
        if max(spent, charges_seen) > cap + EPSILON:
            self._watched.wrong.append(f"{whose}: {spent:g} counted and {charges_seen:g} charged of a cap of {cap:g}")
        if charges_seen > spent + EPSILON:
            self._watched.wrong.append(f"{whose}: {charges_seen:g} charged, but only {spent:g} counted")


def unfinished(what: str, http: httpx2.AsyncClient) -> list[str]:
    """Requests and connections that a client still takes for active, in words."""
    pool = http._transport._pool  # type: ignore[attr-defined]  # private
    if "Requests: 0 active, 0 queued" in repr(pool) and "Connections: 0 active" in repr(pool):
        return []
    return [f"{what} still has work: {pool} {[one.request.url.target.decode() for one in pool._requests]}"]


def own_tasks() -> list[str]:
    """Tasks that run code of the product."""
    return [repr(task.get_coro()) for task in asyncio.all_tasks() if "/components/" in repr(task)]


def open_sockets(port: int) -> dict[str, str]:
    """TCP sockets of this process with an end at this port, by inode, each with its two ends; none where the system does
    not say. Other scenarios run beside in threads of the same process, and have sockets to ports of their own."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return {}
    own = set()
    for name in os.listdir(folder):
        with suppress(OSError):
            if (target := os.readlink(folder / name)).startswith("socket:["):
                own.add(target[8:-1])
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = {parts[9]: (int(parts[1][-4:], 16), int(parts[2][-4:], 16), parts[3]) for parts in lines if parts[9] in own}
    return {
        inode: f"{local} to {remote} in state {state}"
        for inode, (local, remote, state) in ends.items()
        if port in (local, remote)
    }
