"""The Models & prices tab: sorting by numbers in any language, filters, a row that opens its model, the what-if, the files."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from components.catalog.models import Catalog
from components.catalog.prices import price_list, what_if
from components.views.tables import FRONT, MEASURED, MORE
from tests.browser.conftest import OpenPage, Playground, button, wait_for_opening, wait_until

NUMBERS = ("Base", "To", "Seconds", "$ per 1,000", "Node")
COLUMNS = (*FRONT, *MORE)
PLAN_NUMBERS = {"Credits": 2, "$ a month": 4, "Pictures": 5}


def test_the_table_filters_leads_to_its_models_and_sorts_numbers_as_numbers(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    """In a browser of a language that writes numbers another way."""
    page = open_page(app.address, locale="de-DE")
    _open(page)
    cheapest_first = sorted(price_list(catalog), key=lambda row: row.lowest.credits)
    expect(page.locator("#models-table .model-cell strong")).to_have_text([row.model.name for row in cheapest_first])
    _first_row_opens_its_model_with_its_example_and_price(page, catalog, "CogView 4")
    _filters_by_purpose_are_combined(page)
    _search_filters_and_orders(page)
    _filters_by_facts_are_combined(page)
    _first_row_of_a_sorted_and_filtered_table_opens_its_model(page, catalog)
    page.get_by_label("All columns").check()
    expect(page.locator("#models-table thead th[data-sort]")).to_have_count(len(COLUMNS))
    expect_numbers_to_sort(page, *NUMBERS)
    _numbers_of_the_what_if_sort(page)
    _header(page, "models", "Model").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(_header(page, "models", "Model")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(f"{app.address}/?tab=models&sort=Model&order=ascending&columns=all")
    page.reload()
    expect(_header(page, "models", "Model"), "the order is in the address").to_have_attribute("aria-sort", "ascending")
    _what_if_follows_its_two_numbers_and_both_tables_can_be_had_as_files(page, catalog)


def _first_row_opens_its_model_with_its_example_and_price(page: Page, catalog: Catalog, name: str) -> None:
    """And the visitor comes back."""
    expect(_rows(page).first).to_contain_text(name)
    row = next(row for row in price_list(catalog) if row.model.name == name)
    _rows(page).first.get_by_role("button", name="Try").click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#chosen-model strong")).to_have_text(name)
    expect(page.locator("#prompt textarea")).to_have_value(str(row.model.example["prompt"]))
    expect(page).to_have_url(re.compile(rf"[?&]model={re.escape(row.model.id)}(&|$)"))
    expect(button(page)).to_have_text(f"Generate · {row.base}")
    page.get_by_role("tab", name="Models & prices").click()


def _filters_by_purpose_are_combined(page: Page) -> None:
    """What a model is good for leaves the cheapest that matches on top."""
    summary = page.locator("#models-count")
    expect(summary).to_contain_text("All 11 models. Lowest price: CogView 4, 4 credits · $0.04")
    page.get_by_label("Logo or text in the picture").check()
    _expect_models(page, ["Ideogram V3", "GPT Image 1.5", "Ideogram V4"])
    page.get_by_label("Edit a picture").check()
    _expect_models(page, ["Ideogram V3", "GPT Image 1.5"])
    expect(summary).to_contain_text("changes a given picture by instruction")
    expect(page.locator("#scatter .dot-button")).to_have_count(2)
    expect(page.locator("#plans-table tbody tr").first).to_contain_text("Ideogram V3")
    assert set(_column(page, "plans", 0)) == {"Ideogram V3", "GPT Image 1.5"}
    expect(summary).to_contain_text("2 of 11 models. Lowest price: Ideogram V3, 8 credits · $0.08")
    page.get_by_label("Enlarge a picture").check()
    _expect_models(page, [])
    _clear_filters(page)


def _search_filters_and_orders(page: Page) -> None:
    summary, search = page.locator("#models-count"), page.locator("#search :is(textarea, input)")
    for text, names in (
        ("wavespeed IMAGE o1", ["Kling Image O1"]),
        (".*", []),
        ("ideogram", ["Ideogram V3", "Ideogram V4"]),
    ):
        search.fill(text)
        _expect_models(page, names)
    search.fill("transparent")
    _expect_models(page, [])
    expect(summary).to_contain_text("No model matches all filters. No model's page offers a transparent background.")
    search.fill("fast")
    expect(_header(page, "models", "Seconds")).to_have_attribute("aria-sort", "ascending")
    expect(summary).to_contain_text("All 11 models. Fastest first.")
    search.fill("")
    expect(_rows(page)).to_have_count(11)
    expect(page.locator("#models-table [aria-sort]")).to_have_count(0)


def _filters_by_facts_are_combined(page: Page) -> None:
    page.get_by_label("webhook").check()
    page.get_by_label("image input").check()
    _expect_models(page, ["Flux 2", "GPT Image 1.5", "Seedream 4.5"])
    page.locator("#max-price input").click()
    page.get_by_role("option", name="up to 10 credits").click()
    _expect_models(page, ["Flux 2", "GPT Image 1.5"])
    page.locator("#provider input").click()
    page.get_by_role("option", name="OpenAI").click()
    page.keyboard.press("Escape")
    _expect_models(page, ["GPT Image 1.5"])
    _clear_filters(page)


def _clear_filters(page: Page) -> None:
    page.get_by_role("button", name="Clear the filters").click()
    expect(_rows(page)).to_have_count(11)
    expect(page.get_by_role("button", name="Clear the filters")).to_have_count(0)


def _first_row_of_a_sorted_and_filtered_table_opens_its_model(page: Page, catalog: Catalog) -> None:
    for direction in ("ascending", "descending"):
        _header(page, "models", "Price").click()
        expect(_header(page, "models", "Price")).to_have_attribute("aria-sort", direction)
    page.get_by_label("webhook").check()
    expect(_rows(page)).to_have_count(5)
    _first_row_opens_its_model_with_its_example_and_price(page, catalog, "Seedream 4.5")
    _clear_filters(page)


def expect_numbers_to_sort(page: Page, *columns: str) -> None:
    """Click on these headers twice each; the table is in order each time."""
    for name in columns:
        for direction in ("ascending", "descending"):
            _header(page, "models", name).click()
            expect(_header(page, "models", name)).to_have_attribute("aria-sort", direction)
            _expect_sorted(page, "models", COLUMNS.index(name), direction)
        expect(page.locator("#models-table [aria-sort]")).to_have_count(1)


def _numbers_of_the_what_if_sort(page: Page) -> None:
    for name, number in PLAN_NUMBERS.items():
        _header(page, "plans", name).click()
        expect(_header(page, "plans", name)).to_have_attribute("aria-sort", re.compile("ending"))
        _expect_sorted(page, "plans", number, str(_header(page, "plans", name).get_attribute("aria-sort")))


def _what_if_follows_its_two_numbers_and_both_tables_can_be_had_as_files(page: Page, catalog: Catalog) -> None:
    wait_for_opening(page)
    page.get_by_role("link", name="What a month costs").click()
    expect(page.locator("#images-per-month input")).to_be_focused()
    expect(page.locator("#images-per-month input")).to_be_in_viewport()
    page.keyboard.type("250")
    page.locator("#budget input").fill("-7")
    expect(page.locator("#budget")).to_contain_text("A number from 0 to 1,000,000,000.")
    page.locator("#budget input").fill("7")
    expect(page.locator("#budget")).not_to_contain_text("A number from 0")
    expect(page).to_have_url(re.compile("pictures=250&budget=7(&|$)"))
    wanted = sorted(what_if(catalog, 250, 7), key=lambda row: row.month.usd)
    wait_until(page, lambda: _column(page, "plans", 5), [f"{row.pictures:,}" for row in wanted])
    expect(page.locator("#plans-table .month-cost").first).to_have_text("$10.00")
    widths = page.locator("#plans-table .month-bar i").evaluate_all("nodes => nodes.map(node => node.offsetWidth)")
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] / 10
    links = page.get_by_role("link", name="Download as CSV")
    models, months = _download(page, links.nth(0)), _download(page, links.nth(1))
    assert [row["id"] for row in models] == [row.model.id for row in price_list(catalog)]
    assert [float(row["$ a month"]) for row in months] == pytest.approx([row.month.usd for row in wanted])


def expect_unmeasured_columns_that_fit(page: Page) -> None:
    """Open the tab before the first run; the table fits a desktop."""
    _open(page)
    _expect_columns(page, *FRONT)
    frame = page.locator("#models-table .table-frame")
    assert frame.evaluate("node => node.scrollWidth - node.clientWidth") <= 1, "the table scrolls sideways"


def expect_a_measured_run(page: Page, name: str) -> None:
    """Open the tab after the first run, which was of this model."""
    page.get_by_role("tab", name="Models & prices").click()
    row = _rows(page).filter(has_text=name)
    expect(row.locator("[data-column=Seconds]")).to_contain_text("measured")
    page.get_by_label("All columns").check()
    expect(_header(page, "models", "Runs")).to_be_attached()
    _expect_columns(page, *COLUMNS, *MEASURED)
    expect(row.locator("[data-column=Runs]")).to_have_text("1")
    expect(row.locator("[data-column=Failed]")).to_have_text("0%")
    expect(page.locator("#models-count")).to_contain_text("measured here")


def _expect_columns(page: Page, *names: str) -> None:
    headers = page.locator("#models-table thead th[data-sort]")
    assert headers.evaluate_all("nodes => nodes.map((node) => node.dataset.sort)") == list(names)


def _open(page: Page) -> None:
    page.get_by_role("tab", name="Models & prices").click()
    expect(_rows(page)).to_have_count(11)
    expect(page.locator("#plans-table tbody tr").first).to_be_visible()


def _rows(page: Page) -> Locator:
    return page.locator("#models-table tbody tr")


def _header(page: Page, table: str, name: str) -> Locator:
    return page.locator(f'#{table}-table th[data-sort="{name}"]')


def _column(page: Page, table: str, number: int) -> list[str]:
    cells = page.locator(f"#{table}-table tbody tr > :nth-child({number + 1})")
    return [text.strip() for text in cells.all_inner_texts()]


def _number(text: str) -> float:
    """The number in a cell: ``$0.04``, ``1,250``, ``node48``, or the middle of ``3–8``."""
    numbers = [float(part.replace(",", "")) for part in re.findall(r"[\d.,]+", text)]
    return sum(numbers) / len(numbers)


def _expect_sorted(page: Page, table: str, number: int, direction: str) -> None:
    values = [_number(text) for text in _column(page, table, number)]
    pairs = pairwise(values if direction == "ascending" else reversed(values))
    assert [(first, second) for first, second in pairs if first > second] == []


def _expect_models(page: Page, names: list[str]) -> None:
    expect(page.locator("#models-table .model-cell strong")).to_have_text(
        [re.compile(rf"{re.escape(name)}\s*$") for name in names]
    )


def _download(page: Page, link: Locator) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        link.click()
    return list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
