"""A job ends soon after its deadline, however slowly the service answers and however many others wait for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from components.catalog.models import Catalog
from components.jobs.job import JobState
from tests.jobs.conftest import FAST
from tests.jobs.job_setup import JobSetup, job_setup
from tests.jobs.scripted_upstream import Upstream, finished, picture, settled

DEADLINE_S, LAST_TRY_S, BUSY_S = 1.5, 0.9, 4.0  # the last is for a busy machine; without a bound it took 11 s
TIMINGS = replace(FAST, last_try=LAST_TRY_S)
JOBS = 40  # several times as many as have a request in flight at once


async def dripping(_: Upstream, writer: asyncio.StreamWriter) -> None:
    """An answer whose head arrives a byte at a time, and never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def seconds_after_sending(setup: JobSetup, number: int) -> tuple[JobState, float]:
    job = await settled(setup.job_service, await setup.start(prompt=f"kite {number}"))
    return job.state, time.time() - (job.sent_at or 0.0)


async def test_polls_whose_answers_drip_end_with_the_deadline_and_one_last_poll(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Also with many jobs: none waits for the answers of all others."""
    options = {"deadline_s": DEADLINE_S, "timings": TIMINGS}
    async with job_setup(catalog, url, tmp_path, {"poll": [dripping]}, **options) as setup:
        ends = await asyncio.gather(*(seconds_after_sending(setup, number) for number in range(JOBS)))

    assert {state for state, _ in ends} == {JobState.OVERDUE}
    assert max(seconds for _, seconds in ends) < DEADLINE_S + LAST_TRY_S + BUSY_S


async def test_the_last_poll_still_finds_a_task_that_is_done(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The answers before it dripped until the deadline; its picture is given time as well."""
    scripts = {"poll": [dripping, finished()], "file": [picture()]}
    options = {"deadline_s": DEADLINE_S, "timings": TIMINGS}
    async with job_setup(catalog, url, tmp_path, scripts, **options) as setup:
        job = await setup.ended()

    assert (job.state, len(job.pictures), len(setup.upstream.polls)) == (JobState.DONE, 1, 2)
