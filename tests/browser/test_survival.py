"""A job belongs to its visitor and not to a page: reloads, second tabs, closed pages, and several jobs at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from components.catalog.models import Catalog
from tests.browser.conftest import TRANSITIONS_ENDED, OpenPage, button, fill_prompt, state_label, wait_for_opening
from tests.browser.restarts import Installation, StandInService, open_tab, stand_in_service


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[StandInService]:
    with stand_in_service(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def installation(
    browser: Browser, service: StandInService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An application with a host's key for that service."""
    folder = tmp_path_factory.mktemp("survival") / "home"
    with ExitStack() as stack:
        yield Installation(folder, stack, API_IN_ONE_KEY="sk-host-survival", API_IN_ONE_BASE_URL=service.address)


@pytest.fixture(autouse=True)
def forget_requests(service: StandInService) -> None:
    """A test that is run once more counts its own requests only."""
    service.posts.clear()
    service.unfinished.clear()
    service.unanswered.clear()


def test_a_double_click_is_one_job(open_page: OpenPage, installation: Installation, service: StandInService) -> None:
    """One request reaches the service, and one picture is shown; afterwards the same form is a new job."""
    page = open_page(installation.address)
    service.unfinished.add("heron")
    fill_prompt(page, "A heron in the reeds")
    button(page).dblclick()
    expect(state_label(page)).to_have_text("Running")
    expect(button(page), "Stop replaces it").not_to_be_visible()
    expect(page.locator("#result .task code")).to_be_visible()
    service.unfinished.clear()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_count(1)
    expect(page.locator("#other-jobs li")).to_have_count(0)
    assert service.post_count("heron") == 1
    before = page.locator("#result .task code").inner_text()
    button(page).click()
    expect(page.locator("#result .task code")).not_to_have_text(before)
    expect(state_label(page)).to_have_text("Done")
    assert service.post_count("heron") == 2


def test_the_same_form_is_one_job_in_two_tabs_and_another_one_in_another_browser(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """Both tabs show it. Another visitor sees it neither running, nor in a list, nor as a picture."""
    first = open_page(installation.address)
    second = open_tab(first.context, installation.address)
    service.unfinished.add("otter")
    for page in (first, second):
        fill_prompt(page, "An otter on its back")
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
    task = first.locator("#result .task code").inner_text()
    expect(second.locator("#result .task code")).to_have_text(task)
    strangers_page = open_page(installation.address)
    expect(state_label(strangers_page)).to_have_text("Example")
    expect(strangers_page.locator("#other-jobs li")).to_have_count(0)
    expect(strangers_page.locator("#earlier-results img")).to_have_count(0)
    assert service.post_count("otter") == 1
    fill_prompt(strangers_page, "An otter on its back")
    button(strangers_page).click()
    expect(state_label(strangers_page)).to_have_text("Running")
    service.unfinished.clear()
    for page in (first, second, strangers_page):
        expect(state_label(page)).to_have_text("Done")
        expect(page.locator("#result img")).to_have_count(1)
    assert service.post_count("otter") == 2
    expect(strangers_page.locator("#result .task code")).not_to_have_text(task)


def test_a_job_survives_a_reload_and_a_closed_page(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """The next page shows the running job with its task and Stop, or the picture if the job has ended."""
    page = open_page(installation.address)
    service.unfinished.add("tram")
    fill_prompt(page, "A red tram")
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    task, context = page.locator("#result .task code").inner_text(), page.context
    for again in ("reloaded", "reloaded twice", "closed, and another one opened"):
        if again.startswith("closed"):
            page.close()
            page = open_tab(context, installation.address)
        else:
            page.reload()
        expect(state_label(page), again).to_have_text("Running")
        expect(page.locator("#result .task code"), again).to_have_text(task)
        expect(page.locator("#stop-button"), again).to_be_visible()
    service.unfinished.clear()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A red tram "))
    expect(page.locator("#stop-button")).not_to_be_visible()
    service.unfinished.add("bakery")
    fill_prompt(page, "A bakery at dawn")
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    page.close()
    service.unfinished.clear()
    page = open_tab(context, installation.address)
    expect(
        page.locator("#result img, #earlier-results img").and_(page.get_by_alt_text(re.compile("^A bakery")))
    ).to_have_count(1)
    expect(page.locator("#earlier-results img").and_(page.get_by_alt_text(re.compile("^A red tram ")))).to_have_count(1)
    assert (service.post_count("tram"), service.post_count("bakery")) == (1, 1)


def test_a_second_job_can_start_while_the_first_runs_and_both_are_done(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """The first one moves to the list, where it can be opened again or ends by itself; no picture is lost."""
    page = open_page(installation.address)
    service.unfinished |= {"glacier", "desert"}
    fill_prompt(page, "A glacier")
    button(page).click()
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    fill_prompt(page, "A desert")
    button(page).click()
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A glacier")])
    service.unfinished.discard("desert")
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A desert "))
    page.locator("#other-jobs button").click()
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A desert "))
    service.unfinished.clear()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A glacier "))
    assert (service.post_count("glacier"), service.post_count("desert")) == (1, 1)
    service.unfinished |= {"harbour", "meadow"}
    for prompt in ("A harbour", "A meadow"):
        fill_prompt(page, prompt)
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("A harbour")])
    service.unfinished.discard("harbour")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A harbour "))
    expect(state_label(page)).to_have_text("Running")
    service.unfinished.clear()
    expect(state_label(page)).to_have_text("Done")


def test_stop_ends_the_job_and_says_what_it_may_cost(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """The stopped job can be checked again without a new request; the other running job is not affected."""
    page = open_page(installation.address)
    service.unfinished |= {"comet", "canyon"}
    for prompt in ("A comet", "A canyon"):
        fill_prompt(page, prompt)
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    page.locator("#stop-button").click()
    expect(state_label(page)).to_have_text("Stopped")
    expect(page.locator("#result .problem")).to_contain_text("It may still finish and be charged.")
    expect(page.locator("#stop-button")).not_to_be_visible()
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    service.unfinished.discard("canyon")
    page.get_by_role("button", name="Check again").click()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A canyon "))
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A comet")])
    service.unfinished.clear()
    expect(page.locator("#other-jobs li"), "the last other job ends while no job is shown").to_have_count(0)
    expect(page.locator("#earlier-results img")).to_have_attribute("alt", re.compile("^A comet "))
    assert (service.post_count("comet"), service.post_count("canyon")) == (1, 1)


def test_an_unsure_job_can_be_sent_again_or_dismissed(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """Also after a reload. A double click on Send again is one new request, whatever the form holds by then, even if
    the first click is answered at once."""
    page = open_page(installation.address)
    fill_prompt(page, "A walnut #sandbox:upstream")
    button(page).click()
    expect(state_label(page)).to_have_text("Unsure")
    page.reload()
    expect(state_label(page)).to_have_text("Unsure")
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
    fill_prompt(wait_for_opening(page), "Something else")
    service.unanswered.add("walnut")
    page.get_by_role("button", name="Send again").dblclick()
    expect(state_label(page)).to_have_text("Sending")
    service.unanswered.clear()
    expect(state_label(page)).to_have_text("Unsure")
    assert service.post_count("walnut") == 2
    page.get_by_role("button", name="Dismiss").click()
    for name in ("Send again", "Dismiss"):
        expect(page.get_by_role("button", name=name)).not_to_be_visible()
    expect(page.locator("#result .note")).to_have_text("You dismissed it.")
    page.reload()
    expect(state_label(page)).to_have_text("Unsure")
    page.locator("#other-jobs button").click()  # the first job: the second was never accepted
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("button", name="Dismiss")).not_to_be_visible()
    page.reload()
    expect(page.locator("#result .note")).to_have_text("You dismissed it.")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    assert service.post_count("walnut") == 2
    fill_prompt(wait_for_opening(page), "A hazelnut #sandbox:upstream")
    button(page).click()
    expect(state_label(page)).to_have_text("Unsure")
    result = page.locator("#result .result")
    before = str(result.get_attribute("data-job"))
    page.get_by_role("button", name="Send again").dblclick()
    expect(result).not_to_have_attribute("data-job", before)
    expect(state_label(page)).to_have_text("Unsure")
    page.evaluate(TRANSITIONS_ENDED)  # the form has been filled
    fill_prompt(page, "A chestnut")
    button(page).click()
    expect(state_label(page)).to_have_text("Done")
    assert service.post_count("chestnut") == 1  # so every request of the earlier clicks has been sent by now
    assert service.post_count("hazelnut") == 2
