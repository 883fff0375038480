"""What becomes of a comparison: cards that cannot be sent, other visitors, publishing, deletion, and a process that dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice, plan_retries
from components.comparisons.service import NEVER_SENT
from components.errors import CapReached, DatabaseUnavailable, InputError, InvalidState, JobNotFound, PlaygroundError
from components.jobs.budgets import Caps
from components.jobs.service import JobService
from components.jobs.store.history import JobFilter
from tests.comparisons.processes import (
    ALWAYS_RUNNING,
    PROMPT,
    REFUSED,
    SIX,
    WITH_IMAGE,
    ImageService,
    Process,
    comparison_process,
    comparisons_at,
    has_a_job_on_every_card,
    serve_images,
    sqlite,
    states,
)
from tests.conftest import ROOT
from tests.jobs.conftest import lock_database, raw_connection
from tests.jobs.processes import expire_leases
from tests.jobs.scripted_upstream import TIMEOUT_S, settled, workers_ended
from tests.postgres import Postgres

STARTS = """
import asyncio, sys
from pathlib import Path
from components.catalog.loading import load_catalog
from tests.comparisons.processes import SIX, comparison_process
from tests.jobs.scripted_upstream import Upstream

async def main(url, folder, address):
    async with comparison_process(load_catalog(Path("catalog.yaml")), url, Path(folder), Upstream(address=address)) as process:
        print((await process.start(*SIX)).id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""

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
        assert [kind for kind, _, _ in foreign] == [JobNotFound]
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
            with pytest.raises(JobNotFound):
                await process.comparisons.published(token)
        new = (await process.comparisons.publish(comparison.id, "ann")).token
        public, _ = await process.comparisons.published(new)
        with pytest.raises(JobNotFound):
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


# -- a process dies ------------------------------------------------------------------------------


async def test_a_comparison_continues_after_a_clean_stop(catalog: Catalog, tmp_path: Path) -> None:
    """It is found with every card and job, continues, and sends nothing twice."""
    service = ImageService(gates={"flux-2": asyncio.Event()}, posts={"kling-image-o1": [REFUSED] * 2})
    async with serve_images(service) as upstream:
        async with comparison_process(catalog, sqlite(tmp_path), tmp_path, upstream) as process:
            comparison = await process.start(*SIX, samples=2)
            await process.until_states(comparison, "done", "running", "failed")
        service.gates["flux-2"].set()
        async with comparison_process(catalog, sqlite(tmp_path), tmp_path, upstream) as two:
            restored = await two.comparisons.newest("ann")
            jobs = await two.ended(restored)

    assert restored == comparison
    assert has_a_job_on_every_card(restored)
    ends = {model: "failed" if model == "kling-image-o1" else "done" for model in SIX}
    assert [(job.model, str(job.state)) for job in jobs] == [(model, ends[model]) for model in SIX for _ in range(2)]
    assert len(service.bodies) == 12


@pytest.mark.processes
async def test_a_comparison_continues_after_a_kill(catalog: Catalog, tmp_path: Path) -> None:
    """A kill -9 while all six models work."""
    service = ImageService(polls=dict.fromkeys(SIX, ALWAYS_RUNNING))
    async with serve_images(service) as upstream:
        command = [sys.executable, "-c", STARTS, sqlite(tmp_path), str(tmp_path), upstream.address]
        child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(60):
                comparison_id = (await child.stdout.readline()).decode().strip()
            await upstream.wait_for("polls", 6)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            await child.wait()
        expire_leases(sqlite(tmp_path))
        service.polls.clear()
        async with comparison_process(catalog, sqlite(tmp_path), tmp_path, upstream) as two:
            comparison = await two.comparisons.find(comparison_id, "ann")
            jobs = await two.ended(comparison)

    assert [(job.model, str(job.state)) for job in jobs] == [(model, "done") for model in SIX]
    assert has_a_job_on_every_card(comparison)
    assert len(service.bodies) == 6


@pytest.mark.parametrize("how", ["cancelled", "killed"])
async def test_sent_jobs_are_on_their_cards_even_if_the_caller_disconnects(
    catalog: Catalog, postgres: Postgres, tmp_path: Path, how: str
) -> None:
    """The jobs are recorded and later sent, so a comparison that does not know them would show nothing for the money."""
    service = ImageService()
    with postgres.fresh() as url:
        async with serve_images(service) as upstream:
            async with comparison_process(catalog, url, tmp_path, upstream, killed=how == "killed") as process:
                with lock_database(url):  # the jobs cannot be written yet, the comparison can
                    starting = asyncio.create_task(process.start(*SIX))
                    comparison = await stored(process)
                    await asyncio.sleep(0.2)
                    starting.cancel()
                    await asyncio.wait([starting])
                if how == "cancelled":
                    await all_settled(process.job_service, comparison)
            if how == "killed":
                expire_leases(url)
                async with comparison_process(catalog, url, tmp_path, upstream) as process:
                    await all_settled(process.job_service, comparison)
            async with comparison_process(catalog, url, tmp_path, upstream) as last:
                jobs = await last.jobs(await last.comparisons.find(comparison.id, "ann"))

    # Of what a killed process was submitting, some was never sent.
    assert len([job for job in jobs if job]) >= len(service.bodies)


async def test_cards_that_a_killed_process_did_not_send_say_so_and_can_be_retried(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """The cards were stored, their jobs were not: nothing was charged. Retried from two pages at once, each is one job."""
    service = ImageService()
    with postgres.fresh() as url:
        async with serve_images(service) as upstream:
            async with comparison_process(catalog, url, tmp_path, upstream, killed=True) as process:
                with lock_database(url):
                    starting = asyncio.create_task(process.start("cogview-4", "flux-2"))
                    comparison = await stored(process)
                    starting.cancel()
                    await asyncio.wait([starting])
            with raw_connection(url) as connection:  # as if nothing had been written when the lock was released
                connection.execute("DELETE FROM jobs")
                connection.execute("DELETE FROM history")
            sent = len(service.bodies)
            async with comparison_process(catalog, url, tmp_path, upstream) as two:
                before, restored = await two.comparisons.current(comparison)
                offered = plan_retries(catalog, before, restored)
                both = await asyncio.gather(two.retry(comparison), two.retry(comparison))
                jobs = await two.ended(both[0])

    assert [card.refused for card in before.cards] == [NEVER_SENT] * 2
    assert [offered[position].card.job for position in (0, 1)] == [card.job for card in comparison.cards]
    assert [job.id for job in jobs] == [card.job for card in comparison.cards]
    assert states(jobs) == ["done"] * 2
    assert len(service.bodies) - sent == 2
    assert both[0].cards == both[1].cards
    assert [card.refused for card in both[0].cards] == ["", ""]


async def stored(process: Process) -> Comparison:
    async with asyncio.timeout(TIMEOUT_S):
        while not (comparison := await process.comparisons.newest("ann")):  # noqa: ASYNC110  # a database has no events
            await asyncio.sleep(0.01)
    return comparison


async def all_settled(job_service: JobService, comparison: Comparison) -> None:
    """Wait for every job that belongs to the comparison, whether or not it is on a card."""
    for job in (await job_service.search(comparison.visitor, JobFilter(comparison_id=comparison.id), 100)).jobs:
        await settled(job_service, job)
