"""Which pictures a voter sees next, and how many screens are left."""

from __future__ import annotations

from collections import Counter
from statistics import NormalDist

import numpy as np

from components.evaluation.voting.ballots import Ballot, Verdict
from components.evaluation.voting.ranking import MIN_BALLOTS, MIN_VOTES, rank
from components.evaluation.voting.screens import Candidate, ScreensLeft, next_screen, screens_left
from tests.evaluation.voting.voters import Voters, screens_until_sure


def candidates(columns: str, prompts: int, repeats: int = 1) -> list[Candidate]:
    return [Candidate(f"{c}{p}.{r}", c, str(p)) for c in columns for p in range(prompts) for r in range(repeats)]


def skipped(prompt: str, shown: tuple[str, ...], voter: str = "v") -> Ballot:
    return Ballot("1", "e", prompt, voter, shown, Verdict.SKIP)


def test_a_screen_shows_different_columns_of_one_prompt_and_is_the_same_for_the_same_arguments() -> None:
    pictures = candidates("abcdef", 3, 2)
    for size in (2, 3, 4):
        screen = next_screen(pictures, [], "v", size, seed=5)
        assert screen
        assert len({cell[0] for cell in screen.shown}) == len(screen.shown) == size
        assert {cell[1] for cell in screen.shown} == {screen.prompt}
        assert next_screen(pictures, [], "v", size, seed=5) == screen
    assert len({next_screen(pictures, [], "v", 4, seed) for seed in range(20)}) > 10


def test_there_is_no_screen_without_two_columns_and_a_smaller_one_with_few() -> None:
    assert next_screen([], [], "v") is None
    assert next_screen(candidates("a", 3, 4), [], "v") is None
    screen = next_screen([*candidates("ab", 1), *candidates("c", 9)[1:]], [], "v")
    assert screen
    assert sorted(screen.shown) == ["a0.0", "b0.0"]


def test_a_voter_sees_every_screen_once_before_one_comes_again() -> None:
    """Three columns of two repeats on two prompts are 2 * 3 * 4 different pairs. Skipped ones do not come again either."""
    pictures, cast = candidates("abc", 2, 2), [skipped("0", ("a0.0", "b0.0"), "somebody else")] * 50
    for _ in range(24):
        screen = next_screen(pictures, cast, "v", 2)
        assert screen
        cast.append(skipped(screen.prompt, screen.shown))
    assert len({frozenset(ballot.shown) for ballot in cast if ballot.voter == "v"}) == 24
    assert next_screen(pictures, cast, "v", 2)


def test_sides_are_shuffled_and_prompts_and_repeats_take_turns() -> None:
    voters = Voters(np.zeros(4), prompts=5, effect=0, seed=3)
    cast: list[Ballot] = []
    for number in range(100):
        screen = next_screen(voters.candidates, cast, f"v{number}", 4)
        assert screen
        cast.append(voters.vote(screen.shown))
    first = Counter(ballot.shown[0][0] for ballot in cast)
    prompts = Counter(ballot.prompt for ballot in cast)

    assert all(12 <= count <= 40 for count in first.values())
    assert all(count == 20 for count in prompts.values())


def test_every_column_gets_the_ballots_it_needs_and_then_the_best_ones_meet_most() -> None:
    voters = Voters(np.array([0, 0.1, -1, -1, -1, -1, -1, -1, 1.2, 1.3, 1.0]), prompts=20, effect=0, seed=2)
    cast: list[Ballot] = []
    for number in range(120):
        screen = next_screen(voters.candidates, cast, f"v{number % 3}", 4)
        assert screen
        cast.append(voters.vote(screen.shown))
        if number == 15:
            early = Counter(cell.split("/")[0] for ballot in cast for cell in ballot.shown)
            assert min(early.values()) >= MIN_BALLOTS
            assert len(early) == 11
    shown = Counter(cell.split("/")[0] for ballot in cast for cell in ballot.shown)

    assert min(shown[str(model)] for model in (8, 9, 10)) > 2 * max(shown[str(model)] for model in range(2, 8))
    assert len(rank(cast, voters.columns).standings) == 11


def test_screens_left_falls_to_none_as_votes_come_in() -> None:
    voters = Voters(np.array([1.0, 0.4, 0, 0]), prompts=20, effect=0, seed=1)
    cast: list[Ballot] = []
    left = screens_left(cast, voters.columns).screens
    assert left == MIN_VOTES
    while left:
        screen = next_screen(voters.candidates, cast, "v")
        assert screen
        cast.append(voters.vote(screen.shown))
        left = screens_left(cast, voters.columns).screens
        assert len(cast) < 200
    assert rank(cast, voters.columns).standings[0].p_best >= 0.9


def test_a_lead_that_is_not_clear_needs_about_as_many_screens_again() -> None:
    """54 of 100 votes are 0.16 logits, with an error of 0.2; a lead of 0.2, as it may be in truth, needs about 64 more."""
    voters = Voters(np.zeros(2), prompts=20, effect=0, seed=1)
    cells = [(f"0/{prompt}", f"1/{prompt}") for prompt in range(20)] * 5
    cast = [
        Ballot("1", "e", f"p{at % 20}", "v", shown, Verdict.BEST, shown[int(at % 50 >= 27)])
        for at, shown in enumerate(cells)
    ]
    left = screens_left(cast, voters.columns, 2).screens

    assert left
    assert 30 <= left <= 130


def test_more_prompts_are_suggested_where_the_winner_depends_on_the_prompt() -> None:
    """Each of two models is better on half of the prompts: no number of votes on them says which is better elsewhere."""
    voters = Voters(np.zeros(2), prompts=20, effect=0, seed=1)
    voters.quality[:, 0] = [2, -2] * 10

    assert screens_left(voters.uniform(400), voters.columns, 2) == ScreensLeft(None, more_prompts=True)
    few = Voters(np.array([0, 3.0]), prompts=2, effect=0, seed=1)
    assert screens_left(few.uniform(50), few.columns, 2) == ScreensLeft(None, more_prompts=True)


def test_two_hundred_screens_of_four_settle_the_winner_of_eleven() -> None:
    """A small part of the benchmark, with strengths as a normal distribution spreads them."""
    strengths = np.array([0.6 * NormalDist().inv_cdf((rank + 0.5) / 11) for rank in range(11)])
    needed = [screens_until_sure(Voters(strengths, prompts=20, effect=0, seed=seed), most=200, step=40) for seed in range(5)]

    assert np.median(needed) <= 200
