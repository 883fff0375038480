"""A visitor removes a job, on both databases: what was asked and drawn is gone, what it cost is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import CapReached, NotFound
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobState
from components.jobs.service import JobService
from components.jobs.store.history import JobFilter
from tests.jobs.conftest import FAST, make_job, raw_connection
from tests.jobs.job_setup import LOST, SECRET, job_setup
from tests.jobs.processes import wait_for_job
from tests.jobs.scripted_upstream import (
    TASK,
    TIMEOUT_S,
    answer_after,
    created,
    finished,
    picture,
    png,
    response,
    running,
    settled,
)


async def refused(job_service: JobService, job: Job, payer: Any, visitor: str = "ann") -> set[type]:
    """The errors that every way to a job raises."""
    operations = [
        job_service.find(job.id, visitor),
        anext(job_service.watch(job.id, visitor)),
        job_service.settled(job.id, visitor),
        job_service.stop(job.id, visitor),
        job_service.abandon(job.id, visitor),
        job_service.check_again(job.id, payer, visitor),
        job_service.note(job.id, visitor, "mine"),
    ]
    return {type(answer) for answer in await asyncio.gather(*operations, return_exceptions=True)}


# -- what is gone --------------------------------------------------------------------------------


async def test_prompt_and_pictures_are_deleted_from_the_database_and_the_disk(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The whole row holds nothing of the prompt, the note, the picture or the answer of the service."""
    refusal = response({"error": f"We do not like {SECRET}"}, 400)
    async with job_setup(catalog, url, tmp_path, {"post": [created(), refusal]}) as setup:
        done, failed = await setup.ended(), await setup.ended()
        for job in (done, failed):
            await setup.job_service.note(job.id, "ann", f"{SECRET} for mother")
            await setup.job_service.store.history.star("ann", [job.id], starred=True)
            await setup.job_service.remover.remove(job.id)
        rows = [await setup.record(job) for job in (done, failed)]
        files = setup.files()
        with raw_connection(url) as connection:
            tables = ("jobs", "history", "job_pictures")
            raw = str([connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables])

    assert (done.state, len(done.pictures), failed.state) == (JobState.DONE, 1, JobState.FAILED)
    assert files == set()
    for hidden in (SECRET, SECRET.casefold(), "mother", "We do not like", done.pictures[0].name, "/files/0.png"):
        assert hidden not in raw
    assert [(row.removed, row.job.state, row.starred) for row in rows] == [
        (True, JobState.DONE, False),
        (True, JobState.FAILED, False),
    ]


async def test_a_removed_job_is_found_in_no_way(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Not by its id, prompt, comparison or task; its neighbour is found, and paging continues past it."""
    async with job_setup(catalog, url, tmp_path, {"post": [created(), LOST, created()]}) as setup:
        jobs = [await setup.ended(), await setup.ended(), await setup.ended()]
        done, lost, other = jobs
        job_service, store = setup.job_service, setup.job_service.store
        for job in (done, lost):
            await job_service.remover.remove(job.id)
        errors = await refused(job_service, done, setup.payer) | await refused(job_service, lost, setup.payer)
        wanted = [
            JobFilter(),
            JobFilter(text="kite"),
            JobFilter(text=TASK),
            JobFilter(task_id=TASK),
            JobFilter(models=("cogview-4",)),
        ]
        pages = [await job_service.search("ann", one, 10) for one in wanted]
        behind = (
            await job_service.search("ann", JobFilter(), 10, before=other.id),
            await job_service.search("ann", JobFilter(), 10, lost.id),
        )
        remaining = await job_service.find_all([job.id for job in jobs], "ann")
        recent, unfinished = await store.recent("ann", 10), await store.unfinished("ann")
        resumed = await job_service.recovery.key_given("ann", setup.payer)

    assert lost.state is JobState.UNCERTAIN
    assert errors == {NotFound}
    assert [(page.total, [job.id for job in page.jobs]) for page in pages] == [(1, [other.id])] * 5
    assert [(page.total, page.jobs) for page in behind] == [(1, ())] * 2
    assert (list(remaining), [job.id for job in recent], unfinished, resumed) == ([other.id], [other.id], [], 0)


async def test_a_picture_stays_while_another_job_shows_it(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Whoever's that is, and at whichever position; with the last one it goes."""
    first, second = picture(png(64, 64, 1)), picture(png(64, 64, 2))
    scripts = {"poll": [finished(), finished(), finished(2)], "file": [first, first, second, first]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        job_of_ann, job_of_bea, both = await setup.ended(), await setup.ended(visitor="bea"), await setup.ended(count=2)
        left = []
        for job in (job_of_ann, job_of_bea, both):
            await setup.job_service.remover.remove(job.id)
            left.append(setup.files())

    assert job_of_ann.pictures[0].name == job_of_bea.pictures[0].name == both.pictures[1].name
    names = {picture.name for picture in both.pictures}
    assert left == [names, names, set()]


async def test_a_picture_that_another_job_is_just_keeping_stays(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """It is fetched and paid for, though its job is not done before the second one has come."""
    gate = asyncio.Event()
    first, second = picture(png(64, 64, 1)), picture(png(64, 64, 2))
    scripts = {"poll": [finished(), finished(2)], "file": [first, first, answer_after(gate, second)]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        job_of_ann = await setup.ended()
        going = await setup.start(visitor="bea", count=2)
        await setup.upstream.wait_for("files", 3)
        await setup.job_service.remover.remove(job_of_ann.id)
        gate.set()
        done = await settled(setup.job_service, going)
        files = setup.files()

    assert (done.state, len(done.pictures)) == (JobState.DONE, 2)
    assert {picture.name for picture in done.pictures} <= files


async def test_a_picture_kept_before_the_others_were_given_up_is_deleted_with_its_job(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Stopped while the second of two pictures was fetched: the first is stored, but no job shows it."""
    scripts = {"poll": [finished(2)], "file": [picture(), answer_after(asyncio.Event(), picture())]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        job = await setup.start(count=2)
        async with asyncio.timeout(TIMEOUT_S):
            while not (await setup.record(job)).job.pictures:  # noqa: ASYNC110  # a database has no events
                await asyncio.sleep(0.02)
        await setup.job_service.stop(job.id, "ann")
        before = setup.files()
        await setup.job_service.remover.remove(job.id)
        after = setup.files()

    assert (len(before), after) == (1, set())


async def test_removing_and_keeping_the_same_picture_at_once_loses_none(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Whichever comes first, a job that is done has its file."""
    async with job_setup(catalog, url, tmp_path) as setup:
        for _ in range(4):
            old = await setup.ended()
            new = await setup.start()
            await wait_for_job(setup.job_service, new, state=JobState.RUNNING)
            await asyncio.gather(setup.job_service.remover.remove(old.id), settled(setup.job_service, new))
            done = await setup.job_service.find(new.id, "ann")
            assert {picture.name for picture in done.pictures} == setup.files()
            await setup.job_service.remover.remove(new.id)


# -- what is not ---------------------------------------------------------------------------------

ENDS: dict[str, dict[str, Any]] = {
    "done": {},
    "failed later": {"poll": [response({"data": {"status": "failed"}})]},
    "refused": {"post": [response({}, 400)]},
    "uncertain": {"post": [LOST]},
    "abandoned": {"post": [LOST]},
    "stopped": {"poll": [running()]},
    "stopped while its picture came": {"file": [answer_after(asyncio.Event(), picture())]},
    "stopped while the picture of a task without an id came": {
        "post": [finished(with_id=False)],
        "file": [answer_after(asyncio.Event(), picture())],
    },
}


@pytest.mark.parametrize("end", ENDS)
async def test_what_a_job_has_cost_is_counted_as_before(catalog: Catalog, url: str, tmp_path: Path, end: str) -> None:
    """By day, visitor and model: removal does not reset a cap, and nothing is lost or counted twice."""
    async with job_setup(catalog, url, tmp_path, ENDS[end]) as setup:
        job_service = setup.job_service
        job = await setup.start()
        if end.startswith("stopped"):
            await setup.upstream.wait_for("polls" if end == "stopped" else "files")
            await job_service.stop(job.id, "ann")
        job = await settled(job_service, job)
        if end == "abandoned":
            await job_service.abandon(job.id, "ann")

        async def counted() -> tuple[Any, ...]:
            days = await job_service.store.spending.by_day("ann", 0)
            everyone, ann = await job_service.store.spending.today(), await job_service.store.spending.today("ann")
            return everyone.total, ann.total, days

        before = await counted()
        await job_service.remover.remove(job.id)
        after = await counted()
        reserved = (await job_service.store.spending.today()).reserved

    assert before[0] == (0 if end == "refused" else 4)
    assert after == before
    assert reserved == 0


async def test_removing_a_job_does_not_reset_a_cap(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Two of four credits fit; when both are removed, the third is still refused."""
    async with job_setup(catalog, url, tmp_path, caps=Caps(visitor=8)) as setup:
        for _ in range(2):
            job = await setup.ended()
            assert job.state is JobState.DONE
            await setup.job_service.remover.remove(job.id)
        third = await setup.ended()

    assert (third.state, third.problem.code) == (JobState.FAILED, CapReached.code)
    assert len(setup.upstream.posts) == 2


# -- who may, and when ---------------------------------------------------------------------------

UNDER_WAY: dict[str, dict[str, Any]] = {
    "queued": {},
    "submitting": {"state": JobState.SUBMITTING},
    "running": {"state": JobState.RUNNING, "task_id": TASK},
    "saving": {"state": JobState.SAVING, "task_id": TASK, "pending_urls": ("http://127.0.0.1:9/1.png",)},
}
WAITING: dict[str, dict[str, Any]] = {
    "overdue": {"state": JobState.OVERDUE, "task_id": TASK},
    "needs_key": {"state": JobState.NEEDS_KEY, "task_id": TASK},
}


@pytest.mark.parametrize("state", UNDER_WAY)
async def test_a_job_that_is_under_way_is_not_removed(catalog: Catalog, url: str, tmp_path: Path, state: str) -> None:
    """It would go on, and cost, unseen. Once it is stopped it can be removed."""
    async with job_setup(catalog, url, tmp_path, started=False) as setup:
        job = await setup.job_service.store.add(make_job(prompt=SECRET, **UNDER_WAY[state]))
        hidden = await setup.job_service.store.history.hide("ann", [job.id])
        removed = await setup.job_service.remover.remove(job.id)
        untouched = (await setup.record(job)).job
        if state != "submitting":
            await setup.job_service.stop(job.id, "ann")
            await setup.job_service.remover.remove(job.id)
        after = await setup.record(job)

    assert (hidden, removed) == ([], False)
    assert untouched == job
    assert after.removed == (state != "submitting")


@pytest.mark.parametrize("state", WAITING)
async def test_a_job_that_waits_is_not_hidden_alone_and_is_stopped_when_it_is_removed(
    catalog: Catalog, url: str, tmp_path: Path, state: str
) -> None:
    """As with its evaluation. What it may cost still counts."""
    async with job_setup(catalog, url, tmp_path, started=False) as setup:
        job = await setup.job_service.store.add(make_job(prompt=SECRET, **WAITING[state]))
        hidden = await setup.job_service.store.history.hide("ann", [job.id])
        removed = await setup.job_service.remover.remove(job.id)
        after = await setup.record(job)

    assert (hidden, removed, after.removed) == ([], True, True)
    assert (after.job.state, after.job.prompt, after.job.spent) == (JobState.STOPPED, "", job.credits)


async def test_another_visitors_job_cannot_be_removed_starred_or_noted(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The same words as for a job that does not exist, and nothing is changed."""
    async with job_setup(catalog, url, tmp_path) as setup:
        job = await setup.ended()
        errors = await refused(setup.job_service, job, setup.payer, "eve")
        assert await setup.job_service.store.history.hide("eve", [job.id]) == []
        unknown = await refused(setup.job_service, replace(job, id="no-such-job"), setup.payer, "ann")
        row, files = (await setup.record(job)).job, setup.files()

    assert errors == unknown == {NotFound}
    assert row == job
    assert files == {job.pictures[0].name}


async def test_removing_twice_at_once_is_removing_once(catalog: Catalog, url: str, tmp_path: Path) -> None:
    async with job_setup(catalog, url, tmp_path) as setup:
        job = await setup.ended()
        answers = await asyncio.gather(*(setup.job_service.remover.remove(job.id) for _ in range(5)))
        row, spent = await setup.record(job), await setup.job_service.store.spending.today()

    assert sorted(answers) == [False] * 4 + [True]
    assert (row.removed, row.job.pictures, setup.files(), spent.total) == (True, (), set(), 4)


async def test_a_deleted_job_is_removed_when_it_can_no_longer_be_undone(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Restored in time it is unchanged; after that everything of it is deleted."""
    scripts = {"post": [created(), created()], "file": [picture(png(64, 64, 1)), picture(png(64, 64, 2))]}
    async with job_setup(catalog, url, tmp_path, scripts, timings=replace(FAST, undo=0.3)) as setup:
        restored, gone = await setup.ended(), await setup.ended(prompt="another prompt")
        store = setup.job_service.store
        assert set(await store.history.hide("ann", [restored.id, gone.id])) == {restored.id, gone.id}
        assert await store.history.restore("ann", [restored.id]) == [restored.id]
        sweeping = asyncio.create_task(setup.job_service.remover.run())
        async with asyncio.timeout(TIMEOUT_S):
            while len(setup.files()) > 1:  # noqa: ASYNC110  # a sweep has no event
                await asyncio.sleep(0.05)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        row, files = await setup.record(gone), setup.files()
        assert await setup.job_service.find(restored.id, "ann") == restored

    assert (row.removed, row.job.prompt, row.job.body) == (True, "", {})
    assert files == {picture.name for picture in restored.pictures}
