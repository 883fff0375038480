"""Who voted and whether voters agree, whether the position on screen decides, and how often one column beats another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from components.evaluation.shares import Share
from components.evaluation.voting.ballots import Ballot, Tally, Verdict, outcomes

UNNAMED = re.compile(r"[0-9a-f]{16}")  # how a voter is recorded whose link gave no name


@dataclass(frozen=True)
class Voter:
    """What one voter did. ``name`` is that of the link, or ``voter 2`` in the order of first answers.

    ``votes`` and ``skipped`` are numbers of screens, ``seconds`` the median time of a vote (None: no vote). ``agreed`` are
    the answers of others on the same pairs of pictures that were the same, as a share of all such answers.
    """

    name: str
    votes: int
    skipped: int
    seconds: float | None
    agreed: Share


@dataclass(frozen=True)
class Position:
    """How often the picture at a position (from 1, left to right) of a screen of ``size`` was the best.

    Sides are shuffled, so every position should be the best equally often; ``biased`` if ``expected`` is outside the interval.
    """

    size: int
    position: int
    best: Share
    expected: float

    @property
    def biased(self) -> bool:
        """Whether the position decided more often, or less often, than chance explains."""
        return not self.best.low <= self.expected <= self.best.high


@dataclass(frozen=True)
class WinRate:
    """How often ``column`` was preferred to ``other``: the share of votes on the pair, ties as half. None: there are none."""

    column: str
    other: str
    votes: float
    share: float | None


def position_bias(ballots: Iterable[Ballot]) -> tuple[Position, ...]:
    """For each size of screen and each position, the share of ballots in which the best picture was there."""
    wins: Counter[tuple[int, int]] = Counter()
    sizes: Counter[int] = Counter()
    for ballot in ballots:
        if ballot.verdict is Verdict.BEST and ballot.best in ballot.shown:
            sizes[len(ballot.shown)] += 1
            wins[len(ballot.shown), ballot.shown.index(ballot.best) + 1] += 1
    return tuple(
        Position(size, position, Share(wins[size, position], sizes[size]), 1 / size)
        for size in sorted(sizes)
        for position in range(1, size + 1)
    )


def win_rates(tally: Tally) -> tuple[tuple[WinRate, ...], ...]:
    """The win-rate matrix: a row for each column, in their order. ``votes`` are weighted as in :func:`outcomes`."""
    wins, ties = tally.wins.sum(0), tally.ties.sum(0)
    total = wins + wins.T + ties
    return tuple(
        tuple(
            WinRate(
                column,
                other,
                float(total[i, j]),
                float((wins[i, j] + ties[i, j] / 2) / total[i, j]) if total[i, j] else None,
            )
            for j, other in enumerate(tally.columns)
        )
        for i, column in enumerate(tally.columns)
    )


def agreement(ballots: Iterable[Ballot]) -> float | None:
    """Krippendorff's alpha (nominal) between voters; None if no two of them have judged the same pair of pictures alike or not.

    1: they always agree; 0: as often as by chance; below 0: less often. What is judged is a pair of pictures, and an
    answer is one of them or a tie. A voter's last answer on a pair counts. Pass the ballots on one question.
    """
    judged = [list(by_voter.values()) for by_voter in _shared_pairs(ballots)]
    return _nominal_alpha(judged) if judged else None


def count_voters(ballots: Sequence[Ballot]) -> tuple[Voter, ...]:
    """Everybody who answered a screen, the one with the most votes first. Pass the ballots on one question."""
    same, compared = Counter[str](), Counter[str]()
    for by_voter in _shared_pairs(ballots):
        values = Counter(by_voter.values())
        for voter, answer in by_voter.items():
            same[voter] += values[answer] - 1
            compared[voter] += len(by_voter) - 1
    cast: dict[str, list[Ballot]] = defaultdict(list)
    for ballot in sorted(ballots, key=lambda ballot: ballot.created_at):
        cast[ballot.voter].append(ballot)
    voters = []
    for number, (voter, own) in enumerate(cast.items(), 1):
        votes = [ballot.seconds for ballot in own if ballot.decided]
        skipped = sum(ballot.verdict is Verdict.SKIP for ballot in own)
        name = f"voter {number}" if UNNAMED.fullmatch(voter) else voter
        agreed = Share(same[voter], compared[voter])
        voters.append(Voter(name, len(votes), skipped, median(votes) if votes else None, agreed))
    return tuple(sorted(voters, key=lambda one: -one.votes))


def _shared_pairs(ballots: Iterable[Ballot]) -> list[dict[str, str]]:
    """For each pair of pictures that several voters judged the last answer of each: first, second or tie.

    The names of the pictures as answers would make every pair a category of its own.
    """
    answers: dict[frozenset[str], dict[str, str]] = defaultdict(dict)
    for ballot in sorted(ballots, key=lambda ballot: ballot.created_at):
        for outcome in outcomes(ballot):
            pair = sorted((outcome.winner, outcome.loser))
            answers[frozenset(pair)][ballot.voter] = "tie" if outcome.tie else str(pair.index(outcome.winner))
    return [by_voter for by_voter in answers.values() if len(by_voter) > 1]


def _nominal_alpha(units: Sequence[Sequence[str]]) -> float:
    """Alpha for units with two values or more each. 1 if there is only one value in all: nobody disagrees."""
    values = sorted({value for unit in units for value in unit})
    counts = np.array([[unit.count(value) for value in values] for unit in units], dtype=float)
    judges = counts.sum(1)
    agreeing = (counts * (counts - 1)).sum(1) / (judges - 1)
    observed = 1 - agreeing.sum() / judges.sum()
    totals = counts.sum(0)
    expected = 1 - (totals * (totals - 1)).sum() / (totals.sum() * (totals.sum() - 1))
    return float(1 - observed / expected) if expected else 1.0
