"""The table, the efficient frontier and the sentence of an evaluation."""

from __future__ import annotations

import pytest

from components.catalog.prices import Cost
from components.evaluation.decision import ColumnResult, decide
from components.evaluation.shares import Share
from components.evaluation.voting.ballots import Ballot, Verdict, accepted_pictures
from components.evaluation.voting.ranking import Ranking, Standing


def result(column: str, credits: float, **more: object) -> ColumnResult:
    labels = {"gpt": "GPT Image 1.5 high", "ideo": "Ideogram V3 Turbo"}
    return ColumnResult(column, labels.get(column, column), Cost(credits, credits / 100), **more)  # type: ignore[arg-type]


def ranking(*standings: tuple[str, float, int, float]) -> Ranking:
    """Standings as (column, preference, tier, the most that the first is better)."""
    rows = [Standing(c, p, p - 0.1, p + 0.1, tier, p, 10, 10, gap) for c, p, tier, gap in standings]
    return Ranking(tuple(rows), 20, 3, 400)


def test_the_decision_sentence_names_best_model_price_and_alternatives() -> None:
    first = ("gpt", 0.61, 1, 0.0)
    cases = [
        (
            ranking(first, ("ideo", 0.6, 1, 0.1), ("far", 0.2, 2, 0.6)),
            [result("gpt", 28), result("ideo", 8), result("far", 1)],
            "Ideogram V3 Turbo is as good as GPT Image 1.5 high on these prompts (tier 1) at 29 % of the price.",
        ),
        (
            ranking(first, ("ideo", 0.5, 1, 0.3)),
            [result("gpt", 28), result("ideo", 8)],
            "The votes do not tell Ideogram V3 Turbo from GPT Image 1.5 high on these prompts yet (both tier 1); "
            "Ideogram V3 Turbo costs 29 % of the price.",
        ),
        (  # the cheapest of those that are as good, not the cheapest of those that may be
            ranking(first, ("ideo", 0.6, 1, 0.1), ("wide", 0.5, 1, 0.4)),
            [result("gpt", 28), result("ideo", 8), result("wide", 1)],
            "Ideogram V3 Turbo is as good as GPT Image 1.5 high on these prompts (tier 1) at 29 % of the price.",
        ),
        (
            ranking(first, ("ideo", 0.3, 2, 0.4)),
            [result("gpt", 28), result("ideo", 8)],
            "GPT Image 1.5 high is the best on these prompts, at 28 credits a picture (chance of being the best: 61 %). "
            "Ideogram V3 Turbo, the best of the cheaper ones, costs 29 % of that.",
        ),
        (
            ranking(first, ("ideo", 0.6, 1, 0.1)),
            [result("gpt", 8), result("ideo", 8)],
            "GPT Image 1.5 high, at 8 credits a picture, shares first place on these prompts (tier 1) with one other, "
            "which is not cheaper.",
        ),
        (
            Ranking((), 1, 1, 3, "Not enough votes: 3 of at least 20."),
            [result("gpt", 8)],
            "Not enough votes: 3 of at least 20.",
        ),
    ]
    for order, results, sentence in cases:
        assert decide(order, results).sentence == sentence


def test_the_frontier_holds_what_nothing_beats_in_price_and_preference() -> None:
    order = ranking(
        ("gpt", 0.7, 1, 0), ("ideo", 0.6, 1, 0.1), ("dear", 0.6, 1, 0.1), ("mid", 0.5, 2, 0.3), ("low", 0.2, 3, 0.6)
    )
    decision = decide(
        order,
        [result("low", 4), result("mid", 8), result("dear", 9), result("ideo", 8), result("gpt", 28), result("new", 1)],
    )

    assert [row.result.column for row in decision.rows] == ["gpt", "ideo", "dear", "mid", "low", "new"]
    assert [row.on_frontier for row in decision.rows] == [True, True, False, False, True, False]
    assert decision.rows[-1].standing is None


def test_a_good_picture_costs_what_bad_and_failed_ones_have_cost_too() -> None:
    """Ten pictures and two charged failures for 96 credits: 9.6 a delivered one, and 12.8 if three of four are accepted."""
    one = result("gpt", 8, spent=96, done=10, failed=2, refused=3, accepted=Share(30, 40), passed=Share(0, 10))
    row = decide(ranking(("gpt", 0.5, 1, 0)), [one]).rows[0]

    assert row.credits_per_accepted == pytest.approx(12.8)
    assert row.credits_per_passing is None
    assert (row.failed.count, row.refused.count, row.failed.total) == (2, 3, 15)
    assert decide(ranking(("gpt", 0.5, 1, 0)), [result("gpt", 8)]).rows[0].credits_per_accepted is None


def test_pictures_of_screens_that_are_all_bad_are_not_accepted() -> None:
    shown = [("ab", Verdict.BEST, "a"), ("ab", Verdict.TIE, None), ("ac", Verdict.ALL_BAD, None), ("ab", Verdict.SKIP, None)]
    cast = [Ballot("1", "e", "p", "v", tuple(cells), verdict, best) for cells, verdict, best in shown]
    shares = accepted_pictures(cast, {"a": "one", "b": "two", "c": "three", "d": "four"})

    assert {column: (share.count, share.total) for column, share in shares.items()} == {
        "one": (2, 3),
        "two": (2, 2),
        "three": (0, 1),
        "four": (0, 0),
    }
