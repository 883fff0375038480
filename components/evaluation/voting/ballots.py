"""A ballot: one vote on 2 to 4 pictures of one prompt, and what it says about each pair of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.errors import InputError
from components.evaluation.shares import Share

FEWEST_SHOWN, MOST_SHOWN = 2, 4
Array = NDArray[np.float64]


class Question(StrEnum):
    """What a voter is asked. Each question has a ranking of its own."""

    PREFERENCE = "preference"  # which one do you prefer?
    PROMPT = "prompt"  # which one follows the prompt?
    FAULTS = "faults"  # which one has fewer faults?


class Verdict(StrEnum):
    """How a voter answered."""

    BEST = "best"
    TIE = "tie"
    ALL_BAD = "all_bad"
    SKIP = "skip"
    UNDONE = "undone"  # an answer that was taken back; the same pictures are asked again, as another ballot


NOT_VOTES = (Verdict.SKIP, Verdict.UNDONE)


@dataclass(frozen=True)
class Ballot:
    """One vote. ``shown`` are the cell ids in the order on screen, ``best`` and ``worst`` two of them.

    ``best`` is given with Verdict.BEST only; ``worst`` is optional, and possible where more than two were shown.
    ``seconds`` is the time from showing to answering, ``created_at`` seconds since 1970.
    """

    id: str
    evaluation_id: str
    prompt: str
    voter: str
    shown: tuple[str, ...]
    verdict: Verdict
    best: str | None = None
    worst: str | None = None
    question: Question = Question.PREFERENCE
    seconds: float = 0.0
    created_at: float = 0.0

    @property
    def decided(self) -> bool:
        """Whether it counts: everything but a skipped screen, and an answer that was taken back."""
        return self.verdict not in NOT_VOTES


class Outcome(NamedTuple):
    """One pair of cells: ``winner`` was preferred to ``loser``, or neither if ``tie``. ``weight`` is in votes on a pair."""

    winner: str
    loser: str
    tie: bool
    weight: float


@dataclass(frozen=True)
class Tally:
    """Ballots as counts. ``wins[p, i, j]``: votes on prompt p for column i over j; ``ties`` is symmetric over i and j.

    ``shown[p, i]`` are the decided ballots on prompt p that showed column i, ``voters`` how many people cast them.
    """

    columns: tuple[str, ...]
    prompts: tuple[str, ...]
    wins: Array
    ties: Array
    shown: Array
    votes: int
    voters: int

    def only(self, columns: Iterable[str]) -> Tally:
        """The same for some of the columns, in their order here."""
        wanted = set(columns)
        indexes = [index for index, column in enumerate(self.columns) if column in wanted]
        pairs = np.ix_(range(len(self.prompts)), indexes, indexes)
        names = tuple(self.columns[index] for index in indexes)
        return Tally(
            names, self.prompts, self.wins[pairs], self.ties[pairs], self.shown[:, indexes], self.votes, self.voters
        )


def check_ballot(ballot: Ballot) -> None:
    """Raise InputError if a ballot contradicts itself."""
    shown = ballot.shown
    if not FEWEST_SHOWN <= len(set(shown)) == len(shown) <= MOST_SHOWN:
        raise InputError("shown", f"shown: must be {FEWEST_SHOWN} to {MOST_SHOWN} different pictures.")
    if (ballot.best is not None) != (ballot.verdict is Verdict.BEST) or ballot.best not in (None, *shown):
        raise InputError("best", "best: must be one of the pictures shown if there is a best one, and missing otherwise.")
    if ballot.worst is None:
        return
    if ballot.best is None or len(shown) == FEWEST_SHOWN or ballot.worst not in shown or ballot.worst == ballot.best:
        raise InputError("worst", "worst: must be another picture than the best one, where more than two are shown.")


def outcomes(ballot: Ballot) -> list[Outcome]:
    """What a ballot says about pairs of its cells.

    A choice of one among k pictures is k - 1 pairs that are not independent. Each has the weight 2 / k, with which they
    tell as much about equally good models as the choice itself. The worst is a second choice, among those that are left.
    All bad counts as a tie: nothing is known about the order. Two pictures between best and worst are not a pair.
    """
    weight = 2 / len(ballot.shown)
    if ballot.verdict in (Verdict.TIE, Verdict.ALL_BAD):
        pairs = [(one, other) for at, one in enumerate(ballot.shown) for other in ballot.shown[at + 1 :]]
        return [Outcome(one, other, True, weight) for one, other in pairs]
    if ballot.best is None:
        return []
    rest = [cell for cell in ballot.shown if cell != ballot.best]
    preferred = [Outcome(ballot.best, cell, False, weight) for cell in rest]
    if ballot.worst is not None:
        preferred += [Outcome(cell, ballot.worst, False, 2 / len(rest)) for cell in rest if cell != ballot.worst]
    return preferred


def accepted_pictures(ballots: Iterable[Ballot], columns: Mapping[str, str]) -> dict[str, Share]:
    """Of each column the pictures that voters saw and did not call bad, as a share of all views; skipped ones do not count."""
    seen: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    for ballot in ballots:
        for column in [columns[cell] for cell in ballot.shown if cell in columns and ballot.decided]:
            seen[column] += 1
            accepted[column] += ballot.verdict is not Verdict.ALL_BAD
    return {column: Share(accepted[column], seen[column]) for column in dict.fromkeys(columns.values())}


def count_ballots(ballots: Iterable[Ballot], columns: Mapping[str, str]) -> Tally:
    """The ballots, all on one question, as counts. ``columns`` maps each cell id to the id of its column.

    A ballot that shows a cell without a column (its picture was deleted) counts only for the others it shows.
    """
    counted = [ballot for ballot in ballots if ballot.decided]
    names = tuple(dict.fromkeys(columns.values()))
    prompts = tuple(dict.fromkeys(ballot.prompt for ballot in counted))
    column_at = {cell: names.index(column) for cell, column in columns.items()}
    prompt_at = {prompt: index for index, prompt in enumerate(prompts)}
    wins = np.zeros((len(prompts), len(names), len(names)))
    ties, shown = np.zeros_like(wins), np.zeros(wins.shape[:2])
    for ballot in counted:
        at = prompt_at[ballot.prompt]
        for column in {column_at[cell] for cell in ballot.shown if cell in column_at}:
            shown[at, column] += 1
        for outcome in outcomes(ballot):
            one, other = column_at.get(outcome.winner), column_at.get(outcome.loser)
            if one is None or other is None or one == other:
                continue
            if outcome.tie:
                ties[at, one, other] += outcome.weight
                ties[at, other, one] += outcome.weight
            else:
                wins[at, one, other] += outcome.weight
    return Tally(names, prompts, wins, ties, shown, len(counted), len({ballot.voter for ballot in counted}))
