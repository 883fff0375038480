"""The History tab: the visitor's own jobs, with filters that are in the address, and pages."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs
from zipfile import ZipFile

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, Playground, each_viewport, expect_no_sideways_scroll
from tests.browser.history_setup import (
    RECORD_ADDRESSES,
    SAMPLE_REQUESTS,
    copy_jobs,
    count,
    create_jobs,
    open_as,
    written_queries,
)
from tests.browser.test_look import LOW_CONTRAST_TEXTS

SIZES = """async (pictures) => {
  for (const one of pictures) await one.decode();
  return pictures.map((one) => [one.naturalWidth, one.naturalHeight]);
}"""


def test_a_history_is_listed_filtered_sorted_and_in_pages(open_page: OpenPage, app: Playground) -> None:
    secret = "ann-of-the-history-0123456789"
    create_jobs(app, secret, SAMPLE_REQUESTS)
    page = open_as(secret, open_page, f"{app.address}/?tab=history")
    _jobs_are_listed_newest_first(page, app)
    _it_fits_the_window_and_has_enough_contrast(page)
    query = _filters_and_the_table_narrow_at_once(page, app)
    other = page.context.new_page()
    other.add_init_script(RECORD_ADDRESSES)
    other.goto(page.url)
    _expect_filters(other, app, query)
    assert written_queries(other) == [parse_qs(query)], "no filter is missing for a moment"
    other.close()
    copy_jobs(app, _older(app))
    page.reload()
    _expect_filters(page, app, query)
    _one_button_clears_the_filters(page, app)
    _headers_sort(page, app)
    _there_are_pages(page, app)


def _older(app: Playground) -> list[tuple[str, dict[str, Any]]]:
    """Copies for an older history: its first job, twelve that failed for one reason, and then twenty that are done."""
    _, boat, failed, _ = app.jobs[-len(SAMPLE_REQUESTS) :]
    first = (boat, {"prompt": "The first fox", "search_text": "the first fox"})
    copies = [first, *[(failed, {"model": "cogview-4"})] * 12, *[(boat, {})] * 20]
    begun = time.time() - 100_000
    return [(job, {**changes, "created_at": begun + at}) for at, (job, changes) in enumerate(copies)]


def _jobs_are_listed_newest_first(page: Page, app: Playground) -> None:
    """Pictures are shown as small copies."""
    expect(page.locator(".entry .excerpt")).to_have_text([query["prompt"] for _, query in reversed(SAMPLE_REQUESTS)])
    expect(page.locator(".entry .head strong")).to_have_text(["Done", "Failed", "Done", "Done"])
    expect(page.locator(".entry .badge.many")).to_have_text(["3 pictures"])
    expect(page.locator(".entry .why")).to_contain_text("The model crashed")
    pictures = page.locator(".entry .frame img")
    expect(pictures).to_have_count(3)
    sizes = pictures.evaluate_all(SIZES)
    assert [max(size) for size in sizes] == [480] * 3, sizes
    for address in pictures.evaluate_all("all => all.map((one) => one.src)"):
        assert re.fullmatch(rf"{re.escape(app.address)}/pictures/[0-9a-f]{{64}}\.\w+/small", address), address
        assert page.request.get(address).headers["content-type"] == "image/webp"


def _it_fits_the_window_and_has_enough_contrast(page: Page) -> None:
    """On a phone and on a desktop, light and dark."""
    for width, theme in each_viewport(page):
        context = f"{theme}, {width} px"
        page.get_by_label("Gallery").check()
        expect(page.locator(".entry"), context).to_have_count(len(SAMPLE_REQUESTS))
        page.locator("[data-entry]").nth(1).click()
        expect(page.locator("#history-result .problem"), context).to_be_in_viewport()
        for view, shown in (("Gallery", ".entries"), ("Table", ".history-table")):
            page.get_by_label(view).check()
            expect(page.locator(shown), context).to_be_visible()
            expect_no_sideways_scroll(page, f"{view}, {context}")
            low_contrast = page.evaluate(LOW_CONTRAST_TEXTS)
            assert not low_contrast, f"{view}, {context}: too little contrast: {low_contrast}"
        page.locator("#history-close").click()
        expect(page.locator("#history-detail"), context).not_to_be_visible()
    page.get_by_label("Gallery").check()


def _filters_and_the_table_narrow_at_once(page: Page, app: Playground) -> str:
    """Returns the query of the address, which holds them."""
    expect(count(page)).to_have_text("4 requests")
    page.locator("#history-text input").fill("boat")
    expect(count(page)).to_have_text("2 requests")
    expect(page).to_have_url(f"{app.address}/?tab=history&text=boat")
    page.locator("#history-state input").click()
    page.get_by_role("option", name="Failed").click()
    expect(count(page)).to_have_text("1 request")
    page.get_by_label("Table").check()
    expect(page.locator(".history-table tbody tr")).to_have_count(1)
    expect(page.locator(".history-table .why")).to_contain_text("The model crashed")
    page.locator("#history-model input").click()
    page.get_by_role("option", name="Flux 2").click()
    page.locator("#history-since input").first.fill("2020-01-01")
    page.locator("#history-since input").first.press("Enter")
    filters = "tab=history&text=boat&model=flux-2&state=failed&since=2020-01-01&view=table"
    expect(page).to_have_url(f"{app.address}/?{filters}")
    page.get_by_role("columnheader", name="Created").get_by_role("button").click()
    query = f"{filters}&sort=created&order=ascending"
    expect(page).to_have_url(f"{app.address}/?{query}")
    return query


def _expect_filters(page: Page, app: Playground, query: str) -> None:
    """Expect everything of this query in the page."""
    expect(page.locator(".history-table tbody tr")).to_have_count(1)
    expect(page.locator(".history-table .why")).to_contain_text("The model crashed")
    expect(page.locator("#history-text input")).to_have_value("boat")
    expect(page.locator("#history-model input")).to_have_value(re.compile("Flux 2"))
    expect(page.locator("#history-state input")).to_have_value("Failed")
    expect(page.locator("#history-since input").first).to_have_value("2020-01-01")
    expect(page.get_by_label("Table")).to_be_checked()
    expect(page.get_by_role("columnheader", name="Created")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(f"{app.address}/?{query}")


def _one_button_clears_the_filters(page: Page, app: Playground) -> None:
    search = page.locator("#history-text input")
    search.fill("zebra")
    expect(page.locator("#history-nothing")).to_have_text("No request matches these filters.")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".history-table tbody tr")).to_have_count(24)
    expect(search).to_have_value("")
    expect(page).to_have_url(f"{app.address}/?tab=history&view=table&sort=created&order=ascending")
    for model, found in (("Flux 2", "2 requests"), ("Any model", "37 requests")):
        page.locator("#history-model input").click()
        page.get_by_role("option", name=model).click()
        expect(count(page)).to_have_text(found)


def _headers_sort(page: Page, app: Playground) -> None:
    rows, header = page.locator(".history-table tbody tr"), page.get_by_role("columnheader", name="Created")
    expect(rows.first).to_contain_text("The first fox")
    page.get_by_role("button", name="Page 2").click()
    expect(rows).to_have_count(2)
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_contain_text("A green door")


def _there_are_pages(page: Page, app: Playground) -> None:
    """Failures of one reason are one line."""
    links, prompts = page.locator("#history-files a"), page.locator(".entry .excerpt")
    page.get_by_label("Gallery").check()
    expect(prompts).to_have_count(24)
    expect(links).to_have_text(["25 pictures on this page", "pictures of all 37 requests", "CSV", "JSON"])
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(f"{app.address}/?tab=history&page=2")
    expect(prompts).to_have_text(["The first fox"])
    assert _pictures_in(page, links.nth(0)) == 1
    assert _pictures_in(page, links.nth(1)) == 26
    group = page.get_by_role("button", name="12 failed")
    expect(group).to_contain_text("The model crashed")
    group.click()
    expect(prompts).to_have_count(13)
    expect(group).to_be_focused()
    group.click()
    expect(prompts).to_have_count(1)
    page.locator("#history-text input").fill("first")
    expect(count(page)).to_have_text("1 request")
    expect(links).to_have_text(["picture on this page", "CSV", "JSON"])


def _pictures_in(page: Page, link: Locator) -> int:
    """How many pictures the ZIP behind a link holds."""
    with page.expect_download() as waiting:
        link.click()
    with ZipFile(waiting.value.path()) as archive:
        return len([name for name in archive.namelist() if name.endswith((".png", ".jpg", ".webp"))])
