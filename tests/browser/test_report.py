"""What a comparison leaves behind, as browsers show it: the file without a network, the page without a cookie."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.playground.visits import COOKIE
from tests.browser.conftest import OpenPage, Playground, playground
from tests.ui.finished_comparison import ANN, SECRET, run_comparison
from tests.ui.page_session import open_playground

PROMPT = (
    "<script>alert(1)</script> </style> \"'> ${alert(1)} {{7*7}} \u05e9\u05dc\u05d5\u05dd \u202eevil\u202c\n\n"
    + "a red kite, " * 300
)
MODELS = (
    "flux-2", Choice("flux-2", {"type": "flex", "resolution": "2K"}), "gpt-image-1.5-official", "imagen-4", "seedream-4-5",
    Choice("recraft-v4", {"model": "recraft-v4-text-to-vector"}),
)  # fmt: skip
SHOWN = (
    "[...document.images].map(image => image.complete && image.naturalWidth > 0 && image.getBoundingClientRect().width > 20)"
)
LONG = "\u05e9\u05dc\u05d5\u05dd " * 900 + "end"  # six characters a letter in an address, which ends long before
WIDTHS = (1280, 390)
OWN_TYPEFACE = """async () => {
  await document.fonts.ready;
  return [...document.fonts].map((face) => `${face.weight} ${face.status}`).sort();
}"""
FITS = "document.documentElement.scrollWidth <= innerWidth"


@dataclass(frozen=True)
class PublishedComparison:
    """A published comparison of Ann's: the application that has it, its id, its token, how many pictures.

    ``long`` is the token of another one, of a prompt that fits no address.
    """

    app: Playground
    comparison_id: str
    token: str
    pictures: int
    long: str

    @property
    def report(self) -> httpx2.Response:
        path = f"{self.app.address}/comparisons/{self.comparison_id}/report.html"
        return httpx2.get(path, trust_env=False, timeout=60, headers={"Cookie": f"{COOKIE}={SECRET}"})


def run_in_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """The outcome of work for a loop: the one of this thread is Playwright's."""
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return outcome[0]


@pytest.fixture(scope="module")
def published(
    browser: Browser, catalog: Catalog, sandbox: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PublishedComparison]:
    """A comparison of an earlier day, found by an application that starts on its data."""
    folder = tmp_path_factory.mktemp("published")

    async def create() -> tuple[str, str, int, str]:
        async with open_playground(catalog, folder / "data", sandbox) as playground:
            comparison = await run_comparison(playground, *MODELS, prompt=PROMPT, shape="3:2", count=2)
            comparison = await playground.comparisons.publish(comparison.id, ANN)
            jobs = await playground.comparisons.jobs(comparison)
            long = await run_comparison(playground, "flux-2", "seedream-4-5", prompt=LONG, shape="16:9")
            long = await playground.comparisons.publish(long.id, ANN)
            return comparison.id, str(comparison.token), sum(len(job.pictures) for job in jobs.values()), str(long.token)

    ids = run_in_thread(create())
    with playground(folder) as app:
        yield PublishedComparison(app, *ids)


def expect_whole(page: Page, pictures: int, look: str) -> None:
    """Every picture is there, nothing came of the prompt but text, and nothing is wider than the screen."""
    expect(page.locator("h1"), look).to_contain_text("models")
    assert page.evaluate(SHOWN) == [True] * pictures, look
    assert page.locator("script, svg:not(.icon), iframe, [onerror], [onload]").count() == 0, look
    assert page.locator("details.prompt p").text_content() == PROMPT, look
    assert page.evaluate(FITS), look


def test_the_report_opens_without_a_network_and_shows_every_picture(
    browser: Browser, published: PublishedComparison, tmp_path: Path
) -> None:
    assert published.pictures == 7
    file, addresses, failures = tmp_path / "report.html", [], []
    file.write_bytes(published.report.content)
    context = browser.new_context()
    context.set_offline(True)
    page = context.new_page()
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", lambda line: failures.append(line.text))
    page.on("dialog", lambda dialog: (failures.append(dialog.message), dialog.dismiss()))

    for scheme, width in product(("light", "dark"), WIDTHS):
        look = f"{scheme}, {width} px"
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        expect_whole(page, published.pictures, look)
        assert page.evaluate(OWN_TYPEFACE) == ["400 loaded", "700 loaded"], look
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(250, 250, 249)" if scheme == "light" else "rgb(15, 15, 14)"), look
        assert {address.partition(":")[0] for address in addresses} <= {"file", "data"}, look
        assert failures == [], look
    context.close()


def test_the_report_prints_on_paper_with_its_whole_prompt_and_without_programs(
    browser: Browser, published: PublishedComparison, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(published.report.content)
    context = browser.new_context(viewport={"width": 700, "height": 990}, color_scheme="dark")
    page = context.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")

    assert page.evaluate(FITS)
    expect(page.locator(".snippet").first).to_be_hidden()
    expect(page.locator("details.prompt p")).to_be_visible()
    cards = [box for card in page.locator(".card").all() if (box := card.bounding_box())]
    assert len(cards) == len(MODELS)
    assert len({round(card["x"]) for card in cards}) == 3
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 25, 23)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    context.close()


def test_anybody_can_open_a_published_comparison_and_fill_the_form_with_it(
    open_page: OpenPage, published: PublishedComparison
) -> None:
    page = open_page("about:blank", ready=False)

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{published.app.address}/c/{published.token}")
        expect_whole(page, published.pictures, f"{width} px")
        assert page.evaluate(OWN_TYPEFACE) == ["400 loaded", "700 loaded"]
        page.get_by_role("link", name="Open this in the playground").click(trial=True)
    assert page.context.cookies() == []
    image = page.locator("meta[property='og:image']").get_attribute("content")
    assert image == f"{published.app.address}/c/{published.token}/preview.png"
    assert httpx2.get(str(image), trust_env=False).content.startswith(b"\x89PNG")
    page.get_by_role("link", name="Open this in the playground").click()
    expect(page.locator("#compare-prompt textarea")).to_have_value(PROMPT)
    assert published.app.jobs == []


def test_the_report_is_for_its_visitor_alone(published: PublishedComparison) -> None:
    path = f"{published.app.address}/comparisons/{published.comparison_id}/report.html"

    assert published.report.headers["content-disposition"].startswith("attachment")
    assert httpx2.get(path, trust_env=False).status_code == 404


def test_a_prompt_too_long_for_an_address_is_read_from_its_comparison(
    open_page: OpenPage, published: PublishedComparison
) -> None:
    """Also after a reload, as long as it is not changed."""
    page = open_page(f"{published.app.address}/c/{published.long}", ready=False)
    page.get_by_role("link", name="Open this in the playground").click()
    prompt = page.locator("#compare-prompt textarea")
    for again in (False, True):
        if again:
            page.reload()
        expect(prompt).to_have_value(LONG)
        expect(page.locator(".mapping tbody tr")).to_have_count(2)
        expect(page.locator("#compare-button")).to_contain_text("2 requests")
        expect(page).to_have_url(re.compile(f"tab=compare.*published={published.long}"))
        expect(page.locator("#compare-error")).to_be_empty()
    prompt.fill("another one")
    expect(page).to_have_url(re.compile("prompt=another"))
    assert "published" not in page.url
