"""What a visitor sees first, on a desktop and on a phone, light and dark."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from components.catalog.models import Catalog
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
)

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


def test_the_first_page_shows_a_finished_example_and_spends_nothing(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    model, jobs = catalog.first, app.jobs
    page = open_page("about:blank", ready=False)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(app.address)
    expect(button(page)).to_have_text("Generate · 10 credits · $0.10")
    expect(state_label(page)).to_have_text("Example")
    expect(page.locator("#result .state")).to_contain_text(f"sandbox drawing, not by {model.name}")
    picture = page.locator("#result img")
    expect(picture).to_have_js_property("naturalWidth", 1024)
    expect(picture).to_have_attribute("alt", re.compile(re.escape(str(model.example["prompt"]))))
    expect(page.locator("#prompt textarea")).to_have_value(str(model.example["prompt"]))
    expect(page.locator("#chosen-model strong")).to_have_text(model.name)
    expect(page.locator("#code")).to_contain_text(f"{catalog.endpoint.base_url}{catalog.endpoint.create}")
    body = request_body(page)
    assert body == {"model": model.id, **model.example}
    expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
    expect(page.locator("#banner")).to_contain_text("drawings made here from your settings, not model output")
    assert "#sandbox:failed" in page.request.get(page.locator("#banner a").evaluate("link => link.href")).text()
    expect(page.get_by_role("heading", level=1)).to_have_text("Image playground")
    expect(page.locator("#brand")).to_contain_text("Eleven image models, one API")
    assert not [url for url in sent if catalog.endpoint.create in url]
    assert app.jobs == jobs


def test_an_example_chip_fills_the_form_and_sends_nothing(open_page: OpenPage, app: Playground, catalog: Catalog) -> None:
    page, jobs, model = open_page(app.address), app.jobs, catalog.first
    for item in model.prompts:
        page.get_by_role("button", name=item.title, exact=True).click()
        expect(page.locator("#prompt textarea")).to_have_value(item.prompt)
    choose(page, "quality", "high")
    expect(button(page)).to_have_text("Generate · 28 credits · $0.28")
    page.get_by_role("button", name="Example", exact=True).click()
    expect(page.locator("#prompt textarea")).to_have_value(str(model.example["prompt"]))
    expect(button(page)).to_have_text("Generate · 10 credits · $0.10")
    expect(state_label(page)).to_have_text("Example")
    assert app.jobs == jobs


def test_every_tab_fits_the_window_and_has_enough_contrast(open_page: OpenPage, app: Playground) -> None:
    """On a phone and on a desktop, light and dark."""
    page = open_page(app.address, viewport={"width": 390, "height": 844})
    key = page.get_by_label("Your API key")
    for width, theme in each_viewport(page):
        context = f"{theme}, {width} px"
        ground = page.locator("gradio-app").evaluate("node => getComputedStyle(node).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (theme == "dark"), f"{context}: {ground}"
        open_tab(page, "Generate", context)
        opener = page.get_by_role("button", name="Key", exact=True)
        if width == 390:
            opener.click()
        expect(key, context).to_be_in_viewport(ratio=1)
        expect(key, context).to_have_attribute("type", "password")
        expect(page.locator(".pill"), context).to_be_in_viewport(ratio=1)
        if width == 390:
            opener.click()
            expect(key, context).not_to_be_visible()
        expect(page.locator("#result img"), context).to_have_js_property("complete", True)
        (_expect_one_column if width == 390 else _expect_two_columns)(page, context)
        for name in READY:
            open_tab(page, name, context)
            expect_no_sideways_scroll(page, f"{name}, {context}")
            low_contrast = page.evaluate(LOW_CONTRAST_TEXTS)
            assert not low_contrast, f"{name}, {context}: too little contrast: {low_contrast}"


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


def test_the_form_can_be_used_by_keyboard_alone(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    reached = []
    for _ in range(25):  # the buttons of one setting are one stop
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.closest('[id]:not([id=\"\"])')?.id"))
        if reached[-1] == "generate-button":
            break
    assert [part for part in ("key", "tabs", "choose-model", "prompt", "generate-button") if part not in reached] == [], (
        reached
    )
    page.keyboard.press("Enter")
    expect(state_label(page)).to_have_text("Done")
