"""Claims, on both databases: a job is sent once, and nothing slips past a cap."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.errors import CapReached
from components.jobs.budgets import Caps, start_of_day
from components.jobs.job import JobState
from components.jobs.store.jobs import Store
from components.jobs.store.spend import Spend
from tests.jobs.conftest import NOON, add_jobs, claim_all, make_job, open_stores, set_fields
from tests.jobs.job_setup import visitors_setup
from tests.jobs.scripted_upstream import created, finished, response, settled

DAY = 86_400.0


async def test_a_job_can_be_claimed_only_once(stores: list[Store]) -> None:
    """Of many claims at once, from several processes, one gets the job, the others get nothing."""
    job = make_job()
    await add_jobs(stores[0], job)

    claimed = await claim_all(stores, [job] * 50, Caps(), NOON + 1)

    assert [(one.state, one.sent_at) for one in claimed] == [(JobState.SUBMITTING, NOON + 1)]


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.QUEUED])
async def test_only_a_queued_job_can_be_claimed(store: Store, state: JobState) -> None:
    """Every other state has been claimed, or has ended."""
    job = make_job(state=state)
    await add_jobs(store, job)

    assert await store.claim(job.id, Caps(), NOON) is None
    assert await store.get(job.id) == job
    assert await store.claim("unknown", Caps(), NOON) is None


async def test_a_claim_whose_answer_was_lost_can_be_repeated(store: Store) -> None:
    """With the token it was made with, and only until something came of it."""
    job = make_job()
    await add_jobs(store, job)
    claimed = await store.claim(job.id, Caps(daily=10), NOON, "token")

    assert claimed
    assert await store.claim(job.id, Caps(daily=10), NOON, "token") == claimed
    assert await store.claim(job.id, Caps(daily=10), NOON, "another") is None
    assert await store.claim(job.id, Caps(daily=10), NOON) is None
    await store.apply(job.id, set_fields(state=JobState.RUNNING, task_id="t"))
    assert await store.claim(job.id, Caps(daily=10), NOON, "token") is None


CAPS = [
    (Caps(job=10), 0, True),
    (Caps(job=9.99), 0, False),
    (Caps(visitor=30), 2, True),
    (Caps(visitor=30), 3, False),
    (Caps(daily=30), 2, True),
    (Caps(daily=30), 3, False),
    (Caps(daily=0), 0, False),
    (Caps(), 50, True),
]


@pytest.mark.parametrize(("caps", "before", "passes"), CAPS)
async def test_a_cap_may_be_met_exactly_but_not_passed(store: Store, caps: Caps, before: int, passes: bool) -> None:
    """A refusal changes nothing and says when it ends."""
    job = make_job()
    await add_jobs(store, job, *(make_job(state=JobState.DONE) for _ in range(before)))

    if passes:
        assert (await store.claim(job.id, caps, NOON)).state is JobState.SUBMITTING
    else:
        with pytest.raises(CapReached) as refusal:
            await store.claim(job.id, caps, NOON)
        assert await store.get(job.id) == job
        assert refusal.value.problem.code == "cap"
        assert ("midnight UTC" in refusal.value.what) == (caps.job is None)


async def test_fractions_of_a_credit_meet_a_cap_exactly(store: Store) -> None:
    """Three times 0.1 is 0.3, whatever floating point says."""
    jobs = [make_job(credits=0.1) for _ in range(4)]
    await add_jobs(store, *jobs)

    assert len(await claim_all([store], jobs, Caps(daily=0.3), NOON)) == 3


@pytest.mark.parametrize("credits", [math.inf, math.nan])
@pytest.mark.parametrize("caps", [Caps(daily=1e300), Caps(visitor=1e300), Caps(job=1e300)])
async def test_a_price_that_is_not_known_is_over_every_cap(store: Store, caps: Caps, credits: float) -> None:
    """Without a cap it is sent, and then nothing else is under one."""
    unknown, other = make_job(credits=credits), make_job()
    await store.add(unknown)
    await store.add(other)

    with pytest.raises(CapReached):
        await store.claim(unknown.id, caps, NOON)
    assert (await store.get(unknown.id)).state is JobState.QUEUED
    assert (await store.claim(unknown.id, Caps(), NOON)).state is JobState.SUBMITTING
    assert (await store.spending.total("host", 0)).total == math.inf
    if caps.job is None:
        with pytest.raises(CapReached):
            await store.claim(other.id, caps, NOON)


@pytest.mark.parametrize(("others", "passes"), [("ann", False), ("bea", True)])
async def test_a_visitors_cap_counts_that_visitor_only(store: Store, others: str, passes: bool) -> None:
    """What others spend does not count."""
    job = make_job(visitor="ann")
    await add_jobs(store, job, make_job(visitor=others, state=JobState.DONE))

    assert len(await claim_all([store], [job], Caps(visitor=10), NOON)) == passes


@pytest.mark.parametrize("payer", ["sandbox", "visitor"])
async def test_caps_are_for_the_hosts_key_only(store: Store, payer: str) -> None:
    """The sandbox costs nothing, and a visitor's own key is the visitor's business."""
    job = make_job(payer=payer)
    await add_jobs(store, job)

    assert await store.claim(job.id, Caps(daily=0, visitor=0, job=0), NOON)
    assert (await store.spending.total("host", 0)).total == 0
    assert await store.spending.total(payer, 0, "ann") == Spend(10, 0)


async def test_a_hundred_claims_at_once_never_pass_the_cap(stores: list[Store]) -> None:
    """Of 10 credits each, under a cap of 50, exactly five are sent: four days in a row, from four processes."""
    waiting = [make_job(visitor=f"visitor {number}") for number in range(95)]
    await add_jobs(stores[0], *waiting)

    for day in range(4):
        new = [make_job(visitor="new") for _ in range(5)]
        await add_jobs(stores[0], *new)
        waiting += new
        now = NOON + day * DAY
        sent = {job.id for job in await claim_all(stores, waiting, Caps(daily=50), now)}
        waiting = [job for job in waiting if job.id not in sent]
        assert len(sent) == 5
        assert await stores[0].spending.total("host", start_of_day(now)) == Spend(50, 0)


async def test_every_visitors_cap_holds_for_concurrent_requests(stores: list[Store]) -> None:
    """Two for each of five visitors, and eight in all."""
    jobs = [make_job(visitor=f"visitor {number % 5}") for number in range(100)]
    await add_jobs(stores[0], *jobs)

    sent = await claim_all(stores, jobs, Caps(visitor=20, daily=80), NOON)

    assert len(sent) == 8
    assert max([job.visitor for job in sent].count(visitor) for visitor in {job.visitor for job in sent}) == 2


async def test_a_cap_holds_while_other_jobs_end(stores: list[Store]) -> None:
    """A job that moves from reserved to spent is counted once at every moment: never twice, and never not at all."""
    going = [make_job(state=JobState.RUNNING, task_id="t") for _ in range(5)]
    waiting = [make_job() for _ in range(60)]
    await add_jobs(stores[0], *going, *waiting)

    ends = (stores[at % 4].apply(job.id, set_fields(state=JobState.DONE)) for at, job in enumerate(going))
    sent, *_ = await asyncio.gather(claim_all(stores, waiting, Caps(daily=60), NOON), *ends)

    assert len(sent) == 1
    assert await stores[0].spending.total("host", 0) == Spend(10, 50)


async def test_caps_outlive_the_process(database_url: str) -> None:
    """What was reserved and spent before a restart counts after it."""
    jobs = [make_job() for _ in range(4)]
    async with open_stores(database_url) as (store,):
        await add_jobs(store, *jobs, make_job(state=JobState.DONE))
        assert len(await claim_all([store], jobs[:2], Caps(daily=30), NOON)) == 2
    async with open_stores(database_url) as (store,):
        assert await store.spending.total("host", 0) == Spend(20, 10)
        assert await claim_all([store], jobs[2:], Caps(daily=30), NOON) == []
        assert len(await claim_all([store], jobs[2:], Caps(daily=40), NOON)) == 1


async def test_sixty_submissions_at_once_never_pass_the_cap(catalog: Catalog, tmp_path: Path) -> None:
    """4 credits each, 50 a day: twelve are sent, the others are refused by the cap."""
    async with visitors_setup(catalog, tmp_path, caps=Caps(daily=50), deadline_s=60) as setup:
        host = dataclasses.replace(setup.payer, payer="host")
        jobs = await asyncio.gather(*(setup.start(visitor=f"visitor {number}", payer=host) for number in range(60)))
        ended = [await settled(setup.job_service, job) for job in jobs]
        spent = await setup.job_service.store.spending.total("host", 0)

    assert len(setup.upstream.posts) == 12
    assert spent == Spend(0, 48)
    assert [job.state for job in ended].count(JobState.DONE) == 12
    assert {job.problem.code for job in ended if job.problem} == {"cap"}


async def test_a_refused_request_gives_its_credits_to_the_next(catalog: Catalog, tmp_path: Path) -> None:
    """A cap of one request lets another in after the first was refused, and no third after the second."""
    posts = [response({}, 401), created()]
    async with visitors_setup(catalog, tmp_path, {"post": posts, "poll": [finished()]}, caps=Caps(daily=4)) as setup:
        host = dataclasses.replace(setup.payer, payer="host")
        ended = [await settled(setup.job_service, await setup.start(payer=host)) for _ in range(3)]

    assert [job.problem and job.problem.code for job in ended] == ["key", None, "cap"]
