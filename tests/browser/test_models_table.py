"""The Models & prices tab: sorting by numbers, filters, a row as a door to Generate, the what-if, the files."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from components.catalog.models import Catalog
from components.catalog.prices import price_list, usd_text, what_if
from tests.browser.conftest import Playground, Upstream, Visitor, button, generate, playground, until

NUMBERS = {"Base": 1, "From": 2, "To": 3, "$ from": 4, "$ to": 5, "Seconds": 6, "Node": 12}
PLAN_NUMBERS = {"Credits": 2, "$ each": 3, "$ a month": 4, "Pictures": 5}


def test_the_table_opens_by_base_credits_and_sorts_every_number_as_a_number(
    visit: Visitor, app: Playground, catalog: Catalog
) -> None:
    """By a click on a header, and by keyboard."""
    page = _open(visit, app)
    rows = price_list(catalog)
    assert [row.model.name for row in rows] == [_plain(name) for name in _column(page, "models", 0)]
    assert _column(page, "models", 1) == [f"{row.base.credits:g}" for row in rows]
    for name, number in NUMBERS.items():
        for direction in ("ascending", "descending"):
            _header(page, "models", name).click()
            expect(_header(page, "models", name)).to_have_attribute("aria-sort", direction)
            _expect_sorted(page, "models", number, direction)
            assert len(_column(page, "models", number)) == len(rows)
        expect(page.locator("#models-table .sort-indicator")).to_have_count(1)
    for name, number in PLAN_NUMBERS.items():
        _header(page, "plans", name).click()
        expect(_header(page, "plans", name)).to_have_attribute("aria-sort", "ascending")
        _expect_sorted(page, "plans", number, "ascending")
        assert len(_column(page, "plans", number)) > 10
    page.locator("#models-table").get_by_label("Fullscreen").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    for direction in ("ascending", "descending"):
        page.keyboard.press("Enter")
        expect(_header(page, "models", "From")).to_have_attribute("aria-sort", direction)
        expect(_header(page, "models", "From")).to_be_focused()
        _expect_sorted(page, "models", 2, direction)


def test_purpose_search_provider_price_and_needs_narrow_the_table(visit: Visitor, app: Playground) -> None:
    """What a model is good for leaves the cheapest that fits on top."""
    page = _open(visit, app)
    found = page.locator("#found")
    expect(found).to_contain_text("All 11 models. Lowest price: 🧠 CogView 4, 4 credits · $0.04")
    page.get_by_label("Logo or text in the picture").check()
    _expect_models(page, ["Ideogram V3", "GPT Image 1.5", "Ideogram V4"])
    page.get_by_label("Edit a picture").check()
    _expect_models(page, ["Ideogram V3", "GPT Image 1.5"])
    expect(found).to_contain_text("2 of 11 models. Lowest price: ✦ Ideogram V3, 8 credits · $0.08")
    page.get_by_label("Enlarge a picture").check()
    _expect_models(page, [])
    expect(found).to_contain_text("No model matches all filters.")
    page.get_by_role("button", name="Clear the filters").click()
    _expect_models(page, None)
    expect(page.get_by_role("button", name="Clear the filters")).to_have_count(0)
    search = page.locator("#search textarea, #search input")
    for text, names in (
        ("logo", ["Ideogram V3", "GPT Image 1.5", "Ideogram V4"]),
        ("ideogram", ["Ideogram V3", "Ideogram V4"]),
        ("wavespeed IMAGE o1", ["Kling Image O1"]),
        (".*", []),
    ):
        search.fill(text)
        _expect_models(page, names)
    search.fill("")
    _expect_models(page, None)
    page.get_by_label("callback").check()
    page.get_by_label("image input").check()
    _expect_models(page, ["Flux 2", "GPT Image 1.5", "Seedream 4.5"])
    page.locator("#ceiling input").click()
    page.get_by_role("option", name="at most 10 credits").click()
    _expect_models(page, ["Flux 2", "GPT Image 1.5"])
    page.locator("#provider input").click()
    page.get_by_role("option", name="OpenAI").click()
    page.keyboard.press("Escape")
    _expect_models(page, ["GPT Image 1.5"])


def test_the_table_fits_a_desk_and_its_measured_columns_come_with_the_first_run(
    visit: Visitor, upstream: Upstream, tmp_path: Path
) -> None:
    stated = ["Model", "Base", "From", "To", "$ from", "$ to", "Seconds", "Provider", "Inputs", "Output", "Runtime",
              "Webhook", "Node"]  # fmt: skip
    headers = "nodes => nodes.filter((node) => node.offsetWidth).map((node) => node.title)"
    with playground(tmp_path, API_IN_ONE_BASE_URL=upstream.address, API_IN_ONE_KEY="aio_measured") as app:
        page = _open(visit, app)
        assert page.locator("#models-table th").evaluate_all(headers) == stated
        last = page.locator('#models-table th[data-sort="Node"]').bounding_box()
        assert last
        assert last["x"] + last["width"] <= 1280
        page.get_by_role("tab", name="Generate").click()
        generate(page)
        page.get_by_role("tab", name="Models & prices").click()
        expect(_header(page, "models", "Runs")).to_be_attached()
        shown = page.locator("#models-table th").evaluate_all(headers)
        assert shown == [*stated, "Measured s", "Slowest 5 %", "Runs", "Failed"]
        row = page.locator("#models-table tbody tr", has_text="GPT Image 1.5").locator("th, td")
        expect(row.nth(15)).to_have_text("1")
        expect(row.nth(16)).to_have_text("0%")
        expect(page.locator("#found")).to_contain_text("Measured here, at the service")
        page.context.close()


def test_a_click_on_a_row_opens_that_model(visit: Visitor, app: Playground, catalog: Catalog) -> None:
    """As the table opens, and sorted and filtered."""
    page = _open(visit, app)
    _click_the_first_row(page, catalog, "CogView 4")
    page.get_by_role("tab", name="Models & prices").click()
    for direction in ("ascending", "descending"):
        _header(page, "models", "To").click()
        expect(_header(page, "models", "To")).to_have_attribute("aria-sort", direction)
    assert _plain(_column(page, "models", 0)[0]) == "Recraft V4"
    page.get_by_label("callback").check()
    expect(page.locator("#models-table tbody tr")).to_have_count(5)
    _click_the_first_row(page, catalog, "GPT Image 1.5")


def _click_the_first_row(page: Page, catalog: Catalog, name: str) -> None:
    """It is this model's, and Generate opens with the model's example and price."""
    row = page.locator("#models-table tbody tr").nth(0)
    expect(row.locator("th, td").first).to_contain_text(name)
    model = next(model for model in catalog.models if model.name == name)
    row.locator("th, td").nth(2).click()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#model input")).to_have_value(re.compile(re.escape(name)))
    expect(page.locator("#prompt textarea")).to_have_value(str(model.example["prompt"]))
    expect(page).to_have_url(re.compile(rf"[?&]model={re.escape(model.id)}(&|$)"))
    row = next(row for row in price_list(catalog) if row.model is model)
    expect(button(page)).to_have_text(f"Generate · {row.base}")


def test_the_what_if_follows_its_two_numbers_and_both_tables_can_be_had_as_files(
    visit: Visitor, app: Playground, catalog: Catalog
) -> None:
    page = _open(visit, app)
    for images, budget in ((1000, 50), (250, 7), (250, 50)):
        page.locator("#pictures input").fill(str(images))
        page.locator("#budget input").fill(str(budget))
        wanted = sorted(what_if(catalog, images, budget), key=lambda row: row.month.usd)
        bars = [f"{row.model.icon} {row.model.name}" + (f" · {row.tier.label}" if row.tier.label else "") for row in wanted]
        expect(page.locator("#plans-chart .number")).to_have_text([usd_text(row.month.usd) for row in wanted])
        expect(page.locator("#plans-chart .name")).to_have_text(bars)
        expect(_cells(page, "plans", 5).first).to_have_text(f"{wanted[0].pictures:,}")
        shown = len(_column(page, "plans", 0))
        assert shown > 10
        for number, texts in (
            (2, [f"{row.tier.credits:g}" for row in wanted]),
            (3, [usd_text(row.per_picture.usd) for row in wanted]),
            (4, [usd_text(row.month.usd) for row in wanted]),
            (5, [f"{row.pictures:,}" for row in wanted]),
        ):
            until(page, lambda at=number: _column(page, "plans", at), texts[:shown])
    widths = page.locator("#plans-chart .track i").evaluate_all("nodes => nodes.map(node => node.offsetWidth)")
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] / 10
    expect(page.locator("#plans-chart .number").first).to_have_text("$10.00")
    links = page.get_by_role("link", name="Download as CSV")
    models, months = _download(page, links.nth(0)), _download(page, links.nth(1))
    assert [row["id"] for row in models] == [row.model.id for row in price_list(catalog)]
    assert [float(row["Base"]) for row in models] == [row.base.credits for row in price_list(catalog)]
    wanted = sorted(what_if(catalog, 250, 50), key=lambda row: row.month.usd)
    assert [float(row["$ a month"]) for row in months] == pytest.approx([row.month.usd for row in wanted])
    assert [float(row["Pictures"]) for row in months] == [row.pictures for row in wanted]


def _open(visit: Visitor, app: Playground, models: int = 11) -> Page:
    page = visit(app.address)
    page.get_by_role("tab", name="Models & prices").click()
    expect(page.locator("#models-table tbody tr")).to_have_count(models)
    expect(page.locator("#plans-table tbody tr").first).to_be_visible()
    return page


def _header(page: Page, table: str, name: str) -> Locator:
    return page.locator(f'#{table}-table th[data-sort="{name}"]')


def _cells(page: Page, table: str, number: int) -> Locator:
    return page.locator(f"#{table}-table tbody tr :is(th, td):nth-child({number + 1})")


def _column(page: Page, table: str, number: int) -> list[str]:
    return [text.strip() for text in _cells(page, table, number).all_inner_texts()]


def _plain(name: str) -> str:
    """A model's name without the icon before it."""
    return name.partition(" ")[2]


def _number(text: str) -> float:
    """What a cell's text stands for: ``$0.04``, ``1,250``, ``node48``, or the middle of ``3–8``."""
    numbers = [float(part.replace(",", "")) for part in re.findall(r"[\d.,]+", text)]
    return sum(numbers) / len(numbers)


def _expect_sorted(page: Page, table: str, number: int, direction: str) -> None:
    """A column stands in this order, as numbers do, once it is drawn."""

    def out_of_order() -> list[tuple[float, float]]:
        values = [_number(text) for text in _column(page, table, number)]
        pairs = pairwise(values if direction == "ascending" else reversed(values))
        return [(first, second) for first, second in pairs if first > second]

    until(page, out_of_order, [])


def _expect_models(page: Page, names: list[str] | None) -> None:
    cells = page.locator("#models-table tbody tr :is(th, td):nth-child(1)")
    if names is None:
        expect(cells).to_have_count(11)
    else:
        expect(cells).to_have_text([re.compile(rf"{re.escape(name)}\s*$") for name in names])


def _download(page: Page, link: Locator) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename.endswith(".csv")
    return list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
