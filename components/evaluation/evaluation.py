"""The record of an evaluation, and the plain values that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from components.api.client import Payer
from components.comparisons.plan import Choice
from components.errors import InputError
from components.evaluation.matrix import Column
from components.evaluation.prompts import Prompt
from components.evaluation.voting.ballots import Question
from components.jobs.store.schema import EVALUATION_RUNNING

PER_MODEL, MOST_PER_MODEL = 4, 20  # jobs of one model that a process runs at the same time
LONGEST_NAME = 120
IMPORTED: Final = "imported"  # the payer of jobs that another installation has paid for: they count in no cap here


class EvaluationState(StrEnum):
    """Whether jobs are sent. ``PAUSED`` and ``STOPPED`` can be resumed; ``STOPPED`` has also stopped what was active."""

    RUNNING = EVALUATION_RUNNING
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class CellState(StrEnum):
    """What became of a cell, as one letter. ``WAITING`` is not sent yet, ``SKIPPED`` never will be."""

    WAITING = "w"
    ACTIVE = "a"
    DONE = "d"
    FAILED = "f"
    MODERATED = "m"
    UNDECIDED = "u"  # overdue, uncertain or without its key: somebody has to act
    STOPPED = "s"
    SKIPPED = "-"
    DELETED = "x"


@dataclass(frozen=True)
class Draft:
    """What an evaluation is asked for. ``budget`` is in credits, None for what all of it costs."""

    prompts: tuple[Prompt, ...]
    choices: tuple[Choice, ...]
    shared: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 1
    budget: float | None = None
    per_model: int = PER_MODEL
    questions: tuple[Question, ...] = (Question.PREFERENCE,)
    name: str = ""

    def check(self) -> None:
        """Raise InputError for a setting that has nothing to do with the matrix."""
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise InputError("budget", "budget: must be a number of credits above 0.")
        if not isinstance(self.per_model, int) or not 1 <= self.per_model <= MOST_PER_MODEL:
            raise InputError("per_model", f"per_model: must be a whole number from 1 to {MOST_PER_MODEL}.")
        if len(self.name) > LONGEST_NAME:
            raise InputError("name", f"name: at most {LONGEST_NAME} characters.")


@dataclass(frozen=True)
class Evaluation:
    """Prompts x columns x repeats, which :func:`matrix.build_matrix` made cells of. Times are seconds since 1970.

    ``budget`` is in credits; cells from position ``paid_until`` on are not sent, because it does not pay for their whole
    row. ``per_model`` jobs of a model run at once in each process. ``note`` says why an evaluation is paused. Whoever
    knows ``token`` may vote. ``baseline`` holds a saved ranking: preference, low and high by column.
    """

    id: str
    visitor: str
    created_at: float
    name: str
    prompts: tuple[Prompt, ...]
    columns: tuple[Column, ...]
    shared: Mapping[str, Any]
    repeats: int
    questions: tuple[Question, ...]
    payer: Payer
    base_url: str
    per_model: int
    budget: float
    token: str
    paid_until: int = 0
    state: EvaluationState = EvaluationState.RUNNING
    note: str = ""
    baseline: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.prompts) * len(self.columns) * self.repeats

    def coordinates(self, position: int) -> Coordinates:
        """Which prompt, column and repeat the cell at a position is for; the order is that of ``Matrix.cells``."""
        row, column = divmod(position, len(self.columns))
        repeat, prompt = divmod(row, len(self.prompts))
        return Coordinates(prompt, column, repeat + 1)

    def positions(self, prompt: int) -> list[int]:
        """The positions of the cells of the prompt with this index, repeat by repeat."""
        width = len(self.columns)
        return [
            (repeat * len(self.prompts) + prompt) * width + column
            for repeat in range(self.repeats)
            for column in range(width)
        ]


@dataclass(frozen=True)
class Coordinates:
    """Indices of a cell's prompt and column; ``repeat`` counts from 1."""

    prompt: int
    column: int
    repeat: int


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is. ``cells`` holds one letter of CellState for each position.

    ``per_minute`` are jobs that ended in the last minute, ``seconds_left`` is about how long it still takes (None: not
    known, or not running), ``used`` the credits that are spent or reserved, ``ballots`` the number of votes.
    ``retry_jobs`` can be sent again, for ``retry_credits``; ``resume_jobs`` wait, for ``resume_credits``.
    """

    state: EvaluationState
    note: str
    cells: str
    budget: float
    used: float
    per_minute: float = 0.0
    seconds_left: float | None = None
    ballots: int = 0
    retry_jobs: int = 0
    retry_credits: float = 0.0
    resume_jobs: int = 0
    resume_credits: float = 0.0

    def count(self, *states: CellState) -> int:
        """How many cells are in one of these states."""
        return sum(self.cells.count(state) for state in states)

    @property
    def wanted(self) -> int:
        """How many jobs there are in all."""
        return len(self.cells) - self.count(CellState.SKIPPED)

    @property
    def ended(self) -> int:
        """How many of them have come to an end, good or bad."""
        return self.wanted - self.count(CellState.WAITING, CellState.ACTIVE)
