"""Simulated voters: models with true strengths, pictures that differ by prompt, and people who see noise and ties."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from components.evaluation.voting.ballots import Ballot, Verdict, count_ballots
from components.evaluation.voting.ranking import SURE, draw_strengths, rank
from components.evaluation.voting.screens import Candidate, next_screen

Array = NDArray[np.float64]
TIE_BAND = 0.4  # logits: two pictures that seem closer than this are a tie


@dataclass
class Voters:
    """People who judge pictures by strength of the model, plus an effect of the picture, plus noise of each look.

    ``strengths`` are in logits, ``effect`` is the standard deviation of the effect that a prompt has on a model.
    """

    strengths: Array
    prompts: int
    effect: float
    seed: int
    voters: int = 3
    quality: Array = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.quality = self.strengths + self.effect * self.random.standard_normal((self.prompts, len(self.strengths)))
        self.columns = {f"{model}/{prompt}": f"m{model}" for prompt in range(self.prompts) for model in range(self.models)}
        self.candidates = [
            Candidate(f"{model}/{prompt}", f"m{model}", f"p{prompt}")
            for prompt in range(self.prompts)
            for model in range(self.models)
        ]
        self._cast = 0

    @property
    def models(self) -> int:
        return len(self.strengths)

    def vote(self, shown: tuple[str, ...]) -> Ballot:
        """One ballot on these cells, all of one prompt: the best, and the worst of more than two."""
        cells = [tuple(map(int, cell.split("/"))) for cell in shown]
        # Gumbel noise: the chance of being the best is that of a logit model, for any number of pictures.
        seen = np.array([self.quality[prompt, model] for model, prompt in cells]) + self.random.gumbel(size=len(cells))
        order = np.argsort(-seen)
        tie = seen[order[0]] - seen[order[1]] < TIE_BAND if len(shown) == 2 else seen[order[0]] - seen[order[-1]] < TIE_BAND
        self._cast += 1
        best, worst = shown[order[0]], shown[order[-1]] if len(shown) > 2 else None
        return Ballot(
            str(self._cast),
            "e",
            f"p{cells[0][1]}",
            f"v{self._cast % self.voters}",
            shown,
            Verdict.TIE if tie else Verdict.BEST,
            None if tie else best,
            None if tie else worst,
        )

    def uniform(self, votes: int, size: int = 2) -> list[Ballot]:
        """Ballots on random models of random prompts."""
        ballots = []
        for _ in range(votes):
            prompt = self.random.integers(self.prompts)
            models = self.random.choice(self.models, size, replace=False)
            ballots.append(self.vote(tuple(f"{model}/{prompt}" for model in models)))
        return ballots

    def true_preferences(self, size: int = 2) -> Array:
        """The share of votes that each model wins against the others on infinitely many prompts, ties as half."""
        band = TIE_BAND if size == 2 else 0.0  # four pictures that are all alike are rare
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        weights = weights / weights.sum()
        gap = self.strengths[:, None] - self.strengths[None, :]
        gaps = gap[..., None] + self.effect * np.sqrt(2) * nodes
        win, lose = 1 / (1 + np.exp(band - gaps)), 1 / (1 + np.exp(band + gaps))
        share = ((win + (1 - win - lose) / 2) * weights).sum(-1)
        np.fill_diagonal(share, 0)
        return share.sum(1) / (self.models - 1)


def screens_until_sure(voters: Voters, most: int, step: int = 20) -> float:
    """The number of screens of four after which P(best) is SURE, looked at every ``step`` screens; infinite if it never is."""
    cast: list[Ballot] = []
    while len(cast) < most:
        screen = next_screen(voters.candidates, cast, f"v{len(cast) % voters.voters}", 4, voters.seed)
        assert screen
        cast.append(voters.vote(screen.shown))
        if len(cast) % step == 0 and draw_strengths(count_ballots(cast, voters.columns)).p_best.max() >= SURE:
            return len(cast)
    return np.inf


def covered(voters: Voters, ballots: list[Ballot], size: int = 2) -> list[bool]:
    """For each ranked model, whether its interval holds the truth."""
    truth = voters.true_preferences(size)
    standings = rank(ballots, voters.columns).standings
    return [bool(standing.low <= truth[int(standing.column[1:])] <= standing.high) for standing in standings]
