"""Several results of one task: each one that can be fetched is kept and recorded, only the missing ones are requested again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from components.catalog.models import Catalog
from components.jobs.job import Job, JobState
from tests.jobs.conftest import raw_connection
from tests.jobs.job_setup import SECRET, JobSetup, job_setup
from tests.jobs.processes import account, expire_leases, process, record
from tests.jobs.scripted_upstream import (
    Answer,
    Upstream,
    answer_after,
    finished,
    picture,
    png,
    response,
    running,
    scripted_upstream,
    settled,
    workers_ended,
)
from tests.recorder import RecordedRequest

GONE = response({}, 404)
COUNT = 4


def results(answers: Mapping[int, Answer] | None = None) -> Answer:
    """Each address has a picture of its own shade, except those that are answered otherwise."""

    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        number = number_of(upstream.files[-1]) % 10
        await (answers or {}).get(number, picture(png(64, 64, 20 * number + 10)))(upstream, writer)

    return answer


def number_of(request: RecordedRequest) -> int:
    return int(request.path.rpartition("/")[2].partition(".")[0])


def at_addresses(first: int) -> Answer:
    """The task is done, with its results at addresses from this number on."""

    async def answer(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        images = [f"{upstream.address}/files/{first + number}.png" for number in range(COUNT)]
        await response({"data": {"status": "completed", "output": {"images": images}}})(upstream, writer)

    return answer


def shades(setup: JobSetup, job: Job) -> list[int]:
    """Which results the kept pictures are, in their order."""
    sizes = {png(64, 64, 20 * number + 10): number for number in range(COUNT)}
    return [sizes[(setup.job_service.pictures.storage.read(one.name)).read_bytes()] for one in job.pictures]


def requested_numbers(upstream: Upstream) -> list[int]:
    return sorted(number_of(request) for request in upstream.files)


async def test_one_result_that_cannot_be_fetched_costs_none_of_the_others(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The first of four is missing: three are kept, and only the missing one is requested later."""
    scripts = {"poll": [finished(COUNT)], "file": [results({0: GONE})]}
    async with job_setup(catalog, url, tmp_path, scripts, deadline_s=1) as setup:
        partly = await setup.ended(count=COUNT)
        kept, known = shades(setup, partly), requested_numbers(setup.upstream)
        setup.upstream.file = [results()]
        done = await settled(setup.job_service, await setup.job_service.check_again(partly.id, setup.payer, "ann"))
        after, order = requested_numbers(setup.upstream), shades(setup, done)

    assert (partly.state, partly.problem and partly.problem.code, kept) == (JobState.OVERDUE, "picture", [1, 2, 3])
    assert [bool(url) for url in partly.pending_urls] == [True, False, False, False]
    assert (done.state, order, done.pending_urls, done.problem) == (JobState.DONE, [0, 1, 2, 3], (), None)
    assert [known.count(number) for number in (1, 2, 3)] == [after.count(number) for number in (1, 2, 3)] == [1, 1, 1]


PAGE, TOO_LARGE = response(b"<!doctype html><p>Sign in", kind="text/html"), response(b"", length=32_000_001)
HALF = picture(png(300, 200)[:-200])


async def test_results_that_cannot_be_kept_end_the_job(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """As done if it has pictures, else as failed; the addresses are kept, and nothing is requested again."""
    scripts = {"poll": [finished(COUNT)], "file": [results({1: PAGE, 3: HALF})]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        partly = await setup.ended(count=COUNT)
        order, pages, polls = shades(setup, partly), requested_numbers(setup.upstream).count(1), len(setup.upstream.polls)
        setup.upstream.poll, setup.upstream.file = [finished()], [TOO_LARGE]
        nothing = await setup.ended()
        setup.upstream.file = [picture()]
        checked = await settled(setup.job_service, await setup.job_service.check_again(nothing.id, setup.payer, "ann"))

    assert (partly.state, order, polls, 1 < pages < 8) == (JobState.DONE, [0, 2], 1, True)
    assert [url.rpartition("/")[2] for url in partly.pending_urls] == ["", "1.png", "", "3.png"]
    assert partly.problem
    assert partly.problem.what == "2 of 4 pictures could not be kept: The service delivered a web page instead of a picture."
    assert partly.problem.charged == "The task was done, so it was most likely charged."
    assert (nothing.state, len(nothing.pending_urls)) == (JobState.FAILED, 1)
    assert nothing.problem
    assert nothing.problem.what == "The picture is larger than 32 MB."
    assert (checked.state, len(checked.pictures)) == (JobState.DONE, 1)


async def test_a_late_result_keeps_a_job_open_even_if_another_cannot_be_kept(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    scripts = {"poll": [finished(COUNT)], "file": [results({0: PAGE, 1: GONE})]}
    async with job_setup(catalog, url, tmp_path, scripts, deadline_s=1) as setup:
        waiting = await setup.ended(count=COUNT)
        setup.upstream.file = [results({0: PAGE})]
        done = await settled(setup.job_service, await setup.job_service.check_again(waiting.id, setup.payer, "ann"))

    assert (waiting.state, len(waiting.pictures)) == (JobState.OVERDUE, 2)
    assert (done.state, len(done.pictures)) == (JobState.DONE, 3)
    assert done.problem
    assert "1 of 4 pictures could not be kept: The service delivered a web page" in done.problem.what


async def test_fresh_addresses_are_used_for_the_missing_results_only(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The first addresses of two results have expired; the task has new ones when it is asked for again."""
    gone = results({0: GONE, 2: GONE})

    async def by_age(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        await (gone if number_of(upstream.files[-1]) < 10 else results())(upstream, writer)

    scripts = {"poll": [at_addresses(0), at_addresses(10)], "file": [by_age]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        done = await setup.ended(count=COUNT)
        order, numbers = shades(setup, done), requested_numbers(setup.upstream)

    assert (done.state, order) == (JobState.DONE, [0, 1, 2, 3])
    assert sorted(set(numbers)) == [0, 1, 2, 3, 10, 12]
    assert [numbers.count(number) for number in (1, 3, 10, 12)] == [1, 1, 1, 1]


async def test_kept_pictures_survive_a_kill(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Also the order: the next process fetches what is missing and nothing else."""
    never = asyncio.Event()
    async with scripted_upstream(poll=[finished(COUNT)], file=[results({1: answer_after(never, picture())})]) as upstream:
        host = account(catalog, upstream.address)
        async with process(catalog, url, tmp_path, killed=True) as job_service:
            setup = JobSetup(job_service, upstream, catalog, host)
            job = await setup.start(count=COUNT)
            async with asyncio.timeout(20):
                while len((await record(job_service, job.id)).job.pictures) < COUNT - 1:  # noqa: ASYNC110  # a database has no events
                    await asyncio.sleep(0.02)
        expire_leases(url)
        before, upstream.file = len(upstream.files), [results()]
        async with process(catalog, url, tmp_path, find_account=lambda _: host) as job_service:
            done = await settled(job_service, job)
            order = shades(setup, done)

    assert (done.state, order, len(upstream.posts)) == (JobState.DONE, [0, 1, 2, 3], 1)
    assert [request.path for request in upstream.files[before:]] == ["/files/1.png"]


async def test_a_stopped_job_keeps_what_had_arrived_and_is_completed_later(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    scripts = {"poll": [finished(COUNT)], "file": [results({3: answer_after(asyncio.Event(), picture())})]}
    async with job_setup(catalog, url, tmp_path, scripts) as setup:
        job = await setup.start(count=COUNT)
        async with asyncio.timeout(20):
            while len((await setup.record(job)).job.pictures) < COUNT - 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        stopped = await setup.job_service.stop(job.id, "ann")
        setup.upstream.file = [results()]
        done = await settled(setup.job_service, await setup.job_service.check_again(job.id, setup.payer, "ann"))
        order = shades(setup, done)

    assert (stopped.state, len(stopped.pictures)) == (JobState.STOPPED, 3)
    assert stopped.problem
    assert stopped.problem.charged == "They were most likely charged."
    assert (done.state, order) == (JobState.DONE, [0, 1, 2, 3])


async def test_a_picture_that_is_deleted_at_another_process_meanwhile_is_restored(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """Its last job was removed there between the fetching and the recording of the very same picture here."""
    async with job_setup(catalog, url, tmp_path, {"poll": [running()], "file": [results()]}) as setup:
        job = await setup.start()
        await setup.upstream.wait_for("polls")

        deleted: list[str] = []

        def delete_once(changed: Job) -> None:
            if changed.state is JobState.DONE and not deleted:
                deleted.extend(picture.name for picture in changed.pictures)
                setup.job_service.pictures.storage.remove(deleted[0])

        setup.job_service.on_change(delete_once)
        setup.upstream.poll = [finished()]
        done = await settled(setup.job_service, job)
        await workers_ended()

    assert {picture.name for picture in done.pictures} == set(deleted) == setup.files()


async def test_a_removed_job_leaves_no_row_of_its_pictures(catalog: Catalog, url: str, tmp_path: Path) -> None:
    async with job_setup(catalog, url, tmp_path, {"poll": [finished(COUNT)], "file": [results()]}) as setup:
        job = await setup.ended(prompt=SECRET, count=COUNT)
        await setup.job_service.remover.remove(job.id)
        with raw_connection(url) as connection:
            rows = connection.execute("SELECT * FROM job_pictures").fetchall()

    assert (job.state, rows, setup.files()) == (JobState.DONE, [], set())
