"""An evaluation while it runs: its head, its progress, rows of the matrix, a cell and a row in full size."""

from __future__ import annotations

from collections.abc import Sequence

from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.evaluation.evaluation import CellState, Evaluation, EvaluationState, Progress
from components.evaluation.store.cells import Result
from components.jobs.job import Job
from components.views.evaluation.plan import duration_text
from components.views.job import differences, job_facts
from components.views.links import EVALUATIONS, VOTING, link
from components.views.templates import render

ROWS_AT_ONCE = 40
CELL_WORDS = {
    CellState.WAITING: "Waiting",
    CellState.ACTIVE: "Running",
    CellState.DONE: "Done",
    CellState.FAILED: "Failed",
    CellState.MODERATED: "Refused",
    CellState.UNDECIDED: "Unsure",
    CellState.STOPPED: "Stopped",
    CellState.SKIPPED: "Not sent",
    CellState.DELETED: "Deleted",
}
STATE_WORDS = {
    EvaluationState.RUNNING: "Running",
    EvaluationState.PAUSED: "Paused",
    EvaluationState.STOPPED: "Stopped",
    EvaluationState.DONE: "Done",
}


def show_evaluation(evaluation: Evaluation) -> str:
    """The frame that the page's script fills: head, progress, results, matrix."""
    return render(
        "evaluation/evaluation",
        evaluation=evaluation,
        address=link(f"{EVALUATIONS}/{evaluation.id}"),
        vote=link(f"{VOTING}/{evaluation.token}"),
        words=CELL_WORDS,
        rows=len(evaluation.prompts),
        at_once=ROWS_AT_ONCE,
    )


def show_progress(catalog: Catalog, evaluation_id: str, progress: Progress) -> str:
    """The bar, the figures, and what can be done."""
    counts = [(CELL_WORDS[state], state, progress.count(state)) for state in CellState if progress.count(state)]
    return render(
        "evaluation/progress",
        progress=progress,
        word=STATE_WORDS[progress.state],
        counts=counts,
        left=duration_text(progress.seconds_left),
        retry=Cost(progress.retry_credits, catalog.usd(progress.retry_credits)),
        resume=Cost(progress.resume_credits, catalog.usd(progress.resume_credits)),
        missing=max(0.0, progress.used + progress.resume_credits - progress.budget),
    )


def show_rows(evaluation: Evaluation, cells: str, first: int) -> str:
    """ROWS_AT_ONCE rows of the matrix, from the prompt with the index ``first`` on. ``cells`` as in Progress."""
    rows = []
    for index in range(first, min(first + ROWS_AT_ONCE, len(evaluation.prompts))):
        positions = evaluation.positions(index)
        width = len(evaluation.columns)
        by_column = [positions[column::width] for column in range(width)]
        rows.append((index, evaluation.prompts[index], by_column))
    return render("evaluation/rows", evaluation=evaluation, rows=rows, cells=cells, words=CELL_WORDS)


def show_cells(
    catalog: Catalog, evaluation: Evaluation, cells: Sequence[tuple[Result, Job | None]], *, alone: bool = False
) -> str:
    """Cells of a prompt side by side, or one ``alone`` with all that is known of it."""
    first = evaluation.coordinates(cells[0][0].position)
    return render(
        "evaluation/cards",
        catalog=catalog,
        evaluation=evaluation,
        prompt=evaluation.prompts[first.prompt],
        cells=[(result, job, evaluation.coordinates(result.position)) for result, job in cells],
        alone=alone,
        words=CELL_WORDS,
        job_facts=job_facts,
        differences_of=differences,
    )
