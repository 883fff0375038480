"""The History tab: one's own jobs and nobody else's, looked through, marked, reused, deleted, and going on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from gradio_client import Client
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Playground, Visitor, button, program, word
from tests.browser.test_hostile import SCRIPTS, TEXTS
from tests.browser.test_look import PALE

Asked = tuple[str, dict[str, Any]]
SOME: Sequence[Asked] = (
    ("flux-2", {"prompt": "A red kite over dunes", "resolution": "2K"}),
    ("cogview-4", {"prompt": "A blue boat on a lake"}),
    ("flux-2", {"prompt": "A boat that never was #sandbox:failed"}),
    ("kling-image-o1", {"prompt": "A green door", "num_images": 3}),
)


def test_everything_asked_for_is_there_newest_first_and_nobody_elses(visit: Visitor, app: Playground) -> None:
    page, other = visit(app.address), visit(app.address)
    _asked(page, app, SOME)
    _asked(other, app, SOME[:1])
    _open(page, len(SOME))
    expect(page.locator(".entry .said")).to_have_text([asked["prompt"] for _, asked in reversed(SOME)])
    expect(page.locator(".entry .head strong")).to_have_text(["Done", "Failed", "Done", "Done"])
    expect(page.locator(".entry .badge.many")).to_have_text(["3 pictures"])
    expect(page.locator(".entry .why")).to_contain_text("The model crashed")
    expect(page.locator(".entry .frame img")).to_have_count(3)
    assert (
        page.locator(".entry .frame img").evaluate_all(
            "async all => { for (const one of all) await one.decode(); return all.length }"
        )
        == 3
    )
    _open(other, 1)
    other.goto(f"{app.address}/?tab=history")
    expect(other.locator(".entry .said")).to_have_text(["A red kite over dunes"])


def test_filters_and_the_table_narrow_at_once_and_are_cleared_by_one_button(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    _asked(page, app, SOME)
    _open(page, 4)
    search = page.locator("#history-text input")
    search.fill("boat")
    expect(_count(page)).to_have_text("1–2 of 2")
    page.locator("#history-state input").click()
    page.get_by_role("option", name="Failed").click()
    expect(_count(page)).to_have_text("1–1 of 1")
    page.get_by_label("Table").check()
    expect(page.locator(".history-table tbody tr")).to_have_count(1)
    expect(page.locator(".history-table .why")).to_contain_text("The model crashed")
    search.fill("zebra")
    expect(page.locator("#history-nothing")).to_have_text("Nothing fits.")
    page.locator("#history-since input").first.fill("2020-01-01")
    page.locator("#history-since input").first.press("Enter")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".history-table tbody tr")).to_have_count(4)
    expect(search).to_have_value("")
    page.locator("#history-model input").click()
    page.get_by_role("option", name="Flux 2").click()
    expect(_count(page)).to_have_text("1–2 of 2")


def test_stars_notes_and_tags_are_kept_and_found_again(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    _asked(page, app, SOME[:2])
    _open(page, 2)
    star = page.locator("[data-star]").nth(1)
    for pressed in ("true", "false", "true"):
        star.click()
        expect(star).to_have_attribute("aria-pressed", pressed)
    page.locator("[data-entry]").nth(1).click()
    expect(page.locator("#history-star")).to_have_text("★ Starred")
    page.locator("#history-note input").fill("for the deck #kite")
    page.locator("#history-note input").press("Enter")
    expect(page.locator(".entry .tags")).to_have_text("#kite")
    page.reload()
    _open(page, 2)
    page.locator(".entry [data-tag]").click()
    expect(_count(page)).to_have_text("1–1 of 1")
    expect(page.locator("#history-text input")).to_have_value("#kite")
    page.locator("#history-text input").fill("")
    page.get_by_label("Starred only").check()
    expect(page.locator(".entry .said")).to_have_text(["A red kite over dunes"])


def test_a_past_request_fills_the_form_the_comparison_and_the_program(visit: Visitor, app: Playground) -> None:
    page, jobs = visit(app.address), len(app.jobs)
    _asked(page, app, SOME[:2])
    _open(page, 2)
    page.locator("[data-entry]").nth(1).click()
    page.get_by_role("button", name="The same call as a program").click()
    expect(page.locator("#history-program .cm-content")).to_contain_text('"resolution": "2K"')
    page.locator("#history-program").get_by_label("Python").check()
    expect(page.locator("#history-program .cm-content")).to_contain_text("import httpx")
    page.get_by_role("button", name="Use these settings").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#prompt textarea")).to_have_value("A red kite over dunes")
    expect(button(page)).to_have_text("Generate · 7 credits · $0.07")
    expect(page.locator("#place img")).to_have_attribute("alt", "A red kite over dunes (Flux 2)")
    text = program(page)
    body = json.loads(text[text.index("\n{\n") : text.index("\nJSON")])
    assert (body["prompt"], body["resolution"]) == ("A red kite over dunes", "2K")
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="Same prompt, other models").click()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#compare-ask textarea").first).to_have_value("A red kite over dunes")
    assert len(app.jobs) == jobs + 2


def test_a_deleted_request_is_gone_after_a_second_look_and_so_are_its_pictures(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    _asked(page, app, [SOME[0], ("flux-2", {"prompt": "A lamp that nobody else asks for"})])
    _open(page, 2)
    picture = page.locator(".entry .frame img").first.get_attribute("src")
    page.locator("[data-entry]").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-really")).to_contain_text("The pictures go too; what it cost stays in the spend.")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#history-really")).not_to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator("#history-detail")).not_to_be_visible()
    assert page.request.get(f"{app.address}{picture}").status == 404


def test_a_running_job_appears_goes_on_by_itself_and_takes_no_focus(visit: Visitor, app: Playground) -> None:
    address = f"{app.address}/?model=flux-2&prompt=A+lake+%23sandbox:never"
    page = visit(address)
    button(page).click()
    expect(word(page)).to_have_text("Running")
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry .head strong")).to_have_text(["Running"])
    entry = page.locator("[data-entry]")
    entry.focus()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-current", "true")
    expect(page.locator("#history-place .word")).to_have_text("Running")
    expect(page.get_by_role("button", name="Delete, once it has ended")).to_be_disabled()
    elsewhere = page.context.new_page()
    elsewhere.goto(address)
    elsewhere.locator("#stop-button").click()
    expect(word(elsewhere)).to_have_text("Stopped")
    expect(page.locator(".entry .head strong")).to_have_text(["Stopped"])
    expect(page.locator("#history-place .word")).to_have_text("Stopped")
    expect(entry).to_be_focused()
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("button", name="Check again").click()
    expect(word(page)).to_have_text("Running")
    page.locator("#stop-button").click()
    expect(word(page)).to_have_text("Stopped")


def test_hostile_text_is_text_in_cards_details_and_table(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    long = "".join(f"{number}ä🦊" for number in range(10_000))[:5000]
    texts = [*TEXTS, long]
    _asked(page, app, [("flux-2", {"prompt": text}) for text in texts])
    scripts = page.evaluate(SCRIPTS)
    _open(page, len(texts))
    for number, text in enumerate(reversed(texts)):
        page.locator("[data-entry]").nth(number).click()
        expect(page.locator(".asked .prompt")).to_have_js_property("textContent", text)
        assert page.locator(".entry .said").nth(number).get_attribute("title") == text
        assert page.evaluate(SCRIPTS) <= scripts
    page.locator("#history-note input").fill(TEXTS[2])
    page.locator("#history-note input").press("Enter")
    expect(page.locator("#history-asked dd[dir=auto]").last).to_have_text(TEXTS[2])
    page.get_by_label("Table").check()
    expect(page.locator(".history-table tbody tr")).to_have_count(len(texts))
    assert page.evaluate(SCRIPTS) <= scripts
    assert page.locator("img[src='x'], #history svg:not(button svg, .gradio-style svg)").count() == 0


def test_an_empty_history_says_what_will_be_here_and_leads_to_generate(visit: Visitor, app: Playground) -> None:
    page = visit(f"{app.address}/?tab=history")
    expect(page.locator("#history-nothing")).to_contain_text("There is nothing yet.")
    page.get_by_role("button", name="Make the first picture").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_history_fits_the_window_and_can_be_read(visit: Visitor, app: Playground, width: int, theme: str) -> None:
    page = visit(f"{app.address}/?tab=history&__theme={theme}", viewport={"width": width, "height": 844})
    _asked(page, app, SOME)
    page.reload()
    expect(page.locator(".entry")).to_have_count(len(SOME))
    page.locator("[data-entry]").nth(1).click()
    expect(page.locator("#history-place .problem")).to_be_in_viewport()
    for view in ("Gallery", "Table"):
        page.get_by_label(view).check()
        expect(page.locator({"Gallery": ".entries", "Table": ".history-table"}[view])).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        pale = page.evaluate(PALE)
        assert not pale, f"{view}, {theme}: too little contrast: {pale}"


def _asked(page: Page, app: Playground, requests: Sequence[Asked]) -> None:
    """Have these made for the visitor of the page, one after the other."""
    with _calling(app, page) as client:
        for model, parameters in requests:
            client.predict(model, parameters, api_name="/generate")


@contextmanager
def _calling(app: Playground, page: Page) -> Iterator[Client]:
    """A headless caller who is the visitor of the page: the cookie's secret is the header's."""
    (secret,) = (one["value"] for one in page.context.cookies() if one["name"] == "playground_visitor")
    client = Client(app.address, headers={"X-Playground-Visitor": secret}, verbose=False, analytics_enabled=False)
    try:
        yield client
    finally:
        client.close()


def _open(page: Page, entries: int) -> None:
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry")).to_have_count(entries)


def _count(page: Page) -> Locator:
    return page.locator("#history-count p")
