"""From the start of the process to the first answer, beside a page that Gradio makes of one box and a button.

Both are started in turn, several times, each in a process and a folder of its own; what Python has compiled is
kept from run to run, as on a machine where the product was installed.
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

from tests.benchmarks import ROOT, free_port, started, table

RUNS = 3
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
    found: dict[str, list[tuple[float, float]]] = {"bare Gradio page": [], "product": []}
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        for number in range(RUNS + 1):
            for name, program in (("bare Gradio page", bare), ("product", ROOT / "app.py")):
                home = Path(folder) / f"{number}-{program.stem}"
                home.mkdir()
                times = _start(program, home)
                if number:  # the first one only warms the disk
                    found[name].append(times)
    yield f"## Start: seconds from the start of the process to the first answer of /healthz, {RUNS} runs\n"
    base = [median(times) for times in zip(*found["bare Gradio page"], strict=True)]
    rows = []
    for name, times in found.items():
        wall, cpu = zip(*times, strict=True)
        ratios = f"{median(wall) / base[0]:.2f} × / {median(cpu) / base[1]:.2f} ×"
        rows.append([name, f"{min(wall):.2f} / {median(wall):.2f}", f"{min(cpu):.2f} / {median(cpu):.2f}", ratios])
    yield table(["", "wall: min / median", "CPU: min / median", "to the bare page: wall / CPU"], rows)


def _start(program: Path, home: Path) -> tuple[float, float]:
    """Wall and processor seconds until the program answers; nan where it does not."""
    port = free_port()
    settings = {"HOME": str(home), "PLAYGROUND_DATA": str(home / "data"), "GRADIO_SERVER_PORT": str(port)}
    (home / "catalog.yaml").symlink_to(ROOT / "catalog.yaml")
    begun = time.monotonic()
    with started(str(program), cwd=home, quiet=True, **settings) as process:
        ask = build_opener(ProxyHandler({})).open
        while time.monotonic() - begun < LONGEST_S and process.poll() is None:
            with suppress(OSError):
                with ask(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return time.monotonic() - begun, _cpu(process.pid)
            time.sleep(0.02)
    return float("nan"), float("nan")


def _cpu(pid: int) -> float:
    """Processor seconds of a process that still runs, user and system (Linux; nan elsewhere)."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return float("nan")
