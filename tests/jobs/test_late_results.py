"""Pictures that are late at their host: tried again at growing intervals, at the start of a process, and with a new key."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.job import JobState
from tests.jobs.job_setup import job_setup
from tests.jobs.processes import account, process, submit, wait_for_job
from tests.jobs.scripted_upstream import Answer, Upstream, picture, png, reset, response, scripted_upstream, settled

MISSING = response({}, 404)


async def test_a_late_picture_is_tried_again_at_growing_intervals_with_a_note(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    async with job_setup(catalog, url, tmp_path, {"file": [MISSING] * 9 + [picture()]}) as setup:
        job = await setup.start()
        shown = [one async for one in setup.job_service.watch(job.id, job.visitor)]
        times = [request.at for request in setup.upstream.files]

    notes = {one.status_note for one in shown if one.state is JobState.SAVING and one.status_note}
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert "The picture is not there yet: The picture's host answers 404. Trying again in 1 s." in notes
    assert (shown[-1].state, len(shown[-1].pictures), shown[-1].status_note) == (JobState.DONE, 1, "")
    assert (len(times), len(setup.upstream.posts)) == (10, 1)
    assert gaps[-1] > 3 * gaps[0]


async def test_a_web_page_instead_of_a_picture_at_the_deadline_is_tried_again_later(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """It was seen once, and may be one of the host's own: the job can be checked again and loses nothing."""

    async def page_after_the_deadline(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.0)
        await response("<html>Just a moment", kind="text/html")(upstream, writer)

    scripts = {"file": [page_after_the_deadline, picture()]}
    async with job_setup(catalog, url, tmp_path, scripts, deadline_s=0.8) as setup:
        late = await setup.ended()
        done = await settled(setup.job_service, await setup.job_service.check_again(late.id, setup.payer, "ann"))

    assert (late.state, late.problem and late.problem.code) == (JobState.OVERDUE, "picture")
    assert (done.state, len(done.pictures)) == (JobState.DONE, 1)


@pytest.mark.parametrize("payer", ["host", "visitor"])
async def test_a_starting_process_looks_for_late_pictures_again(
    catalog: Catalog, url: str, tmp_path: Path, payer: str
) -> None:
    """Where it has the key; a visitor's own key has to be given first."""
    async with scripted_upstream(file=[MISSING]) as upstream:
        own = account(catalog, upstream.address, payer)
        async with process(catalog, url, tmp_path, deadline_s=0.5) as job_service:
            late = await settled(job_service, await submit(job_service, catalog, own))
        upstream.file = [picture()]
        async with process(
            catalog, url, tmp_path, find_account=lambda job: own if job.payer == "host" else None
        ) as job_service:
            before = await job_service.store.get(late.id)
            if payer == "visitor":
                assert await job_service.recovery.key_given("ann", own) == 1
            done = await wait_for_job(job_service, late, state=JobState.DONE)

    assert (late.state, late.problem and late.problem.code) == (JobState.OVERDUE, "picture")
    assert before
    assert payer == "host" or before.state is JobState.OVERDUE
    assert (len(done.pictures), len(upstream.posts)) == (1, 1)


@pytest.mark.parametrize("fault", [response({}, 403), response({}, 500), picture(png()[:-200]), reset()])
async def test_a_picture_whose_only_download_before_a_short_deadline_was_refused_is_not_lost(
    catalog: Catalog, url: str, tmp_path: Path, fault: Answer
) -> None:
    """Check again fetches it, and so does a starting process; nothing is sent twice."""
    async with scripted_upstream(file=[fault]) as upstream:
        own = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, find_account=lambda _: own, deadline_s=0.4) as job_service:
            checked = await settled(job_service, await submit(job_service, catalog, own))
            left = await settled(job_service, await submit(job_service, catalog, own, "another kite"))
            upstream.file = [picture()]
            await job_service.check_again(checked.id, own, "ann")
            checked_again = await settled(job_service, checked)
        async with process(catalog, url, tmp_path, find_account=lambda _: own) as job_service:
            recovered = await wait_for_job(job_service, left, state=JobState.DONE)

    assert (checked.state, left.state) == (JobState.OVERDUE, JobState.OVERDUE)
    assert [(job.state, len(job.pictures)) for job in (checked_again, recovered)] == [(JobState.DONE, 1)] * 2
    assert len(upstream.posts) == 2
