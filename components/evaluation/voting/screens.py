"""Which pictures a voter sees next, and about how many more screens settle the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from components.evaluation.voting.ballots import Ballot, count_ballots
from components.evaluation.voting.bradley_terry import fit
from components.evaluation.voting.ranking import (
    MIN_BALLOTS,
    MIN_PROMPTS,
    MIN_VOTES,
    SURE,
    Draws,
    draw_strengths,
    small_sample_factor,
)

TRIES = 20  # draws of models before every set of models is tried
MOST_SETS = 500
MOST_SCREENS_LEFT = 500  # as much as to say: two are about equally good
CONTENDER = 0.02  # the P(best) from which a column counts as still in the running


@dataclass(frozen=True)
class Candidate:
    """A delivered picture that can be voted on: the ids of its cell, column and prompt."""

    cell: str
    column: str
    prompt: str


@dataclass(frozen=True)
class Screen:
    """Cells of one prompt, in the order on screen."""

    prompt: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class ScreensLeft:
    """``screens`` is about how many more settle the winner, at most MOST_SCREENS_LEFT, 0 if it is settled; None if none would.

    ``unranked``: it is how many more it takes until there is a ranking. ``more_prompts``: the answer depends on the choice
    of prompts, and only further prompts can settle it.
    """

    screens: int | None
    unranked: bool = False
    more_prompts: bool = False


def next_screen(
    candidates: Sequence[Candidate],
    ballots: Iterable[Ballot],
    voter: str,
    size: int = 4,
    seed: int = 0,
) -> Screen | None:
    """The next screen for a voter, by all ballots on the same question; None if no prompt has pictures of two columns.

    First every column gets the votes that a ranking needs, those with the fewest first. Then each place on the screen
    goes to the best column in a draw of strengths from what the votes say so far (Thompson sampling), so that columns
    that may be the best meet most often. The prompt is one on which these columns were judged least. The same arguments
    give the same screen; ``seed`` and the number of ballots decide between equals and about the sides.
    """
    by_prompt = _by_prompt(candidates)
    cast = list(ballots)
    if not by_prompt:
        return None
    columns = tuple(dict.fromkeys(candidate.column for candidate in candidates))
    column_of = {candidate.cell: candidate.column for candidate in candidates}
    tally = count_ballots(cast, column_of)
    random = np.random.default_rng([seed, len(cast)])
    shown = dict(zip(tally.columns, tally.shown.sum(0), strict=True))
    fitted = fit(tally.wins.sum(0), tally.ties.sum(0))
    spread = np.linalg.cholesky(fitted.covariance + 1e-9 * np.eye(len(columns)))

    def draw_columns() -> list[str]:
        chosen: list[str] = []
        short = [column for column in columns if shown[column] < MIN_BALLOTS]
        chosen += sorted(short, key=lambda column: (shown[column], random.random()))[:size]
        while len(chosen) < min(size, len(columns)):
            strengths = fitted.strengths + spread @ random.standard_normal(len(columns))
            order = [columns[at] for at in np.argsort(-strengths)]
            chosen.append(next(column for column in order if column not in chosen))
        return chosen

    seen = {frozenset(ballot.shown) for ballot in cast if ballot.voter == voter}
    picks = _Picker(by_prompt, cast, seen, random)
    for wanted in [draw_columns() for _ in range(TRIES)]:
        if screen := picks.new_screen(wanted):
            return screen
    for every in islice(combinations(columns, min(size, len(columns))), MOST_SETS):
        if screen := picks.new_screen(every):
            return screen
    return picks.any_screen(size)


def screens_left(ballots: Iterable[Ballot], columns: Mapping[str, str], size: int = 4) -> ScreensLeft:
    """About how many more screens it takes until P(best) of some column reaches SURE. ``columns`` as for ``rank``.

    What votes leave open shrinks with their number; what the choice of prompts leaves open does not. Votes go to the columns
    that may be the best, so those are the ones that the estimate counts.
    """
    tally = count_ballots(ballots, columns)
    if len(tally.prompts) < MIN_PROMPTS and tally.votes >= MIN_VOTES:
        return ScreensLeft(None, more_prompts=True)
    positions_missing = np.maximum(0, MIN_BALLOTS - tally.shown.sum(0)).sum()
    missing = max(int(np.ceil(positions_missing / size)), MIN_VOTES - tally.votes)
    if missing > 0:
        return ScreensLeft(missing, unranked=True)
    draws = draw_strengths(tally)
    if draws.p_best.max() >= SURE:
        return ScreensLeft(0)
    contenders = np.flatnonzero(draws.p_best >= CONTENDER)
    # With fewer votes a prompt, what the prompts contribute cannot be told from chance.
    lasting = _prompt_share(draws, contenders, len(tally.prompts)) if tally.votes >= 3 * len(tally.prompts) else 0.0
    times = _times_as_many(draws, lasting)
    if times == np.inf:
        return ScreensLeft(None, more_prompts=True)
    per_column = tally.shown.sum(0)[contenders].mean()
    positions = min(size, len(contenders))  # further positions go to columns that are out of the running
    screens = (times - 1) * per_column * len(contenders) / positions
    return ScreensLeft(int(np.clip(np.ceil(screens), 1, MOST_SCREENS_LEFT)))


def _times_as_many(draws: Draws, lasting: float) -> float:
    """How many times as many votes it takes to tell the best from the second: the median over what the truth may be.

    ``lasting`` is the share of the variance that more votes do not reduce. Infinite: no number of votes is enough.
    """
    second, best = np.argsort(draws.strengths, axis=1)[:, -2:].T
    rows = np.arange(len(best))
    gap = draws.strengths[rows, best] - draws.strengths[rows, second]
    covariance = np.cov(draws.strengths, rowvar=False)
    variance = covariance[best, best] + covariance[second, second] - 2 * covariance[best, second]
    tolerable = (gap / NormalDist().inv_cdf(SURE)) ** 2 / variance  # the share of today's variance with which it is told
    with np.errstate(divide="ignore"):
        times = (1 - lasting) / np.maximum(0.0, tolerable - lasting)
    return float(np.median(times))


def _prompt_share(draws: Draws, contenders: NDArray[np.int64], prompts: int) -> float:
    """The share of the variance between contenders that the choice of prompts contributes.

    One number for all of them: with few votes an estimate for each of them would mostly be chance.
    """
    deviations = (draws.strengths - draws.fitted.strengths)[:, contenders] / small_sample_factor(prompts)
    centre = np.eye(len(contenders)) - 1 / len(contenders)
    total = np.trace(centre @ np.cov(deviations, rowvar=False) @ centre)
    by_vote = np.trace(centre @ draws.fitted.covariance[np.ix_(contenders, contenders)] @ centre)
    return max(0.0, 1 - float(by_vote / total))


def _by_prompt(candidates: Sequence[Candidate]) -> dict[str, dict[str, list[str]]]:
    """Prompt -> column -> its cells, for prompts with two columns or more."""
    grouped: dict[str, dict[str, list[str]]] = {}
    for candidate in candidates:
        grouped.setdefault(candidate.prompt, {}).setdefault(candidate.column, []).append(candidate.cell)
    return {prompt: columns for prompt, columns in grouped.items() if len(columns) > 1}


class _Picker:
    """Finds cells for wanted columns: on a prompt judged least, of each column the repeat judged least."""

    def __init__(
        self,
        by_prompt: Mapping[str, Mapping[str, list[str]]],
        cast: Sequence[Ballot],
        seen: set[frozenset[str]],
        random: np.random.Generator,
    ) -> None:
        self._by_prompt = by_prompt
        self._seen = seen
        self._random = random
        self._judged = Counter(cell for ballot in cast for cell in ballot.shown)

    def new_screen(self, columns: Sequence[str]) -> Screen | None:
        """A screen with as many of these columns as a prompt has, which this voter has not seen; None if there is none."""
        options = []
        for prompt, cells in self._by_prompt.items():
            present = [column for column in columns if column in cells]
            if len(present) > 1:
                judged = sum(self._judged[cell] for column in present for cell in cells[column])
                options.append((-len(present), judged, self._random.random(), prompt, present))
        for _, _, _, prompt, present in sorted(options):
            repeats = [sorted(self._by_prompt[prompt][column], key=self._judged.__getitem__) for column in present]
            for shown in islice(product(*repeats), MOST_SETS):
                if frozenset(shown) not in self._seen:
                    return self._shuffled(prompt, shown)
        return None

    def any_screen(self, size: int) -> Screen:
        """A screen of the prompt judged least, though this voter has seen it."""
        judged = {
            prompt: sum(self._judged[cell] for cells in columns.values() for cell in cells)
            for prompt, columns in self._by_prompt.items()
        }
        prompt = min(judged, key=judged.__getitem__)
        shown = [min(cells, key=self._judged.__getitem__) for cells in self._by_prompt[prompt].values()]
        return self._shuffled(prompt, [shown[at] for at in self._random.permutation(len(shown))[:size]])

    def _shuffled(self, prompt: str, shown: Sequence[str]) -> Screen:
        return Screen(prompt, tuple(shown[at] for at in self._random.permutation(len(shown))))
