"""Two processes on one PostgreSQL behind a real nginx: with and without a rule that keeps each visitor on one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import button, fill_prompt, playground, state_label, wait_for_opening
from tests.browser.restarts import enter_key
from tests.nginx import nginx
from tests.postgres import Postgres

LOCATIONS = {"/": "http://playground"}
STICKY = "hash $cookie_playground_visitor consistent;"
SPREAD = "answered by different server processes"
LOST = "The reload removed your key from memory. Enter it again"
KEY = "sk-two-processes-0123456789"


class Pair:
    """Two processes and how to stop each; ``addresses`` are theirs."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.stacks = [ExitStack(), ExitStack()]
        settings = {"PLAYGROUND_DATABASE_URL": url, "PLAYGROUND_IMAGES_URL": f"file://{folder}/pictures"}
        running = [stack.enter_context(playground(folder / str(at), **settings)) for at, stack in enumerate(self.stacks)]
        self.addresses = [one.address for one in running]


@pytest.fixture
def pair(browser: Browser, postgres: Postgres, tmp_path: Path) -> Iterator[Pair]:
    with postgres.fresh() as url:
        pair = Pair(tmp_path, url)
        yield pair
        for stack in pair.stacks:
            stack.close()


def test_a_visitor_needs_a_proxy_that_sends_everything_to_one_process(
    pair: Pair, browser: Browser, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """The test controls the pages' clock, so that what they do every few seconds happens at once."""
    assert len({repr(dependencies(address)) for address in pair.addresses}) == 1
    for rule, check in (
        ("", _proxy_that_spreads_a_visitor_is_reported_and_no_page_reloads_for_ever),
        (STICKY, _sticky_sessions_work_until_their_process_is_gone),
    ):
        with (
            nginx(pair.folder / "nginx", unused_tcp_port_factory(), pair.addresses, LOCATIONS, rule=rule) as address,
            browser.new_context() as context,
        ):
            page = context.new_page()
            page.clock.install()
            page.goto(address)
            check(page, pair)


def _proxy_that_spreads_a_visitor_is_reported_and_no_page_reloads_for_ever(page: Page, pair: Pair) -> None:
    """Gradio itself reloads a page when the stream of an event breaks, so there may be a reload for an event."""
    expect(page.locator("#banner")).to_be_attached()
    spread = page.locator(".banner", has_text=SPREAD)
    for _ in range(20):
        if spread.count():
            break
        _let_it_ask_for_its_process(page)
    expect(spread).to_be_visible()
    loads = count_loads(page)
    for _ in range(8):
        _let_it_ask_for_its_process(page)
    assert loads == []


def _sticky_sessions_work_until_their_process_is_gone(page: Page, pair: Pair) -> None:
    """Then the page reloads on another process, and says that the key is needed again."""
    wait_for_opening(page)
    fill_prompt(page, "A red kite")
    button(page).click()
    expect(state_label(page)).to_have_text("Done")
    enter_key(page, KEY)
    expect(page.locator(".pill.visitor")).to_be_visible()
    loads = count_loads(page)
    for _ in range(2):
        _let_it_ask_for_its_process(page)
    assert loads == []
    holder = page.evaluate("async () => (await fetch('healthz')).headers.get('X-Process')")
    (holder_index,) = [at for at, one in enumerate(pair.addresses) if process_at(one) == holder]
    pair.stacks[holder_index].close()
    page.clock.run_for(10_000)
    page.clock.fast_forward(31_000)
    expect(page.locator(".banner", has_text=LOST)).to_be_visible()
    assert len(loads) == 1


def _let_it_ask_for_its_process(page: Page) -> None:
    """A page checks every two seconds and asks the server at least every fourth time."""
    with page.expect_response("**/healthz"):
        page.clock.run_for(8_000)


def count_loads(page: Page) -> list[str]:
    loads: list[str] = []
    page.on("load", lambda opened: loads.append(opened.url))
    return loads


def process_at(address: str) -> str:
    return httpx2.get(f"{address}/healthz", trust_env=False).headers["x-process"]


def dependencies(address: str) -> object:
    """Events with their inputs and outputs: a page of one process may be answered by another one."""
    config = httpx2.get(f"{address}/config", trust_env=False).json()
    return [(event["api_name"], event["inputs"], event["outputs"]) for event in config["dependencies"]]
