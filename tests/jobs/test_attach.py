"""A lost answer whose task id the visitor enters from the service's dashboard: the job continues."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import InputError, InvalidState, NotFound, UpstreamFailed
from components.jobs import transitions
from components.jobs.job import JobState
from components.jobs.store.jobs import Store
from components.jobs.store.spend import Spend
from tests.jobs.conftest import add_jobs, make_job, set_fields
from tests.jobs.job_setup import LOST, job_setup
from tests.jobs.processes import account
from tests.jobs.scripted_upstream import TASK, created, finished, response, running, settled

UNKNOWN = response({"error": {"code": "not_found", "message": "No such task"}}, 404)


@pytest.mark.parametrize("dismissed", [False, True])
async def test_an_attached_task_is_polled_to_its_pictures(
    catalog: Catalog, url: str, tmp_path: Path, dismissed: bool
) -> None:
    """With the payer's key, without another POST; also where the job was dismissed; spaces that are copied along go."""
    async with job_setup(catalog, url, tmp_path, {"post": [LOST], "poll": [running(), running(), finished()]}) as setup:
        lost = await setup.ended()
        if dismissed:
            await setup.job_service.abandon(lost.id, "ann")
        attached = await setup.job_service.attach(lost.id, f" {TASK}\n", setup.payer, "ann")
        done = await settled(setup.job_service, attached)
        spent = await setup.job_service.store.spending.today()

    assert (attached.state, attached.task_id) == (JobState.RUNNING, TASK)
    assert (done.state, done.task_id, len(done.pictures), done.problem) == (JobState.DONE, TASK, 1, None)
    assert (spent, len(setup.upstream.posts)) == (Spend(0, lost.credits), 1)
    assert {request.headers["authorization"] for request in setup.upstream.polls} == {f"Bearer {setup.payer.key}"}


REFUSED: dict[str, tuple[str, dict[str, Any], type[Exception], str]] = {
    "a task that the service does not know": (TASK, {"poll": [UNKNOWN]}, InputError, "does not know this task"),
    "no answer from the service": (TASK, {"poll": [response({}, 500)]}, UpstreamFailed, "service failed"),
    "nothing": ("  ", {}, InputError, "no task id"),
    "an address": ("https://apiin.one/tasks/n41", {}, InputError, "no task id"),
    "a very long text": ("n" * 300, {}, InputError, "no task id"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_id_that_is_no_task_of_this_key_changes_nothing(
    catalog: Catalog, url: str, tmp_path: Path, name: str
) -> None:
    named, scripts, kind, words = REFUSED[name]
    async with job_setup(catalog, url, tmp_path, {"post": [LOST], **scripts}) as setup:
        lost = await setup.ended()
        with pytest.raises(kind, match=words) as refusal:
            await setup.job_service.attach(lost.id, named, setup.payer, "ann")
        after = await setup.job_service.find(lost.id, "ann")

    assert after == lost
    assert "Nothing was charged" not in str(getattr(refusal.value, "problem", ""))


async def test_only_a_visitors_own_uncertain_job_can_be_attached_and_only_with_its_payers_key(
    catalog: Catalog, url: str, tmp_path: Path
) -> None:
    async with job_setup(catalog, url, tmp_path, {"post": [LOST, created()]}, find_account=lambda _: None) as setup:
        lost, done = await setup.ended(), await setup.ended(prompt="another")
        with pytest.raises(NotFound):
            await setup.job_service.attach(lost.id, TASK, setup.payer, "bea")
        with pytest.raises(InvalidState, match="can be added only to a request whose answer was lost"):
            await setup.job_service.attach(done.id, "n41other", setup.payer, "ann")
        polls = len(setup.upstream.polls)
        with pytest.raises(InvalidState, match="key that this request was sent with"):
            await setup.job_service.attach(
                lost.id, "n41other", account(catalog, setup.upstream.address, payer="visitor"), "ann"
            )
        with pytest.raises(InputError, match="another request has this task"):
            await setup.job_service.attach(lost.id, str(done.task_id), setup.payer, "ann")

    assert len(setup.upstream.polls) == polls


async def test_one_task_is_never_attached_to_two_jobs(stores: list[Store]) -> None:
    """Not at the same moment in several processes, and not the task of a job that was removed."""
    lost = [make_job(state=JobState.UNCERTAIN) for _ in range(8)]
    removed = make_job(state=JobState.DONE, task_id="n41gone")
    await add_jobs(stores[0], *lost, removed)
    await stores[0].remove(removed.id)

    def take(at: int, task: str) -> Any:
        named = set_fields(state=JobState.RUNNING, task_id=task)
        return stores[at % len(stores)].apply(lost[at].id, named)

    taken = await asyncio.gather(*(take(at, "n41same") for at in range(8)))
    assert len([job for job in taken if job]) == 1
    free = next(at for at, job in enumerate(taken) if job is None)
    assert await take(free, "n41gone") is None
    assert (await take(free, "n41free")).task_id == "n41free"
    assert {JobState.UNCERTAIN, JobState.ABANDONED} == transitions.UNDECIDED
