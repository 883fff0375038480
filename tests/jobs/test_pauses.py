"""A 429 pauses a model at its service for all jobs, once and for as long as it asks; nothing else is held up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from components.api import ApiClient
from components.api.limiter import RequestLimiter
from components.api.refusals import LONGEST_WAIT_S, read_retry_after
from components.catalog.models import Catalog
from components.errors import RateLimited
from components.jobs.job import JobState, Timings
from components.jobs.metrics import Metrics
from components.jobs.pacing import PacedClient
from components.pictures.fetch import open_fetch_client
from tests.jobs.processes import PLAIN, account, count, process, submit, wait_for_job
from tests.jobs.scripted_upstream import (
    TASK,
    Answer,
    Upstream,
    created,
    finished,
    response,
    running,
    scripted_upstream,
    settled,
)

OTHER = "ideogram-v3"


def limited(after: str | None = "0.6") -> Answer:
    headers: Mapping[str, str] = {} if after is None else {"Retry-After": after}
    return response({"error": "slow down"}, 429, headers=headers)


def gaps(upstream: Upstream) -> list[float]:
    """Seconds from the first request to each later one."""
    return [request.at - upstream.requests[0].at for request in upstream.requests[1:]]


async def test_a_pause_on_a_request_holds_for_every_job_of_that_model(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Those that come later send nothing before the time is over; then each is sent once."""
    async with scripted_upstream(post=[limited(), created()]) as upstream, process(catalog, url, tmp_path) as job_service:
        host = account(catalog, upstream.address)
        first = await submit(job_service, catalog, host)
        await wait_for_job(job_service, first, status_note="The service asks to wait 1 s; nothing was created.")
        jobs = [first, *[await submit(job_service, catalog, host, f"kite {number}") for number in range(5)]]
        ends = [await settled(job_service, job) for job in jobs]

    assert {end.state for end in ends} == {JobState.DONE}
    assert min(gaps(upstream)) >= 0.6
    assert (len(upstream.posts), count(job_service, "rate_limits_total", model=PLAIN)) == (7, 1)


async def test_other_models_and_services_are_not_paused(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """They have limits of their own."""
    async with scripted_upstream(post=[limited("60"), created()]) as upstream, scripted_upstream() as elsewhere:
        async with process(catalog, url, tmp_path, deadline_s=500) as job_service:
            host = account(catalog, upstream.address)
            paused = await submit(job_service, catalog, host)
            await wait_for_job(job_service, paused, status_note="The service asks to wait 60 s; nothing was created.")
            jobs = [
                await submit(job_service, catalog, host, model=OTHER),
                await submit(job_service, catalog, account(catalog, elsewhere.address)),
            ]
            ends = [await settled(job_service, job) for job in jobs]
            waiting = await job_service.find(paused.id, "ann")

    assert {end.state for end in ends} == {JobState.DONE}
    assert (waiting.state, waiting.reserved) == (JobState.QUEUED, 0)


async def test_a_pause_on_a_poll_holds_for_every_job_of_that_model(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Requests as well as polls, those of jobs that run already included; the tasks are not lost over it."""
    async with scripted_upstream(poll=[running()]) as upstream, process(catalog, url, tmp_path) as job_service:
        host = account(catalog, upstream.address)
        jobs = [await submit(job_service, catalog, host, f"kite {number}") for number in range(4)]
        for job in jobs:
            await wait_for_job(job_service, job, state=JobState.RUNNING)
        before, upstream.poll = len(upstream.polls), [*[running()] * len(upstream.polls), limited("1"), finished()]
        async with asyncio.timeout(60):
            while not count(job_service, "rate_limits_total", model=PLAIN):  # noqa: ASYNC110  # what is waited for says nothing by itself
                await asyncio.sleep(0.005)
        limited_at = upstream.polls[before].at
        jobs.append(await submit(job_service, catalog, host, "one more kite"))
        ends = [await settled(job_service, job) for job in jobs]

    assert {end.state for end in ends} == {JobState.DONE}
    # Polls of the three others may be on their way in the very moment of the answer.
    early = [request for request in upstream.requests if 0 < request.at - limited_at < 1]
    assert len(early) <= 3
    assert upstream.posts[4].at - limited_at >= 1
    assert len(upstream.posts) == 5


async def test_a_date_is_waited_for(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """``Retry-After`` may be a time of day, in whole seconds."""
    at = datetime.now(UTC) + timedelta(seconds=3)
    async with scripted_upstream(post=[limited(format_datetime(at, usegmt=True)), created()]) as upstream:
        async with process(catalog, url, tmp_path) as job_service:
            host = account(catalog, upstream.address)
            done = await settled(job_service, await submit(job_service, catalog, host))

    assert done.state is JobState.DONE
    assert min(gaps(upstream)) >= 1
    assert done.sent_at >= at.replace(microsecond=0).timestamp() - 0.05


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", 0), ("7", 7), ("1.5", 1.5), ("1000000000", LONGEST_WAIT_S), ("999999999999", LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_S), ("Mon, 01 Jan 1990 00:00:00 GMT", 0),
        ("-5", None), ("soon", None), ("", None), ("1e9", None), ("nan", None), (None, None),
    ],
)  # fmt: skip
async def test_retry_after_becomes_seconds_to_wait(header: str | None, wait: float | None) -> None:
    """At most two minutes; None where the header is unusable."""
    assert read_retry_after({} if header is None else {"retry-after": header}) == wait


@pytest.mark.parametrize(("header", "seconds"), [("1000000000", 120), ("soon", 5), (None, 5)])
async def test_the_status_note_says_how_long_the_wait_is(
    catalog: Catalog, url: str, tmp_path: Path, header: str | None, seconds: int
) -> None:
    """The wait that is observed, not the one that was requested."""
    async with (
        scripted_upstream(post=[limited(header)]) as upstream,
        process(catalog, url, tmp_path, deadline_s=500, timings=Timings()) as job_service,
    ):
        job = await submit(job_service, catalog, account(catalog, upstream.address))
        waiting = await wait_for_job(
            job_service, job, status_note=f"The service asks to wait {seconds} s; nothing was created."
        )

    assert (waiting.state, len(upstream.posts)) == (JobState.QUEUED, 1)


async def test_a_wait_beyond_the_deadline_ends_the_job_at_once(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Nobody waits for what will not be sent; nothing was charged."""
    async with (
        scripted_upstream(post=[limited("100")]) as upstream,
        process(catalog, url, tmp_path, deadline_s=20) as job_service,
    ):
        job = await settled(job_service, await submit(job_service, catalog, account(catalog, upstream.address)))

    assert (job.state, job.problem.code, job.problem.charged) == (JobState.FAILED, "rate", "Nothing was charged.")
    assert (len(upstream.posts), job.spent, job.reserved) == (1, 0, 0)


async def test_a_request_that_is_sent_just_before_the_deadline_is_given_time_for_its_answer(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """It may have been charged. Its task is polled once, although the deadline has passed."""

    async def slowly(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.2)
        await created()(upstream, writer)

    async with (
        scripted_upstream(post=[limited("1.2"), slowly], poll=[running()]) as upstream,
        process(catalog, url, tmp_path, deadline_s=2) as job_service,
    ):
        payer = account(catalog, upstream.address)
        job = await settled(job_service, await submit(job_service, catalog, payer))
        polls, upstream.poll = len(upstream.polls), [finished()]
        done = await settled(job_service, await job_service.check_again(job.id, payer, job.visitor))

    assert (job.state, job.task_id, polls) == (JobState.OVERDUE, TASK, 1)
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 2)


async def test_a_longer_pause_is_not_cut_short_by_a_shorter_one() -> None:
    """Two answers of the same moment: the service meant both."""
    async with open_fetch_client() as http:
        client = PacedClient(ApiClient(http), RequestLimiter(), Metrics(), Timings())
        client.pause(("x", "model"), RateLimited("slow down", retry_after=100))
        left = client.pause(("x", "model"), RateLimited("slow down", retry_after=1))

    assert left == pytest.approx(100, abs=0.5)
    assert client.paused(("x", "another")) == client.paused(("y", "model")) == 0


@pytest.mark.parametrize(
    ("poll", "state"),
    [
        (finished(), JobState.DONE),
        (response({"data": {"status": "failed", "error": "out of paint"}}), JobState.FAILED),
        (running(), JobState.OVERDUE),
        (running(), JobState.STOPPED),
    ],
    ids=lambda value: str(getattr(value, "value", "")),
)
async def test_what_a_job_waited_for_is_not_shown_once_it_has_ended(
    catalog: Catalog, url: str, tmp_path: Path, poll: Answer, state: JobState
) -> None:
    """A 429 to the request and one to a poll, then any end: neither the record nor what is shown has a note of them."""
    async with (
        scripted_upstream(post=[limited("0.1"), created()], poll=[limited("0.1"), poll]) as upstream,
        process(catalog, url, tmp_path, deadline_s=3 if state is JobState.OVERDUE else 20) as job_service,
    ):
        job = await submit(job_service, catalog, account(catalog, upstream.address))
        if state is JobState.STOPPED:
            await upstream.wait_for("polls", 2)
            await job_service.stop(job.id, "ann")
        shown = await settled(job_service, job)
        recorded = await job_service.store.get(job.id)

    assert (shown.state, "asks to wait" in shown.status_note, recorded.status_note) == (state, False, shown.status_note)
