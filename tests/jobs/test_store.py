"""The store: conditional changes, caps that nothing slips past, and a bound that forgets only what is settled."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.catalog import Catalog
from components.errors import CapReached
from components.jobs import Caps, Job, JobState, MemoryStore
from components.jobs.store import MOST_JOBS, start_of_day
from tests.jobs.faulty import created, finished, http, staged

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC).timestamp()
NUMBERS = itertools.count()


def a_job(**changes: Any) -> Job:
    """A queued job of the host's key that costs 10 credits, made at noon."""
    job = Job(f"job-{next(NUMBERS)}", "ann", "cogview-4", {}, "1:1", 1, "host", "http://x", 10.0, 0.1, NOON)
    return dataclasses.replace(job, **changes)


async def filled(*jobs: Job) -> MemoryStore:
    store = MemoryStore()
    for job in jobs:
        await store.add(job)
    return store


async def test_a_job_can_be_claimed_only_once() -> None:
    """Of many claims at once one gets the job, the others get nothing."""
    job = a_job()
    store = await filled(job)

    claims = await asyncio.gather(*(store.claim(job.id, Caps(), NOON + 1) for _ in range(50)))

    claimed = [claim for claim in claims if claim]
    assert [(one.state, one.sent_at) for one in claimed] == [(JobState.SUBMITTING, NOON + 1)]


@pytest.mark.parametrize("state", set(JobState) - {JobState.QUEUED})
async def test_only_a_queued_job_can_be_claimed(state: JobState) -> None:
    """Every other state has been claimed, or has ended."""
    job = a_job(state=state)
    store = await filled(job)

    assert await store.claim(job.id, Caps(), NOON) is None
    assert await store.get(job.id) == job


@pytest.mark.parametrize("state", JobState)
async def test_a_job_changes_only_in_the_named_states(state: JobState) -> None:
    """In any other state, and for an unknown id, nothing happens and None is the answer."""
    job = a_job(state=state)
    store = await filled(job)

    assert await store.change(job.id, set(JobState) - {state}, note="no") is None
    assert await store.get(job.id) == job
    assert await store.change(job.id, {state}, note="yes") == dataclasses.replace(job, note="yes")
    assert await store.get(job.id) == dataclasses.replace(job, note="yes")
    assert await store.change("unknown", set(JobState), note="no") is None


CAPS = [
    (Caps(job=10), 0, True),
    (Caps(job=9.99), 0, False),
    (Caps(visitor=30), 2, True),
    (Caps(visitor=30), 3, False),
    (Caps(daily=30), 2, True),
    (Caps(daily=30), 3, False),
    (Caps(daily=0), 0, False),
    (Caps(), 500, True),
]


@pytest.mark.parametrize(("caps", "before", "passes"), CAPS)
async def test_a_cap_may_be_met_exactly_but_not_passed(caps: Caps, before: int, passes: bool) -> None:
    """A refusal changes nothing and says when it ends."""
    job = a_job()
    store = await filled(job, *(a_job(state=JobState.DONE) for _ in range(before)))

    if passes:
        assert (await store.claim(job.id, caps, NOON)).state is JobState.SUBMITTING
    else:
        with pytest.raises(CapReached) as refusal:
            await store.claim(job.id, caps, NOON)
        assert await store.get(job.id) == job
        assert refusal.value.problem.kind == "cap"
        assert ("midnight UTC" in refusal.value.what) == (caps.job is None)


async def test_fractions_of_a_credit_meet_a_cap_exactly() -> None:
    """Three times 0.1 is 0.3, whatever floating point says."""
    jobs = [a_job(credits=0.1) for _ in range(3)]
    store = await filled(*jobs)

    for job in jobs:
        assert await store.claim(job.id, Caps(daily=0.3), NOON)


@pytest.mark.parametrize(("others", "passes"), [("ann", False), ("bea", True)])
async def test_a_visitors_cap_counts_that_visitor_only(others: str, passes: bool) -> None:
    """What others spend does not count."""
    job = a_job(visitor="ann")
    store = await filled(job, a_job(visitor=others, state=JobState.DONE))

    if passes:
        assert await store.claim(job.id, Caps(visitor=10), NOON)
    else:
        with pytest.raises(CapReached):
            await store.claim(job.id, Caps(visitor=10), NOON)


@pytest.mark.parametrize("payer", ["sandbox", "visitor"])
async def test_caps_are_for_the_hosts_key_only(payer: str) -> None:
    """The sandbox costs nothing, and a visitor's own key is the visitor's business."""
    job = a_job(payer=payer)
    store = await filled(job)

    assert await store.claim(job.id, Caps(daily=0, visitor=0, job=0), NOON)
    assert await store.spent("host", 0) == 0


KEEPING = [
    ({"state": JobState.QUEUED}, 0),
    ({"state": JobState.SUBMITTING}, 10),
    ({"state": JobState.RUNNING, "task_id": "t"}, 10),
    ({"state": JobState.DONE, "task_id": "t"}, 10),
    ({"state": JobState.UNCERTAIN}, 10),
    ({"state": JobState.STOPPED}, 0),
    ({"state": JobState.STOPPED, "task_id": "t"}, 10),
    ({"state": JobState.FAILED}, 0),
    ({"state": JobState.FAILED, "task_id": "t"}, 10),
]


@pytest.mark.parametrize(("changes", "kept"), KEEPING)
async def test_credits_are_given_back_only_where_nothing_can_have_been_accepted(changes: dict[str, Any], kept: int) -> None:
    """Stopped before it was sent and refused cost nothing; an uncertain job keeps its credits."""
    store = await filled(a_job(**changes))

    assert await store.spent("host", start_of_day(NOON)) == kept
    assert await store.spent("host", start_of_day(NOON), "ann") == kept
    assert await store.spent("host", start_of_day(NOON), "bea") == 0
    assert await store.spent("visitor", start_of_day(NOON)) == 0


async def test_two_hundred_submissions_at_once_never_pass_the_cap(catalog: Catalog, tmp_path: Path) -> None:
    """4 credits each, 50 a day: twelve are sent, the rest is told about the cap."""
    async with staged(catalog, tmp_path, caps=Caps(daily=50)) as stage:
        host = dataclasses.replace(stage.account, payer="host")
        jobs = await asyncio.gather(*(stage.start(f"visitor {number}", account=host) for number in range(200)))
        ended = [await stage.settled(job) for job in jobs]
        spent = await stage.runner.store.spent("host", 0)

    assert len(stage.upstream.posts) == 12
    assert spent == 48
    assert [job.state for job in ended].count(JobState.DONE) == 12
    assert {job.problem.kind for job in ended if job.problem} == {"cap"}


async def test_a_refused_request_gives_its_credits_to_the_next(catalog: Catalog, tmp_path: Path) -> None:
    """A cap of one request lets another in after the first was refused, and no third after the second."""
    posts = [http({}, 401), created()]
    async with staged(catalog, tmp_path, post=posts, poll=[finished()], caps=Caps(daily=4)) as stage:
        host = dataclasses.replace(stage.account, payer="host")
        ended = [await stage.settled(await stage.start(account=host)) for _ in range(3)]

    assert [job.problem and job.problem.kind for job in ended] == ["key", None, "cap"]


async def test_requests_made_before_midnight_count_on_the_day_they_are_sent() -> None:
    """However many wait over midnight, the new day's cap holds for all that are sent in it."""
    jobs = [a_job(created_at=MIDNIGHT - 1) for _ in range(5)]
    store = await filled(*jobs)

    sent = []
    for job in jobs:
        try:
            sent.append(await store.claim(job.id, Caps(daily=20), MIDNIGHT + 1))
        except CapReached:
            continue

    assert len(sent) == 2


async def test_a_new_day_starts_at_nothing() -> None:
    """What was spent before midnight UTC does not count after it."""
    job = a_job(created_at=MIDNIGHT)
    spent = a_job(created_at=MIDNIGHT - 1, sent_at=MIDNIGHT - 1, state=JobState.DONE)
    store = await filled(spent, job)

    assert await store.claim(job.id, Caps(daily=10), MIDNIGHT)


DAYS = [
    ((2026, 3, 4, 0, 0, 0), (2026, 3, 4)),
    ((2026, 3, 4, 23, 59, 59), (2026, 3, 4)),
    ((2026, 3, 5, 0, 0, 0), (2026, 3, 5)),
    ((2024, 2, 29, 12, 0, 0), (2024, 2, 29)),
    ((2026, 3, 29, 1, 30, 0), (2026, 3, 29)),
]


@pytest.mark.parametrize(("now", "day"), DAYS)
def test_a_day_starts_at_midnight_utc(now: tuple[int, ...], day: tuple[int, ...]) -> None:
    """Whatever the machine's time zone is."""
    assert start_of_day(datetime(*now, tzinfo=UTC).timestamp()) == datetime(*day, tzinfo=UTC).timestamp()


async def test_the_oldest_settled_job_is_forgotten_first() -> None:
    """The bound holds, and whatever still runs is kept."""
    going, old, newer = a_job(state=JobState.RUNNING), a_job(state=JobState.DONE), a_job(state=JobState.DONE)
    store = await filled(going, old, newer, *(a_job(state=JobState.RUNNING) for _ in range(MOST_JOBS - 3)))

    await store.add(a_job())

    assert [await store.get(job.id) for job in (going, old, newer)] == [going, None, newer]


async def test_a_store_full_of_running_jobs_refuses_a_new_one() -> None:
    """A job that was taken is there, so one for which there is no room is not taken."""
    going = [a_job(state=JobState.RUNNING) for _ in range(MOST_JOBS)]
    store = await filled(*going)
    job = a_job()

    with pytest.raises(CapReached) as refused:
        await store.add(job)

    assert "too many requests" in str(refused.value)
    assert await store.get(job.id) is None
    assert await store.get(going[0].id) == going[0]


async def test_forgetting_jobs_does_not_give_their_credits_back() -> None:
    """A flood of free jobs is no way around a cap of the same day."""
    store = await filled(
        a_job(state=JobState.DONE), *(a_job(payer="sandbox", state=JobState.DONE) for _ in range(MOST_JOBS))
    )
    job = a_job()
    await store.add(job)

    with pytest.raises(CapReached):
        await store.claim(job.id, Caps(daily=10), NOON)
