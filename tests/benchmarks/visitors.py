"""Twenty visitors at once, through the real application and the ordinary client: what the product adds to each wait.

Added: from the moment the task was ready at the service until the caller held the result; the service's own run
time is left out, by its own ledger. The callers are threads of this process on the same machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

from gradio_client import Client

from tests.benchmarks import free_port, share, table, target
from tests.benchmarks.upstream import Upstream, upstream
from tests.ui import AppProcess, run_app

VISITORS = 20
ROUNDS = 2
MEDIAN_S, SIGMA = 5.0, 0.38  # the middle 80 % of them take the 3 to 8 s that the catalog states for the model
MODEL = "flux-2"


def report() -> Iterator[str]:
    yield (
        f"## Visitors: {VISITORS} at once call /generate, {ROUNDS} times each; run times of median {MEDIAN_S:g} s, "
        f"sigma {SIGMA:g}\n"
    )
    rows, worst = [], 0.0
    with upstream() as service:
        for name, callbacks in (("polling", False), ("callbacks", True)):
            service.prepare(count=VISITORS * ROUNDS, median=MEDIAN_S, sigma=SIGMA)
            with tempfile.TemporaryDirectory() as folder:
                added, failed, polls = _measure(service, Path(folder) / "home", callbacks)
            worst = max(worst, share(added, 0.95))
            figures = [f"{share(added, part):.2f}" for part in (0.5, 0.95, 1.0)]
            rows.append([name, *figures, f"{polls:.1f}", failed])
    yield table(["", "added s: p50", "p95", "max", "polls a job", "not done"], rows)
    yield target("added until the caller has the result, p95", worst, 1.2, " s") + "\n"


def _measure(service: Upstream, home: Path, callbacks: bool) -> tuple[list[float], int, float]:
    settings: dict[str, str | None] = {"API_IN_ONE_KEY": "sk-benchmark-0123456789", "API_IN_ONE_BASE_URL": service.address}
    if callbacks:
        port = str(free_port())
        settings |= {"GRADIO_SERVER_PORT": port, "PLAYGROUND_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with run_app(home, **settings) as app, ThreadPoolExecutor(VISITORS) as pool:
        together = Barrier(VISITORS)
        timed_answers = [one for several in pool.map(lambda n: _visit(app, n, together), range(VISITORS)) for one in several]
    ledger = service.ledger()
    done = [
        (moment - ledger.tasks[answer["task_id"]].ready) for answer, moment in timed_answers if answer["state"] == "done"
    ]
    for answer, _ in timed_answers:
        if answer["state"] != "done":
            print(answer["message"], file=sys.stderr)
    return done, len(timed_answers) - len(done), ledger.polls


def _visit(app: AppProcess, number: int, together: Barrier) -> list[tuple[dict[str, Any], float]]:
    """One visitor: the answers and when they came."""
    headers = {"X-Playground-Visitor": f"benchmark-visitor-{number:04d}"}
    client = Client(app.url, headers=headers, verbose=False, analytics_enabled=False)
    try:
        together.wait(60)
        answers = []
        for round_number in range(ROUNDS):
            answer = client.predict(MODEL, {"prompt": f"Kite {number}, {round_number}"}, api_name="/generate")
            answers.append((answer, time.time()))
        return answers
    finally:
        client.close()
