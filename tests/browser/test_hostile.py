"""Hostile text is text: typed as a prompt, given as a parameter, or sent back by the service as an error."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    OpenPage,
    Playground,
    address_box,
    button,
    expect_refusal,
    field,
    fill_prompt,
    generate,
    request_body,
    wait_until,
)
from tests.browser.payloads import PAYLOADS

TEXTS = (
    "${alert(1)} `${alert(1)}` $HOME $(id) `id`",
    "{{constructor.constructor('alert(1)')()}} {% raw %} {{7*7}}",
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>",
    "\"double\" 'single' \\ \\n </textarea> & &amp; JSON\nJSON\nEOF",
    "one\n\n  two\n\tthree",
    "🦊🏳️‍🌈 👩‍👩‍👧 e\u0301 \u2028",
    "שלום \u202eevil\u202c مرحبا",
    "[a](javascript:alert(1)) ![b](https://outside.example/b.png) **c** | d | $x^2$",
)
TEXT, EVERY_PAYLOAD = "\n".join(TEXTS), " ".join(PAYLOADS)
LONG = "".join(f"{number}ä🦊" for number in range(10_000))[:5000]
# What pictures are made from, one after the other.
MADE = (TEXT, LONG, EVERY_PAYLOAD)
SCRIPTS = (
    "document.body.querySelectorAll('script, iframe, object, embed, [onerror], [onload], [href^=\"javascript:\"]').length"
)

FIELDS = (
    "#header input[type=password], #tabs textarea, #tabs input:not([type]), #tabs :is(input[type=text], input[type=search])"
)


def test_hostile_text_is_sent_and_shown_as_it_was_typed(open_page: OpenPage, app: Playground) -> None:
    """In the form, in complaints about it, in a result, in the history, in every other field, and from an address."""
    page = open_page(f"{app.address}/?model=flux-2")
    scripts, before = page.evaluate(SCRIPTS), page.url
    for text in TEXTS:
        fill_prompt(page, text)
        expect(page).not_to_have_url(before)
        before = page.url
        wait_until(page, lambda: request_body(page).get("prompt", ""), text)
        harmless(page, scripts)
    _complaints_repeat_it_as_text(page, scripts)
    for text in PAYLOADS:
        fill_prompt(page, text)
    wait_until(page, lambda: request_body(page).get("prompt", ""), PAYLOADS[-1])
    for text in MADE:
        fill_prompt(page, text)
        generate(page)
        expect(page.locator("#result img")).to_have_attribute("alt", f"{text} (Flux 2)")
        harmless(page, scripts)
    _a_longer_prompt_is_refused(page)
    _the_history_shows_it_as_text(page, scripts)
    _no_field_of_any_tab_runs_it(page, scripts)
    _a_link_neither_loads_nor_links_to_elsewhere(page, app, scripts)


def _complaints_repeat_it_as_text(page: Page, scripts: int) -> None:
    hint = field(page, "input_urls").locator(".info-text")
    for text in (
        "<img src=x onerror=alert(1)>",
        "{{7*7}}${alert(1)}",
        "javascript:alert(1)",
        "**a** [b](//outside.example)",
    ):
        address_box(page, "input_urls").fill(text)
        expect(hint).to_contain_text("is no web address")
        expect_refusal(page, "is no web address")
        expect(page.locator("#code")).to_contain_text(text)
        expect(hint.locator("*")).to_have_count(0)
        harmless(page, scripts)
    address_box(page, "input_urls").fill("")


def _a_longer_prompt_is_refused(page: Page) -> None:
    """The model takes five thousand characters."""
    fill_prompt(page, f"{LONG}x")
    expect_refusal(page, "5,001 characters")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _the_history_shows_it_as_text(page: Page, scripts: int) -> None:
    """In its cards, details, notes and table."""
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry")).to_have_count(len(MADE))
    for number, text in enumerate(reversed(MADE)):
        page.locator("[data-entry]").nth(number).click()
        expect(page.locator(".request .prompt")).to_have_js_property("textContent", text)
        assert page.locator(".entry .excerpt").nth(number).get_attribute("title") == text
        assert page.evaluate(SCRIPTS) <= scripts
    page.locator("#history-note input").fill(TEXTS[2])
    page.locator("#history-note input").press("Enter")
    expect(page.locator("#history-request dd[dir=auto]").last).to_have_text(TEXTS[2])
    page.get_by_label("Table").check()
    expect(page.locator(".history-table tbody tr")).to_have_count(len(MADE))
    assert page.evaluate(SCRIPTS) <= scripts
    assert page.locator("img[src='x'], #history svg:not(button svg, .gradio-style svg, svg.icon)").count() == 0


def _no_field_of_any_tab_runs_it(page: Page, scripts: int) -> None:
    for name in ("Compare", "Evaluate", "Models & prices", "History", "Integrate", "Generate"):
        page.get_by_role("tab", name=name).click()
        for box in page.locator(FIELDS).all():
            if box.is_visible() and box.is_enabled():
                box.fill(EVERY_PAYLOAD)
                box.press("Tab")
        if name == "History":
            page.get_by_role("button", name="Save note").click()
        page.wait_for_timeout(300)
        harmless(page, scripts)


def _a_link_neither_loads_nor_links_to_elsewhere(page: Page, app: Playground, scripts: int) -> None:
    picture, prompt = "![b](https://outside.example/b.png)", "\n".join((TEXT, EVERY_PAYLOAD))
    link = {"model": "flux-2", "prompt": prompt, "input_urls": picture, "type": TEXTS[2]}
    page.goto(f"{app.address}/?{urlencode(link)}")
    expect(field(page, "input_urls").locator(".info-text")).to_contain_text("is no web address")
    expect(page.locator("#banner")).to_contain_text("is not offered. Allowed: pro, flex.")
    expect(page.locator("#prompt textarea")).to_have_value(prompt)
    expect(button(page)).to_have_text("Generate · 5 credits · $0.05")
    assert page.locator("main [src*='outside'], main [href*='outside']").count() == 0
    harmless(page, scripts)


def harmless(page: Page, scripts: int) -> None:
    """No markup came of it but the ``scripts`` elements that were there. A dialog, a script error and a foreign request fail the test by themselves."""
    assert page.evaluate(SCRIPTS) <= scripts
    assert page.locator("img[src='x'], #result svg, #result b").count() == 0
