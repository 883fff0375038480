"""Which column to use: preference against price and time, the efficient frontier, and one sentence that sums it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.catalog.prices import Cost, credits_text
from components.evaluation.shares import Share
from components.evaluation.voting.ranking import Ranking, Standing

CLOSE = 0.15  # as good as the first: at worst about 65 of 100 votes would go to the first, not to this one


@dataclass(frozen=True)
class ColumnResult:
    """What became of the jobs of a column.

    ``label`` is its name for people, ``price`` that of one picture, ``spent`` the credits of all its jobs, ``seconds`` the
    median time of a job (None: none is done). ``done``, ``failed`` and ``refused`` (by moderation) are numbers of jobs.
    ``accepted`` are pictures that voters saw and did not call bad, ``passed`` those that passed the checks.
    """

    column: str
    label: str
    price: Cost
    spent: float = 0.0
    done: int = 0
    failed: int = 0
    refused: int = 0
    seconds: float | None = None
    accepted: Share = field(default=Share(0, 0))
    passed: Share = field(default=Share(0, 0))


@dataclass(frozen=True)
class DecisionRow:
    """A row of the table, and a point of the chart. ``standing`` is None for a column without enough votes.

    ``failed`` and ``refused`` are shares of the jobs that ended. Credits per accepted and per passing picture include what
    failed and rejected ones cost; None if there is no such picture. ``on_frontier``: no column is both as cheap and better,
    or as good and cheaper.
    """

    result: ColumnResult
    standing: Standing | None
    failed: Share
    refused: Share
    credits_per_accepted: float | None
    credits_per_passing: float | None
    on_frontier: bool


@dataclass(frozen=True)
class Decision:
    """Rows in the order of the ranking, then those without a standing; and the sentence."""

    rows: tuple[DecisionRow, ...]
    sentence: str


def decide(ranking: Ranking, results: Sequence[ColumnResult]) -> Decision:
    """Put the ranking and the costs together."""
    by_column = {result.column: result for result in results}
    ranked = [(by_column[standing.column], standing) for standing in ranking.standings if standing.column in by_column]
    rest = [result for result in results if ranking.find(result.column) is None]
    best = frontier({result.column: (result.price.credits, -standing.preference) for result, standing in ranked})
    rows = [_row(result, standing, result.column in best) for result, standing in ranked]
    rows += [_row(result, None, False) for result in rest]
    return Decision(tuple(rows), _sentence(ranking, ranked))


def _row(result: ColumnResult, standing: Standing | None, on_frontier: bool) -> DecisionRow:
    ended = result.done + result.failed + result.refused
    return DecisionRow(
        result,
        standing,
        Share(result.failed, ended),
        Share(result.refused, ended),
        _per_good_picture(result, result.accepted),
        _per_good_picture(result, result.passed),
        on_frontier,
    )


def _per_good_picture(result: ColumnResult, good: Share) -> float | None:
    """Credits for one good picture: what a delivered one has cost, divided by the share of good ones."""
    return result.spent / result.done / good.rate if result.done and good.count else None


def frontier(points: Mapping[str, tuple[float, float]]) -> set[str]:
    """The names of the points that no other beats: lower in one of the two numbers, and at least as low in the other."""
    return {
        name
        for name, (one, two) in points.items()
        if not any(a <= one and b <= two and (a, b) != (one, two) for a, b in points.values())
    }


def _sentence(ranking: Ranking, ranked: Sequence[tuple[ColumnResult, Standing]]) -> str:
    """The sentence for somebody who reads only this one."""
    if not ranked:
        return ranking.not_enough or "There is no result to rank."
    best, first_standing = ranked[0]
    top = [(result, standing) for result, standing in ranked if standing.tier == 1]
    price = f"at {credits_text(best.price.credits)} a picture"
    if len(top) == 1:
        cheaper = [result for result, _ in ranked[1:] if result.price.credits < best.price.credits]
        text = f"{best.label} is the best on these prompts, {price} (chance of being the best: {_percent(first_standing.p_best)})."
        if cheaper:
            text += f" {cheaper[0].label}, the best of the cheaper ones, costs {_ratio(cheaper[0], best)} of that."
        return text
    cheaper_top = sorted(
        ((result, standing) for result, standing in top if result.price.credits < best.price.credits),
        key=lambda pair: (pair[1].gap_high > CLOSE, pair[0].price.credits),
    )
    if not cheaper_top:
        alone = len(top) == 2
        others = "one other, which is not cheaper" if alone else f"{len(top) - 1} others, none of which is cheaper"
        return f"{best.label}, {price}, shares first place on these prompts (tier 1) with {others}."
    result, standing = cheaper_top[0]
    if standing.gap_high <= CLOSE:
        return f"{result.label} is as good as {best.label} on these prompts (tier 1) at {_ratio(result, best)} of the price."
    return (
        f"The votes do not tell {result.label} from {best.label} on these prompts yet (both tier 1); "
        f"{result.label} costs {_ratio(result, best)} of the price."
    )


def _ratio(result: ColumnResult, best: ColumnResult) -> str:
    return _percent(result.price.credits / best.price.credits)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
