"""The order of the columns of an evaluation by votes, with intervals that allow for the choice of prompts.

Votes on one prompt are alike: a model that draws this prompt well wins all of them. Intervals by vote are therefore too
narrow as soon as there are many votes a prompt (nominal 95 % intervals held 75 % of the time, with 20 prompts and 1,000
votes). Here whole prompts are drawn with replacement, each with all its votes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.evaluation.voting.ballots import Ballot, Tally, count_ballots
from components.evaluation.voting.bradley_terry import Fit, fit, preferences
from components.evaluation.voting.influence import votes_to_change

RESAMPLES = 500
CONFIDENCE = 0.95
SURE = 0.9  # the P(best) at which a winner counts as settled
MIN_BALLOTS, MIN_PROMPTS = 5, 3  # a column is ranked once it was shown in so many votes, on so many prompts
MIN_VOTES = 20  # and nothing is ranked before there were so many votes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """One column of a ranking.

    ``preference`` is the share of votes it would win against the others, ties as half; ``low`` to ``high`` its 95 %
    interval. ``gap_high`` is the upper end of the interval of the first column's preference minus this one's. Tier 1:
    no column is clearly better; tier 2: one of tier 1 is clearly better, and so on; "clearly" means that the
    intervals do not overlap. ``p_best`` is the chance that it is the best on prompts like these.
    """

    column: str
    preference: float
    low: float
    high: float
    tier: int
    p_best: float
    ballots: int
    prompts: int
    gap_high: float = 0.0


@dataclass(frozen=True)
class Ranking:
    """Columns by the lower end of their interval, highest first.

    Columns without enough votes are left out; ``not_enough`` says why there is no order at all ("": there is one).
    ``votes_to_change`` is about the smallest number of ballots without which another column would be first; None if there
    is no such number.
    """

    standings: tuple[Standing, ...]
    prompts: int
    voters: int
    votes: int
    not_enough: str = ""
    votes_to_change: int | None = None

    @property
    def basis(self) -> str:
        """What the ranking stands on, such as ``20 prompts, 3 voters, 412 votes``."""
        counts = ((self.prompts, "prompt"), (self.voters, "voter"), (self.votes, "vote"))
        return ", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts)

    def find(self, column: str) -> Standing | None:
        """The standing of a column; None if it is not ranked."""
        return next((standing for standing in self.standings if standing.column == column), None)


class Draws(NamedTuple):
    """The fit of a tally, and ``strengths`` [draw, column] that are as far from it as the truth may be."""

    fitted: Fit
    strengths: Array

    @property
    def p_best(self) -> Array:
        """The share of draws in which each column is the best."""
        wins: Array = np.bincount(self.strengths.argmax(1), minlength=self.strengths.shape[1]) / len(self.strengths)
        return wins


def rank(ballots: Iterable[Ballot], columns: Mapping[str, str]) -> Ranking:
    """Rank columns by ballots on one question. ``columns`` maps cell ids to column ids."""
    counted = [ballot for ballot in ballots if ballot.decided]
    everything = count_ballots(counted, columns)
    tally = everything.only(_ranked_columns(everything))
    basis = (len(tally.prompts), tally.voters, tally.votes)
    if not_enough := _not_enough(tally):
        return Ranking((), *basis, not_enough=not_enough)
    draws = draw_strengths(tally)
    standings = _standings(tally, draws)
    change = votes_to_change(counted, columns, tally, draws.fitted)
    return Ranking(standings, *basis, votes_to_change=change)


def draw_strengths(tally: Tally, resamples: int = RESAMPLES) -> Draws:
    """Fit a tally, and refit it with prompts drawn with replacement.

    The deviations of the refits are widened where they are known to be too small: by the t distribution for the number of
    prompts, and with noise up to what the votes alone leave open, because a column that won all of its five votes wins all
    of them in every resample too.
    """
    models, prompts = len(tally.columns), len(tally.prompts)
    fitted = fit(tally.wins.sum(0), tally.ties.sum(0))
    random = np.random.default_rng(0)  # the same votes give the same order
    times = random.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples).astype(float)
    shape = (resamples, models, models)
    wins = (times @ tally.wins.reshape(prompts, -1)).reshape(shape)
    ties = (times @ tally.ties.reshape(prompts, -1)).reshape(shape)
    deviations = fit(wins, ties).strengths - fitted.strengths
    deviations *= small_sample_factor(prompts)
    deviations += _noise(fitted.covariance - np.cov(deviations, rowvar=False), len(deviations), random)
    return Draws(fitted, fitted.strengths + deviations)


def _ranked_columns(tally: Tally) -> list[str]:
    enough = (tally.shown.sum(0) >= MIN_BALLOTS) & ((tally.shown > 0).sum(0) >= MIN_PROMPTS)
    return [column for column, ranked in zip(tally.columns, enough, strict=True) if ranked]


def _not_enough(tally: Tally) -> str:
    """Why no order is given, and what is missing."""
    if tally.votes < MIN_VOTES:
        return f"Not enough votes: {tally.votes} of at least {MIN_VOTES}."
    if len(tally.columns) < 2:
        return (
            f"Not enough votes: at least two models must be in {MIN_BALLOTS} votes each, on {MIN_PROMPTS} different prompts."
        )
    return ""


def _standings(tally: Tally, draws: Draws) -> tuple[Standing, ...]:
    tie = np.broadcast_to(draws.fitted.tie, len(draws.strengths))
    drawn = preferences(draws.strengths, tie)
    estimate = preferences(draws.fitted.strengths, draws.fitted.tie)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    order = np.argsort(-low, kind="stable")
    gaps = np.quantile(drawn[:, [order[0]]] - drawn, 1 - tail, axis=0)
    tiers = _tiers(low, high)
    ballots, prompts, p_best = tally.shown.sum(0), (tally.shown > 0).sum(0), draws.p_best
    return tuple(
        Standing(
            tally.columns[at], float(estimate[at]), float(low[at]), float(high[at]), tiers[at], float(p_best[at]),
            int(ballots[at]), int(prompts[at]), float(gaps[at]),
        )
        for at in order
    )  # fmt: skip


def _tiers(low: Array, high: Array) -> list[int]:
    """One more than the lowest tier of all that are clearly better; 1 if none is."""
    tiers = [1] * len(low)
    for at in np.argsort(-high, kind="stable"):
        better = [tiers[other] for other in range(len(low)) if low[other] > high[at]]
        tiers[at] = 1 + max(better, default=0)
    return tiers


def _noise(covariance: Array, draws: int, random: np.random.Generator) -> Array:
    """Normal noise with the positive part of a covariance: none in directions in which it is negative."""
    variances, directions = np.linalg.eigh(covariance)
    noise: Array = random.standard_normal((draws, len(variances))) * np.sqrt(np.maximum(0.0, variances)) @ directions.T
    return noise


def small_sample_factor(prompts: int) -> float:
    """How much wider a 95 % interval is with so few prompts than with many: t / z, and the bias of a sample's variance."""
    if prompts < 2:
        return 1.0
    degrees = prompts - 1
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    t = z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    t += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    return t / z * math.sqrt(prompts / degrees)
