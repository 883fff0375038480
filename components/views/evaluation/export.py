"""An evaluation as tables: one row for each result, one for each ballot. CSV and JSONL have the same columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from components.catalog.models import Catalog
from components.evaluation.archive import picture_name
from components.evaluation.evaluation import Evaluation
from components.evaluation.results import findings_of, usual_seconds
from components.evaluation.store.cells import Result
from components.evaluation.voting.ballots import Ballot
from components.views.evaluation.matrix import CELL_WORDS
from components.views.exports.csv_text import csv_header, csv_rows
from components.views.words import utc

BALLOT_COLUMNS = (
    "ballot", "question", "prompt", "category", "voter", "verdict", "best", "worst", "shown", "best_position",
    "worst_position", "seconds", "created_at",
)  # fmt: skip
RESULT_COLUMNS = (
    "prompt", "category", "expected_text", "model", "settings", "column", "repeat", "state", "reason", "job_id", "credits",
    "usd", "charged_or_reserved", "seconds", "picture", "findings", "text_read", "text_exact", "character_error_rate",
)  # fmt: skip


def result_rows(catalog: Catalog, evaluation: Evaluation, results: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each cell, in the order in which they are sent; values of installed scorers have columns of their own."""
    findings = findings_of(evaluation, results, usual_seconds(results, {}))
    scores = _score_names(results)
    rows = []
    for result in results:
        at = evaluation.coordinates(result.position)
        prompt, column = evaluation.prompts[at.prompt], evaluation.columns[at.column]
        checks = result.checks or {}
        text = checks.get("text") or {}
        values = checks.get("scores") or {}
        credits = result.credits if isfinite(result.credits) else None
        rows.append(
            {
                "prompt": prompt.text,
                "category": prompt.category,
                "expected_text": prompt.expected_text,
                "model": column.model,
                "settings": json.dumps(dict(column.settings), ensure_ascii=False) if column.settings else "",
                "column": column.label,
                "repeat": at.repeat,
                "state": CELL_WORDS[result.state],
                "reason": result.refused,
                "job_id": result.job_id if result.picture else "",
                "credits": credits,
                "usd": None if credits is None else catalog.usd(credits),
                "charged_or_reserved": result.spent,
                "seconds": result.seconds,
                "picture": picture_name(result) if result.picture else "",
                "findings": ", ".join(dict.fromkeys(findings[result.position])),
                "text_read": text.get("read", ""),
                "text_exact": text.get("exact"),
                "character_error_rate": text.get("error_rate"),
                **{name: values.get(name) for name in scores},
            }
        )
    return rows


def ballot_rows(evaluation: Evaluation, ballots: Sequence[Ballot]) -> list[dict[str, Any]]:
    """A row for each answered screen, skipped ones too. ``shown`` names the columns from left to right, top to bottom."""
    prompts = {prompt.id: prompt for prompt in evaluation.prompts}

    def label(cell: str | None) -> str:
        return "" if cell is None else evaluation.columns[evaluation.coordinates(int(cell)).column].label

    def position(ballot: Ballot, cell: str | None) -> int | None:
        return None if cell is None else ballot.shown.index(cell) + 1

    return [
        {
            "ballot": ballot.id,
            "question": str(ballot.question),
            "prompt": prompts[ballot.prompt].text if ballot.prompt in prompts else "",
            "category": prompts[ballot.prompt].category if ballot.prompt in prompts else "",
            "voter": ballot.voter,
            "verdict": str(ballot.verdict),
            "best": label(ballot.best),
            "worst": label(ballot.worst),
            "shown": " | ".join(label(cell) for cell in ballot.shown),
            "best_position": position(ballot, ballot.best),
            "worst_position": position(ballot, ballot.worst),
            "seconds": round(ballot.seconds, 2),
            "created_at": utc(ballot.created_at).isoformat(timespec="seconds"),
        }
        for ballot in ballots
    ]


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """The rows with these columns first; no cell is a formula."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    return csv_header(names) + csv_rows(rows, names)


def to_jsonl(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One JSON object a line."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _score_names(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(name for one in results for name in ((one.checks or {}).get("scores") or {})))
