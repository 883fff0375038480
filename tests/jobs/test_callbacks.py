"""Callbacks over HTTP: which requests carry an address, who may call it, and that a call triggers a poll and proves nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from hashlib import sha256
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.callbacks import LARGEST_BODY
from components.jobs.job import JobState
from tests.jobs.callbacks import callback_address, callback_server, with_another_secret
from tests.jobs.conftest import FAST, raw_connection
from tests.jobs.processes import PLAIN, WITH_CALLBACK, account, count, process, submit, wait_for_job
from tests.jobs.scripted_upstream import TASK, answer_after, created, finished, running, scripted_upstream, settled


async def test_requests_of_models_with_a_webhook_carry_an_address(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Those to the sandbox too, so that callbacks can be tried. The address is sent and not kept with the request."""
    async with scripted_upstream() as upstream, callback_server(catalog, url, tmp_path, upstream, pace=1000) as server:
        sandbox = account(catalog, upstream.address, "sandbox", "sandbox")
        jobs = [await settled(server.job_service, await server.start(model)) for model in (WITH_CALLBACK, PLAIN)]
        jobs.append(await settled(server.job_service, await server.start(payer=sandbox)))
        sent_to = [request.body.get("callback_url", "") for request in upstream.posts]

    assert [
        address.startswith(f"{server.address}/callbacks/{job.id}/") for address, job in zip(sent_to, jobs, strict=True)
    ] == [True, False, True]
    assert sent_to[1] == ""
    assert all("callback_url" not in job.body for job in jobs)
    sent = upstream.posts[0].body
    assert {name: value for name, value in sent.items() if name != "callback_url"} == dict(jobs[0].body)


async def test_without_a_public_address_no_request_carries_one(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Polling alone is enough."""
    async with scripted_upstream() as upstream, process(catalog, url, tmp_path) as job_service:
        service = account(catalog, upstream.address)
        done = await settled(job_service, await submit(job_service, catalog, service, model=WITH_CALLBACK))

    assert done.state is JobState.DONE
    assert b"callback" not in upstream.posts[0].content


async def test_the_callback_secret_is_stored_as_a_hash_only(
    catalog: Catalog, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database holds its hash, the logs of every level nothing of it, and no two requests have the same."""
    caplog.set_level(logging.DEBUG)
    async with scripted_upstream(poll=[running()]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        jobs = [await server.start(prompt=prompt) for prompt in ("A red kite", "A blue kite")]
        await upstream.wait_for("posts", 2)
        secrets = [callback_address(upstream, number).rpartition("/")[2] for number in range(2)]
        known = [await server.job_service.find(job.id, "ann") for job in jobs]
        logged = caplog.text
        await server.call(callback_address(upstream), b"")

    with raw_connection(url) as database:
        dump = "\n".join(database.iterdump())
    assert len(set(secrets)) == 2
    assert all(len(secret) >= 22 for secret in secrets)
    assert {job.callback_hash for job in known} == {sha256(secret.encode()).hexdigest() for secret in secrets}
    assert [secret for secret in secrets if secret in dump or secret in logged] == []


async def test_only_the_exact_address_is_answered(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A wrong secret, another job's secret and an unknown job are answered alike; none of them sends a GET."""
    async with scripted_upstream(poll=[running()]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        jobs = [await server.start(prompt=prompt) for prompt in ("A red kite", "A blue kite")]
        await upstream.wait_for("posts", 2)
        for job in jobs:
            await wait_for_job(server.job_service, job, state=JobState.RUNNING)
        right, other = callback_address(upstream), callback_address(upstream, 1)
        base, own_id, secret = right.rsplit("/", 2)
        wrong = [
            with_another_secret(right),
            f"{base}/{own_id}/{other.rpartition('/')[2]}",
            f"{base}/{'A' * 22}/{secret}",
            f"{base}/{own_id}/{(await server.job_service.find(own_id, 'ann')).callback_hash}",
            f"{base}/{own_id}/%00%ff",
            f"{base}/%00/{secret}",
        ]
        forged = {"task_id": "n1forged", "status": "completed", "output": {"images": ["http://x/1.png"]}}
        answers = [await server.http.post(address, json=forged) for address in wrong]
        got = await server.http.get(right)
        before = [await server.job_service.store.get(job.id) for job in jobs]
        await asyncio.sleep(0.4)
        polls = list(upstream.polls)
        bodies = [b"", b"{", b"null", b"[" * 5000, b'{"task_id": 7.5}', b"\xff\0", b"x" * LARGEST_BODY]
        fine = [await server.call(right, body) for body in bodies]
        huge = await server.call(right, b"x" * (LARGEST_BODY + 1))
        received = count(server.job_service, "callbacks_total", model=WITH_CALLBACK)

    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert got.status_code == 405
    assert polls == []
    assert [(job.state, job.callback_task_id) for job in before if job] == [(JobState.RUNNING, "")] * 2
    assert (fine, huge, received) == ([[204]] * len(bodies), [413], len(bodies))


async def test_a_callback_triggers_a_poll(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """No poll was due for minutes; after the callback one GET fetches the result, and the body of the call is not believed."""
    lie = {"task_id": TASK, "status": "failed", "error_message": "no", "output": {"images": ["http://127.0.0.1:9/x.png"]}}
    async with scripted_upstream(poll=[finished()]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        job = await server.start()
        await upstream.wait_for("posts")
        await asyncio.sleep(0.4)
        before = list(upstream.polls)
        await server.call(callback_address(upstream), lie)
        done = await settled(server.job_service, job)

    assert (before, len(upstream.polls)) == ([], 1)
    assert (done.state, done.problem, len(done.pictures)) == (JobState.DONE, None, 1)


@pytest.mark.slow
async def test_three_hundred_callbacks_send_one_get_a_second(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """Repeated callbacks do not cause more polls, and the job continues as without them."""
    async with scripted_upstream(poll=[running()]) as upstream, callback_server(catalog, url, tmp_path, upstream) as server:
        begun = time.monotonic()
        job = await server.start()
        await upstream.wait_for("posts")
        answers = [code for _ in range(6) for code in await server.call(callback_address(upstream), times=50)]
        while len(upstream.polls) < 2:
            await server.call(callback_address(upstream))
        upstream.poll = [finished()]
        await server.call(callback_address(upstream))
        done = await settled(server.job_service, job)

    # Counted over the whole time: they leave a second apart, but a busy machine may see one arrive late and the next in time.
    assert answers == [204] * 300
    assert 3 <= len(upstream.polls) <= (time.monotonic() - begun) / FAST.between_callback_polls
    assert (done.state, len(upstream.posts)) == (JobState.DONE, 1)


async def test_a_callback_before_the_answer_to_the_post_is_not_lost(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """A fast task may call back before its POST is answered; it is polled once its id is known."""
    answered = asyncio.Event()
    async with (
        scripted_upstream(post=[answer_after(answered, created())]) as upstream,
        callback_server(catalog, url, tmp_path, upstream) as server,
    ):
        job = await server.start()
        await upstream.wait_for("posts")
        early = await server.call(callback_address(upstream))
        answered.set()
        done = await settled(server.job_service, job)

    assert (early, done.state, done.task_id) == ([204], JobState.DONE, TASK)
    assert (len(upstream.posts), len(upstream.polls)) == (1, 1)


@pytest.mark.parametrize("end", ["done", "stopped"])
async def test_a_callback_after_the_end_changes_nothing(catalog: Catalog, url: str, tmp_path: Path, end: str) -> None:
    """Also many, and with another task's id: services repeat their calls until they are answered."""
    async with scripted_upstream(poll=[finished() if end == "done" else running()]) as upstream:
        async with callback_server(catalog, url, tmp_path, upstream) as server:
            job = await server.start()
            await upstream.wait_for("posts")
            if end == "done":
                await server.call(callback_address(upstream))
                before = await settled(server.job_service, job)
            else:
                await wait_for_job(server.job_service, job, state=JobState.RUNNING)
                before = await server.job_service.stop(job.id, "ann")
            sent = len(upstream.requests)
            late = await server.call(callback_address(upstream), {"task_id": "n1another", "status": "failed"}, times=20)
            await asyncio.sleep(0.4)
            after = await server.job_service.store.get(job.id)

    assert (str(before.state), late) == (end, [204] * 20)
    assert (after, len(upstream.requests)) == (before, sent)


async def test_a_callback_resumes_an_overdue_job(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The service says that there is something new: a GET sees what, with no request sent for it."""
    async with (
        scripted_upstream(poll=[running()]) as upstream,
        callback_server(catalog, url, tmp_path, upstream, deadline_s=1) as server,
    ):
        job = await settled(server.job_service, await server.start())
        upstream.poll = [finished()]
        await server.call(callback_address(upstream))
        done = await wait_for_job(server.job_service, job, state=JobState.DONE)

    assert job.state is JobState.OVERDUE
    assert (done.state, len(done.pictures), len(upstream.posts)) == (JobState.DONE, 1, 1)
