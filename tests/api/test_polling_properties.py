"""What is true of the schedule and of the learned run times whatever the numbers: found by Hypothesis, not by example."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from components.api.schedule import (
    BELIEVED,
    LARGEST_SHARE,
    LEAST_VARIANCE,
    MEMORY,
    SCREEN_PRICE,
    SHORTEST,
    Learned,
    Timing,
    next_delay,
    poll_price,
    quiet_delay,
)

STEADY = settings(deadline=None, derandomize=True, max_examples=100, database=None)

MOST_POLLS = 20
SURE = 1 - 1e-6

elapsed = st.floats(0, 1e6)
polls = st.integers(0, 10_000)
prices = st.floats(1e-4, 100)
timings = st.builds(Timing, st.floats(-5, 9), st.floats(0.05, 3))
usual = st.builds(Timing, st.floats(math.log(4), math.log(120)), st.floats(0.1, 0.8))
run_times = st.floats(*BELIEVED)
ranges = st.none() | st.tuples(st.floats(0, 1e5), st.floats(0, 1e5))
known = st.builds(
    Learned, st.floats(1, MEMORY), st.floats(math.log(BELIEVED[0]), math.log(BELIEVED[1])), st.floats(LEAST_VARIANCE, 9)
)
NO_RUN_TIMES = [0.0, -0.0, -1.0, -math.inf, math.inf, math.nan, 1e-300, 5e-324, 0.009, 86_401.0, 1e308]


def sent(timing: Timing, price: float, until: float, most: int = 300) -> list[float]:
    """When polls leave, on a clock that is a number and with answers that take no time."""
    times: list[float] = []
    while (not times or times[-1] < until) and len(times) < most:
        clock = times[-1] if times else 0.0
        times.append(clock + next_delay(clock, len(times), timing, price))
    return times


def expected_polls(timing: Timing, times: list[float]) -> float:
    """Mean number of these polls that a task of this timing needs."""
    runs = NormalDist(timing.mu, timing.sigma)
    return 1 + sum(1 - runs.cdf(math.log(moment)) for moment in times[:-1])


@STEADY
@given(elapsed, polls, timings, prices)
def test_the_delay_is_a_function_of_what_it_is_given(passed: float, asked: int, timing: Timing, price: float) -> None:
    assert next_delay(passed, asked, timing, price) == next_delay(passed, asked, timing, price)


@STEADY
@given(elapsed, polls, timings, prices)
@example(1e6, 10_000, Timing(-5, 0.05), 1e-4)
@example(0.0, 0, Timing(9, 3), 100)
def test_every_delay_is_a_number_and_at_least_the_floor(passed: float, asked: int, timing: Timing, price: float) -> None:
    delays = [next_delay(passed, asked, timing, price), quiet_delay(passed, asked, timing)]

    assert all(map(math.isfinite, delays))
    assert min(delays) >= SHORTEST > 0


@STEADY
@given(elapsed, st.integers(1, 10_000), timings, prices)
def test_after_the_first_poll_a_share_of_the_past_bounds_the_wait(
    passed: float, asked: int, timing: Timing, price: float
) -> None:
    assert next_delay(passed, asked, timing, price) <= max(SHORTEST, LARGEST_SHARE * passed)


@STEADY
@given(timings, prices)
def test_waits_never_double_one_after_the_other(timing: Timing, price: float) -> None:
    """A share of what has passed grows by a quarter at most, far from the two of an exponential back-off."""
    times = sent(timing, price, timing.quantile(SURE))

    waits = [later - earlier for earlier, later in pairwise(times)]
    limit = (1 + LARGEST_SHARE) + 1e-9
    assert all(later <= max(limit * earlier, LARGEST_SHARE * moment * limit, SHORTEST + 1e-9)
               for (earlier, later), moment in zip(pairwise(waits), times[1:], strict=False))  # fmt: skip
    assert all(wait <= max(SHORTEST, LARGEST_SHARE * moment) + 1e-6 for wait, moment in zip(waits, times, strict=False))


@STEADY
@given(elapsed, polls, timings, prices, st.floats(-1e6, 1e6))
def test_a_wait_the_service_asks_for_wins_over_everything_but_the_floor(
    passed: float, asked: int, timing: Timing, price: float, hint: float
) -> None:
    wanted = max(SHORTEST, hint)

    assert next_delay(passed, asked, timing, price, hint) == wanted
    assert quiet_delay(passed, asked, timing, hint) == wanted


@STEADY
@given(elapsed, polls, timings, prices, prices)
def test_a_dearer_poll_never_comes_sooner(passed: float, asked: int, timing: Timing, one: float, other: float) -> None:
    cheap, dear = sorted((one, other))

    assert next_delay(passed, asked, timing, dear) >= next_delay(passed, asked, timing, cheap)


@STEADY
@given(timings, prices, prices)
def test_a_dearer_poll_never_means_more_of_them(timing: Timing, one: float, other: float) -> None:
    """Not on average and not for any single task: the nth poll of the dearer schedule never leaves earlier."""
    until = timing.quantile(0.999)
    few, many = (sent(timing, price, until) for price in (max(one, other), min(one, other)))

    assert all(late >= early - 1e-6 * early for late, early in zip(few, many, strict=False))
    assert expected_polls(timing, few) <= expected_polls(timing, many) + 1e-6


@STEADY
@given(usual, st.floats(0.02, 0.25))
def test_the_polls_of_a_task_are_the_inverse_of_the_first_ones_chance(timing: Timing, price: float) -> None:
    """Every poll is as likely as the last to be the last one, so a chance of one in five means five polls."""
    times = sent(timing, price, timing.quantile(SURE))
    chance = NormalDist(timing.mu, timing.sigma).cdf(math.log(times[0]))
    assume(min(later - earlier for earlier, later in pairwise(times[:3])) > SHORTEST * 1.01)

    assert expected_polls(timing, times) == pytest.approx(1 / chance, rel=0.3)


@STEADY
@given(timings, prices)
def test_nothing_is_asked_while_the_model_cannot_be_done(timing: Timing, price: float) -> None:
    """Before the first poll at least one run in MOST_POLLS is done; where the floor is larger, the floor counts."""
    first = next_delay(0.0, 0, timing, price)

    assert first >= timing.quantile(1 / MOST_POLLS) * (1 - 1e-9)
    assert first <= max(SHORTEST, timing.quantile(1 / 1.5)) * (1 + 1e-9)


@STEADY
@given(st.floats(0, 100), timings, prices)
def test_the_first_poll_is_due_at_the_same_moment_whenever_it_is_asked(passed: float, timing: Timing, price: float) -> None:
    due = next_delay(0.0, 0, timing, price)

    assert passed + next_delay(passed, 0, timing, price) == pytest.approx(max(due, passed + SHORTEST))


@STEADY
@given(timings, prices, st.floats(0.5, 20))
def test_a_model_that_takes_longer_is_left_alone_longer(timing: Timing, price: float, times: float) -> None:
    slower = Timing(timing.mu + math.log(max(1.0, times)), timing.sigma)

    # Of a longer wait each second is worth more polls, so the silence grows less than the run time.
    assert next_delay(0.0, 0, slower, price) >= next_delay(0.0, 0, timing, price) * (1 - 1e-9)


@STEADY
@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_poll_is_never_cheaper_on_a_busier_page(one: int, other: int) -> None:
    fewer, more = sorted((one, other))

    assert SCREEN_PRICE <= poll_price(fewer) <= poll_price(more) < math.inf


@STEADY
@given(elapsed, st.integers(0, 100), timings)
def test_while_a_callback_is_expected_nobody_asks_sooner_than_nineteen_runs_in_twenty_take(
    passed: float, asked: int, timing: Timing
) -> None:
    wait = quiet_delay(passed, asked, timing)

    assert asked or passed + wait >= timing.quantile(0.95) * (1 - 1e-9)
    assert not asked or wait >= max(1.0, LARGEST_SHARE * passed)


@STEADY
@given(elapsed, st.integers(1, 10_000), st.integers(1, 10_000), timings, prices)
def test_no_poll_is_caught_up_on(passed: float, one: int, other: int, timing: Timing, price: float) -> None:
    """After a slow answer, a pause or a restart it is the time that counts, not how many polls there might have been."""
    assert next_delay(passed, one, timing, price) == next_delay(passed, other, timing, price)


@STEADY
@given(usual, st.floats(0.1, 0.9), st.floats(0.05, 1), st.floats(1, 20))
def test_a_price_that_falls_on_the_way_brings_no_more_polls_than_the_low_one_from_the_start(
    timing: Timing, when: float, low: float, times: float
) -> None:
    """A page that empties asks more often from then on; it makes up for nothing."""
    until, change = timing.quantile(SURE), timing.quantile(when)
    cheap, mixed = sent(timing, low, until), [next_delay(0.0, 0, timing, low * times)]
    while mixed[-1] < until:
        price = low * times if mixed[-1] < change else low
        mixed.append(mixed[-1] + next_delay(mixed[-1], len(mixed), timing, price))

    assert expected_polls(timing, mixed) <= expected_polls(timing, cheap) + 1e-6


@STEADY
@given(usual, st.floats(SCREEN_PRICE, 10))
def test_a_task_that_never_ends_is_asked_for_less_than_once_a_second(timing: Timing, price: float) -> None:
    assert len(sent(timing, price, 600, most=700)) < 500


# -- learned run times ---------------------------------------------------------------------------


@STEADY
@given(known, st.sampled_from(NO_RUN_TIMES) | st.floats(max_value=0) | st.floats(min_value=BELIEVED[1], exclude_min=True))
@example(Learned(3, 2, 1), math.nan)
def test_what_cannot_be_a_run_time_changes_nothing(before: Learned, garbage: float) -> None:
    assert before.observed(garbage) == before


@STEADY
@given(ranges, st.lists(st.floats() | run_times, max_size=60))
def test_whatever_is_observed_the_three_numbers_stay_usable(stated: tuple[float, float] | None, seen: list[float]) -> None:
    """Finite, with some spread, worth MEMORY runs at most: a schedule can always be made of them."""
    learned = Learned.expected(stated)
    for seconds in seen:
        learned = learned.observed(seconds)
        assert 0 < learned.weight <= MEMORY
        assert math.isfinite(learned.mean)
        assert LEAST_VARIANCE <= learned.variance < math.inf
    assert SHORTEST <= next_delay(0.0, 0, learned.timing) < math.inf


@STEADY
@given(known, st.lists(run_times, min_size=1, max_size=60))
def test_the_mean_stays_within_what_was_expected_and_what_was_seen(before: Learned, seen: list[float]) -> None:
    """The order of magnitude is kept: no run moves the mean past itself."""
    after = before
    for seconds in seen:
        after = after.observed(seconds)

    low, high = min(map(math.log, seen)), max(map(math.log, seen))
    assert min(before.mean, low) - 1e-9 <= after.mean <= max(before.mean, high) + 1e-9


@STEADY
@given(known, run_times)
def test_one_run_weighs_no_more_than_its_share(before: Learned, seconds: float) -> None:
    after = before.observed(seconds)

    assert after.weight == min(before.weight + 1, MEMORY)
    assert abs(after.mean - before.mean) <= abs(math.log(seconds) - before.mean) / after.weight + 1e-9


@STEADY
@given(known, run_times)
def test_a_model_that_always_takes_the_same_is_known_exactly(before: Learned, seconds: float) -> None:
    after = before
    for _ in range(400):
        after = after.observed(seconds)

    assert math.exp(after.mean) == pytest.approx(seconds, rel=0.01)
    assert after.variance == pytest.approx(LEAST_VARIANCE, rel=0.2)


@STEADY
@given(st.floats(1, 60), st.floats(0.2, 5), st.integers(0, 2**32))
def test_after_a_shift_the_new_median_is_found_within_three_memories(median: float, shift: float, seed: int) -> None:
    """However long the old one was true."""
    chance, learned = random.Random(seed), Learned.expected((median * 0.6, median * 1.7))
    for centre, runs in ((median, 200), (median * shift, 3 * int(MEMORY))):
        for _ in range(runs):
            learned = learned.observed(chance.lognormvariate(math.log(centre), 0.3))
        assert math.exp(learned.mean) == pytest.approx(centre, rel=0.3)
    assert learned.timing.sigma == pytest.approx(0.3, abs=0.25)


@STEADY
@given(ranges)
def test_before_anything_was_seen_the_services_own_range_counts(stated: tuple[float, float] | None) -> None:
    expected, timing = Learned.expected(stated).timing, Timing.from_range(stated)

    assert (expected.mu, expected.sigma) == pytest.approx((timing.mu, timing.sigma))
