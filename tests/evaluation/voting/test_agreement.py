"""Agreement between voters, bias by position, and win rates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.evaluation.voting.agreement import agreement, count_voters, position_bias, win_rates
from components.evaluation.voting.ballots import Ballot, Verdict, count_ballots


def ballot(shown: str, best: str | None, voter: str = "v", at: float = 0.0) -> Ballot:
    verdict = Verdict.BEST if best else Verdict.TIE
    return Ballot("1", "e", shown[1:2], voter, tuple(shown), verdict, best, created_at=at)


def test_alpha_is_one_for_voters_who_agree_and_falls_with_their_disagreement() -> None:
    """By hand: of ten answers five are for the first picture; in the last case one of the other five is a tie."""
    pairs = ["ab", "cd", "ef", "gh", "ij"]
    agree = [ballot(pair, pair[at % 2], voter) for at, pair in enumerate(pairs) for voter in "vw"]
    oppose = [ballot(pair, pair[(at + (voter == "w")) % 2], voter) for at, pair in enumerate(pairs) for voter in "vw"]
    split = [*agree[:-1], ballot("ij", None, "w")]

    assert agreement(agree) == 1
    assert agreement(oppose) == pytest.approx(1 - 1 / (1 - 2 * 5 * 4 / 90))
    assert agreement(split) == pytest.approx(1 - 0.2 / (1 - (5 * 4 + 4 * 3) / 90))


def test_alpha_needs_two_voters_on_one_pair_and_takes_the_last_answer_of_each() -> None:
    assert agreement([]) is None
    assert agreement([ballot("ab", "a"), ballot("ab", "b"), ballot("cd", "c", "w")]) is None
    changed = [
        ballot("ab", "b", at=2),
        ballot("ab", "a", at=1),
        ballot("ba", "b", "w"),
        ballot("cd", "c"),
        ballot("cd", "c", "w"),
    ]
    assert agreement(changed) == 1


def test_each_voter_is_listed_with_votes_and_agreement_on_the_pairs_that_others_judged_too() -> None:
    unnamed = "0123456789abcdef"
    cast = [
        ballot("ab", "a", "Ann", 1), ballot("cd", "c", "Ann", 2), ballot("ef", "e", "Ann", 3),
        ballot("ab", "a", unnamed, 4), ballot("cd", "d", unnamed, 5), replace(ballot("gh", None, unnamed, 6), verdict=Verdict.SKIP),
        ballot("ab", None, "Ben", 7),
    ]  # fmt: skip
    counted = [(one.name, one.votes, one.skipped, one.agreed.count, one.agreed.total) for one in count_voters(cast)]

    assert counted == [("Ann", 3, 0, 1, 3), ("voter 2", 2, 1, 1, 3), ("Ben", 1, 0, 0, 2)]


def test_agreement_does_not_depend_on_picture_names() -> None:
    """Voters who choose at random agree on half of many pairs: alpha is about 0, however many pictures there are."""
    cells = [chr(300 + number) for number in range(400)]
    cast = []
    for at in range(0, 400, 2):
        pair = cells[at] + cells[at + 1]
        cast += [ballot(pair, pair[at // 2 % 2]), ballot(pair, pair[at // 4 % 2], "w")]

    value = agreement(cast)
    assert value == pytest.approx(0, abs=0.02)


def test_a_position_that_wins_too_often_is_called_biased() -> None:
    fair = [ballot("ab" if number % 2 else "ba", "a") for number in range(40)]
    left = [ballot("ab", "a") for _ in range(30)] + [ballot("ab", "b") for _ in range(10)]

    assert [(bias.size, bias.position, bias.best.count, bias.biased) for bias in position_bias(fair)] == [
        (2, 1, 20, False),
        (2, 2, 20, False),
    ]
    assert [bias.biased for bias in position_bias(left)] == [True, True]
    assert [bias.expected for bias in position_bias([ballot("abcd", "c")])] == [0.25] * 4
    assert position_bias([ballot("ab", None)]) == ()


def test_win_rates_count_a_tie_as_half() -> None:
    cast = [ballot("ab", "a")] * 5 + [ballot("ab", "b")] * 2 + [ballot("ab", None)]
    rates = win_rates(count_ballots(cast, {"a": "one", "b": "two", "c": "three"}))

    assert (rates[0][1].share, rates[1][0].share, rates[0][1].votes) == (5.5 / 8, 2.5 / 8, 8)
    assert rates[0][2].share is None
    assert rates[0][0].share is None
