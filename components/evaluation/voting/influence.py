"""How much single ballots decide: about how few would have to go for another column to be first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.evaluation.voting.ballots import Array, Ballot, Tally, outcomes
from components.evaluation.voting.bradley_terry import Fit, fit

MOST_CHALLENGERS = 3  # columns that are tried as the new first one


def votes_to_change(ballots: Iterable[Ballot], columns: Mapping[str, str], tally: Tally, fitted: Fit) -> int | None:
    """About how few ballots have to go for another column to be first; None if even all of the helpful ones do not do it.

    Ballots are ordered by how much each widens the gap between the first and a challenger (its influence, to first order),
    and the smallest number that closes it is found by fitting again.
    """
    at = {column: index for index, column in enumerate(tally.columns)}
    changes = _ballot_changes(ballots, {cell: at[column] for cell, column in columns.items() if column in at}, len(at))
    wins, ties = tally.wins.sum(0), tally.ties.sum(0)
    order = np.argsort(-fitted.strengths)
    first, fewest = int(order[0]), None
    inverse = np.linalg.inv(fitted.hessian)
    for challenger in order[1 : 1 + MOST_CHALLENGERS]:
        direction = inverse[first] - inverse[challenger]
        influence = _influences(changes, fitted, direction)
        removed = np.argsort(-influence)[: int((influence > 0).sum())]
        count = _smallest_change(changes, removed, wins, ties, first, fewest)
        fewest = count if count is not None and (fewest is None or count < fewest) else fewest
    return fewest


class _Changes(NamedTuple):
    """Every pair of every ballot: ``ballot``, ``winner`` and ``loser`` are indices, ``tie`` 0 or 1, ``weight`` in votes."""

    ballot: NDArray[np.int64]
    winner: NDArray[np.int64]
    loser: NDArray[np.int64]
    tie: NDArray[np.bool_]
    weight: Array
    ballots: int


def _ballot_changes(ballots: Iterable[Ballot], at: Mapping[str, int], models: int) -> _Changes:
    rows = [
        (number, at[outcome.winner], at[outcome.loser], outcome.tie, outcome.weight)
        for number, ballot in enumerate(ballots)
        for outcome in outcomes(ballot)
        if outcome.winner in at and outcome.loser in at and at[outcome.winner] != at[outcome.loser]
    ]
    ballot, winner, loser, tie, weight = np.array(rows, dtype=float).reshape(-1, 5).T
    numbers = ballot.astype(int), winner.astype(int), loser.astype(int)
    return _Changes(*numbers, tie.astype(bool), weight, int(ballot.max(initial=-1)) + 1)


def _influences(changes: _Changes, fitted: Fit, direction: Array) -> Array:
    """How much each ballot adds to the gap in a direction of the parameters, to first order."""
    half = (fitted.strengths[changes.winner] - fitted.strengths[changes.loser]) / 2
    win, lose, even = np.exp(half), np.exp(-half), np.exp(fitted.tie)
    margin, tied = (win - lose) / (win + lose + even), even / (win + lose + even)
    score = np.where(changes.tie, 0.0, 0.5) - margin / 2
    along = score * (direction[changes.winner] - direction[changes.loser]) + (changes.tie - tied) * direction[-1]
    influence = np.zeros(changes.ballots)
    np.add.at(influence, changes.ballot, changes.weight * along)
    return influence


def _smallest_change(
    changes: _Changes, removed: NDArray[np.int64], wins: Array, ties: Array, first: int, known: int | None
) -> int | None:
    """The smallest number of ballots, in the order of ``removed``, without which ``first`` is not first any more."""

    def changed(count: int) -> bool:
        gone = np.isin(changes.ballot, removed[:count])
        pairs = (changes.winner[gone], changes.loser[gone])
        weight, tie = changes.weight[gone], changes.tie[gone]
        less_wins, less_ties = np.zeros_like(wins), np.zeros_like(ties)
        np.add.at(less_wins, pairs, np.where(tie, 0.0, weight))
        np.add.at(less_ties, pairs, np.where(tie, weight, 0.0))
        return int(fit(wins - less_wins, ties - less_ties - less_ties.T).strengths.argmax()) != first

    low, high = 1, len(removed) if known is None else min(known, len(removed))
    if not high or not changed(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if changed(middle) else (middle + 1, high)
    return low
