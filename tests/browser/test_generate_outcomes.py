"""Every outcome of a job says what happened, what it cost and what to do next."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, generate, state_label

# Sandbox marker, label of the state that it leads to, and texts on the page: what happened, charge, next step. The messages
# of the other failures are tested without a browser, in tests/ui/test_endpoint_visitors.py.
OUTCOMES = (
    ("credits", "Failed", ("out of credits (402)", "Nothing was charged.", "https://apiin.one/billing/credits")),
    ("moderation", "Failed", ("refuses this content (400)", "Nothing was charged.", "Rephrase the prompt")),
    ("failed", "Failed", ("The model crashed", "Nothing was charged.", "Try again, or try another model.")),
    ("gone", "Saving", ("The picture is not there yet", "404", "Trying again")),
    ("word", "Running", ('The service says "THAWING"', "Stop ends it")),
    ("broken", "Unsure", ("may have been accepted", "Nothing was charged.", "Send it again or dismiss it.")),
    ("upstream", "Unsure", ("The service failed (500)", "Nothing was charged.", "Send it again or dismiss it.")),
)


def test_every_outcome_says_what_happened_what_it_cost_and_what_to_do(open_page: OpenPage, app: Playground) -> None:
    page, logged = open_page(f"{app.address}/?model=flux-2&aspect_ratio=16:9"), len(app.log)
    for marker, outcome, texts in OUTCOMES:
        fill_prompt(page, f"A lighthouse #sandbox:{marker}")
        generate(page, outcome)
        for part in texts:
            expect(page.locator("#result .result"), marker).to_contain_text(part)
        buttons = {"Unsure": ("Send again", "Dismiss"), "Saving": ("Stop",), "Running": ("Stop",)}.get(outcome, ())
        for name in buttons:
            expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
        assert "Traceback" not in page.locator("body").inner_text()
        if marker == "broken":
            _an_unsure_request_is_dismissed(page, app)
        if marker == "upstream":
            _an_unsure_request_is_sent_again(page, app)
    assert "Traceback" not in app.log[logged:]
    fill_prompt(page, "A lighthouse #sandbox:square")
    generate(page)
    expect(page.locator("#result .result-details .chip")).to_have_text("asked 16:9, got 1:1")
    _a_running_job_has_a_frame_of_the_requested_shape(page)
    _other_visitors_get_their_pictures_meanwhile(open_page, app)
    _stop_says_what_becomes_of_it(page)


def _an_unsure_request_is_dismissed(page: Page, app: Playground) -> None:
    """Which creates no other job."""
    jobs = app.jobs
    page.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.get_by_role("button", name="Send again")).not_to_be_visible()
    expect(page.locator("#result .note")).to_be_visible()
    assert app.jobs == jobs


def _an_unsure_request_is_sent_again(page: Page, app: Playground) -> None:
    """As another job."""
    jobs = app.jobs
    page.evaluate("document.querySelector('#result .result').dataset.seen = 'before'")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#result [data-seen]")).to_have_count(0)
    expect(state_label(page)).to_have_text("Unsure")
    assert len(app.jobs) == len(jobs) + 1


def _a_running_job_has_a_frame_of_the_requested_shape(page: Page) -> None:
    fill_prompt(page, "A lake #sandbox:never")
    generate(page, "Running")
    box = page.locator("#result .skeleton").bounding_box() or {}
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)
    expect(page.locator("#result .state")).to_contain_text(re.compile(r"typically [\d.]+–[\d.]+ s"))
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"^\d\d?$"))
    expect(page.locator("#result .elapsed")).to_have_text(re.compile("^[2-9] s$"))
    expect(button(page), "Stop replaces it").not_to_be_visible()


def _other_visitors_get_their_pictures_meanwhile(open_page: OpenPage, app: Playground) -> None:
    """Two at once; tests/ui/test_endpoint_visitors.py has twenty."""
    prompts = [f"A boat with the number {number}" for number in range(2)]
    pages = [open_page(f"{app.address}/?model=flux-2", ready=False) for _ in prompts]
    for page, prompt in zip(pages, prompts, strict=True):
        expect(button(page)).to_contain_text("credits")
        fill_prompt(page, prompt)
    for page in pages:
        button(page).click()
    for page, prompt in zip(pages, prompts, strict=True):
        expect(state_label(page)).to_have_text("Done")
        expect(page.locator("#result img")).to_have_attribute("alt", f"{prompt} (Flux 2)")


def _stop_says_what_becomes_of_it(page: Page) -> None:
    expect(state_label(page)).to_have_text("Running")
    page.locator("#stop-button").click()
    expect(state_label(page)).to_have_text("Stopped")
    expect(page.locator("#result .problem")).to_contain_text("Nothing was charged.")
    expect(page.get_by_role("button", name="Check again")).to_be_visible()
    expect(page.locator("#stop-button")).not_to_be_visible()
