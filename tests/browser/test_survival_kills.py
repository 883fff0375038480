"""The process dies without a word and another one takes its place: no job, picture or credit is lost.

A kill serves many: whatever the tests of this file are about was going, or open, when the process died.
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
from tests.browser.conftest import button, say, word
from tests.browser.survivor import Lives, Service, enter_key, open_page, serving

KEY = "sk-canary-0c9a8f7e6d5b"
HOST_KEY = "sk-host-outlives"
LOST = "Connection lost; the job continues"


@dataclass
class Killed:
    """An installation after a kill: the next process, the browsers and pages from before by what they were about,
    the tasks that were going, and the records as the dead process left them."""

    lives: Lives
    browsers: dict[str, BrowserContext] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    records: str = ""

    def visited(self, name: str, browser: Browser, stack: ExitStack) -> Page:
        """A page in a browser of its own. What that says while its server is dead is not looked at."""
        self.browsers[name] = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        stack.callback(self.browsers[name].close)
        self.pages[name] = open_page(self.browsers[name], self.lives.address)
        return self.pages[name]

    def started(self, name: str, prompt: str) -> None:
        """Press Generate there and wait until the job has its task."""
        page = self.pages[name]
        say(page, prompt)
        button(page).click()
        expect(word(page)).to_have_text("Running")
        self.tasks[name] = page.locator("#result .task code").inner_text()

    def reopened(self, name: str) -> Page:
        """Another page of that browser."""
        return open_page(self.browsers[name], self.lives.address)


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[Service]:
    with serving(catalog) as service:
        yield service


@pytest.fixture(scope="module")
def hosted(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """The host pays, up to 100 credits a day. One page says that the connection is lost before the next process starts,
    one asks for a picture right after."""
    folder = tmp_path_factory.mktemp("hosted")
    settings = {"API_IN_ONE_KEY": HOST_KEY, "PLAYGROUND_DAILY_CREDITS": "100"}
    with ExitStack() as stack:
        killed = Killed(Lives(folder / "home", stack, API_IN_ONE_BASE_URL=service.address, **settings))
        service.held |= {"ferry", "Heather"}
        service.mute.add("dice")
        for name in ("sending", "idle", "keyed", "watching", "left"):
            killed.visited(name, browser, stack)
        pages = killed.pages
        say(pages["idle"], "A quiet pond")
        expect(pages["idle"]).to_have_url(re.compile("quiet"))
        enter_key(pages["keyed"], KEY)
        expect(pages["keyed"].locator(".pill")).to_contain_text("Your key")
        say(pages["keyed"], "A brass bell")
        killed.started("watching", "Heather on a hill")
        killed.started("left", "A ferry in the fog")
        say(pages["sending"], "Two dice")
        button(pages["sending"]).click()
        expect(word(pages["sending"])).to_have_text("Sending")
        pages.pop("left").close()
        pages.pop("sending").close()
        for page in pages.values():
            page.evaluate("window.before = true")

        killed.lives.kill()
        shutil.copytree(killed.lives.database.parent, folder / "left")  # a look at the original would tidy it up
        with sqlite3.connect(folder / "left" / killed.lives.database.name) as records:
            killed.records = "\n".join(records.iterdump())
        expect(pages["watching"].locator("#result .elapsed")).to_have_text(LOST)

        killed.lives.start()
        if "Your key" in pages["keyed"].locator(".pill").inner_text():
            button(pages["keyed"]).click()
        pages["sending"] = killed.reopened("sending")
        yield killed
        service.held.clear()
        service.mute.clear()


@pytest.fixture(scope="module")
def unpaid(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """Nobody pays but who types a key; without one it is the built-in sandbox, whose tasks take their time."""
    folder = tmp_path_factory.mktemp("unpaid") / "home"
    with ExitStack() as stack:
        settings = {"API_IN_ONE_BASE_URL": service.address, "PLAYGROUND_SANDBOX_SPEED": "0.02"}
        killed = Killed(Lives(folder, stack, **settings))
        service.held.add("lantern")
        enter_key(killed.visited("keyed", browser, stack), KEY)
        expect(killed.pages["keyed"].locator(".pill")).to_contain_text("Your key")
        killed.visited("drawing", browser, stack)
        killed.started("keyed", "A paper lantern")
        killed.started("drawing", "A windmill")
        for page in killed.pages.values():
            page.close()

        killed.lives.kill()
        killed.lives.start()
        yield killed
        service.held.clear()


def test_a_killed_process_loses_no_job_and_sends_nothing_twice(hosted: Killed, service: Service) -> None:
    """A new page shows the same task, its picture, and the money as it was: three jobs of ten credits."""
    page = hosted.reopened("left")
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(hosted.tasks["left"])
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    service.held.discard("ferry")
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A ferry "))
    expect(page.locator("#result img")).to_have_js_property("complete", True)
    assert page.locator("#result img").evaluate("node => node.naturalWidth") > 0
    expect(page.locator(".pill")).to_have_text("Host key · 70 of 100 credits left today")
    assert service.asked("ferry") == 1


def test_an_open_page_says_that_the_connection_is_lost_and_opens_itself_anew(hosted: Killed, service: Service) -> None:
    """What it said while there was no process is waited for before the next one starts."""
    page = hosted.pages["watching"]
    page.wait_for_function("!window.before")
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(hosted.tasks["watching"])
    expect(page.locator("#prompt textarea")).to_have_value("Heather on a hill")
    service.held.discard("Heather")
    expect(word(page)).to_have_text("Done")
    assert service.asked("Heather") == 1


def test_an_open_page_without_a_job_opens_itself_anew_and_works(hosted: Killed, service: Service) -> None:
    """What is asked for from it is shown, and belongs to its visitor."""
    page = hosted.pages["idle"]
    page.wait_for_function("!window.before")
    expect(page.locator("#prompt textarea")).to_have_value("A quiet pond")
    expect(page.locator(".pill")).to_contain_text("Host key")
    button(page).click()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A quiet pond "))
    assert service.asked("pond") == 1
    page.reload()
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A quiet pond "))


def test_after_a_restart_an_open_page_spends_nobody_elses_money(hosted: Killed, service: Service) -> None:
    """A key was typed, and the process that knew it is dead: the page does not go on with the host's in silence."""
    page = hosted.pages["keyed"]
    page.wait_for_function("!window.before")
    expect(page.get_by_text("Enter it again to continue with it.")).to_be_visible()
    expect(page.locator(".pill")).to_contain_text("Host key")
    paid = [key for body, key in zip(service.posts, service.keys, strict=True) if "brass bell" in body["prompt"]]
    assert set(paid) <= {f"Bearer {KEY}"}


def test_a_request_whose_answer_died_with_the_process_is_not_sent_again_by_itself(hosted: Killed, service: Service) -> None:
    """It is unsure, holds its price back, and asks its visitor, who may ask again or let it go."""
    page = hosted.pages["sending"]
    expect(word(page)).to_have_text("Unsure")
    expect(page.locator("#result .problem")).to_contain_text("stopped while the request was being sent")
    expect(page.locator("#spend")).to_contain_text("30 of 100 credits, 30 of them reserved · you: 10 credits")
    assert service.asked("dice") == 1
    service.mute.discard("dice")
    page.get_by_role("button", name="Send again").dblclick()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^Two dice "))
    assert service.asked("dice") == 2


def test_nobody_reads_a_visitors_cookie_out_of_the_database(hosted: Killed) -> None:
    (cookie,) = [one for one in hosted.browsers["left"].cookies() if one["name"] == "playground_visitor"]
    assert "A ferry in the fog" in hosted.records
    assert cookie["value"] not in hosted.records
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")


def test_a_job_on_a_typed_key_waits_for_it_and_goes_on_when_it_is_typed_again(unpaid: Killed, service: Service) -> None:
    """Keys are not kept: the new process cannot ask, says so, and sends nothing twice."""
    page = unpaid.reopened("keyed")
    expect(word(page)).to_have_text("Needs its key")
    expect(page.locator("#result .note")).to_contain_text("Keys are never stored: enter it again")
    enter_key(page, KEY)
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#result .task code")).to_have_text(unpaid.tasks["keyed"])
    service.held.discard("lantern")
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#result img")).to_have_attribute("alt", re.compile("^A paper lantern "))
    assert (service.asked("lantern"), service.keys[-1]) == (1, f"Bearer {KEY}")
    assert KEY not in unpaid.lives.app.log
    kept = list(unpaid.lives.database.parent.glob(f"{unpaid.lives.database.name}*"))
    assert [file for file in kept if KEY.encode() in file.read_bytes()] == []


def test_a_sandbox_job_outlives_its_sandbox(unpaid: Killed, service: Service) -> None:
    """The built-in sandbox dies with the application, and its task goes on with the next one."""
    page = unpaid.reopened("drawing")
    expect(page.locator("#result").get_by_alt_text(re.compile("^A windmill "))).to_have_count(1)
    saved = page.request.get(f"{unpaid.lives.address}/{page.locator('#result a[download]').first.get_attribute('href')}")
    for part in unpaid.tasks["drawing"].split("…"):  # the page shows both ends of a long id
        assert part in saved.headers["content-disposition"]
    assert service.asked("windmill") == 0
