"""Transitions: which state allows which change, and what each change sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from components.api.replies import Phase, Reply
from components.errors import AnswerLost, Problem
from components.jobs import transitions
from components.jobs.job import Job, JobState, public_state
from components.pictures.stored import StoredPicture
from tests.jobs.conftest import NOON, make_job

S = JobState
PROBLEM = Problem("service", "It broke.", "", "")
RUNNING = Reply(Phase.RUNNING, "t", charged=3.0)
# Each transition with the states that allow it, for a job with a task id and one result that is not fetched yet.
TABLE: dict[str, tuple[Callable[[Job], Job | None], dict[JobState, JobState]]] = {
    "submitting": (partial(transitions.submitting, now=NOON, callback_hash="h"), {S.QUEUED: S.SUBMITTING}),
    "queued_again": (partial(transitions.queued_again, note="n", now=NOON), {S.SUBMITTING: S.QUEUED}),
    "accepted": (
        partial(transitions.accepted, reply=RUNNING, now=NOON),
        dict.fromkeys((S.SUBMITTING, S.UNCERTAIN, S.ABANDONED), S.RUNNING),
    ),
    "uncertain": (partial(transitions.uncertain, problem=PROBLEM, now=NOON), {S.SUBMITTING: S.UNCERTAIN}),
    "overdue": (partial(transitions.overdue, problem=PROBLEM), dict.fromkeys((S.RUNNING, S.SAVING), S.OVERDUE)),
    "needs_key": (transitions.needs_key, dict.fromkeys((S.QUEUED, S.RUNNING, S.SAVING), S.NEEDS_KEY)),
    "saving": (
        partial(transitions.saving, urls=["u"], charged=3.0, now=NOON),
        dict.fromkeys((S.RUNNING, S.SAVING), S.SAVING),
    ),
    "failed": (
        partial(transitions.failed, problem=PROBLEM, now=NOON),
        dict.fromkeys((S.QUEUED, S.SUBMITTING, S.RUNNING, S.SAVING), S.FAILED),
    ),
    "stopped": (
        partial(transitions.stopped, now=NOON),
        {S.SUBMITTING: S.SUBMITTING} | dict.fromkeys((S.QUEUED, S.RUNNING, S.SAVING, S.OVERDUE, S.NEEDS_KEY), S.STOPPED),
    ),
    "resumed": (transitions.resumed, dict.fromkeys((S.OVERDUE, S.NEEDS_KEY, S.STOPPED, S.FAILED), S.RUNNING)),
    "abandoned": (transitions.abandoned, {S.UNCERTAIN: S.ABANDONED}),
    "removed": (
        transitions.removed,
        {S.UNCERTAIN: S.ABANDONED, S.OVERDUE: S.STOPPED, S.NEEDS_KEY: S.STOPPED}
        | {state: state for state in (S.DONE, S.FAILED, S.STOPPED, S.ABANDONED)},
    ),
    "callback_named": (
        partial(transitions.callback_named, task_id="named"),
        {state: state for state in S if state not in (S.DONE, S.FAILED, S.STOPPED)},
    ),
    "picture_stored": (
        partial(transitions.picture_stored, position=0, picture=StoredPicture("a.png", 1, 1, "png", 1, ""), now=NOON),
        dict.fromkeys((S.SAVING, S.STOPPED, S.OVERDUE, S.NEEDS_KEY), S.DONE),
    ),
}


def test_each_transition_is_allowed_in_exactly_these_states() -> None:
    for name, (transition, allowed) in TABLE.items():
        reached = {}
        for state in JobState:
            if after := transition(make_job(state=state, task_id="t", pending_urls=("u",))):
                reached[state] = after.state
        assert reached == allowed, name


def test_a_settled_job_gives_its_idempotency_key_and_its_stop_request_up() -> None:
    """Another request may be the same from then on; until then none may."""
    for name, (transition, allowed) in TABLE.items():
        for state in allowed:
            job = make_job(state=state, task_id="t", pending_urls=("u",), idempotency_key="k")
            after = transition(job)
            assert after is not None
            assert (after.idempotency_key is None) == after.settled or state in (job.state, after.state), name


@pytest.mark.parametrize(("payer", "said"), [("sandbox", "Nothing was charged."), ("host", AnswerLost.charged)])
def test_in_the_sandbox_nothing_is_charged_whatever_the_service_would_charge(payer: str, said: str) -> None:
    lost = transitions.uncertain(make_job(state=S.SUBMITTING, payer=payer), AnswerLost("Lost.").problem, NOON)

    assert lost is not None
    assert lost.problem is not None
    assert (lost.problem.what, lost.problem.charged) == ("Lost.", said)


def stored_picture(shade: int) -> StoredPicture:
    return StoredPicture(f"{shade}.png", 1, 1, "png", 1, "")


def test_pictures_may_come_in_any_order_and_stand_in_the_order_of_the_results() -> None:
    job = make_job(state=S.RUNNING, task_id="t")
    saving = transitions.saving(job, ["u0", "u1", "u2"], 3.0, NOON)
    for position in (2, 0, 1):
        assert saving is not None
        assert saving.state is S.SAVING
        saving = transitions.picture_stored(saving, position, stored_picture(position), NOON)
    assert saving == replace(
        job,
        state=S.DONE,
        pictures=(stored_picture(0), stored_picture(1), stored_picture(2)),
        charged=3.0,
        finished_at=NOON,
        idempotency_key=None,
    )


def test_fresh_addresses_replace_those_of_missing_pictures_only() -> None:
    """Also where the service has fewer of them by now; a picture that is kept is kept."""
    saving = transitions.saving(make_job(state=S.RUNNING, task_id="t"), ["u0", "u1", "u2"], None, NOON)
    assert saving is not None
    partly = transitions.picture_stored(saving, 1, stored_picture(1), NOON)
    assert partly is not None
    assert transitions.picture_stored(partly, 1, stored_picture(9), NOON) is None
    assert transitions.picture_stored(partly, 3, stored_picture(9), NOON) is None

    for urls, pending in ((["f0", "f1", "f2"], ("f0", "", "f2")), (["f0"], ("f0", "", "u2"))):
        fresh = transitions.saving(partly, urls, 4.0, NOON)
        assert fresh is not None
        assert (fresh.pending_urls, fresh.pictures, fresh.charged) == (pending, (stored_picture(1),), 4.0)


@pytest.mark.parametrize("reply", [RUNNING, Reply(Phase.DONE, None, ("u",))], ids=["a task", "a result"])
def test_a_stop_while_sending_takes_effect_with_the_answer_unless_that_is_the_result(reply: Reply) -> None:
    job = make_job(state=S.SUBMITTING, stop_requested=True)
    after = transitions.accepted(job, reply, NOON)
    queued = transitions.queued_again(job, "wait", NOON)
    assert after is not None
    assert queued is not None
    assert after.state is (S.STOPPED if reply is RUNNING else S.RUNNING)
    assert (queued.state, queued.problem and queued.problem.charged) == (S.STOPPED, "Nothing was charged.")


def test_a_job_that_needs_its_key_is_resumed_where_it_was_and_may_expire_unsent() -> None:
    unsent = make_job(state=S.NEEDS_KEY, payer="visitor")
    resumed, failed = transitions.resumed(unsent), transitions.failed(unsent, PROBLEM, NOON)
    assert resumed is not None
    assert failed is not None
    assert (resumed.state, failed.state) == (S.QUEUED, S.FAILED)


def test_every_state_has_one_of_seven_public_names() -> None:
    """The words of the public endpoints stay what they were."""
    shown = {state: public_state(make_job(state=state, task_id="t")) for state in JobState}
    others = {S.SAVING: S.RUNNING, S.OVERDUE: S.RUNNING, S.NEEDS_KEY: S.RUNNING, S.ABANDONED: S.UNCERTAIN}
    assert shown == {state: others.get(state, state) for state in JobState}
    assert public_state(make_job(state=S.NEEDS_KEY)) is S.QUEUED
