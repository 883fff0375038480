"""The History tab: the visitor's own jobs, with filters that are in the address, and pages."""

from __future__ import annotations

import re
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, Playground, each_viewport, expect_no_sideways_scroll
from tests.browser.history_setup import SAMPLE_REQUESTS, count, create_jobs, open_as, visitor_secret
from tests.browser.test_look import LOW_CONTRAST_TEXTS

SIZES = """async (pictures) => {
  for (const one of pictures) await one.decode();
  return pictures.map((one) => [one.naturalWidth, one.naturalHeight]);
}"""


@pytest.fixture(scope="module")
def ann(app: Playground) -> str:
    """The secret of a visitor with the jobs of SAMPLE_REQUESTS; tests do not change her history."""
    secret = "ann-of-the-history-0123456789"
    create_jobs(app, secret, SAMPLE_REQUESTS)
    return secret


def test_a_history_lists_this_visitors_jobs_newest_first(open_page: OpenPage, app: Playground, ann: str) -> None:
    """Pictures are shown as small copies."""
    page, other = open_as(ann, open_page, f"{app.address}/?tab=history"), open_page(f"{app.address}/?tab=history")
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

    expect(other.locator("#history-nothing")).to_contain_text("will appear here")
    other.get_by_role("button", name="Make the first picture").click()
    expect(other.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    create_jobs(app, visitor_secret(other), SAMPLE_REQUESTS[:1])
    other.goto(f"{app.address}/?tab=history")
    expect(other.locator(".entry .excerpt")).to_have_text(["A red kite over dunes"])


def test_filters_and_the_table_narrow_at_once_and_are_cleared_by_one_button(
    open_page: OpenPage, app: Playground, ann: str
) -> None:
    """They are in the address, and come back by a reload and by a link in another tab of the same browser."""
    page = open_as(ann, open_page, f"{app.address}/?tab=history")
    expect(count(page)).to_have_text("4 requests")
    search = page.locator("#history-text input")
    search.fill("boat")
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
    query = "tab=history&text=boat&model=flux-2&state=failed&since=2020-01-01&view=table"
    expect(page).to_have_url(f"{app.address}/?{query}")
    page.reload()
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        expect(one.locator(".history-table tbody tr")).to_have_count(1)
        expect(one.locator(".history-table .why")).to_contain_text("The model crashed")
        expect(one.locator("#history-text input")).to_have_value("boat")
        expect(one.locator("#history-model input")).to_have_value(re.compile("Flux 2"))
        expect(one.locator("#history-state input")).to_have_value("Failed")
        expect(one.locator("#history-since input").first).to_have_value("2020-01-01")
        expect(one.get_by_label("Table")).to_be_checked()
        expect(one).to_have_url(f"{app.address}/?{query}")
    search.fill("zebra")
    expect(page.locator("#history-nothing")).to_have_text("No request matches these filters.")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".history-table tbody tr")).to_have_count(4)
    expect(search).to_have_value("")
    expect(page).to_have_url(f"{app.address}/?tab=history&view=table")
    page.locator("#history-model input").click()
    page.get_by_role("option", name="Flux 2").click()
    expect(count(page)).to_have_text("2 requests")


def test_a_longer_history_has_pages_sorted_by_its_headers_and_failures_are_one_line(
    open_page: OpenPage, app: Playground
) -> None:
    secret = "bob-of-the-history-0123456789"
    create_jobs(app, secret, [("flux-2", {"prompt": "The first fox"})])
    create_jobs(app, secret, [("flux-2", {"prompt": f"Fox {number} #sandbox:failed"}) for number in range(12)], at_once=True)
    create_jobs(app, secret, [("flux-2", {"prompt": f"Fox {number} with the others"}) for number in range(24)], at_once=True)
    page = open_as(secret, open_page, f"{app.address}/?tab=history")
    links, prompts = page.locator("#history-files a"), page.locator(".entry .excerpt")
    expect(count(page)).to_have_text("37 requests")
    expect(prompts).to_have_count(24)
    expect(links).to_have_text(["24 pictures on this page", "pictures of all 37 requests", "CSV", "JSON"])
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(f"{app.address}/?tab=history&page=2")
    expect(prompts).to_have_text(["The first fox"])
    assert _pictures_in(page, links.nth(0)) == 1
    assert _pictures_in(page, links.nth(1)) == 25
    group = page.get_by_role("button", name="12 failed")
    expect(group).to_contain_text("The model crashed")
    group.click()
    expect(prompts).to_have_count(13)
    expect(group).to_be_focused()
    group.click()
    expect(prompts).to_have_count(1)
    page.get_by_label("Table").check()
    page.get_by_role("columnheader", name="Created").get_by_role("button").click()
    expect(page).to_have_url(f"{app.address}/?tab=history&view=table&sort=created&order=ascending")
    expect(page.get_by_role("columnheader", name="Created")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".history-table tbody tr").first).to_contain_text("The first fox")
    page.reload()
    expect(page.locator(".history-table tbody tr").first).to_contain_text("The first fox")
    page.get_by_role("button", name="Page 2").click()
    expect(page.locator(".history-table tbody tr")).to_have_count(2)
    page.locator("#history-text input").fill("first")
    expect(count(page)).to_have_text("1 request")
    expect(links).to_have_text(["picture on this page", "CSV", "JSON"])


def test_the_history_fits_the_window_and_has_enough_contrast(open_page: OpenPage, app: Playground, ann: str) -> None:
    """On a phone and on a desktop, light and dark."""
    page = open_as(ann, open_page, f"{app.address}/?tab=history", viewport={"width": 390, "height": 844})
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


def _pictures_in(page: Page, link: Locator) -> int:
    """How many pictures the ZIP behind a link holds."""
    with page.expect_download() as waiting:
        link.click()
    with ZipFile(waiting.value.path()) as archive:
        return len([name for name in archive.namelist() if name.endswith((".png", ".jpg", ".webp"))])
