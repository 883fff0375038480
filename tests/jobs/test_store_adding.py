"""Adding, on both databases: two equal requests at once are one job, and what is not kept is never called kept."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.errors import PlaygroundError
from components.jobs.job import ENDED, WAITING, JobState, idempotency_key_of
from components.jobs.store.jobs import Store
from tests.jobs.conftest import NOON, add_jobs, make_job, set_fields
from tests.jobs.job_setup import visitors_setup
from tests.jobs.scripted_upstream import answer_after, created, settled


async def test_of_fifty_equal_requests_at_once_one_is_kept(stores: list[Store]) -> None:
    """Two clicks, or two pages on two processes: everybody gets the one that was first."""
    jobs = [make_job(idempotency_key="same") for _ in range(50)]

    added = await asyncio.gather(*(stores[at % 4].add(job) for at, job in enumerate(jobs)))

    assert len({job.id for job in added}) == 1
    stored = [await stores[0].get(job.id) for job in jobs]
    assert [job for job in stored if job] == [added[0]]


async def test_requests_without_an_idempotency_key_are_all_kept(store: Store) -> None:
    """Who asks twice on purpose gets two."""
    jobs = [make_job() for _ in range(20)]

    await asyncio.gather(*(store.add(job) for job in jobs))

    assert len(await store.unfinished("ann", 50)) == 20


async def test_the_same_request_of_another_visitor_is_another_one(catalog: Catalog, tmp_path: Path) -> None:
    """Nobody is shown a stranger's job, however equal the two requests are."""
    answered = asyncio.Event()
    async with visitors_setup(catalog, tmp_path, {"post": [answer_after(answered, created())]}) as setup:
        request = build_request(catalog, "cogview-4", {"prompt": "A red kite"})
        visitors = ("ann", "ann", "bea")
        jobs = [
            await setup.job_service.submit(
                request, setup.payer, visitor, idempotency_key=idempotency_key_of(request, setup.payer, visitor)
            )
            for visitor in visitors
        ]
        answered.set()
        await asyncio.gather(*(settled(setup.job_service, job) for job in jobs))

    assert jobs[0].id == jobs[1].id != jobs[2].id
    assert [job.visitor for job in jobs] == ["ann", "ann", "bea"]


SETTLED: list[dict[str, Any]] = [*({"state": state, "sent_at": NOON} for state in sorted(ENDED | WAITING))]


@pytest.mark.parametrize("changes", SETTLED, ids=lambda changes: "-".join(str(value) for value in changes.values()))
async def test_a_request_after_its_twin_has_settled_is_a_new_one(store: Store, changes: dict[str, Any]) -> None:
    """Until then, in every state, it is the same one."""
    first, second, third = (make_job(idempotency_key="same") for _ in range(3))
    await add_jobs(store, first)
    for state in (JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING):
        await store.apply(first.id, set_fields(state=state))
        assert (await store.add(second)).id == first.id

    await store.apply(first.id, set_fields(**changes, idempotency_key=None))

    assert await store.add(third) == third
    assert await store.get(second.id) is None
    assert (await store.get(first.id)).idempotency_key is None


@pytest.mark.parametrize(
    "unstorable",
    [{"id": "taken", "visitor": "eve"}, {"id": "taken", "body": {"prompt": "other"}}, {"usd": None}, {"usd": math.nan}],
    ids=str,
)
async def test_a_job_that_cannot_be_stored_is_an_error(store: Store, unstorable: dict[str, Any]) -> None:
    """A write that the database refuses is an error: a request that is not recorded must not be sent."""
    await add_jobs(store, make_job(id="taken"))
    job = make_job(status_note="second", **unstorable)

    with suppress(PlaygroundError):
        await store.add(job)
        assert (await store.get(job.id)).status_note == "second"
    assert (await store.get("taken")).status_note == ""


async def test_the_same_job_is_kept_once_however_often_it_is_added(store: Store) -> None:
    """Whoever was slow to add it is given what has become of it meanwhile."""
    job = make_job(id="drawn before")
    await add_jobs(store, job)
    await store.apply(job.id, set_fields(state=JobState.RUNNING))

    again = await asyncio.gather(*(store.add(job) for _ in range(5)))

    assert [(one.id, one.state) for one in again] == [(job.id, JobState.RUNNING)] * 5
