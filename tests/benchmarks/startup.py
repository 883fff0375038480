"""From the start of the process to the first answer: the product with 11, 300 and 1,001 models, and a bare Gradio page.

They are started in turn, several times, each in a process and a folder of its own; compiled Python files are kept
from run to run, as on a machine where the product was installed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from urllib.request import ProxyHandler, build_opener

from tests.benchmarks import ROOT, free_port, started, table, target
from tests.catalog.large import large_catalog

RUNS = 3
LARGE = (300, 1001)  # models in a catalog
LONGEST_S = 60.0
BARE = """
import os
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr, uvicorn
from fastapi import FastAPI
app = FastAPI(openapi_url=None)
@app.get("/healthz")
async def healthz():
    return {"status": "ok"}
with gr.Blocks() as page:
    box, button = gr.Textbox(), gr.Button("Say it")
    button.click(lambda text: text, box, box)
gr.mount_gradio_app(app, page, path="/", ssr_mode=False)
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["GRADIO_SERVER_PORT"]), log_level="warning")
"""
TICKS = os.sysconf("SC_CLK_TCK")


def report() -> Iterator[str]:
    shipped = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    catalogs = {"bare Gradio page": "", "product, 11 models": shipped}
    catalogs |= {f"product, {count:,} models": large_catalog(count) for count in LARGE}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in catalogs}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS + 1):
            for name, catalog in catalogs.items():
                home = Path(folder) / f"{number} {name}"
                home.mkdir()
                (home / "catalog.yaml").write_text(catalog, encoding="utf-8")
                (home / "bare.py").write_text(BARE, encoding="utf-8")
                taken = _start(ROOT / "app.py" if catalog else home / "bare.py", home)
                if number:  # the first one only warms the disk
                    times[name].append(taken)
    yield f"## Start: seconds from the start of the process to the first answer of /healthz, {RUNS} runs\n"
    wall, cpu = ({name: [run[at] for run in runs] for name, runs in times.items()} for at in (0, 1))
    base = "bare Gradio page"
    rows = [
        [
            name,
            f"{min(wall[name]):.2f} / {median(wall[name]):.2f}",
            f"{min(cpu[name]):.2f} / {median(cpu[name]):.2f}",
            f"{median(wall[name]) / median(wall[base]):.2f} × / {median(cpu[name]) / median(cpu[base]):.2f} ×",
        ]
        for name in catalogs
    ]
    yield table(["", "wall: min / median", "CPU: min / median", "to the bare page: wall / CPU"], rows)
    added = min(cpu[f"product, {LARGE[-1]:,} models"]) - min(cpu["product, 11 models"])
    yield target(f"CPU that {LARGE[-1]:,} models add to the start", added, 1.0, " s")


def _start(program: Path, home: Path) -> tuple[float, float]:
    """Wall and processor seconds until the program answers; nan where it does not."""
    port = free_port()
    settings = {"HOME": str(home), "PLAYGROUND_DATA": str(home / "data"), "GRADIO_SERVER_PORT": str(port)}
    begun = time.monotonic()
    with started(str(program), cwd=home, quiet=True, **settings) as process:
        if until_ready(f"http://127.0.0.1:{port}"):
            return time.monotonic() - begun, _cpu(process.pid)
    return float("nan"), float("nan")


def until_ready(address: str) -> bool:
    """Wait until a server answers; False when it does not within LONGEST_S."""
    ask, deadline = build_opener(ProxyHandler({})).open, time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        with suppress(OSError):
            with ask(f"{address}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return True
        time.sleep(0.02)
    return False


def _cpu(pid: int) -> float:
    """Processor seconds of a process that still runs, user and system (Linux; nan elsewhere)."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return float("nan")
