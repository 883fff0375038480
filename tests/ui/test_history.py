"""The endpoint ``/history``: what is found, for whom, and which queries are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from gradio_client import Client

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job, JobState
from components.playground import visitor_id
from tests.conftest import open_store
from tests.ui import AppProcess, api_client, run_app
from tests.ui.test_endpoints import ANSWER, refused
from tests.views.html import PICTURE
from tests.web.test_visitors import posted

pytestmark = pytest.mark.processes

ANN, BOB = "ann-of-these-tests-1", "bob-of-these-tests-2"
JOBS = 100
NOW = 1_790_000_000.0
JOB = (*ANSWER, "model", "prompt", "created_at")


def past(catalog: Catalog, number: int = 0, **changes: Any) -> Job:
    """A job of Ann's that is done, each older than the one with the next number."""
    request = build_request(catalog, changes.pop("model", "flux-2"), {"prompt": changes.pop("prompt", f"kite {number}")})
    created_at = NOW + number
    job = Job(
        id=f"job-{number}", visitor=visitor_id(ANN), model=request.model.id, body=request.body, shape=request.shape, count=1,
        payer="host", base_url="https://service.test", credits=5.0, usd=0.05, created_at=created_at, sent_at=created_at,
        finished_at=created_at + 4.2, state=JobState.DONE, task_id=f"n41task{number}", pictures=(PICTURE,),
        prompt=request.prompt,
    )  # fmt: skip
    return replace(job, **changes)


@pytest.fixture(scope="module")
def app_with_jobs(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """An application started on a database with JOBS jobs of Ann's."""
    folder = tmp_path_factory.mktemp("app_with_jobs") / "home"

    async def fill() -> None:
        async with open_store(folder / "data") as store:
            for number in range(JOBS):
                model = "cogview-4" if number % 10 == 0 else "flux-2"
                job = await store.add(past(catalog, number, model=model))
                await store.history.star(job.visitor, [job.id], starred=number % 25 == 0)

    asyncio.run(fill())
    with run_app(folder) as app:
        yield app


@pytest.fixture
def ann(app_with_jobs: AppProcess) -> Iterator[Client]:
    with api_client(app_with_jobs, X_Playground_Visitor=ANN) as client:
        yield client


def search_ids(client: Client, **query: Any) -> list[str]:
    reply = client.predict(query, api_name="/history")
    return [job["job_id"] for job in reply["jobs"]]


def test_the_endpoint_returns_this_visitors_jobs_newest_first(ann: Client, app_with_jobs: AppProcess) -> None:
    """Fifty by default, each with the fields of ``/job`` and a few more."""
    reply = ann.predict({}, api_name="/history")
    assert (reply["total"], [job["job_id"] for job in reply["jobs"]]) == (JOBS, [f"job-{JOBS - 1 - at}" for at in range(50)])
    first = reply["jobs"][0]
    assert tuple(first)[: len(JOB)] == JOB
    assert (first["model"], first["prompt"], first["created_at"]) == ("flux-2", "kite 99", NOW + 99)
    assert {name: first[name] for name in JOB[:9]} == ann.predict("job-99", api_name="/job")
    assert first["images"] == [f"{app_with_jobs.url}/pictures/{PICTURE.name}"]


def test_each_key_of_a_query_narrows_what_is_returned(ann: Client) -> None:
    assert search_ids(ann, text="KITE 42") == ["job-42"]
    assert search_ids(ann, model="cogview-4") == [f"job-{number}" for number in range(90, -1, -10)]
    assert search_ids(ann, task_id="n41task7") == ["job-7"]
    assert search_ids(ann, starred=True) == ["job-75", "job-50", "job-25", "job-0"]
    assert search_ids(ann, state="failed") == []
    assert search_ids(ann, state="done", limit=2, before="job-50") == ["job-49", "job-48"]
    assert ann.predict({"limit": 2, "before": "job-50"}, api_name="/history")["total"] == JOBS


def test_a_query_that_is_not_understood_is_refused_by_name(ann: Client) -> None:
    for query, words in (
        ({"colour": "red"}, ["colour", "text, model, state"]),
        ({"text": 7}, ["text"]),
        ({"model": ["flux-2"]}, ["model"]),
        ({"starred": 1}, ["starred", "true or false"]),
        ({"starred": "yes"}, ["starred"]),
        ({"limit": 0}, ["limit", "1 to 200"]),
        ({"limit": 201}, ["limit", "1 to 200"]),
        ({"limit": 2.5}, ["limit"]),
        ({"limit": True}, ["limit"]),
        ({"limit": None}, ["limit"]),
        ({"state": "finished"}, ["state", "queued", "uncertain"]),
        ({"before": 3}, ["before"]),
        (["text"], ["query", "object"]),
        (None, ["query", "object"]),
    ):
        reply = refused(ann, query, api_name="/history")
        assert [word for word in words if word not in reply] == [], (query, reply)


def test_the_ids_of_another_visitor_are_refused_by_the_endpoints(ann: Client, app_with_jobs: AppProcess) -> None:
    before, refusals = ann.predict({"limit": 200}, api_name="/history"), 0
    with api_client(app_with_jobs, X_Playground_Visitor=BOB) as bob:
        assert bob.predict({"limit": 200}, api_name="/history") == {"total": 0, "jobs": []}
        for number in range(0, JOBS, 10):
            refusals += "There is no such job." in posted(
                app_with_jobs, "job", [f"job-{number}"], {"X-Playground-Visitor": BOB}
            )
        assert search_ids(bob, before="job-50") == []
    assert refusals == 10
    assert ann.predict({"limit": 200}, api_name="/history") == before
