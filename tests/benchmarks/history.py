"""Looking through a long history: what a change of each filter takes, from its call to the last byte of its answer.

The calls are those that the page makes, to the real application over loopback, one after the other as one visitor
makes them. The first row is the page's smallest event: what any call takes on this machine at this moment.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.catalog.loading import load_catalog
from components.catalog.prices import price
from components.catalog.requests import build_request
from components.jobs.job import Job, JobState
from components.jobs.store.engine import open_database
from components.jobs.store.jobs import Store
from components.pictures.kept import KeptPicture
from components.playground import visitor_id
from components.ui.history.tab import filter_list
from tests.benchmarks import ROOT, share, table, target
from tests.ui.opened import OpenPage, playing

JOBS = 5_000
TIMES = 40
SECRET = "benchmark-visitor-0001"
NOW = 1_790_000_000.0
WORDS = ("fox", "harbour", "neon", "poster", "glass", "dune", "violet", "クジラ", "سفينة", "straße")
ENDS = (JobState.DONE, JobState.DONE, JobState.DONE, JobState.FAILED, JobState.UNCERTAIN, JobState.STOPPED)
# What the filters hold.
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
)


def report() -> Iterator[str]:
    yield f"## History: a filter over {JOBS:,} jobs of one visitor, {TIMES} times each, milliseconds\n"
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_fill(Path(folder)))
        rows = asyncio.run(_measure(Path(folder)))
    yield table(["filter", "p50", "p95", "max", "the page says"], rows)
    yield target("any filter, p95", max(float(row[2]) for row in rows), 300, " ms") + "\n"


async def _measure(data: Path) -> list[list[Any]]:
    """A row for each of CHANGES."""
    rows = []
    async with playing(load_catalog(ROOT / "catalog.yaml"), data, "http://127.0.0.1:1") as playground:
        page = OpenPage(playground, SECRET)
        await page.arrive("tab=history")
        tab = page.parts.history
        unfiltered = dict(page.values)
        for name, change in CHANGES:
            page.values = {**unfiltered, **{getattr(tab.filters, control): value for control, value in change.items()}}
            taken = []
            for _ in range(TIMES):
                begun = time.monotonic()
                await page.call(filter_list, tab)
                taken.append((time.monotonic() - begun) * 1000)
            count = re.sub("<.*?>", "", str(page.values[tab.count])).strip()
            rows.append([name, *(f"{share(taken, part):.0f}" for part in (0.5, 0.95, 1.0)), count])
    return rows


async def _fill(data: Path) -> None:
    """The records of a busy year, each with what a job of today holds."""
    catalog = load_catalog(ROOT / "catalog.yaml")
    models = [model for model in catalog.models if model.runnable]
    database = open_database(f"sqlite:///{data / 'playground.db'}")
    store = Store(database)

    def past(number: int) -> Job:
        model = models[number % len(models)]
        words = " ".join(WORDS[(number * step + step) % len(WORDS)] for step in range(1, 20 if number % 7 else 150))
        asked = build_request(catalog, model.id, {"prompt": f"{words} number {number}"[:990]})
        cost, state = price(catalog, asked), ENDS[number % len(ENDS)]
        kept = KeptPicture(f"{number:064x}.png", 1024, 1024, "png", 1_700_000, "")
        asked_at = NOW - number * 600.0
        return Job(
            id=secrets.token_urlsafe(16), visitor=visitor_id(SECRET), model=model.id, body=asked.body, shape=asked.shape,
            count=1, payer="host", base_url="https://example.test", credits=cost.credits, usd=cost.usd,
            created_at=asked_at, sent_at=asked_at, finished_at=asked_at + 6.0, state=state, task_id=f"n48task{number}",
            pictures=(kept,) if state is JobState.DONE else (),
            prompt=asked.prompt,
        )  # fmt: skip

    async def add(number: int) -> None:
        note = f"for #client-{number % 9}" if number % 4 == 0 else ""
        await store.history.edit((await store.add(past(number))).id, note=note)

    await asyncio.gather(*(add(number) for number in range(JOBS)))
    await store.aclose()
    database.close()
