"""What assets/gradio.js needs of the elements that Gradio builds. A change of Gradio fails here, by the name of the function."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from components.catalog.models import Catalog
from tests.browser.conftest import OpenPage, Playground, choose, field, fill_prompt, generate, pick_model, wait_until


def test_the_open_tab_is_known_and_another_one_can_be_opened(open_page: OpenPage, app: Playground) -> None:
    """On a narrow screen the last tabs are in a menu, and known there by their labels alone."""
    page = open_page(f"{app.address}/?tab=compare")
    assert page.evaluate("window.playground.openTab()") == {"id": "compare", "label": "Compare"}
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for tab in ({"id": "integrate", "label": "Integrate"}, {"id": "generate", "label": "Generate"}):
            assert page.evaluate("tab => window.playground.selectTab(tab)", tab)
            page.wait_for_function("id => window.playground.openTab()?.id === id", arg=tab["id"])


def test_a_text_that_a_script_fills_in_is_a_change_for_the_server(open_page: OpenPage, app: Playground) -> None:
    page = open_page(f"{app.address}/?model=flux-2")
    page.evaluate("""() => {
        const box = window.playground.textOf(document.querySelector('#prompt'));
        window.playground.setText(box, 'filled by a script');
    }""")
    expect(page).to_have_url(re.compile("filled\\+by\\+a\\+script"))
    expect(page.locator("#code")).to_contain_text("filled by a script")


def test_no_timer_of_an_event_goes_on_once_the_event_has_ended(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    """Gradio's timers of components that were removed would use more of the processor with each change of the model."""
    page = open_page("about:blank", ready=False)
    page.add_init_script("""
        window.frames_asked = 0;
        const request = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return request(callback); };
    """)
    page.goto(app.address)
    pick_model(page, catalog.models[3])
    asked_in_half_a_second = """async () => {
        const before = window.frames_asked;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return window.frames_asked - before;
    }"""
    wait_until(page, lambda: page.evaluate(asked_in_half_a_second), 0)


def test_a_browser_does_not_offer_to_remember_the_key(open_page: OpenPage, app: Playground) -> None:
    expect(open_page(app.address).locator("#key input[type=password]")).to_have_attribute("autocomplete", "off")


def test_clicks_in_our_html_are_events_of_gradio(open_page: OpenPage, app: Playground) -> None:
    """Also after the tab was closed and opened again, which renders the element again."""
    page = open_page(f"{app.address}/?tab=models")
    for order in ("ascending", "descending"):
        page.locator('#models-table [data-sort="Price"] button').click()
        expect(page.locator('#models-table th[data-sort="Price"]')).to_have_attribute("aria-sort", order)
        page.get_by_role("tab", name="History").click()
        page.get_by_role("tab", name="Models & prices").click()


@pytest.mark.parametrize("locale", ["de-DE", "zh-CN"])
def test_the_main_path_works_in_a_browser_of_another_language(open_page: OpenPage, app: Playground, locale: str) -> None:
    """Gradio translates its own words by the browser's language; a picture is made, found again and opened."""
    page = open_page(f"{app.address}/?model=flux-2", locale=locale)
    fill_prompt(page, "A kite over dunes")
    choose(page, "type", "flex")
    generate(page)
    page.get_by_role("tab", name="History").click()
    page.locator(".entry [data-entry]").first.click()
    expect(page.locator("#history-request")).to_contain_text("A kite over dunes")
    page.locator("#history-result [data-action=open]").click()
    expect(page.locator("#prompt textarea")).to_have_value("A kite over dunes")
    expect(field(page, "type").locator("input:checked")).to_have_value("flex")
