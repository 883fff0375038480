"""The store, on both databases: what is kept comes back as it was, changes are conditional, twins are found."""

from __future__ import annotations

import asyncio
import dataclasses
from functools import partial
from typing import Any

import pytest

from components.errors import Problem
from components.jobs import transitions
from components.jobs.budgets import Caps
from components.jobs.job import ACTIVE, WAITING, Job, JobState
from components.jobs.store.jobs import Store
from components.jobs.store.learned import LearnedStore
from components.pictures.stored import StoredPicture
from tests.jobs.conftest import NOON, add_jobs, lock_database, make_job, open_stores, set_fields

HOSTILE = {
    "quotes": "'; DROP TABLE jobs; -- \" ` \\ %s %(id)s :id {} $1 \\x00",
    "right to left": "\u202eمرحبا\u202c",
    "emoji": "🪁👩‍👩‍👧‍👦🇰🇪",
    "long": "ü" * 10_000,
    "lines": "a\r\nb\tc\x1b[31m\u2028",
}
UNSTORABLE = {"zero": ("a\0b", "a\ufffdb"), "half a pair": ("a\ud83db", "a?b"), "other half": ("a\udc00b", "a?b")}
STRANGE = HOSTILE | {name: text for name, (text, _) in UNSTORABLE.items()}
PICTURE = StoredPicture("0f.png", 1024, 768, "png", 123_456, "https://x/'a'.png")
FULL = Job(
    id="full",
    visitor="ann",
    model="cogview-4",
    body={"prompt": "A red kite", "n": 2, "seed": None, "deep": [{"x": 0.1, "y": [True, {}]}], "big": 2**53 + 1},
    shape="16:9",
    count=2,
    payer="host",
    base_url="https://x/é",
    credits=0.1 + 0.2,
    usd=1 / 3,
    created_at=1_772_625_600.123457,
    typical_seconds=(4.1, 1e-300),
    state=JobState.RUNNING,
    task_id="task-1",
    sent_at=1_772_625_601.000001,
    finished_at=1e300,
    polls=7,
    status_note="The service asks to wait 5 s.",
    pending_urls=("https://x/1.png", "https://x/2.png?a=1&b=2"),
    pictures=(PICTURE, dataclasses.replace(PICTURE, name="1f.webp", source="")),
    charged=12.3,
    problem=Problem("rate", 'What\'s "up"?', "Wait.", "Nothing was charged.", '{"error": "\\u0000"}'),
    idempotency_key="e" * 64,
    stop_requested=True,
    callback_hash="f" * 64,
    comparison_id="b1",
    replaces="r1",
    evaluation_id="e1",
    prompt="A red kite",
    callback_task_id="task-2",
)


async def test_every_field_of_a_job_survives(database_url: str) -> None:
    """Also in another process: every number to its last bit, and a list in the body as a list."""
    defaults = {field.name for field in dataclasses.fields(Job) if getattr(FULL, field.name) == field.default}
    assert defaults == set(), "the job of this test must set every field to something"

    async with open_stores(database_url) as (store,):
        await add_jobs(store, FULL)
        assert await store.get("full") == FULL
    async with open_stores(database_url) as (store,):
        assert await store.get("full") == FULL


async def test_every_field_of_a_job_can_be_changed(store: Store) -> None:
    """All at once, to what is empty and back."""
    empty = dataclasses.replace(make_job(), id="full")
    await add_jobs(store, empty)

    for job in (FULL, empty, FULL):
        changes = {field.name: getattr(job, field.name) for field in dataclasses.fields(Job)}
        assert await store.apply("full", set_fields(**changes)) == job
        assert await store.get("full") == job


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_any_text_survives(store: Store, text: str) -> None:
    """Wherever a visitor or the service can put one."""
    problem = Problem("input", text, text, text, text)
    job = make_job(
        body={text: [text]},
        shape=text,
        base_url=text,
        status_note=text,
        callback_task_id=text,
        pending_urls=(text,),
        problem=problem,
    )
    job = dataclasses.replace(job, pictures=(dataclasses.replace(PICTURE, source=text),), task_id=text)

    await add_jobs(store, job)

    assert await store.get(job.id) == job


@pytest.mark.parametrize(("text", "kept"), UNSTORABLE.values(), ids=UNSTORABLE)
async def test_characters_that_no_database_stores_are_replaced_in_texts_and_kept_in_bodies(
    store: Store, text: str, kept: str
) -> None:
    """A body is sent as it is, so it is kept as it is; a text that PostgreSQL refuses is shown without the bad character."""
    problem = Problem("input", text, text, text, text)
    job = make_job(body={text: [text]}, pending_urls=(text,), problem=problem)
    await add_jobs(store, job)

    after = await store.apply(job.id, set_fields(status_note=text, task_id=text, callback_task_id=text))

    assert after == dataclasses.replace(job, status_note=kept, task_id=kept, callback_task_id=kept)
    assert await store.get(job.id) == after


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
async def test_unknown_ids_match_no_job(store: Store, name: str) -> None:
    """Job ids come from addresses: every unknown one is reported as not found."""
    await add_jobs(store, make_job())

    assert await store.get(name) is None
    assert await store.apply(name, set_fields(status_note="no")) is None
    assert await store.claim(name, Caps(), NOON) is None
    assert await store.recent(name, 10) == []
    assert await store.unfinished(name) == []
    assert (await store.spending.total("host", 0, name)).total == 0


async def test_a_transition_that_allows_no_change_makes_none(store: Store) -> None:
    """It is asked with the job as it is on record; for a removed job, as for an unknown one, it is not asked."""
    job, removed = make_job(), make_job(state=JobState.DONE)
    await add_jobs(store, job, removed)
    await store.remove(removed.id)
    seen: list[Job] = []

    assert await store.apply(job.id, seen.append) is None
    assert await store.apply(removed.id, seen.append) is None
    assert await store.apply("unknown", seen.append) is None
    assert seen == [job] == [await store.get(job.id)]


async def test_changes_at_once_do_not_undo_each_other(stores: list[Store]) -> None:
    """Two changes of different fields are both kept, in either order."""
    job = make_job()
    await add_jobs(stores[0], job)
    changes: list[dict[str, Any]] = [{"status_note": "n"}, {"polls": 3}, {"charged": 1.0}, {"callback_task_id": "t"}] * 5

    await asyncio.gather(*(stores[at % 4].apply(job.id, set_fields(**change)) for at, change in enumerate(changes)))

    assert await stores[0].get(job.id) == dataclasses.replace(
        job, status_note="n", polls=3, charged=1.0, callback_task_id="t"
    )


async def test_of_many_changes_out_of_one_state_one_happens(stores: list[Store]) -> None:
    """One of them finds the job in the state that it asks for."""
    job = make_job()
    await add_jobs(stores[0], job)
    ends = [transitions.stopped, partial(transitions.failed, problem=None)] * 10

    after = await asyncio.gather(*(stores[at % 4].apply(job.id, partial(end, now=NOON)) for at, end in enumerate(ends)))

    assert [await stores[0].get(job.id)] == [one for one in after if one]


async def test_a_write_is_completed_even_if_its_caller_is_cancelled(database_url: str) -> None:
    """A page that is closed, or a task that is cancelled, while others are writing: no task id is lost by that."""
    async with open_stores(database_url) as (store,):
        job = make_job()
        await add_jobs(store, job)
        with lock_database(database_url):
            first = [asyncio.create_task(store.apply(job.id, set_fields(status_note=str(number)))) for number in range(8)]
            last = asyncio.create_task(store.apply(job.id, set_fields(task_id="paid for")))
            await asyncio.sleep(0)  # every task is as far as it gets: in a thread, or in the line before one
            last.cancel()
            await asyncio.gather(last, return_exceptions=True)
        await asyncio.gather(*first)
    async with open_stores(database_url) as (store,):
        assert (await store.get(job.id)).task_id == "paid for"


async def test_recent_are_the_newest_with_pictures_of_this_visitor(store: Store) -> None:
    """However many failures came after them."""
    shown = [make_job(state=JobState.DONE, pictures=(PICTURE,), created_at=NOON + at) for at in range(5)]
    others = [make_job(state=JobState.DONE, pictures=(PICTURE,), visitor="bea"), make_job(state=JobState.DONE)]
    failures = [make_job(state=JobState.FAILED, created_at=NOON + 10) for _ in range(40)]
    await add_jobs(store, *shown, *others, *failures)

    assert await store.recent("ann", 3) == shown[:1:-1]
    assert await store.recent("ann", 50) == shown[::-1]
    assert await store.recent("bea", 50) == others[:1]


async def test_unfinished_jobs_are_active_or_wait_for_a_decision(store: Store) -> None:
    """Newest first, limited in number, this visitor's only, without abandoned jobs."""
    states = enumerate(JobState)
    jobs = {state: make_job(state=state, created_at=NOON + at) for at, state in states}
    await add_jobs(store, *jobs.values(), make_job(visitor="bea"))

    unfinished = [jobs[state] for state in reversed(JobState) if state in ACTIVE | WAITING | {JobState.UNCERTAIN}]
    assert await store.unfinished("ann") == unfinished
    assert await store.unfinished("ann", 2) == unfinished[:2]


async def test_scores_of_callbacks_are_counted_by_every_process_and_kept(stores: list[Store]) -> None:
    """Four processes at once lose none; another address of ours has its own."""
    learned = [LearnedStore(store.transactions) for store in stores]
    for _ in range(2):
        await asyncio.gather(
            *(one.change_callback_score("http://a", "http://x", "m", lambda score: score + 1) for one in learned)
        )
    await learned[0].change_callback_score("http://b", "http://x", "m", lambda _: -3)

    assert await learned[1].callback_scores("http://a") == {("http://x", "m"): 8}
    assert await learned[1].callback_scores("http://b") == {("http://x", "m"): -3}
