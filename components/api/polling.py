"""When to ask next: a pure function of what is known about a model's run times, without a clock.

Silent while the model cannot be done yet; then every poll is as likely as the last to be the last one, with
the number of polls chosen from the spread and from what a poll is worth in seconds of waiting. The idea is
that of inspection schedules in reliability theory (Munford and Shahani, 1972). It is never exponential: on
async image tasks doubling intervals is the stalest schedule of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt, tanh
from statistics import NormalDist

SHORTEST = 0.25
LARGEST_SHARE = 0.25
UNKNOWN_SECONDS = (3.0, 30.0)


@dataclass(frozen=True)
class Timing:
    """Run times of one model as a lognormal: ``mu`` and ``sigma`` of the logarithm of seconds."""

    mu: float
    sigma: float

    @classmethod
    def from_range(cls, seconds: tuple[float, float] | None) -> Timing:
        """From the service's typical range, read as the middle 80 % of runs; wide where it states none."""
        low, high = seconds or UNKNOWN_SECONDS
        low, high = max(low, 0.05), max(high, low, 0.1)
        width = 2 * NormalDist().inv_cdf(0.9)
        return cls((log(low) + log(high)) / 2, max(log(high / low) / width, 0.1))

    def progress(self, elapsed: float) -> float:
        """How much of a progress line to fill: the share of runs that are done by now, never quite all."""
        if elapsed <= 0:
            return 0.0
        return 0.95 * NormalDist(self.mu, self.sigma).cdf(log(elapsed))

    def quantile(self, share: float) -> float:
        """Seconds within which this share of runs (0 < share < 1) is done."""
        return exp(self.mu + self.sigma * NormalDist().inv_cdf(share))


def next_delay(elapsed: float, polls: int, timing: Timing, price: float = 0.05, hint: float | None = None) -> float:
    """Seconds to wait before the next poll.

    Args:
        elapsed: seconds since the task was created.
        polls: how many polls were sent already.
        price: what one poll is worth in seconds of waiting: 0.05 for a watching person, 0.2 for a batch.
        hint: a wait that the service asked for (``Retry-After``); it always wins.
    """
    if hint is not None:
        return max(SHORTEST, hint)
    mean = exp(timing.mu + timing.sigma**2 / 2)
    expected = 0.5 + sqrt(mean * tanh(1.9 * timing.sigma) / (2 * price))
    last = 1 / min(max(expected, 1.5), 20)
    due = timing.quantile(min(1 - (1 - last) ** (polls + 1), 1 - 1e-7))
    if polls == 0:
        return max(SHORTEST, due - elapsed)
    return min(max(SHORTEST, due - elapsed), max(SHORTEST, LARGEST_SHARE * elapsed))
