"""Callbacks over HTTP: who is told an address, who may ring, and that a ring wakes the poller and proves nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from hashlib import sha256
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.callbacks import LARGEST_BODY
from components.jobs.job import JobState
from tests.jobs.callbacks import callback, house, with_another_secret
from tests.jobs.conftest import FAST, beside
from tests.jobs.faulty import TASK, created, finished, held, misbehaving, running, settled
from tests.jobs.processes import PLAIN, WITH_CALLBACK, account, count, process, submit, until


async def test_only_a_service_that_can_call_is_told_an_address(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Not for a model without webhooks, and not the sandbox; the address is sent and not kept with the request."""
    async with misbehaving() as upstream, house(catalog, url, tmp_path, upstream, pace=1000) as page:
        sandbox = account(catalog, upstream.address, "sandbox", "sandbox")
        jobs = [await settled(page.runner, await page.start(model)) for model in (WITH_CALLBACK, PLAIN)]
        jobs.append(await settled(page.runner, await page.start(payer=sandbox)))
        told = [json.loads(seen.body).get("callback_url", "") for seen in upstream.posts]

    assert told[0].startswith(f"{page.address}/callbacks/{jobs[0].id}/")
    assert told[1:] == ["", ""]
    assert all("callback_url" not in job.body for job in jobs)
    sent = json.loads(upstream.posts[0].body)
    assert {name: value for name, value in sent.items() if name != "callback_url"} == dict(jobs[0].body)


async def test_without_a_public_address_nobody_is_told_to_call(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Polling alone is enough."""
    async with misbehaving() as upstream, process(catalog, url, tmp_path) as runner:
        service = account(catalog, upstream.address)
        done = await settled(runner, await submit(runner, catalog, service, model=WITH_CALLBACK))

    assert done.state is JobState.DONE
    assert b"callback" not in upstream.posts[0].body


async def test_a_secret_is_known_to_the_service_alone(
    catalog: Catalog, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database holds its hash, the logs of every level nothing of it, and no two requests have the same."""
    caplog.set_level(logging.DEBUG)
    async with misbehaving(poll=[running()]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        jobs = [await page.start(prompt=prompt) for prompt in ("A red kite", "A blue kite")]
        await upstream.asked("posts", 2)
        secrets = [callback(upstream, number).rpartition("/")[2] for number in range(2)]
        known = [await page.runner.find(job.id, "ann") for job in jobs]
        logged = caplog.text
        await page.call(callback(upstream), b"")

    with beside(url) as database:
        dump = "\n".join(database.iterdump())
    assert len(set(secrets)) == 2
    assert all(len(secret) >= 22 for secret in secrets)
    assert {job.callback_hash for job in known} == {sha256(secret.encode()).hexdigest() for secret in secrets}
    assert [secret for secret in secrets if secret in dump or secret in logged] == []


async def test_only_the_exact_address_is_answered(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A wrong secret, another job's secret and an unknown job are told apart by nothing; none of them sends a GET."""
    async with misbehaving(poll=[running()]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        jobs = [await page.start(prompt=prompt) for prompt in ("A red kite", "A blue kite")]
        await upstream.asked("posts", 2)
        for job in jobs:
            await until(page.runner, job, state=JobState.RUNNING)
        right, other = callback(upstream), callback(upstream, 1)
        base, own_id, secret = right.rsplit("/", 2)
        wrong = [
            with_another_secret(right),
            f"{base}/{own_id}/{other.rpartition('/')[2]}",
            f"{base}/{'A' * 22}/{secret}",
            f"{base}/{own_id}/{(await page.runner.find(own_id, 'ann')).callback_hash}",
            f"{base}/{own_id}/%00%ff",
            f"{base}/%00/{secret}",
        ]
        forged = {"task_id": "n1forged", "status": "completed", "output": {"images": ["http://x/1.png"]}}
        answers = [await page.http.post(address, json=forged) for address in wrong]
        got = await page.http.get(right)
        before = [await page.runner.store.get(job.id) for job in jobs]
        await asyncio.sleep(0.4)
        polls = list(upstream.polls)
        bodies = [b"", b"{", b"null", b"[" * 5000, b'{"task_id": 7.5}', b"\xff\0", b"x" * LARGEST_BODY]
        fine = [await page.call(right, body) for body in bodies]
        huge = await page.call(right, b"x" * (LARGEST_BODY + 1))
        rung = count(page.runner, "callbacks_total", model=WITH_CALLBACK)

    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert got.status_code == 405
    assert polls == []
    assert [(job.state, job.callback_task_id) for job in before if job] == [(JobState.RUNNING, "")] * 2
    assert (fine, huge, rung) == ([[204]] * len(bodies), [413], len(bodies))


async def test_a_ring_wakes_the_poller(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Nobody would have asked for minutes; after the ring one GET fetches the result, and its body is not believed."""
    lie = {"task_id": TASK, "status": "failed", "error_message": "no", "output": {"images": ["http://127.0.0.1:9/x.png"]}}
    async with misbehaving(poll=[finished()]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        job = await page.start()
        await upstream.asked("posts")
        await asyncio.sleep(0.4)
        silent = list(upstream.polls)
        await page.call(callback(upstream), lie)
        done = await settled(page.runner, job)

    assert (silent, len(upstream.polls)) == ([], 1)
    assert (done.state, done.problem, len(done.pictures)) == (JobState.DONE, None, 1)


async def test_a_thousand_rings_send_one_get_a_second(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Whoever rings without end has the task asked for no more often, and the job goes on as it would have."""
    async with misbehaving(poll=[running()]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        begun = time.monotonic()
        job = await page.start()
        await upstream.asked("posts")
        answers = [code for _ in range(20) for code in await page.call(callback(upstream), times=50)]
        while len(upstream.polls) < 2:
            await page.call(callback(upstream))
        upstream.poll = [finished()]
        await page.call(callback(upstream))
        done = await settled(page.runner, job)

    # Counted over the whole time: they leave a second apart, but a busy machine may see one arrive late and the next in time.
    assert answers == [204] * 1000
    assert 3 <= len(upstream.polls) <= (time.monotonic() - begun) / FAST.between_callback_polls
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 1)


async def test_a_ring_before_the_answer_to_the_post_is_not_lost(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A fast task may call before its POST is answered; it is asked for once the id is known."""
    answered = asyncio.Event()
    async with misbehaving(post=[held(answered, created())]) as upstream, house(catalog, url, tmp_path, upstream) as page:
        job = await page.start()
        await upstream.asked("posts")
        early = await page.call(callback(upstream))
        answered.set()
        done = await settled(page.runner, job)

    assert (early, done.state, done.task_id) == ([204], JobState.DONE, TASK)
    assert (len(upstream.posts), len(upstream.polls)) == (1, 1)


@pytest.mark.parametrize("end", ["done", "stopped"])
async def test_a_ring_after_the_end_changes_nothing(catalog: Catalog, url: str, tmp_path: Path, end: str) -> None:
    """Also many, and with another task's id: playground repeat their calls until they are answered."""
    async with misbehaving(poll=[finished() if end == "done" else running()]) as upstream:
        async with house(catalog, url, tmp_path, upstream) as page:
            job = await page.start()
            await upstream.asked("posts")
            if end == "done":
                await page.call(callback(upstream))
                before = await settled(page.runner, job)
            else:
                await until(page.runner, job, state=JobState.RUNNING)
                before = await page.runner.stop(job.id, "ann")
            asked = len(upstream.seen)
            late = await page.call(callback(upstream), {"task_id": "n1another", "status": "failed"}, times=20)
            await asyncio.sleep(0.4)
            after = await page.runner.store.get(job.id)

    assert (str(before.state), late) == (end, [204] * 20)
    assert (after, len(upstream.seen)) == (before, asked)


async def test_a_ring_at_an_overdue_job_goes_on_with_it(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The service says that there is something new: a GET sees what, with no request sent for it."""
    async with misbehaving(poll=[finished()]) as upstream, house(catalog, url, tmp_path, upstream, deadline_s=1) as page:
        job = await settled(page.runner, await page.start())
        await page.call(callback(upstream))
        done = await until(page.runner, job, state=JobState.DONE)

    assert job.state is JobState.OVERDUE
    assert (done.state, len(done.pictures), len(upstream.posts)) == (JobState.DONE, 1, 1)
