"""Callbacks never cost time: polls are left out only where callbacks are known to arrive, and never at a deadline."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.callbacks import score_missed, score_received
from components.jobs.job import JobState
from components.jobs.store.learned import LearnedStore
from tests.jobs.callbacks import callback_address, callback_server
from tests.jobs.conftest import FAST
from tests.jobs.processes import WITH_CALLBACK, account, process, submit, wait_for_job
from tests.jobs.scripted_upstream import Answer, Upstream, finished, running, scripted_upstream, settled
from tests.postgres import Postgres

TASK_S, PACE = 2.0, 2.5  # a task of 5 s in the service's range, as fast as the test allows
BASE = "http://page.example"


def done_after(seconds: float) -> Answer:
    """A task that is done so long after the newest POST."""

    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        is_done = time.monotonic() - upstream.posts[-1].at >= seconds
        await (finished() if is_done else running())(upstream, writer)

    return answer


@pytest.mark.parametrize(
    ("seen", "trusted"),
    [("", False), ("r", True), ("rm", False), ("rmr", False), ("rmrrrr", True), ("rrrm", True), ("rrrmm", False), ("rrrmrrm", True)],
)  # fmt: skip
def test_a_missed_callback_is_forgiven_only_after_three_that_arrived(seen: str, trusted: bool) -> None:
    """``r``: one was received, ``m``: one was relied on and missed."""
    score = reduce(lambda score, one: (score_received if one == "r" else score_missed)(score), seen, 0)

    assert (score > 0) is trusted


async def test_without_callbacks_pictures_come_as_soon_as_without_a_public_address(catalog: Catalog, tmp_path: Path) -> None:
    """From the first one, and again after a restart."""

    async def seconds(folder: Path, base: str) -> list[float]:
        times = []
        async with scripted_upstream(poll=[done_after(TASK_S)]) as upstream:
            for _ in range(2):
                async with process(catalog, f"sqlite:///{folder}.db", folder, callback_base=base) as job_service:
                    payer = account(catalog, upstream.address, pace=PACE)
                    job = await settled(job_service, await submit(job_service, catalog, payer, model=WITH_CALLBACK))
                    times.append(job.finished_at - job.sent_at)
        return times

    without, with_address = await asyncio.gather(seconds(tmp_path / "1", ""), seconds(tmp_path / "2", BASE))

    assert all(TASK_S < one < 1.1 * other + 0.5 for one, other in zip(with_address, without, strict=True))


async def test_callbacks_are_relied_on_once_one_has_arrived_and_after_a_restart(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """One that is missed ends that. At another address of this page none has arrived yet."""
    async with scripted_upstream() as upstream:

        async def first_poll(base: str = BASE, *, called: bool = False) -> float:
            """Seconds from the POST to the first GET of a job in a new process; with that GET, or a callback, its task is done."""
            posts, polls, upstream.poll = len(upstream.posts), len(upstream.polls), [running()]
            async with callback_server(catalog, url, tmp_path, upstream, pace=8.0, base=base) as server:
                job = await server.start(prompt=f"Kite {posts}")
                await wait_for_job(server.job_service, job, state=JobState.RUNNING)
                if called:
                    upstream.poll = [finished()]
                    await server.call(callback_address(upstream, posts))
                await upstream.wait_for("polls", polls + 1)
                upstream.poll = [finished()]
                await settled(server.job_service, job)
            return upstream.polls[polls].at - upstream.posts[posts].at

        before = await first_poll()
        await first_poll(called=True)
        elsewhere, relied, doubted = await first_poll("http://new.example"), await first_poll(), await first_poll()

    assert relied > 1.6 * max(before, elsewhere)
    assert doubted < relied / 1.6


@pytest.mark.parametrize(("latest", "scores"), [(5.0, [1]), (0.0, [])])
async def test_a_callback_long_after_the_end_is_not_relied_on(
    catalog: Catalog, url: str, tmp_path: Path, latest: float, scores: list[int]
) -> None:
    """Polling had found the end long before. One that comes a moment after it would have been as good."""
    timings = replace(FAST, latest_callback=latest)
    async with (
        scripted_upstream() as upstream,
        callback_server(catalog, url, tmp_path, upstream, pace=1000, timings=timings) as server,
    ):
        job = await settled(server.job_service, await server.start())
        await server.call(callback_address(upstream))
        recorded = await LearnedStore(server.job_service.store.transactions).callback_scores(server.base)

    assert job.state is JobState.DONE
    assert list(recorded.values()) == scores


async def test_a_callback_to_another_process_triggers_a_poll_and_is_not_relied_on(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """The process that follows the task learns of it at its next heartbeat, which polling would not have waited for."""
    async with scripted_upstream(poll=[running()]) as upstream:
        with postgres.fresh() as url:
            async with callback_server(catalog, url, tmp_path, upstream, base=BASE) as first:
                learned = LearnedStore(first.job_service.store.transactions)
                upstream_model = first.service.base_url, WITH_CALLBACK
                await learned.change_callback_score(BASE, *upstream_model, lambda _: 1)
                async with callback_server(catalog, url, tmp_path, upstream, base=BASE) as second:
                    job = await wait_for_job(second.job_service, await second.start(), state=JobState.RUNNING)
                    upstream.poll = [finished()]
                    await first.call(callback_address(upstream))
                    done = await settled(second.job_service, job)
                    scores = await learned.callback_scores(BASE)

    assert (done.state, len(upstream.posts), len(upstream.polls)) == (JobState.DONE, 1, 1)
    assert scores == {upstream_model: -3}


async def test_a_callback_before_the_end_never_delays_the_next_poll(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Polls for callbacks keep a distance, which the schedule does not wait for."""
    timings = replace(FAST, between_callback_polls=60.0)
    async with scripted_upstream(poll=[running(), running(), finished()]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream, pace=20, timings=timings) as server:
            job = await server.start()
            await upstream.wait_for("polls")
            await server.call(callback_address(upstream))
            done = await settled(server.job_service, job)

    assert (done.state, len(upstream.polls)) == (JobState.DONE, 3)


@pytest.mark.parametrize("called", [False, True], ids=["polled", "relying on callbacks"])
async def test_a_deadline_that_is_shorter_than_the_usual_run_time_works(
    catalog: Catalog, url: str, tmp_path: Path, called: bool
) -> None:
    """The task is polled halfway and once more at the deadline: no job becomes overdue without a poll."""
    async with scripted_upstream() as upstream, callback_server(catalog, url, tmp_path, upstream, deadline_s=1.5) as server:
        if called:
            job = await server.start()
            await upstream.wait_for("posts")
            await server.call(callback_address(upstream))
            await settled(server.job_service, job)
        quick = await settled(server.job_service, await server.start(prompt="A quick kite"))
        polls, upstream.poll, begun = len(upstream.polls), [running()], time.monotonic()
        overdue = await settled(server.job_service, await server.start(prompt="A slow kite"))

    assert (quick.state, overdue.state) == (JobState.DONE, JobState.OVERDUE)
    assert upstream.polls[polls].at - upstream.posts[-1].at < 1.2
    assert upstream.polls[-1].at - begun > 1.4
