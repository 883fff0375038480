"""The results of an evaluation: for each column what it cost and how its checks went, and a board for a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.evaluation.checks import Fingerprint, near_duplicates, slow_finding
from components.evaluation.decision import ColumnResult, Decision, decide
from components.evaluation.evaluation import CellState, Evaluation
from components.evaluation.matrix import current_column_id
from components.evaluation.shares import Share
from components.evaluation.store.cells import Result
from components.evaluation.voting.agreement import (
    Position,
    Voter,
    WinRate,
    agreement,
    count_voters,
    position_bias,
    win_rates,
)
from components.evaluation.voting.ballots import Ballot, Question, accepted_pictures, count_ballots
from components.evaluation.voting.ranking import Ranking, rank
from components.evaluation.voting.screens import ScreensLeft, screens_left

Scores = Mapping[str, float]
ENOUGH_RUNS = 5


@dataclass(frozen=True)
class CheckedColumn:
    """How the automatic checks of a column's pictures went.

    ``findings`` counts pictures by the kind of finding, near-duplicates among repeats and slow jobs too. ``text_passed``
    are pictures that show the expected text, ``error_rate`` is the mean share of wrong characters (None: no text was
    read). ``scores`` are the means of the values of installed scorers.
    """

    findings: Mapping[str, int]
    text_passed: Share
    error_rate: float | None
    scores: Scores


@dataclass(frozen=True)
class Change:
    """A column against a saved baseline: ``better`` or ``worse`` beyond both intervals, else both False."""

    before: float
    now: float
    better: bool
    worse: bool


@dataclass(frozen=True)
class Board:
    """Everything that votes on a question say, for all prompts or those of one category."""

    question: Question
    category: str
    ranking: Ranking
    decision: Decision
    wins: tuple[tuple[WinRate, ...], ...]
    positions: tuple[Position, ...]
    agreement: float | None
    voters: tuple[Voter, ...]
    left: ScreensLeft
    checks: Mapping[str, CheckedColumn]
    changes: Mapping[str, Change] = field(default_factory=dict)


def build_board(
    catalog: Catalog,
    evaluation: Evaluation,
    results: Sequence[Result],
    ballots: Sequence[Ballot],
    question: Question = Question.PREFERENCE,
    category: str = "",
    usual: Mapping[str, float] | None = None,
    baseline: Mapping[str, Sequence[float]] | None = None,
) -> Board:
    """Put votes, prices and checks together. Blocks for up to a second.

    ``category``: only prompts of it, "" for all. ``usual`` are typical seconds by model id, ``baseline`` as in Evaluation.
    """
    wanted = {prompt.id for prompt in evaluation.prompts if not category or prompt.category == category}
    cells = [result for result in results if _prompt_of(evaluation, result) in wanted]
    columns = {str(result.position): _column_of(evaluation, result) for result in cells if result.picture}
    cast = [ballot for ballot in ballots if ballot.question is question and ballot.prompt in wanted]
    ranking = rank(cast, columns)
    typical = usual_seconds(results, usual or {})
    checks = {column.id: _checked(evaluation, column.id, cells, typical) for column in evaluation.columns}
    accepted = accepted_pictures(cast, columns)
    costs = [_column_result(catalog, evaluation, column.id, cells, accepted, checks) for column in evaluation.columns]
    return Board(
        question,
        category,
        ranking,
        decide(ranking, costs),
        win_rates(count_ballots(cast, columns)),
        position_bias(cast),
        agreement(cast),
        count_voters(cast),
        screens_left(cast, columns),
        checks,
        _changes(catalog, ranking, baseline or {}),
    )


def standings(ranking: Ranking) -> dict[str, list[float]]:
    """A ranking as a baseline keeps it: preference, low and high by column."""
    return {one.column: [one.preference, one.low, one.high] for one in ranking.standings}


def usual_seconds(results: Sequence[Result], learned: Mapping[str, float]) -> dict[str, float]:
    """Typical seconds by model id: of this evaluation, which waits and stores as its own jobs do; else what was learned."""
    seconds: dict[str, list[float]] = {}
    for result in results:
        if result.seconds is not None:
            seconds.setdefault(result.model, []).append(result.seconds)
    return {**learned, **{model: median(own) for model, own in seconds.items() if len(own) >= ENOUGH_RUNS}}


def findings_of(evaluation: Evaluation, cells: Iterable[Result], usual: Mapping[str, float]) -> dict[int, list[str]]:
    """For each position the kinds of its findings, with those that only show beside the other repeats."""
    kinds_at: dict[int, list[str]] = {}
    fingerprints: dict[tuple[str, str], dict[str, Fingerprint]] = {}
    for result in cells:
        checks = result.checks or {}
        kinds = [finding["kind"] for finding in checks.get("findings", ())]
        if result.seconds is not None:
            kinds += [str(one.kind) for one in slow_finding(result.seconds, usual.get(result.model))]
        kinds_at[result.position] = kinds
        if known := checks.get("fingerprint"):
            same = _prompt_of(evaluation, result), _column_of(evaluation, result)
            fingerprints.setdefault(same, {})[str(result.position)] = Fingerprint(**known)
    for repeats in fingerprints.values():
        for position in near_duplicates(repeats):
            kinds_at[int(position)].append("duplicate")
    return kinds_at


def _prompt_of(evaluation: Evaluation, result: Result) -> str:
    return evaluation.prompts[evaluation.coordinates(result.position).prompt].id


def _column_of(evaluation: Evaluation, result: Result) -> str:
    return evaluation.columns[evaluation.coordinates(result.position).column].id


def _checked(evaluation: Evaluation, column: str, cells: Sequence[Result], usual: Mapping[str, float]) -> CheckedColumn:
    own = [result for result in cells if _column_of(evaluation, result) == column and result.checks]
    kinds = Counter(kind for of_cell in findings_of(evaluation, own, usual).values() for kind in of_cell)
    texts = [text for result in own if (text := (result.checks or {}).get("text"))]
    values: dict[str, list[float]] = {}
    for result in own:
        for name, value in ((result.checks or {}).get("scores") or {}).items():
            if isinstance(value, int | float):
                values.setdefault(name, []).append(float(value))
    return CheckedColumn(
        kinds,
        Share(sum(text["exact"] for text in texts), len(texts)),
        sum(text["error_rate"] for text in texts) / len(texts) if texts else None,
        {name: sum(numbers) / len(numbers) for name, numbers in values.items()},
    )


def _column_result(
    catalog: Catalog,
    evaluation: Evaluation,
    column: str,
    cells: Sequence[Result],
    accepted: Mapping[str, Share],
    checks: Mapping[str, CheckedColumn],
) -> ColumnResult:
    own = [result for result in cells if _column_of(evaluation, result) == column]
    done = [result for result in own if result.state is CellState.DONE]
    priced = [result.credits for result in own if result.state is not CellState.SKIPPED]
    price = median(priced) if priced else 0.0
    states = Counter(result.state for result in own)
    seconds = [result.seconds for result in done if result.seconds is not None]
    label = next(one.label for one in evaluation.columns if one.id == column)
    # Where text is expected, a picture passes that shows it; else one without a finding.
    texts = checks[column].text_passed
    clean = sum(not (result.checks or {}).get("findings") for result in done if result.checks)
    return ColumnResult(
        column,
        label,
        Cost(price, catalog.usd(price)),
        sum(result.spent for result in own),
        len(done),
        states[CellState.FAILED],
        states[CellState.MODERATED],
        median(seconds) if seconds else None,
        accepted.get(column, Share(0, 0)),
        texts if texts.total else Share(clean, sum(result.checks is not None for result in done)),
    )


def _changes(catalog: Catalog, ranking: Ranking, baseline: Mapping[str, Sequence[float]]) -> dict[str, Change]:
    """How each column changed since the baseline. Each of the two may be from before a model was renamed."""
    changes: dict[str, Change] = {}
    saved = {current_column_id(catalog, column): values for column, values in baseline.items()}
    for one in ranking.standings:
        if before := saved.get(current_column_id(catalog, one.column)):
            preference, low, high = before
            changes[one.column] = Change(preference, one.preference, one.low > high, one.high < low)
    return changes


def as_values(board: Board) -> dict[str, Any]:
    """The ranking as plain values, as ``/evaluation`` returns it."""
    rows = []
    for row in board.decision.rows:
        standing = row.standing
        rows.append(
            {
                "column": row.result.column,
                "label": row.result.label,
                "preference": standing.preference if standing else None,
                "low": standing.low if standing else None,
                "high": standing.high if standing else None,
                "tier": standing.tier if standing else None,
                "p_best": standing.p_best if standing else None,
                "votes": standing.ballots if standing else 0,
                "credits": row.result.price.credits,
                "usd": row.result.price.usd,
                "seconds": row.result.seconds,
                "done": row.result.done,
                "failed": row.result.failed,
                "refused": row.result.refused,
                "credits_per_accepted": row.credits_per_accepted,
                "credits_per_passing": row.credits_per_passing,
                "on_frontier": row.on_frontier,
            }
        )
    return {"sentence": board.decision.sentence, "basis": board.ranking.basis, "rows": rows}
