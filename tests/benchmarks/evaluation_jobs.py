"""One evaluation of 10,000 jobs while a browser shows it, and 2,000 jobs that three workers share while one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from gradio_client import Client
from playwright.sync_api import sync_playwright

from components.catalog.loading import load_catalog
from components.playground.visits import COOKIE, VISITOR_HEADER
from tests.benchmarks import ROOT, end, environment, table, target
from tests.benchmarks.upstream import Upstream, upstream
from tests.browser import chromium
from tests.browser.conftest import Playground, playground
from tests.postgres import PostgresUnavailable, running_postgres

PROMPTS, REPEATS, JOBS = 100, 5, 10_000
SHARED_JOBS, WORKERS = 2_000, 3
VISITOR = "v" * 32  # the secret of one visitor, as a header and as a cookie
SETTINGS = {"API_IN_ONE_KEY": "sk-of-a-benchmark"}
PATIENCE_S = 2_400
SIDE = 192  # of a picture, in pixels
AT_ONCE = 1e-9  # the median time of a task whose answer holds the picture already
SHARED_S = 0.3  # and of one that has to be asked for, so that some are running when a worker is killed
KILLED_AT = 400  # jobs that are done then
NEEDS_IMAGES = ("upscale", "edit")  # parts of the names of variants that no prompt alone can use
STARTED_S, WATCHED_S = 5, 45  # the first is for the start of the page itself, which another benchmark measures
# By a screen, and from the end to the top again.
SCROLL = """() => {
  const box = document.querySelector(".matrix");
  const end = box.scrollTop + box.clientHeight + 5 > box.scrollHeight;
  box.scrollTop = end ? 0 : box.scrollTop + box.clientHeight;
}"""
# Each task of the page's thread: microseconds by the clock, and of the processor.
TASKS = "disabled-by-default-devtools.timeline,toplevel"


def report() -> Iterator[str]:
    yield f"## One evaluation of {JOBS:,} jobs: {PROMPTS} prompts × 20 columns × {REPEATS}, one process on SQLite\n"
    with upstream() as service, tempfile.TemporaryDirectory() as folder:
        service.prepare(count=JOBS, median=AT_ONCE, side=SIDE)
        with playground(Path(folder), API_IN_ONE_BASE_URL=service.address, **SETTINGS) as app:
            yield from _large(app, service)
    yield f"## {SHARED_JOBS:,} jobs, {WORKERS} workers on one PostgreSQL, one killed after {KILLED_AT} jobs\n"
    try:
        with (
            running_postgres() as server,
            server.fresh() as url,
            upstream() as service,
            tempfile.TemporaryDirectory() as folder,
        ):
            service.prepare(count=SHARED_JOBS, median=SHARED_S, side=SIDE)
            yield _shared(url, service, Path(folder))
    except PostgresUnavailable as error:
        yield f"Not measured: {error}\n"


# -- 10,000 jobs and a browser -----------------------------------------------------------------------


def _large(app: Playground, service: Upstream) -> Iterator[str]:
    begun = time.monotonic()
    evaluation = _start(app, PROMPTS, _columns(), REPEATS)
    started = time.monotonic() - begun
    watched = {"while it runs": _watched(app, evaluation)}
    slowest, cells = 0.0, ""
    while (not cells or "a" in cells or "w" in cells) and time.monotonic() - begun < PATIENCE_S:
        began = time.monotonic()
        cells = _until(app, evaluation, lambda state, _: True)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(2)
    seconds = time.monotonic() - begun
    watched["when it is done"] = _watched(app, evaluation)
    done, posts = cells.count("d"), len(service.ledger().tasks)
    figures = [
        ("jobs done, requests at the service", f"{done:,}, {posts:,}"),
        ("from the call until it was stored", f"{started:.1f} s"),
        ("jobs a second", f"{done / seconds:.0f}"),
        ("peak memory of the process", f"{_peak_mb(app):.0f} MB"),
        ("slowest answer about the progress", f"{1000 * slowest:.0f} ms"),
    ]
    yield table(("", "measured"), figures)
    yield target("requests that are not one of each job", abs(posts - JOBS) + JOBS - done, 0)
    for when, page in watched.items():
        if page:
            yield (
                f"\nThe page {when}, scrolled through for {WATCHED_S} s: {page.rows} rows, {page.pictures:,} pictures, "
                f"{page.heap_mb:.0f} MB of heap.\n"
            )
            yield target("longest task of its thread", page.longest_ms, 200, " ms")
            yield target("the same in time of the processor", page.processor_ms, 200, " ms")
    yield ""


@dataclass(frozen=True)
class Watched:
    """A page that shows an evaluation: what it holds, and the longest task of its thread by the clock and of the processor."""

    rows: int
    pictures: int
    heap_mb: float
    longest_ms: float
    processor_ms: float


def _watched(app: Playground, evaluation: str) -> Watched | None:
    """Scroll through the pictures in a browser of its own; None without a browser."""
    if not (path := chromium.find()):
        return None
    arguments = [*chromium.arguments(), "--enable-precise-memory-info"]
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=arguments)) as browser,
    ):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": COOKIE, "value": VISITOR, "url": app.address}])
        page = context.new_page()
        page.goto(f"{app.address}/?tab=evaluate&evaluation={evaluation}", timeout=120_000)
        page.locator(".matrix-row [data-letter]").first.wait_for(timeout=120_000)
        page.wait_for_timeout(1000 * STARTED_S)
        browser.start_tracing(page=page, categories=TASKS.split(","))
        until = time.monotonic() + WATCHED_S
        while time.monotonic() < until:
            page.evaluate(SCROLL)
            page.wait_for_timeout(400)
        longest = _longest(json.loads(browser.stop_tracing()))
        rows, pictures = (page.locator(what).count() for what in (".matrix-rows .matrix-row", ".matrix img"))
        return Watched(rows, pictures, page.evaluate("performance.memory.usedJSHeapSize") / 1e6, *longest)


def _longest(trace: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds of the longest task of a page's main thread, by the clock and of the processor."""
    events = trace["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event
        for event in events
        if event.get("ph") == "X" and event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in threads
    ]
    return tuple(max((event.get(part, 0) for event in tasks), default=0) / 1000 for part in ("dur", "tdur"))  # type: ignore[return-value]


def _columns() -> list[dict[str, Any]]:
    """20 columns that need only a prompt."""
    variants = [
        {"model": model.id, "parameters": {"model": variant} if variant else {}}
        for model in load_catalog(ROOT / "catalog.yaml").models
        for variant in model.variants or ("",)
        if not any(part in variant for part in NEEDS_IMAGES)
    ]
    settings = ({"quality": "high"}, {"aspect_ratio": "2:3"})
    others = [{"model": "gpt-image-1.5-official", "parameters": one} for one in settings]
    return [*variants, *others][:20]


def _start(app: Playground, prompts: int, columns: list[dict[str, Any]], repeats: int) -> str:
    texts = [f"A kite over hill {number}" for number in range(prompts)]
    with closing(Client(app.address, headers={VISITOR_HEADER: VISITOR}, verbose=False)) as client:
        answer = client.predict(texts, columns, 1e9, {}, repeats, "", api_name="/evaluate")
    return str(answer["evaluation_id"])


def _peak_mb(app: Playground) -> float:
    """The most memory that the process ever had, by the system's own count."""
    status = Path(f"/proc/{app.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


# -- workers on one database -------------------------------------------------------------------------


def _shared(url: str, service: Upstream, folder: Path) -> str:
    settings = {"PLAYGROUND_DATABASE_URL": url, "API_IN_ONE_BASE_URL": service.address, **SETTINGS}
    with playground(folder, **settings) as app:
        begun = time.monotonic()
        evaluation = _start(app, SHARED_JOBS // 20, _columns(), 1)
        command = [sys.executable, "-m", "components.jobs", "work"]
        given = environment(**settings, PLAYGROUND_DATA=str(app.data))
        quiet = subprocess.DEVNULL
        workers = [
            subprocess.Popen(command, cwd=ROOT, env=given, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
            for _ in range(WORKERS)
        ]
        try:
            cells = _until(app, evaluation, lambda state, cells: state != "running" or cells.count("d") >= KILLED_AT)
            os.kill(workers[0].pid, signal.SIGKILL)
            cells = _until(app, evaluation, lambda state, _: state != "running")
            seconds = time.monotonic() - begun
        finally:
            for worker in workers:
                end(worker)
    states, posts = Counter(cells), len(service.ledger().tasks)
    unsure = states["u"]
    figures = [
        ("requests at the service", f"{posts:,}"),
        ("done", f"{states['d']:,}"),
        ("unsure: the killed one could not record the answer, and nothing is sent twice", unsure),
        ("in any other state", len(cells) - states["d"] - unsure),
        ("jobs a second", f"{len(cells) / seconds:.0f}"),
    ]
    lines = [
        target("jobs that are neither done nor named as unsure", len(cells) - states["d"] - unsure, 0),
        target("requests beyond one of each job", max(0, posts - SHARED_JOBS), 0),
        target("requests without a job that shows them", max(0, posts - states["d"] - unsure), 0),
    ]
    return table(("", "measured"), figures) + "\n" + "\n".join(lines) + "\n"


def _until(app: Playground, evaluation: str, reached: Any) -> str:
    """Wait for a state of the evaluation; returns the letters of its cells."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = httpx2.get(f"{app.address}/evaluations/{evaluation}/progress", timeout=60, trust_env=False).json()
        if reached(answer["state"], answer["cells"]) or time.monotonic() > deadline:
            return str(answer["cells"])
        time.sleep(1)
