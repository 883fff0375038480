"""Comparisons outlive the process that started them: a clean stop, a kill, and a caller who disconnects."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.comparisons.comparison import Comparison
from components.comparisons.plan import plan_retries
from components.comparisons.service import NEVER_SENT
from components.jobs.service import JobService
from components.jobs.store.history import JobFilter
from tests.comparisons.processes import (
    ALWAYS_RUNNING,
    REFUSED,
    SIX,
    ImageService,
    Process,
    comparison_process,
    has_a_job_on_every_card,
    serve_images,
    sqlite,
    states,
)
from tests.conftest import ROOT
from tests.jobs.conftest import lock_database, raw_connection
from tests.jobs.processes import expire_leases
from tests.jobs.scripted_upstream import TIMEOUT_S, settled
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
