"""The title counts the jobs that have ended, and the browser notifies whoever has asked for it at the end."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.views.words import TITLE
from tests.browser.conftest import Playground, Visitor, button, generate, say, word

SWITCH = "Notify me when it is done"
# What the browser was asked to show.
RECORDED = """
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
COMPARED = """(told) => {
  const state = document.querySelector("[data-total]") ?? document.body.appendChild(document.createElement("section"));
  Object.assign(state.dataset, told);
}"""


def test_the_title_counts_while_jobs_run_and_is_itself_again_at_the_end(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    expect(page).to_have_title(TITLE)
    say(page, "a fox #sandbox:never")
    button(page).click()
    expect(page).to_have_title(f"(0/1) {TITLE}")
    page.get_by_role("tab", name="Integrate").click()
    expect(page.locator("#integrate h2")).to_be_visible()
    expect(page).to_have_title(f"(0/1) {TITLE}")
    page.get_by_role("tab", name="Generate").click()
    say(page, "a hen")
    generate(page)
    expect(page).to_have_title(f"(1/2) {TITLE}")
    page.locator("#other-jobs [data-job]").click()
    expect(page.locator("#result .elapsed")).to_be_visible()
    expect(page).to_have_title(f"(1/2) {TITLE}")
    page.get_by_role("button", name="Stop").click()
    expect(word(page)).to_have_text("Stopped")
    expect(page).to_have_title(TITLE)
    # A comparison says itself how many have ended.
    for ended in range(5):
        page.evaluate(COMPARED, {"ended": ended, "total": 5})
        expect(page).to_have_title(f"({ended}/5) {TITLE}")
    page.evaluate(COMPARED, {"ended": 5, "total": 5})
    expect(page).to_have_title(TITLE)


def test_a_notice_comes_at_the_end_for_who_asked_for_it_and_looks_elsewhere(visit: Visitor, app: Playground) -> None:
    page = _recorded(visit, app, ["notifications"])
    switch = page.get_by_label(SWITCH)
    expect(switch).not_to_be_checked()
    page.evaluate(OUT_OF_SIGHT)
    generate(page)
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == []
    switch.check()
    expect(switch).to_be_checked()
    say(page, "a secret wish #sandbox:failed")
    generate(page, "Failed")
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == [["1 of 1 ended", "1 failed"]]
    page.evaluate(COMPARED, {"ended": 2, "total": 3, "failed": 0})
    expect(page).to_have_title(f"(2/3) {TITLE}")
    page.evaluate(COMPARED, {"ended": 3, "total": 3})
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == [["1 of 1 ended", "1 failed"], ["3 of 3 ended", "All done"]]
    page.reload()
    expect(switch).to_be_checked()
    expect(button(page)).to_contain_text("credit")
    generate(page, "Failed")
    expect(page).to_have_title(TITLE)
    assert page.evaluate("notified") == [], "a page in sight needs no notice"


def test_a_browser_that_blocks_notices_says_so_and_one_without_them_is_offered_none(visit: Visitor, app: Playground) -> None:
    page = _recorded(visit, app, [])
    expect(page.get_by_label("This browser blocks notifications")).to_be_disabled()
    page.add_init_script("delete window.Notification")
    page.reload()
    expect(page.locator("#result .state-label")).to_have_text("Example")
    button(page).click()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#notify")).to_have_count(0)


def _recorded(visit: Visitor, app: Playground, permissions: list[str]) -> Page:
    page = visit("about:blank", ready=False)
    page.context.grant_permissions(permissions, origin=app.address)
    page.add_init_script(RECORDED)
    page.goto(app.address)
    expect(button(page)).to_contain_text("credit")
    return page
