"""Looking through a long history: what a change of the list takes, from its call to the last byte of its answer.

The calls are those that the page makes, to the real application over loopback, one after the other as one visitor
makes them. The first row is an event that reads nothing: what any call takes on this machine at this moment.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from components.catalog.loading import load_catalog
from components.catalog.prices import price
from components.catalog.requests import build_request
from components.comparisons.comparison import Card, Comparison
from components.comparisons.store import ComparisonStore
from components.jobs.job import Job, JobState
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.pictures.stored import StoredPicture
from components.playground import visitor_id
from components.playground.visits import COOKIE
from tests.benchmarks import ROOT, share, table, target
from tests.ui import AppProcess, run_app

JOBS = 5_000
TIMES = 40
SECRET = "benchmark-visitor-0001"
NOW = 1_790_000_000.0
WORDS = ("fox", "harbour", "neon", "poster", "glass", "dune", "violet", "クジラ", "سفينة", "straße")
ENDS = (JobState.DONE, JobState.DONE, JobState.DONE, JobState.FAILED, JobState.UNCERTAIN, JobState.STOPPED)
# What the controls hold, by the ends of their ids; "page" and "sort" are clicks.
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("none", {}),
    ("a word", {"text": "violet"}),
    ("three words", {"text": "fox straße neon"}),
    ("a tag", {"text": "#client-3"}),
    ("a word that is nowhere", {"text": "zebra"}),
    ("a task id", {"text": "n48task4321"}),
    ("a model", {"model": "flux-2"}),
    ("a state", {"state": "failed"}),
    ("starred", {"starred": True}),
    ("dates", {"since": "2026-09-10", "until": "2026-09-12"}),
    ("as a table", {"view": "table", "text": "glass"}),
    ("all at once", {"text": "fox", "model": "flux-2", "state": "done", "starred": True}),
    ("the last page", {"page": "99"}),
    ("sorted by price", {"sort": "price"}),
)
FIELDS = ("text", "model", "state", "since", "until", "starred", "view")


def report() -> Iterator[str]:
    yield f"## History: a filter over {JOBS:,} jobs of one visitor, {TIMES} times each, milliseconds\n"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "data").mkdir(parents=True)
        asyncio.run(_fill(home / "data"))
        with run_app(home) as app:
            rows = list(_measure(app))
        rows.append(asyncio.run(_delete(home / "data")))
    yield table(["change", "p50", "p95", "max", "of it CPU", "the page says"], rows)
    yield target("any filter, p95", max(float(row[2]) for row in rows), 300, " ms") + "\n"


class _Page:
    """The page as a browser knows it: its components and events by id, and the values that its controls hold."""

    def __init__(self, app: AppProcess) -> None:
        self._http = httpx2.Client(base_url=app.url, headers={"Cookie": f"{COOKIE}={SECRET}"}, trust_env=False, timeout=60)
        config = self._http.get("/config").json()
        named = {item["props"].get("elem_id"): item["id"] for item in config["components"]}
        self._controls = {named[f"history-{name}"]: name for name in FIELDS}
        self._events = config["dependencies"]
        self.filtering = self._event(named["history-text"], "change")
        self.turning = self._event(named["history-pages"], "select")
        self.sorting = self._event(named["history-entries"], "input")
        self.nothing = self._event(named["history-close"], "click")
        self._count = self.filtering["outputs"].index(named["history-count"])
        self.values: dict[str, Any] = {}

    def call(self, event: dict[str, Any], sent: dict[str, Any] | None = None) -> str:
        """The number of jobs that the answer says there are."""
        data = [self.values.get(self._controls.get(part, ""), None) for part in event["inputs"]]
        body = {"data": data, "fn_index": event["id"], "session_hash": secrets.token_hex(8), "event_data": sent}
        answer = self._http.post("/gradio_api/run/predict", json=body)
        assert answer.status_code == 200, answer.text
        shown = answer.json()["data"]
        return re.sub("<.*?>", "", str(shown[self._count])).strip() if event is not self.nothing else ""

    def _event(self, component: int, name: str) -> dict[str, Any]:
        return next(event for event in self._events if [component, name] in [list(one) for one in event["targets"]])


def _measure(app: AppProcess) -> Iterator[list[Any]]:
    """A row for an event that reads nothing, and one for each of CHANGES."""
    page = _Page(app)
    cases = [("an event that reads nothing", page.nothing, {}, None)]
    for name, change in CHANGES:
        kind = next((one for one in ("page", "sort") if one in change), "")
        event = {"page": page.turning, "sort": page.sorting, "": page.filtering}[kind]
        cases.append((name, event, {} if kind else change, change if kind else None))
    for name, event, values, sent in cases:
        page.values, taken, count, used = {"view": "gallery", **values}, [], "", _cpu_ms(app)
        for _ in range(TIMES):
            begun = time.monotonic()
            count = page.call(event, sent)
            taken.append((time.monotonic() - begun) * 1000)
        yield _row(name, taken, count, f"{(_cpu_ms(app) - used) / TIMES:.0f}")


def _cpu_ms(app: AppProcess) -> float:
    """The processor time of the application so far (Linux). Unlike the rest it does not depend on what else runs."""
    fields = Path(f"/proc/{app.process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _delete(data: Path) -> list[Any]:
    """A row for the removal of a job, which has to find out whether its comparison and its pictures are shown elsewhere."""
    database = open_database(f"sqlite:///{data / 'playground.db'}")
    store, taken = Store(database), []
    wanted = (await store.recent(visitor_id(SECRET), TIMES))[:TIMES]
    for job in wanted:
        begun = time.monotonic()
        await store.remove(job.id)
        taken.append((time.monotonic() - begun) * 1000)
    await store.aclose()
    database.close()
    return _row("removal of a job", taken, "")


def _row(name: str, taken: list[float], count: str, cpu: str = "") -> list[Any]:
    return [name, *(f"{share(taken, part):.0f}" for part in (0.5, 0.95, 1.0)), cpu, count]


async def _fill(data: Path) -> None:
    """The records of a busy year, each with what a job of today holds."""
    catalog = load_catalog(ROOT / "catalog.yaml")
    models = [model for model in catalog.models if model.runnable]

    database = open_database(f"sqlite:///{data / 'playground.db'}")
    store = Store(database)

    def past(number: int) -> Job:
        model = models[number % len(models)]
        words = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 20 if number % 7 else 150))
        request = build_request(catalog, model.id, {"prompt": f"{words} number {number}"[:990]})
        cost, state = price(catalog, request), ENDS[number % len(ENDS)]
        stored = StoredPicture(f"{number:064x}.png", 1024, 1024, "png", 1_700_000, "")
        created_at = NOW - number * 600.0
        return Job(
            id=secrets.token_urlsafe(16), visitor=visitor_id(SECRET), model=model.id, body=request.body, shape=request.shape,
            count=1, payer="host", base_url="https://example.test", credits=cost.credits, usd=cost.usd,
            created_at=created_at, sent_at=created_at, finished_at=created_at + 6.0, state=state, task_id=f"n48task{number}",
            pictures=(stored,) if state is JobState.DONE else (),
            prompt=request.prompt, comparison_id=compared(number),
        )  # fmt: skip

    def compared(number: int) -> str:
        """Half of the jobs were made in comparisons of six."""
        return f"comparison-{number // 12}" if number % 12 < 6 else ""

    async def add(number: int) -> None:
        note = f"for #client-{number % 9}" if number % 4 == 0 else ""
        job = await store.add(past(number))
        await store.history.star(job.visitor, [job.id], starred=number % 50 == 0)
        await store.history.note(job.visitor, job.id, note)

    await asyncio.gather(*(add(number) for number in range(JOBS)))
    comparisons = ComparisonStore(store.transactions)
    for name in {compared(number) for number in range(JOBS)} - {""}:
        await comparisons.add(Comparison(name, visitor_id(SECRET), NOW, {"prompt": "fox"}, (Card("flux-2"),) * 6))
    await store.aclose()
    database.close()
