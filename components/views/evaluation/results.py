"""A board as HTML: the sentence, the ranking, the chart, what the checks say, and how far the votes can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from components.catalog.models import Catalog
from components.evaluation.checks import FindingKind
from components.evaluation.evaluation import Evaluation
from components.evaluation.results import Board
from components.evaluation.voting.ballots import Question
from components.evaluation.voting.ranking import SURE
from components.views.evaluation.chart import draw_decision
from components.views.evaluation.voting import QUESTIONS, left_text
from components.views.templates import render

FINDING_WORDS = {
    FindingKind.SHAPE: "other shape",
    FindingKind.SIZE: "other size",
    FindingKind.FORMAT: "other format",
    FindingKind.BLANK: "blank",
    FindingKind.DUPLICATE: "near-duplicate",
    FindingKind.SLOW: "slow",
}
FEW_VOTES = 50  # below this a ranking is called preliminary


def show_results(
    catalog: Catalog,
    evaluation: Evaluation,
    board: Board,
    baselines: Sequence[Evaluation] = (),
    baseline: str = "",
    *,
    interactive: bool = True,
) -> str:
    """The board. ``baselines`` are other evaluations with a saved ranking, ``baseline`` the id of the one compared with.

    A board that is not ``interactive`` has no choices and no buttons: it stands in a file.
    """
    categories = list(dict.fromkeys(prompt.category for prompt in evaluation.prompts if prompt.category))
    questions = [(str(question), QUESTIONS[question]) for question in evaluation.questions]
    scores = list(dict.fromkeys(name for checked in board.checks.values() for name in checked.scores))
    return render(
        "evaluation/results",
        board=board,
        ranking=board.ranking,
        rows=board.decision.rows,
        chart=draw_decision(board.decision.rows, {column: checked.scores for column, checked in board.checks.items()}),
        labels={column.id: column.label for column in evaluation.columns},
        categories=categories,
        questions=questions,
        question_words=QUESTIONS[Question(board.question)],
        finding_words=FINDING_WORDS,
        scores=scores,
        has_text=any(checked.text_passed.total for checked in board.checks.values()),
        left=left_text(board.left),
        unsettled=board.left.more_prompts,
        preliminary=board.ranking.votes < FEW_VOTES,
        sure=SURE,
        catalog=catalog,
        baselines=[(one.id, one.name) for one in baselines],
        baseline=baseline,
        saved=bool(evaluation.baseline),
        interactive=interactive,
    )
