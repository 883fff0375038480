"""A picture that was downloaded here and is dropped on the page fills the form as it was; any other says why not."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from components.pictures.metadata import Recipe, embed, read
from tests.browser.conftest import (
    OpenPage,
    Playground,
    button,
    choose,
    field,
    fill_prompt,
    generate,
    request_body,
    state_label,
    wait_until,
)
from tests.jobs.scripted_upstream import png

PROMPT = 'Zwölf "Äpfel" & 50 % of #1?\nsecond line + 🍏 <img src=x onerror=alert(1)>'
HINT = "Drop a picture made here"
VISIBLE_HINT = "((hint) => (hint.checkVisibility() ? hint.textContent : ''))(document.querySelector('#drop-hint'))"
# One event of a drag, with these files or this text, at the first element that fits.
DRAG = """([kind, at, files, text]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = typeof data === "number" ? new Uint8Array(data) : Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  for (const [type, words] of Object.entries(text)) transfer.setData(type, words);
  const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  return document.querySelector(at).dispatchEvent(event);
}"""


def drag(page: Page, kind: str, *files: tuple[str, str, bytes | int], at: str = "body", **text: str) -> bool:
    """Dispatch a drag event and return whether the page leaves it to the browser. A number means a file of so many bytes."""
    return bool(page.evaluate(DRAG, _event(kind, at, files, **text)))


def hint_text(page: Page, *files: tuple[str, str, bytes | int], at: str = "body") -> str:
    """What the hint says at the very moment when these are dragged over the page: it falls silent by itself."""
    return str(page.evaluate(f"(event) => [({DRAG})(event), {VISIBLE_HINT}][1]", _event("dragover", at, files)))


def _event(kind: str, at: str, files: Sequence[tuple[str, str, bytes | int]], **text: str) -> list[Any]:
    packed = [
        [name, media, data if isinstance(data, int) else base64.b64encode(data).decode()] for name, media, data in files
    ]
    return [kind, at, packed, {name.replace("_", "/"): words for name, words in text.items()}]


def downloaded(page: Page, app: Playground) -> bytes:
    """The first picture of the newest job, fetched as this browser would."""
    answer = page.request.get(f"{app.address}/files/{app.jobs[-1]}/1")
    assert answer.ok, answer.text()
    return answer.body()


def picture_with_recipe(chosen: str = "flux-2", /, **parameters: Any) -> bytes:
    now = datetime.now(UTC)
    recipe = Recipe(model=chosen, parameters=parameters, task_id="n1", sandbox=True, credits=5, usd=0.05, created=now)
    return embed(png(30, 20), recipe)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_dropped_picture_fills_the_very_form_it_was_made_with(open_page: OpenPage, app: Playground) -> None:
    """In another browser, on another tab of the page, with the theme as it was; and nothing is spent."""
    page = open_page(f"{app.address}/?model=flux-2")
    fill_prompt(page, PROMPT)
    choose(page, "type", "flex")
    choose(page, "aspect_ratio", "9:16")
    expect(page).to_have_url(re.compile("9%3A16"))
    generate(page)
    before, opened, data, jobs = request_body(page), query(page), downloaded(page, app), app.jobs
    refused = f"{app.address}/recipe"
    other = open_page(f"{app.address}/?model=imagen-4&tab=models&__theme=dark", refused=refused)
    drag(other, "drop", ("a.txt", "text/plain", b"no"), ("b.png", "image/png", data), ("c.png", "image/png", png()))
    expect(other.locator("#prompt textarea")).to_have_value(PROMPT)
    expect(button(other)).to_have_text("Generate · 14 credits · $0.14")
    expect(field(other, "aspect_ratio").locator("input")).to_have_value("9:16")
    wait_until(other, lambda: request_body(other), before)
    opened.pop("job", None)  # only the visitor who made it has it
    wait_until(other, lambda: query(other), opened | {"__theme": ["dark"]})
    expect(other.locator("#dropped")).to_have_count(0)
    assert app.jobs == jobs
    _a_text_too_long_for_an_address_is_filled_in_all_the_same(other, app)
    _the_reason_why_a_picture_cannot_be_used_is_shown_until_dismissed(other)
    _only_files_from_outside_the_page_are_accepted(other)
    other.goto(f"{app.address}/?model=flux-2&prompt=again")
    expect(other.locator("#prompt textarea")).to_have_value("again")


def _a_text_too_long_for_an_address_is_filled_in_all_the_same(page: Page, app: Playground) -> None:
    """A letter that is no ASCII takes six and more characters there."""
    prompt = ("Длинное описание 🍏. " * 300)[:4990] + "конец <b>"
    urls = [f"https://a.example/{'b' * 2000}/{number}.png" for number in range(7)]
    data = picture_with_recipe(prompt=prompt, input_urls=urls, type="flex", aspect_ratio="1:1", resolution="2K")
    drag(page, "drop", ("a.png", "image/png", data))
    expect(page.locator("#prompt textarea")).to_have_value(prompt)
    expect(field(page, "input_urls").locator("textarea")).to_have_value("\n".join(urls))
    expect(button(page)).to_have_text("Generate · 24 credits · $0.24")
    jobs = len(app.jobs)
    generate(page)
    recipe = read(downloaded(page, app))
    assert len(app.jobs) == jobs + 1
    assert recipe is not None
    assert (recipe.parameters["prompt"], recipe.parameters["input_urls"]) == (prompt, urls)
    drag(page, "drop", ("b.png", "image/png", picture_with_recipe(prompt="mine")))
    expect(page.locator("#prompt textarea")).to_have_value("mine")
    expect(state_label(page), "what was made is still there").to_have_text("Done")


def _the_reason_why_a_picture_cannot_be_used_is_shown_until_dismissed(page: Page) -> None:
    """The form stays as it was, the sentence is text and nothing else."""
    expect(page).to_have_url(re.compile("prompt=mine"))
    address = page.url
    for file, words in (
        (("a.png", "image/png", png(3, 2)), "This picture contains no settings."),
        (("a.svg", "image/svg+xml", b"<svg/>"), "This is not a PNG, JPEG or WebP picture."),
        (("a.txt", "text/plain", b"no"), "Drop a PNG, JPEG or WebP picture that was made here."),
        (("a.png", "image/png", 32_000_001), "The picture is larger than 32 MB."),
        (
            ("a.png", "image/png", picture_with_recipe("<b id=x>gone</b>")),
            "made with <b id=x>gone</b>, which is not offered",
        ),
    ):
        for _ in range(2):
            drag(page, "drop", file)
            expect(page.locator("#dropped")).to_contain_text(words)
        assert page.locator("#x").count() == 0
        page.locator("#dropped button").click()
        expect(page.locator("#dropped"), words).to_have_count(0)
        expect(page.locator("#prompt textarea"), words).to_have_value("mine")
        assert page.url == address, words


def _only_files_from_outside_the_page_are_accepted(page: Page) -> None:
    """Text is dropped as ever, also into a field; so is a picture of a page, which comes with its HTML."""
    hint = page.locator("#drop-hint")
    file = ("a.png", "image/png", png())
    expect(hint).to_be_hidden()
    for kind in ("dragover", "drop"):
        assert drag(page, kind, at="#prompt textarea", text_plain="some words")
        assert drag(page, kind, file, text_html="<img>")
        expect(hint).to_be_hidden()
    assert not drag(page, "dragover", file, at="#prompt textarea")
    assert HINT in hint_text(page, file, at="#prompt textarea")
    expect(hint).to_be_hidden()  # a drag that leaves the page only falls silent
    assert HINT in hint_text(page, file)
    assert not drag(page, "drop", ("a.txt", "text/plain", b"no"), at="#prompt textarea")
    expect(hint).to_be_hidden()
    expect(page.locator("#dropped")).to_contain_text("Drop a PNG, JPEG or WebP picture")
    expect(page.locator("#prompt textarea")).to_have_value("mine")
