"""Hostile text is text: typed as a prompt, given as a parameter, or sent back by the service as an error."""

from __future__ import annotations

import re
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
SCRIPTS = (
    "document.body.querySelectorAll('script, iframe, object, embed, [onerror], [onload], [href^=\"javascript:\"]').length"
)

FIELDS = (
    "#header input[type=password], #tabs textarea, #tabs input:not([type]), #tabs :is(input[type=text], input[type=search])"
)


def test_hostile_prompts_are_shown_and_sent_as_they_were_typed(open_page: OpenPage, app: Playground) -> None:
    """And they come back from the address as they were."""
    page = open_page(app.address)
    scripts, before = page.evaluate(SCRIPTS), page.url
    for text in TEXTS:
        fill_prompt(page, text)
        expect(page).not_to_have_url(before)
        before = page.url
        wait_until(page, lambda: request_body(page).get("prompt", ""), text)
        generate(page)
        expect(page.locator("#result img")).to_have_attribute("alt", f"{text} (GPT Image 1.5)")
        harmless(page, scripts)
    text = "\n".join(TEXTS)
    page.goto(f"{app.address}/?{urlencode({'model': 'flux-2', 'prompt': text})}")
    expect(page.locator("#prompt textarea")).to_have_value(text)
    expect(button(page)).to_have_text("Generate · 5 credits · $0.05")
    harmless(page, scripts)


def test_five_thousand_characters_are_taken_where_the_model_takes_them(open_page: OpenPage, app: Playground) -> None:
    page = open_page(f"{app.address}/?model=flux-2")
    long = "".join(f"{number}ä🦊" for number in range(10_000))
    fill_prompt(page, long[:5000])
    expect(page).to_have_url(re.compile("model=flux-2&prompt=|model=flux-2$"))
    generate(page)
    expect(page.locator("#result img")).to_have_attribute("alt", f"{long[:5000]} (Flux 2)")
    fill_prompt(page, long[:5001])
    expect_refusal(page, "5,001 characters")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_parameters_are_repeated_as_text_in_every_complaint(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    scripts = page.evaluate(SCRIPTS)
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


def test_a_link_from_a_stranger_neither_loads_nor_links_to_elsewhere(open_page: OpenPage, app: Playground) -> None:
    picture = "![b](https://outside.example/b.png)"
    page = open_page(
        f"{app.address}/?{urlencode({'model': 'flux-2', 'prompt': picture, 'input_urls': picture, 'type': picture})}"
    )
    hint = field(page, "input_urls").locator(".info-text")
    expect(hint).to_contain_text("is no web address")
    expect(page.locator("#banner")).to_contain_text(picture)
    assert page.locator("main [src*='outside'], main [href*='outside']").count() == 0


def test_no_payload_runs_in_any_field_of_any_tab(open_page: OpenPage, app: Playground) -> None:
    """One after the other as the prompt, all together in every other field, in a note, in a job and in its history."""
    page, everything = open_page(f"{app.address}/?model=flux-2"), " ".join(PAYLOADS)
    scripts = page.evaluate(SCRIPTS)
    for text in PAYLOADS:
        fill_prompt(page, text)
    wait_until(page, lambda: request_body(page).get("prompt", ""), PAYLOADS[-1])
    fill_prompt(page, everything)
    generate(page)
    harmless(page, scripts)
    for name in ("Compare", "Evaluate", "Models & prices", "History", "Integrate", "Generate"):
        page.get_by_role("tab", name=name).click()
        if name == "History":
            page.locator("[data-entry]").first.click()
            expect(page.locator("#history")).to_contain_text(PAYLOADS[0])
        for box in page.locator(FIELDS).all():
            if box.is_visible() and box.is_enabled():
                box.fill(everything)
                box.press("Tab")
        if name == "History":
            page.get_by_role("button", name="Save note").click()
        page.wait_for_timeout(300)
        harmless(page, scripts)
    page.reload()
    expect(button(page)).to_contain_text("credit")
    harmless(page, scripts)


def harmless(page: Page, scripts: int) -> None:
    """No markup came of it but the ``scripts`` elements that were there. A dialog, a script error and a foreign request fail the test by themselves."""
    assert page.evaluate(SCRIPTS) <= scripts
    assert page.locator("img[src='x'], #result svg, #result b").count() == 0
