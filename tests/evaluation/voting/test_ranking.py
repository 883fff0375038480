"""Known votes give a known order, few votes give none, and intervals hold what they promise."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from components.evaluation.voting.ballots import Ballot, Verdict, count_ballots
from components.evaluation.voting.bradley_terry import PRIOR_SD, chances, fit, preferences
from components.evaluation.voting.ranking import MIN_VOTES, draw_strengths, rank, small_sample_factor
from tests.evaluation.voting.voters import Voters, covered

COLUMNS = {f"{column}{prompt}": column for column in "abcd" for prompt in range(20)}


def vote(prompt: int, best: str, other: str, verdict: Verdict = Verdict.BEST) -> Ballot:
    shown = (f"{best}{prompt}", f"{other}{prompt}")
    return Ballot("1", "e", str(prompt), "v", shown, verdict, shown[0] if verdict is Verdict.BEST else None)


def known_votes(prompts: Sequence[int] = range(20)) -> list[Ballot]:
    """On each prompt a beats b, b beats c three times of four, and c always beats d."""
    pairs = [
        ("a", "b"),
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
        ("b", "c"),
        ("b", "c"),
        ("c", "b"),
        ("c", "d"),
        ("c", "d"),
        ("b", "d"),
    ]
    return [vote(prompt, *pair) for prompt in prompts for pair in pairs]


def test_strengths_give_back_the_shares_of_votes() -> None:
    """With many votes the fitted chances are the observed shares, ties included."""
    wins, ties = np.array([[0.0, 6000], [1500, 0]]), np.array([[0.0, 2500], [2500, 0]])
    fitted = fit(wins, ties)
    win, tie = chances(fitted.strengths, fitted.tie)

    assert win[0, 1] == pytest.approx(0.6, abs=0.002)
    assert tie[0, 1] == pytest.approx(0.25, abs=0.002)
    assert preferences(fitted.strengths, fitted.tie) == pytest.approx([0.725, 0.275], abs=0.002)
    assert fitted.strengths[0] - fitted.strengths[1] == pytest.approx(np.log(4), abs=0.01)
    assert fitted.covariance.sum(0) == pytest.approx([0, 0], abs=1e-9)  # strengths have the mean 0
    difference = np.array([1, -1])
    assert difference @ fitted.covariance @ difference == pytest.approx(1 / 1200, rel=0.01)  # inverse information


def test_one_fit_of_many_is_the_fit_alone() -> None:
    random = np.random.default_rng(1)
    wins = random.poisson(3, (5, 4, 4)) * (1 - np.eye(4))
    ties = np.zeros((5, 4, 4))
    together = fit(wins, ties)
    for number in range(5):
        assert together.strengths[number] == pytest.approx(fit(wins[number], ties[number]).strengths, abs=1e-5)


def test_a_fit_is_the_maximum_for_any_counts() -> None:
    """There the points won are those expected, up to the prior. Without a limit Newton's steps miss it now and then."""
    random = np.random.default_rng(0)
    for _ in range(100):
        models, size = random.integers(2, 12), 10 ** random.uniform(0, 5)
        strengths = random.normal(0, 4, models)
        share = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))
        wins = (random.poisson(size * share) * (random.random((models, models)) < 0.5) * (1 - np.eye(models))).astype(float)
        upper = np.triu(random.poisson(size, (models, models)) * (random.random((models, models)) < 0.3), 1)
        ties = (upper + upper.T).astype(float)
        fitted = fit(wins, ties)
        win, tie = chances(fitted.strengths, fitted.tie)
        total = wins + wins.T + ties
        expected = (total * (win + tie / 2)).sum(1) + fitted.strengths / PRIOR_SD**2
        assert (wins + ties / 2).sum(1) == pytest.approx(expected, abs=1e-6 * (1 + total.sum()))


def test_a_model_that_won_every_vote_has_a_finite_strength() -> None:
    fitted = fit(np.array([[0.0, 10_000], [0, 0]]), np.zeros((2, 2)))

    assert 5 < fitted.strengths[0] - fitted.strengths[1] < 20


def test_known_votes_give_a_known_order() -> None:
    ranking = rank(known_votes(), COLUMNS)

    assert [standing.column for standing in ranking.standings] == ["a", "b", "c", "d"]
    assert [standing.tier for standing in ranking.standings] == [1, 2, 3, 4]
    assert ranking.basis == "20 prompts, 1 voter, 200 votes"
    first = ranking.standings[0]
    assert first.p_best > 0.99
    assert first.low < first.preference < first.high
    assert (first.ballots, first.prompts, first.gap_high) == (60, 20, 0)
    assert all(standing.gap_high > 0 for standing in ranking.standings[1:])
    assert rank(reversed(known_votes()), COLUMNS).standings == pytest.approx(ranking.standings)


def test_models_whose_intervals_overlap_share_a_tier_and_the_lower_end_decides_the_order() -> None:
    """a and b are equal and c is worse; d won 5 of 5, which says little: its interval is wide."""
    cast = [vote(prompt, *pair) for prompt in range(20) for pair in ("ab", "ba", "ac", "bc", "ac", "bc")]
    cast += [vote(prompt, "d", "a") for prompt in range(5)]
    ranking = rank(cast, COLUMNS)
    tiers = {standing.column: standing.tier for standing in ranking.standings}
    lows = [standing.low for standing in ranking.standings]

    assert tiers == {"a": 1, "b": 1, "c": 2, "d": 1}
    assert lows == sorted(lows, reverse=True)
    wide = ranking.find("d")
    assert wide
    assert wide.high - wide.low > 0.15


def test_three_votes_give_no_ranking() -> None:
    ranking = rank([vote(0, "a", "b"), vote(1, "a", "b"), vote(2, "a", "b")], COLUMNS)

    assert ranking.standings == ()
    assert ranking.not_enough == f"Not enough votes: 3 of at least {MIN_VOTES}."


def test_a_model_with_too_few_votes_or_prompts_is_not_ranked() -> None:
    few = [vote(prompt, "a", "b") for prompt in range(20)] + [vote(prompt, "a", "c") for prompt in range(4)]
    one_prompt = [vote(prompt, "a", "d") for prompt in (0, 1) for _ in range(25)]

    assert {standing.column for standing in rank(few + one_prompt, COLUMNS).standings} == {"a", "b"}
    assert "two models must be in 5 votes" in rank(one_prompt, COLUMNS).not_enough


def test_votes_to_change_is_the_number_without_which_another_is_first() -> None:
    """a leads 12 to 8: without five of its votes b leads, without four they are level."""
    lead = [vote(prompt, "a", "b") for prompt in range(12)] + [vote(prompt, "b", "a") for prompt in range(12, 20)]
    count = rank(lead, COLUMNS).votes_to_change

    assert count in (4, 5)
    assert rank(known_votes(), COLUMNS).votes_to_change > 20  # type: ignore[operator]
    level = lead[4:]
    assert fit(*_counts(level)).strengths[0] == pytest.approx(0, abs=1e-6)


def _counts(ballots: Sequence[Ballot]) -> tuple[np.ndarray, np.ndarray]:
    tally = count_ballots(ballots, {cell: column for cell, column in COLUMNS.items() if column in "ab"})
    return tally.wins.sum(0), tally.ties.sum(0)


def test_few_prompts_widen_the_intervals_as_the_t_distribution_says() -> None:
    """t of 19 and of 5 degrees of freedom; and on 5 prompts, of which a wins 3, the draws are that much wider."""
    assert small_sample_factor(20) == pytest.approx(2.0930 / 1.95996 * np.sqrt(20 / 19), rel=1e-3)
    assert small_sample_factor(6) == pytest.approx(2.5706 / 1.95996 * np.sqrt(6 / 5), rel=5e-3)
    assert small_sample_factor(3) == pytest.approx(4.3027 / 1.95996 * np.sqrt(3 / 2), rel=0.05)

    cast = [vote(prompt, *("ab" if prompt < 3 else "ba")) for prompt in range(5) for _ in range(10)]
    tally = count_ballots(cast, COLUMNS).only("ab")
    fitted, strengths = draw_strengths(tally)
    times = np.random.default_rng(0).multinomial(5, [1 / 5] * 5, 500)
    refits = fit(np.tensordot(times, tally.wins, 1), np.tensordot(times, tally.ties, 1)).strengths
    assert (strengths - fitted.strengths).std() == pytest.approx(
        small_sample_factor(5) * (refits - fitted.strengths).std(), rel=0.02
    )


def test_intervals_by_prompt_hold_the_truth_where_those_by_vote_do_not() -> None:
    """A quarter of the benchmark: nominal 95 % intervals, with pictures that differ by prompt."""
    by_prompt, by_vote = [], []
    for seed in range(25):
        voters = Voters(np.random.default_rng(1000 + seed).normal(0, 0.6, 8), prompts=20, effect=1.0, seed=seed)
        cast, truth = voters.uniform(1_000), voters.true_preferences()
        by_prompt += covered(voters, cast)
        tally = count_ballots(cast, voters.columns)
        fitted = draw_strengths(tally, 2).fitted
        random = np.random.default_rng(seed)
        drawn = preferences(random.multivariate_normal(fitted.strengths, fitted.covariance, 400), np.full(400, fitted.tie))
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        by_vote += list((low <= truth) & (truth <= high))

    assert len(by_prompt) == 200
    assert np.mean(by_prompt) >= 0.91
    assert np.mean(by_vote) < 0.85


def test_eleven_models_and_a_thousand_votes_are_ranked_in_well_under_a_second() -> None:
    voters = Voters(np.linspace(0, 1, 11), prompts=20, effect=0.5, seed=1)
    cast = voters.uniform(1_000, 4)
    rank(cast, voters.columns)
    begun = time.process_time()
    rank(cast, voters.columns)

    assert time.process_time() - begun < 1
