"""Strengths of models from pairwise votes: the Bradley-Terry model with ties (Davidson 1970), fitted for many resamples at once.

With d the difference of two strengths, a win, a tie and a loss are in the proportions exp(d/2) : exp(t) : exp(-d/2),
where t is the same for all pairs. Strengths are in logits. A weak normal prior keeps a model that won all of three votes
finite, and fades as votes come in: without it few votes have no finite maximum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PRIOR_SD = 1.5  # logits: a model that wins 82 % against the average is one standard deviation away
TIE_PRIOR_MEAN, TIE_PRIOR_SD = -1.0, 1.5
MOST_STEPS, TOLERANCE = 50, 1e-6
LONGEST_STEP = 2.0  # logits; a Newton step from far away overshoots

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """``strengths`` [..., model] in logits with mean 0; ``tie`` [...] is t; ``hessian`` of both, t last, [..., n + 1, n + 1]."""

    strengths: Array
    tie: Array
    hessian: Array

    @property
    def covariance(self) -> Array:
        """The covariance of the strengths as if each vote were independent of all others."""
        models = self.strengths.shape[-1]
        full = np.linalg.inv(self.hessian)[..., :models, :models]
        centre = np.eye(models) - 1 / models
        centred: Array = centre @ full @ centre
        return centred


def fit(wins: Array, ties: Array) -> Fit:
    """The most probable strengths. ``wins[..., i, j]`` are votes for i over j, ``ties`` is symmetric; leading axes are fits."""
    models = wins.shape[-1]
    total = wins + np.swapaxes(wins, -1, -2) + ties
    scores = (wins - np.swapaxes(wins, -1, -2)).sum(-1) / 2
    tied = ties.sum((-1, -2)) / 2
    values = np.zeros((*wins.shape[:-2], models + 1))
    values[..., -1] = TIE_PRIOR_MEAN
    for _ in range(MOST_STEPS):
        gradient, hessian = _derivatives(values, total, scores, tied)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        values += np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if not step.size or np.abs(step).max() < TOLERANCE:
            break
    strengths = values[..., :-1]
    return Fit(strengths - strengths.mean(-1, keepdims=True), values[..., -1], hessian)


def chances(strengths: Array, tie: Array) -> tuple[Array, Array]:
    """The chance [..., i, j] that i is preferred to j, and that they tie."""
    half = (strengths[..., :, None] - strengths[..., None, :]) / 2
    level = np.broadcast_to(np.asarray(tie)[..., None, None], half.shape)
    highest = np.maximum(np.abs(half), level)
    win, lose, even = (np.exp(part - highest) for part in (half, -half, level))
    both = win + lose + even
    return win / both, even / both


def preferences(strengths: Array, tie: Array) -> Array:
    """The share [..., model] of votes against the other models that each wins, a tie counted as half."""
    win, even = chances(strengths, tie)
    models = strengths.shape[-1]
    share: Array = ((win + even / 2).sum(-1) - 0.5) / max(1, models - 1)  # without itself, which would be one half
    return share


def _derivatives(values: Array, total: Array, scores: Array, tied: Array) -> tuple[Array, Array]:
    """Gradient of the log posterior and its negative second derivative; the last parameter is t."""
    models = values.shape[-1] - 1
    strengths, tie = values[..., :-1], values[..., -1]
    win, even = chances(strengths, tie)
    margin = win - np.swapaxes(win, -1, -2)
    gradient = np.empty_like(values)
    gradient[..., :-1] = scores - (total * margin).sum(-1) / 2 - strengths / PRIOR_SD**2
    gradient[..., -1] = tied - (total * even).sum((-1, -2)) / 2 - (tie - TIE_PRIOR_MEAN) / TIE_PRIOR_SD**2

    hessian = np.empty((*values.shape[:-1], models + 1, models + 1))
    pair = total * ((1 - even) - margin**2) / 4
    hessian[..., :-1, :-1] = -pair
    diagonal = np.arange(models)
    hessian[..., diagonal, diagonal] = pair.sum(-1) - pair[..., diagonal, diagonal] + 1 / PRIOR_SD**2
    cross = -(total * margin * even).sum(-1) / 2
    hessian[..., :-1, -1] = hessian[..., -1, :-1] = cross
    hessian[..., -1, -1] = (total * even * (1 - even)).sum((-1, -2)) / 2 + 1 / TIE_PRIOR_SD**2
    return gradient, hessian
