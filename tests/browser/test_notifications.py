"""The title counts ended jobs, and the browser shows a notification at the end to visitors who enabled it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.views.words import TITLE
from tests.browser.conftest import (
    OpenPage,
    Playground,
    button,
    fill_prompt,
    generate,
    state_label,
    wait_for_opening,
    wait_until,
)

SWITCH = "Notify me when it is done"
# Records the notifications that the page shows.
RECORD_NOTIFICATIONS = """
  window.notified = [];
  window.Notification = class extends Notification {
    constructor(title, options) { super(title, options); window.notified.push([title, options.body]); }
  };
"""
# A page that is not in sight draws no frames.
OUT_OF_SIGHT = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  window.requestAnimationFrame = () => 0;
}"""
SET_COMPARISON_PROGRESS = """(progress) => {
  const state = document.querySelector("[data-total]") ?? document.body.appendChild(document.createElement("section"));
  Object.assign(state.dataset, progress);
}"""


def test_the_title_counts_ended_jobs_and_a_notification_is_shown_if_enabled_and_the_page_is_hidden(
    open_page: OpenPage, app: Playground
) -> None:
    page = open_page("about:blank", ready=False)
    page.context.grant_permissions(["notifications"], origin=app.address)
    page.add_init_script(RECORD_NOTIFICATIONS)
    page.goto(app.address)
    wait_for_opening(page)
    _title_counts_ended_jobs_while_any_run(page)
    _title_counts_the_cards_of_a_comparison(page)
    _notification_is_shown_at_the_end_if_enabled_and_the_page_is_hidden(page)
    page.reload()
    expect(wait_for_opening(page).get_by_label(SWITCH), "the choice is kept").to_be_checked()
    generate(page, "Failed")
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == [], "a visible page shows no notification"
    page.context.clear_permissions()
    page.context.grant_permissions([], origin=app.address)
    page.get_by_label(SWITCH).uncheck()
    expect(page.get_by_label("This browser blocks notifications")).to_be_disabled()
    page.add_init_script("delete window.Notification")
    page.reload()
    expect(wait_for_opening(page).locator("#notify"), "unsupported").to_have_count(0)
    fill_prompt(page, "a fox")
    generate(page)


def _title_counts_ended_jobs_while_any_run(page: Page) -> None:
    expect(page).to_have_title(TITLE)
    fill_prompt(page, "a fox #sandbox:never")
    button(page).click()
    expect(page).to_have_title(f"(0/1) {TITLE}")
    page.get_by_role("tab", name="Integrate").click()
    expect(page.locator("#integrate h2")).to_be_visible()
    expect(page).to_have_title(f"(0/1) {TITLE}")
    page.get_by_role("tab", name="Generate").click()
    page.evaluate(OUT_OF_SIGHT)
    fill_prompt(page, "a hen")
    generate(page)
    expect(page).to_have_title(f"(1/2) {TITLE}")
    page.locator("#other-jobs [data-job]").click()
    expect(page.locator("#result .elapsed")).to_be_visible()
    expect(page).to_have_title(f"(1/2) {TITLE}")
    page.get_by_role("button", name="Stop").click()
    expect(state_label(page)).to_have_text("Stopped")
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == [], "nobody enabled notifications"


def _title_counts_the_cards_of_a_comparison(page: Page) -> None:
    for ended in range(5):
        page.evaluate(SET_COMPARISON_PROGRESS, {"ended": ended, "total": 5})
        expect(page).to_have_title(f"({ended}/5) {TITLE}")
    page.evaluate(SET_COMPARISON_PROGRESS, {"ended": 5, "total": 5})
    expect(page).to_have_title(TITLE)


def _notification_is_shown_at_the_end_if_enabled_and_the_page_is_hidden(page: Page) -> None:
    switch = page.get_by_label(SWITCH)
    expect(switch).not_to_be_checked()
    switch.check()
    expect(switch).to_be_checked()
    fill_prompt(page, "a secret wish #sandbox:failed")
    generate(page, "Failed")
    expect(page).to_have_title(TITLE)
    wait_until(page, lambda: page.evaluate("notified"), [["1 of 1 ended", "1 failed"]])
    page.evaluate(SET_COMPARISON_PROGRESS, {"ended": 2, "total": 3, "failed": 0})
    expect(page).to_have_title(f"(2/3) {TITLE}")
    page.evaluate(SET_COMPARISON_PROGRESS, {"ended": 3, "total": 3})
    expect(page).to_have_title(TITLE)
    both = [["1 of 1 ended", "1 failed"], ["3 of 3 ended", "All done"]]
    wait_until(page, lambda: page.evaluate("notified"), both)
