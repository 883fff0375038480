"""What an evaluation would send and cost: each prompt on each column, as often as wanted. Nothing is sent or stored here."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.catalog.requests import Request, resolve_variant
from components.comparisons.plan import MOST_SAMPLES, Choice, PlannedCard, plan_comparison
from components.errors import InputError
from components.evaluation.prompts import Prompt
from components.jobs.budgets import TOLERANCE

MOST_CELLS = 10_000
MOST_COLUMNS = 40
REPLACED_KEYS = {"prompt": "prompts", "count": "repeats"}  # keys of the shared form that an evaluation has its own place for


@dataclass(frozen=True)
class Column:
    """A model with settings of its own.

    ``id`` is the same in every evaluation until its model is renamed; ``label`` is for people.
    """

    id: str
    label: str
    model: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One job that is wanted. ``key`` is its idempotency key: the same whenever this evaluation is started again.

    ``prompt`` and ``column`` are ids, ``repeat`` counts from 1. ``request`` is None if nothing will be sent, and
    ``refused`` says why. ``notes`` say how the shared settings were mapped to the model.
    """

    key: str
    prompt: str
    column: str
    repeat: int
    request: Request | None
    cost: Cost
    notes: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class ColumnCost:
    """What a column would cost: ``jobs`` that would be sent, and how many cells are skipped for each reason."""

    column: Column
    jobs: int
    cost: Cost
    skipped: Mapping[str, int]


@dataclass(frozen=True)
class Matrix:
    """Every cell, in the order in which they are sent: the first repeat of all prompts, prompt by prompt, then the next."""

    columns: tuple[Column, ...]
    prompts: tuple[Prompt, ...]
    cells: tuple[Cell, ...]
    by_column: tuple[ColumnCost, ...]
    cost: Cost

    @property
    def jobs(self) -> int:
        """How many requests would be sent."""
        return sum(column.jobs for column in self.by_column)


@dataclass(frozen=True)
class Affordable:
    """The cells that a budget pays for: whole rows (a prompt on all columns, once), of ``rows`` that there are."""

    cells: tuple[Cell, ...]
    credits: float
    paid_rows: int
    rows: int


def build_matrix(
    catalog: Catalog,
    evaluation: str,
    prompts: Sequence[Prompt],
    choices: Sequence[Choice],
    shared: Mapping[str, Any],
    repeats: int = 1,
) -> Matrix:
    """The cells of an evaluation. ``shared`` is the shared form without prompt and count; with a seed, each repeat has the next.

    Reference images of a prompt take precedence over those of the shared form.

    Raises:
        InputError: the form is wrong, a model is unknown, a column is there twice, or there are too many cells.
    """
    _check_size(prompts, choices, shared, repeats)
    columns = _columns(catalog, choices)
    cells: dict[tuple[int, int, int], Cell] = {}
    for row, prompt in enumerate(prompts):
        form = {**shared, "prompt": prompt.text} | ({"images": list(prompt.images)} if prompt.images else {})
        sent: dict[str, Column] = {}
        for at, column in enumerate(columns):
            for card in plan_comparison(catalog, [Choice(column.model, column.settings)], form, repeats).cards:
                repeat = card.card.sample
                same = None
                if card.request:
                    same = sent.setdefault(json.dumps(card.request.body, sort_keys=True), column)
                key = _key(evaluation, column, shared, prompt, repeat)
                cells[repeat, row, at] = _cell(key, prompt, column, card, None if same is column else same)
    ordered = tuple(cells[position] for position in sorted(cells))
    by_column = tuple(_column_cost(catalog, column, ordered) for column in columns)
    credits = sum(column.cost.credits for column in by_column)
    return Matrix(columns, tuple(prompts), ordered, by_column, Cost(credits, catalog.usd(credits)))


def expected_seconds(cells: Sequence[Cell], learned: Mapping[str, float], per_model: int, at_once: int) -> float | None:
    """About how long the jobs of these cells take; None if nothing is known of a model.

    ``learned`` are typical seconds by model id, which take precedence over the catalog's; ``per_model`` jobs of a model and
    ``at_once`` in all run at the same time.
    """
    models = {cell.request.model.id: cell.request.model for cell in cells if cell.request}
    jobs = Counter(cell.request.model.id for cell in cells if cell.request)
    seconds: dict[str, float] = {}
    for name, model in models.items():
        known = learned.get(name, sum(model.seconds) / 2 if model.seconds else None)
        if known is None:
            return None
        seconds[name] = known
    slowest = max((-(-jobs[name] // per_model) * seconds[name] for name in models), default=0.0)
    return max(slowest, sum(jobs[name] * seconds[name] for name in models) / at_once)


def within_budget(matrix: Matrix, credits: float) -> Affordable:
    """What a budget pays for, from the first row on."""
    width = len(matrix.columns)
    until = first_unpaid(
        ((at, cell.cost.credits) for at, cell in enumerate(matrix.cells)), width, len(matrix.cells), credits
    )
    paid = [cell for cell in matrix.cells[:until] if cell.request]
    return Affordable(tuple(paid), sum(cell.cost.credits for cell in paid), until // width, len(matrix.cells) // width)


def first_unpaid(cells: Iterable[tuple[int, float]], width: int, size: int, credits: float) -> int:
    """The position of the first cell that a budget does not pay for, which starts a row; ``size`` if it pays for all.

    ``cells`` are (position, credits) in order, ``width`` is the number of columns. Only whole rows, because a prompt that
    some columns have not drawn cannot be voted on fairly.
    """
    left, row, cost = credits, -1, 0.0
    for position, price in cells:
        if position // width != row:
            left, row, cost = left - cost, position // width, 0.0
        cost += price
        if cost > left + TOLERANCE:
            return row * width
    return size


def _check_size(prompts: Sequence[Prompt], choices: Sequence[Choice], shared: Mapping[str, Any], repeats: int) -> None:
    if not isinstance(shared, Mapping):
        raise InputError("shared", "shared: must be an object with the values of the shared form.")
    for key, instead in REPLACED_KEYS.items():
        if key in shared:
            raise InputError(key, f"{key}: is not a shared setting of an evaluation. Use {instead}.")
    if not isinstance(repeats, int) or not 1 <= repeats <= MOST_SAMPLES:
        raise InputError("repeats", f"repeats: must be a whole number from 1 to {MOST_SAMPLES}.")
    if not prompts:
        raise InputError("prompts", "prompts: there is no prompt.")
    if not 1 <= len(choices) <= MOST_COLUMNS:
        raise InputError("models", f"models: choose 1 to {MOST_COLUMNS}.")
    if (jobs := len(prompts) * len(choices) * repeats) > MOST_CELLS:
        what = (
            f"{len(prompts):,} prompts on {len(choices)} models, {repeats} times, are {jobs:,} jobs. At most {MOST_CELLS:,}."
        )
        raise InputError("prompts", f"prompts: {what}")


def _columns(catalog: Catalog, choices: Sequence[Choice]) -> tuple[Column, ...]:
    columns: dict[str, Column] = {}
    for choice in choices:
        model, settings = resolve_variant(catalog, choice.model, choice.settings)
        if not isinstance(settings, Mapping):
            raise InputError("settings", "settings: must be an object of parameter names and values.")
        values = " · ".join(str(value) for value in settings.values())
        label = f"{model.name} · {values}" if values else model.name
        column = Column(_column_id(model.id, settings), label, model.id, settings)
        if column.id in columns:
            raise InputError("models", f"models: {column.label} is there twice. Use repeats for more than one picture.")
        columns[column.id] = column
    return tuple(columns.values())


def _column_id(model_id: str, settings: Mapping[str, Any]) -> str:
    return f"{model_id} {json.dumps(dict(settings), sort_keys=True, ensure_ascii=False) if settings else ''}".strip()


def current_column_id(catalog: Catalog, column_id: str) -> str:
    """The id of a column of an earlier evaluation, with the id that its model has now."""
    model_id, _, settings = column_id.partition(" ")
    return f"{catalog.current_id(model_id)} {settings}".strip()


def _key(evaluation: str, column: Column, shared: Mapping[str, Any], prompt: Prompt, repeat: int) -> str:
    """From what was asked, not from the request: a default that changes in the catalog does not pay for a cell again."""
    identity = [evaluation, column.model, dict(column.settings), dict(shared), prompt.id, repeat]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _cell(key: str, prompt: Prompt, column: Column, planned: PlannedCard, same: Column | None) -> Cell:
    card = planned.card
    if same:
        refused = f"Skipped: the same request as {same.label}."
        return Cell(key, prompt.id, column.id, card.sample, None, Cost(0, 0.0), card.notes, refused)
    return Cell(key, prompt.id, column.id, card.sample, planned.request, planned.cost, card.notes, card.refused)


def _column_cost(catalog: Catalog, column: Column, cells: Sequence[Cell]) -> ColumnCost:
    own = [cell for cell in cells if cell.column == column.id]
    credits = sum(cell.cost.credits for cell in own)
    skipped = Counter(cell.refused for cell in own if not cell.request)
    return ColumnCost(column, len(own) - skipped.total(), Cost(credits, catalog.usd(credits)), skipped)
