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
PRIOR_WEIGHT = 3.0
MEMORY = 40.0
LEAST_VARIANCE = 0.01
QUIET_SHARE = 0.95
LATE_SHARE = 0.98
BELIEVED = (0.01, 86_400.0)
SCREEN_PRICE = 0.05
BUSY_JOBS = 50
DOUBLED = 8.0


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
        return 0.95 * self.share(elapsed)

    def share(self, elapsed: float) -> float:
        """The share of runs that are done by now."""
        return NormalDist(self.mu, self.sigma).cdf(log(elapsed)) if elapsed > 0 else 0.0

    def quantile(self, share: float) -> float:
        """Seconds within which this share of runs (0 < share < 1) is done."""
        return exp(self.mu + self.sigma * NormalDist().inv_cdf(share))

    def remaining(self, elapsed: float) -> float | None:
        """Seconds in which half of the runs that are not done yet will be; None when hardly any takes this long."""
        past = self.share(elapsed)
        return None if past > LATE_SHARE else max(0.0, self.quantile((1 + past) / 2) - elapsed)


@dataclass(frozen=True)
class Learned:
    """What is known of a model's run times: how many runs it is worth (at most MEMORY), and the mean and
    variance of the logarithm of their seconds. Old runs fade, so a model that changes is followed.
    """

    weight: float
    mean: float
    variance: float

    @classmethod
    def expected(cls, seconds: tuple[float, float] | None) -> Learned:
        """Before anything was seen: the service's own range, worth a few runs."""
        timing = Timing.from_range(seconds)
        return cls(PRIOR_WEIGHT, timing.mu, timing.sigma**2)

    @property
    def timing(self) -> Timing:
        """As a distribution, for the schedule and the screen."""
        return Timing(self.mean, sqrt(self.variance))

    def observed(self, seconds: float) -> Learned:
        """With one more run. What cannot be a run time changes nothing."""
        if not BELIEVED[0] <= seconds <= BELIEVED[1]:
            return self
        weight = min(self.weight + 1, MEMORY)
        off = log(seconds) - self.mean
        variance = (1 - 1 / weight) * (self.variance + off * off / weight)
        return Learned(weight, self.mean + off / weight, max(variance, LEAST_VARIANCE))


def poll_price(going: int) -> float:
    """What a poll is worth in seconds of waiting while this many jobs are going.

    A person who watches gets SCREEN_PRICE. Beyond BUSY_JOBS a poll also costs the others: at a thousand jobs
    the client would spend a whole core on polls alone. Up to DOUBLED times it costs twice that: two hundred jobs
    are to take half a core, while at a thousand it is the wait that must not grow.
    """
    crowd = going / BUSY_JOBS
    return SCREEN_PRICE * max(1.0, crowd, min(2 * crowd, DOUBLED))


def quiet_delay(elapsed: float, polls: int, timing: Timing, hint: float | None = None) -> float:
    """Seconds before the next poll while a callback is expected: it only catches a callback that was lost."""
    if hint is not None:
        return max(SHORTEST, hint)
    if polls == 0:
        return max(SHORTEST, timing.quantile(QUIET_SHARE) - elapsed)
    return max(1.0, LARGEST_SHARE * elapsed)


def next_delay(elapsed: float, polls: int, timing: Timing, price: float = SCREEN_PRICE, hint: float | None = None) -> float:
    """Seconds to wait before the next poll.

    Args:
        elapsed: seconds since the task was created.
        polls: how many polls were sent already.
        price: what one poll is worth in seconds of waiting: see :func:`poll_price`.
        hint: a wait that the service asked for (``Retry-After``); it always wins.
    """
    if hint is not None:
        return max(SHORTEST, hint)
    mean = exp(timing.mu + timing.sigma**2 / 2)
    expected = 0.5 + sqrt(mean * tanh(1.9 * timing.sigma) / (2 * price))
    last = 1 / min(max(expected, 1.5), 20)
    if polls == 0:
        return max(SHORTEST, timing.quantile(last) - elapsed)
    longest = max(SHORTEST, LARGEST_SHARE * elapsed)
    # Given that the task has run this long already: after a slow one, or a restart, no polls are caught up on.
    past = timing.share(elapsed)
    if past > LATE_SHARE:  # what is known has no more to say: as if it could end at any moment
        return min(max(SHORTEST, sqrt(2 * price * elapsed)), longest)
    return min(max(SHORTEST, timing.quantile(1 - (1 - past) * (1 - last)) - elapsed), longest)
