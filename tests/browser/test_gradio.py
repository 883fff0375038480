"""What assets/gradio.js needs of the elements that Gradio builds. A change of Gradio fails here, by the name of the function."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import OpenPage, Playground, choose, field, fill_prompt, generate, pick_model, wait_until

COUNT_FRAMES = """
  window.frames_asked = 0;
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return request(callback); };
"""
FRAMES_REQUESTED_IN_HALF_A_SECOND = """async () => {
  const before = window.frames_asked;
  await new Promise((resolve) => setTimeout(resolve, 500));
  return window.frames_asked - before;
}"""


def test_what_gradio_builds_is_as_our_scripts_need_it(open_page: OpenPage, app: Playground, catalog: Catalog) -> None:
    """In a browser that speaks Chinese: Gradio translates its own words."""
    page = open_page("about:blank", ready=False, locale="zh-CN")
    page.add_init_script(COUNT_FRAMES)
    page.goto(f"{app.address}/?tab=compare")
    _the_open_tab_is_known_and_another_one_can_be_opened(page)
    _a_text_that_a_script_fills_in_is_a_change_for_the_server(page)
    _no_timer_of_an_event_goes_on_once_the_event_has_ended(page, catalog)
    expect(page.locator("#key input[type=password]"), "no key is remembered").to_have_attribute("autocomplete", "off")
    _clicks_in_our_html_are_events(page)
    pick_model(page, catalog.find("flux-2") or catalog.first)
    _the_main_path_works(page)


def test_the_main_path_works_in_a_browser_of_another_language(open_page: OpenPage, app: Playground) -> None:
    _the_main_path_works(open_page(f"{app.address}/?model=flux-2", locale="de-DE"))


def _the_open_tab_is_known_and_another_one_can_be_opened(page: Page) -> None:
    """On a narrow screen the last tabs are in a menu, and known there by their labels alone."""
    expect(page.locator("html.opened")).to_be_attached()
    assert page.evaluate("window.playground.openTab()") == {"id": "compare", "label": "Compare"}
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for tab in ({"id": "integrate", "label": "Integrate"}, {"id": "generate", "label": "Generate"}):
            assert page.evaluate("tab => window.playground.selectTab(tab)", tab)
            page.wait_for_function("id => window.playground.openTab()?.id === id", arg=tab["id"])


def _a_text_that_a_script_fills_in_is_a_change_for_the_server(page: Page) -> None:
    page.evaluate("""() => {
        const box = window.playground.textOf(document.querySelector('#prompt'));
        window.playground.setText(box, 'filled by a script');
    }""")
    expect(page).to_have_url(re.compile("filled\\+by\\+a\\+script"))
    expect(page.locator("#code")).to_contain_text("filled by a script")


def _no_timer_of_an_event_goes_on_once_the_event_has_ended(page: Page, catalog: Catalog) -> None:
    """Gradio's timers of components that were removed would use more of the processor with each change of the model."""
    pick_model(page, catalog.models[3])
    wait_until(page, lambda: page.evaluate(FRAMES_REQUESTED_IN_HALF_A_SECOND), 0)


def _clicks_in_our_html_are_events(page: Page) -> None:
    """Also after the tab was closed and opened again, which renders the element again."""
    page.get_by_role("tab", name="Models & prices").click()
    for order in ("ascending", "descending"):
        page.locator('#models-table [data-sort="Price"] button').click()
        expect(page.locator('#models-table th[data-sort="Price"]')).to_have_attribute("aria-sort", order)
        page.get_by_role("tab", name="Generate").click()
        page.get_by_role("tab", name="Models & prices").click()
    page.get_by_role("tab", name="Generate").click()


def _the_main_path_works(page: Page) -> None:
    """A picture is made, found again and opened."""
    fill_prompt(page, "A kite over dunes")
    choose(page, "type", "flex")
    generate(page)
    page.get_by_role("tab", name="History").click()
    page.locator(".entry [data-entry]").first.click()
    expect(page.locator("#history-request")).to_contain_text("A kite over dunes")
    page.locator("#history-result [data-action=open]").click()
    expect(page.locator("#prompt textarea")).to_have_value("A kite over dunes")
    expect(field(page, "type").locator("input:checked")).to_have_value("flex")
