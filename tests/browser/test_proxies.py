"""The page behind a proxy with another path and host, in a browser that keeps no cookie."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Playground, fill_prompt, generate
from tests.browser.restarts import open_tab
from tests.nginx import nginx
from tests.ui import free_port


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
