"""What an operator reads: one JSON line for a change of state, /healthz, /metrics; a prompt, a key and a visitor in none."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from components.api.limiter import RequestLimiter
from components.catalog.models import Catalog
from components.jobs.active import ActiveJobs
from components.jobs.job import Job, JobState, Timings
from components.jobs.metrics import EVENT_LOG, Metrics
from components.jobs.service import JobService
from components.web.operations import operator_routes
from tests.jobs.callbacks import serve_in_loop
from tests.jobs.conftest import make_job
from tests.jobs.processes import PLAIN, account, process, submit
from tests.jobs.scripted_upstream import KEY, TASK, finished, response, running, scripted_upstream, settled
from tests.postgres import Postgres

FIELDS = {"time", "job", "task", "model", "payer", "state", "seconds", "polls", "credits"}
PROMPT, VISITOR = "A kite of canary yellow", "visitor-canary-51"
LINE_BREAKS = "\n\r\v\f\x1b\x1c\x1d\x1e\x85\u2028\u2029\u202e\u2066\0"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every line of the event log."""
    written: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(EVENT_LOG)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


async def run(
    catalog: Catalog, url: str, folder: Path, poll: list[Any] | None = None, **options: Any
) -> tuple[Job, JobService]:
    async with scripted_upstream(poll=poll or [running(), finished()]) as upstream:
        async with process(catalog, url, folder, **options) as job_service:
            own = account(catalog, upstream.address, "visitor")
            return await settled(job_service, await submit(job_service, catalog, own, PROMPT, visitor=VISITOR)), job_service


async def test_each_state_is_one_line(catalog: Catalog, url: str, tmp_path: Path, lines: list[str]) -> None:
    """In order, with the fields that an operator filters by, and nothing that is anybody's own."""
    job, _ = await run(catalog, url, tmp_path)
    read = [json.loads(line) for line in lines]

    assert [line["state"] for line in read] == ["queued", "submitting", "running", "saving", "done"]
    assert all(set(line) == FIELDS and line["job"] == job.id and line["model"] == PLAIN for line in read)
    assert [line["task"] for line in read] == [None, None, TASK, TASK, TASK]
    assert (read[-1]["polls"], read[-1]["credits"], read[-1]["payer"]) == (2, job.credits, "visitor")
    assert [secret for secret in (PROMPT, KEY, VISITOR) if secret in "".join(lines)] == []


@pytest.mark.parametrize("log_prompts", [False, True])
async def test_prompts_are_logged_only_when_asked_for(
    catalog: Catalog, url: str, tmp_path: Path, lines: list[str], log_prompts: bool
) -> None:
    """Then as the request's body; the key never."""
    poll = [response({"task_id": TASK, "status": "failed", "error_message": f"No {PROMPT} with {KEY}"})]
    job, _ = await run(catalog, url, tmp_path, poll, log_prompts=log_prompts)
    last = json.loads(lines[-1])

    assert (last["state"], last["problem"]) == ("failed", job.problem.code)
    assert [PROMPT in line for line in lines] == [log_prompts] * len(lines)
    assert last.get("body") == (dict(job.body) if log_prompts else None)
    assert KEY not in "".join(lines)


class OneRow:
    """A store of one job, which a change always finds."""

    def __init__(self, job: Job) -> None:
        self.job = job

    async def add(self, _: Job) -> Job:
        return self.job


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.one_of(st.sampled_from(LINE_BREAKS + '"\\{}'), st.characters()), min_size=1))
async def test_no_text_can_forge_a_line(text: str) -> None:
    """Any text in a prompt, a task id or a model gives one line of printable ASCII that decodes to the same text."""
    written: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(EVENT_LOG)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)  # a level that is merely assigned leaves what the logger remembers of the last one
    try:
        job = make_job(task_id=text, model=text, payer=text, body={"prompt": text}, state=JobState.RUNNING)
        await ActiveJobs(OneRow(job), Metrics(), RequestLimiter(), Timings(), log_prompts=True).add(job)  # type: ignore[arg-type]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    (line,) = written

    assert line.isascii()
    assert line.isprintable()
    read = json.loads(line)
    assert (read["task"], read["model"], read["body"]) == (text, text, {"prompt": text})


@asynccontextmanager
async def monitored_service(
    catalog: Catalog, url: str, folder: Path
) -> AsyncIterator[tuple[JobService, httpx2.AsyncClient]]:
    app = FastAPI()
    async with serve_in_loop(app) as address, process(catalog, url, folder) as job_service:
        app.include_router(operator_routes(job_service))
        async with httpx2.AsyncClient(base_url=address, trust_env=False, verify=False, timeout=60) as client:
            yield job_service, client


async def test_health_is_200_while_the_database_answers(catalog: Catalog, url: str, tmp_path: Path) -> None:
    async with monitored_service(catalog, url, tmp_path) as (_, client):
        answer = await client.get("/healthz")

    seen = {"pictures_bytes": 0, "pictures_limit_bytes": None, "pictures_trimmed": 0, "charge_differences": {}}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **seen})


async def test_health_is_503_while_the_database_is_away(catalog: Catalog, postgres: Postgres, tmp_path: Path) -> None:
    """And 200 again when it is back, in words that name neither its address nor its password."""
    with postgres.fresh() as url:
        name = url.rpartition("/")[2]
        async with monitored_service(catalog, url, tmp_path) as (_, client):
            postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            away = await client.get("/healthz")
            postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            back = await client.get("/healthz")

    assert (away.status_code, away.json()["status"], back.status_code) == (503, "failing", 200)
    assert [secret for secret in (postgres.password, name, "127.0.0.1") if secret in away.text] == []


async def test_metrics_contain_no_visitor_or_prompt(catalog: Catalog, url: str, tmp_path: Path) -> None:
    """What Prometheus reads is valid and adds up; labels are models, payers and states."""
    async with scripted_upstream(poll=[running(), finished()]) as upstream:
        async with monitored_service(catalog, url, tmp_path) as (job_service, client):
            own = account(catalog, upstream.address, "visitor")
            job = await settled(job_service, await submit(job_service, catalog, own, PROMPT, visitor=VISITOR))
            answer = await client.get("/metrics")
    families = list(text_string_to_metric_families(answer.text))
    samples = [one for family in families for one in family.samples if one.name.startswith("playground_")]
    values = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}
    who = (("model", PLAIN), ("payer", "visitor"))

    assert answer.headers["content-type"].startswith("text/plain")
    assert values["playground_requests_total", who] == 1
    assert values["playground_polls_total", who[:1]] == 2
    assert values["playground_credits_total", who] == job.credits
    assert values["playground_job_seconds_count", who] == 1
    states = [dict(key[1])["state"] for key in values if key[0] == "playground_jobs_total"]
    assert sorted(states) == ["done", "queued", "running", "saving", "submitting"]
    assert {name for one in samples for name in one.labels} <= {"model", "payer", "state", "le"}
    assert [secret for secret in (PROMPT, VISITOR, KEY, job.id, TASK) if secret in answer.text] == []
