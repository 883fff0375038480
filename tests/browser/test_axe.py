"""axe-core finds nothing serious or critical on any tab, on a phone and on a desktop, light and dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

from components.ui.page_events import TABS
from tests.browser.conftest import OpenPage, Playground, each_viewport, open_tab

REPORTED_IMPACTS = ("serious", "critical")
# The dark page has the elements of the light one, so only the rules that look at colours are applied to it.
OPTIONS: dict[str, dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}


def test_axe_finds_nothing_serious_on_any_tab(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    violations = []
    for tab in TABS.values():
        open_tab(page, tab)
        for width, theme in each_viewport(page):
            for violation in Axe().run(page, options=OPTIONS[theme]).response["violations"]:
                if violation["impact"] in REPORTED_IMPACTS:
                    parts = [node["target"] for node in violation["nodes"]]
                    violations.append(
                        f"{tab}, {theme}, {width} px: {violation['id']} ({violation['impact']}) at {parts[:4]}"
                    )
    assert not violations, "\n".join(violations)
