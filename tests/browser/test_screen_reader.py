"""Changes that happen by themselves are announced to screen readers, once each, and nothing else is."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, pick_model, state_label, wait_for_opening
from tests.browser.test_compare import FAILS, address

ANNOUNCEMENTS = "body > .announcements"
RECORD_ANNOUNCEMENTS = """() => {
  const place = document.querySelector("body > .announcements");
  window.announcements = [];
  window.recorder?.disconnect();
  window.recorder = new MutationObserver(() => window.announcements.push(place.textContent));
  window.recorder.observe(place, { childList: true });
}"""


def announcements(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("window.announcements")
    return texts


def test_what_changes_by_itself_is_announced_and_opening_a_page_or_a_tab_is_not(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    page = open_page(address(app, "cogview-4", "flux-2", FAILS, prompt="a fox"))
    _comparison_announces_how_many_jobs_have_ended_also_in_the_picture_dialog(page)
    page.goto(app.address)
    wait_for_opening(page)
    for name, shown in (("Compare", "#cards-state"), ("Models & prices", "#models-count [data-announcement]")):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(shown)).to_be_visible()
    expect(page.locator(ANNOUNCEMENTS), "neither the page nor a tab is announced").to_be_empty()
    page.locator("#search input, #search textarea").fill("logo")
    expect(page.locator(ANNOUNCEMENTS), "a filter").to_contain_text(" of 11 models")
    page.get_by_role("tab", name="Generate").click()
    _each_refusal_is_announced_with_its_reason(page, catalog)
    _each_state_of_a_job_is_announced_once_and_seconds_are_not(page)


def _comparison_announces_how_many_jobs_have_ended_also_in_the_picture_dialog(page: Page) -> None:
    expect(page.locator("#compare-button")).to_contain_text("3 requests")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    page.locator("#compare-button").click()
    expect(page.locator(ANNOUNCEMENTS)).to_have_text("3 of 3 ended, 1 failed")
    counts = [text.partition(" ")[0] for text in announcements(page)]
    assert counts == sorted(set(counts)), "each count once, upwards"
    page.locator(".zoom").first.click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("3 of 3 ended, 1 failed")


def _each_refusal_is_announced_with_its_reason(page: Page, catalog: Catalog) -> None:
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


def _each_state_of_a_job_is_announced_once_and_seconds_are_not(page: Page) -> None:
    fill_prompt(page, "a fox #sandbox:never")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    for seconds in ("1 s", "2 s", "3 s"):
        expect(page.locator("#result .elapsed")).to_contain_text(seconds)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(ANNOUNCEMENTS)).to_contain_text("Stopped")
    states = [text.partition(".")[0] for text in announcements(page)]
    assert states[-2:] == ["Running", "Stopped"]
    assert set(states) <= {"Waiting", "Sending", "Running", "Stopped"}
    assert len(states) == len(set(states)), "each of them once"
