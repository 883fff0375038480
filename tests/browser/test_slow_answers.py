"""What a visitor does while the server's answer to an earlier event is on its way is neither lost nor overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, Playground, button, field, fill_prompt, state_label, wait_until
from tests.browser.history_setup import delayed_opening

EVENTS = "**/gradio_api/run/**"
NUMBER = "name => window.gradio_config.dependencies.find(event => event.api_name === name).id"


def hold(page: Page, handler: str) -> Callable[[], None]:
    """Keep back the events with the name of this handler; call what is returned to wait for one and send them on."""
    number = page.evaluate(NUMBER, handler)
    held: list[Route] = []
    holding = True

    def on_event(route: Route) -> None:
        if holding and route.request.post_data_json["fn_index"] == number:
            held.append(route)
        else:
            route.continue_()

    def release() -> None:
        nonlocal holding
        wait_until(page, lambda: bool(held), True)
        holding = False
        for route in held:
            route.continue_()

    page.route(EVENTS, on_event)
    return release


def test_a_page_that_is_reloaded_as_soon_as_it_shows_a_job_shows_it_again(open_page: OpenPage, app: Playground) -> None:
    """The address names the job by then, whatever else the server has not answered yet."""
    page = open_page(f"{app.address}/?model=flux-2")
    fill_prompt(page, "A heron #sandbox:upstream")
    hold(page, "follow")
    button(page).click()
    expect(state_label(page)).to_have_text("Unsure")
    page.unroute(EVENTS)
    page.reload()
    expect(state_label(page)).to_have_text("Unsure")
    expect(page.locator("#prompt textarea")).to_have_value("A heron #sandbox:upstream")


def test_what_is_typed_while_a_form_is_being_filled_stays(open_page: OpenPage, app: Playground) -> None:
    """Everything else is the new model's, and the price and the address follow what was typed."""
    page = open_page(f"{app.address}/?model=flux-2&prompt=A+fox")
    release = hold(page, "choose_model")
    page.locator("#chosen-model [data-picker]").click()
    page.locator('#picker-one [data-value="ideogram-v3"]').click()
    fill_prompt(page, "An owl at night")
    release()
    expect(field(page, "style")).to_be_visible()
    expect(page).to_have_url(re.compile("model=ideogram-v3&prompt=An\\+owl\\+at\\+night"))
    expect(page.locator("#prompt textarea")).to_have_value("An owl at night")


def test_what_is_typed_while_the_page_still_opens_stays(open_page: OpenPage, app: Playground) -> None:
    """After ten seconds without an answer it can be used, and the answer may come then."""
    page = open_page(f"{app.address}/?model=flux-2&prompt=A+fox")
    with delayed_opening(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        page.evaluate("window.playground.opened()")
        expect(page.locator("html.opened")).to_be_attached()
        fill_prompt(page, "A badger")
    expect(page).to_have_url(re.compile("prompt=A\\+badger"))
    expect(page.locator("#prompt textarea")).to_have_value("A badger")


def test_a_key_that_is_entered_while_another_one_is_being_taken_is_the_one_in_use(
    open_page: OpenPage, app_at_service: Playground
) -> None:
    page = open_page(app_at_service.address)
    box = page.get_by_label("Your API key")
    release = hold(page, "enter_key")
    box.fill("sk-first-key-0123456789")
    box.press("Enter")
    box.fill("wrong-second-key-0123456789")
    release()
    expect(page.locator(".pill")).to_contain_text("works")
    expect(box).to_have_value("wrong-second-key-0123456789")
    release = hold(page, "enter_key")
    box.press("Enter")
    box.fill("sk-third-key-0123456789")
    box.press("Enter")
    release()
    expect(box).to_have_value("")
    expect(page.locator(".pill")).to_contain_text("works")


@pytest.mark.parametrize("column", ["Price", "Seconds"])
def test_of_two_clicks_on_headers_the_second_one_counts(open_page: OpenPage, app: Playground, column: str) -> None:
    page = open_page(f"{app.address}/?tab=models")
    release = hold(page, "sort_prices")
    page.locator('#models-table [data-sort="Model"] button').click()
    page.locator(f'#models-table [data-sort="{column}"] button').click()
    release()
    expect(page.locator(f'#models-table [data-sort="{column}"][aria-sort]')).to_be_attached()
