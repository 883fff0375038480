"""The store of comparisons, on both databases."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from components.comparisons.comparison import Card, Comparison
from components.comparisons.store import ComparisonStore
from components.errors import DatabaseUnavailable
from components.jobs.job import JobState
from components.jobs.store.executor import DuplicateKey
from components.jobs.store.jobs import Store
from tests.jobs.conftest import NOON, add_jobs, make_job, open_stores, raw_connection

HOSTILE = "<script>alert('x')</script> '; DROP TABLE comparisons; -- {{ 7*7 }} %s \\ \u202e 🪁 ‮"
UNSTORABLE = "half \ud83d a kite\0 and more"
CARD = Card("cogview-4", {"quality": "hd", "nested": [1, 2.5, None, {"a": True}]}, 2, "job-1", ("3:2 → 1:1", "no seed"), "")


def a_comparison(comparison_id: str = "c1", visitor: str = "ann", number: float = 0, **changes: Any) -> Comparison:
    return replace(Comparison(comparison_id, visitor, NOON + number, {"prompt": "A red kite"}, (CARD,)), **changes)


def appending(model: str) -> Any:
    return lambda stored: replace(stored, cards=(*stored.cards, Card(model)))


@pytest.fixture
async def jobs(database_url: str) -> Any:
    async with open_stores(database_url) as (store,):
        yield store


@pytest.fixture
def comparisons(jobs: Store) -> ComparisonStore:
    return ComparisonStore(jobs.transactions)


async def test_a_comparison_is_read_as_it_was_stored(comparisons: ComparisonStore) -> None:
    """Also one without cards, one with sixty, and any text in it; each can be edited."""
    full = a_comparison(
        shared={"prompt": HOSTILE, "images": ["https://x/1.png"], "seed": 2**31 - 1, "count": 1, "negative": UNSTORABLE},
        cards=(CARD, *(Card(f"model-{number}", sample=number, refused=HOSTILE) for number in range(59))),
        token="t" * 32,
        seed_drawn=True,
    )
    texts = [HOSTILE, UNSTORABLE, "\0", "\ud800", "", "x" * 100_000]
    odd = [
        a_comparison(
            f"odd-{number}",
            shared={"prompt": text, text[:50]: text},
            cards=(Card(text[:200], {"prompt": text, text[:50]: [text]}, 1, "job", (text, "note"), text),),
        )
        for number, text in enumerate(texts)
    ]
    for comparison in (full, a_comparison("empty", cards=(), shared={}), *odd):
        assert await comparisons.add(comparison) == comparison
        assert await comparisons.get(comparison.id, "ann") == comparison
        edited = await comparisons.edit(comparison.id, "ann", appending("new"))
        assert edited == await comparisons.get(comparison.id, "ann")
        assert edited == replace(comparison, cards=(*comparison.cards, Card("new")))


async def test_an_unknown_id_token_or_visitor_finds_and_changes_nothing(comparisons: ComparisonStore) -> None:
    """Whatever an address holds; other visitors' comparisons among it."""
    of_ann = await comparisons.add(a_comparison(token="secret"))
    of_bea = await comparisons.add(a_comparison("c2", "bea"))
    for text in (HOSTILE, UNSTORABLE, "", "%", "c_", "C1", "c1 ", "c2", "x" * 5_000):
        assert await comparisons.get(text, "ann") is None
        assert await comparisons.get("c1", text) is None
        assert await comparisons.published(text) is None
        assert await comparisons.newest(text) is None
        assert await comparisons.edit(text, "ann", appending("new")) is None
    assert await comparisons.edit("c1", "bea", appending("new")) is None
    assert (await comparisons.get("c1", "ann"), await comparisons.newest("bea")) == (of_ann, of_bea)


async def test_a_second_comparison_with_the_same_id_is_the_first_one(database_url: str) -> None:
    """Stored at once by four processes too; another visitor cannot take the id."""
    async with open_stores(database_url, 4) as stores:
        comparison_stores = [ComparisonStore(store.transactions) for store in stores]
        several = [a_comparison(number=number) for number in range(8)]
        added = await asyncio.gather(*(comparison_stores[at % 4].add(comparison) for at, comparison in enumerate(several)))
        with pytest.raises(DuplicateKey):
            await comparison_stores[0].add(a_comparison(visitor="bea"))

        assert len(set(map(repr, added))) == 1
        assert added[0] in several
        assert await comparison_stores[0].get("c1", "ann") == added[0]
        assert await comparison_stores[0].get("c1", "bea") is None


async def test_fifty_edits_at_once_all_count(database_url: str) -> None:
    """Those of four processes too, where the database is for several."""
    async with open_stores(database_url, 4) as stores:
        comparison_stores = [ComparisonStore(store.transactions) for store in stores]
        await comparison_stores[0].add(a_comparison(cards=()))
        edits = (comparison_stores[number % 4].edit("c1", "ann", appending(str(number))) for number in range(50))
        answers = await asyncio.gather(*edits)
        comparison = await comparison_stores[0].get("c1", "ann")

    assert sorted(int(card.model) for card in comparison.cards) == list(range(50))
    assert sorted(len(answer.cards) for answer in answers) == list(range(1, 51))


async def test_an_edit_that_raises_changes_nothing(comparisons: ComparisonStore) -> None:
    await comparisons.add(a_comparison(cards=()))

    def broken(stored: Comparison) -> Comparison:
        raise ValueError("no such card")

    edits = (comparisons.edit("c1", "ann", broken if number == 5 else appending(str(number))) for number in range(10))
    answers = await asyncio.gather(*edits, return_exceptions=True)

    assert [type(answer) for answer in answers if not isinstance(answer, Comparison)] == [ValueError]
    stored = await comparisons.get("c1", "ann")
    assert sorted(card.model for card in stored.cards) == sorted(str(number) for number in range(10) if number != 5)


async def test_the_newest_comparison_is_the_visitors_own_last_one(comparisons: ComparisonStore) -> None:
    assert await comparisons.newest("ann") is None
    for comparison_id, visitor, number in (("c3", "ann", 1), ("c1", "ann", 3), ("c2", "ann", 2), ("c4", "bea", 4)):
        await comparisons.add(a_comparison(comparison_id, visitor, number))

    assert (await comparisons.newest("ann")).id == "c1"


async def test_a_token_opens_its_own_comparison_and_is_unique(comparisons: ComparisonStore) -> None:
    """Many comparisons may have none, and an empty token opens nothing."""
    first = await comparisons.add(a_comparison(token="one"))
    second = await comparisons.add(a_comparison("c2", "bea", token="two"))
    for number in range(3):
        await comparisons.add(a_comparison(f"closed-{number}"))

    assert (await comparisons.published("one"), await comparisons.published("two")) == (first, second)
    assert await comparisons.published("") is None
    with pytest.raises(DuplicateKey):
        await comparisons.edit("c2", "bea", lambda stored: replace(stored, token="one"))
    await comparisons.edit("c1", "ann", lambda stored: replace(stored, token=None))
    assert (await comparisons.published("one"), await comparisons.published("two")) == (None, second)


async def test_a_comparison_is_deleted_with_the_last_of_its_jobs(jobs: Store, comparisons: ComparisonStore) -> None:
    """And with it those that never got a job, except young ones, which may be about to get their first."""
    for comparison_id in ("old", "old with a job", "c1"):
        await comparisons.add(a_comparison(comparison_id))
    await comparisons.add(replace(a_comparison("young"), created_at=time.time()))
    await comparisons.add(a_comparison("bea's", "bea"))
    done = {"state": JobState.DONE, "task_id": "t"}
    members = [make_job(id=job_id, comparison_id="c1", **done) for job_id in ("a", "b")]
    await add_jobs(jobs, *members, make_job(comparison_id="old with a job"))
    left = []
    for job_id in ("a", "b"):
        await jobs.remove(job_id)
        ids = ("old", "old with a job", "c1", "young")
        left.append([comparison_id for comparison_id in ids if await comparisons.get(comparison_id, "ann")])

    assert left == [["old with a job", "c1", "young"], ["old with a job", "young"]]
    assert await comparisons.get("bea's", "bea")


async def test_a_comparison_outlives_its_process(database_url: str) -> None:
    async with open_stores(database_url) as (store,):
        comparison = await ComparisonStore(store.transactions).add(a_comparison(token="one"))
    async with open_stores(database_url) as (store,):
        after = ComparisonStore(store.transactions)
        assert [await after.get("c1", "ann"), await after.published("one"), await after.newest("ann")] == [comparison] * 3


async def test_a_form_is_stored_as_json_that_any_program_reads(database_url: str, comparisons: ComparisonStore) -> None:
    """Strict JSON, also where the text has halves of characters."""
    await comparisons.add(a_comparison(shared={"prompt": UNSTORABLE}))
    with raw_connection(database_url) as connection:
        row = connection.execute("SELECT shared FROM comparisons").fetchone()[0]

    assert (json.loads(row) if isinstance(row, str) else row) == {"prompt": UNSTORABLE}


async def test_every_method_of_a_failing_database_raises_the_error_that_a_page_can_show(
    database_url: str, comparisons: ComparisonStore
) -> None:
    with raw_connection(database_url) as connection:
        connection.execute("ALTER TABLE comparisons RENAME TO missing")

    calls = [
        comparisons.add(a_comparison()),
        comparisons.get("c1", "ann"),
        comparisons.published("one"),
        comparisons.newest("ann"),
        comparisons.edit("c1", "ann", appending("new")),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    with raw_connection(database_url) as connection:  # PostgreSQL's database is shared with other tests
        connection.execute("ALTER TABLE missing RENAME TO comparisons")

    assert {type(answer) for answer in answers} == {DatabaseUnavailable}
