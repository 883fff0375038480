"""The server is killed and started again: no job, picture or credit is lost.

Starting and killing it takes long, so the tests share two kills: each fixture prepares the pages and jobs of its tests.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

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

    def start_job(self, name: str, prompt: str) -> None:
        """Press Generate on this page and wait until the job has its task."""
        page = self.pages[name]
        fill_prompt(page, prompt)
        button(page).click()
        expect(state_label(page)).to_have_text("Running")
        self.tasks[name] = page.locator("#result .task code").inner_text()

    def open_tab(self, name: str) -> Page:
        """Open another tab in this browser."""
        return open_tab(self.browsers[name], self.installation.address)


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[StandInService]:
    with stand_in_service(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def with_host_key(
    browser: Browser, service: StandInService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KilledApp]:
    """Killed while the host's key pays, up to 100 credits a day."""
    folder = tmp_path_factory.mktemp("hosted")
    settings = {"API_IN_ONE_KEY": HOST_KEY, "PLAYGROUND_DAILY_CREDITS": "100"}
    with ExitStack() as stack:
        dead = KilledApp(Installation(folder / "home", stack, API_IN_ONE_BASE_URL=service.address, **settings))
        service.unfinished |= {"ferry", "Heather"}
        service.unanswered.add("dice")
        for name in ("sending", "idle", "keyed", "watching", "left"):
            dead.open_browser(name, browser, stack)
        pages = dead.pages
        fill_prompt(pages["idle"], "A quiet pond")
        expect(pages["idle"]).to_have_url(re.compile("quiet"))
        enter_key(pages["keyed"], KEY)
        expect(pages["keyed"].locator(".pill")).to_contain_text("Your key")
        fill_prompt(pages["keyed"], "A brass bell")
        dead.start_job("watching", "Heather on a hill")
        dead.start_job("left", "A ferry in the fog")
        fill_prompt(pages["sending"], "Two dice")
        button(pages["sending"]).click()
        expect(state_label(pages["sending"])).to_have_text("Sending")
        pages.pop("left").close()
        pages.pop("sending").close()
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
        pages["keyed"].evaluate(GENERATE_BEFORE_THE_RELOAD)
        pages["sending"] = dead.open_tab("sending")
        yield dead
        service.unfinished.clear()
        service.unanswered.clear()


@pytest.fixture(scope="module")
def with_visitor_key(
    browser: Browser, service: StandInService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KilledApp]:
    """Killed while one visitor's key and the slowed-down built-in sandbox are in use; there is no host key."""
    folder = tmp_path_factory.mktemp("unpaid") / "home"
    with ExitStack() as stack:
        settings = {"API_IN_ONE_BASE_URL": service.address, "PLAYGROUND_SANDBOX_SPEED": "0.02"}
        dead = KilledApp(Installation(folder, stack, **settings))
        service.unfinished.add("lantern")
        enter_key(dead.open_browser("keyed", browser, stack), KEY)
        expect(dead.pages["keyed"].locator(".pill")).to_contain_text("Your key")
        dead.open_browser("drawing", browser, stack)
        dead.start_job("keyed", "A paper lantern")
        dead.start_job("drawing", "A windmill")
        for page in dead.pages.values():
            page.close()

        dead.installation.kill()
        dead.installation.start()
        yield dead
        service.unfinished.clear()


def test_a_killed_process_loses_no_job_and_sends_nothing_twice(with_host_key: KilledApp, service: StandInService) -> None:
    """A new page shows the same task, its picture and the same spending: three jobs of ten credits."""
    page = with_host_key.open_tab("left")
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(with_host_key.tasks["left"])
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    service.unfinished.discard("ferry")
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A ferry "))
    expect(page.locator("#result img")).to_have_js_property("complete", True)
    assert page.locator("#result img").evaluate("node => node.naturalWidth") > 0
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    assert service.post_count("ferry") == 1


def test_an_open_page_says_that_the_connection_is_lost_and_reloads(
    with_host_key: KilledApp, service: StandInService
) -> None:
    """The fixture waits for the message before it starts the server again."""
    page = with_host_key.pages["watching"]
    page.wait_for_function("!window.before")
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(with_host_key.tasks["watching"])
    expect(page.locator("#prompt textarea")).to_have_value("Heather on a hill")
    service.unfinished.discard("Heather")
    expect(state_label(page)).to_have_text("Done")
    assert service.post_count("Heather") == 1


def test_an_open_page_without_a_job_reloads_and_works(with_host_key: KilledApp, service: StandInService) -> None:
    """Its next job is shown, and belongs to the same visitor."""
    page = with_host_key.pages["idle"]
    page.wait_for_function("!window.before")
    expect(page.locator("#prompt textarea")).to_have_value("A quiet pond")
    expect(page.locator(".pill")).to_contain_text("Host key")
    button(page).click()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A quiet pond "))
    assert service.post_count("pond") == 1
    page.reload()
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A quiet pond "))


def test_after_a_restart_an_open_page_does_not_silently_use_the_hosts_key(
    with_host_key: KilledApp, service: StandInService
) -> None:
    """The typed key died with the process: the page does not silently use the host's key instead."""
    page = with_host_key.pages["keyed"]
    page.wait_for_function("!window.before")
    expect(page.get_by_text("Enter it again to continue with it.")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("Host key")
    paid = [key for body, key in zip(service.posts, service.keys, strict=True) if "brass bell" in body["prompt"]]
    assert set(paid) <= {f"Bearer {KEY}"}


def test_a_request_whose_answer_died_with_the_process_is_not_sent_again_by_itself(
    with_host_key: KilledApp, service: StandInService
) -> None:
    """It is unsure and keeps its price reserved until its visitor sends it again or dismisses it."""
    page = with_host_key.pages["sending"]
    expect(state_label(page)).to_have_text("Unsure")
    expect(page.locator("#result .problem")).to_contain_text("stopped while the request was being sent")
    expect(page.locator("#spend")).to_contain_text("30 of 100 credits, 30 of them reserved · you: 10 credits")
    assert service.post_count("dice") == 1
    service.unanswered.discard("dice")
    page.get_by_role("button", name="Send again").dblclick()
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^Two dice "))
    assert service.post_count("dice") == 2


def test_a_visitors_cookie_is_not_in_the_database(with_host_key: KilledApp) -> None:
    (cookie,) = [one for one in with_host_key.browsers["left"].cookies() if one["name"] == "playground_visitor"]
    assert "A ferry in the fog" in with_host_key.records
    assert cookie["value"] not in with_host_key.records
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")


def test_a_job_on_a_typed_key_waits_for_it_and_goes_on_when_it_is_typed_again(
    with_visitor_key: KilledApp, service: StandInService
) -> None:
    """Keys are not stored: the new process cannot poll, says so, and sends nothing twice."""
    page = with_visitor_key.open_tab("keyed")
    expect(state_label(page)).to_have_text("Needs its key")
    expect(page.locator("#result .note")).to_contain_text("Keys are never stored: enter it again")
    enter_key(page, KEY)
    expect(state_label(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(with_visitor_key.tasks["keyed"])
    service.unfinished.discard("lantern")
    expect(state_label(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A paper lantern "))
    assert (service.post_count("lantern"), service.keys[-1]) == (1, f"Bearer {KEY}")
    assert KEY not in with_visitor_key.installation.app.log
    files = list(with_visitor_key.installation.database.parent.glob(f"{with_visitor_key.installation.database.name}*"))
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []


def test_a_sandbox_job_outlives_its_sandbox(with_visitor_key: KilledApp, service: StandInService) -> None:
    """The built-in sandbox dies with the application and restores its tasks in the next process."""
    page = with_visitor_key.open_tab("drawing")
    expect(page.locator("#result").get_by_alt_text(re.compile("^A windmill "))).to_have_count(1)
    saved = page.request.get(
        f"{with_visitor_key.installation.address}/{page.locator('#result a[download]').first.get_attribute('href')}"
    )
    for part in with_visitor_key.tasks["drawing"].split("…"):  # the page shows both ends of a long id
        assert part in saved.headers["content-disposition"]
    assert service.post_count("windmill") == 0
