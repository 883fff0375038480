"""What ``/evaluate`` and ``/evaluation`` take and return: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import InputError
from components.evaluation.evaluation import CellState, Draft, Evaluation, Progress
from components.evaluation.prompts import Prompt, collect_prompts, read_text
from components.evaluation.results import Board, as_values
from components.playground.plain_values import read_choices

PARTS = ("prompt", "category", "images", "expected_text")


def read_draft(prompts: Any, models: Any, budget: Any, shared: Any, repeats: Any) -> Draft:
    """The evaluation that ``/evaluate`` is asked for. Raises InputError naming the argument."""
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        raise InputError("budget", "budget: must be a number of credits.")
    if isinstance(prompts, str):
        texts = read_text(prompts)
    elif isinstance(prompts, list):
        texts = collect_prompts((number, _read_prompt(one)) for number, one in enumerate(prompts, 1))
    else:
        raise InputError("prompts", "prompts: must be a text with one prompt a line, or a list.")
    return Draft(texts.prompts, tuple(read_choices(models)), shared, repeats, float(budget))


def describe_evaluation(evaluation: Evaluation, progress: Progress, boards: Sequence[Board], voting: str) -> dict[str, Any]:
    """An evaluation as both endpoints return it; ``voting`` is the address of its voting page.

    ``boards`` are those of its questions; the first one, of the preference, is also what ``rows`` is about.
    """
    return {
        "evaluation_id": evaluation.id,
        "name": evaluation.name,
        "state": str(progress.state),
        "message": progress.note,
        "jobs": {
            "total": progress.wanted,
            "waiting": progress.count(CellState.WAITING),
            "active": progress.count(CellState.ACTIVE),
            "done": progress.count(CellState.DONE),
            "failed": progress.count(CellState.FAILED),
            "refused": progress.count(CellState.MODERATED),
            "other": progress.count(CellState.UNDECIDED, CellState.STOPPED, CellState.DELETED),
        },
        "budget": progress.budget,
        "credits": progress.used,
        "seconds_left": progress.seconds_left,
        "votes": progress.ballots,
        "voting_url": voting,
        **as_values(boards[0]),
        "boards": {str(board.question): as_values(board) for board in boards},
    }


def _read_prompt(value: Any) -> Prompt:
    given = {"prompt": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not isinstance(given.get("prompt"), str) or set(given) - set(PARTS):
        raise InputError("prompts", f"prompts: each must be a text, or an object with any of {', '.join(PARTS)}.")
    images = given.get("images") or []
    texts = [given.get(part) or "" for part in ("category", "expected_text")]
    if not isinstance(images, list) or not all(isinstance(one, str) for one in [*images, *texts]):
        raise InputError("prompts", "prompts: images must be a list of addresses, category and expected_text must be texts.")
    return Prompt(given["prompt"], texts[0], tuple(images), texts[1])
