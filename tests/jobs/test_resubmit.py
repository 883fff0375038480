"""Asking again for an uncertain job: it is abandoned when the new request is accepted, and not a moment sooner."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from components.catalog.loading import load_catalog, parse_catalog
from components.catalog.models import Catalog
from components.errors import InputError, NotFound
from components.jobs.budgets import Caps
from components.jobs.job import JobState
from components.jobs.store.history import JobFilter
from components.jobs.store.spend import Spend
from tests.catalog.renamed import catalog_with_renamed
from tests.conftest import ROOT
from tests.jobs.job_setup import LOST, job_setup
from tests.jobs.processes import account, process, wait_for_job
from tests.jobs.scripted_upstream import answer_after, created, finished, response, running, scripted_upstream, settled


async def test_resubmitting_abandons_the_uncertain_job(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The same body is sent once more; both may be paid, so both count."""
    async with job_setup(catalog, url, tmp_path, {"post": [LOST, created()]}) as setup:
        lost = await setup.ended()
        again = await settled(setup.job_service, await setup.job_service.resubmit(lost.id, setup.payer, "ann"))
        after, spent = await setup.job_service.find(lost.id, "ann"), await setup.job_service.store.spending.today()
        third = await setup.job_service.resubmit(lost.id, setup.payer, "ann")

    assert (lost.state, again.state, after.state, third.id) == (
        JobState.UNCERTAIN,
        JobState.DONE,
        JobState.ABANDONED,
        lost.id,
    )
    assert (spent, len(setup.upstream.posts)) == (Spend(0, 2 * lost.credits), 2)
    assert setup.upstream.posts[0].content == setup.upstream.posts[1].content


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "by a cap": ({"post": [LOST, created()], "caps": Caps(daily=6)}, "cap"),
    "by the service": ({"post": [LOST, response({}, 401)]}, "key"),
    "with its answer lost too": ({"post": [LOST, LOST]}, "lost"),
}


@pytest.mark.parametrize("how", REFUSED)
async def test_a_refused_resubmission_keeps_the_uncertain_job_and_its_reservation(
    catalog: Catalog, url: str, tmp_path: Path, how: str
) -> None:
    """The uncertain job can still be resubmitted or abandoned."""
    scripts, code = REFUSED[how]
    caps = scripts.pop("caps", Caps())
    async with job_setup(catalog, url, tmp_path, scripts, caps=caps) as setup:
        lost = await setup.ended()
        again = await settled(setup.job_service, await setup.job_service.resubmit(lost.id, setup.payer, "ann"))
        after, spent = await setup.job_service.find(lost.id, "ann"), await setup.job_service.store.spending.today()

    assert again.problem
    assert (again.problem.code, after) == (code, lost)
    assert spent == Spend(lost.credits * (2 if code == "lost" else 1), 0)


async def test_a_job_that_was_stopped_before_it_was_sent_abandons_nothing(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    busy = response({}, 429, headers={"Retry-After": "20"})
    async with job_setup(catalog, url, tmp_path, {"post": [LOST, busy]}) as setup:
        lost = await setup.ended()
        again = await setup.job_service.resubmit(lost.id, setup.payer, "ann")
        await wait_for_job(setup.job_service, again, status_note="The service asks to wait 20 s; nothing was created.")
        await setup.job_service.stop(again.id, "ann")
        after = await setup.job_service.find(lost.id, "ann")

    assert after == lost


async def test_two_clicks_are_one_request(catalog: Catalog, url: str, tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with job_setup(catalog, url, tmp_path, {"post": [LOST, answer_after(gate, created())]}) as setup:
        lost = await setup.ended()
        jobs = await asyncio.gather(*(setup.job_service.resubmit(lost.id, setup.payer, "ann") for _ in range(5)))
        gate.set()
        await settled(setup.job_service, jobs[0])

    assert (len({job.id for job in jobs}), len(setup.upstream.posts)) == (1, 2)


async def test_only_a_visitors_own_uncertain_job_is_resubmitted(catalog: Catalog, url: str, tmp_path: Path) -> None:
    async with job_setup(catalog, url, tmp_path) as setup:
        done = await setup.ended()
        same = await setup.job_service.resubmit(done.id, setup.payer, "ann")
        with pytest.raises(NotFound):
            await setup.job_service.resubmit(done.id, setup.payer, "eve")

    assert (same, len(setup.upstream.posts)) == (done, 1)


async def test_a_retired_model_is_refused_and_the_uncertain_job_stays(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """The catalog has changed since."""
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    head, rest = text.split("  - id: cogview-4\n")
    retired = parse_catalog(head + "  - id: cogview-4\n" + rest.replace("status: active", "status: retired", 1))
    async with scripted_upstream(post=[LOST]) as upstream:
        host = account(catalog, upstream.address)
        async with job_setup(catalog, url, tmp_path, {"post": [LOST]}) as setup:
            lost = await setup.ended()
        async with process(retired, url, tmp_path) as job_service:
            with pytest.raises(InputError):
                await job_service.resubmit(lost.id, host, "ann")
            after = await job_service.find(lost.id, "ann")

    assert (after, upstream.posts) == (lost, [])


# -- a model that was renamed --------------------------------------------------------------------


async def test_a_renamed_model_keeps_its_history_its_measured_and_its_learned_times(url: str, tmp_path: Path) -> None:
    """By the new id and by the former one; the next run adds to what was learned."""
    catalog = catalog_with_renamed("cogview-4", "cogview-four")
    async with scripted_upstream() as upstream:
        async with job_setup(load_catalog(ROOT / "catalog.yaml"), url, tmp_path, {"poll": [running(), finished()]}) as setup:
            job = await setup.ended()
            address = setup.upstream.address
        async with process(catalog, url, tmp_path) as job_service:
            wanted = [JobFilter(models=catalog.ids(name)) for name in ("cogview-four", "cogview-4")]
            totals = [(await job_service.search("ann", one, 5)).total for one in wanted]
            measured = await job_service.measured()
            host = account(catalog, address)
            learned = [job_service.run_times.learned(host, name) for name in ("cogview-four", "cogview-4")]

    assert (job.state, totals, upstream.requests) == (JobState.DONE, [1, 1], [])
    assert set(measured) == {"cogview-four"}
    assert learned[0] is not None
    assert learned[0] == learned[1]
