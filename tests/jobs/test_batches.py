"""Batches, on both databases: what is kept comes back as it was, edits at once all count, and nobody sees another's."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from components.comparisons.comparison import Card, Comparison, ComparisonStore
from components.errors import DatabaseUnavailable
from components.jobs.store.executor import Twin
from components.jobs.store.jobs import Store
from tests.jobs.conftest import NOON, beside, opened

HOSTILE = "<script>alert('x')</script> '; DROP TABLE batches; -- {{ 7*7 }} %s \\ \u202e 🪁 ‮"
UNSTORABLE = "half \ud83d a kite\0 and more"
CARD = Card("cogview-4", {"quality": "hd", "nested": [1, 2.5, None, {"a": True}]}, 2, "job-1", ("3:2 → 1:1", "no seed"), "")


def a_batch(batch_id: str = "b1", visitor: str = "ann", number: float = 0, **changes: Any) -> Comparison:
    return replace(Comparison(batch_id, visitor, NOON + number, {"prompt": "A red kite"}, (CARD,)), **changes)


def named(name: str) -> Card:
    return Card(name)


@pytest.fixture
def batches(store: Store) -> ComparisonStore:
    return ComparisonStore(store.transactions)


async def test_a_batch_comes_back_as_it_was(batches: ComparisonStore) -> None:
    """Also one without a card, one with sixty, and whatever text stands in it."""
    full = a_batch(
        shared={"prompt": HOSTILE, "images": ["https://x/1.png"], "seed": 2**31 - 1, "count": 1, "negative": UNSTORABLE},
        cards=(CARD, *(Card(f"model-{number}", sample=number, refused=HOSTILE) for number in range(59))),
        token="t" * 32,
    )
    for batch in (full, a_batch("empty", cards=(), shared={})):
        assert await batches.add(batch) == batch
        assert await batches.get(batch.id, "ann") == batch


@pytest.mark.parametrize("text", [HOSTILE, UNSTORABLE, "\0", "\ud800", "", "x" * 100_000])
async def test_any_text_can_stand_anywhere_in_a_batch(batches: ComparisonStore, text: str) -> None:
    """In the form, in a card's settings, its notes and its refusal; and it can be edited on."""
    card = Card(text[:200], {"prompt": text, text[:50]: [text]}, 1, "job", (text, "note"), text)
    await batches.add(a_batch(shared={"prompt": text, text[:50]: text}, cards=(card,)))

    edited = await batches.edit("b1", "ann", lambda now: replace(now, cards=(*now.cards, named("new"))))

    assert edited == await batches.get("b1", "ann")
    assert edited.cards == (card, named("new"))
    assert edited.shared == {"prompt": text, text[:50]: text}


@pytest.mark.parametrize("hostile", [HOSTILE, UNSTORABLE, "", "%", "b_", "B1", "b1 ", "x" * 5_000])
async def test_no_other_text_is_the_id_or_the_token_of_a_batch(batches: ComparisonStore, hostile: str) -> None:
    """What comes from an address finds nothing, changes nothing and breaks nothing."""
    batch = await batches.add(a_batch(token="secret"))

    assert await batches.get(hostile, "ann") is None
    assert await batches.get("b1", hostile) is None
    assert await batches.published(hostile) is None
    assert await batches.newest(hostile) is None
    assert await batches.edit(hostile, "ann", lambda now: replace(now, cards=())) is None
    assert await batches.get("b1", "ann") == batch


async def test_fifty_edits_at_once_all_count(database_url: str) -> None:
    """Those of four processes too, where the database is for several."""
    async with opened(database_url, 4) as stores:
        kept = [ComparisonStore(store.transactions) for store in stores]
        await kept[0].add(a_batch(cards=()))

        async def append(number: int) -> Comparison | None:
            return await kept[number % 4].edit("b1", "ann", lambda now: replace(now, cards=(*now.cards, named(str(number)))))

        answers = await asyncio.gather(*(append(number) for number in range(50)))
        batch = await kept[0].get("b1", "ann")

    assert sorted(int(card.model) for card in batch.cards) == list(range(50))
    assert sorted(len(answer.cards) for answer in answers) == list(range(1, 51))


async def test_an_edit_that_breaks_changes_nothing_and_leaves_the_others_alone(batches: ComparisonStore) -> None:
    """What is written together with it is written all the same."""
    await batches.add(a_batch(cards=()))

    def broken(now: Comparison) -> Comparison:
        raise ValueError("no such card")

    def edit(number: int) -> Any:
        change = broken if number == 5 else lambda now: replace(now, cards=(*now.cards, named(str(number))))
        return batches.edit("b1", "ann", change)

    answers = await asyncio.gather(*(edit(number) for number in range(10)), return_exceptions=True)

    assert [type(answer) for answer in answers if not isinstance(answer, Comparison)] == [ValueError]
    now = await batches.get("b1", "ann")
    assert sorted(card.model for card in now.cards) == sorted(str(number) for number in range(10) if number != 5)


async def test_nobody_elses_batch_is_read_or_edited(batches: ComparisonStore) -> None:
    hers = await batches.add(a_batch())
    mine = await batches.add(a_batch("b2", "bea"))

    assert await batches.get("b1", "bea") is None
    assert await batches.edit("b1", "bea", lambda now: replace(now, cards=())) is None
    assert (await batches.get("b1", "ann"), await batches.newest("bea")) == (hers, mine)


async def test_the_newest_batch_is_the_visitors_own_last_one(batches: ComparisonStore) -> None:
    assert await batches.newest("ann") is None
    for batch_id, visitor, number in (("b3", "ann", 1), ("b1", "ann", 3), ("b2", "ann", 2), ("b4", "bea", 4)):
        await batches.add(a_batch(batch_id, visitor, number))

    assert (await batches.newest("ann")).id == "b1"


async def test_a_token_opens_its_own_batch_and_no_batch_without_one(batches: ComparisonStore) -> None:
    """Many may have none, and an empty token is none."""
    first, second = await batches.add(a_batch(token="one")), await batches.add(a_batch("b2", "bea", token="two"))
    for number in range(3):
        await batches.add(a_batch(f"closed-{number}"))

    assert (await batches.published("one"), await batches.published("two")) == (first, second)
    assert await batches.published("") is None

    await batches.edit("b1", "ann", lambda now: replace(now, token=None))

    assert (await batches.published("one"), await batches.published("two")) == (None, second)


async def test_two_batches_never_have_the_same_token(batches: ComparisonStore) -> None:
    """The database itself refuses it, whatever a program believes."""
    await batches.add(a_batch(token="one"))
    await batches.add(a_batch("b2"))

    with pytest.raises(Twin):
        await batches.edit("b2", "ann", lambda now: replace(now, token="one"))

    assert (await batches.get("b2", "ann")).token is None
    assert (await batches.published("one")).id == "b1"


async def test_a_batch_outlives_its_process(database_url: str) -> None:
    async with opened(database_url) as (store,):
        batch = await ComparisonStore(store.transactions).add(a_batch(token="one"))
    async with opened(database_url) as (store,):
        after = ComparisonStore(store.transactions)
        assert [await after.get("b1", "ann"), await after.published("one"), await after.newest("ann")] == [batch] * 3


async def test_a_database_that_fails_is_told_in_the_words_of_the_page(database_url: str, batches: ComparisonStore) -> None:
    """Each way to a batch raises the one error that a page knows how to show."""
    with beside(database_url) as connection:
        connection.execute("DROP TABLE batches")

    asked = [
        batches.add(a_batch()),
        batches.get("b1", "ann"),
        batches.published("one"),
        batches.newest("ann"),
        batches.edit("b1", "ann", lambda now: now),
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(answer) for answer in answers} == {DatabaseUnavailable}


async def test_a_form_is_kept_as_json_that_any_program_reads(database_url: str, batches: ComparisonStore) -> None:
    """Strict JSON, also where the text has halves of characters: an export and another program must be able to read it."""
    await batches.add(a_batch(shared={"prompt": UNSTORABLE}))
    with beside(database_url) as connection:
        row = connection.execute("SELECT shared FROM batches").fetchone()[0]

    assert (json.loads(row) if isinstance(row, str) else row) == {"prompt": UNSTORABLE}
