"""The product's schedule against fixed intervals and the mathematical optimum, on a clock that is a number.

A request leaves at 0 and creates its task at the service half a round trip later; the task takes X. A poll
sent at s is read by the service half a round trip later, so it finds the task done if X <= s, and its answer
is here half a round trip after that. Staleness is the time from the task's end to that answer, so half a
round trip is its floor even with a callback. The next wait starts when the answer is here, as in the product.

The optimum is that of the inspection problem of reliability theory: of all schedules that know the
distribution, the one that minimises E[staleness] + price * E[polls], found by dynamic programming.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from components.api.schedule import Learned, Timing, callback_delay, next_delay
from components.jobs.callbacks import score_missed, score_received
from components.jobs.job import Timings
from tests.benchmarks import table, target

RTT = 0.15
TASKS = 20_000
COLD_FACTOR = 4.0
GRID = 1200
DEADLINE_S = 600.0
CALLBACK_MEDIAN_S, CALLBACK_SIGMA, CALLBACKS_LOST = 0.3, 0.6, 0.02
CASES = [(median, sigma, 0.0) for sigma in (0.2, 0.4, 0.8) for median in (5, 10, 30)] + [(m, 0.4, 0.1) for m in (5, 10, 30)]

Numbers = NDArray[np.float64]
Delay = Callable[[float, int], float]
ERF = np.frompyfunc(math.erf, 1, 1)


@dataclass(frozen=True)
class Latency:
    """How long tasks take: a lognormal, of which a share are cold starts that take COLD_FACTOR times as long."""

    median: float
    sigma: float
    cold: float = 0.0

    def below(self, seconds: Numbers) -> Numbers:
        """The share of tasks that are done within these seconds (all above 0)."""
        warm = self._normal(np.log(seconds / self.median) / self.sigma)
        if not self.cold:
            return warm
        return (1 - self.cold) * warm + self.cold * self._normal(np.log(seconds / self.median / COLD_FACTOR) / self.sigma)

    def grid(self, points: int) -> Numbers:
        """Seconds that span all but a millionth of the tasks."""
        slowest = math.exp(5.5 * self.sigma) * (COLD_FACTOR if self.cold else 1)
        return self.median * np.geomspace(math.exp(-5 * self.sigma), slowest, points)

    def runs(self, count: int = TASKS) -> Numbers:
        """This many tasks, exactly as spread as the distribution: figures without the noise of a sample."""
        grid = self.grid(20_000)
        return np.interp((np.arange(count) + 0.5) / count, self.below(grid), grid)

    @staticmethod
    def _normal(z: Numbers) -> Numbers:
        return (1 + ERF(z / math.sqrt(2)).astype(float)) / 2


@dataclass(frozen=True)
class Seen:
    """What a schedule achieves: seconds of staleness, and polls a task."""

    mean: float
    p95: float
    polls: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} / {self.p95:.2f} / {self.polls:.1f}"


def poll_times(delay: Delay, until: float) -> Numbers:
    """When polls are sent, in seconds since the request was; the last one finds every task done."""
    times: list[float] = []
    clock = RTT
    while not times or times[-1] < until:
        times.append(clock + delay(clock, len(times)))
        clock = times[-1] + RTT
    return np.array(times)


def seen(delay: Delay, runs: Numbers) -> Seen:
    times = poll_times(delay, float(runs.max()))
    indices = np.searchsorted(times, runs)
    stale = times[indices] - runs + RTT / 2
    return Seen(float(stale.mean()), float(np.quantile(stale, 0.95)), float(indices.mean()) + 1)


def product(timing: Timing) -> Delay:
    return lambda elapsed, polls: next_delay(elapsed, polls, timing)


def fixed(seconds: float) -> Delay:
    return lambda elapsed, polls: seconds


def known(runs: Numbers) -> Timing:
    """The timing learned from all these runs."""
    logs = np.log(runs)
    return Timing(float(logs.mean()), float(logs.std()))


@cache
def frontier(sigma: float, cold: float) -> tuple[Numbers, Numbers]:
    """Numbers of polls, and the least mean staleness that any schedule reaches with them, for a median of one second.

    With G the integral of the distribution F, polling at t_j after an earlier poll at t_i costs
    G(t_j) - G(t_i) - (t_j - t_i) F(t_i) of staleness; backwards over the grid, for all prices at once.
    """
    shape = Latency(1.0, sigma, cold)
    fine = shape.grid(GRID * 20 + 1)
    below = shape.below(fine)
    area = np.concatenate([[0.0], np.cumsum(np.diff(fine) * (below[1:] + below[:-1]) / 2)])
    t, f, g = (np.concatenate([[0.0], part[::20]]) for part in (fine, below, area))
    f[-1] = 1.0
    prices = np.geomspace(1e-5, 30, 48)
    rows = np.arange(len(prices))
    cost, stale, polls = (np.zeros((len(prices), len(t))) for _ in range(3))
    for i in range(len(t) - 2, -1, -1):
        late = g[i + 1 :] - g[i] - (t[i + 1 :] - t[i]) * f[i]
        total = late + cost[:, i + 1 :]
        best = np.argmin(total, axis=1)
        cost[:, i] = total[rows, best] + prices * (1 - f[i])
        stale[:, i] = late[best] + stale[rows, i + 1 + best]
        polls[:, i] = (1 - f[i]) + polls[rows, i + 1 + best]
    order = np.argsort(polls[:, 0])
    return polls[order, 0], stale[order, 0]


def optimum(latency: Latency, polls: float) -> float:
    """The least mean staleness with this mean number of polls, half a round trip included."""
    numbers, stale = frontier(latency.sigma, latency.cold)
    return latency.median * math.exp(np.interp(math.log(polls), np.log(numbers), np.log(stale))) + RTT / 2


def to_optimum(latency: Latency, achieved: Seen) -> float:
    """How many times the optimum's staleness at the same number of polls, the floor of both left out."""
    return (achieved.mean - RTT / 2) / (optimum(latency, achieved.polls) - RTT / 2)


# -- callbacks and learning: one task after the other ---------------------------------------------


def one_task(delay: Delay, run: float, callback: float = math.inf) -> tuple[float, int, float, bool]:
    """Staleness, polls, the run time as the product takes it, and whether the poll that found the end was for a callback."""
    clock, polls, running, last = RTT, 0, 0.0, -math.inf
    while True:
        due = clock + delay(clock, polls)
        called = callback < due
        sent = max(callback, min(due, last + Timings().between_callback_polls), clock) if called else due
        polls += 1
        if sent >= run:
            # The middle between the last poll that was too early and the one that was not.
            observed = sent if called else (max(running, 0.6 * sent) + sent) / 2
            return sent - run + RTT / 2, polls, observed, called
        running, last, clock = sent, sent, sent + RTT


def with_callbacks(
    latency: Latency, chance: np.random.Generator, count: int, lost: float
) -> tuple[Numbers, Numbers, Numbers]:
    """Staleness, polls and run times of tasks in a row, of which this share has no callback; at first none is relied on."""
    runs, timing, score = latency.runs(count), Timing(math.log(latency.median), latency.sigma), 0
    chance.shuffle(runs)
    callbacks = runs + RTT / 2 + CALLBACK_MEDIAN_S * np.exp(CALLBACK_SIGMA * chance.standard_normal(count))
    callbacks[chance.random(count) < lost] = math.inf
    results = []
    for run, callback in zip(runs, callbacks, strict=True):
        relied = score > 0
        delay = (lambda elapsed, polls: callback_delay(elapsed, polls, timing)) if relied else product(timing)
        stale, polls, _, called = one_task(delay, float(run), float(callback))
        if math.isfinite(callback):
            score = score_received(score)
        elif relied and not called:
            score = score_missed(score)
        results.append((stale, polls))
    stale, polls = np.array(results).T
    return stale, polls, runs


def learning(prior: tuple[float, float] | None, medians: list[float], chance: np.random.Generator) -> Numbers:
    """Mean staleness and polls of each task in a row, over 40 repetitions; without a prior it asks every second."""
    results = np.zeros((40, len(medians), 2))
    for repetition in results:
        learned = Learned.expected(prior)
        for number, median in enumerate(medians):
            delay = product(learned.timing) if prior else fixed(1.0)
            run = median * math.exp(0.35 * chance.standard_normal())
            *repetition[number], observed, _ = one_task(delay, run)
            learned = learned.observed(observed)
    means: Numbers = results.mean(axis=0)
    return means


# -- the report ----------------------------------------------------------------------------------


def report() -> Iterator[str]:
    yield (
        f"## Polling: mean staleness s / p95 s / polls a task; round trip {RTT} s, lognormal run times\n\n"
        "× optimum: staleness to that of the best possible schedule with as many polls, both less half a round trip.\n"
    )
    rows, ratios, usual = [], [], Seen(math.nan, math.nan, math.nan)
    for median, sigma, cold in CASES:
        latency = Latency(median, sigma, cold)
        runs = latency.runs()
        ours, half, whole = (seen(delay, runs) for delay in (product(known(runs)), fixed(0.5), fixed(1.0)))
        ratios.append(to_optimum(latency, ours))
        if (median, sigma, cold) == (10, 0.4, 0.0):
            usual = ours
        compared = [f"{one} ({to_optimum(latency, one):.2f} ×)" for one in (ours, half, whole)]
        rows.append([f"{median} s", sigma, f"{cold:.0%}", *compared, f"{half.polls / ours.polls:.1f} ×"])
    yield table(
        ["median", "sigma", "cold starts", "product (× optimum)", "fixed 0.5 s", "fixed 1 s", "polls saved on 0.5 s"], rows
    )
    yield target("median 10 s, sigma 0.4: mean staleness", usual.mean, 0.6, " s")
    yield target("median 10 s, sigma 0.4: polls a task", usual.polls, 9)
    yield target("worst ratio to the optimum of the table", max(ratios), 1.25) + "\n"
    yield from _cold_starts()
    yield from _callbacks()
    yield from _learning()


def _cold_starts() -> Iterator[str]:
    yield f"### What the schedule does not know: one task in ten is a cold start of {COLD_FACTOR:g} times the length\n"
    rows, ratios = [], []
    for median, sigma in ((10, 0.2), (30, 0.2), (10, 0.4), (30, 0.4)):
        latency = Latency(median, sigma, 0.1)
        timing = Timing(math.log(median), sigma)
        ours, whole = (seen(delay, latency.runs()) for delay in (product(timing), fixed(1.0)))
        ratios.append(to_optimum(latency, ours))
        rows.append([f"{median} s", sigma, f"{ours} ({ratios[-1]:.2f} ×)", f"{whole} ({to_optimum(latency, whole):.2f} ×)",
                     len(poll_times(product(timing), DEADLINE_S)), len(poll_times(fixed(1.0), DEADLINE_S))])  # fmt: skip
    head = ["median", "sigma", "product (× optimum)", "fixed 1 s", "polls of a task that never ends", "fixed 1 s"]
    yield table(head, rows)
    yield target("worst ratio to the optimum with unknown cold starts", max(ratios), 1.25) + "\n"


def _callbacks() -> Iterator[str]:
    late = f"the others {CALLBACK_MEDIAN_S} s late (median)"
    yield f"### With a public address: sigma 0.4, {CALLBACKS_LOST:.0%} of the callbacks lost, {late}\n"
    rows, most = [], 0.0
    for median in (5, 10, 30):
        stale, polls, _ = with_callbacks(Latency(median, 0.4), np.random.default_rng(7), 5000, CALLBACKS_LOST)
        rows.append([f"{median} s", Seen(float(stale.mean()), float(np.quantile(stale, 0.95)), float(polls.mean()))])
        most = max(most, float(polls.mean()))
    yield table(["median", "s / p95 s / polls"], rows)
    yield target("polls a task with callbacks", most, 1.2)
    stale, _, runs = with_callbacks(Latency(5, 0.4), np.random.default_rng(7), 200, 1.0)
    without = np.array([one_task(product(Timing(math.log(5), 0.4)), float(run))[0] for run in runs])
    slowest = float(((runs + stale) / (runs + without)).max())
    yield (
        target("tasks of 5 s whose callbacks never come, shown later than without a public address", slowest, 1.1, " x")
        + "\n"
    )


def _learning() -> Iterator[str]:
    yield "### Learning from a wrong prior: tasks of median 10 s, sigma 0.35; from the 101st on they take twice as long\n"
    spans = [(0, 10), (10, 50), (50, 100), (100, 110), (110, 200)]
    rows = []
    for name, prior in (("expects 3–8 s", (3.0, 8.0)), ("expects 20–60 s", (20.0, 60.0)), ("fixed 1 s", None)):
        means = learning(prior, [10.0] * 100 + [20.0] * 100, np.random.default_rng(7))
        rows.append([name, *("{:.2f} s, {:.1f}".format(*means[begin:end].mean(axis=0)) for begin, end in spans)])
    yield table(["staleness, polls", "tasks 1–10", "11–50", "51–100", "101–110", "111–200"], rows)
