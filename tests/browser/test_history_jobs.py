"""What can be done with a job of the History tab: marked, reused, deleted, watched going on, and hostile text read."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Playground, button, request_body, state_label
from tests.browser.history_setup import SAMPLE_REQUESTS, count, create_jobs, open_history, visitor_secret, wait_until_deleted
from tests.browser.test_hostile import SCRIPTS, TEXTS


def test_stars_notes_and_tags_are_kept_and_found_again_until_the_request_is_deleted(
    open_page: OpenPage, app: Playground
) -> None:
    """A deletion can be undone for some seconds; after that nothing of it is left, and its pictures are gone."""
    page = open_page(app.address)
    create_jobs(app, visitor_secret(page), [("flux-2", {"prompt": "A lamp that nobody else uses"}), SAMPLE_REQUESTS[0]])
    open_history(page, 2)
    star = page.locator(".entry .star").nth(1)
    for pressed in ("true", "false", "true"):
        star.click()
        expect(star).to_have_attribute("aria-pressed", pressed)
    page.locator("[data-entry]").nth(1).click()
    expect(page.locator("#history-result [data-action=star]")).to_have_attribute("aria-pressed", "true")
    page.locator("#history-note input").fill("for the deck #kite")
    page.locator("#history-note input").press("Enter")
    expect(page.locator(".entry .tags")).to_have_text("#kite")
    page.reload()
    open_history(page, 2)
    page.locator(".entry [data-tag]").click()
    expect(count(page)).to_have_text("1 request")
    expect(page.locator("#history-text input")).to_have_value("#kite")
    page.locator("#history-text input").fill("")
    page.get_by_label("Starred only").check()
    prompts = page.locator(".entry .excerpt")
    expect(prompts).to_have_text(["A lamp that nobody else uses"])
    expect(page).to_have_url(f"{app.address}/?tab=history&starred=1")
    page.reload()
    expect(prompts).to_have_text(["A lamp that nobody else uses"])
    expect(page.get_by_label("Starred only")).to_be_checked()
    small = str(page.locator(".entry .frame img").get_attribute("src"))
    page.locator("[data-entry]").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-nothing")).to_have_text("No request matches these filters.")
    expect(page.locator("#history-detail")).not_to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(prompts).to_have_text(["A lamp that nobody else uses"])
    page.get_by_label("Starred only").uncheck()
    expect(prompts).to_have_count(2)
    page.get_by_role("checkbox", name="Select: A lamp").click()
    expect(page.locator("#history-selection")).to_contain_text("1 selected")
    expect(page.locator(".select-box[aria-checked=true]")).to_have_count(1)
    page.locator("#history-delete-selected").click()
    expect(page.locator("#history-deleted")).to_contain_text("1 request deleted.")
    expect(prompts).to_have_text(["A red kite over dunes"])
    expect(page.locator(".select-box[aria-checked=true]")).to_have_count(0)
    expect(page.locator("#history-deleted")).not_to_be_visible(timeout=30_000)
    wait_until_deleted(page, *(f"{app.address}/{name}" for name in (small, small.removesuffix("/small"))))


def test_a_past_request_opens_with_its_form_and_code_and_goes_to_other_models(open_page: OpenPage, app: Playground) -> None:
    page, sent = open_page(app.address), len(app.jobs)
    create_jobs(app, visitor_secret(page), SAMPLE_REQUESTS[:2])
    open_history(page, 2)
    page.locator("[data-entry]").nth(1).click()
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
    assert len(app.jobs) == sent + 2


def test_a_lost_answer_takes_the_id_of_its_task(open_page: OpenPage, app: Playground) -> None:
    """A wrong one changes nothing and says why."""
    page = open_page(app.address)
    create_jobs(app, visitor_secret(page), [("flux-2", {"prompt": "A lake #sandbox:broken"}), SAMPLE_REQUESTS[0]])
    open_history(page, 2)
    page.locator("[data-entry]").nth(1).click()
    expect(page.locator("#history-result .state-label")).to_have_text("Unsure")
    enter, task = page.get_by_role("button", name="Enter its task id"), page.get_by_label("Its task id")
    enter.click()
    task.fill("n1nothing")
    page.get_by_role("button", name="Follow this task").click()
    expect(page.locator("#banner")).to_contain_text("does not know this task")
    expect(enter, "the focus is back").to_be_focused()
    enter.press("Enter")
    task.fill(str(page.locator(".entry .task code").inner_text()))
    task.press("Enter")
    expect(page.locator("#banner")).to_contain_text("another request has this task")
    expect(page.locator("#history-result .state-label")).to_have_text("Unsure")


def test_a_running_job_appears_goes_on_by_itself_and_takes_no_focus(open_page: OpenPage, app: Playground) -> None:
    address = f"{app.address}/?model=flux-2&prompt=A+lake+%23sandbox:never"
    page = open_page(address)
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry .head strong")).to_have_text(["Running"])
    entry = page.locator("[data-entry]")
    entry.focus()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-current", "true")
    expect(page.locator("#history-result .state-label")).to_have_text("Running")
    expect(page.get_by_role("button", name="Delete, once it has ended")).to_be_disabled()
    elsewhere = page.context.new_page()
    elsewhere.goto(app.address)
    elsewhere.locator("#stop-button").click()
    expect(state_label(elsewhere)).to_have_text("Stopped")
    expect(page.locator(".entry .head strong")).to_have_text(["Stopped"])
    expect(page.locator("#history-result .state-label")).to_have_text("Stopped")
    expect(entry).to_be_focused()
    page.locator("#history-result").get_by_role("button", name="Check again").click()
    page.get_by_role("tab", name="Generate").click()
    expect(state_label(page)).to_have_text("Running")
    page.locator("#stop-button").click()
    expect(state_label(page)).to_have_text("Stopped")


def test_hostile_text_is_text_in_cards_details_and_table(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    long = "".join(f"{number}ä🦊" for number in range(10_000))[:5000]
    texts = [*TEXTS, long]
    create_jobs(app, visitor_secret(page), [("flux-2", {"prompt": text}) for text in texts])
    scripts = page.evaluate(SCRIPTS)
    open_history(page, len(texts))
    for number, text in enumerate(reversed(texts)):
        page.locator("[data-entry]").nth(number).click()
        expect(page.locator(".request .prompt")).to_have_js_property("textContent", text)
        assert page.locator(".entry .excerpt").nth(number).get_attribute("title") == text
        assert page.evaluate(SCRIPTS) <= scripts
    page.locator("#history-note input").fill(TEXTS[2])
    page.locator("#history-note input").press("Enter")
    expect(page.locator("#history-request dd[dir=auto]").last).to_have_text(TEXTS[2])
    page.get_by_label("Table").check()
    expect(page.locator(".history-table tbody tr")).to_have_count(len(texts))
    assert page.evaluate(SCRIPTS) <= scripts
    assert page.locator("img[src='x'], #history svg:not(button svg, .gradio-style svg, svg.icon)").count() == 0
