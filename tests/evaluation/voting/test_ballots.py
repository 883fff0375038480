"""One vote, and what it says about each pair of pictures."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import InputError
from components.evaluation.voting.ballots import Ballot, Verdict, check_ballot, count_ballots, outcomes


def ballot(
    shown: str, verdict: Verdict = Verdict.BEST, best: str | None = None, worst: str | None = None, **more: Any
) -> Ballot:
    return Ballot("1", "e", more.pop("prompt", "p"), more.pop("voter", "v"), tuple(shown), verdict, best, worst, **more)


def test_a_choice_of_one_among_k_is_k_minus_one_pairs_that_weigh_two_kths() -> None:
    """The worst is a second choice, among those that are left."""
    assert outcomes(ballot("ab", best="b")) == [("b", "a", False, 1.0)]
    assert outcomes(ballot("abcd", best="b")) == [("b", "a", False, 0.5), ("b", "c", False, 0.5), ("b", "d", False, 0.5)]
    with_worst = outcomes(ballot("abcd", best="b", worst="d"))
    assert with_worst[3:] == [("a", "d", False, 2 / 3), ("c", "d", False, 2 / 3)]
    assert len(with_worst) == 5


def test_a_tie_and_all_bad_are_ties_of_every_pair_and_a_skip_is_nothing() -> None:
    for verdict in (Verdict.TIE, Verdict.ALL_BAD):
        assert outcomes(ballot("abc", verdict)) == [
            ("a", "b", True, 2 / 3),
            ("a", "c", True, 2 / 3),
            ("b", "c", True, 2 / 3),
        ]
    assert outcomes(ballot("abc", Verdict.SKIP)) == []


def test_a_ballot_that_contradicts_itself_is_refused() -> None:
    wrong = [
        ("shown", ballot("a", best="a")),
        ("shown", ballot("aa", best="a")),
        ("shown", ballot("abcde", best="a")),
        ("best", ballot("ab")),
        ("best", ballot("ab", best="c")),
        ("best", ballot("ab", Verdict.TIE, best="a")),
        ("worst", ballot("ab", best="a", worst="b")),
        ("worst", ballot("abc", best="a", worst="a")),
        ("worst", ballot("abc", best="a", worst="d")),
        ("worst", ballot("abc", Verdict.TIE, worst="a")),
    ]
    for field, wrong_ballot in wrong:
        with pytest.raises(InputError) as error:
            check_ballot(wrong_ballot)
        assert error.value.field == field, wrong_ballot
    for right in (ballot("ab", best="a"), ballot("abc", best="a", worst="c"), ballot("abcd", Verdict.SKIP)):
        check_ballot(right)


def test_ballots_are_counted_by_prompt_and_column() -> None:
    columns = {"a": "one", "b": "two", "c": "two"}
    cast = [
        ballot("ab", best="a"),
        ballot("ab", best="b", prompt="q", voter="w"),
        ballot("ac", Verdict.TIE, prompt="q"),
        ballot("bc", best="c"),  # two pictures of one column say nothing about columns
        ballot("xa", best="x"),  # the picture of x was deleted
        ballot("ab", Verdict.SKIP),
    ]
    tally = count_ballots(cast, columns)

    assert (tally.columns, tally.prompts, tally.votes, tally.voters) == (("one", "two"), ("p", "q"), 5, 2)
    assert tally.wins.tolist() == [[[0, 1], [0, 0]], [[0, 0], [1, 0]]]
    assert tally.ties.tolist() == [[[0, 0], [0, 0]], [[0, 1], [1, 0]]]
    assert tally.shown.tolist() == [[2, 2], [2, 2]]
    assert tally.only(["two"]).shown.tolist() == [[2], [2]]
