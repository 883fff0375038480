"""axe-core finds nothing serious or critical on any tab, on a phone and on a desktop, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from components.ui.page import TABS
from tests.browser.conftest import OpenPage, Playground, each_viewport

REPORTED_IMPACTS = ("serious", "critical")


@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_nothing_serious(open_page: OpenPage, app: Playground, tab: str) -> None:
    page = open_page(f"{app.address}/?tab={tab}", ready=False)
    expect(page.locator("html.opened")).to_be_attached()
    violations = []
    for width, theme in each_viewport(page):
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in REPORTED_IMPACTS:
                parts = [node["target"] for node in violation["nodes"]]
                violations.append(f"{theme}, {width} px: {violation['id']} ({violation['impact']}) at {parts[:4]}")
    assert not violations, "\n".join(violations)
