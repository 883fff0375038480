"""What changes by itself is announced to a screen reader: each change once, and nothing else."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import Playground, Visitor, button, pick_model, say, word
from tests.browser.test_compare import FAILS, address

ANNOUNCEMENTS = "body > .announcements"
HEARD = """() => {
  window.heard = [];
  new MutationObserver(() => window.heard.push(document.querySelector("body > .announcements").textContent))
    .observe(document.querySelector("body > .announcements"), { childList: true });
}"""


def heard(page: Page) -> list[str]:
    said: list[str] = page.evaluate("window.heard")
    return said


def test_a_job_says_its_states_and_not_its_seconds(visit: Visitor, app: Playground) -> None:
    page = visit(app.address)
    expect(page.locator(ANNOUNCEMENTS), "what stands there when the page opens is no news").to_be_empty()
    page.evaluate(HEARD)
    say(page, "a fox #sandbox:never")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    for seconds in ("2 s", "3 s", "4 s"):
        expect(page.locator("#result .elapsed")).to_contain_text(seconds)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(ANNOUNCEMENTS)).to_contain_text("Stopped")
    states = [said.partition(".")[0] for said in heard(page)]
    assert states[-2:] == ["Running", "Stopped"]
    assert set(states) <= {"Waiting", "Sending", "Running", "Stopped"}
    assert len(states) == len(set(states)), "each of them once"


def test_what_is_refused_says_why_each_time(visit: Visitor, app: Playground, catalog: Catalog) -> None:
    page = visit(app.address)
    for number in range(2):
        page.evaluate(HEARD)
        say(page, "")
        button(page).click()
        expect(page.locator("#prompt .info-text")).to_contain_text("Empty. Describe the picture you want.")
        expect(page.locator("#prompt textarea")).to_be_focused()
        expect(page.locator(ANNOUNCEMENTS)).to_contain_text("prompt: is empty.")
        page.wait_for_function("window.heard.length > 0")
        pick_model(page, catalog.models[number])
        expect(page.locator("#prompt textarea")).not_to_have_value("")


def test_a_comparison_says_how_many_have_ended_also_to_who_looks_at_a_picture(visit: Visitor, app: Playground) -> None:
    page = visit(address(app, "cogview-4", "flux-2", FAILS, prompt="a fox"))
    expect(page.locator("#compare-button")).to_contain_text("3 requests")
    page.evaluate(HEARD)
    page.locator("#compare-button").click()
    expect(page.locator(ANNOUNCEMENTS)).to_have_text("3 of 3 ended, 1 failed")
    counts = [said.partition(" ")[0] for said in heard(page)]
    assert counts == sorted(set(counts)), "each count once, upwards"
    page.locator(".zoom").first.click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("3 of 3 ended, 1 failed")


def test_what_a_tab_opens_with_is_no_news(visit: Visitor, app: Playground) -> None:
    page = visit(address(app, "cogview-4", prompt="a fox"))
    expect(page.locator("#compare-button")).to_contain_text("1 request")
    page.locator("#compare-button").click()
    expect(page.locator(ANNOUNCEMENTS)).to_have_text("1 of 1 ended")
    page.goto(app.address)
    expect(button(page)).to_contain_text("credit")
    for name, shown in (("Compare", "#cards-state"), ("Models & prices", "#models-count [data-announcement]")):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(shown)).to_be_visible()
    expect(page.locator(ANNOUNCEMENTS)).to_be_empty()


def test_filters_say_what_is_left(visit: Visitor, app: Playground) -> None:
    page = visit(f"{app.address}/?tab=models")
    page.locator("#search input, #search textarea").fill("logo")
    expect(page.locator(ANNOUNCEMENTS)).to_contain_text(" of 11 models")
