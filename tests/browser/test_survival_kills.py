"""The process dies without a word and another one takes its place: no job, picture or credit is lost."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.catalog import Catalog
from tests.browser.conftest import button, say, word
from tests.browser.survivor import Lives, Service, enter_key, open_page, serving
from tests.ui import ROOT

KEY = "sk-canary-0c9a8f7e6d5b"
HOST_KEY = "sk-host-outlives"
Install = Callable[..., Lives]


@pytest.fixture(scope="module")
def service(catalog: Catalog) -> Iterator[Service]:
    with serving(catalog) as service:
        yield service


@pytest.fixture
def install(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Installs an application whose service outlives it; ``keyed``: its host pays."""
    folder = tmp_path_factory.mktemp("kills") / "home"
    quick = folder.parent / "quick.yaml"
    quick.write_text(re.sub(r"seconds: \[.*?\]", "seconds: [0.1, 0.3]", (ROOT / "catalog.yaml").read_text()))
    with ExitStack() as stack:

        def installed(keyed: bool = True, **settings: str) -> Lives:
            key = {"API_IN_ONE_KEY": HOST_KEY} if keyed else {}
            return Lives(
                folder, stack, API_IN_ONE_BASE_URL=service.address, PLAYGROUND_CATALOG=str(quick), **key, **settings
            )

        yield installed
    service.held.clear()
    service.mute.clear()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One browser. What it says while its server is dead is not looked at."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


def start_job(page: Page, prompt: str) -> str:
    """Press Generate and wait until the job has its task, whose id is returned."""
    say(page, prompt)
    button(page).click()
    expect(word(page)).to_have_text("Running")
    return page.locator("#place .task code").inner_text()


def test_a_killed_process_loses_no_job_and_sends_nothing_twice(
    install: Install, service: Service, context: BrowserContext
) -> None:
    """A new page shows the same task, its picture, and the money as it was."""
    lives = install(PLAYGROUND_DAILY_CREDITS="100")
    service.held.add("ferry")
    task = start_job(open_page(context, lives.address), "A ferry in the fog")
    lives.kill()
    lives.start()
    page = open_page(context, lives.address)
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#place .task code")).to_have_text(task)
    expect(page.locator(".pill")).to_have_text("Host key · 90 of 100 credits left today")
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A ferry "))
    expect(page.locator("#place img")).to_have_js_property("complete", True)
    assert page.locator("#place img").evaluate("node => node.naturalWidth") > 0
    expect(page.locator(".pill")).to_have_text("Host key · 90 of 100 credits left today")
    assert service.asked("ferry") == 1


def test_a_sandbox_job_outlives_its_sandbox(install: Install, service: Service, context: BrowserContext) -> None:
    """The built-in sandbox dies with the application, and its task goes on with the next one."""
    lives = install(keyed=False, PLAYGROUND_SANDBOX_SPEED="0.008")
    task = start_job(open_page(context, lives.address), "A windmill")
    lives.kill()
    lives.start()
    page = open_page(context, lives.address)
    picture = page.locator("#place figure, #earlier li").filter(has=page.get_by_alt_text(re.compile("^A windmill ")))
    expect(picture).to_have_count(1, timeout=60_000)  # in its place, or earlier where the start took longer than the task
    saved = page.request.get(lives.address + str(picture.locator("a[download]").first.get_attribute("href")))
    assert task in saved.headers["content-disposition"]
    assert service.asked("windmill") == 0


def test_an_open_page_says_that_the_connection_is_lost_and_opens_itself_anew(
    install: Install, service: Service, context: BrowserContext
) -> None:
    lives = install()
    service.held.add("Heather")
    page = open_page(context, lives.address)
    task = start_job(page, "Heather on a hill")
    page.evaluate("window.before = true")
    lives.kill()
    expect(page.locator("#place .tick")).to_have_text("Connection lost, the job goes on", timeout=30_000)
    lives.start()
    page.wait_for_function("!window.before", timeout=30_000)
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#place .task code")).to_have_text(task)
    expect(page.locator("#prompt textarea")).to_have_value("Heather on a hill")
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    assert service.asked("Heather") == 1


def test_an_open_page_without_a_job_works_after_a_restart(
    install: Install, service: Service, context: BrowserContext
) -> None:
    """Whether it opens itself anew or not: what is asked for from it is shown, and belongs to its visitor."""
    lives = install()
    page = open_page(context, lives.address)
    say(page, "A quiet pond")
    expect(page).to_have_url(re.compile("quiet"))
    lives.kill()
    lives.start()
    page.wait_for_timeout(12_000)  # for a page that opens itself anew
    button(page).click()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A quiet pond "))
    assert service.asked("pond") == 1
    page.reload()
    expect(page.locator("#earlier img")).to_have_attribute("alt", re.compile("^A quiet pond "))


def test_after_a_restart_an_open_page_spends_nobody_elses_money(
    install: Install, service: Service, context: BrowserContext
) -> None:
    """A key was typed, and the process that knew it is dead: the page does not go on with the host's in silence."""
    lives = install()
    page = open_page(context, lives.address)
    enter_key(page, KEY)
    expect(page.locator(".pill")).to_contain_text("Your key")
    say(page, "A brass bell")
    lives.kill()
    lives.start()
    page.wait_for_timeout(1000)
    if "Your key" in page.locator(".pill").inner_text():
        button(page).click()
        page.wait_for_timeout(3000)
    paid = [key for body, key in zip(service.posts, service.keys, strict=True) if "brass bell" in body["prompt"]]
    assert set(paid) <= {f"Bearer {KEY}"}


def test_a_job_on_a_typed_key_waits_for_it_and_goes_on_when_it_is_typed_again(
    install: Install, service: Service, context: BrowserContext
) -> None:
    """Keys are not kept: the new process cannot ask, says so, and sends nothing twice."""
    lives = install(keyed=False)
    service.held.add("lantern")
    page = open_page(context, lives.address)
    enter_key(page, KEY)
    expect(page.locator(".pill")).to_contain_text("Your key")
    task = start_job(page, "A paper lantern")
    lives.kill()
    lives.start()
    page = open_page(context, lives.address)
    expect(word(page)).to_have_text("Waits for its key")
    expect(page.locator("#place .note")).to_contain_text("enter it again, and it goes on. Keys are never stored.")
    enter_key(page, KEY)
    expect(word(page)).to_have_text("Running")
    expect(page.locator("#place .task code")).to_have_text(task)
    service.held.clear()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^A paper lantern "))
    assert (service.asked("lantern"), service.keys[-1]) == (1, f"Bearer {KEY}")
    assert KEY not in lives.app.log
    assert KEY.encode() not in lives.database.read_bytes()


def test_a_request_whose_answer_died_with_the_process_is_not_sent_again_by_itself(
    install: Install, service: Service, context: BrowserContext
) -> None:
    """It is unsure, holds its price back, and asks its visitor, who may ask again or let it go."""
    lives = install(PLAYGROUND_DAILY_CREDITS="100")
    service.mute.add("dice")
    page = open_page(context, lives.address)
    say(page, "Two dice")
    button(page).click()
    expect(word(page)).to_have_text("Sending")
    lives.kill()
    lives.start()
    page = open_page(context, lives.address)
    expect(word(page)).to_have_text("Unsure")
    expect(page.locator("#place .problem")).to_contain_text("stopped while the request was being sent")
    expect(page.locator("#spend")).to_contain_text("10 of them reserved")
    assert service.asked("dice") == 1
    service.mute.clear()
    page.get_by_role("button", name="Ask again").dblclick()
    expect(word(page)).to_have_text("Done")
    expect(page.locator("#place img")).to_have_attribute("alt", re.compile("^Two dice "))
    assert service.asked("dice") == 2


def test_nobody_reads_a_visitors_cookie_out_of_the_database(
    install: Install, service: Service, context: BrowserContext
) -> None:
    lives = install()
    service.held.add("thimble")
    start_job(open_page(context, lives.address), "A thimble")
    (cookie,) = [one for one in context.cookies() if one["name"] == "playground_visitor"]
    lives.kill()
    with sqlite3.connect(lives.database) as database:
        kept = "\n".join(database.iterdump())
    assert "A thimble" in kept
    assert cookie["value"] not in kept
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
