"""The tree of errors: its drawing is the truth, and each says what to do next and whether it was charged."""

from __future__ import annotations

import inspect
import re

import pytest

from components import errors
from components.errors import (
    AnswerLost,
    DatabaseUnavailable,
    InputError,
    InvalidState,
    NotFound,
    PlaygroundError,
    RateLimited,
    ServiceError,
    StillRunning,
    UpstreamFailed,
)

CLASSES = {thing for _, thing in inspect.getmembers(errors, inspect.isclass) if issubclass(thing, PlaygroundError)}
SERVICE = sorted((thing for thing in CLASSES if issubclass(thing, ServiceError)), key=lambda thing: thing.__name__)
BRANCH = re.compile(r"^((?:│   |    )*)(?:├── |└── )(\w+)  ", re.MULTILINE)


def test_the_drawing_shows_every_class_below_its_parent() -> None:
    """And nothing that is not there."""
    drawn = {"PlaygroundError": "Exception"}
    parents = ["PlaygroundError"]
    for indent, name in BRANCH.findall(errors.__doc__):
        depth = len(indent) // 4 + 1
        parents[depth:] = [name]
        drawn[name] = parents[depth - 1]

    assert drawn == {thing.__name__: thing.__bases__[0].__name__ for thing in CLASSES}


@pytest.mark.parametrize("kind", [thing for thing in SERVICE if thing is not ServiceError])
def test_every_error_of_the_service_says_what_to_do_and_whether_it_was_charged(kind: type[ServiceError]) -> None:
    """In whole sentences, in its problem and in the problem's text."""
    problem = kind("It went wrong.").problem

    assert problem.what == "It went wrong."
    assert problem.next_step.endswith(".")
    assert re.search(r"charged?", problem.charged)
    assert problem.charged.endswith(".")
    assert str(problem) == f"It went wrong. {problem.charged} {problem.next_step}"


@pytest.mark.parametrize("kind", [AnswerLost, NotFound, InvalidState, DatabaseUnavailable, StillRunning, UpstreamFailed])
def test_where_something_may_have_been_accepted_nothing_is_promised(kind: type[PlaygroundError]) -> None:
    """Never "nothing was charged" when that is not known."""
    assert kind("It went wrong.").charged != errors.NOT_CHARGED


def test_every_class_has_a_code_of_its_own() -> None:
    """A caller can tell any two errors apart without reading their text."""
    codes = [thing.code for thing in CLASSES]

    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_a_raw_reply_is_cut() -> None:
    """2,000 characters show what a reply is."""
    error = ServiceError("It went wrong.", status=500, task_id="n1", reply="x" * 5000)

    assert len(error.problem.reply) == 2000
    assert (error.status, error.task_id) == (500, "n1")


def test_texts_of_an_instance_replace_those_of_its_class() -> None:
    """For one error only."""
    failure = UpstreamFailed("It went wrong.", next_step="Wait.", charged="")

    assert str(failure.problem) == "It went wrong. Wait."
    assert UpstreamFailed("Again.").problem.next_step == UpstreamFailed.next_step


def test_an_input_error_carries_its_field() -> None:
    """In the API's own spelling, for the form."""
    error = InputError("aspect_ratio", "aspect_ratio: is not offered.")

    assert (error.field, str(error), error.problem.code) == ("aspect_ratio", "aspect_ratio: is not offered.", "input")


def test_a_rate_limit_carries_its_wait() -> None:
    """Nothing where the service named none."""
    assert RateLimited("Slow down.", retry_after=3.0).retry_after == 3
    assert (RateLimited("Slow down.").retry_after, RateLimited("Slow down.").status) == (None, 429)
