"""Who works on a job, on both databases: leases, their renewal, and jobs that a dead process left behind."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from components.api import ApiClient
from components.catalog.models import Catalog
from components.jobs.budgets import Caps
from components.jobs.job import ACTIVE, Job, JobState, Timings
from components.jobs.service import JobService
from components.jobs.store.jobs import Ownership, Store
from components.jobs.store.leases import TAKEN_AT_ONCE
from components.jobs.store.spend import Spend
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from tests.jobs.conftest import NOON, add_jobs, make_job, open_stores, raw_connection, set_fields
from tests.postgres import Postgres


def ids(jobs: list[Job]) -> set[str]:
    return {job.id for job in jobs}


def expire_leases_of(url: str, *owners: Store) -> None:
    """Let the leases of these processes be over, as if they had died a while ago."""
    with raw_connection(url) as connection:
        for owner in owners:
            connection.execute(f"UPDATE jobs SET lease = {time.time() - 1} WHERE owner = '{owner.owner}'")


def leases(url: str) -> dict[str, float]:
    with raw_connection(url) as connection:
        return dict(connection.execute("SELECT id, lease FROM jobs").fetchall())


@pytest.fixture
def shared(database_url: str) -> bool:
    """Whether several processes may use the database."""
    return database_url.startswith("postgresql")


async def test_a_living_process_keeps_its_jobs(stores: list[Store], shared: bool) -> None:
    """Jobs it has added, claimed or taken; on SQLite there is one process, so another one's jobs are a dead one's."""
    added, claimed = make_job(), make_job()
    await add_jobs(stores[0], added, claimed)
    await stores[0].claim(claimed.id, Caps(), NOON)

    assert ids(await stores[1].leases.take_over()) == (set() if shared else {added.id, claimed.id})


async def test_a_process_does_not_take_over_its_own_jobs(stores: list[Store], database_url: str) -> None:
    """Not even when the own lease is over: the jobs are being worked on."""
    await add_jobs(stores[0], make_job(), make_job(state=JobState.RUNNING, task_id="t"))
    expire_leases_of(database_url, stores[0])

    assert await stores[0].leases.take_over() == []


@pytest.mark.parametrize("state", JobState)
async def test_a_dead_processs_unfinished_jobs_are_taken_over_unchanged(
    stores: list[Store], database_url: str, state: JobState
) -> None:
    """Jobs that wait for a decision or have ended have no owner."""
    job = make_job(state=state, task_id="t")
    await add_jobs(stores[0], job)
    expire_leases_of(database_url, stores[0])

    assert await stores[1].leases.take_over() == ([job] if state in ACTIVE else [])
    assert await stores[1].get(job.id) == job


async def test_two_processes_never_take_the_same_job(postgres: Postgres) -> None:
    """However many look at once, each orphan has one new owner, and none is left."""
    with postgres.fresh() as url:
        async with open_stores(url, 4) as (dead, *living):
            jobs = [make_job(created_at=NOON + number) for number in range(100)]
            await add_jobs(dead, *jobs)
            expire_leases_of(url, dead)
            recovered = await asyncio.gather(*(store.leases.take_over() for store in living * 4))
            recovered += [await living[0].leases.take_over()]

    taken = [job.id for some in recovered for job in some]
    assert sorted(taken) == sorted(ids(jobs))


async def test_all_jobs_are_taken_over_even_if_they_exceed_one_page(stores: list[Store], database_url: str) -> None:
    """A few hundred at a time, the oldest first, until there are no more."""
    jobs = [make_job(created_at=NOON + number) for number in range(TAKEN_AT_ONCE + 20)]
    await add_jobs(stores[0], *jobs)
    expire_leases_of(database_url, stores[0])

    assert await stores[1].leases.take_over() == jobs[:TAKEN_AT_ONCE]
    assert await stores[1].leases.take_over() == jobs[TAKEN_AT_ONCE:]
    assert await stores[1].leases.take_over() == []


async def test_a_lease_that_is_renewed_is_not_over(stores: list[Store], database_url: str, shared: bool) -> None:
    """Renewing extends the leases of this process only, all by the same time."""
    own, foreign = make_job(state=JobState.RUNNING, task_id="t"), make_job()
    await add_jobs(stores[0], own)
    await add_jobs(stores[1], foreign)
    expire_leases_of(database_url, stores[0], stores[1])

    assert await stores[0].leases.renew() == [own]

    if shared:
        assert await stores[2].leases.take_over() == [foreign]
        now = time.time()
        assert 0 < leases(database_url)[own.id] - now <= Timings().lease + 1  # the server's clock is this machine's


async def test_renewing_returns_what_is_worked_on(stores: list[Store]) -> None:
    """Not what has ended, and not what others work on."""
    jobs = {state: make_job(state=state) for state in JobState}
    await add_jobs(stores[0], *jobs.values())
    await add_jobs(stores[1], make_job())

    assert ids(await stores[0].leases.renew()) == ids([jobs[state] for state in ACTIVE])


async def test_a_process_whose_leases_expired_has_lost_its_jobs(stores: list[Store], database_url: str) -> None:
    """A process that comes back after a long pause finds out before it writes."""
    job = make_job(state=JobState.RUNNING, task_id="t")
    await add_jobs(stores[0], job)
    expire_leases_of(database_url, stores[0])
    await stores[1].leases.take_over()

    assert await stores[0].leases.renew() == []
    assert await stores[0].apply(job.id, set_fields(polls=9), Ownership.REQUIRED) is None
    assert await stores[1].apply(job.id, set_fields(polls=1), Ownership.REQUIRED)
    assert (await stores[0].get(job.id)).polls == 1


@pytest.mark.parametrize("changes", [{"state": JobState.RUNNING}, {}], ids=str)
async def test_resuming_a_job_takes_its_lease(stores: list[Store], changes: dict[str, Any]) -> None:
    """Wherever it was before, and also where nothing else is changed."""
    job = make_job(state=JobState.STOPPED, task_id="t")
    await add_jobs(stores[0], job)

    assert await stores[1].apply(job.id, lambda _: None, Ownership.TAKE_OVER) is None
    assert await stores[0].apply(job.id, set_fields(polls=1), Ownership.REQUIRED)
    assert await stores[1].apply(job.id, set_fields(**changes), Ownership.TAKE_OVER)
    assert await stores[0].apply(job.id, set_fields(polls=2), Ownership.REQUIRED) is None
    assert await stores[1].apply(job.id, set_fields(polls=3), Ownership.REQUIRED)


async def test_of_two_who_claim_a_job_of_a_dead_process_one_sends_it(stores: list[Store], database_url: str) -> None:
    """The one that was thought dead wakes up and claims in the same moment as its successor."""
    job = make_job()
    await add_jobs(stores[0], job)
    expire_leases_of(database_url, stores[0])
    assert await stores[1].leases.take_over() == [job]

    claimed = await asyncio.gather(*(store.claim(job.id, Caps(), NOON) for store in stores[:2] * 10))

    assert len([one for one in claimed if one]) == 1


async def test_a_new_process_on_sqlite_takes_over_all_jobs_at_once(tmp_path: Path) -> None:
    """The lock on the file proves that no other process runs, so no lease has to expire."""
    url = f"sqlite:///{tmp_path / 'playground.db'}"
    jobs = [make_job(state=state) for state in sorted(ACTIVE)]
    async with open_stores(url) as (store,):
        await add_jobs(store, *jobs)

    async with open_stores(url) as (store,):
        assert ids(await store.leases.take_over()) == ids(jobs)
        assert ids(await store.leases.renew()) == ids(jobs)


async def test_a_clean_shutdown_releases_all_leases(stores: list[Store]) -> None:
    """At once, without waiting for a lease, and only its own."""
    own, foreign, ended = make_job(), make_job(), make_job(state=JobState.DONE)
    await add_jobs(stores[0], own, ended)
    await add_jobs(stores[1], foreign)

    await stores[0].leases.release()

    assert await stores[1].leases.take_over() == [own]
    assert ids(await stores[1].leases.renew()) == ids([own, foreign])


async def test_a_request_that_was_on_its_way_when_its_process_died_is_uncertain(
    stores: list[Store], database_url: str, catalog: Catalog, client: ApiClient, tmp_path: Path
) -> None:
    """It may have been accepted: it keeps its credits, is not sent again, and waits for its visitor's decision."""
    job = make_job(state=JobState.SUBMITTING, visitor="ann", base_url="http://127.0.0.1:9")
    await add_jobs(stores[0], job)
    expire_leases_of(database_url, stores[0])
    async with open_fetch_client() as http:
        job_service = JobService(catalog, stores[1], client, PictureLibrary(FolderStorage(tmp_path / "pictures"), http))
        await job_service.begin()
        recovered = await job_service.find(job.id, "ann")
        await job_service.aclose()

    assert (recovered.state, recovered.task_id, recovered.problem.code) == (JobState.UNCERTAIN, None, "lost")
    assert await stores[2].spending.total("host", 0) == Spend(10, 0)
    assert [one.id for one in await stores[2].unfinished("ann")] == [job.id]


async def test_a_new_process_on_postgresql_waits_for_the_lease(postgres: Postgres) -> None:
    """A process that says nothing any more is taken for dead when its leases are over, and no sooner."""
    job = make_job()
    with postgres.fresh() as url:
        async with open_stores(url) as (dead,):
            await add_jobs(dead, job)

        async with open_stores(url) as (store,):
            assert await store.leases.take_over() == []
            expire_leases_of(url, dead)
            assert await store.leases.take_over() == [job]
