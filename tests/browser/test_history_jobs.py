"""What can be done with a job of the History tab: marked, reused, deleted, watched going on, and hostile text read."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Playground, Visitor, button, request_body, word
from tests.browser.past import SOME, count, have_made, open_history, secret_of
from tests.browser.test_hostile import SCRIPTS, TEXTS


def test_stars_notes_and_tags_are_kept_and_found_again_until_the_request_is_deleted(visit: Visitor, app: Playground) -> None:
    """Which it is after a second look, and so are its pictures."""
    page = visit(app.address)
    have_made(app, secret_of(page), [("flux-2", {"prompt": "A lamp that nobody else asks for"}), SOME[0]])
    open_history(page, 2)
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
    open_history(page, 2)
    page.locator(".entry [data-tag]").click()
    expect(count(page)).to_have_text("1–1 of 1")
    expect(page.locator("#history-text input")).to_have_value("#kite")
    page.locator("#history-text input").fill("")
    page.get_by_label("Starred only").check()
    expect(page.locator(".entry .said")).to_have_text(["A lamp that nobody else asks for"])
    expect(page).to_have_url(f"{app.address}/?tab=history&starred=1")
    page.reload()
    expect(page.locator(".entry .said")).to_have_text(["A lamp that nobody else asks for"])
    expect(page.get_by_label("Starred only")).to_be_checked()
    small = str(page.locator(".entry .frame img").get_attribute("src"))
    page.locator("[data-entry]").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-really")).to_contain_text("Its cost stays in the spend.")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#history-really")).not_to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("#history-nothing")).to_have_text("No request matches these filters.")
    expect(page.locator("#history-detail")).not_to_be_visible()
    for picture in (small, small.removesuffix("/small")):
        assert page.request.get(f"{app.address}/{picture}").status == 404, picture
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".entry .said")).to_have_text(["A red kite over dunes"])


def test_a_past_request_fills_the_form_the_comparison_and_the_program(visit: Visitor, app: Playground) -> None:
    page, sent = visit(app.address), len(app.jobs)
    have_made(app, secret_of(page), SOME[:2])
    open_history(page, 2)
    page.locator("[data-entry]").nth(1).click()
    page.get_by_role("button", name="The same call as a program").click()
    expect(page.locator("#history-program pre")).to_contain_text('"resolution": "2K"')
    page.locator("#history-program").get_by_label("Python").check()
    expect(page.locator("#history-program pre")).to_contain_text("import httpx")
    page.get_by_role("button", name="Use these settings").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#prompt textarea")).to_have_value("A red kite over dunes")
    expect(button(page)).to_have_text("Generate · 7 credits · $0.07")
    expect(page.locator("#place img")).to_have_attribute("alt", "A red kite over dunes (Flux 2)")
    expect(page.locator("#code")).to_contain_text('"resolution": "2K"')
    body = request_body(page)
    assert (body["prompt"], body["resolution"]) == ("A red kite over dunes", "2K")
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="Same prompt, other models").click()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#compare-ask textarea").first).to_have_value("A red kite over dunes")
    assert len(app.jobs) == sent + 2


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
    have_made(app, secret_of(page), [("flux-2", {"prompt": text}) for text in texts])
    scripts = page.evaluate(SCRIPTS)
    open_history(page, len(texts))
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
