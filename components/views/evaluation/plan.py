"""What an evaluation would send and cost, and the mapping of a prompt file's columns, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.evaluation.matrix import Affordable, Matrix, within_budget
from components.evaluation.prompt_files import ColumnMapping, FileColumns
from components.evaluation.prompts import PromptSet
from components.views.templates import render
from components.views.words import shorten

PARTS = {
    "prompt": "Prompt",
    "category": "Category",
    "images": "Reference images (addresses)",
    "expected_text": "Text that must be readable",
}


def show_matrix_plan(
    catalog: Catalog, matrix: Matrix, budget: float | None, seconds: float | None, *, free: bool = False
) -> str:
    """Jobs, credits and dollars of each column and in total, what is skipped and why, how long it takes, what a budget pays.

    ``free``: the sandbox makes the pictures, and nothing is charged.
    """
    paid = paid_part(matrix, budget)
    return render(
        "evaluation/plan",
        matrix=matrix,
        paid=paid,
        paid_cost=Cost(paid.credits, catalog.usd(paid.credits)),
        duration=duration_text(seconds),
        notes=_notes(matrix),
        budget=budget,
        free=free,
    )


def paid_part(matrix: Matrix, budget: float | None) -> Affordable:
    """What a budget pays for; None: all of it."""
    return within_budget(matrix, matrix.cost.credits if budget is None else budget)


def start_text(catalog: Catalog, matrix: Matrix, budget: float | None) -> str:
    """``Start · 120 jobs · 840 credits · $8.40``."""
    paid = paid_part(matrix, budget)
    jobs = len(paid.cells)
    return (
        f"Start · {jobs:,} job{'' if jobs == 1 else 's'} · {Cost(paid.credits, catalog.usd(paid.credits))}"
        if jobs
        else "Start"
    )


def duration_text(seconds: float | None) -> str:
    """``about 40 s``, ``about 12 min``, ``about 3 h``; "" for None."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def show_prompt_set(prompts: PromptSet, source: str) -> str:
    """What a chosen prompt set holds."""
    categories = Counter(prompt.category for prompt in prompts.prompts if prompt.category)
    return render("evaluation/prompt_set", prompts=prompts, source=source, categories=categories)


def show_mapping(
    columns: FileColumns, mapping: ColumnMapping, name: str, prompts: PromptSet | None, problem: str = ""
) -> str:
    """The columns of a file with one choice for each part of a prompt, and the first rows."""
    chosen = {field.name: getattr(mapping, field.name) for field in fields(mapping)}
    return render(
        "evaluation/mapping",
        columns=columns,
        chosen=chosen,
        parts=PARTS,
        name=shorten(name, 60),
        prompts=prompts,
        problem=problem,
    )


def _notes(matrix: Matrix) -> Mapping[str, list[str]]:
    """For each column the different notes of its cells on how the shared settings were mapped."""
    notes: dict[str, dict[str, Any]] = {}
    for cell in matrix.cells:
        notes.setdefault(cell.column, {}).update(dict.fromkeys(cell.notes))
    return {column: list(texts)[:4] for column, texts in notes.items()}
