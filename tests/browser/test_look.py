"""What a visitor sees first, on a desktop and on a phone, light and dark."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog, Model
from tests.browser.conftest import (
    READY,
    OpenPage,
    Playground,
    button,
    choose,
    each_viewport,
    expect_no_sideways_scroll,
    open_tab,
    request_body,
    state_label,
    wait_for_opening,
)
from tests.browser.layout_shifts import OBSERVE_SHIFTS, layout_shift

MOST_REQUESTS = 70
PHONE_ORDER = ("#chosen-model", "#prompt", "#parameters", "#generate-button", "#result", "#code")

# Texts whose contrast with their background is below 4.5.
LOW_CONTRAST_TEXTS = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll('main *')) {
    const own = [...node.childNodes].filter((c) => c.nodeType === 3).map((c) => c.textContent).join('').trim();
    if (!own || !node.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    if (node.closest('.cell-menu-button, [aria-hidden=true]') || node.getBoundingClientRect().width < 2) continue;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(ground(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(`${own.slice(0, 40)} (${contrast.toFixed(1)})`);
  }
  return [...new Set(found)];
}"""


def test_a_visitor_on_a_desktop_sees_an_example_and_uses_the_form_by_keyboard_alone(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    jobs = app.jobs
    page, fetched = _open_and_observe(open_page, app, 1280)
    _expect_an_example(page, catalog)
    assert not [url for url in fetched if catalog.endpoint.create in url], "the example spends nothing"
    assert app.jobs == jobs, "the example spends nothing"
    _generate_by_keyboard_alone(page)
    jobs = app.jobs
    _expect_chips_to_fill_the_form(page, catalog.first)
    assert app.jobs == jobs, "a chip sends nothing"


def test_every_tab_fits_the_window_and_has_enough_contrast(open_page: OpenPage, app: Playground) -> None:
    """On a phone and on a desktop, light and dark."""
    page, _ = _open_and_observe(open_page, app, 390)
    for width, theme in each_viewport(page):
        context = f"{theme}, {width} px"
        ground = page.locator("gradio-app").evaluate("node => getComputedStyle(node).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (theme == "dark"), f"{context}: {ground}"
        open_tab(page, "Generate", context)
        _expect_key_and_payer_in_view(page, width, context)
        expect(page.locator("#result img"), context).to_have_js_property("complete", True)
        (_expect_one_column if width == 390 else _expect_two_columns)(page, context)
        for name in READY:
            open_tab(page, name, context)
            expect_no_sideways_scroll(page, f"{name}, {context}")
            low_contrast = page.evaluate(LOW_CONTRAST_TEXTS)
            assert not low_contrast, f"{name}, {context}: too little contrast: {low_contrast}"


def _open_and_observe(open_page: OpenPage, app: Playground, width: int) -> tuple[Page, list[str]]:
    """Open the page as a new visitor. Nothing moves meanwhile, and few files are fetched: their addresses are returned."""
    page = open_page("about:blank", ready=False, viewport={"width": width, "height": 900 if width == 1280 else 844})
    page.add_init_script(OBSERVE_SHIFTS)
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    page.goto(app.address)
    wait_for_opening(page)
    expect(page.locator("#first-paint")).not_to_be_visible()
    expect(page.locator("#result img")).to_be_visible()
    page.wait_for_timeout(500)
    assert layout_shift(page) < 0.05, f"{width} px: {page.evaluate('window.shifts')}"
    assert len(fetched) <= MOST_REQUESTS, f"{width} px: {fetched}"
    return page, fetched


def _expect_an_example(page: Page, catalog: Catalog) -> None:
    model = catalog.first
    expect(button(page)).to_have_text("Generate · 10 credits · $0.10")
    expect(state_label(page)).to_have_text("Example")
    expect(page.locator("#result .state")).to_contain_text(f"sandbox drawing, not by {model.name}")
    picture = page.locator("#result img")
    expect(picture).to_have_js_property("naturalWidth", 1024)
    expect(picture).to_have_attribute("alt", re.compile(re.escape(str(model.example["prompt"]))))
    expect(page.locator("#prompt textarea")).to_have_value(str(model.example["prompt"]))
    expect(page.locator("#chosen-model strong")).to_have_text(model.name)
    expect(page.locator("#code")).to_contain_text(f"{catalog.endpoint.base_url}{catalog.endpoint.create}")
    assert request_body(page) == {"model": model.id, **model.example}
    expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
    expect(page.locator("#banner")).to_contain_text("drawings made here from your settings, not model output")
    assert "#sandbox:failed" in page.request.get(page.locator("#banner a").evaluate("link => link.href")).text()
    expect(page.get_by_role("heading", level=1)).to_have_text("Image playground")
    expect(page.locator("#brand")).to_contain_text("Eleven image models, one API")


def _generate_by_keyboard_alone(page: Page) -> None:
    reached = []
    for _ in range(25):  # the buttons of one setting are one stop
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.closest('[id]:not([id=\"\"])')?.id"))
        if reached[-1] == "generate-button":
            break
    assert {"key", "tabs", "choose-model", "prompt", "generate-button"} <= set(reached), reached
    page.keyboard.press("Enter")
    expect(state_label(page)).to_have_text("Done")


def _expect_chips_to_fill_the_form(page: Page, model: Model) -> None:
    for item in model.prompts:
        page.get_by_role("button", name=item.title, exact=True).click()
        expect(page.locator("#prompt textarea")).to_have_value(item.prompt)
    choose(page, "quality", "high")
    expect(button(page)).to_have_text("Generate · 28 credits · $0.28")
    page.get_by_role("button", name="Example", exact=True).click()
    expect(page.locator("#prompt textarea")).to_have_value(str(model.example["prompt"]))
    expect(button(page)).to_have_text("Generate · 10 credits · $0.10")
    expect(state_label(page), "the result stays").to_have_text("Done")


def _expect_key_and_payer_in_view(page: Page, width: int, context: str) -> None:
    """On a phone the key's box is behind a button."""
    key, opener = page.get_by_label("Your API key"), page.get_by_role("button", name="Key", exact=True)
    if width == 390:
        opener.click()
    expect(key, context).to_be_in_viewport(ratio=1)
    expect(key, context).to_have_attribute("type", "password")
    expect(page.locator(".pill"), context).to_be_in_viewport(ratio=1)
    if width == 390:
        opener.click()
        expect(key, context).not_to_be_visible()


def _expect_one_column(page: Page, context: str) -> None:
    """On a phone: model, prompt, parameters, button, result, code."""
    boxes = [page.locator(part).bounding_box() or {} for part in PHONE_ORDER]
    ends = [0.0, *(box["y"] + box["height"] for box in boxes)]
    boxes_by_part = f"{context}: {dict(zip(PHONE_ORDER, boxes, strict=True))}"
    assert all(box["y"] >= end - 1 for box, end in zip(boxes, ends, strict=False)), boxes_by_part
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes), boxes_by_part


def _expect_two_columns(page: Page, context: str) -> None:
    """On a desktop: the result beside the form, and the button in view."""
    form, result = page.locator("#request-column").bounding_box() or {}, page.locator("#result").bounding_box() or {}
    assert form["x"] + form["width"] <= result["x"], context
    assert abs(form["y"] - result["y"]) < 5, context
    expect(button(page), context).to_be_in_viewport(ratio=1)
