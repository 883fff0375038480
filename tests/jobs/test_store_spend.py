"""Credits, on both databases: reserved and spent through every change of a job, day by day."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest

from components.jobs.budgets import Caps, start_of_day
from components.jobs.job import JobState
from components.jobs.store.jobs import Store
from components.jobs.store.spend import ChargeDifference, Spend
from tests.jobs.conftest import NOON, add_jobs, claim_all, make_job, set_fields

MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC).timestamp()

STATE_SEQUENCES: list[list[tuple[dict[str, Any], float, float]]] = [
    [
        ({"state": JobState.SUBMITTING, "sent_at": NOON}, 10, 0),
        ({"state": JobState.QUEUED, "status_note": "after a 429"}, 0, 0),
        ({"state": JobState.SUBMITTING}, 10, 0),
        ({"state": JobState.RUNNING, "task_id": "t"}, 10, 0),
        ({"state": JobState.OVERDUE}, 10, 0),
        ({"state": JobState.SAVING, "pending_urls": ("https://x/1.png",)}, 10, 0),
        ({"state": JobState.DONE, "pending_urls": ()}, 0, 10),
        ({"charged": 7.5}, 0, 7.5),
        ({"charged": 0.0}, 0, 0),
    ],
    [
        ({"state": JobState.SUBMITTING, "sent_at": NOON}, 10, 0),
        ({"state": JobState.UNCERTAIN}, 10, 0),
        ({"state": JobState.ABANDONED}, 0, 10),
    ],
    [
        ({"state": JobState.UNCERTAIN, "sent_at": NOON}, 10, 0),
        ({"state": JobState.RUNNING, "task_id": "t"}, 10, 0),
        ({"state": JobState.STOPPED}, 0, 10),
        ({"state": JobState.RUNNING}, 10, 0),
        ({"state": JobState.FAILED}, 0, 10),
    ],
    [({"state": JobState.SUBMITTING, "sent_at": NOON}, 10, 0), ({"state": JobState.FAILED}, 0, 0)],
    [({"state": JobState.STOPPED}, 0, 0)],
    [({"state": JobState.SUBMITTING, "sent_at": NOON}, 10, 0), ({"state": JobState.STOPPED}, 0, 0)],
]


@pytest.mark.parametrize(
    "sequence", STATE_SEQUENCES, ids=lambda sequence: "-".join(str(step[0].get("state", "")) for step in sequence)
)
async def test_credits_are_reserved_from_the_claim_and_spent_at_the_end(store: Store, sequence: list[Any]) -> None:
    """Only where nothing can have been accepted are they given back; what the service reports counts, else the price."""
    job = make_job()
    await add_jobs(store, job)

    for changes, reserved, spent in sequence:
        after = await store.apply(job.id, set_fields(**changes))
        assert (after.reserved, after.spent) == (reserved, spent)
        for visitor in (None, "ann"):
            assert await store.spending.total("host", start_of_day(NOON), visitor) == Spend(reserved, spent)
        assert await store.spending.total("host", start_of_day(NOON), "bea") == Spend(0, 0)
        assert await store.spending.total("visitor", start_of_day(NOON)) == Spend(0, 0)


async def test_requests_made_before_midnight_count_on_the_day_they_are_sent(store: Store) -> None:
    """However many wait over midnight, the new day's cap holds for all that are sent in it."""
    jobs = [make_job(created_at=MIDNIGHT - 1) for _ in range(5)]
    await add_jobs(store, *jobs)

    assert len(await claim_all([store], jobs, Caps(daily=20), MIDNIGHT + 1)) == 2


@pytest.mark.parametrize("caps", [Caps(daily=10), Caps(visitor=10)])
async def test_a_new_day_starts_at_nothing(store: Store, caps: Caps) -> None:
    """What was sent before midnight UTC does not count after it, even if it is still running."""
    jobs = [make_job(), make_job(), make_job()]
    earlier = [make_job(sent_at=MIDNIGHT - 1, state=state) for state in (JobState.DONE, JobState.RUNNING)]
    await add_jobs(store, *jobs, *earlier)

    assert await claim_all([store], jobs[:1], caps, MIDNIGHT - 0.001) == []
    assert len(await claim_all([store], jobs, caps, MIDNIGHT)) == 1
    assert await store.spending.total("host", MIDNIGHT) == Spend(10, 0)
    assert await store.spending.total("host", start_of_day(NOON)) == Spend(20, 10)


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


async def test_models_that_are_charged_otherwise_than_listed_are_summed_up(store: Store) -> None:
    """Of this visitor, real services and known prices, the largest sum first."""
    done: dict[str, Any] = {"state": JobState.DONE, "task_id": "t", "sent_at": NOON, "credits": 10.0}
    await add_jobs(
        store,
        *(make_job(model="a", charged=charged, **done) for charged in (12.0, 11.0, 10.0, None)),
        make_job(model="b", charged=4.0, **done),
        *(make_job(model="c", charged=99.0, **{**done, **other}) for other in (
            {"payer": "sandbox"}, {"visitor": "bea"}, {"sent_at": NOON - 86_400}, {"credits": inf},
        )),
    )  # fmt: skip

    differences = await store.spending.charge_differences("ann", start_of_day(NOON))
    assert differences == [ChargeDifference("b", 1, 10, 4), ChargeDifference("a", 2, 10, 11.5)]


async def test_a_budget_counts_what_is_queued_and_what_is_sent(store: Store) -> None:
    """Queued requests have no day yet; those of others count for the page and not for the visitor."""
    await add_jobs(
        store,
        make_job(),
        make_job(state=JobState.RUNNING, task_id="t", sent_at=NOON),
        make_job(state=JobState.DONE, task_id="t", sent_at=NOON, visitor="bea"),
        make_job(state=JobState.DONE, task_id="t", sent_at=NOON - 86_400),
        make_job(payer="visitor"),
    )

    assert await store.spending.committed(start_of_day(NOON), "ann") == (30, 20)
