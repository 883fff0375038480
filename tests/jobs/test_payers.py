"""The payer of a job never changes: no job continues with another payer's key, and none is sent when it is too old."""

from __future__ import annotations

import time
from pathlib import Path

from components.catalog.models import Catalog
from components.jobs.budgets import Caps
from components.jobs.job import Job, JobState
from components.jobs.store.spend import Spend
from tests.jobs.conftest import FAST, make_job
from tests.jobs.processes import account, process, submit
from tests.jobs.scripted_upstream import TASK, Upstream, response, scripted_upstream, settled, workers_ended

OWN, HOST = "sk-visitors-own-12345", "sk-the-hosts-1234567"


async def left_behind(catalog: Catalog, folder: Path, upstream: Upstream, **changes: object) -> Job:
    """A job that a process has left in the records when it was killed."""
    async with process(catalog, f"sqlite:///{folder}/p.db", folder, killed=True, started=False) as job_service:
        return await job_service.store.add(make_job(**{"base_url": upstream.address, "created_at": time.time(), **changes}))


async def test_a_visitors_job_is_never_sent_with_the_hosts_key(catalog: Catalog, tmp_path: Path) -> None:
    """Checking again without the key would spend the host's money, past every cap and uncounted."""
    async with scripted_upstream() as upstream:
        job = await left_behind(catalog, tmp_path, upstream, payer="visitor")
        async with process(catalog, f"sqlite:///{tmp_path}/p.db", tmp_path, caps=Caps(daily=0)) as job_service:
            await job_service.check_again(job.id, account(catalog, upstream.address, "host", HOST), "ann")
            await workers_ended()
            job, spend = await job_service.find(job.id, "ann"), await job_service.store.spending.today()

    assert (job.state, upstream.requests, spend) == (JobState.NEEDS_KEY, [], Spend())


async def test_a_visitors_key_never_pays_for_a_job_of_the_host(catalog: Catalog, tmp_path: Path) -> None:
    """A job that needs the host's key still waits when a visitor enters a key."""
    async with scripted_upstream() as upstream:
        job = await left_behind(catalog, tmp_path, upstream, payer="host", state=JobState.RUNNING, task_id=TASK)
        async with process(catalog, f"sqlite:///{tmp_path}/p.db", tmp_path) as job_service:
            resumed = await job_service.recovery.key_given("ann", account(catalog, upstream.address, "visitor", OWN))
            await workers_ended()
            job = await job_service.find(job.id, "ann")

    assert (resumed, job.state, upstream.requests) == (0, JobState.NEEDS_KEY, [])


async def test_a_request_of_days_ago_is_not_sent_when_a_key_is_entered(catalog: Catalog, tmp_path: Path) -> None:
    """It ends as never sent."""
    async with scripted_upstream() as upstream:
        fields = {"payer": "visitor", "state": JobState.NEEDS_KEY, "created_at": time.time() - 3 * 86_400}
        job = await left_behind(catalog, tmp_path, upstream, **fields)
        async with process(catalog, f"sqlite:///{tmp_path}/p.db", tmp_path) as job_service:
            await job_service.recovery.key_given("ann", account(catalog, upstream.address, "visitor", OWN))
            job = await settled(job_service, job)

    assert (job.state, job.problem.charged, upstream.requests) == (JobState.FAILED, "Nothing was charged.", [])


async def test_an_uncertain_job_whose_task_was_named_is_repaired_when_its_key_is_given(
    catalog: Catalog, tmp_path: Path
) -> None:
    """A callback came before the server died; the key alone was missing to believe it."""
    async with scripted_upstream() as upstream:
        job = await left_behind(
            catalog, tmp_path, upstream, payer="visitor", state=JobState.SUBMITTING, callback_task_id=TASK
        )
        async with process(catalog, f"sqlite:///{tmp_path}/p.db", tmp_path) as job_service:
            assert (await job_service.find(job.id, "ann")).state is JobState.UNCERTAIN
            resumed = await job_service.recovery.key_given("ann", account(catalog, upstream.address, "visitor", OWN))
            await workers_ended()
            job = await job_service.find(job.id, "ann")

    assert (resumed, job.state, job.task_id, upstream.posts) == (1, JobState.DONE, TASK, [])


async def test_retry_after_zero_is_retried_at_growing_intervals(catalog: Catalog, tmp_path: Path) -> None:
    """``Retry-After: 0`` again and again is no reason to send as fast as the line allows."""
    again = response({"error": "too many"}, status=429, headers={"Retry-After": "0"})
    async with scripted_upstream(post=[again]) as upstream:
        async with process(catalog, f"sqlite:///{tmp_path}/p.db", tmp_path, deadline_s=60) as job_service:
            job = await submit(job_service, catalog, account(catalog, upstream.address))
            await upstream.wait_for("posts", 3)
            await job_service.stop(job.id, "ann")

    first, second, third = (request.at for request in upstream.posts[:3])
    assert second - first >= FAST.shortest_pause
    assert third - second >= 2 * FAST.shortest_pause
