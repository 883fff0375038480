"""ComparisonService before a service that answers each model in its own way, on both databases: every card ends for itself.

What is counted is what arrives at the service: each POST is money.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from components.api import Account
from components.catalog.models import Catalog
from components.comparisons.comparison import MOST_CARDS, ComparisonStore
from components.comparisons.service import Choice, ComparisonService, plan, retries
from components.errors import InputError
from components.jobs.job import JobState
from components.jobs.service import JobService
from tests.jobs.faulty import GUARD_S, held, reset, settled
from tests.jobs.tables import (
    BUSY,
    ENDLESS,
    FAILED_LATER,
    LOST,
    PROMPT,
    REFUSED,
    SEEDED,
    SEEDLESS,
    SIX,
    WITH_IMAGE,
    Service,
    chosen,
    laid,
    on_every_card,
    serving,
    states,
    table,
    task,
)
from tests.postgres import Postgres

# -- every card ends for itself ------------------------------------------------------------------


@pytest.mark.parametrize("order", range(3))
async def test_six_models_end_one_by_one_in_whatever_order(
    catalog: Catalog, database_url: str, tmp_path: Path, order: int
) -> None:
    """Each card is done as soon as its own model is, while those after it are still going."""
    service = Service(gates={model: asyncio.Event() for model in SIX})
    turns = random.Random(order).sample(SIX, len(SIX))
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(*SIX)
        started = await one.jobs(batch)
        for number, model in enumerate(turns, 1):
            service.gates[model].set()
            await settled(one.runner, started[SIX.index(model)])
            assert {job.model for job in await one.jobs(batch) if job.settled} == set(turns[:number])
        jobs = await one.jobs(batch)

    assert [(job.model, str(job.state)) for job in jobs] == [(model, "done") for model in SIX]
    assert [len(job.pictures) for job in jobs] == [1] * 6
    assert {job.batch for job in jobs} == {batch.id}
    assert len(service.bodies) == 6


async def test_what_happens_to_one_card_leaves_the_others_alone(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """One refused, one lost, one that never ends, one that has to wait, one that fails later: the sixth is done."""
    service = Service(
        posts={"cogview-4": [REFUSED], "flux-2": [reset()], "ideogram-v3": [BUSY]},
        polls={"kling-image-o1": ENDLESS, "ideogram-v4": FAILED_LATER},
    )
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(*SIX)
        for job in (jobs := await one.jobs(batch))[:2] + jobs[4:]:
            await settled(one.runner, job)
        async with asyncio.timeout(GUARD_S):
            while not (now := await one.jobs(batch))[3].note:  # noqa: ASYNC110  # a note is no change of state
                await asyncio.sleep(0.02)

    assert states(now) == ["failed", "uncertain", "running", "queued", "failed", "done"]
    assert [job.settled for job in now] == [True, True, False, False, True, True]
    assert now[3].note == "The service asks to wait 20 s; nothing was created."
    assert len(service.bodies) == 6


async def test_every_model_of_the_catalog_draws_its_card_in_the_sandbox(
    catalog: Catalog, runner: JobService, account: Account
) -> None:
    """Whatever its parameters are called."""
    comparisons = ComparisonService(catalog, runner, ComparisonStore(runner.store.transactions))
    models = [model.id for model in catalog.models if model.runnable]
    shared = {**PROMPT, "shape": "16:9", "quality": "best", "count": 2, "seed": 7, "negative": "text"}
    batch = await comparisons.start(chosen(*models), shared, 1, account, "ann")
    asked = await comparisons.jobs(batch)
    ended = [await settled(runner, asked[card.job]) for card in batch.cards]

    assert [card.refused for card in batch.cards] == [""] * len(models)
    assert [(job.model, str(job.state)) for job in ended] == [(model, "done") for model in models]
    assert [len(job.pictures) for job in ended] == [job.count for job in ended]


# -- each card is paid for once ------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 3])
async def test_two_tabs_that_start_at_once_pay_once_for_each_card(
    catalog: Catalog, database_url: str, tmp_path: Path, samples: int
) -> None:
    """Both see the same pictures."""
    service = Service(gate=asyncio.Event())
    async with laid(catalog, database_url, tmp_path, service) as one:
        both = await asyncio.gather(*(one.start("cogview-4", "flux-2", samples=samples) for _ in range(2)))
        service.gate.set()
        first, second = [await one.ended(batch) for batch in both]

    assert both[0].id != both[1].id
    assert [job.id for job in first] == [job.id for job in second]
    assert states(first) == ["done"] * 2 * samples
    assert len(service.bodies) == 2 * samples
    for batch in both:
        on_every_card(batch)


async def test_two_processes_that_start_at_once_pay_once_for_each_card(
    catalog: Catalog, postgres: Postgres, tmp_path: Path
) -> None:
    service = Service(gate=asyncio.Event())
    with postgres.fresh() as url:
        async with serving(service) as upstream:
            async with table(catalog, url, tmp_path, upstream) as one, table(catalog, url, tmp_path, upstream) as two:
                both = await asyncio.gather(*(tab.start(*SIX) for tab in (one, two) * 5))
                service.gate.set()
                ended = [await one.ended(batch) for batch in both]

    assert {tuple(job.id for job in jobs) for jobs in ended} == {tuple(job.id for job in ended[0])}
    assert len(service.bodies) == 6


@pytest.mark.parametrize("seed", [0, 7, 7.0, 2**31 - 1])
async def test_so_many_samples_are_so_many_requests_each_with_its_own_seed(
    catalog: Catalog, database_url: str, tmp_path: Path, seed: float
) -> None:
    """A form may well hold 7.0 for 7. A model without a seed is asked as often."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(SEEDED, SEEDLESS, shared={**PROMPT, "seed": seed}, samples=4)
        jobs = await one.ended(batch)

    assert states(jobs) == ["done"] * 8
    assert [(card.model, card.sample) for card in batch.cards] == [
        (model, number) for model in (SEEDED, SEEDLESS) for number in range(1, 5)
    ]
    on_every_card(batch)
    seeds = [job.body["seed"] for job in jobs if job.model == SEEDED]
    assert seeds[0] == seed
    assert len(set(seeds)) == 4
    assert all(isinstance(number, int) and 0 <= number < 2**31 for number in seeds)
    assert (len(service.sent(SEEDED)), len(service.sent(SEEDLESS))) == (4, 4)


def test_a_plan_costs_what_its_cards_cost(catalog: Catalog) -> None:
    """What is skipped costs nothing."""
    planned = plan(catalog, chosen("cogview-4", "flux-2", "hunyuan-image-3"), WITH_IMAGE, 2)

    assert [one.cost.credits for one in planned.cards] == [0, 0, 5, 5, 25, 25]
    assert (planned.cost.credits, planned.cost.usd, planned.requests) == (60, 0.6, 4)


# -- trying again --------------------------------------------------------------------------------


async def test_a_retry_sends_what_failed_and_nothing_else(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """Never what is done, lost, going or skipped; its price is that of what it sends, and the rest stays as it is."""
    models = ("flux-2", "kling-image-o1", "ideogram-v3", "gpt-image-1.5-official", "hunyuan-image-3", "cogview-4")
    service = Service(
        posts={"kling-image-o1": [REFUSED], "ideogram-v3": [LOST]},
        polls={"gpt-image-1.5-official": ENDLESS, "hunyuan-image-3": FAILED_LATER},
    )
    expected = ["done", "failed", "uncertain", "running", "failed", ""]
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(*models, shared=WITH_IMAGE)
        for job in [*(jobs := await one.jobs(batch))[:3], jobs[4]]:
            await settled(one.runner, job)
        before = await one.seen(batch, "running")
        offered = retries(catalog, batch, await one.comparisons.jobs(batch))
        first = list(service.bodies)
        del service.polls["hunyuan-image-3"]
        after = await one.retry(batch, *range(-5, 20))
        for place in (1, 4):
            await settled(one.runner, (await one.jobs(after))[place])
        now = states(await one.jobs(after))

    assert before == expected
    assert {place: planned.cost.credits for place, planned in offered.items()} == {1: 6, 4: 25}
    assert sorted(body["model"] for body in service.bodies[5:]) == ["hunyuan-image-3", "kling-image-o1"]
    assert all(body in first for body in service.bodies[5:])
    assert now == ["done", "done", "uncertain", "running", "done", ""]
    assert [place for place in range(6) if batch.cards[place] != after.cards[place]] == [1, 4]
    assert after == replace(batch, cards=after.cards)


async def test_what_was_stopped_is_tried_again_only_if_nothing_can_come_of_it(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """A task that was only left alone may still be done, and paid."""
    service = Service(posts={"cogview-4": [BUSY]}, polls={"flux-2": ENDLESS})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", "flux-2")
        await one.seen(batch, "queued", "running")
        stopped = [await one.runner.stop(card.job, "ann") for card in batch.cards]
        offered = retries(catalog, batch, await one.comparisons.jobs(batch))

    assert [(job.state, job.task_id is None) for job in stopped] == [(JobState.STOPPED, True), (JobState.STOPPED, False)]
    assert list(offered) == [0]


async def test_only_the_named_places_are_tried_again(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    service = Service(posts={model: [REFUSED] for model in SIX[:3]})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(*SIX[:3])
        await one.ended(batch)
        nothing = await one.retry(batch)
        after = await one.retry(batch, 1)
        jobs = await one.ended(after)

    assert nothing == batch
    assert states(jobs) == ["failed", "done", "failed"]
    assert len(service.bodies) == 4


async def test_two_tabs_that_try_again_at_once_pay_once(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    gate = asyncio.Event()
    service = Service(posts={"cogview-4": [REFUSED, held(gate, task("cogview-4.2"))]})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4")
        await one.ended(batch)
        both = await asyncio.gather(one.retry(batch, 0), one.retry(batch, 0))
        gate.set()
        jobs = await one.ended(both[0])

    assert both[0] == both[1]
    assert (states(jobs), len(service.bodies)) == (["done"], 2)


async def test_samples_that_failed_are_each_tried_again(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """A model without a seed is sent the same request for each sample, and each sample still is a picture of its own."""
    service = Service(posts={SEEDLESS: [REFUSED] * 3})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(SEEDLESS, samples=3)
        await one.ended(batch)
        after = await one.retry(batch, 0, 1, 2)
        await one.ended(after)

    on_every_card(after)
    assert len(service.bodies) == 6


@pytest.mark.parametrize("failed", [0, 1])
async def test_a_sample_that_failed_is_tried_again_beside_one_that_is_going(
    catalog: Catalog, database_url: str, tmp_path: Path, failed: int
) -> None:
    """The job of the other sample is not put on its card."""
    answers = [task(f"{SEEDLESS}.0"), task(f"{SEEDLESS}.0")]
    answers[failed] = REFUSED
    service = Service(posts={SEEDLESS: answers}, polls={SEEDLESS: ENDLESS})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(SEEDLESS, samples=2)
        place = (await one.seen(batch, "failed", "running")).index("failed")
        service.polls.clear()
        after = await one.retry(batch, place)
        await one.ended(after)

    on_every_card(after)
    assert len(service.bodies) == 3


async def test_a_card_of_a_model_that_is_gone_does_not_keep_the_others_from_being_tried_again(
    catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    """The catalog may have changed since the comparison was started."""
    service = Service(posts={model: [REFUSED] for model in ("cogview-4", "flux-2")})
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", "flux-2")
        await one.ended(batch)
        jobs = await one.comparisons.jobs(batch)
    newer = catalog.model_copy(update={"models": tuple(model for model in catalog.models if model.id != "cogview-4")})
    newer.__dict__.pop("_by_name", None)  # what the copied catalog has looked up before

    assert list(retries(newer, batch, jobs)) == [1]


# -- adding --------------------------------------------------------------------------------------


async def test_added_models_stand_behind_what_is_there(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """They get the comparison's own form and their own settings; those that are added at once are all kept."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start("cogview-4", shared={**PROMPT, "shape": "16:9"})
        flex = Choice("flux-2", {"type": "flex"})
        await asyncio.gather(one.add(batch, flex), one.add(batch, "kling-image-o1", "ideogram-v4"))
        after = await one.comparisons.find(batch.id, "ann")
        jobs = await one.ended(after)

    assert after.cards[0] == batch.cards[0]
    assert sorted(card.model for card in after.cards[1:]) == ["flux-2", "ideogram-v4", "kling-image-o1"]
    assert states(jobs) == ["done"] * 4
    assert {job.batch for job in jobs} == {batch.id}
    added = next(job for job in jobs if job.model == "flux-2").body
    assert (added["aspect_ratio"], added["type"]) == ("16:9", "flex")


async def test_more_than_sixty_cards_are_refused(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    """From the start or by adding; nothing of what is refused is sent or kept."""
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        for models, samples in ((7, 9), (61, 1), (1, 0), (1, 11), (1, 1.5), (1, "2")):
            with pytest.raises(InputError):
                await one.start(*["cogview-4"] * models, samples=samples)
        nothing = await one.comparisons.newest("ann")
        batch = await one.start(*["cogview-4"] * 59)
        with pytest.raises(InputError):
            await one.add(batch, "flux-2", "kling-image-o1")
        after = await one.add(batch, "flux-2")
        await one.ended(after)

    assert nothing is None
    on_every_card(after)
    assert (len(after.cards), len(service.bodies)) == (MOST_CARDS, MOST_CARDS)


async def test_adding_at_once_does_not_pass_sixty_cards(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    service = Service()
    async with laid(catalog, database_url, tmp_path, service) as one:
        batch = await one.start(*["cogview-4"] * 59)
        await asyncio.gather(*(one.add(batch, model) for model in SIX[1:]), return_exceptions=True)
        after = await one.comparisons.find(batch.id, "ann")
        await one.ended(after)

    assert (len(after.cards), len(service.bodies)) == (MOST_CARDS, MOST_CARDS)
