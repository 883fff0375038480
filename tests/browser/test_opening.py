"""A page that opens accepts no input before its first answer, and what a script sends before is not lost."""

from __future__ import annotations

import re

import httpx2
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, state_label
from tests.browser.history_setup import delayed_opening, open_history
from tests.browser.layout_shifts import OBSERVE_SHIFTS, layout_shift
from tests.browser.test_compare import address, compare

MOST_REQUESTS = 70


def test_the_page_is_inert_until_the_first_answer(open_page: OpenPage, app: Playground) -> None:
    page, sent = open_page(app.address), len(app.jobs)
    box = page.locator("#prompt textarea")
    example = box.input_value()
    with delayed_opening(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        expect(page.locator("#first-paint")).to_be_visible()
        for x, y in ((300, 400), (900, 40), (300, 800)):
            page.mouse.click(x, y)
            page.keyboard.type("lost")
            page.keyboard.press("Enter")
        assert (box.input_value(), page.locator("#key input").input_value()) == ("", "")
    expect(box).to_have_value(example)
    assert len(app.jobs) == sent
    fill_prompt(page, "A fox after all")
    expect(page).to_have_url(re.compile("fox"))


def test_nothing_moves_while_the_page_opens_and_its_first_html_shows_it(open_page: OpenPage, app: Playground) -> None:
    html = httpx2.get(app.address, headers={"Accept-Encoding": "gzip"})
    assert html.headers["content-encoding"] == "gzip"
    for words in ("Image playground", "Sandbox: these are drawings", "Models &amp; prices", "sandbox/examples/"):
        assert words in html.text.split("<gradio-app")[0]
    script = re.search(r'assets/[^"]+\.js', html.text)
    assert script
    assert "immutable" in httpx2.get(f"{app.address}/{script[0]}").headers["cache-control"]
    for width in (1280, 390):
        page = open_page("about:blank", ready=False, viewport={"width": width, "height": 844})
        page.add_init_script(OBSERVE_SHIFTS)
        fetched: list[str] = []
        page.on("requestfinished", lambda request, fetched=fetched: fetched.append(request.url))
        page.goto(app.address)
        expect(page.locator("#generate-button")).to_contain_text("credit")
        expect(page.locator("#first-paint")).not_to_be_visible()
        expect(page.locator("#result img")).to_be_visible()
        page.wait_for_timeout(500)
        assert layout_shift(page) < 0.05, page.evaluate("window.shifts")
        assert len(fetched) <= MOST_REQUESTS, fetched


def test_what_is_sent_before_the_first_answer_is_watched_and_found_again(open_page: OpenPage, app: Playground) -> None:
    """It is the browser's own, by its cookie: a request of Generate, a comparison, and both in the history."""
    page = open_page(address(app, "cogview-4", "flux-2"))
    with delayed_opening(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        page.evaluate("window.playground.opened()")  # as it happens when no answer has come for long
        fill_prompt(page, "A fox that could not wait")
        button(page).click()
        expect(state_label(page)).to_have_text("Done")
        page.get_by_role("tab", name="Compare").click()
        page.locator("#compare-prompt textarea").fill("Two foxes that could not wait")
        compare(page)
        expect(page.locator(".card img")).not_to_have_count(0)
        expect(page.locator("#compare-stop")).not_to_be_visible()
        cards = page.locator("#cards .card").count()
        open_history(page, 1)  # beside the group of the comparison
        expect(page.locator("#history-entries")).to_contain_text(f"Comparison · {cards} requests")
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#cards .card img")).to_have_count(cards)
