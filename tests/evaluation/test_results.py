"""Boards from results and ballots that are written down here."""

from __future__ import annotations

from dataclasses import replace

from components.catalog.models import Catalog
from components.evaluation.evaluation import CellState, Evaluation
from components.evaluation.matrix import Column
from components.evaluation.prompts import Prompt
from components.evaluation.results import build_board
from components.evaluation.store.cells import Result
from components.evaluation.voting.ballots import Ballot, Question, Verdict
from components.views.evaluation.results import show_results
from tests.catalog.renamed import catalog_with_renamed

PROMPTS = tuple(Prompt(f"A hill {number}", "hills" if number < 4 else "lakes") for number in range(8))
COLUMNS = (Column("good", "Good", "flux-2", {}), Column("cheap", "Cheap", "cogview-4", {}))
EVALUATION = Evaluation(
    "e", "ann", 0.0, "Hills", PROMPTS, COLUMNS, {}, 1, (Question.PREFERENCE, Question.FAULTS), "sandbox", "", 4, 100.0, "t"
)  # fmt: skip


def results() -> list[Result]:
    """Good costs 5 and always scores 1, Cheap costs 4, scores 0.5 and failed once."""
    rows = []
    for position in range(16):
        good = position % 2 == 0
        model, credits = ("flux-2", 5.0) if good else ("cogview-4", 4.0)
        failed = position == 15
        checks = None if failed else {"findings": [], "scores": {"team.sharp": 1.0 if good else 0.5}}
        state = CellState.FAILED if failed else CellState.DONE
        picture = "" if failed else f"{position:064x}.png"
        rows.append(Result(position, state, f"j{position}", model, credits, "", (), credits, 3.0, picture, checks))
    return rows


def ballots() -> list[Ballot]:
    """Five votes on each prompt: Good is the best, but on lakes Cheap."""
    cast = []
    for number in range(40):
        prompt = number % 7
        shown = (str(2 * prompt), str(2 * prompt + 1))
        best = shown[0] if prompt < 4 else shown[1]
        cast.append(Ballot(f"b{number}", "e", PROMPTS[prompt].id, "ann", shown, Verdict.BEST, best))
    return cast


def test_a_category_has_a_ranking_of_its_own(catalog: Catalog) -> None:
    hills = build_board(catalog, EVALUATION, results(), ballots(), category="hills")
    lakes = build_board(catalog, EVALUATION, results(), ballots(), category="lakes")

    assert (hills.ranking.prompts, lakes.ranking.prompts) == (4, 3)
    assert hills.ranking.standings[0].column == "good"
    assert lakes.ranking.votes < 20
    assert "Not enough votes" in lakes.decision.sentence


def test_a_question_has_a_ranking_of_its_own(catalog: Catalog) -> None:
    faults = [replace(one, question=Question.FAULTS, best=one.shown[1]) for one in ballots()]
    boards = [
        build_board(catalog, EVALUATION, results(), [*ballots(), *faults], question) for question in EVALUATION.questions
    ]

    assert [board.ranking.standings[0].column for board in boards] == ["good", "cheap"]
    assert [board.ranking.votes for board in boards] == [40, 40]


def test_costs_failures_and_a_teams_own_scores_are_in_table_and_chart(catalog: Catalog) -> None:
    board = build_board(
        catalog, EVALUATION, results(), ballots(), baseline={"good": [0.005, 0.0, 0.01], "cheap": [0.99, 0.98, 1]}
    )
    rows = {row.result.column: row for row in board.decision.rows}
    html = show_results(catalog, EVALUATION, board)

    assert (rows["cheap"].failed.count, rows["cheap"].failed.total, rows["good"].failed.count) == (1, 8, 0)
    assert rows["cheap"].credits_per_accepted == 32 / 7
    assert (board.changes["good"].better, board.changes["cheap"].worse) == (True, True)
    assert html.count("team.sharp") == 3  # the column, and both points of the chart
    assert 'class="point"' in html


def test_a_baseline_still_matches_after_a_model_was_renamed() -> None:
    columns = tuple(replace(column, id=f'{column.model} {{"type": "pro"}}') for column in EVALUATION.columns)
    evaluation = replace(EVALUATION, columns=columns)
    baseline = {'flux-two {"type": "pro"}': [0.005, 0.0, 0.01]}

    board = build_board(catalog_with_renamed("flux-2", "flux-two"), evaluation, results(), ballots(), baseline=baseline)

    assert [change.better for change in board.changes.values()] == [True]
