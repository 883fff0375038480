"""A page that opens takes nothing before it knows whose visit this is, and what is sent in spite of that is not lost."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Playground, Visitor, button, say, word
from tests.browser.past import held_back, open_history
from tests.browser.test_compare import address, compare


def test_nothing_is_taken_that_the_first_answer_would_overwrite(visit: Visitor, app: Playground) -> None:
    page, sent = visit(app.address), len(app.jobs)
    box = page.locator("#prompt textarea")
    example = box.input_value()
    with held_back(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        for part in (box, page.locator("#key input"), button(page)):
            part.scroll_into_view_if_needed()
            where = part.bounding_box()
            assert where
            page.mouse.click(where["x"] + 5, where["y"] + 5)
            page.keyboard.type("lost")
            page.keyboard.press("Enter")
        assert (box.input_value(), page.locator("#key input").input_value()) == ("", "")
    expect(box).to_have_value(example)
    assert len(app.jobs) == sent
    say(page, "A fox after all")
    expect(page).to_have_url(re.compile("fox"))


def test_what_is_sent_before_the_first_answer_is_watched_and_found_again(visit: Visitor, app: Playground) -> None:
    """It is the browser's own, by its cookie: a request of Generate, a comparison, and both in the history."""
    page = visit(address(app, "cogview-4", "flux-2"))
    with held_back(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        page.evaluate("window.playground.opened()")  # as it happens when no answer has come for long
        say(page, "A fox that could not wait")
        button(page).click()
        expect(word(page)).to_have_text("Done")
        page.get_by_role("tab", name="Compare").click()
        page.locator("#compare-prompt textarea").fill("Two foxes that could not wait")
        compare(page)
        expect(page.locator(".card img")).not_to_have_count(0)
        expect(page.locator("#compare-stop")).not_to_be_visible()
        cards = page.locator(".card").count()
        open_history(page, 1 + cards)
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(".card img")).to_have_count(cards)
