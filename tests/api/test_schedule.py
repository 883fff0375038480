"""When to poll next, and what is learned of run times: properties for any numbers, and how well typical models are polled."""

from __future__ import annotations

import math
import random
from functools import partial
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from components.api.schedule import (
    LARGEST_SHARE,
    LEAST_VARIANCE,
    MOST_WEIGHT,
    PLAUSIBLE_S,
    POLL_COST_S,
    SHORTEST_WAIT_S,
    Learned,
    Timing,
    before_deadline,
    callback_delay,
    next_delay,
    poll_cost,
)

STEADY = settings(deadline=None, derandomize=True, max_examples=100, database=None)

MOST_POLLS = 20
SURE = 1 - 1e-6

elapsed = st.floats(0, 1e6)
polls = st.integers(0, 10_000)
costs = st.floats(1e-4, 100)
timings = st.builds(Timing, st.floats(-5, 9), st.floats(0.05, 3))
usual = st.builds(Timing, st.floats(math.log(4), math.log(120)), st.floats(0.1, 0.8))
run_times = st.floats(*PLAUSIBLE_S)
ranges = st.none() | st.tuples(st.floats(0, 1e5), st.floats(0, 1e5))
known = st.builds(
    Learned,
    st.floats(1, MOST_WEIGHT),
    st.floats(math.log(PLAUSIBLE_S[0]), math.log(PLAUSIBLE_S[1])),
    st.floats(LEAST_VARIANCE, 9),
)
NO_RUN_TIMES = [0.0, -0.0, -1.0, -math.inf, math.inf, math.nan, 1e-300, 5e-324, 0.009, 86_401.0, 1e308]


def sent(timing: Timing, cost: float, until: float, most: int = 300) -> list[float]:
    """When polls are sent, on a simulated clock and with replies that take no time."""
    times: list[float] = []
    while (not times or times[-1] < until) and len(times) < most:
        clock = times[-1] if times else 0.0
        times.append(clock + next_delay(clock, len(times), timing, cost))
    return times


def expected_polls(timing: Timing, times: list[float]) -> float:
    """Mean number of these polls until a task of this timing has ended."""
    runs = NormalDist(timing.mu, timing.sigma)
    return 1 + sum(1 - runs.cdf(math.log(moment)) for moment in times[:-1])


@STEADY
@given(elapsed, polls, timings, costs)
@example(1e6, 10_000, Timing(-5, 0.05), 1e-4)
@example(0.0, 0, Timing(9, 3), 100)
def test_every_delay_is_finite_and_at_least_the_shortest_wait(
    elapsed_s: float, polls_sent: int, timing: Timing, cost: float
) -> None:
    delays = [next_delay(elapsed_s, polls_sent, timing, cost), callback_delay(elapsed_s, polls_sent, timing)]

    assert all(map(math.isfinite, delays))
    assert min(delays) >= SHORTEST_WAIT_S > 0


@STEADY
@given(elapsed, st.integers(1, 10_000), timings, costs)
def test_after_the_first_poll_no_wait_is_longer_than_a_quarter_of_the_elapsed_time(
    elapsed_s: float, polls_sent: int, timing: Timing, cost: float
) -> None:
    assert next_delay(elapsed_s, polls_sent, timing, cost) <= max(SHORTEST_WAIT_S, LARGEST_SHARE * elapsed_s)


@STEADY
@given(timings, costs, st.floats(0.5, 600))
def test_there_is_a_poll_before_a_deadline_even_if_the_task_usually_takes_longer(
    timing: Timing, cost: float, deadline: float
) -> None:
    """The first one halfway at the latest, the last one exactly then; a schedule that fits is left as it is."""
    for delay in (partial(next_delay, cost=cost), callback_delay):
        times = [0.0]
        while times[-1] < deadline - 1e-9:
            wait = delay(times[-1], len(times) - 1, timing)
            times.append(times[-1] + before_deadline(wait, len(times) - 1, deadline - times[-1]))
        assert times[1] <= deadline / 2 + 1e-9
        assert times[-1] == pytest.approx(deadline)
    assert before_deadline(3.0, 0, 600.0) == before_deadline(3.0, 4, 600.0) == 3.0
    assert before_deadline(3.0, 1, -0.1) == 0.0


@STEADY
@given(timings, costs)
def test_waits_grow_by_a_quarter_at_most(timing: Timing, cost: float) -> None:
    """An exponential back-off would double them."""
    times = sent(timing, cost, timing.quantile(SURE))

    waits = [later - earlier for earlier, later in pairwise(times)]
    limit = (1 + LARGEST_SHARE) + 1e-9
    assert all(later <= max(limit * earlier, LARGEST_SHARE * moment * limit, SHORTEST_WAIT_S + 1e-9)
               for (earlier, later), moment in zip(pairwise(waits), times[1:], strict=False))  # fmt: skip
    assert all(
        wait <= max(SHORTEST_WAIT_S, LARGEST_SHARE * moment) + 1e-6 for wait, moment in zip(waits, times, strict=False)
    )


@STEADY
@given(elapsed, polls, timings, costs, st.floats(-1e6, 1e6))
def test_retry_after_wins_over_everything_but_the_shortest_wait(
    elapsed_s: float, polls_sent: int, timing: Timing, cost: float, retry_after: float
) -> None:
    wanted = max(SHORTEST_WAIT_S, retry_after)

    assert next_delay(elapsed_s, polls_sent, timing, cost, retry_after) == wanted
    assert callback_delay(elapsed_s, polls_sent, timing, retry_after) == wanted


@STEADY
@given(timings, costs, costs)
def test_polls_that_cost_more_are_never_more(timing: Timing, one: float, other: float) -> None:
    """On average and for every single task: the nth poll of the schedule that costs more never comes earlier."""
    until = timing.quantile(0.999)
    few, many = (sent(timing, cost, until) for cost in (max(one, other), min(one, other)))

    assert all(late >= early - 1e-6 * early for late, early in zip(few, many, strict=False))
    assert expected_polls(timing, few) <= expected_polls(timing, many) + 1e-6


@STEADY
@given(usual, st.floats(0.02, 0.25))
def test_every_poll_is_as_likely_to_be_the_last_as_the_first_one(timing: Timing, cost: float) -> None:
    """So a chance of one in five for the first poll means five polls on average."""
    times = sent(timing, cost, timing.quantile(SURE))
    chance = NormalDist(timing.mu, timing.sigma).cdf(math.log(times[0]))
    assume(min(later - earlier for earlier, later in pairwise(times[:3])) > SHORTEST_WAIT_S * 1.01)

    assert expected_polls(timing, times) == pytest.approx(1 / chance, rel=0.3)


@STEADY
@given(timings, costs)
def test_no_poll_is_sent_while_the_model_cannot_be_done(timing: Timing, cost: float) -> None:
    """At the first poll at least one run in MOST_POLLS is done."""
    first = next_delay(0.0, 0, timing, cost)

    assert first >= timing.quantile(1 / MOST_POLLS) * (1 - 1e-9)
    assert first <= max(SHORTEST_WAIT_S, timing.quantile(1 / 1.5)) * (1 + 1e-9)


@STEADY
@given(st.floats(0, 100), timings, costs)
def test_the_first_poll_is_due_at_the_same_time_after_the_creation(elapsed_s: float, timing: Timing, cost: float) -> None:
    due = next_delay(0.0, 0, timing, cost)

    assert elapsed_s + next_delay(elapsed_s, 0, timing, cost) == pytest.approx(max(due, elapsed_s + SHORTEST_WAIT_S))


@STEADY
@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_poll_never_costs_less_with_more_jobs(one: int, other: int) -> None:
    fewer, more = sorted((one, other))

    assert POLL_COST_S <= poll_cost(fewer) <= poll_cost(more) < math.inf


@STEADY
@given(elapsed, st.integers(0, 100), timings)
def test_while_a_callback_is_expected_the_first_poll_waits_for_nineteen_runs_in_twenty(
    elapsed_s: float, polls_sent: int, timing: Timing
) -> None:
    wait = callback_delay(elapsed_s, polls_sent, timing)

    assert polls_sent or elapsed_s + wait >= timing.quantile(0.95) * (1 - 1e-9)
    assert not polls_sent or wait >= max(1.0, LARGEST_SHARE * elapsed_s)


@STEADY
@given(elapsed, st.integers(1, 10_000), st.integers(1, 10_000), timings, costs)
def test_no_poll_is_made_up_for(elapsed_s: float, one: int, other: int, timing: Timing, cost: float) -> None:
    """After a slow reply, a pause or a restart the elapsed time counts, not the number of polls."""
    assert next_delay(elapsed_s, one, timing, cost) == next_delay(elapsed_s, other, timing, cost)


@STEADY
@given(usual, st.floats(0.1, 0.9), st.floats(0.05, 1), st.floats(1, 20))
def test_a_cost_that_falls_meanwhile_causes_no_more_polls_than_the_low_cost_from_the_start(
    timing: Timing, when: float, low: float, times: float
) -> None:
    """With fewer jobs polls become more frequent from then on; none is made up for."""
    until, change = timing.quantile(SURE), timing.quantile(when)
    cheap, mixed = sent(timing, low, until), [next_delay(0.0, 0, timing, low * times)]
    while mixed[-1] < until:
        cost = low * times if mixed[-1] < change else low
        mixed.append(mixed[-1] + next_delay(mixed[-1], len(mixed), timing, cost))

    assert expected_polls(timing, mixed) <= expected_polls(timing, cheap) + 1e-6


@STEADY
@given(usual, st.floats(POLL_COST_S, 10))
def test_a_task_that_never_ends_is_polled_less_than_once_a_second(timing: Timing, cost: float) -> None:
    assert len(sent(timing, cost, 600, most=700)) < 500


# -- learned run times ---------------------------------------------------------------------------


@STEADY
@given(known, st.sampled_from(NO_RUN_TIMES) | st.floats(max_value=0) | st.floats(min_value=PLAUSIBLE_S[1], exclude_min=True))
@example(Learned(3, 2, 1), math.nan)
def test_an_implausible_run_time_is_ignored(before: Learned, garbage: float) -> None:
    assert before.observed(garbage) == before


@STEADY
@given(ranges, st.lists(st.floats() | run_times, max_size=60))
def test_after_any_observations_a_schedule_can_be_made(stated: tuple[float, float] | None, seen: list[float]) -> None:
    """Finite, with some spread, worth MOST_WEIGHT runs at most: a schedule can always be made of them."""
    learned = Learned.expected(stated)
    for seconds in seen:
        learned = learned.observed(seconds)
        assert 0 < learned.weight <= MOST_WEIGHT
        assert math.isfinite(learned.mean)
        assert LEAST_VARIANCE <= learned.variance < math.inf
    assert SHORTEST_WAIT_S <= next_delay(0.0, 0, learned.timing) < math.inf


@STEADY
@given(known, st.lists(run_times, min_size=1, max_size=60))
def test_the_mean_stays_between_the_expected_and_the_observed_run_times(before: Learned, seen: list[float]) -> None:
    """No run moves the mean past itself."""
    after = before
    for seconds in seen:
        after = after.observed(seconds)

    low, high = min(map(math.log, seen)), max(map(math.log, seen))
    assert min(before.mean, low) - 1e-9 <= after.mean <= max(before.mean, high) + 1e-9


@STEADY
@given(known, run_times)
def test_a_constant_run_time_is_learned_exactly(before: Learned, seconds: float) -> None:
    after = before
    for _ in range(400):
        after = after.observed(seconds)

    assert math.exp(after.mean) == pytest.approx(seconds, rel=0.01)
    assert after.variance == pytest.approx(LEAST_VARIANCE, rel=0.2)


@STEADY
@given(st.floats(1, 60), st.floats(0.2, 5), st.integers(0, 2**32))
def test_after_a_shift_the_new_median_is_learned_within_three_times_the_weight(
    median: float, shift: float, seed: int
) -> None:
    chance, learned = random.Random(seed), Learned.expected((median * 0.6, median * 1.7))
    for centre, runs in ((median, 200), (median * shift, 3 * int(MOST_WEIGHT))):
        for _ in range(runs):
            learned = learned.observed(chance.lognormvariate(math.log(centre), 0.3))
        assert math.exp(learned.mean) == pytest.approx(centre, rel=0.3)
    assert learned.timing.sigma == pytest.approx(0.3, abs=0.25)


@STEADY
@given(ranges)
def test_before_any_run_the_stated_range_counts(stated: tuple[float, float] | None) -> None:
    expected, timing = Learned.expected(stated).timing, Timing.from_range(stated)

    assert (expected.mu, expected.sigma) == pytest.approx((timing.mu, timing.sigma))


# -- typical models --------------------------------------------------------------------------------

TEN_SECONDS = Timing(math.log(10), 0.4)


def simulate(timing: Timing, cost: float, tasks: int = 2000) -> tuple[float, float]:
    """Mean polls a task, and mean seconds between a task's end and the poll that notices it."""
    chance = random.Random(42)
    polls = late = 0.0
    for _ in range(tasks):
        end, clock, sent = chance.lognormvariate(timing.mu, timing.sigma), 0.0, 0
        while clock < end:
            clock += next_delay(clock, sent, timing, cost)
            sent += 1
        polls, late = polls + sent, late + clock - end
    return polls / tasks, late / tasks


def test_a_typical_model_takes_few_polls_and_its_end_is_noticed_soon() -> None:
    polls, late = simulate(TEN_SECONDS, POLL_COST_S)
    busy_polls, busy_late = simulate(TEN_SECONDS, 4 * POLL_COST_S)

    assert polls <= 9.5
    assert late <= 0.6
    assert busy_polls < 0.7 * polls
    assert busy_late > late
    for stated in ((3.0, 8.0), (3.0, 10.0), (5.0, 15.0), (3.0, 12.0), None):
        polls, late = simulate(Timing.from_range(stated), POLL_COST_S, tasks=500)
        assert 2 < polls < 16, stated
        assert late < 1.5, stated


def test_the_first_poll_is_before_the_median_run_time() -> None:
    seconds = (1, 2, 4, 8, 16, 60, 300)
    waits = [next_delay(0.0, 0, Timing(math.log(median), 0.4)) for median in seconds]

    assert waits == sorted(set(waits))
    assert all(0.2 * median < wait < median for median, wait in zip(seconds, waits, strict=True))


def test_a_stated_range_is_the_middle_of_the_runs_and_a_strange_one_still_has_some_spread() -> None:
    for seconds in ((3.0, 8.0), (5.0, 15.0), (0.5, 60.0)):
        timing = Timing.from_range(seconds)
        assert (timing.quantile(0.1), timing.quantile(0.9)) == pytest.approx(seconds)
        assert timing.quantile(0.5) == pytest.approx(math.sqrt(seconds[0] * seconds[1]))
    for strange in (None, (5.0, 5.0), (0.0, 0.0), (0.0, 10.0), (9.0, 3.0), (1e-9, 1e9)):
        timing = Timing.from_range(strange)
        assert math.isfinite(timing.mu)
        assert timing.sigma >= 0.1
        assert SHORTEST_WAIT_S <= next_delay(0.0, 0, timing) < max(30.0, *(strange or (0,)))
    assert Timing.from_range(None).sigma > Timing.from_range((3.0, 10.0)).sigma


def test_the_time_that_is_left_shrinks_and_is_unknown_for_a_late_task() -> None:
    left = [TEN_SECONDS.remaining(elapsed) for elapsed in (0.0, 3.0, 8.0)]

    assert left[0] == pytest.approx(10.0)
    assert left == sorted(left, reverse=True)
    assert TEN_SECONDS.remaining(60.0) is None
    assert 0 == TEN_SECONDS.progress(0.0) < TEN_SECONDS.progress(5.0) < TEN_SECONDS.progress(1e6) <= 0.95
