"""When to ask next: silent while the model cannot be done, then evenly likely, few polls and little staleness."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from components.api.schedule import LARGEST_SHARE, SHORTEST, Timing, next_delay

TEN_SECONDS = Timing(math.log(10), 0.4)


def moments(count: int) -> list[tuple[float, int, Timing, float]]:
    """Random elapsed seconds, polls, timings and prices, always the same ones."""
    chance = random.Random(7)
    return [
        (chance.choice([0.0, chance.uniform(0, 5), 10 ** chance.uniform(-2, 5)]), chance.randrange(0, 200),
         Timing(chance.uniform(-3, 7), chance.uniform(0.05, 3)), 10 ** chance.uniform(-3, 1))
        for _ in range(count)
    ]  # fmt: skip


def simulate(timing: Timing, price: float, tasks: int = 2000) -> tuple[float, float]:
    """Mean polls and mean seconds between a task's end and the poll that sees it, by a clock that is only a number."""
    chance = random.Random(42)
    polls = stale = 0.0
    for _ in range(tasks):
        end, clock, sent = chance.lognormvariate(timing.mu, timing.sigma), 0.0, 0
        while clock < end:
            clock += next_delay(clock, sent, timing, price)
            sent += 1
        polls, stale = polls + sent, stale + clock - end
    return polls / tasks, stale / tasks


def test_no_delay_is_below_the_floor_or_no_number() -> None:
    delays = [next_delay(*moment) for moment in moments(3000)]

    assert min(delays) >= SHORTEST > 0
    assert all(map(math.isfinite, delays))


def test_after_the_first_poll_no_delay_is_more_than_a_quarter_of_what_has_passed() -> None:
    for elapsed, polls, timing, price in moments(3000):
        assert next_delay(elapsed, polls + 1, timing, price) <= max(SHORTEST, LARGEST_SHARE * elapsed)
    assert LARGEST_SHARE == 0.25


@pytest.mark.parametrize("hint", [0.25, 1.0, 7.5, 120.0])
def test_a_wait_the_service_asks_for_always_wins(hint: float) -> None:
    assert {next_delay(*moment, hint) for moment in moments(200)} == {hint}


@pytest.mark.parametrize("hint", [0.0, 0.01, -5.0])
def test_a_hint_to_come_at_once_still_keeps_the_floor(hint: float) -> None:
    assert next_delay(3.0, 2, TEN_SECONDS, hint=hint) == SHORTEST


def test_the_first_silence_grows_with_the_models_time() -> None:
    silences = [next_delay(0.0, 0, Timing(math.log(seconds), 0.4)) for seconds in (1, 2, 4, 8, 16, 60, 300)]

    assert silences == sorted(set(silences))
    for seconds, silence in zip((1, 2, 4, 8, 16, 60, 300), silences, strict=True):
        assert 0.2 * seconds < silence < seconds, "not before anything can be done, not after half of them are"


def test_the_first_silence_counts_from_the_tasks_creation() -> None:
    whole = next_delay(0.0, 0, TEN_SECONDS)

    assert next_delay(1.5, 0, TEN_SECONDS) == pytest.approx(whole - 1.5)
    assert next_delay(60.0, 0, TEN_SECONDS) == SHORTEST


def test_delays_are_not_exponential() -> None:
    """Around the time most tasks end the waits are short and alike, not each twice the last."""
    clock, delays = 0.0, []
    while clock < 20:
        delays.append(next_delay(clock, len(delays), TEN_SECONDS))
        clock += delays[-1]

    growth = [later / earlier for earlier, later in pairwise(delays[1:])]
    assert len(growth) >= 5
    assert sorted(growth)[len(growth) // 2] < 1.5


def test_a_typical_model_takes_few_polls_and_is_seen_soon() -> None:
    polls, staleness = simulate(TEN_SECONDS, price=0.05)

    assert polls <= 9.5
    assert staleness <= 0.6


def test_a_batch_asks_less_often_than_a_watching_person() -> None:
    watching, batch = simulate(TEN_SECONDS, price=0.05), simulate(TEN_SECONDS, price=0.2)

    assert batch[0] < 0.7 * watching[0]
    assert batch[1] > watching[1]


@pytest.mark.parametrize("seconds", [(3.0, 8.0), (3.0, 10.0), (5.0, 15.0), (3.0, 12.0), None])
def test_every_stated_range_is_polled_reasonably(seconds: tuple[float, float] | None) -> None:
    polls, staleness = simulate(Timing.from_range(seconds), price=0.05, tasks=500)

    assert 2 < polls < 16
    assert staleness < 1.5


@pytest.mark.parametrize("seconds", [(3.0, 8.0), (5.0, 15.0), (0.5, 60.0)])
def test_a_range_is_the_middle_of_its_runs(seconds: tuple[float, float]) -> None:
    timing = Timing.from_range(seconds)

    assert (timing.quantile(0.1), timing.quantile(0.9)) == pytest.approx(seconds)
    assert timing.quantile(0.5) == pytest.approx(math.sqrt(seconds[0] * seconds[1]))


@pytest.mark.parametrize("seconds", [None, (5.0, 5.0), (0.0, 0.0), (0.0, 10.0), (9.0, 3.0), (1e-9, 1e9)])
def test_a_strange_range_still_gives_a_timing_with_some_spread(seconds: tuple[float, float] | None) -> None:
    timing = Timing.from_range(seconds)

    assert math.isfinite(timing.mu)
    assert timing.sigma >= 0.1
    assert SHORTEST <= next_delay(0.0, 0, timing) < max(30.0, *(seconds or (0,)))


def test_an_unknown_range_is_waited_for_more_widely_than_a_known_one() -> None:
    assert Timing.from_range(None).sigma > Timing.from_range((3.0, 10.0)).sigma
