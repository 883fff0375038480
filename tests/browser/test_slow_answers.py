"""What a visitor does while the server's answer to an earlier event is on its way is neither lost nor overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import (
    OpenPage,
    Playground,
    button,
    field,
    fill_prompt,
    state_label,
    wait_for_opening,
    wait_until,
)

EVENTS = "**/gradio_api/run/**"
NUMBER = "name => window.gradio_config.dependencies.find(event => event.api_name === name).id"


def hold(page: Page, handler: str) -> Callable[..., None]:
    """Hold back this handler's events. The returned function waits for a number of them, then sends each on once the one
    before is answered: events that are sent together may arrive in another order."""
    number = page.evaluate(NUMBER, handler)
    held: list[Route] = []
    holding = True

    def on_event(route: Route) -> None:
        if holding and route.request.post_data_json["fn_index"] == number:
            held.append(route)
        else:
            route.continue_()

    def release(events: int = 1) -> None:
        nonlocal holding
        wait_until(page, lambda: len(held) >= events, True)
        while held:
            route = held.pop(0)
            route.continue_()
            route.request.response()
        holding = False
        page.unroute(EVENTS)

    page.route(EVENTS, on_event)
    return release


def test_what_is_done_while_an_answer_is_awaited_is_kept(open_page: OpenPage, app: Playground) -> None:
    page = open_page(f"{app.address}/?model=flux-2&prompt=A+fox")
    _what_is_typed_while_a_form_is_being_filled_stays(page)
    _page_that_is_reloaded_as_soon_as_it_shows_a_job_shows_it_again(page)
    page.get_by_role("tab", name="Models & prices").click()
    for column in ("Price", "Seconds"):
        _of_two_clicks_on_headers_the_second_one_counts(page, column)


def _what_is_typed_while_a_form_is_being_filled_stays(page: Page) -> None:
    """Everything else is the new model's, and the price and the address follow what was typed."""
    release = hold(page, "choose_model")
    page.locator("#chosen-model [data-picker]").click()
    page.locator('#picker-one [data-value="ideogram-v3"]').click()
    fill_prompt(page, "An owl at night")
    release()
    expect(field(page, "style")).to_be_visible()
    expect(page).to_have_url(re.compile("model=ideogram-v3&prompt=An\\+owl\\+at\\+night"))
    expect(page.locator("#prompt textarea")).to_have_value("An owl at night")


def _page_that_is_reloaded_as_soon_as_it_shows_a_job_shows_it_again(page: Page) -> None:
    """The address names the job by then, whatever else the server has not answered yet."""
    fill_prompt(page, "A heron #sandbox:upstream")
    hold(page, "follow")
    button(page).click()
    expect(state_label(page)).to_have_text("Unsure")
    page.unroute(EVENTS)
    page.reload()
    expect(state_label(wait_for_opening(page))).to_have_text("Unsure")
    expect(page.locator("#prompt textarea")).to_have_value("A heron #sandbox:upstream")


def _of_two_clicks_on_headers_the_second_one_counts(page: Page, column: str) -> None:
    release = hold(page, "sort_prices")
    page.locator('#models-table [data-sort="Model"] button').click()
    page.locator(f'#models-table [data-sort="{column}"] button').click()
    release()
    expect(page.locator(f'#models-table [data-sort="{column}"][aria-sort]')).to_be_attached()
    expect(page.locator("#models-table [aria-sort]")).to_have_count(1)
