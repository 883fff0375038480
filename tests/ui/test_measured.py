"""What this page has measured at the service: blank before the first run, shown in the table and its file."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.jobs.job import Job, JobState
from components.jobs.store.measured import Measured, measure_models
from components.views.tables import cell_text, models_frame
from tests.conftest import open_store
from tests.recorder import Recorder
from tests.ui import AppProcess, api_client
from tests.ui.test_spend import VISITOR, paid

pytestmark = pytest.mark.processes

COLUMNS = ("Measured s", "Slowest 5 %", "Runs", "Failed")


def job(**changes: Any) -> Job:
    """A finished job of 10 credits that the host pays."""
    now = time.time()
    given = Job(
        id=f"job-{time.monotonic_ns()}", visitor=VISITOR, model="flux-2", body={}, shape="1:1", count=1, payer="host",
        base_url="https://service.test", credits=10.0, usd=0.1, created_at=now, sent_at=now, state=JobState.DONE,
        task_id="n42", finished_at=now,
    )  # fmt: skip
    return replace(given, **changes)


@pytest.fixture
def spending(tmp_path: Path, cleared_upstream: Recorder) -> Iterator[AppProcess]:
    """An application with a host's key and without jobs."""
    with paid(tmp_path / "home", cleared_upstream) as app:
        yield app


def cells(app: AppProcess, model: str) -> tuple[str, ...]:
    """The measured columns of a model in the CSV file."""
    rows = csv.DictReader(io.StringIO(app.get("/models.csv").content.decode("utf-8-sig")))
    row = next(row for row in rows if row["id"] == model)
    return tuple(row[name] for name in COLUMNS)


def texts(catalog: Catalog, model: str, seen: dict[str, Measured]) -> tuple[str, ...]:
    """The measured columns of a model as the table shows them."""
    frame = models_frame(catalog, seen)
    row = next(row for row in frame.to_dict("records") if row["id"] == model)
    return tuple(cell_text(name, row) for name in COLUMNS)


def test_without_a_run_the_measured_columns_are_blank_and_sort_last(catalog: Catalog) -> None:
    """Nothing is no number; a model that only failed has runs and failures, and no seconds."""
    assert texts(catalog, "flux-2", {}) == ("", "", "", "")
    assert texts(catalog, "flux-2", {"recraft-v4": Measured(3, 1.0, 2.0, 0.0)}) == ("", "", "", "")
    assert texts(catalog, "flux-2", {"flux-2": Measured(0, None, None, 1.0)}) == ("", "", "0", "100%")
    assert texts(catalog, "flux-2", {"flux-2": Measured(12, 4.25, 10.0, 0.25)}) == ("4.2", "10.0", "12", "25%")
    frame = models_frame(catalog, {"flux-2": Measured(12, 4.25, 10.0, 0.25)})
    assert next(iter(frame.sort_values("Measured s")["id"])) == "flux-2"
    assert frame[frame["id"] != "flux-2"]["Measured s"].isna().all()


def test_a_sandbox_drawing_is_no_run(app: AppProcess) -> None:
    """It says nothing of a model."""
    with api_client(app) as client:
        assert client.predict("cogview-4", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
    assert cells(app, "cogview-4") == ("", "", "", "")


def test_real_runs_are_counted_in_the_file(spending: AppProcess) -> None:
    """Done and failed tasks; a request that never became a task is neither."""
    assert cells(spending, "flux-2") == ("", "", "", "")
    with api_client(spending) as client:
        for marker in ("", "", "", " #sandbox:failed", " #sandbox:key"):
            client.predict("flux-2", {"prompt": f"a fox{marker}"}, api_name="/generate")
    half, most, runs, failed = cells(spending, "flux-2")
    assert 0 < float(half) <= float(most)
    assert (float(runs), float(failed)) == (3, 0.25)
    assert cells(spending, "recraft-v4") == ("", "", "", "")


async def test_the_numbers_are_those_of_the_jobs(tmp_path: Path) -> None:
    """Seconds from sending to the kept picture; of what is going, uncertain, stopped or a sandbox's, nothing."""
    now = time.time()
    async with open_store(tmp_path) as store:
        for seconds in (2.0, 4.0, 6.0):
            await store.add(job(sent_at=now - seconds, finished_at=now))
        others = (JobState.STOPPED, JobState.UNCERTAIN, JobState.RUNNING)
        for one in (job(state=state) for state in others):
            await store.add(one)
        await store.add(job(payer="sandbox", sent_at=now - 100, finished_at=now))
        await store.add(replace(job(), state=JobState.FAILED))
        row = (await measure_models(store.transactions, str))["flux-2"]
    assert (row.runs, row.failed) == (3, 0.25)
    assert row.p50 == pytest.approx(4.0, abs=0.01)
    assert row.p95 == pytest.approx(5.8, abs=0.01)
