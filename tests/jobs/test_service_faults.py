"""A job against an upstream that fails in every way: one POST at most, nothing paid is lost, no key in sight."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.errors import AnswerLost
from components.jobs.job import JobState
from tests.jobs.job_setup import visitors_setup
from tests.jobs.scripted_upstream import (
    KEY,
    TASK,
    Answer,
    answer_after,
    created,
    endless,
    finished,
    hang_up,
    picture,
    reset,
    response,
    running,
    settled,
    workers_ended,
)

HTML = response("<!doctype html><title>Just a moment</title>", kind="text/html")
CUT = response('{"code":200,"data":{"task_id":"n', length=900)
DEEP = "[" * 600 + "]" * 600
HUGE = '{"code":200,"data":{"task_id":"' + TASK + '","status":"IN_PROGRESS","credits_used":1' + "0" * 400 + "}}"
LOST = {
    "500": response({"error": "oops"}, 500),
    "503 as a web page": response("<h1>Busy</h1>", 503, "text/html"),
    "500 nested 600 deep": response(DEEP, 500),
    "reset": reset(),
    "hung up": hang_up(),
    "web page": HTML,
    "cut off": CUT,
    "no task id": response({"code": 200, "data": {}}),
    "a code in superscript": response('{"code":"²","data":{}}'),
}
PROBLEMS = {
    **LOST,
    "404": response({"error": {"message": "No such task"}}, 404),
    "401": response({}, 401),
    "429": response({}, 429, headers={"Retry-After": "0"}),
    "unknown word": response({"task_id": TASK, "status": "THAWING"}),
    "a number beyond floats": response(HUGE),
}


@pytest.mark.parametrize("answer", [*LOST.values(), endless(b" ", 0.05)], ids=[*LOST, "a byte at a time for ever"])
async def test_a_lost_answer_makes_the_job_uncertain_and_is_not_sent_again(
    catalog: Catalog, tmp_path: Path, answer: Answer
) -> None:
    """Something may have been accepted: the job says so, and only the visitor may ask again."""
    async with visitors_setup(catalog, tmp_path, {"post": [answer, created()]}, deadline_s=1) as setup:
        job = await settled(setup.job_service, await setup.start())
        await workers_ended()

    assert (job.state, job.problem.code) == (JobState.UNCERTAIN, "lost")
    assert job.problem.charged == AnswerLost.charged
    assert [request.method for request in setup.upstream.requests] == ["POST"]


async def test_an_upstream_that_is_not_there_was_sent_nothing(catalog: Catalog, tmp_path: Path) -> None:
    """A refused connection proves that the request never left."""
    async with visitors_setup(catalog, tmp_path) as setup:
        nowhere = dataclasses.replace(setup.payer, base_url="http://127.0.0.1:9")
        job = await settled(setup.job_service, await setup.start(payer=nowhere))

    assert (job.state, job.problem.charged) == (JobState.FAILED, "Nothing was charged.")


async def test_polls_may_fail_in_any_way_and_the_job_still_ends_done(catalog: Catalog, tmp_path: Path) -> None:
    """No failed poll says anything about the task; it is asked again, and the POST is not."""

    async def run(name: str, fault: Answer) -> tuple[object, ...]:
        async with visitors_setup(catalog, tmp_path / name, {"poll": [fault, fault, finished()]}) as setup:
            job = await settled(setup.job_service, await setup.start())
        return job.state, job.problem, job.task_id, len(setup.upstream.posts), len(setup.upstream.polls)

    ends = await asyncio.gather(*(run(name, fault) for name, fault in PROBLEMS.items()))

    assert dict(zip(PROBLEMS, ends, strict=True)) == dict.fromkeys(PROBLEMS, (JobState.DONE, None, TASK, 1, 3))


async def test_an_unknown_state_is_named_after_a_few_polls(catalog: Catalog, tmp_path: Path) -> None:
    """And polled on, with Stop offered, until the pictures are there or the deadline passes."""
    async with visitors_setup(catalog, tmp_path, {"poll": [PROBLEMS["unknown word"]] * 5 + [finished()]}) as setup:
        started = await setup.start()
        shown = [job async for job in setup.job_service.watch(started.id, "ann")]

    notes = {job.polls: job.status_note for job in shown if job.state is JobState.RUNNING}
    named = 'The service says "THAWING", a state that this page does not know. Polling goes on; Stop ends it.'
    assert [notes[polls] for polls in (1, 2, 3, 5)] == ["", "", named, named]
    assert (shown[-1].state, shown[-1].status_note, len(setup.upstream.polls)) == (JobState.DONE, "", 6)


async def test_polls_that_fail_until_the_deadline_leave_an_overdue_job(catalog: Catalog, tmp_path: Path) -> None:
    """Also an answer that comes a byte at a time for ever does not carry a job past its deadline."""
    faults = {"500": response({}, 500), "reset": reset(), "html": HTML, "slow": endless(b" ", 0.05)}

    async def run(name: str, fault: Answer) -> tuple[object, ...]:
        async with visitors_setup(catalog, tmp_path / name, {"poll": [fault]}, deadline_s=1) as setup:
            job = await settled(setup.job_service, await setup.start())
        return job.state, job.problem.code, TASK in job.problem.what, len(setup.upstream.posts)

    ends = await asyncio.gather(*(run(name, fault) for name, fault in faults.items()), return_exceptions=True)

    assert dict(zip(faults, ends, strict=True)) == dict.fromkeys(faults, (JobState.OVERDUE, "timeout", True, 1))


@pytest.mark.parametrize("with_id", [True, False], ids=["with a task id", "without one"])
async def test_a_create_answer_may_be_the_result_at_once(catalog: Catalog, tmp_path: Path, with_id: bool) -> None:
    """Nothing is polled then."""
    async with visitors_setup(catalog, tmp_path, {"post": [finished(2, with_id=with_id)]}) as setup:
        job = await settled(setup.job_service, await setup.start())

    assert (job.state, len(job.pictures)) == (JobState.DONE, 2)
    assert (len(setup.upstream.posts), len(setup.upstream.polls)) == (1, 0)


async def test_a_few_more_pictures_than_requested_are_kept(catalog: Catalog, tmp_path: Path) -> None:
    """Whether they come at once or by a poll; a reply with a hundred is not followed a hundred times."""
    nine = build_request(catalog, "kling-image-o1", {"prompt": "A red kite", "num_images": 9})
    for name, answers in (("at once", {"post": [finished(100)]}), ("by a poll", {"poll": [finished(100)]})):
        async with visitors_setup(catalog, tmp_path / name, answers) as setup:
            job = await settled(setup.job_service, await setup.job_service.submit(nine, setup.payer, "ann"))

        assert (job.state, len(job.pictures)) == (JobState.DONE, 13), name


async def test_a_429_is_waited_for_noted_and_then_sent(catalog: Catalog, tmp_path: Path) -> None:
    """The first POST created nothing, so a second one follows, but not before the requested time."""
    limited = response({"error": "slow down"}, 429, headers={"Retry-After": "1"})
    async with visitors_setup(catalog, tmp_path, {"post": [limited, created()]}) as setup:
        started = await setup.start()
        shown = [job async for job in setup.job_service.watch(started.id, "ann")]

    waiting = [job for job in shown if job.state is JobState.QUEUED and job.status_note]
    assert waiting[-1].status_note == "The service asks to wait 1 s; nothing was created."
    assert (shown[-1].state, shown[-1].status_note) == (JobState.DONE, "")
    first, second = setup.upstream.posts
    assert second.at - first.at >= 1
    assert first.content == second.content


async def test_stopping_while_queued_sends_nothing_more(catalog: Catalog, tmp_path: Path) -> None:
    """Queued behind a 429: nothing exists at the service, and the note of waiting is gone."""
    async with visitors_setup(
        catalog, tmp_path, {"post": [response({}, 429, headers={"Retry-After": "1"}), created()]}
    ) as setup:
        started = await setup.start()
        async for job in setup.job_service.watch(started.id, "ann"):
            if job.status_note:
                await setup.job_service.stop(job.id, "ann")
        await workers_ended()

    assert (job.state, job.problem.code, job.status_note) == (JobState.STOPPED, "stopped", "")
    assert job.problem.charged == "Nothing was charged."
    assert len(setup.upstream.requests) == 1


AFTER_STOP = {
    "accepted": (created(), JobState.STOPPED, "It may still finish and be charged."),
    "500": (response({}, 500), JobState.UNCERTAIN, AnswerLost.charged),
    "401": (response({}, 401), JobState.FAILED, "Nothing was charged."),
    "429": (response({}, 429), JobState.STOPPED, "Nothing was charged."),
}


@pytest.mark.parametrize(("then", "state", "charged"), AFTER_STOP.values(), ids=AFTER_STOP)
async def test_stopping_while_submitting_waits_for_the_answer_and_sends_nothing_more(
    catalog: Catalog, tmp_path: Path, then: Answer, state: JobState, charged: str
) -> None:
    """The request is on its way, so its answer decides what is said about the charge."""
    gate = asyncio.Event()
    async with visitors_setup(catalog, tmp_path, {"post": [answer_after(gate, then)]}) as setup:
        job = await setup.start()
        await setup.upstream.wait_for("posts")
        await setup.job_service.stop(job.id, "ann")
        gate.set()
        job = await settled(setup.job_service, job)
        await workers_ended()

    assert (job.state, job.problem.charged) == (state, charged)
    assert len(setup.upstream.requests) == 1


async def test_stopping_while_running_ends_the_polling(catalog: Catalog, tmp_path: Path) -> None:
    """The task continues at the service: the message has its id and says that it may be charged."""
    async with visitors_setup(catalog, tmp_path, {"poll": [running()]}) as setup:
        job = await setup.start()
        await setup.upstream.wait_for("polls", 2)
        job = await setup.job_service.stop(job.id, "ann")
        await workers_ended()
        sent = len(setup.upstream.requests)
        assert await settled(setup.job_service, job) == await setup.job_service.find(job.id, "ann")

    assert (job.state, job.problem.charged) == (JobState.STOPPED, "It may still finish and be charged.")
    assert TASK in job.problem.what
    assert len(setup.upstream.requests) == sent


@pytest.mark.parametrize("with_id", [True, False], ids=["with a task id", "without one"])
async def test_stopping_while_pictures_are_fetched_keeps_the_charge_in_sight(
    catalog: Catalog, tmp_path: Path, with_id: bool
) -> None:
    """The task is done and paid: never "nothing was charged", its credits still count, and it can be resumed."""
    gate = asyncio.Event()
    async with visitors_setup(
        catalog, tmp_path, {"post": [finished(with_id=with_id)], "file": [answer_after(gate, picture())]}
    ) as setup:
        job = await setup.start()
        await setup.upstream.wait_for("files")
        job = await setup.job_service.stop(job.id, "ann")
        await workers_ended()
        gate.set()
        resumed = await settled(setup.job_service, await setup.job_service.check_again(job.id, setup.payer, "ann"))

    assert job.problem.charged != "Nothing was charged."
    assert job.spent == job.credits
    assert job.state is JobState.STOPPED
    assert (resumed.state, len(resumed.pictures), len(setup.upstream.posts)) == (JobState.DONE, 1, 1)


@pytest.mark.parametrize("how", ["overdue", "stopped"])
async def test_checking_again_finishes_the_job_without_a_post(catalog: Catalog, tmp_path: Path, how: str) -> None:
    """The task id is enough; what the first look left behind is cleared."""
    async with visitors_setup(catalog, tmp_path, {"poll": [running()]}, deadline_s=1) as setup:
        job = await setup.start()
        if how == "stopped":
            await setup.upstream.wait_for("polls")
            await setup.job_service.stop(job.id, "ann")
        left = await settled(setup.job_service, job)
        await workers_ended()
        setup.upstream.poll = [finished()]
        again = await setup.job_service.check_again(job.id, setup.payer, "ann")
        done = await settled(setup.job_service, again)

    assert (left.settled, left.task_id) == (True, TASK)
    assert (again.state, again.problem) == (JobState.RUNNING, None)
    assert (done.state, len(done.pictures), len(setup.upstream.posts)) == (JobState.DONE, 1, 1)


ECHO = {"error": {"message": f"Bad key {KEY}", "key": KEY}}
ECHOES: dict[str, tuple[Sequence[Answer], Sequence[Answer]]] = {
    "refused": ([response(ECHO, 401)], []),
    "failing": ([response(ECHO, 500)], []),
    "a page": ([response(f"<p>{KEY}</p>", kind="text/html")], []),
    "an unknown state": ([], [response({"task_id": TASK, "status": KEY})]),
    "the task's reason": ([], [response({"task_id": TASK, "status": "failed", "error_message": f"for {KEY}"})]),
    "every poll": ([], [response(ECHO, 403)]),
    **{f"cut at {cut}": ([response("x" * (cut - 20) + KEY, 500, "text/plain")], []) for cut in (300, 2000)},
    "a reason cut at 600": ([response({"error": "x" * 580 + KEY}, 400)], []),
    "a state cut at 60": ([], [response({"task_id": TASK, "status": "x" * 40 + KEY})]),
}


@pytest.mark.parametrize(("post", "poll"), ECHOES.values(), ids=ECHOES)
async def test_a_key_that_the_service_repeats_reaches_no_record(
    catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture, post: Sequence[Answer], poll: Sequence[Answer]
) -> None:
    """Neither the key nor a part of it is in a job, a problem, a log record or a repr."""
    caplog.set_level(logging.DEBUG)
    async with visitors_setup(catalog, tmp_path, {"post": post, "poll": poll}, deadline_s=0.8) as setup:
        job = await settled(setup.job_service, await setup.start())
        shown = [
            repr(job),
            str(job.problem),
            repr(job.problem),
            repr(setup.payer),
            repr(vars(setup.job_service)),
            caplog.text,
        ]

    assert job.problem is not None
    assert setup.upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert [text for text in shown if KEY[:12] in text] == []
