"""A job belongs to its visitor and not to a page: reloads, second tabs, closed pages, and several jobs at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from components.catalog.models import Catalog
from tests.browser.conftest import Visitor, button, say, word
from tests.browser.survivor import Lives, Service, open_page, ready, serving


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[Service]:
    with serving(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def lives(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    """An application whose host pays for tasks at that service."""
    folder = tmp_path_factory.mktemp("survival") / "home"
    with ExitStack() as stack:
        yield Lives(folder, stack, API_IN_ONE_KEY="sk-host-survival", API_IN_ONE_BASE_URL=service.address)


@pytest.fixture(autouse=True)
def forget_requests(service: Service) -> None:
    """A test that is run once more counts its own requests only."""
    service.posts.clear()
    service.held.clear()
    service.mute.clear()


def test_a_double_click_is_one_job(visit: Visitor, lives: Lives, service: Service) -> None:
    """One request reaches the service, and one picture is shown; afterwards the same form is a new job."""
    page = visit(lives.address)
    service.held.add("heron")
    say(page, "A heron in the reeds")
    button(page).dblclick()
    expect(word(page)).to_have_text("Running")
    expect(button(page), "Stop stands in its place").not_to_be_visible()
    expect(page.locator("#result .task code")).to_be_visible()
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_count(1)
    expect(page.locator("#other-jobs li")).to_have_count(0)
    assert service.asked("heron") == 1
    before = page.locator("#result .task code").inner_text()
    button(page).click()
    expect(page.locator("#result .task code")).not_to_have_text(before)
    expect(word(page)).to_have_text("Done")
    assert service.asked("heron") == 2


def test_the_same_form_is_one_job_in_two_tabs_and_another_one_in_another_browser(
    visit: Visitor, lives: Lives, service: Service
) -> None:
    """Both tabs show it. The stranger sees it neither as a going job, nor in a list, nor as a picture."""
    first = visit(lives.address)
    second = open_page(first.context, lives.address)
    service.held.add("otter")
    for page in (first, second):
        say(page, "An otter on its back")
        button(page).click()
        expect(word(page)).to_have_text("Running")
    task = first.locator("#result .task code").inner_text()
    expect(second.locator("#result .task code")).to_have_text(task)
    stranger = visit(lives.address)
    expect(word(stranger)).to_have_text("Example")
    expect(stranger.locator("#other-jobs li")).to_have_count(0)
    expect(stranger.locator("#earlier-results img")).to_have_count(0)
    assert service.asked("otter") == 1
    say(stranger, "An otter on its back")
    button(stranger).click()
    expect(word(stranger)).to_have_text("Running")
    service.held.clear()
    for page in (first, second, stranger):
        expect(word(page)).to_have_text("Done")
        expect(page.locator("#result img")).to_have_count(1)
    assert service.asked("otter") == 2
    assert stranger.locator("#result .task code").inner_text() != task


def test_a_reload_and_a_page_that_is_closed_end_nothing(visit: Visitor, lives: Lives, service: Service) -> None:
    """The next page shows the job where it is by now, with its task and Stop; one that opens after its end, its picture."""
    page = visit(lives.address)
    service.held.add("tram")
    say(page, "A red tram")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    task, context = page.locator("#result .task code").inner_text(), page.context
    for again in ("reloaded", "reloaded twice", "closed, and another one opened"):
        if again.startswith("closed"):
            page.close()
            page = open_page(context, lives.address)
        else:
            ready(page).reload()
        expect(word(page), again).to_have_text("Running")
        expect(page.locator("#result .task code"), again).to_have_text(task)
        expect(page.locator("#stop-button"), again).to_be_visible()
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A red tram "))
    expect(page.locator("#stop-button")).not_to_be_visible()
    service.held.add("bakery")
    say(page, "A bakery at dawn")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    page.close()
    service.held.clear()
    page = open_page(context, lives.address)
    expect(
        page.locator("#result img, #earlier-results img").and_(page.get_by_alt_text(re.compile("^A bakery")))
    ).to_have_count(1)
    expect(page.locator("#earlier-results img").and_(page.get_by_alt_text(re.compile("^A red tram ")))).to_have_count(1)
    assert (service.asked("tram"), service.asked("bakery")) == (1, 1)


def test_a_second_job_beside_a_going_one_and_both_come_to_their_end(visit: Visitor, lives: Lives, service: Service) -> None:
    """The first moves into the list, from which it is opened again, or ends there by itself; no picture is lost."""
    page = visit(lives.address)
    service.held |= {"glacier", "desert"}
    say(page, "A glacier")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    say(page, "A desert")
    button(page).click()
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A glacier")])
    service.held.discard("desert")
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A desert "))
    page.locator("#other-jobs button").click()
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A desert "))
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A glacier "))
    assert (service.asked("glacier"), service.asked("desert")) == (1, 1)
    service.held |= {"harbour", "meadow"}
    for prompt in ("A harbour", "A meadow"):
        say(page, prompt)
        button(page).click()
        expect(word(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("A harbour")])
    service.held.discard("harbour")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A harbour "))
    expect(word(page)).to_have_text("Running")
    service.held.clear()
    expect(word(page)).to_have_text("Done")


def test_stop_ends_the_watching_and_says_what_it_may_cost(visit: Visitor, lives: Lives, service: Service) -> None:
    """The stopped job can be looked at again without a new request; the going one beside it is left alone."""
    page = visit(lives.address)
    service.held |= {"comet", "canyon"}
    for prompt in ("A comet", "A canyon"):
        say(page, prompt)
        button(page).click()
        expect(word(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    page.locator("#stop-button").click()
    expect(word(page)).to_have_text("Stopped")
    expect(page.locator("#result .problem")).to_contain_text("It may still finish and be charged.")
    expect(page.locator("#stop-button")).not_to_be_visible()
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    service.held.discard("canyon")
    page.get_by_role("button", name="Check again").click()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A canyon "))
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    service.held.clear()
    expect(page.locator("#other-jobs li"), "the last of the others ends while nothing else is watched").to_have_count(0)
    expect(page.locator("#earlier-results img")).to_have_attribute("alt", re.compile("^A comet "))
    assert (service.asked("comet"), service.asked("canyon")) == (1, 1)


def test_an_unsure_job_waits_for_one_of_two_decisions(visit: Visitor, lives: Lives, service: Service) -> None:
    """Also after a reload; asking again twice quickly is one new request, whatever the form holds by then, and though
    it is answered at once: the second click speaks of a job that has been decided already."""
    page = visit(lives.address)
    say(page, "A walnut #sandbox:upstream")
    button(page).click()
    expect(word(page)).to_have_text("Unsure")
    ready(page).reload()
    expect(word(page)).to_have_text("Unsure")
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
    say(page, "Something else")
    service.mute.add("walnut")
    page.get_by_role("button", name="Send again").dblclick()
    expect(word(page)).to_have_text("Sending")
    service.mute.clear()
    expect(word(page)).to_have_text("Unsure")
    assert service.asked("walnut") == 2
    page.get_by_role("button", name="Dismiss").click()
    for name in ("Send again", "Dismiss"):
        expect(page.get_by_role("button", name=name)).not_to_be_visible()
    expect(page.locator("#result .note")).to_have_text("You dismissed it.")
    ready(page).reload()
    expect(word(page)).to_have_text("Unsure")
    page.locator("#other-jobs button").click()  # the first one: nobody has accepted the second
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("button", name="Dismiss")).not_to_be_visible()
    ready(page).reload()
    expect(page.locator("#result .note")).to_have_text("You dismissed it.")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    assert service.asked("walnut") == 2
    say(ready(page), "A hazelnut #sandbox:upstream")
    button(page).click()
    expect(word(page)).to_have_text("Unsure")
    page.evaluate("document.querySelector('#result .result').dataset.seen = 'before'")
    page.get_by_role("button", name="Send again").dblclick()
    expect(page.locator("#result [data-seen]")).to_have_count(0)
    expect(word(page)).to_have_text("Unsure")
    say(page, "A chestnut")
    button(page).click()
    expect(word(page)).to_have_text("Done")
    assert service.asked("chestnut") == 1  # so whatever the clicks before asked for has been sent
    assert service.asked("hazelnut") == 2
