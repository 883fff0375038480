"""Comparisons before a service that answers each model in its own way: start, add, retry, and what each of them pays for.

What is counted is what arrives at the service: each POST is money.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from components.api.client import Account
from components.catalog.models import Catalog
from components.comparisons.plan import MOST_CARDS, Choice, plan_retries
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.errors import InputError
from components.jobs.job import JobState
from components.jobs.service import JobService
from tests.comparisons.processes import (
    ALWAYS_RUNNING,
    BUSY,
    FAILED_LATER,
    LOST,
    PROMPT,
    REFUSED,
    SEEDLESS,
    SIX,
    WITH_IMAGE,
    ImageService,
    choices,
    comparison_process,
    comparisons_at,
    has_a_job_on_every_card,
    serve_images,
    states,
    task,
)
from tests.jobs.scripted_upstream import answer_after, reset, settled
from tests.postgres import Postgres

# -- cards are independent -----------------------------------------------------------------------


async def test_each_card_is_done_as_soon_as_its_own_model_is(catalog: Catalog, tmp_path: Path) -> None:
    order = [SIX[at] for at in (3, 0, 5, 1, 4, 2)]
    service = ImageService(gates={model: asyncio.Event() for model in SIX})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start(*SIX)
        started = await process.jobs(comparison)
        for number, model in enumerate(order, 1):
            service.gates[model].set()
            await settled(process.job_service, started[SIX.index(model)])
            assert {job.model for job in await process.jobs(comparison) if job.settled} == set(order[:number])
        jobs = await process.jobs(comparison)

    assert [(job.model, str(job.state), len(job.pictures)) for job in jobs] == [(model, "done", 1) for model in SIX]
    assert {job.comparison_id for job in jobs} == {comparison.id}
    assert len(service.bodies) == 6


async def test_a_failed_card_does_not_affect_the_others(catalog: Catalog, tmp_path: Path) -> None:
    """One refused, one lost, one that never ends, one that has to wait, one that fails later: the sixth is done."""
    service = ImageService(
        posts={"cogview-4": [REFUSED], "flux-2": [reset()], "ideogram-v3": [BUSY]},
        polls={"kling-image-o1": ALWAYS_RUNNING, "ideogram-v4": FAILED_LATER},
    )
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start(*SIX)
        jobs = await process.jobs(comparison)
        for job in jobs[:2] + jobs[4:]:
            await settled(process.job_service, job)
        card_states = await process.until_states(comparison, "queued", "running")

    assert card_states == ["failed", "uncertain", "running", "queued", "failed", "done"]
    assert len(service.bodies) == 6


async def test_every_model_of_the_catalog_makes_its_card_in_the_sandbox(
    catalog: Catalog, job_service: JobService, account: Account
) -> None:
    """Whatever its parameters are called."""
    comparisons = ComparisonService(catalog, job_service, ComparisonStore(job_service.store.transactions))
    models = [model.id for model in catalog.models if model.runnable]
    shared = {**PROMPT, "shape": "16:9", "quality": "best", "count": 2, "seed": 7, "negative": "text"}
    comparison = await comparisons.start(choices(*models), shared, 1, account, "ann")
    ended = [await job_service.settled(card.job, "ann") for card in comparison.cards]

    assert [card.refused for card in comparison.cards] == [""] * len(models)
    assert [(job.model, str(job.state)) for job in ended] == [(model, "done") for model in models]
    assert [len(job.pictures) for job in ended] == [job.count for job in ended]


# -- an idempotency key --------------------------------------------------------------------------


async def test_starts_with_the_same_key_are_one_comparison_paid_once(catalog: Catalog, tmp_path: Path) -> None:
    """At once and later, whatever seed the second click drew. Another key, visitor or none is another comparison."""
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        clicks = [process.start(*SIX[:2], shared={**PROMPT, "seed": seed}, samples=2, key="click") for seed in range(3)]
        several = await asyncio.gather(*clicks)
        await process.ended(several[0])
        later = await process.start(*SIX[:2], shared=PROMPT, key="click")
        paid = len(service.bodies)
        others = [
            await process.start("cogview-4", key="other"),
            await process.start("cogview-4", key="click", visitor="bea"),
        ]
        others += [await process.start("cogview-4"), await process.start("cogview-4")]

    assert {comparison.id for comparison in (*several, later)} == {several[0].id}
    assert has_a_job_on_every_card(later)
    assert paid == 4
    assert len({comparison.id for comparison in others} | {later.id}) == 5


async def test_two_processes_with_the_same_key_pay_once_for_each_card(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    service = ImageService(gate=asyncio.Event())
    with postgres.fresh() as url:
        async with serve_images(service) as upstream:
            async with (
                comparison_process(catalog, url, tmp_path, upstream) as one,
                comparison_process(catalog, url, tmp_path, upstream) as two,
            ):
                several = await asyncio.gather(*(process.start(*SIX, key="click") for process in (one, two) * 5))
                service.gate.set()
                comparison = await two.comparisons.find(several[0].id, "ann")
                jobs = await two.ended(comparison)

    assert {comparison.id for comparison in several} == {comparison.id}
    assert states(jobs) == ["done"] * 6
    assert len(service.bodies) == 6


async def test_two_comparisons_with_the_same_form_have_jobs_of_their_own(catalog: Catalog, tmp_path: Path) -> None:
    """Otherwise one of them would keep the prompt after all its jobs were deleted with the other."""
    service = ImageService(gate=asyncio.Event())
    async with comparisons_at(catalog, tmp_path, service) as process:
        both = await asyncio.gather(*(process.start("cogview-4", "flux-2", shared={**PROMPT, "seed": 1}) for _ in range(2)))
        service.gate.set()
        jobs = [job for comparison in both for job in await process.ended(comparison)]
        for job in jobs:
            await process.job_service.remover.remove(job.id)
        left = await process.comparisons.newest("ann")

    assert [job.comparison_id for job in jobs] == [comparison.id for comparison in both for _ in range(2)]
    assert len({job.id for job in jobs}) == len(service.bodies) == 4
    assert left is None


# -- retrying ------------------------------------------------------------------------------------


async def test_a_retry_sends_what_failed_and_nothing_else(catalog: Catalog, tmp_path: Path) -> None:
    """Never what is done, lost, running or skipped; its price is that of what it sends, and the other cards stay."""
    models = ("flux-2", "kling-image-o1", "ideogram-v3", "gpt-image-1.5-official", "hunyuan-image-3", "cogview-4")
    service = ImageService(
        posts={"kling-image-o1": [REFUSED], "ideogram-v3": [LOST]},
        polls={"gpt-image-1.5-official": ALWAYS_RUNNING, "hunyuan-image-3": FAILED_LATER},
    )
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start(*models, shared=WITH_IMAGE)
        jobs = await process.jobs(comparison)
        for job in [*jobs[:3], jobs[4]]:
            await settled(process.job_service, job)
        before = await process.until_states(comparison, "running")
        offered = plan_retries(catalog, comparison, await process.comparisons.jobs(comparison))
        first = list(service.bodies)
        del service.polls["hunyuan-image-3"]
        after = await process.retry(comparison)
        for position in (1, 4):
            await settled(process.job_service, (await process.jobs(after))[position])
        card_states = states(await process.jobs(after))

    assert before == ["done", "failed", "uncertain", "running", "failed", ""]
    assert {position: planned.cost.credits for position, planned in offered.items()} == {1: 6, 4: 25}
    assert sorted(body["model"] for body in service.bodies[5:]) == ["hunyuan-image-3", "kling-image-o1"]
    assert all(body in first for body in service.bodies[5:])
    assert card_states == ["done", "done", "uncertain", "running", "done", ""]
    assert [position for position in range(6) if comparison.cards[position] != after.cards[position]] == [1, 4]
    assert after == replace(comparison, cards=after.cards)


async def test_a_stopped_card_is_retried_only_if_nothing_can_come_of_it(catalog: Catalog, tmp_path: Path) -> None:
    """A task that is no longer polled may still be done, and paid."""
    service = ImageService(posts={"cogview-4": [BUSY]}, polls={"flux-2": ALWAYS_RUNNING})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start("cogview-4", "flux-2")
        await process.until_states(comparison, "queued", "running")
        stopped = [await process.job_service.stop(card.job, "ann") for card in comparison.cards]
        offered = plan_retries(catalog, comparison, await process.comparisons.jobs(comparison))

    assert [(job.state, job.task_id is None) for job in stopped] == [(JobState.STOPPED, True), (JobState.STOPPED, False)]
    assert list(offered) == [0]


async def test_two_pages_that_retry_at_once_pay_once(catalog: Catalog, tmp_path: Path) -> None:
    gate = asyncio.Event()
    service = ImageService(posts={"cogview-4": [REFUSED, answer_after(gate, task("cogview-4.2"))]})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start("cogview-4")
        await process.ended(comparison)
        both = await asyncio.gather(process.retry(comparison), process.retry(comparison))
        gate.set()
        jobs = await process.ended(both[0])
        nothing = await process.retry(comparison)

    assert both[0] == both[1] == nothing
    assert (states(jobs), len(service.bodies)) == (["done"], 2)


async def test_samples_that_failed_are_each_retried(catalog: Catalog, tmp_path: Path) -> None:
    """A model without a seed is sent the same request for each sample, and each is still a picture of its own."""
    for failed in ([0], [1], [0, 1, 2]):
        answers = [REFUSED if number in failed else task(f"{SEEDLESS}.0") for number in range(3)]
        service = ImageService(posts={SEEDLESS: answers}, polls={SEEDLESS: ALWAYS_RUNNING})
        async with comparisons_at(catalog, tmp_path / f"{len(failed)}-{failed[0]}", service) as process:
            comparison = await process.start(SEEDLESS, samples=3)
            await process.until_states(comparison, *["failed"] * len(failed), *["running"] * (3 - len(failed)))
            service.polls.clear()
            after = await process.retry(comparison)
            await process.ended(after)

        assert has_a_job_on_every_card(after)
        assert len(service.bodies) == 3 + len(failed)


async def test_a_card_of_a_model_that_left_the_catalog_does_not_keep_the_others_from_being_retried(
    catalog: Catalog, tmp_path: Path
) -> None:
    service = ImageService(posts={model: [REFUSED] for model in ("cogview-4", "flux-2")})
    async with comparisons_at(catalog, tmp_path, service) as process:
        comparison = await process.start("cogview-4", "flux-2")
        await process.ended(comparison)
        jobs = await process.comparisons.jobs(comparison)
    newer = catalog.model_copy(update={"models": tuple(model for model in catalog.models if model.id != "cogview-4")})
    newer.__dict__.pop("_by_name", None)  # what the copied catalog has looked up before

    assert list(plan_retries(newer, comparison, jobs)) == [1]


# -- adding --------------------------------------------------------------------------------------


async def test_added_models_follow_the_cards_that_are_there(catalog: Catalog, tmp_path: Path) -> None:
    """They get the comparison's own form and their own settings; those that are added at once are all there."""
    async with comparisons_at(catalog, tmp_path, ImageService()) as process:
        comparison = await process.start("cogview-4", shared={**PROMPT, "shape": "16:9"})
        flex = Choice("flux-2", {"type": "flex"})
        await asyncio.gather(process.add(comparison, flex), process.add(comparison, "kling-image-o1", "ideogram-v4"))
        after = await process.comparisons.find(comparison.id, "ann")
        jobs = await process.ended(after)

    assert after.cards[0] == comparison.cards[0]
    assert sorted(card.model for card in after.cards[1:]) == ["flux-2", "ideogram-v4", "kling-image-o1"]
    assert states(jobs) == ["done"] * 4
    assert {job.comparison_id for job in jobs} == {comparison.id}
    added = next(job for job in jobs if job.model == "flux-2").body
    assert (added["aspect_ratio"], added["type"]) == ("16:9", "flex")


@pytest.mark.slow
async def test_no_comparison_has_more_than_sixty_cards(catalog: Catalog, tmp_path: Path) -> None:
    """Also when several are added at once; nothing of what is refused is sent or stored."""
    service = ImageService()
    async with comparisons_at(catalog, tmp_path, service) as process:
        with pytest.raises(InputError):
            await process.start(*["cogview-4"] * 61)
        nothing = await process.comparisons.newest("ann")
        comparison = await process.start(*["cogview-4"] * 59)
        with pytest.raises(InputError):
            await process.add(comparison, "flux-2", "kling-image-o1")
        await asyncio.gather(*(process.add(comparison, model) for model in SIX[1:]), return_exceptions=True)
        after = await process.comparisons.find(comparison.id, "ann")
        await process.ended(after)

    assert nothing is None
    assert has_a_job_on_every_card(after)
    assert (len(after.cards), len(service.bodies)) == (MOST_CARDS, MOST_CARDS)


async def test_one_look_at_a_comparison_brings_jobs_and_stars(catalog: Catalog, tmp_path: Path) -> None:
    """The page looks once a second; a job that its visitor has deleted is on no card."""
    async with comparisons_at(catalog, tmp_path, ImageService()) as process:
        comparison = await process.start("cogview-4", "flux-2", "imagen-4")
        first, second, third = [job.id for job in await process.ended(comparison) if job]
        await process.job_service.store.history.star("ann", [second], starred=True)
        await process.job_service.store.history.hide("ann", [third])
        shown, entries = await process.comparisons.with_entries(comparison.id, "ann")

    assert [card.job for card in shown.cards] == [first, second]
    assert {job_id: entry.starred for job_id, entry in entries.items()} == {first: False, second: True}
