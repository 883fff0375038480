"""What becomes of a comparison: cards that cannot be sent, other visitors, publishing, and deletion."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.errors import CapReached, DatabaseUnavailable, InputError, InvalidState, NotFound, PlaygroundError
from components.jobs.budgets import Caps
from components.jobs.store.history import JobFilter
from tests.comparisons.processes import (
    PROMPT,
    REFUSED,
    SIX,
    WITH_IMAGE,
    ImageService,
    comparison_process,
    comparisons_at,
    serve_images,
    sqlite,
    states,
)
from tests.jobs.conftest import raw_connection
from tests.jobs.scripted_upstream import workers_ended
from tests.postgres import Postgres

# -- what is not sent ----------------------------------------------------------------------------


async def test_cards_over_a_cap_say_so_and_are_not_sent(catalog: Catalog, tmp_path: Path) -> None:
    """Three of five fit: the others have no job. A retry of what cannot fit changes nothing, and nothing of it is spent."""
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service, caps=Caps(daily=12)) as process:
        comparison = await process.start("cogview-4", samples=5)
        jobs = await process.ended(comparison)
        sent = len(service.bodies)
        with pytest.raises(CapReached, match="This request costs 4 credits; this page has 0 of its 12 credits a day left"):
            await process.retry(comparison)
        with pytest.raises(CapReached):
            await process.retry(await process.start("flux-2"))
        again = await process.comparisons.find(comparison.id, "ann")
        spent = await process.job_service.store.spending.today()

    assert states(jobs) == ["done"] * 3 + [""] * 2
    assert [("12 credits a day left" in card.refused, bool(card.job)) for card in again.cards[3:]] == [(True, False)] * 2
    assert (sent, len(service.bodies), spent.total) == (3, 3, 12)


async def test_a_retry_sends_what_fits_and_does_not_change_the_other_cards(catalog: Catalog, tmp_path: Path) -> None:
    """A new card is held to the caps too."""
    service = ImageService(posts={"cogview-4": [REFUSED], "flux-2": [REFUSED]})
    async with comparisons_at(catalog, tmp_path, service, caps=Caps(daily=12)) as process:
        comparison = await process.start("cogview-4", "ideogram-v3", "flux-2")
        before = await process.ended(comparison)
        added = await process.add(comparison, "imagen-4")
        after = await process.ended(await process.retry(comparison))

    assert states(before) == ["failed", "done", ""]
    assert "12 credits a day left" in added.cards[3].refused
    assert states(after)[:3] == ["done", "done", ""]


async def test_a_card_that_cannot_be_sent_says_why(catalog: Catalog, tmp_path: Path) -> None:
    """One is skipped, one has settings that its model does not take; the third is made."""
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start(
            "cogview-4", Choice("kling-image-o1", {"num_images": 100}), "flux-2", shared=WITH_IMAGE
        )
        jobs = await process.ended(comparison)

    assert comparison.cards[0].refused == "Skipped: text only, and you gave an image."
    assert "num_images" in comparison.cards[1].refused
    assert comparison.cards[2].refused == ""
    assert states(jobs) == ["", "", "done"]
    assert [body["model"] for body in service.bodies] == ["flux-2"]


async def test_a_comparison_of_which_nothing_can_be_sent_is_refused_and_not_stored(catalog: Catalog, tmp_path: Path) -> None:
    cases: list[tuple[list[str], Any]] = [
        (["cogview-4", "imagen-4"], WITH_IMAGE),
        ([], PROMPT),
        (["cogview-4", "no-such-model"], PROMPT),
        (["cogview-4"], {"prompt": ""}),
        (["cogview-4"], {"prompt": "A kite", "size": "1:1"}),
    ]
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        for models, shared in cases:
            with pytest.raises(InputError):
                await process.start(*models, shared=shared)
        await workers_ended()
        stored = await process.comparisons.newest("ann")

    assert (stored, service.bodies) == (None, [])


async def test_a_setting_that_is_not_a_number_loses_nothing_that_is_paid(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """Python's JSON reads NaN, PostgreSQL's does not: either all of it is refused, or each card is stored with its job."""
    for number in (nan, inf, -inf):
        service = ImageService()
        with postgres.fresh() as url:
            async with serve_images(service) as upstream, comparison_process(catalog, url, tmp_path, upstream) as process:
                with suppress(PlaygroundError):
                    await process.start("cogview-4", Choice("flux-2", {"type": number}))
                await workers_ended()
                comparison = await process.comparisons.newest("ann")
                jobs = await process.jobs(comparison) if comparison else []

        assert len([job for job in jobs if job]) == len(service.bodies), number


async def test_nothing_is_sent_when_the_comparison_cannot_be_stored(catalog: Catalog, tmp_path: Path) -> None:
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        with raw_connection(sqlite(tmp_path)) as connection:
            connection.execute("DROP TABLE comparisons")
        with pytest.raises(DatabaseUnavailable):
            await process.start(*SIX)
        await workers_ended()

    assert service.bodies == []


async def test_cards_whose_jobs_cannot_be_recorded_say_so_and_can_be_retried(catalog: Catalog, tmp_path: Path) -> None:
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        with raw_connection(sqlite(tmp_path)) as connection:
            connection.execute("ALTER TABLE jobs RENAME TO mislaid")
            comparison = await process.start("cogview-4", "flux-2")
            connection.execute("ALTER TABLE mislaid RENAME TO jobs")
        before, sent = await process.comparisons.find(comparison.id, "ann"), len(service.bodies)
        jobs = await process.ended(await process.retry(comparison))

    assert (before, sent) == (comparison, 0)
    assert [(card.job, "Nothing was charged." in card.refused) for card in comparison.cards] == [("", True)] * 2
    assert (states(jobs), len(service.bodies)) == (["done"] * 2, 2)


# -- other visitors ------------------------------------------------------------------------------


async def test_another_visitor_gets_the_same_answer_as_for_an_unknown_id(catalog: Catalog, tmp_path: Path) -> None:
    """Nothing is found, sent, changed or published, and the words do not tell whether there is such a comparison."""
    service = ImageService(posts={"flux-2": [REFUSED]})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start("cogview-4", "flux-2")
        await process.ended(comparison)
        published = await process.comparisons.publish(comparison.id, "ann")
        sent = len(service.bodies)

        async def answers(comparison_id: str, visitor: str) -> set[tuple[type, str, Any]]:
            comparisons = process.comparisons
            calls = [
                comparisons.find(comparison_id, visitor),
                comparisons.add(comparison_id, [Choice("kling-image-o1")], process.payer, visitor),
                comparisons.retry(comparison_id, process.payer, visitor),
                comparisons.publish(comparison_id, visitor),
                comparisons.unpublish(comparison_id, visitor),
            ]
            raised = await asyncio.gather(*calls, return_exceptions=True)
            return {(type(error), str(error), getattr(error, "problem", None)) for error in raised}

        foreign, unknown = await answers(comparison.id, "eve"), await answers("no-such-comparison", "eve")
        await workers_ended()

        assert foreign == unknown
        assert [kind for kind, _, _ in foreign] == [NotFound]
        assert await process.comparisons.newest("eve") is None
        assert await process.comparisons.find(comparison.id, "ann") == published
        assert (await process.comparisons.published(published.token))[0] == published
        assert len(service.bodies) == sent


# -- publishing ----------------------------------------------------------------------------------


async def test_a_comparison_can_be_published_once_it_has_ended(catalog: Catalog, tmp_path: Path) -> None:
    """At one address, however often it is requested, also concurrently."""
    service = ImageService(gates={"flux-2": asyncio.Event()})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start("cogview-4", "flux-2")
        await process.until_states(comparison, "done")
        with pytest.raises(InvalidState, match="still running"):
            await process.comparisons.publish(comparison.id, "ann")
        before = await process.comparisons.find(comparison.id, "ann")
        service.gates["flux-2"].set()
        await process.ended(comparison)
        several = await asyncio.gather(*(process.comparisons.publish(comparison.id, "ann") for _ in range(5)))
        public, jobs = await process.comparisons.published(several[0].token)
        with pytest.raises(InvalidState, match="cannot change"):
            await process.add(comparison, "cogview-4")

    assert before.token is None
    assert len({comparison.token for comparison in several}) == 1
    assert len(several[0].token) >= 32
    assert public == several[0]
    assert [str(jobs[card.job].state) for card in public.cards] == ["done", "done"]


async def test_an_unpublished_comparison_never_gets_its_old_address_back(catalog: Catalog, tmp_path: Path) -> None:
    async with comparisons_at(catalog, tmp_path, ImageService()) as process:
        comparison = await process.start("cogview-4")
        await process.ended(comparison)
        old = (await process.comparisons.publish(comparison.id, "ann")).token
        revoked = [(await process.comparisons.unpublish(comparison.id, "ann")).token for _ in range(2)]
        for token in (old, "", "None", comparison.id, "no-such-token\0"):
            with pytest.raises(NotFound):
                await process.comparisons.published(token)
        new = (await process.comparisons.publish(comparison.id, "ann")).token
        public, _ = await process.comparisons.published(new)
        with pytest.raises(NotFound):
            await process.comparisons.published(old)

    assert revoked == [None, None]
    assert new != old
    assert public.id == comparison.id


# -- deletion ------------------------------------------------------------------------------------


async def test_a_deleted_job_disappears_from_its_comparison_and_the_published_one(catalog: Catalog, tmp_path: Path) -> None:
    """It is not retried, and a retry of another card does not take its position."""
    async with comparisons_at(catalog, tmp_path, ImageService(posts={"flux-2": [REFUSED]})) as process:
        comparison = await process.start("cogview-4", "flux-2", "kling-image-o1")
        await process.ended(comparison)
        token = (await process.comparisons.publish(comparison.id, "ann")).token
        await process.job_service.remover.remove(comparison.cards[0].job)
        public, jobs = await process.comparisons.published(token)
        await process.comparisons.unpublish(comparison.id, "ann")
        after = await process.retry(comparison)
        await process.ended(after)

    assert public.cards == comparison.cards[1:]
    assert set(jobs) == {card.job for card in public.cards}
    assert [now == before for now, before in zip(after.cards, comparison.cards, strict=True)] == [True, False, True]


async def test_nothing_of_a_prompt_is_left_when_all_jobs_are_removed(catalog: Catalog, tmp_path: Path) -> None:
    """Those of two comparisons with the same form among them, and a job that a retry replaced on its card."""
    async with comparisons_at(catalog, tmp_path, ImageService(posts={"cogview-4": [REFUSED]})) as process:
        form = {"prompt": "a private prompt", "seed": 7}
        both = [await process.start("cogview-4", "flux-2", shared=form), await process.start("flux-2", shared=form)]
        for comparison in both:
            await process.ended(comparison)
        await process.ended(await process.retry(both[0]))
        jobs = (await process.job_service.search("ann", JobFilter(), 100)).jobs
        for job in jobs:
            await process.job_service.remover.remove(job.id)
        newest = await process.comparisons.newest("ann")
    with raw_connection(sqlite(tmp_path)) as connection:
        dump = "\n".join(connection.iterdump())

    assert len(jobs) == 4
    assert newest is None
    assert "private prompt" not in dump
