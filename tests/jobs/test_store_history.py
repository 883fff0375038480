"""The history of one visitor: what is found, in which order, and what each day cost; on both databases."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.errors import Problem
from components.jobs.job import Job, JobState
from components.jobs.store.groups import HistoryGroups, HistoryOrder
from components.jobs.store.history import JobFilter
from components.jobs.store.jobs import Store
from components.pictures.stored import StoredPicture
from tests.jobs.conftest import NOON, add_jobs, make_job

DAY_S = 86_400.0
PICTURE = StoredPicture("a" * 64 + ".png", 8, 8, "png", 100, "")


def a_past_job(prompt: str, number: int = 0, **changes: object) -> Job:
    return replace(make_job(), prompt=prompt, created_at=NOON + number, **changes)  # type: ignore[arg-type]


async def added(store: Store, job: Job, *, starred: bool = False, note: str = "") -> None:
    await add_jobs(store, job)
    await store.history.star(job.visitor, [job.id], starred=starred)
    await store.history.note(job.visitor, job.id, note)


async def search_ids(store: Store, visitor: str = "ann", **wanted: object) -> list[str]:
    page = await store.history.search(visitor, JobFilter(**wanted), 100)  # type: ignore[arg-type]
    assert page.total == len(page.jobs)
    return [job.prompt or job.id for job in page.jobs]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("kite", ["Kites", "A red kite"]),
        ("RED kite", ["A red kite"]),
        ("straße", ["Eine STRASSE"]),
        ("100%", ["100% wool"]),
        ("%", ["100% wool"]),
        ("_", ["snake_case"]),
        ("logo #acme", ["Logo"]),
        ("n48task", ["Logo"]),
        ("cogview-4 wool", ["100% wool"]),
        ("'; DROP TABLE jobs; --", []),
        ("\x00\ud800", []),
        ("", ["snake_case", "Logo", "100% wool", "Eine STRASSE", "Kites", "A red kite"]),
    ],
)
async def test_every_word_must_occur_somewhere_whatever_its_case(store: Store, text: str, hits: list[str]) -> None:
    prompts = ["A red kite", "Kites", "Eine STRASSE", "100% wool"]
    await add_jobs(store, *(a_past_job(prompt, number) for number, prompt in enumerate(prompts)))
    await add_jobs(store, a_past_job("snake_case", 5))
    await added(store, a_past_job("Logo", 4, task_id="n48task7"), note="for #acme")

    assert await search_ids(store, text=text) == hits


async def test_filters_are_joined_and_nobody_elses_or_removed_jobs_are_found(store: Store) -> None:
    done = {"state": JobState.DONE, "sent_at": NOON}
    await added(store, a_past_job("one", 1, model="flux-2", **done, comparison_id="b1"), starred=True)
    await added(store, a_past_job("gone", 5, **done))
    await store.remove((await store.history.search("ann", JobFilter(text="gone"), 1)).jobs[0].id)
    await add_jobs(
        store,
        a_past_job("two", 2, **done, task_id="t2"),
        a_past_job("three", 3, state=JobState.FAILED, sent_at=NOON),
        a_past_job("hers", 4, visitor="bea", **done),
    )

    assert await search_ids(store) == ["three", "two", "one"]
    assert await search_ids(store, models=("flux-2",)) == ["one"]
    assert await search_ids(store, state="failed") == ["three"]
    assert await search_ids(store, task_id="t2") == ["two"]
    assert await search_ids(store, starred=True, state="done") == ["one"]
    assert await search_ids(store, comparison_id="b1") == ["one"]
    assert await search_ids(store, since=NOON + 2, until=NOON + 3) == ["two"]
    assert await search_ids(store, text="two", models=("flux-2",)) == []
    assert await search_ids(store, visitor="bea") == ["hers"]


async def test_pages_follow_each_other_without_a_gap_or_a_twin(store: Store) -> None:
    """Also where many jobs were made in the same moment."""
    await add_jobs(store, *(a_past_job(f"{number}", number // 7) for number in range(40)))
    seen: list[str] = []
    before = ""
    while (page := await store.history.search("ann", JobFilter(), 9, before)).jobs:
        assert page.total == 40
        seen += [job.id for job in page.jobs]
        before = page.jobs[-1].id

    everything = await store.history.search("ann", JobFilter(), 100)
    assert seen == [job.id for job in everything.jobs]
    assert len(set(seen)) == 40
    assert (await store.history.search("bea", JobFilter(), 9, seen[0])).jobs == ()


async def test_each_day_and_model_has_its_sum_and_drawings_cost_nothing(store: Store) -> None:
    midnight = datetime(2026, 3, 5, tzinfo=UTC).timestamp()
    done = {"state": JobState.DONE, "task_id": "t"}
    removed = a_past_job("removed", sent_at=midnight + 60_000, **done)
    await add_jobs(
        store,
        a_past_job("a", sent_at=midnight - 0.3, **done),
        a_past_job("b", sent_at=midnight + 0.3, **done),
        a_past_job("c", sent_at=midnight + 40_000, charged=3.0, **done),
        a_past_job("d", sent_at=midnight + 50_000, model="flux-2", state=JobState.RUNNING, task_id="t"),
        removed,
        a_past_job("drawing", sent_at=midnight, payer="sandbox", **done),
        a_past_job("old", sent_at=NOON - 40 * DAY_S, **done),
        a_past_job("hers", sent_at=midnight, visitor="bea", **done),
    )

    await store.remove(removed.id)
    await store.remove(removed.id)
    rows = await store.spending.by_day("ann", NOON - DAY_S)
    assert [(row.day, row.model, row.jobs, row.credits) for row in rows] == [
        (midnight, "cogview-4", 3, 23.0),
        (midnight, "flux-2", 1, 10.0),
        (midnight - DAY_S, "cogview-4", 1, 10.0),
    ]


async def test_a_picture_is_unreferenced_when_no_job_shows_it(store: Store) -> None:
    other = replace(PICTURE, name="b" * 64 + ".png")
    await add_jobs(
        store, a_past_job("one", pictures=(PICTURE,)), a_past_job("two", visitor="bea", pictures=(PICTURE, other))
    )
    gone = "c" * 64 + ".png"

    assert await store.pictures.unreferenced([PICTURE.name, other.name, gone]) == [gone]


async def test_a_comparison_is_one_group_and_failures_for_one_reason_are_another(store: Store) -> None:
    """Sorted and counted as groups; a group shows its newest jobs, and all of them once it is opened."""
    lost, refused = (Problem(code, "What.", "", "") for code in ("lost", "failed"))
    failed = {"state": JobState.FAILED, "model": "flux-2"}
    compared = [a_past_job(f"c{number}", 100 + number, comparison_id="c1", credits=1.0) for number in range(5)]
    compared.append(a_past_job("c5", 105, comparison_id="c1", credits=1.0, state=JobState.FAILED, problem=lost))
    failures = [a_past_job(f"f{number}", 200 + number, problem=refused, **failed) for number in range(5)]
    others = [
        a_past_job("other reason", 300, problem=lost, **failed),
        a_past_job("other model", 301, problem=refused, **failed | {"model": "a-model"}),
        a_past_job("other day", 300 + DAY_S, problem=refused, **failed),
        a_past_job("alone", 50, credits=99.0),
        a_past_job("hers", 400, visitor="bea", comparison_id="c1"),
    ]
    await add_jobs(store, *compared, *failures, *others)

    async def groups(order: HistoryOrder, limit: int = 10, **more: Any) -> list[str]:
        page = await store.history.groups("ann", JobFilter(**more), order, limit)
        return [f"{group.count}:{group.entries[0].job.prompt}" for group in page.groups]

    newest = ["1:other day", "1:other model", "1:other reason", "5:f4", "6:c5", "1:alone"]
    assert await groups(HistoryOrder()) == newest
    assert await groups(HistoryOrder(descending=False)) == newest[::-1]
    assert (await groups(HistoryOrder("price")))[0] == "1:alone"
    assert (await groups(HistoryOrder("model", descending=False)))[0] == "1:other model"
    assert await groups(HistoryOrder("state"), state="queued") == ["5:c4", "1:alone"]
    assert await groups(HistoryOrder("seconds"), 2) == newest[:2]
    assert await groups(HistoryOrder(page=2), 4) == newest[4:]
    assert await groups(HistoryOrder(page=9), 4) == newest[4:]
    assert await groups(HistoryOrder(page=-1), 4, text="nowhere") == []
    closed = await store.history.groups("ann", JobFilter(), HistoryOrder(), 10)
    key = closed.groups[4].key
    opened = await store.history.groups("ann", JobFilter(), HistoryOrder(), 10, [key])
    assert (closed.total, closed.total_jobs, closed.page) == (6, 15, 1)
    assert [entry.job.prompt for entry in closed.groups[4].entries] == ["c5", "c4", "c3", "c2"]
    assert [group.failed for group in closed.groups] == [1, 1, 1, 5, 1, 0]
    assert [entry.job.prompt for entry in opened.groups[4].entries] == ["c5", "c4", "c3", "c2", "c1", "c0"]
    assert await store.history.groups("bea", JobFilter(text="c5"), HistoryOrder(), 10, [key]) == HistoryGroups(1)


async def test_a_deleted_job_is_hidden_and_can_be_restored_until_its_time_has_come(store: Store) -> None:
    own, running, foreign = (
        a_past_job("mine", state=JobState.DONE),
        a_past_job("busy", state=JobState.RUNNING),
        a_past_job("hers", visitor="bea"),
    )
    foreign = replace(foreign, state=JobState.DONE)
    await add_jobs(store, own, running, foreign)
    everything = [own.id, running.id, foreign.id, "none"]
    await store.history.star("ann", everything, starred=True)

    assert await store.history.hide("ann", everything) == [own.id]
    assert await store.history.hide("ann", everything) == []
    assert (await store.get(own.id), await store.history.find(own.id)) == (None, None)
    assert (await search_ids(store), await store.get_all([own.id])) == (["busy"], [])
    assert await store.history.to_delete(time.time()) == []
    assert await store.history.to_delete(time.time() + 60) == [own.id]
    assert await store.history.restore("bea", everything) == []
    assert await store.history.restore("ann", everything) == [own.id]
    assert sorted(await search_ids(store, starred=True)) == ["busy", "mine"]
    assert await search_ids(store, "bea", starred=True) == []
    await store.history.hide("ann", [own.id])
    assert await store.remove(own.id) == []
    assert await store.history.restore("ann", everything) == []
    assert await store.history.to_delete(time.time() + 60) == []
