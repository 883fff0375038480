"""The page behind proxies: streams that are cut, another path and host, and a browser that keeps no cookie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from components.catalog.models import Catalog
from tests.browser.conftest import button, playground, say, word
from tests.browser.survivor import enter_key, open_page, serving
from tests.cutting import cutting

KEY = "sk-behind-proxies-0123456789"
CUT_S = 4.0


@pytest.mark.parametrize("aborts", [True, False], ids=["aborted", "ended"])
def test_a_page_whose_streams_are_cut_goes_on_without_a_reload(
    browser: Browser, catalog: Catalog, tmp_path: Path, aborts: bool
) -> None:
    """A typed key and text stay, the job that runs is followed to its end, and so is a second one."""
    with serving(catalog) as service, browser.new_context() as context:
        service.held.update({"held", "second"})
        with (
            playground(tmp_path, API_IN_ONE_BASE_URL=service.address) as app,
            cutting(app.address, CUT_S, aborts=aborts) as cut,
        ):
            page = open_page(context, cut)
            enter_key(page, KEY)
            loads: list[str] = []
            page.on("load", lambda opened: loads.append(opened.url))
            say(page, "A held kite")
            button(page).click()
            expect(word(page)).to_have_text("Running")
            page.wait_for_timeout(1.5 * 1000 * CUT_S)
            say(page, "A second kite")
            seconds = page.locator("#place .tick").inner_text()
            expect(page.locator("#place .tick")).not_to_have_text(seconds)
            context.set_offline(True)
            page.wait_for_timeout(1_000)
            context.set_offline(False)
            service.held.discard("held")
            expect(word(page)).to_have_text("Done")
            expect(page.locator("#prompt textarea")).to_have_value("A second kite")
            button(page).click()
            expect(word(page)).to_have_text("Running")
            page.wait_for_timeout(1.2 * 1000 * CUT_S)
            service.held.clear()
            expect(word(page)).to_have_text("Done")
            expect(page.locator(".pill.visitor")).to_be_visible()
            expect(page.get_by_text(re.compile("Connection lost"))).to_have_count(0)
            assert (loads, service.asked("held"), service.asked("second")) == ([], 1, 1)
