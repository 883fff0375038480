"""A callback may name the task of a request whose answer was lost: a GET with the key decides whether that is so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.job import JobState, Spend
from tests.jobs.callbacks import callback, house
from tests.jobs.faulty import GUARD_S, TASK, created, finished, held, http, misbehaving, running, settled
from tests.jobs.processes import bury, count, until

LOST = http({"error": "oops"}, 500)
UNKNOWN = http({"error": {"message": "No such task"}}, 404)


@pytest.mark.parametrize("dropped", [False, True], ids=["undecided", "let go"])
async def test_a_ring_repairs_an_uncertain_job(catalog: Catalog, url: str, tmp_path: Path, dropped: bool) -> None:
    """The GET knows the task, so the job runs and ends with its picture; also where it was let go, and many ring."""
    async with misbehaving(post=[LOST]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        job = await settled(page.runner, await page.start())
        if dropped:
            await page.runner.abandon(job.id, "ann")
        answers = await page.call(callback(upstream), times=10)
        done = await until(page.runner, job, state=JobState.DONE)
        spent = await page.runner.spent_today()

    assert (job.state, answers) == (JobState.UNCERTAIN, [204] * 10)
    assert (done.task_id, done.problem, len(done.pictures)) == (TASK, None, 1)
    assert (spent, len(upstream.posts)) == (Spend(0, job.credits), 1)
    assert {seen.headers.get("authorization") for seen in upstream.polls} == {upstream.posts[0].headers["authorization"]}


async def test_a_task_that_the_service_does_not_know_repairs_nothing(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """What a callback says is never enough, whatever else stands in it."""
    claim = {"task_id": "n1forged", "status": "completed", "output": {"images": [{"url": "http://127.0.0.1:9/x.png"}]}}
    async with misbehaving(post=[LOST], poll=[UNKNOWN]) as upstream:
        async with house(catalog, url, tmp_path, upstream) as page:
            job = await settled(page.runner, await page.start())
            await page.call(callback(upstream), claim)
            await upstream.asked("polls", 3)
            after = await page.runner.store.get(job.id)

    assert {seen.path.rpartition("/")[2] for seen in upstream.polls} == {"n1forged"}
    assert (after.state, after.task_id, after.pending_urls, after.pictures) == (JobState.UNCERTAIN, None, (), ())
    assert (after.reserved, len(upstream.posts), upstream.files) == (job.credits, 1, [])


async def test_checking_again_does_not_wait_for_a_repair_that_goes_on(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The visitor has an answer at once, and the service is asked about the task by one task of ours as before."""
    async with misbehaving(post=[LOST], poll=[UNKNOWN]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        job = await settled(page.runner, await page.start())
        await page.call(callback(upstream))
        await upstream.asked("polls", 2)
        async with asyncio.timeout(GUARD_S):
            looks = [await page.runner.check_again(job.id, page.service, job.visitor) for _ in range(3)]
        asked = len(upstream.polls)
        await upstream.asked("polls", asked + 1)
        upstream.poll = [running(), finished()]
        done = await until(page.runner, job, state=JobState.DONE)

    assert {look.state for look in looks} == {JobState.UNCERTAIN}
    assert (done.task_id, len(upstream.posts)) == (TASK, 1)
    assert asked < 5


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "completed"}', b"<html>", b'{"task_id": ".."}'])
async def test_a_ring_that_names_no_task_repairs_nothing(catalog: Catalog, url: str, tmp_path: Path, body: bytes) -> None:
    """There is nothing to ask for."""
    async with misbehaving(post=[LOST]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        job = await settled(page.runner, await page.start())
        assert await page.call(callback(upstream), body) == [204]
        await asyncio.sleep(0.5)
        after = await page.runner.store.get(job.id)

    assert (after.state, after.callback_task_id, upstream.polls) == (JobState.UNCERTAIN, "", [])


async def test_an_early_ring_repairs_the_answer_that_is_lost_after_it(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The call came first, then the connection broke: the task's id is known already."""
    broken = asyncio.Event()
    async with misbehaving(post=[held(broken, LOST)]) as upstream:
        async with house(catalog, url, tmp_path, upstream) as page:
            job = await page.start()
            await upstream.asked("posts")
            await page.call(callback(upstream))
            broken.set()
            done = await until(page.runner, job, state=JobState.DONE)

    assert (done.task_id, len(upstream.posts)) == (TASK, 1)


async def test_what_rang_before_a_process_died_repairs_the_job_in_the_next(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """The named task was noted, so the next process can ask for it."""
    never = asyncio.Event()
    async with misbehaving(post=[held(never, created())]) as upstream:
        async with house(catalog, url, tmp_path, upstream, killed=True) as page:
            job = await page.start()
            await upstream.asked("posts")
            await page.call(callback(upstream))
        bury(url)
        async with house(catalog, url, tmp_path, upstream) as page:
            done = await until(page.runner, job, state=JobState.DONE)

    assert (done.task_id, len(done.pictures), len(upstream.posts)) == (TASK, 1, 1)


async def test_a_ring_repairs_what_a_dead_process_left_uncertain(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The address that the dead process gave out is still answered, by whoever runs now."""
    never = asyncio.Event()
    async with misbehaving(post=[held(never, created())]) as upstream:
        async with house(catalog, url, tmp_path, upstream, killed=True) as page:
            job = await page.start()
            await upstream.asked("posts")
            told = callback(upstream).removeprefix(page.address)
        bury(url)
        async with house(catalog, url, tmp_path, upstream) as page:
            unsure = await settled(page.runner, job)
            assert await page.call(page.address + told) == [204]
            done = await until(page.runner, job, state=JobState.DONE)

    assert (unsure.state, done.task_id, len(upstream.posts)) == (JobState.UNCERTAIN, TASK, 1)


async def test_calls_that_never_come_bring_the_polling_back_and_calls_end_it_again(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    """While a model's service is trusted to call it is hardly asked; after two tasks without a call it is polled."""
    pace = 8.0
    async with misbehaving(poll=[running()]) as upstream:
        async with house(catalog, url, tmp_path, upstream, pace=pace) as page:

            async def first_poll_after(prompt: str, *, rings: bool) -> float:
                """Seconds from the POST to the first GET of one job, which is then done."""
                posts, polls = len(upstream.posts), len(upstream.polls)
                job = await page.start(prompt=prompt)
                await upstream.asked("posts", posts + 1)
                if rings:
                    await until(page.runner, job, state=JobState.RUNNING)
                    upstream.poll = [finished()]
                    await page.call(callback(upstream, posts))
                await upstream.asked("polls", polls + 1)
                upstream.poll = [finished()]
                await settled(page.runner, job)
                upstream.poll = [running()]
                return upstream.polls[polls].at - upstream.posts[posts].at

            trusted = [await first_poll_after(f"kite {number}", rings=False) for number in range(2)]
            doubted = await first_poll_after("kite 3", rings=False)
            await first_poll_after("kite 4", rings=True)
            restored = await first_poll_after("kite 5", rings=False)
            rung = count(page.runner, "callbacks_total", model="flux-2")

    assert rung == 1
    assert min(trusted) > doubted
    assert restored > doubted
