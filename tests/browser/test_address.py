"""The page's address holds model, prompt and parameters; opening one spends nothing."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import (
    OpenPage,
    Playground,
    address_box,
    button,
    choose,
    field,
    fill_prompt,
    pick_model,
    request_body,
    state_label,
    wait_until,
)
from tests.browser.history_setup import RECORD_ADDRESSES, delayed_opening, written_queries

HOSTILE = [("model", "imagen-4"), ("seed", "1e999"), ("num_images", "many"), ("prompt", "x" * 9000), ("tab", "<b>")]
PROMPT = 'Zwölf "Äpfel" & 50 % of #1?\nsecond line + 🍏'


def test_the_address_holds_tab_and_form_through_reloads_back_and_forward(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    link = {"model": "gpt-image-1-5", "prompt": "A paper crane", "quality": "high", "aspect_ratio": "2:3", "__theme": "dark"}
    jobs, page = app.jobs, open_page(f"{app.address}/?{urlencode(link)}")
    _the_link_fills_the_form(page)
    pick_model(page, catalog.find("flux-2") or catalog.first)
    _the_form_is_in_the_address_and_survives_a_reload(page)
    form = _query(page)
    _after_back_during_a_reload_the_address_still_follows_the_tabs(page, app)
    _a_reload_opens_the_tab_with_the_form_as_it_was(page, app, form)
    _back_and_forward_switch_tabs_and_keep_the_forms(page)
    _back_opens_a_tab_that_is_in_the_overflow_menu(page)
    assert app.jobs == jobs


def _the_link_fills_the_form(page: Page) -> None:
    expect(page.locator("#chosen-model strong")).to_have_text("GPT Image 1.5")
    expect(page.locator("#prompt textarea")).to_have_value("A paper crane")
    expect(button(page)).to_have_text("Generate · 28 credits · $0.28")
    expect(page.locator("#banner p")).to_have_count(1)
    expect(state_label(page), "the example was made from other settings").to_have_text("No picture yet")


def _the_form_is_in_the_address_and_survives_a_reload(page: Page) -> None:
    fill_prompt(page, PROMPT)
    choose(page, "type", "flex")
    choose(page, "aspect_ratio", "9:16")
    address_box(page, "input_urls").fill("https://one.example/a.png\nhttps://two.example/b.png")
    expect(page).to_have_url(re.compile("two.example"))
    expected = {
        "model": ["flux-2"], "prompt": [PROMPT], "type": ["flex"], "aspect_ratio": ["9:16"], "__theme": ["dark"],
        "input_urls": ["https://one.example/a.png", "https://two.example/b.png"],
    }  # fmt: skip
    wait_until(page, lambda: _query(page), expected)
    # The editor draws only the lines in sight, so the request itself is compared.
    expect(page.locator("#code")).to_contain_text("two.example")
    body = request_body(page)
    assert body["type"] == "flex"
    page.reload()
    expect(button(page)).to_have_text("Generate · 14 credits · $0.14")
    expect(page.locator("#prompt textarea")).to_have_value(PROMPT)
    expect(field(page, "aspect_ratio").locator("input")).to_have_value("9:16")
    expect(field(page, "input_urls").locator("textarea")).to_have_value("\n".join(expected["input_urls"]))
    expect(page.locator("body.dark")).to_have_count(1)
    wait_until(page, lambda: _query(page), expected)
    wait_until(page, lambda: request_body(page), body)


def _after_back_during_a_reload_the_address_still_follows_the_tabs(page: Page, app: Playground) -> None:
    _tab(page, "Models & prices").click()
    expect(page).to_have_url(f"{app.address}/?tab=models&__theme=dark")
    with delayed_opening(page):
        page.reload()
        expect(page.locator("#tabs")).to_have_attribute("inert", "")
        page.go_back()
    _expect_tab(page, "Models & prices", "tab=models")
    expect(page.locator("#models-table tbody tr")).to_have_count(11)
    _tab(page, "Integrate").click()
    expect(page).to_have_url(re.compile("tab=integrate"))
    _tab(page, "Models & prices").click()
    expect(page).to_have_url(f"{app.address}/?tab=models&__theme=dark")


def _a_reload_opens_the_tab_with_the_form_as_it_was(page: Page, app: Playground, form: dict[str, list[str]]) -> None:
    _tab(page, "Integrate").click()
    expect(page.locator("#integrate h2")).to_contain_text("Flux 2")
    page.locator("#integrate-chosen [data-picker]").click()
    page.locator('#picker-one [data-value="recraft-v4"]').click()
    expect(page).to_have_url(f"{app.address}/?tab=integrate&model=recraft-v4&__theme=dark")
    page.reload()
    expect(page.locator("#integrate h2")).to_contain_text("Recraft V4")
    _tab(page, "Generate").click()
    expect(page.locator("#prompt textarea")).to_have_value(PROMPT)
    expect(page).to_have_url(re.compile(r"\?model=flux-2&"))
    assert _query(page) == form


def _back_and_forward_switch_tabs_and_keep_the_forms(page: Page) -> None:
    _tab(page, "Models & prices").click()
    page.locator("#search input, #search textarea").fill("logo")
    expect(page).to_have_url(re.compile("search=logo"))
    page.locator("#models-table tbody tr", has_text="Ideogram V4").locator("th, td").first.click()
    expect(page.locator("#chosen-model strong")).to_have_text("Ideogram V4")
    expect(page).to_have_url(re.compile(r"\?model=ideogram-v4"))
    for step in (page.go_back, page.go_forward):
        step()
        _expect_tab(page, "Models & prices", "tab=models&search=logo")
        step()
        _expect_tab(page, "Generate", r"\?model=ideogram-v4")
        expect(page.locator("#chosen-model strong")).to_have_text("Ideogram V4")


def _back_opens_a_tab_that_is_in_the_overflow_menu(page: Page) -> None:
    """A desktop window at 400 % zoom has room for two tabs."""
    page.set_viewport_size({"width": 320, "height": 700})
    for name in ("History", "Integrate"):
        page.get_by_role("button", name="More tabs").click()
        page.locator(".overflow-dropdown").get_by_text(name).click()
        expect(page).to_have_url(re.compile(f"tab={name.lower()}"))
    page.go_back()
    _expect_tab(page, "History", "tab=history")
    page.go_forward()
    _expect_tab(page, "Integrate", "tab=integrate")


def test_unusable_parts_of_an_address_are_named_and_nothing_is_spent(open_page: OpenPage, app: Playground) -> None:
    jobs, logged = app.jobs, len(app.log)
    page = open_page(f"{app.address}/?{urlencode(HOSTILE)}&__proto__=1&prompt=again")
    expect(page.locator("#banner")).to_contain_text("Part of the address was ignored.")
    expect(page.locator("#banner")).to_contain_text("num_images: 'many' is of the wrong type.")
    expect(page.locator("#prompt textarea")).to_have_value("x" * 9000)
    expect(button(page)).to_have_text("Generate · 8 credits · $0.08")
    assert "Traceback" not in app.log[logged:]
    assert app.jobs == jobs


def test_filters_and_sorting_of_the_table_are_in_the_address(open_page: OpenPage, app: Playground) -> None:
    page = _invalid_filters_are_ignored(open_page, app)
    rows = page.locator("#models-table tbody tr")
    page.locator("#search textarea, #search input").fill("picture")
    page.get_by_label("Edit a picture").check()
    page.get_by_label("image input").check()
    page.locator("#max-price input").click()
    page.get_by_role("option", name="up to 12 credits").click()
    page.locator("#provider input").click()
    for name in ("ByteDance / KIE", "OpenAI"):
        page.get_by_role("option", name=name).click()
    page.keyboard.press("Escape")
    expect(rows).to_have_count(2)
    header = page.locator('#models-table th[data-sort="Price"]')
    for direction in ("ascending", "descending"):
        header.click()
        expect(header).to_have_attribute("aria-sort", direction)
        expect(page).to_have_url(re.compile(f"&order={direction}$"))
    expect(rows.first).to_contain_text("Seedream 4.5")
    parameters = {
        "tab": ["models"], "search": ["picture"], "provider": ["ByteDance / KIE", "OpenAI"], "price": ["12"],
        "must": ["image input"], "good": ["edit"], "sort": ["Price"], "order": ["descending"],
    }  # fmt: skip
    assert _query(page) == parameters
    other = open_page("about:blank", ready=False)
    other.add_init_script(RECORD_ADDRESSES)
    other.goto(page.url)
    expect(other.locator('#models-table th[data-sort="Price"]')).to_have_attribute("aria-sort", "descending")
    expect(other.locator("#models-table tbody tr")).to_have_count(2)
    expect(other.locator("#models-table tbody tr").first).to_contain_text("Seedream 4.5")
    expect(other.locator("#search textarea, #search input")).to_have_value("picture")
    expect(other.locator("#max-price input")).to_have_value("up to 12 credits")
    expect(other.get_by_label("Edit a picture")).to_be_checked()
    assert written_queries(other) == [parameters], "no filter is missing for a moment"
    other.get_by_role("button", name="Clear the filters").click()
    expect(other).to_have_url(f"{app.address}/?tab=models&sort=Price&order=descending")
    expect(other.locator("#models-table tbody tr")).to_have_count(11)


def _invalid_filters_are_ignored(open_page: OpenPage, app: Playground) -> Page:
    logged, jobs = len(app.log), app.jobs
    hostile = [
        ("tab", "models"), ("search", "<img src=x onerror=alert(1)>"), ("provider", "Nobody"), ("price", "1e999"),
        ("must", "<b>"), ("good", "evil"), ("sort", '"]<img src=x onerror=alert(1)>'), ("order", "sideways"),
    ]  # fmt: skip
    page = open_page(f"{app.address}/?{urlencode(hostile)}")
    expect(page.locator("#models-count")).to_contain_text("No model matches all filters.")
    expect(page).to_have_url(f"{app.address}/?{urlencode(hostile[:2])}")
    page.locator("#search textarea, #search input").fill("")
    expect(page.locator("#models-table tbody tr")).to_have_count(11)
    expect(page).to_have_url(f"{app.address}/?tab=models")
    assert "Traceback" not in app.log[logged:]
    assert app.jobs == jobs
    return page


def _query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def _tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=name)


def _expect_tab(page: Page, name: str, query: str) -> None:
    """Expect that this tab is open and that the address matches."""
    expect(_tab(page, name)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(query))
