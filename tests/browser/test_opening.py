"""The page's first HTML shows it, it accepts no input before its first answer, and what a script sends before is not lost."""

from __future__ import annotations

import re

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, state_label
from tests.browser.history_setup import delayed_opening, open_history
from tests.browser.test_compare import address, compare

PROMPT = "A fox that could not wait"


def test_the_first_html_shows_the_page(app: Playground) -> None:
    html = httpx2.get(app.address, headers={"Accept-Encoding": "gzip"}, trust_env=False)
    assert html.headers["content-encoding"] == "gzip"
    for words in ("Image playground", "Sandbox: these are drawings", "Models &amp; prices", "sandbox/examples/"):
        assert words in html.text.split("<gradio-app")[0]
    script = re.search(r'assets/[^"]+\.js', html.text)
    assert script
    assert "immutable" in httpx2.get(f"{app.address}/{script[0]}", trust_env=False).headers["cache-control"]


def test_the_page_is_inert_until_the_first_answer_and_what_is_sent_before_is_found_again(
    open_page: OpenPage, app: Playground
) -> None:
    """After long without an answer it can be used. What is typed by then stays, and what is sent is the browser's own, by
    its cookie: a request of Generate, a comparison, and both in the history."""
    page, sent = open_page("about:blank", ready=False), len(app.jobs)
    with delayed_opening(page):
        page.goto(address(app, "cogview-4", "flux-2"))
        _expect_no_input_to_be_taken(page)
        assert len(app.jobs) == sent
        page.evaluate("window.playground.opened()")  # as it happens when no answer has come for long
        expect(page.locator("html.opened")).to_be_attached()
        page.get_by_role("tab", name="Generate").click()
        fill_prompt(page, PROMPT)
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
    expect(page.get_by_role("tab", name="Compare"), "the answer opens the tab of the address").to_have_attribute(
        "aria-selected", "true"
    )
    expect(page.locator("#cards .card img")).to_have_count(cards)
    page.get_by_role("tab", name="Generate").click()
    expect(page.locator("#prompt textarea"), "the answer replaces nothing that was typed").to_have_value(PROMPT)
    fill_prompt(page, "A badger")
    expect(page, "the address follows the form after the answer").to_have_url(re.compile("badger"))


def _expect_no_input_to_be_taken(page: Page) -> None:
    expect(page.locator("#tabs")).to_have_attribute("inert", "")
    expect(page.locator("#first-paint")).to_be_visible()
    for x, y in ((300, 400), (900, 40), (300, 800)):
        page.mouse.click(x, y)
        page.keyboard.type("lost")
        page.keyboard.press("Enter")
    for box in ("#prompt textarea", "#key input"):
        assert page.locator(box).input_value() == "", box
