"""The page behind proxies: streams that are cut, another path and host, and a browser that keeps no cookie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import Playground, button, fill_prompt, generate, playground, state_label
from tests.browser.restarts import enter_key, open_tab, stand_in_service
from tests.interrupting_proxy import interrupting_proxy
from tests.nginx import nginx
from tests.ui import free_port

KEY = "sk-behind-proxies-0123456789"
CUT_S = 4.0


@pytest.mark.parametrize("aborts", [True, False], ids=["aborted", "ended"])
def test_a_page_whose_streams_are_closed_continues_without_a_reload(
    browser: Browser, catalog: Catalog, tmp_path: Path, aborts: bool
) -> None:
    """A typed key and text stay, the job that runs is followed to its end, and so is a second one."""
    with stand_in_service(catalog) as service, browser.new_context() as context:
        service.unfinished.update({"first", "second"})
        with (
            playground(tmp_path, API_IN_ONE_BASE_URL=service.address) as app,
            interrupting_proxy(app.address, CUT_S, aborts=aborts) as cut,
        ):
            page = open_tab(context, cut)
            enter_key(page, KEY)
            loads: list[str] = []
            page.on("load", lambda opened: loads.append(opened.url))
            fill_prompt(page, "A first kite")
            button(page).click()
            expect(state_label(page)).to_have_text("Running")
            page.wait_for_timeout(1.5 * 1000 * CUT_S)
            fill_prompt(page, "A second kite")
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
            page.wait_for_timeout(1.2 * 1000 * CUT_S)
            service.unfinished.clear()
            expect(state_label(page)).to_have_text("Done")
            expect(page.locator(".pill.visitor")).to_be_visible()
            expect(page.get_by_text(re.compile("Connection lost"))).to_have_count(0)
            assert (loads, service.post_count("first"), service.post_count("second")) == ([], 1, 1)


def test_the_page_works_below_a_path_and_without_cookies_and_says_what_is_missing(
    browser: Browser, app: Playground, tmp_path: Path
) -> None:
    """The proxy names another host than the browser does, and keeps cookies back as a browser may inside another site."""
    cookie_rules = "proxy_hide_header Set-Cookie; proxy_set_header Cookie '';"
    locations = {"/play/": "http://playground/"}
    with (
        nginx(tmp_path / "nginx", free_port(), [app.address], locations, cookie_rules) as address,
        browser.new_context() as context,
    ):
        page = open_tab(context, f"{address.replace('127.0.0.1', 'localhost')}/play/")
        expect(page.locator(".banner p", has_text="keeps no cookie").get_by_role("link")).to_have_attribute("href", "./")
        fill_prompt(page, "A kite without cookies")
        generate(page)
        page.wait_for_function("document.querySelector('#result img')?.naturalWidth > 0")
        assert followed(page, "#result a[download]") > 0
        page.get_by_role("tab", name="Compare").click()
        page.locator("#compare-button").click()
        expect(page.locator(".compare-links a", has_text="ZIP")).to_be_visible()
        assert followed(page, ".compare-links a") == 4
        page.get_by_role("tab", name="History").click()
        expect(page.locator(".entry", has_text="A kite without cookies")).to_have_count(1)
        assert followed(page, "#history-list a[download]") >= 3


def followed(page: Page, links: str) -> int:
    """How many links there are; each of them answers."""
    answers = page.eval_on_selector_all(
        links, "found => Promise.all(found.map(async (one) => (await fetch(one.href)).status))"
    )
    assert set(answers) <= {200}
    return len(answers)
