"""A browser that opens the page with an empty cache, beside a bare Gradio page: paint, movement, requests and bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks import ROOT, free_port, started, table, target
from tests.benchmarks.startup import BARE, until_ready
from tests.browser import chromium
from tests.browser.layout_shifts import OBSERVE_SHIFTS, layout_shift

RUNS = 5
SIZES = {"1280": (1280, 900), "390": (390, 844)}
Figures = dict[str, float]


def report() -> Iterator[str]:
    yield f"## Opening the page with an empty cache: median of {RUNS} runs, in turn with a bare Gradio page\n"
    if not (path := chromium.find()):
        yield f"{chromium.MISSING}\n"
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "bare.py").write_text(BARE, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=chromium.arguments())
        rows, shares, fetched = [], [], []
        with _serve(Path(folder) / "bare.py", folder) as bare, _serve(ROOT / "app.py", folder) as product:
            for name, size in SIZES.items():
                runs = [(_open(browser, bare, size), _open(browser, product, size)) for _ in range(RUNS)]
                for label, position in (("bare Gradio page", 0), ("product", 1)):
                    medians = {key: median(run[position][key] for run in runs) for key in runs[0][position]}
                    rows.append([f"{label}, {name} px", *(f"{value:.3g}" for value in medians.values())])
                fetched += [run[1] for run in runs]
                shares.append(median(run[1]["paint"] / run[0]["paint"] for run in runs))
        browser.close()
    yield table(["page", "largest contentful paint ms", "layout shift", "requests", "kB"], rows)
    yield target("largest contentful paint, product / bare page, at both widths", max(shares), 2.0)
    yield target("requests", max(run["requests"] for run in fetched), 70)
    yield target("kB", max(run["kB"] for run in fetched), 600)


def _open(browser: Browser, address: str, size: tuple[int, int]) -> Figures:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.add_init_script(OBSERVE_SHIFTS)
    sizes: list[float] = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address)
    page.wait_for_timeout(3000)
    figures = {
        "paint": float(page.evaluate("window.largestPaint")),
        "shift": layout_shift(page),
        "requests": float(len([one for one in sizes if one])),
        "kB": sum(sizes) / 1000,
    }
    context.close()
    return figures


@contextmanager
def _serve(program: Path, folder: str) -> Iterator[str]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    settings = {"HOME": folder, "PLAYGROUND_DATA": f"{folder}/data", "GRADIO_SERVER_PORT": str(port)}
    with started(str(program), cwd=Path(folder), quiet=True, **settings):
        until_ready(address)
        yield address
