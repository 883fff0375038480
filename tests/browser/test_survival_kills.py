"""The server is killed and started again: no job, picture or credit is lost.

Starting and killing it takes long, so the tests share one kill, whose fixture prepares their pages and jobs.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError

from components.catalog.models import Catalog
from tests.browser.conftest import button, fill_prompt, state_label
from tests.browser.restarts import Installation, StandInService, enter_key, open_tab, stand_in_service

KEY = "sk-canary-0c9a8f7e6d5b"
HOST_KEY = "sk-host-outlives"
CONNECTION_LOST = "Connection lost; the job continues"
# One step in the page: between two steps of a test the page could reload, and the host's key would rightly pay.
GENERATE_BEFORE_THE_RELOAD = """
window.before && document.querySelector(".pill").textContent.includes("Your key")
    && document.querySelector("#generate-button").click()
"""


@dataclass
class KilledApp:
    """An installation after a kill and a restart, with browsers, pages and task ids from before it, by name.

    ``records`` is an SQL dump of the database as the killed process left it.
    """

    installation: Installation
    browsers: dict[str, BrowserContext] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    records: str = ""

    def open_browser(self, name: str, browser: Browser, stack: ExitStack) -> Page:
        """Open the page in a browser of its own, whose console errors while the server is dead are ignored."""
        self.browsers[name] = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        stack.callback(self.browsers[name].close)
        self.pages[name] = open_tab(self.browsers[name], self.installation.address)
        return self.pages[name]

    def start_job(self, name: str, prompt: str, task: str) -> None:
        """Press Generate on this page, wait until the job has its task, and keep that by this name."""
        page = self.pages[name]
        fill_prompt(page, prompt)
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
        self.tasks[task] = page.locator("#result .task code").inner_text()


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[StandInService]:
    with stand_in_service(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def killed(browser: Browser, service: StandInService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledApp]:
    """Killed while the host's key pays, up to 100 credits a day, and visitors' keys are in use."""
    folder = tmp_path_factory.mktemp("hosted")
    settings = {"API_IN_ONE_KEY": HOST_KEY, "PLAYGROUND_DAILY_CREDITS": "100"}
    with ExitStack() as stack:
        dead = KilledApp(Installation(folder / "home", stack, API_IN_ONE_BASE_URL=service.address, **settings))
        service.unfinished |= {"ferry", "Heather", "lantern"}
        service.unanswered.add("dice")
        for name in ("left", "keyed", "watching"):
            dead.open_browser(name, browser, stack)
        pages = dead.pages
        enter_key(pages["keyed"], KEY)
        expect(pages["keyed"].locator(".pill")).to_contain_text("Your key")
        fill_prompt(pages["keyed"], "A brass bell")
        expect(pages["keyed"]).to_have_url(re.compile("brass"))
        dead.start_job("watching", "Heather on a hill", "watching")
        dead.start_job("left", "A ferry in the fog", "ferry")
        fill_prompt(pages["left"], "Two dice")
        button(pages["left"]).click()
        expect(state_label(pages["left"])).to_have_text("Sending")
        enter_key(pages["left"], KEY)
        expect(pages["left"].locator(".pill")).to_contain_text("Your key")
        dead.start_job("left", "A paper lantern", "lantern")
        pages.pop("left").close()
        for page in pages.values():
            page.evaluate("window.before = true")

        dead.installation.kill()
        shutil.copytree(
            dead.installation.database.parent, folder / "left"
        )  # opening the original would merge its write-ahead log
        with sqlite3.connect(folder / "left" / dead.installation.database.name) as records:
            dead.records = "\n".join(records.iterdump())
        expect(pages["watching"].locator("#result .elapsed")).to_have_text(CONNECTION_LOST)

        dead.installation.start()
        with suppress(PlaywrightError):  # the page may be reloading already
            pages["keyed"].evaluate(GENERATE_BEFORE_THE_RELOAD)
        yield dead
        service.unfinished.clear()
        service.unanswered.clear()


def test_a_killed_process_loses_no_job_and_sends_nothing_twice(killed: KilledApp, service: StandInService) -> None:
    """A new page of the visitor shows every job: one that waits for its key, one that runs, and one that is unsure."""
    page = open_tab(killed.browsers["left"], killed.installation.address)
    expect(state_label(page)).to_have_text("Needs its key")
    expect(page.locator("#result .note")).to_contain_text("Keys are never stored: enter it again")
    _running_job_goes_on(page, killed, service)
    _request_whose_answer_died_with_the_process_is_not_sent_again_by_itself(page, service)
    _job_on_a_typed_key_goes_on_when_it_is_typed_again(page, killed, service)


def _open_other_job(page: Page, prompt: str) -> None:
    page.locator("#other-jobs button", has_text=prompt).click()
    expect(page.locator("#other-jobs button", has_text=prompt)).to_have_count(0)


def _expect_picture(page: Page, prompt: str) -> None:
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile(f"^{prompt} "))


def _running_job_goes_on(page: Page, killed: KilledApp, service: StandInService) -> None:
    """With the same task, its picture and the same spending: three jobs of ten credits."""
    _open_other_job(page, "A ferry")
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(killed.tasks["ferry"])
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    service.unfinished.discard("ferry")
    _expect_picture(page, "A ferry")
    expect(page.locator("#result img")).to_have_js_property("complete", True)
    assert page.locator("#result img").evaluate("node => node.naturalWidth") > 0
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    assert service.post_count("ferry") == 1


def _request_whose_answer_died_with_the_process_is_not_sent_again_by_itself(page: Page, service: StandInService) -> None:
    """It is unsure and keeps its price reserved until its visitor sends it again or dismisses it."""
    _open_other_job(page, "Two dice")
    expect(state_label(page)).to_have_text("Unsure")
    expect(page.locator("#result .problem")).to_contain_text("stopped while the request was being sent")
    expect(page.locator("#spend")).to_contain_text("30 of 100 credits, 20 of them reserved · you: 20 credits")
    assert service.post_count("dice") == 1
    service.unanswered.discard("dice")
    page.get_by_role("button", name="Send again").dblclick()
    _expect_picture(page, "Two dice")
    assert service.post_count("dice") == 2


def _job_on_a_typed_key_goes_on_when_it_is_typed_again(page: Page, killed: KilledApp, service: StandInService) -> None:
    """Keys are not stored: the new process cannot poll, says so, and sends nothing twice."""
    _open_other_job(page, "A paper lantern")
    expect(state_label(page)).to_have_text("Needs its key")
    enter_key(page, KEY)
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(killed.tasks["lantern"])
    service.unfinished.discard("lantern")
    _expect_picture(page, "A paper lantern")
    paid = [key for body, key in zip(service.posts, service.keys, strict=True) if "lantern" in body["prompt"]]
    assert paid == [f"Bearer {KEY}"]
    assert KEY not in killed.installation.app.log
    files = list(killed.installation.database.parent.glob(f"{killed.installation.database.name}*"))
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []


def test_an_open_page_says_that_the_connection_is_lost_and_reloads(killed: KilledApp, service: StandInService) -> None:
    """The fixture waits for the message before it starts the server again."""
    page = killed.pages["watching"]
    page.wait_for_function("!window.before")
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(killed.tasks["watching"])
    expect(page.locator("#prompt textarea")).to_have_value("Heather on a hill")
    service.unfinished.discard("Heather")
    expect(state_label(page)).to_have_text("Done")
    assert service.post_count("Heather") == 1


def test_an_open_page_without_a_job_reloads_and_does_not_silently_use_the_hosts_key(
    killed: KilledApp, service: StandInService
) -> None:
    """The typed key died with the process. What is sent after the page has said so is shown, belongs to the same visitor,
    and is paid with the host's key."""
    page = killed.pages["keyed"]
    page.wait_for_function("!window.before")
    expect(page.get_by_text("Enter it again to continue with it.")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("Host key")
    paid = [key for body, key in zip(service.posts, service.keys, strict=True) if "brass bell" in body["prompt"]]
    assert set(paid) <= {f"Bearer {KEY}"}
    expect(page.locator("#prompt textarea")).to_have_value("A brass bell")
    fill_prompt(page, "A quiet pond")
    button(page).click()
    _expect_picture(page, "A quiet pond")
    assert service.post_count("pond") == 1
    assert "A quiet pond" in page.request.get(f"{killed.installation.address}/history.csv").text()


def test_a_visitors_cookie_is_not_in_the_database(killed: KilledApp) -> None:
    (cookie,) = [one for one in killed.browsers["left"].cookies() if one["name"] == "playground_visitor"]
    assert "A ferry in the fog" in killed.records
    assert cookie["value"] not in killed.records
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
