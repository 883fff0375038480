"""Changes that happen by themselves are announced to screen readers, once each, and nothing else is."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, pick_model, state_label
from tests.browser.test_compare import FAILS, address

ANNOUNCEMENTS = "body > .announcements"
RECORD_ANNOUNCEMENTS = """() => {
  window.announcements = [];
  new MutationObserver(() => window.announcements.push(document.querySelector("body > .announcements").textContent))
    .observe(document.querySelector("body > .announcements"), { childList: true });
}"""


def announcements(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("window.announcements")
    return texts


def test_each_state_of_a_job_is_announced_once_and_seconds_are_not(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    expect(page.locator(ANNOUNCEMENTS), "the page opens without an announcement").to_be_empty()
    page.evaluate(RECORD_ANNOUNCEMENTS)
    fill_prompt(page, "a fox #sandbox:never")
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    for seconds in ("2 s", "3 s", "4 s"):
        expect(page.locator("#result .elapsed")).to_contain_text(seconds)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(ANNOUNCEMENTS)).to_contain_text("Stopped")
    states = [text.partition(".")[0] for text in announcements(page)]
    assert states[-2:] == ["Running", "Stopped"]
    assert set(states) <= {"Waiting", "Sending", "Running", "Stopped"}
    assert len(states) == len(set(states)), "each of them once"


def test_each_refusal_is_announced_with_its_reason(open_page: OpenPage, app: Playground, catalog: Catalog) -> None:
    page = open_page(app.address)
    for number in range(2):
        page.evaluate(RECORD_ANNOUNCEMENTS)
        fill_prompt(page, "")
        button(page).click()
        expect(page.locator("#prompt .info-text")).to_contain_text("Empty. Describe the picture you want.")
        expect(page.locator("#prompt textarea")).to_be_focused()
        expect(page.locator(ANNOUNCEMENTS)).to_contain_text("Prompt is empty.")
        page.wait_for_function("window.announcements.length > 0")
        pick_model(page, catalog.models[number])
        expect(page.locator("#prompt textarea")).not_to_have_value("")


def test_a_comparison_announces_how_many_jobs_have_ended_also_in_the_picture_dialog(
    open_page: OpenPage, app: Playground
) -> None:
    page = open_page(address(app, "cogview-4", "flux-2", FAILS, prompt="a fox"))
    expect(page.locator("#compare-button")).to_contain_text("3 requests")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    page.locator("#compare-button").click()
    expect(page.locator(ANNOUNCEMENTS)).to_have_text("3 of 3 ended, 1 failed")
    counts = [text.partition(" ")[0] for text in announcements(page)]
    assert counts == sorted(set(counts)), "each count once, upwards"
    page.locator(".zoom").first.click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("3 of 3 ended, 1 failed")


def test_opening_a_tab_announces_nothing(open_page: OpenPage, app: Playground) -> None:
    page = open_page(address(app, "cogview-4", prompt="a fox"))
    expect(page.locator("#compare-button")).to_contain_text("1 request")
    page.locator("#compare-button").click()
    expect(page.locator(ANNOUNCEMENTS)).to_have_text("1 of 1 ended")
    page.goto(app.address)
    expect(button(page)).to_contain_text("credit")
    for name, shown in (("Compare", "#cards-state"), ("Models & prices", "#models-count [data-announcement]")):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(shown)).to_be_visible()
    expect(page.locator(ANNOUNCEMENTS)).to_be_empty()


def test_filters_announce_the_number_of_models(open_page: OpenPage, app: Playground) -> None:
    page = open_page(f"{app.address}/?tab=models")
    page.locator("#search input, #search textarea").fill("logo")
    expect(page.locator(ANNOUNCEMENTS)).to_contain_text(" of 11 models")
