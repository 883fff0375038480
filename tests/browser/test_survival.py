"""A job belongs to its visitor and not to a page: reloads, second tabs, closed pages and streams, and several jobs at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import TRANSITIONS_ENDED, OpenPage, button, fill_prompt, state_label, wait_for_opening
from tests.browser.restarts import Installation, StandInService, enter_key, open_tab, stand_in_service
from tests.interrupting_proxy import interrupting_proxy

KEY = "sk-behind-proxies-0123456789"


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


def test_jobs_of_one_visitor_are_sent_once_listed_stopped_and_shown_in_every_tab(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    page = open_page(installation.address)
    _double_click_is_one_job(page, service)
    _second_job_can_start_while_the_first_runs_and_both_are_done(page, service)
    _other_job_ends_in_the_list(page, service)
    _stop_ends_the_job_and_says_what_it_may_cost(page, service)
    task = _same_form_is_one_job_in_two_tabs(page, open_tab(page.context, installation.address), service)
    strangers_page = open_page(installation.address)
    _job_is_hidden_from_another_browser_where_the_same_form_is_another_one(strangers_page, task, service)
    for tab in page.context.pages:
        _expect_picture(tab, "An otter on its back")
        expect(tab.locator("#result img")).to_have_count(1)


def _start(page: Page, prompt: str) -> None:
    fill_prompt(page, prompt)
    button(page).click()
    expect(state_label(page), prompt).to_have_text("Running")


def _expect_picture(page: Page, prompt: str) -> None:
    expect(state_label(page), prompt).to_have_text("Done")
    expect(page.locator("#result img"), prompt).to_have_attribute("alt", re.compile(f"^{prompt} "))


def _double_click_is_one_job(page: Page, service: StandInService) -> None:
    """One request reaches the service, and one picture is shown; afterwards the same form is a new job."""
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


def _second_job_can_start_while_the_first_runs_and_both_are_done(page: Page, service: StandInService) -> None:
    """The first one moves to the list, where it can be opened again; no picture is lost."""
    service.unfinished |= {"glacier", "desert"}
    _start(page, "A glacier")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    fill_prompt(page, "A desert")
    button(page).click()
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("Running.*A glacier")])
    service.unfinished.discard("desert")
    _expect_picture(page, "A desert")
    page.locator("#other-jobs button").click()
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A desert "))
    service.unfinished.clear()
    _expect_picture(page, "A glacier")
    assert (service.post_count("glacier"), service.post_count("desert")) == (1, 1)


def _other_job_ends_in_the_list(page: Page, service: StandInService) -> None:
    service.unfinished |= {"harbour", "meadow"}
    _start(page, "A harbour")
    _start(page, "A meadow")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("A harbour")])
    service.unfinished.discard("harbour")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A harbour "))
    expect(state_label(page)).to_have_text("Running")
    service.unfinished.clear()
    _expect_picture(page, "A meadow")


def _stop_ends_the_job_and_says_what_it_may_cost(page: Page, service: StandInService) -> None:
    """The stopped job can be checked again without a new request; the other running job is not affected."""
    service.unfinished |= {"comet", "canyon"}
    _start(page, "A comet")
    _start(page, "A canyon")
    comet = [re.compile("Running.*A comet")]
    expect(page.locator("#other-jobs li")).to_have_text(comet)
    page.locator("#stop-button").click()
    expect(state_label(page)).to_have_text("Stopped")
    expect(page.locator("#result .problem")).to_contain_text("It may still finish and be charged.")
    expect(page.locator("#stop-button")).not_to_be_visible()
    expect(page.locator("#other-jobs li")).to_have_text(comet)
    service.unfinished.discard("canyon")
    page.get_by_role("button", name="Check again").click()
    _expect_picture(page, "A canyon")
    expect(page.locator("#other-jobs li")).to_have_text(comet)
    service.unfinished.clear()
    expect(page.locator("#other-jobs li"), "the last other job ends while no job is shown").to_have_count(0)
    expect(page.locator("#earlier-results img").first).to_have_attribute("alt", re.compile("^A comet "))
    assert (service.post_count("comet"), service.post_count("canyon")) == (1, 1)


def _same_form_is_one_job_in_two_tabs(first: Page, second: Page, service: StandInService) -> str:
    """Both show it. Returns its task."""
    service.unfinished.add("otter")
    for page in (first, second):
        _start(page, "An otter on its back")
    task = first.locator("#result .task code").inner_text()
    expect(second.locator("#result .task code")).to_have_text(task)
    return task


def _job_is_hidden_from_another_browser_where_the_same_form_is_another_one(
    page: Page, task: str, service: StandInService
) -> None:
    """Another visitor sees it neither running, nor in a list, nor as a picture."""
    expect(state_label(page)).to_have_text("Example")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    expect(page.locator("#earlier-results img")).to_have_count(0)
    assert service.post_count("otter") == 1
    _start(page, "An otter on its back")
    service.unfinished.clear()
    _expect_picture(page, "An otter on its back")
    expect(page.locator("#result img")).to_have_count(1)
    expect(page.locator("#result .task code")).not_to_have_text(task)
    assert service.post_count("otter") == 2


def test_jobs_survive_a_reload_and_a_closed_page_whether_they_run_have_ended_or_are_unsure(
    open_page: OpenPage, installation: Installation, service: StandInService
) -> None:
    """The next page shows the running job with its task and Stop, and the picture of the one that has ended."""
    page = open_page(installation.address)
    service.unfinished |= {"tram", "bakery"}
    _start(page, "A bakery at dawn")
    _start(page, "A red tram")
    expect(page.locator("#other-jobs li")).to_have_text([re.compile("A bakery")])
    task, context = page.locator("#result .task code").inner_text(), page.context
    page.reload()
    _expect_running_task(page, task, "reloaded")
    page.close()
    service.unfinished.discard("bakery")
    page = open_tab(context, installation.address)
    _expect_running_task(page, task, "closed, and another one opened")
    expect(page.locator("#earlier-results img")).to_have_attribute("alt", re.compile("^A bakery "))
    service.unfinished.clear()
    _expect_picture(page, "A red tram")
    expect(page.locator("#stop-button")).not_to_be_visible()
    assert (service.post_count("tram"), service.post_count("bakery")) == (1, 1)
    _unsure_job_can_be_sent_again_or_dismissed(page, service)
    _job_that_is_sent_again_leaves_the_form_to_the_next_one(page, service)


def _expect_running_task(page: Page, task: str, again: str) -> None:
    expect(state_label(page), again).to_have_text("Running")
    expect(page.locator("#result .task code"), again).to_have_text(task)
    expect(page.locator("#stop-button"), again).to_be_visible()


def _unsure_job_can_be_sent_again_or_dismissed(page: Page, service: StandInService) -> None:
    """Also after a reload. A double click on Send again is one new request, whatever the form holds by then."""
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
    page.locator("#other-jobs button").click()  # the first job: the second was never accepted
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("button", name="Dismiss")).not_to_be_visible()
    page.reload()
    expect(page.locator("#result .note")).to_have_text("You dismissed it.")
    expect(page.locator("#other-jobs li")).to_have_count(0)
    assert service.post_count("walnut") == 2


def _job_that_is_sent_again_leaves_the_form_to_the_next_one(page: Page, service: StandInService) -> None:
    """A double click on Send again is one new request even if the first click is answered at once."""
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


@pytest.mark.parametrize("aborts", [True, False], ids=["aborted", "ended"])
def test_a_page_whose_streams_are_closed_continues_without_a_reload(
    browser: Browser, installation: Installation, service: StandInService, aborts: bool
) -> None:
    """A typed key and text stay, the job that runs is followed to its end, and so is a second one."""
    service.unfinished |= {"first", "second"}
    with (
        interrupting_proxy(installation.address, aborts=aborts) as (address, close_connections),
        browser.new_context() as context,
    ):
        page = open_tab(context, address)
        enter_key(page, KEY)
        loads: list[str] = []
        page.on("load", lambda opened: loads.append(opened.url))
        _start(page, "A first kite")
        for _ in range(2):
            close_connections()
            fill_prompt(page, "A second kite")
            for _ in range(2):  # one update may have been on its way
                seconds = page.locator("#result .elapsed").inner_text()
                expect(page.locator("#result .elapsed")).not_to_have_text(seconds)
        context.set_offline(True)
        page.wait_for_timeout(1_000)
        context.set_offline(False)
        service.unfinished.discard("first")
        expect(state_label(page)).to_have_text("Done")
        expect(page.locator("#prompt textarea")).to_have_value("A second kite")
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
        close_connections()
        service.unfinished.clear()
        expect(state_label(page)).to_have_text("Done")
        expect(page.locator(".pill.visitor")).to_be_visible()
        expect(page.get_by_text(re.compile("Connection lost"))).to_have_count(0)
        assert (loads, service.post_count("first"), service.post_count("second")) == ([], 1, 1)
