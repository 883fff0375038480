"""A picture of the visitor's own: chosen or pasted at a field, uploaded, sent along, and removed again."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from components.catalog.models import Catalog, Model
from components.pictures.uploads import NO_PICTURE, TOO_LARGE
from tests.browser.conftest import (
    Playground,
    Visitor,
    address_box,
    field,
    fits,
    generate,
    looks,
    pick_model,
    playground,
    program,
    say,
)
from tests.browser.test_drop import drag, made_with
from tests.browser.test_look import PALE
from tests.jobs.faulty import png
from tests.ui import free_port

PASTE = """(box) => {
  const bytes = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
  return box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def public(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """The application with a public address, which is the one it has here."""
    port = str(free_port())
    settings = {"GRADIO_SERVER_PORT": port, "PLAYGROUND_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with playground(tmp_path_factory.mktemp("public"), **settings) as running:
        yield running


def named(catalog: Catalog, model_id: str) -> Model:
    model = catalog.find(model_id)
    assert model is not None
    return model


def a_file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def around(page: Page, name: str) -> Locator:
    """A field for pictures with all that belongs to it."""
    return page.locator(f'.image-field:has([id^="field-{name}-"])')


def chooser(page: Page, name: str) -> Locator:
    return around(page, name).locator("input[type=file]")


def held(page: Page, name: str) -> list[str]:
    return field(page, name).locator("textarea").input_value().split()


def test_pictures_are_uploaded_sent_along_and_removed(visit: Visitor, public: Playground) -> None:
    """Their addresses stand in the field, in the program and in the page's address, and a stranger can fetch them."""
    page = visit(f"{public.address}/?model=flux-2")
    said = around(page, "input_urls").locator(".status-text")
    say(page, "A red fox")
    chooser(page, "input_urls").set_input_files([a_file("fox.png", png(30, 20)), a_file("hill.png", png(40, 50))])

    expect(said).to_have_text("Uploaded 2 pictures.")
    fox, hill = held(page, "input_urls")
    expect(around(page, "input_urls").locator(".uploaded img")).to_have_count(2)
    expect(around(page, "input_urls").locator(".uploaded img").last).to_have_js_property("naturalWidth", 40)
    assert httpx2.get(fox, trust_env=False).content == png(30, 20)
    expect(page.locator("#code")).to_contain_text(fox)
    assert f'"{hill}"' in program(page)
    expect(page).to_have_url(re.compile("input_urls="))
    generate(page)
    expect(page.locator("#result img")).to_have_js_property("complete", True)

    around(page, "input_urls").get_by_role("button", name="Remove").first.click()
    expect(said).to_have_text("Removed, here and from this page's server.")
    assert held(page, "input_urls") == [hill]
    assert httpx2.get(fox, trust_env=False).status_code == 404
    expect(page.locator("#code")).not_to_contain_text(fox)
    expect(page).not_to_have_url(re.compile(re.escape(fox.rpartition("/")[2])))
    page.reload()
    expect(around(page, "input_urls").locator(".uploaded img")).to_have_js_property("naturalWidth", 40)


def test_a_picture_can_be_chosen_by_keyboard_pasted_and_dropped_on_its_field(visit: Visitor, public: Playground) -> None:
    """What is pasted as text stays text. Settings in the picture are not asked for: what is wanted there is the picture."""
    page = visit(f"{public.address}/?model=flux-2")
    chooser(page, "input_urls").focus()
    with page.expect_file_chooser() as opened:
        chooser(page, "input_urls").press("Space")  # focused once more: a form that is still being filled may take it away
    assert opened.value.is_multiple()

    box = address_box(page, "input_urls")
    box.fill("https://a.example/1.png")
    taken_by_the_box = box.evaluate(PASTE % base64.b64encode(png(30, 20)).decode())

    expect(around(page, "input_urls").locator(".status-text")).to_have_text("Uploaded image.png, 30 × 20.")
    assert taken_by_the_box is False
    assert held(page, "input_urls")[0] == "https://a.example/1.png"
    assert held(page, "input_urls")[1].startswith(f"{public.address}/uploads/")
    expect(around(page, "input_urls").locator(".uploaded li")).to_have_count(2)
    expect(around(page, "input_urls").locator(".uploaded img"), "another site would learn of each visitor").to_have_count(1)

    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(urlsplit(request.url).path))
    at = ".image-field:has(#field-input_urls-images) textarea"
    drag(page, "dragover", ("a.png", "image/png", png()), at=at)
    expect(page.locator("#drop-hint")).to_be_hidden()
    drag(page, "drop", ("a.png", "image/png", made_with(prompt="x")), at=at)
    expect(around(page, "input_urls").locator(".status-text")).to_contain_text("Uploaded a.png")
    assert "/recipe" not in asked_for
    assert page.locator("#dropped").count() == 0


def test_the_upload_is_there_with_its_field_and_not_without(visit: Visitor, public: Playground, catalog: Catalog) -> None:
    """As many as the model has fields for pictures; a field for one holds the last."""
    page = visit(public.address)
    for name, count in (("flux-2", 1), ("cogview-4", 0), ("seedream-4-5", 1), ("ideogram-v3", 3), ("imagen-4", 0)):
        pick_model(page, named(catalog, name))
        expect(page.locator(".image-field:visible"), name).to_have_count(count)
        expect(page.locator(".upload:visible"), name).to_have_count(count)

    pick_model(page, named(catalog, "ideogram-v3"))
    said = around(page, "image").locator(".status-text")
    chooser(page, "image").set_input_files(a_file("fox.png", png(30, 20)))
    expect(said).to_have_text("Uploaded fox.png, 30 × 20.")
    chooser(page, "image").set_input_files(a_file("hill.png", png(40, 50)))
    expect(said).to_have_text("Uploaded hill.png, 40 × 50.")

    assert len(held(page, "image")) == 1
    expect(around(page, "image").locator(".uploaded img")).to_have_js_property("naturalWidth", 40)


def test_what_is_no_picture_is_refused_in_words(browser: Browser, public: Playground) -> None:
    """The others that were chosen with it are taken. What is too large is not even sent."""
    context = browser.new_context()  # a refused request is an error in the console, and is meant to be here
    page, sent = context.new_page(), []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{public.address}/?model=flux-2")
    said = around(page, "input_urls").locator(".status-text")
    chooser(page, "input_urls").set_input_files([a_file("<b>text</b>.png", b"hello"), a_file("fox.png", png(30, 20))])

    expect(said).to_have_text(f"▲ <b>text</b>.png: {NO_PICTURE}")
    assert len(held(page, "input_urls")) == 1
    uploads = [url for url in sent if url.endswith("/uploads")]
    assert len(uploads) == 2
    chooser(page, "input_urls").set_input_files(a_file("large.png", png(3, 2) + b"\0" * 10_000_000))
    expect(said).to_have_text(f"▲ large.png: {TOO_LARGE}")
    assert [url for url in sent if url.endswith("/uploads")] == uploads
    context.close()


def test_the_upload_fits_the_window_and_can_be_read(visit: Visitor, public: Playground) -> None:
    """On a phone and on a desk, in light and in dark."""
    page = visit(f"{public.address}/?model=flux-2", viewport={"width": 390, "height": 844})
    chooser(page, "input_urls").set_input_files([a_file(f"{'fox' * 60}{n}.png", png(30, 20)) for n in range(5)])
    expect(around(page, "input_urls").locator(".uploaded li")).to_have_count(5)

    for width, theme in looks(page):
        look = f"{theme}, {width} px"
        fits(page, look)
        pale = page.evaluate(PALE)
        assert not pale, f"{look}: too little contrast: {pale}"
        for part in around(page, "input_urls").locator(".choose, .status-text, .uploaded button").all():
            part.scroll_into_view_if_needed()
            expect(part, look).to_be_in_viewport(ratio=1)
