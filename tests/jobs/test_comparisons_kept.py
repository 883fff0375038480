"""What becomes of a comparison beside its pictures: caps, what cannot be sent, strangers, publishing, a process that dies."""

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
from components.comparisons.service import NEVER_SENT, Choice, plan, retries
from components.errors import DatabaseUnavailable, InputError, InvalidState, JobNotFound, PlaygroundError
from components.jobs.job import Caps, JobFilter
from components.jobs.service import JobService
from tests.conftest import ROOT
from tests.jobs.conftest import beside, locked
from tests.jobs.faulty import GUARD_S, quiet, settled
from tests.jobs.processes import bury
from tests.jobs.tables import ENDLESS, REFUSED, SIX, WITH_IMAGE, Service, Table, laid, on_every_card, serving, states, table
from tests.postgres import Postgres

STARTS = """
import asyncio, sys
from pathlib import Path
from components.catalog import load_catalog
from tests.jobs.faulty import Upstream
from tests.jobs.tables import SIX, table

async def main(url, folder, address):
    async with table(load_catalog(Path("catalog.yaml")), url, Path(folder), Upstream(address=address)) as one:
        print((await one.start(*SIX)).id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


# -- what is not sent ----------------------------------------------------------------------------


async def test_a_cap_that_is_reached_in_the_middle_is_told_on_the_cards_it_refuses(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Three of five fit. Nothing is sent for the others, not by trying again either, and nothing of theirs is spent."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service, caps=Caps(daily=12)) as one:
        batch = await one.start("cogview-4", samples=5)
        jobs = await one.ended(batch)
        sent = len(service.bodies)
        refused = [place for place, job in enumerate(jobs) if job.problem]
        again = await one.ended(await one.retry(batch, *refused))
        spent = await one.runner.spent_today()

    assert sorted(states(jobs)) == ["done"] * 3 + ["failed"] * 2
    for job in (jobs[place] for place in refused):
        assert (job.problem.code, job.problem.charged, job.sent_at) == ("cap", "Nothing was charged.", None)
        assert "12 credits" in job.problem.what
    assert states(again) == states(jobs)
    assert (sent, len(service.bodies), spent.total) == (3, 3, 12)


async def test_a_card_that_cannot_be_sent_says_why(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """One is skipped, one has settings that its model does not take; the third is drawn."""
    service = Service()
    wrong = Choice("kling-image-o1", {"num_images": 100})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", wrong, "flux-2", shared=WITH_IMAGE)
        jobs = await one.ended(batch)

    assert batch.cards[0].refused == "Skipped: text only, and you gave an image."
    assert "num_images" in batch.cards[1].refused
    assert [card.refused == "" for card in batch.cards] == [False, False, True]
    assert states(jobs) == ["", "", "done"]
    assert [body["model"] for body in service.bodies] == ["flux-2"]


async def test_a_comparison_of_which_nothing_can_be_sent_is_refused(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Also one of no model, of a model that nobody knows, and one with a form that holds nonsense; none of them is kept."""
    cases: list[tuple[list[str], Any]] = [
        (["cogview-4", "imagen-4"], WITH_IMAGE),
        ([], {"prompt": "A kite"}),
        (["cogview-4", "no-such-model"], {"prompt": "A kite"}),
        (["cogview-4"], {"prompt": ""}),
        (["cogview-4"], {"prompt": "A kite", "seed": nan}),
        (["cogview-4"], {"prompt": "A kite", "size": "1:1"}),
        (["cogview-4"], ["A kite"]),
    ]
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        for models, shared in cases:
            with pytest.raises(InputError):
                await one.start(*models, shared=shared)
        await quiet()
        kept = await one.comparisons.newest("ann")

    assert (kept, service.bodies) == (None, [])


@pytest.mark.parametrize("settings", [None, [], ["type"], "flex", 5, {"type": None}, {"type": []}, {"x" * 99: {}}])
def test_settings_in_any_form_are_an_answer_and_not_an_accident(catalog: Catalog, settings: Any) -> None:
    """They come from outside: each is taken, or refused in words."""
    with suppress(InputError):
        (planned,) = plan(catalog, [Choice("flux-2", settings)], {"prompt": "A red kite"}).cards
        assert (planned.request is None) == bool(planned.card.refused)


@pytest.mark.parametrize("number", [nan, inf, -inf])
async def test_a_number_that_is_none_does_not_lose_what_is_paid(
    catalog: Catalog, database_url: str, tmp_path: Path, number: float
) -> None:
    """Python's JSON reads NaN, PostgreSQL's does not: either all of it is refused, or each card is kept with its job."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        with suppress(PlaygroundError):
            await one.start("cogview-4", Choice("flux-2", {"type": number}))
        await quiet()
        batch = await one.comparisons.newest("ann")
        jobs = await one.jobs(batch) if batch else []

    assert len([job for job in jobs if job]) == len(service.bodies)


async def test_nothing_is_sent_where_the_comparison_cannot_be_kept(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        with beside(database_url) as connection:
            connection.execute("DROP TABLE batches")
        with pytest.raises(DatabaseUnavailable):
            await one.start(*SIX)
        await quiet()

    assert service.bodies == []


async def test_cards_whose_jobs_cannot_be_recorded_say_so_and_can_be_sent_later(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Nothing was sent for them; the comparison is there, and trying again draws it."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        with beside(database_url) as connection:
            connection.execute("ALTER TABLE jobs RENAME TO mislaid")
            batch = await one.start("cogview-4", "flux-2")
            connection.execute("ALTER TABLE mislaid RENAME TO jobs")
        before, sent = await one.comparisons.find(batch.id, "ann"), len(service.bodies)
        jobs = await one.ended(await one.retry(batch, 0, 1))

    assert (before, sent) == (batch, 0)
    assert [(card.job, "Nothing was charged." in card.refused) for card in batch.cards] == [("", True)] * 2
    assert (states(jobs), len(service.bodies)) == (["done"] * 2, 2)


# -- nobody else ---------------------------------------------------------------------------------


async def test_another_visitor_is_told_the_same_as_for_an_unknown_id(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Nothing is found, sent, changed or published, and the words do not tell whether there is such a comparison."""
    service = Service(posts={"flux-2": [REFUSED]})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", "flux-2")
        await one.ended(batch)
        published = await one.comparisons.publish(batch.id, "ann")
        sent = len(service.bodies)

        async def told(batch_id: str, visitor: str) -> set[tuple[type, str, Any]]:
            comparisons = one.comparisons
            asked = [
                comparisons.find(batch_id, visitor),
                comparisons.add(batch_id, [Choice("kling-image-o1")], one.payer, visitor),
                comparisons.retry(batch_id, [0, 1], one.payer, visitor),
                comparisons.publish(batch_id, visitor),
                comparisons.revoke(batch_id, visitor),
            ]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            return {(type(answer), str(answer), getattr(answer, "problem", None)) for answer in answers}

        hers, unknown = await told(batch.id, "eve"), await told("no-such-batch", "eve")
        await quiet()

        assert hers == unknown
        assert [kind for kind, _, _ in hers] == [JobNotFound]
        assert await one.comparisons.newest("eve") is None
        assert await one.comparisons.find(batch.id, "ann") == published
        assert (await one.comparisons.published(published.token))[0] == published
        assert len(service.bodies) == sent


# -- publishing ----------------------------------------------------------------------------------


async def test_a_comparison_is_published_once_it_has_ended(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """The same address however often it is asked for, at once too."""
    service = Service(gates={"flux-2": asyncio.Event()})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", "flux-2")
        await one.seen(batch, "done")
        with pytest.raises(InvalidState, match="still going"):
            await one.comparisons.publish(batch.id, "ann")
        before = await one.comparisons.find(batch.id, "ann")
        service.gates["flux-2"].set()
        await one.ended(batch)
        several = await asyncio.gather(*(one.comparisons.publish(batch.id, "ann") for _ in range(5)))
        shown, jobs = await one.comparisons.published(several[0].token)

    assert before.token is None
    assert len({one_of.token for one_of in several}) == 1
    assert len(several[0].token) >= 32
    assert shown == several[0]
    assert [str(jobs[card.job].state) for card in shown.cards] == ["done", "done"]


async def test_a_published_comparison_that_is_taken_back_is_gone_for_good(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """Its old address stays dead when it is published anew, and an address of nothing opens nothing."""
    async with laid(catalog, database_url, tmp_path, Service()) as one:
        batch = await one.start("cogview-4")
        await one.ended(batch)
        old = (await one.comparisons.publish(batch.id, "ann")).token
        taken = await one.comparisons.revoke(batch.id, "ann")
        again = await one.comparisons.revoke(batch.id, "ann")
        dead = [old, "", "None", batch.id, "no-such-token\0"]
        answers = [await gone(one, token) for token in dead]
        new = (await one.comparisons.publish(batch.id, "ann")).token
        shown, _ = await one.comparisons.published(new)

        assert (taken.token, again.token) == (None, None)
        assert answers == [True] * len(dead)
        assert new != old
        assert shown.id == batch.id
        assert await gone(one, old)


async def test_what_its_visitor_removes_is_in_no_published_comparison(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """The card stays, for it keeps its place; the job and its picture do not, and it is not offered to be tried again."""
    async with laid(catalog, database_url, tmp_path, Service(posts={"flux-2": [REFUSED]})) as one:
        batch = await one.start("cogview-4", "flux-2", "kling-image-o1")
        await one.ended(batch)
        token = (await one.comparisons.publish(batch.id, "ann")).token
        for card in batch.cards[:2]:
            await one.runner.remove(card.job, "ann")
        shown, jobs = await one.comparisons.published(token)
        after = await one.retry(batch, 0, 1, 2)

    assert shown.cards == batch.cards
    assert list(jobs) == [batch.cards[2].job]
    assert after.cards == batch.cards


async def gone(one: Table, token: str) -> bool:
    try:
        await one.comparisons.published(token)
    except JobNotFound:
        return True
    return False


# -- a process dies ------------------------------------------------------------------------------


async def test_a_process_that_ends_in_order_leaves_the_comparison_to_the_next(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """It is found with every card and job, goes on, and sends nothing twice."""
    service = Service(gates={"flux-2": asyncio.Event()}, posts={"kling-image-o1": [REFUSED] * 2})
    async with serving(service) as upstream:
        async with table(catalog, database_url, tmp_path, upstream) as one:
            batch = await one.start(*SIX, samples=2)
            await one.seen(batch, "done", "running", "failed")
        service.gates["flux-2"].set()
        async with table(catalog, database_url, tmp_path, upstream) as two:
            found = await two.comparisons.newest("ann")
            jobs = await two.ended(found)

    assert found == batch
    on_every_card(found)
    ends = {model: "failed" if model == "kling-image-o1" else "done" for model in SIX}
    assert [(job.model, str(job.state)) for job in jobs] == [(model, ends[model]) for model in SIX for _ in range(2)]
    assert len(service.bodies) == 12


async def test_a_process_that_is_killed_leaves_the_comparison_to_the_next(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """A kill -9 while all six models draw."""
    service = Service(polls=dict.fromkeys(SIX, ENDLESS))
    async with serving(service) as upstream:
        command = [sys.executable, "-c", STARTS, database_url, str(tmp_path), upstream.address]
        child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(60):
                batch_id = (await child.stdout.readline()).decode().strip()
            await upstream.asked("polls", 6)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            await child.wait()
        bury(database_url)
        service.polls.clear()
        async with table(catalog, database_url, tmp_path, upstream) as two:
            batch = await two.comparisons.find(batch_id, "ann")
            jobs = await two.ended(batch)

    assert [(job.model, str(job.state)) for job in jobs] == [(model, "done") for model in SIX]
    on_every_card(batch)
    assert len(service.bodies) == 6


@pytest.mark.parametrize("how", ["cancelled", "killed"])
async def test_what_is_sent_is_on_a_card_also_if_whoever_started_it_goes_away_in_that_moment(
    catalog: Catalog, postgres: Postgres, tmp_path: Path, how: str
) -> None:
    """The jobs are recorded and later sent, so a comparison that does not know them would show nothing for the money."""
    service = Service()
    with postgres.fresh() as url:
        async with serving(service) as upstream:
            async with table(catalog, url, tmp_path, upstream, killed=how == "killed") as one:
                with locked(url):  # the jobs cannot be written yet, the comparison can
                    starting = asyncio.create_task(one.start(*SIX))
                    batch = await appeared(one)
                    await asyncio.sleep(0.2)
                    starting.cancel()
                    await asyncio.wait([starting])
                if how == "cancelled":
                    await all_ended(one.runner, batch)
            if how == "killed":
                bury(url)
                async with table(catalog, url, tmp_path, upstream) as one:
                    await all_ended(one.runner, batch)
            async with table(catalog, url, tmp_path, upstream) as last:
                jobs = await last.jobs(await last.comparisons.find(batch.id, "ann"))

    # Of what a killed process had on its way, some was never sent.
    assert len([job for job in jobs if job]) >= len(service.bodies)


async def test_what_a_killed_process_did_not_come_to_send_says_so_and_can_be_sent(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    """The cards were kept, their jobs were not: nothing was charged. Sent from two pages at once, each is one job."""
    service = Service()
    with postgres.fresh() as url:
        async with serving(service) as upstream:
            async with table(catalog, url, tmp_path, upstream, killed=True) as one:
                with locked(url):
                    starting = asyncio.create_task(one.start("cogview-4", "flux-2"))
                    batch = await appeared(one)
                    starting.cancel()
                    await asyncio.wait([starting])
            with beside(url) as connection:  # whatever the lock let through at its end is as if it had never come
                connection.execute("DELETE FROM jobs")
            sent = len(service.bodies)
            async with table(catalog, url, tmp_path, upstream) as two:
                before, found = await two.comparisons.current(batch)
                offered = retries(catalog, before, found)
                both = await asyncio.gather(two.retry(batch, 0, 1), two.retry(batch, 0, 1))
                jobs = await two.ended(both[0])

    assert [card.refused for card in before.cards] == [NEVER_SENT] * 2
    assert {place: one.card.job for place, one in offered.items()} == {0: batch.cards[0].job, 1: batch.cards[1].job}
    assert [job.id for job in jobs] == [card.job for card in batch.cards]
    assert states(jobs) == ["done"] * 2
    assert len(service.bodies) - sent == 2
    assert both[0].cards == both[1].cards
    assert [card.refused for card in both[0].cards] == ["", ""]


async def appeared(one: Table) -> Comparison:
    async with asyncio.timeout(GUARD_S):
        while not (batch := await one.comparisons.newest("ann")):  # noqa: ASYNC110  # a database has no events
            await asyncio.sleep(0.01)
    return batch


async def all_ended(runner: JobService, batch: Comparison) -> None:
    """Wait for every job that says it belongs to the comparison, whether or not a card knows it."""
    for job in (await runner.search(batch.visitor, JobFilter(batch=batch.id), 100)).jobs:
        await settled(runner, job)
