"""What may come in the moment in which a job is removed or remarked, or afterwards; on both databases."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import InvalidState
from components.jobs.job import ENDED, Job, JobFilter, JobState
from components.jobs.recovery import BEAT_S
from tests.jobs.conftest import beside
from tests.jobs.doorbells import callback, house
from tests.jobs.faulty import GUARD_S, created, finished, held, http, misbehaving, picture, quiet, running, settled
from tests.jobs.processes import account, process, submit, until
from tests.jobs.tables import BUSY, LOST, SECRET, place
from tests.postgres import Postgres

# -- what may come afterwards --------------------------------------------------------------------


async def test_the_callback_of_a_removed_job_does_not_bring_it_back(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Its answer was lost and its visitor has removed it: nothing is asked, fetched or kept for nobody."""
    async with misbehaving(post=[LOST]) as upstream:
        async with house(catalog, database_url, tmp_path, upstream) as here:
            job = await settled(here.runner, await here.start(prompt=SECRET))
            spent = await here.runner.spent_today()
            await here.runner.remove(job.id, "ann")
            removed = await here.runner.store.get(job.id)
            answers = await here.call(callback(upstream), times=3)
            await quiet()
            row, files = await here.runner.store.get(job.id), list(here.runner.pictures.storage.files())
            unfinished, after = await here.runner.store.unfinished("ann"), await here.runner.spent_today()

    assert job.state is JobState.UNCERTAIN
    assert set(answers) <= {200, 204, 404}
    assert (upstream.polls, upstream.files, files, unfinished) == ([], [], [], [])
    assert (row.state, row.removed, row.pictures, row.body) == (removed.state, True, (), {})
    assert after.total == spent.total


async def test_the_callback_of_a_removed_finished_job_changes_nothing(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    async with misbehaving() as upstream:
        async with house(catalog, database_url, tmp_path, upstream, pace=1000) as here:
            job = await settled(here.runner, await here.start(prompt=SECRET))
            await here.runner.remove(job.id, "ann")
            removed, asked = await here.runner.store.get(job.id), len(upstream.seen)
            await here.call(callback(upstream), times=3)
            await quiet()
            row = await here.runner.store.get(job.id)

    assert (job.state, row, len(upstream.seen)) == (JobState.DONE, removed, asked)


async def test_a_lost_job_that_is_being_looked_for_can_be_removed_at_once(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """A callback has named its task and the service does not know it yet: nobody waits minutes for that, nor asks on."""
    async with misbehaving(post=[LOST], poll=[http({}, 404)]) as upstream:
        async with house(catalog, database_url, tmp_path, upstream, deadline_s=60) as here:
            job = await settled(here.runner, await here.start(prompt=SECRET))
            await here.call(callback(upstream))
            await upstream.asked("polls")
            async with asyncio.timeout(GUARD_S):
                await here.runner.remove(job.id, "ann")
            asked, upstream.poll = len(upstream.polls), [finished()]
            await quiet()
            row, files = await here.runner.store.get(job.id), list(here.runner.pictures.storage.files())

    assert (row.removed, row.state, row.pictures, files) == (True, JobState.UNCERTAIN, (), [])
    assert len(upstream.polls) - asked <= 1


async def test_a_job_that_is_found_again_while_it_is_removed_leaves_no_picture(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """The task that a callback has named turns up in that very moment."""
    gate = asyncio.Event()
    async with misbehaving(post=[LOST], poll=[held(gate, finished())]) as upstream:
        async with house(catalog, database_url, tmp_path, upstream) as here:
            job = await settled(here.runner, await here.start(prompt=SECRET))
            await here.call(callback(upstream))
            await upstream.asked("polls")
            removing = asyncio.create_task(here.runner.remove(job.id, "ann"))
            await asyncio.sleep(0.2)
            gate.set()
            with suppress(InvalidState):
                await removing
            await quiet()
            row, files = await here.runner.store.get(job.id), {item.name for item in here.runner.pictures.storage.files()}

    assert files == {kept.name for kept in row.pictures}
    assert not row.removed or (row.pictures, row.state in (JobState.UNCERTAIN, JobState.DONE)) == ((), True)


async def test_removing_and_checking_again_at_once_leave_nothing_that_goes_on_unseen(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Either it is removed for good, or it is there as before, and whoever asked to remove it is told."""
    async with place(catalog, database_url, tmp_path, {"poll": [running()]}) as here:
        for number in range(10):
            here.upstream.poll = [running()]
            job = await here.start()
            await here.upstream.asked("polls", len(here.upstream.polls) + 1)
            await here.runner.stop(job.id, "ann")
            here.upstream.poll = [finished()]
            calls = [here.runner.remove(job.id, "ann"), here.runner.check_again(job.id, here.payer, "ann")]
            answers = await asyncio.gather(*(calls if number % 2 else calls[::-1]), return_exceptions=True)
            await quiet()
            row = await here.row(job)
            told = any(isinstance(answer, InvalidState) for answer in answers)
            assert row.removed or told
            assert not row.removed or (row.state in ENDED, row.pictures) == (True, ())
            assert here.files() == {kept.name for kept in row.pictures}
            if not row.removed:
                await here.runner.remove(job.id, "ann")


async def test_a_remark_beside_the_removal_is_gone_too(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """Two tabs: one writes, one removes. Nothing that was written is kept of a removed job."""
    async with place(catalog, database_url, tmp_path) as here:
        for number in range(10):
            job = await here.ended()
            calls = [
                here.runner.remove(job.id, "ann"),
                here.runner.remark(job.id, "ann", remark=SECRET, starred=True),
            ]
            await asyncio.gather(*(calls if number % 2 else calls[::-1]), return_exceptions=True)
            row = await here.row(job)
            assert (row.removed, row.remark, row.starred) == (True, "", False)
        with beside(database_url) as connection:
            raw = json.dumps(connection.execute("SELECT remark, words FROM jobs").fetchall(), default=str)

    assert SECRET.casefold() not in raw.casefold()


# -- remarks beside a job that goes on -----------------------------------------------------------

MOMENTS: dict[str, tuple[JobState, dict[str, Any]]] = {
    "it waits in the queue": (JobState.QUEUED, {"post": [BUSY, created()]}),
    "it is being sent": (JobState.SUBMITTING, {"post": [created()]}),
    "it runs": (JobState.RUNNING, {"poll": [finished()]}),
    "its picture is fetched": (JobState.RUNNING, {"file": [picture()]}),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_star_and_a_remark_outlive_whatever_the_job_does_next(
    catalog: Catalog, database_url: str, tmp_path: Path, moment: str
) -> None:
    """Given while it is under way, they are seen at once, found, and still there at its end."""
    state, scripts = MOMENTS[moment]
    gate = asyncio.Event()
    kind = next(iter(scripts))
    if state is not JobState.QUEUED:
        scripts = {kind: [held(gate, scripts[kind][0])]}
    async with place(catalog, database_url, tmp_path, scripts) as here:
        job = await here.start()
        await here.upstream.asked({"post": "posts", "poll": "polls", "file": "files"}[kind])
        if state is JobState.QUEUED:
            await until(here.runner, job, note="The service asks to wait 20 s; nothing was created.")
        remarked = await here.runner.remark(job.id, "ann", remark="for mother", starred=True)
        seen = await here.runner.find(job.id, "ann")
        found = await here.runner.search("ann", JobFilter(text="MOTHER", starred=True), 5)
        if state is JobState.QUEUED:
            ended = await here.runner.stop(job.id, "ann")
        else:
            gate.set()
            ended = await settled(here.runner, job)
        row, stars = await here.row(job), await here.runner.store.starred()

    assert (remarked.state, remarked.remark, remarked.starred) == (state, "for mother", True)
    assert (seen.state, seen.remark, seen.starred) == (state, "for mother", True)
    assert [one.id for one in found.jobs] == [job.id]
    assert ended.state is (JobState.STOPPED if state is JobState.QUEUED else JobState.DONE)
    assert (row.remark, row.starred, stars) == ("for mother", True, {kept.name for kept in ended.pictures})
    assert len(here.upstream.posts) == 1


async def test_a_remark_hides_nothing_of_what_the_job_is_doing(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """That its picture is being saved, and how often was asked for it, is known to this process alone."""
    gate = asyncio.Event()
    scripts = {"poll": [running(), running(), finished()], "file": [held(gate, picture())]}
    async with place(catalog, database_url, tmp_path, scripts) as here:
        job = await here.start()
        await here.upstream.asked("files")
        before = await here.runner.find(job.id, "ann")
        await here.runner.remark(job.id, "ann", starred=True)
        after = await here.runner.find(job.id, "ann")
        gate.set()
        done = await settled(here.runner, job)

    assert (before.saving, len(before.waiting), before.polls >= 2) == (True, 1, True)
    assert after == replace(before, starred=True)
    assert (done.state, done.starred) == (JobState.DONE, True)


async def test_remarks_without_end_lose_no_step_of_the_job(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """Eight jobs are written beside from their first to their last moment: each is sent once, polled by its own id, done."""
    scripts = {"poll": [running()] * 20 + [finished()]}
    async with place(catalog, database_url, tmp_path, scripts) as here:
        jobs = [await here.start(prompt=f"Kite number {number}") for number in range(8)]

        async def scribble(job: Job) -> str:
            for number in range(1_000):
                said = await here.runner.remark(job.id, "ann", remark=f"remark {number}", starred=bool(number % 2))
                assert said.remark == f"remark {number}"
                if said.settled:
                    return said.remark
            return ""

        async with asyncio.timeout(60):
            last = await asyncio.gather(*(scribble(job) for job in jobs))
        rows = [await here.row(job) for job in jobs]
        await quiet()
        seen = [await here.runner.find(job.id, "ann") for job in jobs]

    assert [str(row.state) for row in rows] == ["done"] * 8
    assert [row.remark for row in rows] == last
    assert seen == rows
    assert len(here.upstream.posts) == 8
    assert {one.path.rpartition("/")[2] for one in here.upstream.polls} == {rows[0].task_id}


async def test_a_remark_made_at_another_process_is_seen_at_the_one_that_works_on_the_job(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """A visitor's tabs need not be served by the same one."""
    with postgres.fresh() as url:
        async with misbehaving(poll=[running()]) as upstream:
            host = account(catalog, upstream.address)
            async with process(catalog, url, tmp_path) as one, process(catalog, url, tmp_path) as two:
                job = await submit(one, catalog, host)
                await upstream.asked("polls")
                await two.remark(job.id, "ann", remark="for mother", starred=True)
                async with asyncio.timeout(2 * BEAT_S):
                    while not (seen := await one.find(job.id, "ann")).remark:  # noqa: ASYNC110  # seen at the next beat
                        await asyncio.sleep(0.05)
                upstream.poll = [finished()]
                done = await settled(one, job)

    assert (done.state, done.remark, done.starred) == (JobState.DONE, "for mother", True)
    assert (seen.remark, seen.starred) == ("for mother", True)
