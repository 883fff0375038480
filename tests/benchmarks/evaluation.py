"""What the statistics of an evaluation hold, with simulated voters whose truth is known.

Voters judge pictures by the strength of the model (normal, sd 0.6 logits), an effect of each prompt on each model (the
"picture effect"), and the noise of each look. Truth is the preference on infinitely many prompts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from components.evaluation.voting.ballots import Ballot
from components.evaluation.voting.ranking import rank
from components.evaluation.voting.screens import next_screen
from tests.benchmarks import table, target
from tests.evaluation.voting.voters import Voters, covered, screens_until_sure

RUNS, SETTLING_RUNS = 100, 40
MOST_SCREENS = 400
COVERAGE = [(0.0, 20, 1_000), (0.5, 20, 1_000), (1.0, 20, 400), (1.0, 20, 1_000), (1.0, 60, 1_000)]
SETTLING = [(0.0, 20), (0.25, 20), (0.5, 20), (0.5, 60)]


def voters(models: int, prompts: int, effect: float, seed: int) -> Voters:
    return Voters(np.random.default_rng(1000 + seed).normal(0, 0.6, models), prompts, effect, seed)


def coverage(effect: float, prompts: int, votes: int) -> tuple[float, float]:
    """The share of intervals of 8 models that contain the truth, and of runs whose first model is the best."""
    held, first = [], 0
    for seed in range(RUNS):
        people = voters(8, prompts, effect, seed)
        cast = people.uniform(votes)
        held += covered(people, cast)
        standings = rank(cast, people.columns).standings
        first += standings[0].column == f"m{people.strengths.argmax()}"
    return float(np.mean(held)), first / RUNS


def settling(effect: float, prompts: int) -> list[float]:
    return [screens_until_sure(voters(11, prompts, effect, seed), MOST_SCREENS) for seed in range(SETTLING_RUNS)]


def speed() -> tuple[float, float]:
    """Seconds of processor time of one ranking and of one choice of a screen, 11 models and 1,000 votes."""
    people = voters(11, 20, 0.5, 1)
    cast: list[Ballot] = people.uniform(1_000, 4)
    rank(cast, people.columns)
    begun = time.process_time()
    for _ in range(5):
        rank(cast, people.columns)
    ranked = time.process_time()
    for number in range(20):
        next_screen(people.candidates, cast, "v0", 4, number)
    return (ranked - begun) / 5, (time.process_time() - ranked) / 20


def report() -> Iterator[str]:
    yield f"## Evaluation: intervals and screens\n\nNominal 95 % intervals of 8 models, votes on pairs, {RUNS} runs each.\n"
    measured = {case: coverage(*case) for case in COVERAGE}
    head = ("picture effect, sd", "prompts", "votes", "intervals that hold the truth", "best model first")
    yield table(head, [(*case, f"{held:.3f}", f"{first:.2f}") for case, (held, first) in measured.items()])
    yield target(
        "intervals that miss, effect 1.0, 20 prompts, 1,000 votes", 100 * (1 - measured[1.0, 20, 1_000][0]), 9, " %"
    )
    yield f"\nScreens of 4 until P(best) is 0.9: 11 models, Thompson sampling, {SETTLING_RUNS} runs each.\n"
    needed = {case: settling(*case) for case in SETTLING}
    head = ("picture effect, sd", "prompts", "median screens", f"settled within {MOST_SCREENS}")
    rows = [(*case, f"{np.median(n):g}", f"{np.isfinite(n).mean():.2f}") for case, n in needed.items()]
    yield table(head, rows)
    yield target("median screens without a picture effect", float(np.median(needed[0.0, 20])), 200)
    yield "\nWith an effect of 0.5 and 20 prompts, infinitely many votes would settle about half of the runs: prompts are missing.\n"
    ranking, screen = speed()
    yield target("one ranking of 11 models and 1,000 votes", 1000 * ranking, 500, " ms")
    yield target("one choice of a screen", 1000 * screen, 50, " ms")
