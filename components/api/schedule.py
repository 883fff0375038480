"""When to poll next: a pure function of what is known about a model's run times.

No poll is sent while the model cannot be done yet. Then each poll is as likely as the one before to be the last; how
many there are follows from the spread of the run times and from what a poll costs. Such inspection schedules are known
from reliability theory (Munford and Shahani, 1972). The waits never grow exponentially: of all schedules, doubling
intervals notice the end of an image task latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt, tanh
from statistics import NormalDist

SHORTEST_WAIT_S = 0.25
LARGEST_SHARE = 0.25  # of the time that has passed: no wait after the first poll is longer
UNKNOWN_RANGE_S = (3.0, 30.0)
PRIOR_WEIGHT = 3.0  # runs that the service's own range is worth
MOST_WEIGHT = 40.0  # runs; older ones fade
LEAST_VARIANCE = 0.01
CALLBACK_SHARE = 0.95  # of all runs are done before the first poll while a callback is relied on
LATE_SHARE = 0.98  # of all runs are done: a task that is still running is not like the others
PLAUSIBLE_S = (0.01, 86_400.0)
POLL_COST_S = 0.05
BUSY_JOBS = 50
MOST_DOUBLED = 8.0


@dataclass(frozen=True)
class Timing:
    """Run times of a model as a lognormal distribution: mean and standard deviation of the logarithm of seconds."""

    mu: float
    sigma: float

    @classmethod
    def from_range(cls, seconds: tuple[float, float] | None) -> Timing:
        """From the range that the service states, read as the middle 80 % of runs; None for a wide one."""
        low, high = seconds or UNKNOWN_RANGE_S
        low, high = max(low, 0.05), max(high, low, 0.1)
        width = 2 * NormalDist().inv_cdf(0.9)
        return cls((log(low) + log(high)) / 2, max(log(high / low) / width, 0.1))

    def progress(self, elapsed: float) -> float:
        """How far to fill a progress bar after ``elapsed`` seconds, from 0 to 0.95."""
        return 0.95 * self.share(elapsed)

    def share(self, elapsed: float) -> float:
        """The share of runs that take at most ``elapsed`` seconds."""
        return NormalDist(self.mu, self.sigma).cdf(log(elapsed)) if elapsed > 0 else 0.0

    def quantile(self, share: float) -> float:
        """Seconds within which this share of runs (0 < share < 1) is done."""
        return exp(self.mu + self.sigma * NormalDist().inv_cdf(share))

    def remaining(self, elapsed: float) -> float | None:
        """Median of the seconds that are left after ``elapsed``; None when hardly any run takes this long."""
        past = self.share(elapsed)
        return None if past > LATE_SHARE else max(0.0, self.quantile((1 + past) / 2) - elapsed)


@dataclass(frozen=True)
class Learned:
    """Run times observed of a model: ``weight`` in runs, mean and variance of the logarithm of seconds.

    The weight is at most MOST_WEIGHT, so that a model whose speed changes is followed.
    """

    weight: float
    mean: float
    variance: float

    @classmethod
    def expected(cls, seconds: tuple[float, float] | None) -> Learned:
        """Before any run was observed: the service's own range, worth PRIOR_WEIGHT runs."""
        timing = Timing.from_range(seconds)
        return cls(PRIOR_WEIGHT, timing.mu, timing.sigma**2)

    @property
    def timing(self) -> Timing:
        """The same as a distribution."""
        return Timing(self.mean, sqrt(self.variance))

    def observed(self, seconds: float) -> Learned:
        """With one more run. An implausible run time is ignored."""
        if not PLAUSIBLE_S[0] <= seconds <= PLAUSIBLE_S[1]:
            return self
        weight = min(self.weight + 1, MOST_WEIGHT)
        deviation = log(seconds) - self.mean
        variance = (1 - 1 / weight) * (self.variance + deviation * deviation / weight)
        return Learned(weight, self.mean + deviation / weight, max(variance, LEAST_VARIANCE))


def poll_cost(jobs: int) -> float:
    """What a poll costs, in seconds of waiting, while so many jobs are active.

    For a few jobs it is POLL_COST_S. Beyond BUSY_JOBS a poll also delays the other jobs: at a thousand jobs the
    client would spend a whole core on polls. The cost doubles on top, up to MOST_DOUBLED times, so that two hundred
    jobs take half a core; at a thousand it is the wait that must not grow.
    """
    load = jobs / BUSY_JOBS
    return POLL_COST_S * max(1.0, load, min(2 * load, MOST_DOUBLED))


def callback_delay(elapsed: float, polls: int, timing: Timing, retry_after: float | None = None) -> float:
    """Seconds before the next poll while a callback is relied on. Such a poll only makes up for a lost callback."""
    if retry_after is not None:
        return max(SHORTEST_WAIT_S, retry_after)
    if polls == 0:
        return max(SHORTEST_WAIT_S, timing.quantile(CALLBACK_SHARE) - elapsed)
    return max(1.0, LARGEST_SHARE * elapsed)


def next_delay(
    elapsed: float, polls: int, timing: Timing, cost: float = POLL_COST_S, retry_after: float | None = None
) -> float:
    """Seconds before the next poll.

    Args:
        elapsed: seconds since the task was created.
        polls: how many polls were sent already.
        timing: the model's run times.
        cost: what a poll costs, in seconds of waiting; see :func:`poll_cost`.
        retry_after: the wait in seconds that the service asked for; it always wins.
    """
    if retry_after is not None:
        return max(SHORTEST_WAIT_S, retry_after)
    mean = exp(timing.mu + timing.sigma**2 / 2)
    expected_polls = 0.5 + sqrt(mean * tanh(1.9 * timing.sigma) / (2 * cost))
    chance = 1 / min(max(expected_polls, 1.5), 20)  # of a poll to be the last
    if polls == 0:
        return max(SHORTEST_WAIT_S, timing.quantile(chance) - elapsed)
    longest = max(SHORTEST_WAIT_S, LARGEST_SHARE * elapsed)
    past = timing.share(elapsed)
    if past > LATE_SHARE:  # the distribution has no more to say: as if the task could end at any moment
        return min(max(SHORTEST_WAIT_S, sqrt(2 * cost * elapsed)), longest)
    # Conditional on having run this long: after a slow reply or a restart, no polls are made up for.
    return min(max(SHORTEST_WAIT_S, timing.quantile(1 - (1 - past) * (1 - chance)) - elapsed), longest)


def before_deadline(delay: float, polls: int, left: float) -> float:
    """The delay, shortened so that the first poll comes halfway to the deadline at the latest, and a last one at it.

    ``left`` are the seconds until then; run times that are longer say nothing about a deadline that is shorter.
    """
    return max(0.0, min(delay, left if polls else left / 2))
