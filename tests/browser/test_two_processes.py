"""Two processes on one PostgreSQL behind a real nginx: with and without a rule that keeps each visitor on one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import button, fill_prompt, playground, state_label
from tests.browser.restarts import enter_key, open_tab
from tests.nginx import nginx
from tests.postgres import Postgres

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


def proxied(pair: Pair, rule: str, port: int) -> AbstractContextManager[str]:
    return nginx(pair.folder / "nginx", port, pair.addresses, {"/": "http://playground"}, rule=rule)


def count_loads(page: Page) -> list[str]:
    loads: list[str] = []
    page.on("load", lambda opened: loads.append(opened.url))
    return loads


def test_sticky_sessions_work_until_their_process_is_gone(pair: Pair, browser: Browser, unused_tcp_port: int) -> None:
    """Then the page reloads on another process, and says that the key is needed again."""
    assert len({repr(dependencies(address)) for address in pair.addresses}) == 1
    with proxied(pair, STICKY, unused_tcp_port) as address, browser.new_context() as context:
        page = open_tab(context, address)
        fill_prompt(page, "A red kite")
        button(page).click()
        expect(state_label(page)).to_have_text("Done")
        page.clock.install()
        page.reload()
        enter_key(page, KEY)
        expect(page.locator(".pill.visitor")).to_be_visible()
        loads = count_loads(page)
        page.clock.run_for(20_000)
        assert loads == []
        holder = page.evaluate("async () => (await fetch('healthz')).headers.get('X-Process')")
        (holder_index,) = [at for at, one in enumerate(pair.addresses) if process_at(one) == holder]
        pair.stacks[holder_index].close()
        page.clock.run_for(10_000)
        page.clock.fast_forward(31_000)
        expect(page.locator(".banner", has_text=LOST)).to_be_visible()
        assert len(loads) == 1


def test_a_proxy_that_spreads_a_visitor_over_processes_is_reported_and_no_page_reloads_for_ever(
    pair: Pair, browser: Browser, unused_tcp_port: int
) -> None:
    """Gradio itself reloads a page when the stream of an event breaks, so there may be a reload for an event."""
    with proxied(pair, "", unused_tcp_port) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        expect(page.locator(".banner", has_text=SPREAD)).to_be_visible(timeout=60_000)
        loads = count_loads(page)
        page.wait_for_timeout(20_000)
        assert loads == []


def process_at(address: str) -> str:
    return httpx2.get(f"{address}/healthz", trust_env=False).headers["x-process"]


def dependencies(address: str) -> object:
    """Events with their inputs and outputs: a page of one process may be answered by another one."""
    config = httpx2.get(f"{address}/config", trust_env=False).json()
    return [(event["api_name"], event["inputs"], event["outputs"]) for event in config["dependencies"]]
