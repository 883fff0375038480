"""Reference images: chosen, pasted or dropped at a field, uploaded, sent with the request, and removed."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from components.catalog.models import Catalog
from components.pictures.uploads import NO_PICTURE, TOO_LARGE
from tests.browser.conftest import (
    OpenPage,
    Playground,
    address_box,
    each_viewport,
    expect_no_sideways_scroll,
    field,
    fill_prompt,
    generate,
    pick_model,
    snippet_text,
    wait_for_opening,
)
from tests.browser.test_drop import drag, picture_with_recipe
from tests.browser.test_look import LOW_CONTRAST_TEXTS
from tests.jobs.scripted_upstream import png

PASTE = """(box) => {
  const bytes = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
  return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def file_payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def image_field(page: Page, name: str) -> Locator:
    """An image field with its upload controls."""
    return page.locator(f'.image-field:has([id^="field-{name}-"])')


def chooser(page: Page, name: str) -> Locator:
    return image_field(page, name).locator("input[type=file]")


def addresses_in(page: Page, name: str) -> list[str]:
    return field(page, name).locator("textarea").input_value().split()


def test_pictures_are_chosen_pasted_or_dropped_uploaded_sent_along_and_removed(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    page = open_page(f"{app.address}/?model=flux-2")
    _expect_fields_for_images(page, "flux-2", 1)
    _field_takes_the_keyboard(page)
    _picture_is_pasted_beside_an_address(page, app)
    _picture_is_dropped_on_its_field(page)
    address_box(page, "input_urls").fill("")
    hill = _pictures_are_uploaded_sent_along_and_removed(page)
    page.reload()
    expect(image_field(page, "input_urls").locator(".uploaded img")).to_have_js_property("naturalWidth", 40)
    assert addresses_in(page, "input_urls") == [hill]
    _upload_fits_the_window_and_has_enough_contrast(wait_for_opening(page))
    for name, count in (("cogview-4", 0), ("ideogram-v3", 3)):
        pick_model(page, catalog.find(name))
        _expect_fields_for_images(page, name, count)
    _field_for_one_image_keeps_the_last_one(page)


def _expect_fields_for_images(page: Page, model: str, count: int) -> None:
    """Each of them has an upload."""
    expect(page.locator(".image-field:visible"), model).to_have_count(count)
    expect(page.locator(".upload:visible"), model).to_have_count(count)


def _field_takes_the_keyboard(page: Page) -> None:
    chooser(page, "input_urls").focus()
    with page.expect_file_chooser() as opened:
        chooser(page, "input_urls").press("Space")  # focused once more: a form that is still being filled may take it away
    assert opened.value.is_multiple()


def _picture_is_pasted_beside_an_address(page: Page, app: Playground) -> None:
    """Pasted text stays text."""
    box = address_box(page, "input_urls")
    box.fill("https://a.example/1.png")
    taken_by_the_box = box.evaluate(PASTE % base64.b64encode(png(30, 20)).decode())
    expect(image_field(page, "input_urls").locator(".status-text")).to_have_text("Uploaded image.png, 30 × 20.")
    assert taken_by_the_box is False
    assert addresses_in(page, "input_urls")[0] == "https://a.example/1.png"
    assert addresses_in(page, "input_urls")[1].startswith(f"{app.address}/uploads/")
    expect(image_field(page, "input_urls").locator(".uploaded li")).to_have_count(2)
    expect(
        image_field(page, "input_urls").locator(".uploaded img"), "another site would learn of each visitor"
    ).to_have_count(1)


def _picture_is_dropped_on_its_field(page: Page) -> None:
    """Settings inside it are ignored here: it is used as an image."""
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(urlsplit(request.url).path))
    selector = ".image-field:has(#field-input_urls-images) textarea"
    drag(page, "dragover", ("a.png", "image/png", png()), at=selector)
    expect(page.locator("#drop-hint")).to_be_hidden()
    drag(page, "drop", ("a.png", "image/png", picture_with_recipe(prompt="x")), at=selector)
    expect(image_field(page, "input_urls").locator(".status-text")).to_contain_text("Uploaded a.png")
    assert "/recipe" not in asked_for
    assert page.locator("#dropped").count() == 0


def _pictures_are_uploaded_sent_along_and_removed(page: Page) -> str:
    """Their addresses are in the field, in the snippet and in the page's address, and anybody can fetch them. Returns the
    address of the one that was not removed."""
    status = image_field(page, "input_urls").locator(".status-text")
    fill_prompt(page, "A red fox")
    chooser(page, "input_urls").set_input_files(
        [file_payload("fox.png", png(30, 20)), file_payload("hill.png", png(40, 50))]
    )
    expect(status).to_have_text("Uploaded 2 pictures.")
    fox, hill = addresses_in(page, "input_urls")
    expect(image_field(page, "input_urls").locator(".uploaded img")).to_have_count(2)
    expect(image_field(page, "input_urls").locator(".uploaded img").last).to_have_js_property("naturalWidth", 40)
    assert httpx2.get(fox, trust_env=False).content == png(30, 20)
    expect(page.locator("#code")).to_contain_text(f'"{hill}"')
    assert f'"{fox}"' in snippet_text(page)
    expect(page).to_have_url(re.compile("input_urls="))
    generate(page)
    expect(page.locator("#result img")).to_have_js_property("complete", True)

    image_field(page, "input_urls").get_by_role("button", name="Remove").first.click()
    expect(status).to_have_text("Removed from this field and from the server.")
    assert addresses_in(page, "input_urls") == [hill]
    assert httpx2.get(fox, trust_env=False).status_code == 404
    expect(page.locator("#code")).not_to_contain_text(fox)
    expect(page).not_to_have_url(re.compile(re.escape(fox.rpartition("/")[2])))
    return hill


def _upload_fits_the_window_and_has_enough_contrast(page: Page) -> None:
    """On a phone and on a desktop, light and dark."""
    chooser(page, "input_urls").set_input_files([file_payload(f"{'fox' * 60}{n}.png", png(30, 20)) for n in range(4)])
    expect(image_field(page, "input_urls").locator(".uploaded li")).to_have_count(5)
    for width, theme in each_viewport(page):
        context = f"{theme}, {width} px"
        expect_no_sideways_scroll(page, context)
        low_contrast = page.evaluate(LOW_CONTRAST_TEXTS)
        assert not low_contrast, f"{context}: too little contrast: {low_contrast}"
        for part in image_field(page, "input_urls").locator(".choose, .status-text, .uploaded button").all():
            part.scroll_into_view_if_needed()
            expect(part, context).to_be_in_viewport(ratio=1)


def _field_for_one_image_keeps_the_last_one(page: Page) -> None:
    status = image_field(page, "image").locator(".status-text")
    chooser(page, "image").set_input_files(file_payload("fox.png", png(30, 20)))
    expect(status).to_have_text("Uploaded fox.png, 30 × 20.")
    chooser(page, "image").set_input_files(file_payload("hill.png", png(40, 50)))
    expect(status).to_have_text("Uploaded hill.png, 40 × 50.")
    assert len(addresses_in(page, "image")) == 1
    expect(image_field(page, "image").locator(".uploaded img")).to_have_js_property("naturalWidth", 40)


def test_files_that_cannot_be_used_are_refused_with_a_reason(browser: Browser, app: Playground) -> None:
    """Other files chosen with it are uploaded. A file that is too large is not sent."""
    context = browser.new_context()  # a refused request is an error in the console, and is meant to be here
    page, sent = context.new_page(), []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{app.address}/?model=flux-2")
    status = image_field(page, "input_urls").locator(".status-text")
    chooser(page, "input_urls").set_input_files(
        [file_payload("<b>text</b>.png", b"hello"), file_payload("fox.png", png(30, 20))]
    )

    expect(status).to_have_text(f"▲ <b>text</b>.png: {NO_PICTURE}")
    assert len(addresses_in(page, "input_urls")) == 1
    uploads = [url for url in sent if url.endswith("/uploads")]
    assert len(uploads) == 2
    chooser(page, "input_urls").set_input_files(file_payload("large.png", png(3, 2) + b"\0" * 10_000_000))
    expect(status).to_have_text(f"▲ large.png: {TOO_LARGE}")
    assert [url for url in sent if url.endswith("/uploads")] == uploads
    context.close()
