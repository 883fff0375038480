"""A job belongs to its visitor and not to a page: reloads, second tabs, closed pages, and several jobs at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from components.catalog import Catalog
from tests.browser.conftest import Visitor, button, say, word
from tests.browser.survivor import Lives, Service, open_page, ready, serving
from tests.ui import ROOT

QUICK_CATALOG = re.compile(r"seconds: \[.*?\]")


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[Service]:
    with serving(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def lives(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    """An application whose host pays for tasks at that service, and whose catalog knows how quick it is."""
    folder = tmp_path_factory.mktemp("survival") / "home"
    quick = folder.parent / "quick.yaml"
    quick.write_text(QUICK_CATALOG.sub("seconds: [0.1, 0.3]", (ROOT / "catalog.yaml").read_text()))
    settings = {"API_IN_ONE_KEY": "sk-host-survival", "API_IN_ONE_BASE_URL": service.address}
    with ExitStack() as stack:
        yield Lives(folder, stack, PLAYGROUND_CATALOG=str(quick), **settings)


def test_a_double_click_is_one_job(visit: Visitor, lives: Lives, service: Service) -> None:
    """One request reaches the service, and one picture is shown; afterwards the same form is a new job."""
    page = visit(lives.address)
    service.held.add("heron")
    say(page, "A heron in the reeds")
    button(page).dblclick()
    expect(word(page)).to_have_text("Running")
    button(page).click()
    expect(page.locator("#place .task code")).to_be_visible()
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_count(1)
    expect(page.locator("#others li")).to_have_count(0)
    assert service.asked("heron") == 1
    before = page.locator("#place .task code").inner_text()
    button(page).click()
    expect(page.locator("#place .task code")).not_to_have_text(before)
    expect(word(page)).to_have_text("Done")
    assert service.asked("heron") == 2


def test_the_same_form_in_two_tabs_is_one_job_which_both_show(visit: Visitor, lives: Lives, service: Service) -> None:
    first = visit(lives.address)
    second = open_page(first.context, lives.address)
    service.held.add("otter")
    for page in (first, second):
        say(page, "An otter on its back")
        button(page).click()
        expect(word(page)).to_have_text("Running")
    task = first.locator("#place .task code").inner_text()
    expect(second.locator("#place .task code")).to_have_text(task)
    service.held.clear()
    for page in (first, second):
        expect(word(page)).to_have_text("Done")
        expect(page.locator("#place img")).to_have_count(1)
    assert service.asked("otter") == 1


def test_a_reload_shows_the_going_job_again_and_its_end(visit: Visitor, lives: Lives, service: Service) -> None:
    """With its form, its seconds and its task; afterwards it is among the earlier pictures."""
    page = visit(lives.address)
    service.held.add("tram")
    say(page, "A red tram")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    task = page.locator("#place .task code").inner_text()
    for _ in range(2):
        ready(page).reload()
        expect(word(page)).to_have_text("Running")
        expect(page.locator("#place .task code")).to_have_text(task)
        expect(page.locator("#stop-button")).to_be_visible()
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A red tram "))
    expect(page.locator("#stop-button")).not_to_be_visible()
    ready(page).reload()
    expect(page.locator("#earlier img")).to_have_attribute("alt", re.compile("^A red tram "))
    assert service.asked("tram") == 1


def test_a_page_that_is_closed_ends_nothing(visit: Visitor, lives: Lives, service: Service) -> None:
    """The next page shows the job where it is by now; one that is opened after its end, its picture."""
    page = visit(lives.address)
    service.held.add("bakery")
    say(page, "A bakery at dawn")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    context = page.context
    page.close()
    second = open_page(context, lives.address)
    expect(word(second)).to_have_text("Running")
    second.close()
    service.held.clear()
    third = open_page(context, lives.address)
    expect(third.locator("#place img, #earlier img").and_(third.get_by_alt_text(re.compile("^A bakery")))).to_have_count(1)
    assert service.asked("bakery") == 1


def test_jobs_of_another_browser_are_not_shown(visit: Visitor, lives: Lives, service: Service) -> None:
    """Not as a going job, not in a list, not as a picture; and the same form is a job of its own."""
    page = visit(lives.address)
    service.held.add("violin")
    say(page, "A violin on a chair")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    stranger = visit(lives.address)
    expect(word(stranger)).to_have_text("Example")
    expect(stranger.locator("#others li")).to_have_count(0)
    expect(stranger.locator("#earlier img")).to_have_count(0)
    say(stranger, "A violin on a chair")
    button(stranger).click()
    expect(word(stranger)).to_have_text("Running")
    service.held.clear()
    for one in (page, stranger):
        expect(word(one)).to_have_text("Done")
    assert service.asked("violin") == 2
    assert page.locator("#place .task code").inner_text() != stranger.locator("#place .task code").inner_text()


def test_a_second_job_beside_a_going_one_and_both_come_to_their_end(visit: Visitor, lives: Lives, service: Service) -> None:
    """The first moves into the list, from which it is opened again; no picture is lost."""
    page = visit(lives.address)
    service.held |= {"glacier", "desert"}
    say(page, "A glacier")
    button(page).click()
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#others li")).to_have_count(0)
    say(page, "A desert")
    button(page).click()
    expect(page.locator("#others li")).to_have_text([re.compile("Running.*A glacier")])
    service.held.discard("desert")
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A desert "))
    page.locator("#others button").click()
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#others li")).to_have_count(0)
    expect(page.locator("#earlier img").first).to_have_attribute("alt", re.compile("^A desert "))
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A glacier "))
    assert (service.asked("glacier"), service.asked("desert")) == (1, 1)


def test_a_job_in_the_list_ends_there_while_another_one_is_looked_at(visit: Visitor, lives: Lives, service: Service) -> None:
    """Its picture appears among the earlier ones by itself."""
    page = visit(lives.address)
    service.held |= {"harbour", "meadow"}
    for prompt in ("A harbour", "A meadow"):
        say(page, prompt)
        button(page).click()
        expect(word(page)).to_have_text("Running")
    expect(page.locator("#others li")).to_have_text([re.compile("A harbour")])
    service.held.discard("harbour")
    expect(page.locator("#others li")).to_have_count(0)
    expect(page.locator("#earlier img")).to_have_attribute("alt", re.compile("^A harbour "))
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
    expect(page.locator("#others li")).to_have_text([re.compile("Running.*A comet")])
    page.locator("#stop-button").click()
    expect(word(page)).to_have_text("Stopped")
    expect(page.locator("#place .problem")).to_contain_text("It may still finish and be charged.")
    expect(page.locator("#stop-button")).not_to_be_visible()
    expect(page.locator("#others li")).to_have_text([re.compile("Running.*A comet")])
    service.held.clear()
    page.get_by_role("button", name="Check again").click()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A canyon "))
    expect(page.locator("#earlier img")).to_have_attribute("alt", re.compile("^A comet "))
    assert (service.asked("comet"), service.asked("canyon")) == (1, 1)


def test_an_unsure_job_waits_for_one_of_two_decisions(visit: Visitor, lives: Lives, service: Service) -> None:
    """Also after a reload; asking again twice quickly is one new request, whatever the form holds by then."""
    page = visit(lives.address)
    say(page, "A walnut #sandbox:upstream")
    button(page).click()
    expect(word(page)).to_have_text("Unsure")
    ready(page).reload()
    expect(word(page)).to_have_text("Unsure")
    expect(page.get_by_role("button", name="Let it go")).to_be_visible()
    say(page, "Something else")
    service.mute.add("walnut")
    page.get_by_role("button", name="Ask again").dblclick()
    expect(word(page)).to_have_text("Sending")
    service.mute.clear()
    expect(word(page)).to_have_text("Unsure")
    assert service.asked("walnut") == 2
    page.get_by_role("button", name="Let it go").click()
    for name in ("Ask again", "Let it go"):
        expect(page.get_by_role("button", name=name)).not_to_be_visible()
    expect(page.locator("#place .note")).to_have_text("You let it go.")
    ready(page).reload()
    expect(word(page)).to_have_text("Example")
    expect(page.locator("#others li")).to_have_count(0)
    assert service.asked("walnut") == 2


def test_asking_again_twice_is_one_request_though_it_is_answered_at_once(
    visit: Visitor, lives: Lives, service: Service
) -> None:
    """The second click speaks of a job that has been decided already."""
    page = visit(lives.address)
    say(page, "A hazelnut #sandbox:upstream")
    button(page).click()
    expect(word(page)).to_have_text("Unsure")
    page.get_by_role("button", name="Ask again").dblclick()
    page.wait_for_timeout(1500)  # for a request that should not come
    expect(word(page)).to_have_text("Unsure")
    assert service.asked("hazelnut") == 2
