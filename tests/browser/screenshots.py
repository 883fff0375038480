"""``make screenshots``: write pictures of every tab to ``docs/``, at two widths, light and dark.

Runs the app on the sandbox, as a visitor without a key sees it. Names are ``<tab>-<width>-<theme>.png``.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.conftest import TRANSITIONS_ENDED, generate, playground
from tests.conftest import ROOT

DOCS = ROOT / "docs"
WIDTHS = {1280: 900, 390: 844}  # pixels: width -> height
THEMES = ("light", "dark")
# A picture that loads lazily and is out of sight would never be decoded.
VISIBLE_PICTURES = """() => {
  const visible = (box) => box.width > 0 && box.top < innerHeight;
  const pictures = [...document.images].filter((image) => visible(image.getBoundingClientRect()));
  return Promise.allSettled(pictures.map((image) => image.decode()));
}"""
READY = {"models": "#models-table table", "history": "#history-list img:visible", "integrate": "#integrate h2"}
PROMPT = "A red-brick lighthouse on a cliff at dusk, long exposure"


def main() -> int:
    """Write the pictures. Returns the exit status: 1 without a Chromium."""
    path = chromium.find()
    if path is None:
        print(chromium.MISSING)
        return 1
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, playground(Path(folder)) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.arguments())
        for width, theme in product(WIDTHS, THEMES):
            take(browser, app.address, width, theme)
        browser.close()
    return 0


def take(browser: Browser, address: str, width: int, theme: str) -> None:
    """Take the picture of each tab, after one finished job and one finished comparison of a new visitor."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, color_scheme=theme, reduced_motion="reduce"  # type: ignore[arg-type]
    )  # fmt: skip
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#first-paint")).not_to_be_visible()
    expect(page.locator("#generate-button")).to_contain_text("credit")
    page.locator("#prompt textarea").fill(PROMPT)
    generate(page)
    save(page, "generate", width, theme)
    page.goto(f"{address}/?tab=compare&prompt={PROMPT}")
    expect(page.locator("#compare-button")).to_contain_text("credit")
    page.locator("#compare-button").click()
    expect(page.locator("#cards .state-label").first).to_be_visible()
    expect(page.locator("#cards .state-label").filter(has_not_text="Done")).to_have_count(0)
    save(page, "compare", width, theme)
    page.goto(f"{address}/?tab=evaluate")
    page.get_by_role("button", name="Use the 24 example prompts").click()
    expect(page.get_by_role("button", name="Start ·")).to_be_enabled()
    save(page, "evaluate", width, theme)
    for tab in READY:
        page.goto(f"{address}/?tab={tab}")
        expect(page.locator(READY[tab]).first).to_be_visible()
        save(page, tab, width, theme)
    context.close()


def save(page: Page, tab: str, width: int, theme: str) -> None:
    """Write the picture of what the page shows once nothing moves."""
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(VISIBLE_PICTURES)
    page.evaluate(TRANSITIONS_ENDED)
    page.screenshot(path=DOCS / f"{tab}-{width}-{theme}.png")


if __name__ == "__main__":
    sys.exit(main())
