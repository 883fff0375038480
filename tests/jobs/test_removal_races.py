"""What may come in the moment in which a job is removed or noted, or afterwards; on both databases."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.jobs.job import ENDED, Job, JobState
from components.jobs.store.history import JobFilter
from tests.jobs.callbacks import callback_address, callback_server
from tests.jobs.conftest import raw_connection
from tests.jobs.job_setup import BUSY, LOST, SECRET, job_setup
from tests.jobs.processes import record, wait_for_job
from tests.jobs.scripted_upstream import (
    TIMEOUT_S,
    answer_after,
    created,
    finished,
    picture,
    response,
    running,
    scripted_upstream,
    settled,
    workers_ended,
)

# -- what may come afterwards --------------------------------------------------------------------


async def test_the_callback_of_a_removed_job_does_not_bring_it_back(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Its answer was lost and its visitor removed it: nothing is polled, fetched or kept."""
    async with scripted_upstream(post=[LOST]) as upstream:
        async with callback_server(catalog, database_url, tmp_path, upstream) as setup:
            job = await settled(setup.job_service, await setup.start(prompt=SECRET))
            spent = await setup.job_service.store.spending.today()
            await setup.job_service.remover.remove(job.id)
            removed = await record(setup.job_service, job.id)
            answers = await setup.call(callback_address(upstream), times=3)
            await workers_ended()
            row, files = await record(setup.job_service, job.id), list(setup.job_service.pictures.storage.files())
            unfinished, after = (
                await setup.job_service.store.unfinished("ann"),
                await setup.job_service.store.spending.today(),
            )

    assert job.state is JobState.UNCERTAIN
    assert set(answers) <= {200, 204, 404}
    assert (upstream.polls, upstream.files, files, unfinished) == ([], [], [], [])
    assert (row, row.removed, row.job.pictures, row.job.body) == (removed, True, (), {})
    assert after.total == spent.total


async def test_the_callback_of_a_removed_finished_job_changes_nothing(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    async with scripted_upstream() as upstream:
        async with callback_server(catalog, database_url, tmp_path, upstream, pace=1000) as setup:
            job = await settled(setup.job_service, await setup.start(prompt=SECRET))
            await setup.job_service.remover.remove(job.id)
            removed, sent = await record(setup.job_service, job.id), len(upstream.requests)
            await setup.call(callback_address(upstream), times=3)
            await workers_ended()
            row = await record(setup.job_service, job.id)

    assert (job.state, row, len(upstream.requests)) == (JobState.DONE, removed, sent)


async def test_a_lost_job_that_is_being_looked_for_can_be_removed_at_once(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """A callback has named its task, which the service does not know yet: removal does not wait, and polling ends."""
    async with scripted_upstream(post=[LOST], poll=[response({}, 404)]) as upstream:
        async with callback_server(catalog, database_url, tmp_path, upstream, deadline_s=60) as setup:
            job = await settled(setup.job_service, await setup.start(prompt=SECRET))
            await setup.call(callback_address(upstream))
            await upstream.wait_for("polls")
            async with asyncio.timeout(TIMEOUT_S):
                await setup.job_service.remover.remove(job.id)
            sent, upstream.poll = len(upstream.polls), [finished()]
            await workers_ended()
            row, files = await record(setup.job_service, job.id), list(setup.job_service.pictures.storage.files())

    assert (row.removed, row.job.state, row.job.pictures, files) == (True, JobState.ABANDONED, (), [])
    assert len(upstream.polls) - sent <= 1


async def test_a_job_that_is_repaired_while_it_is_removed_leaves_no_picture(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """The task that a callback has named turns up in that very moment."""
    gate = asyncio.Event()
    async with scripted_upstream(post=[LOST], poll=[answer_after(gate, finished())]) as upstream:
        async with callback_server(catalog, database_url, tmp_path, upstream) as setup:
            job = await settled(setup.job_service, await setup.start(prompt=SECRET))
            await setup.call(callback_address(upstream))
            await upstream.wait_for("polls")
            removing = asyncio.create_task(setup.job_service.remover.remove(job.id))
            await asyncio.sleep(0.2)
            gate.set()
            await removing
            await workers_ended()
            row, files = (
                await record(setup.job_service, job.id),
                {item.name for item in setup.job_service.pictures.storage.files()},
            )

    assert files == {picture.name for picture in row.job.pictures}
    assert not row.removed or (row.job.pictures, row.job.state in (JobState.ABANDONED, JobState.DONE)) == ((), True)


async def test_removing_and_checking_again_at_once_leaves_no_hidden_running_job(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Either it is removed, or it is unchanged and the removal says so."""
    async with job_setup(catalog, database_url, tmp_path, {"poll": [running()]}) as setup:
        for number in range(10):
            setup.upstream.poll = [running()]
            job = await setup.start()
            await setup.upstream.wait_for("polls", len(setup.upstream.polls) + 1)
            await setup.job_service.stop(job.id, "ann")
            setup.upstream.poll = [finished()]
            calls = [setup.job_service.remover.remove(job.id), setup.job_service.check_again(job.id, setup.payer, "ann")]
            answers = await asyncio.gather(*(calls if number % 2 else calls[::-1]), return_exceptions=True)
            await workers_ended()
            row = await setup.record(job)
            assert row.removed or False in answers
            assert not row.removed or (row.job.state in ENDED, row.job.pictures) == (True, ())
            assert setup.files() == {picture.name for picture in row.job.pictures}
            if not row.removed:
                await setup.job_service.remover.remove(job.id)


async def test_a_note_written_during_the_removal_is_removed_too(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """Two tabs: one writes, one removes. Nothing that was written is kept of a removed job."""
    async with job_setup(catalog, database_url, tmp_path) as setup:
        for number in range(10):
            job = await setup.ended()
            calls = [setup.job_service.remover.remove(job.id), setup.job_service.note(job.id, "ann", SECRET)]
            await asyncio.gather(*(calls if number % 2 else calls[::-1]), return_exceptions=True)
            row = await setup.record(job)
            assert (row.removed, row.note) == (True, "")
        with raw_connection(database_url) as connection:
            raw = json.dumps(connection.execute("SELECT * FROM history").fetchall(), default=str)

    assert SECRET.casefold() not in raw.casefold()


# -- notes beside a job that goes on -----------------------------------------------------------

MOMENTS: dict[str, tuple[JobState, dict[str, Any]]] = {
    "it waits in the queue": (JobState.QUEUED, {"post": [BUSY, created()]}),
    "it is being sent": (JobState.SUBMITTING, {"post": [created()]}),
    "it runs": (JobState.RUNNING, {"poll": [finished()]}),
    "its picture is fetched": (JobState.SAVING, {"file": [picture()]}),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_star_and_a_note_outlive_whatever_the_job_does_next(
    catalog: Catalog, database_url: str, tmp_path: Path, moment: str
) -> None:
    """Given while it is under way, they are seen at once, found, and still there at its end."""
    state, scripts = MOMENTS[moment]
    gate = asyncio.Event()
    kind = next(iter(scripts))
    if state is not JobState.QUEUED:
        scripts = {kind: [answer_after(gate, scripts[kind][0])]}
    async with job_setup(catalog, database_url, tmp_path, scripts) as setup:
        job = await setup.start()
        await setup.upstream.wait_for({"post": "posts", "poll": "polls", "file": "files"}[kind])
        if state is JobState.QUEUED:
            await wait_for_job(setup.job_service, job, status_note="The service asks to wait 20 s; nothing was created.")
        await setup.job_service.note(job.id, "ann", "for mother")
        await setup.job_service.store.history.star("ann", [job.id], starred=True)
        seen = await setup.job_service.entry(job.id, "ann")
        page = await setup.job_service.search("ann", JobFilter(text="MOTHER", starred=True), 5)
        if state is JobState.QUEUED:
            ended = await setup.job_service.stop(job.id, "ann")
        else:
            gate.set()
            ended = await settled(setup.job_service, job)
        row, stars = await setup.record(job), await setup.job_service.store.pictures.starred()

    assert (seen.job.state, seen.note, seen.starred) == (state, "for mother", True)
    assert [one.id for one in page.jobs] == [job.id]
    assert ended.state is (JobState.STOPPED if state is JobState.QUEUED else JobState.DONE)
    assert (row.note, row.starred, stars) == ("for mother", True, {picture.name for picture in ended.pictures})
    assert len(setup.upstream.posts) == 1


async def test_notes_without_end_lose_no_step_of_the_job(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """Eight jobs are written beside from their first to their last moment: each is sent once, polled by its own id, done."""
    scripts = {"poll": [running()] * 20 + [finished()]}
    async with job_setup(catalog, database_url, tmp_path, scripts) as setup:
        jobs = [await setup.start(prompt=f"Kite number {number}") for number in range(8)]

        async def scribble(job: Job) -> str:
            for number in range(1_000):
                entry = await setup.job_service.note(job.id, "ann", f"note {number}")
                assert entry.note == f"note {number}"
                if entry.job.settled:
                    return entry.note
            return ""

        async with asyncio.timeout(60):
            last = await asyncio.gather(*(scribble(job) for job in jobs))
        rows = [await setup.record(job) for job in jobs]
        await workers_ended()
        seen = [await setup.job_service.find(job.id, "ann") for job in jobs]

    assert [str(row.job.state) for row in rows] == ["done"] * 8
    assert [row.note for row in rows] == last
    assert seen == [row.job for row in rows]
    assert len(setup.upstream.posts) == 8
    assert {one.path.rpartition("/")[2] for one in setup.upstream.polls} == {rows[0].job.task_id}
