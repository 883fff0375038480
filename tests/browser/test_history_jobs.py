"""What can be done with a job of the History tab: marked, reused, deleted, given a task, and watched going on."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, request_body, state_label
from tests.browser.history_setup import SAMPLE_REQUESTS, count, create_jobs, open_history, visitor_secret, wait_until_deleted

LAMP = "A lamp that nobody else uses"
OLDEST_FIRST = (
    ("flux-2", {"prompt": LAMP}),
    ("flux-2", {"prompt": "A lake #sandbox:broken"}),
    SAMPLE_REQUESTS[0],
)


def test_a_request_is_marked_found_deleted_restored_and_used_again(open_page: OpenPage, app: Playground) -> None:
    """A deletion can be undone for some seconds; after that nothing of it is left, and its pictures are gone."""
    page = open_page(f"{app.address}/?tab=history")
    expect(page.locator("#history-nothing")).to_contain_text("will appear here")
    page.get_by_role("button", name="Make the first picture").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    create_jobs(app, visitor_secret(page), OLDEST_FIRST)
    open_history(page, 3)
    _a_lost_answer_takes_the_id_of_its_task(page)
    _a_star_a_note_and_its_tag_are_kept(page, app)
    pictures = _a_deletion_can_be_undone(page)
    _a_past_request_opens_with_its_form_and_code_and_goes_to_other_models(page, app)
    _a_running_job_appears_goes_on_by_itself_and_takes_no_focus(page, app)
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history-deleted")).not_to_be_visible(timeout=30_000)
    wait_until_deleted(page, *(f"{app.address}/{name}" for name in pictures))


def _a_lost_answer_takes_the_id_of_its_task(page: Page) -> None:
    """A wrong one changes nothing and says why."""
    page.locator("[data-entry]").nth(1).click()
    expect(page.locator("#history-result .state-label")).to_have_text("Unsure")
    enter, task = page.get_by_role("button", name="Enter its task id"), page.get_by_label("Its task id")
    enter.click()
    task.fill("n1nothing")
    page.get_by_role("button", name="Follow this task").click()
    expect(page.locator("#banner")).to_contain_text("does not know this task")
    expect(enter, "the focus is back").to_be_focused()
    enter.press("Enter")
    task.fill(str(page.locator(".entry .task code").first.inner_text()))
    task.press("Enter")
    expect(page.locator("#banner")).to_contain_text("another request has this task")
    expect(page.locator("#history-result .state-label")).to_have_text("Unsure")


def _a_star_a_note_and_its_tag_are_kept(page: Page, app: Playground) -> None:
    """Also by a reload, whose address says what is searched for."""
    star, prompts = page.locator(".entry .star").nth(2), page.locator(".entry .excerpt")
    for pressed in ("true", "false", "true"):
        star.click()
        expect(star).to_have_attribute("aria-pressed", pressed)
    page.locator("[data-entry]").nth(2).click()
    expect(page.locator("#history-result [data-action=star]")).to_have_attribute("aria-pressed", "true")
    page.locator("#history-note input").fill("for the deck #kite")
    page.locator("#history-note input").press("Enter")
    expect(page.locator(".entry .tags")).to_have_text("#kite")
    page.get_by_label("Starred only").check()
    expect(prompts).to_have_text([LAMP])
    expect(page).to_have_url(f"{app.address}/?tab=history&starred=1")
    page.reload()
    expect(prompts).to_have_text([LAMP])
    expect(page.get_by_label("Starred only")).to_be_checked()
    page.get_by_label("Starred only").uncheck()
    expect(count(page)).to_have_text("3 requests")
    page.locator(".entry [data-tag]").click()
    expect(count(page)).to_have_text("1 request")
    expect(page.locator("#history-text input")).to_have_value("#kite")
    page.locator("#history-text input").fill("")
    page.get_by_label("Starred only").check()
    expect(page).to_have_url(f"{app.address}/?tab=history&starred=1")
    expect(prompts).to_have_text([LAMP])


def _a_deletion_can_be_undone(page: Page) -> tuple[str, str]:
    """Of the request that is open, and of those that are selected. Returns the addresses of the deleted picture."""
    prompts = page.locator(".entry .excerpt")
    small = str(page.locator(".entry .frame img").get_attribute("src"))
    page.locator("[data-entry]").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-nothing")).to_have_text("No request matches these filters.")
    expect(page.locator("#history-detail")).not_to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(prompts).to_have_text([LAMP])
    page.get_by_label("Starred only").uncheck()
    expect(prompts).to_have_count(3)
    page.get_by_role("checkbox", name="Select: A lamp").click()
    expect(page.locator("#history-selection")).to_contain_text("1 selected")
    expect(page.locator(".select-box[aria-checked=true]")).to_have_count(1)
    page.locator("#history-delete-selected").click()
    expect(page.locator("#history-deleted")).to_contain_text("1 request deleted.")
    expect(prompts).to_have_text(["A red kite over dunes", "A lake #sandbox:broken"])
    expect(page.locator(".select-box[aria-checked=true]")).to_have_count(0)
    return small, small.removesuffix("/small")


def _a_past_request_opens_with_its_form_and_code_and_goes_to_other_models(page: Page, app: Playground) -> None:
    sent = len(app.jobs)
    page.locator("[data-entry]").first.click()
    actions = page.locator("#history-result .actions")
    actions.get_by_role("button", name="Open").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#prompt textarea")).to_have_value("A red kite over dunes")
    expect(button(page)).to_have_text("Generate · 7 credits · $0.07")
    expect(page.locator("#result img")).to_have_attribute("alt", "A red kite over dunes (Flux 2)")
    expect(page.locator("#code")).to_contain_text('"resolution": "2K"')
    body = request_body(page)
    assert (body["prompt"], body["resolution"]) == ("A red kite over dunes", "2K")
    page.get_by_role("tab", name="History").click()
    actions.get_by_role("button", name="Other models").click()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#compare-request textarea").first).to_have_value("A red kite over dunes")
    assert len(app.jobs) == sent


def _a_running_job_appears_goes_on_by_itself_and_takes_no_focus(page: Page, app: Playground) -> None:
    page.get_by_role("tab", name="Generate").click()
    fill_prompt(page, "A lake #sandbox:never")
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    page.get_by_role("tab", name="History").click()
    state = page.locator(".entry .head strong").first
    expect(state).to_have_text("Running")
    entry = page.locator("[data-entry]").first
    entry.focus()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-current", "true")
    expect(page.locator("#history-result .state-label")).to_have_text("Running")
    expect(page.get_by_role("button", name="Delete, once it has ended")).to_be_disabled()
    elsewhere = page.context.new_page()
    elsewhere.goto(app.address)
    elsewhere.locator("#stop-button").click()
    expect(state_label(elsewhere)).to_have_text("Stopped")
    elsewhere.close()
    expect(state).to_have_text("Stopped")
    expect(page.locator("#history-result .state-label")).to_have_text("Stopped")
    expect(entry).to_be_focused()
    page.locator("#history-result").get_by_role("button", name="Check again").click()
    page.get_by_role("tab", name="Generate").click()
    expect(state_label(page)).to_have_text("Running")
    page.locator("#stop-button").click()
    expect(state_label(page)).to_have_text("Stopped")
