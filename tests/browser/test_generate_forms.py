"""Every model's form: its own parameters, the price on the button, and what is explained at a field before it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from components.catalog.loading import load_catalog
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Kind
from components.catalog.prices import price
from components.catalog.requests import build_request
from components.ui.generate.form import is_rare
from tests.browser.conftest import (
    OpenPage,
    Playground,
    address_box,
    button,
    choose,
    expect_refusal,
    field,
    fill_prompt,
    generate,
    pick_model,
)
from tests.conftest import ROOT

SHIPPED = load_catalog(ROOT / "catalog.yaml")
RULES = (
    ("hunyuan-image-3", "type", "edit", "images", "Required when type is edit."),
    ("seedream-4-5", "model", "seedream/4.5-edit", "image_urls", "Required when model is seedream/4.5-edit."),
)
PRICED: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "gpt-image-1.5-official": ({"quality": "high"},),
    "flux-2": ({"type": "flex"}, {"type": "flex", "resolution": "2K"}, {"type": "pro", "resolution": "2K"}),
    "recraft-v4": ({"model": "recraft-v4-pro-text-to-vector"},),
    "ideogram-v3": ({"model": "ideogram-v3-quality"},),
    "kling-image-o1": ({"num_images": 9}, {"type": "ai-multi-shot"}),
    "imagen-4": ({"model": "imagen4-ultra", "num_images": 25},),
}


def test_every_model_has_its_own_form_price_and_result(open_page: OpenPage, app: Playground) -> None:
    page = open_page(app.address)
    fill_prompt(page, "Three blue boats on a quiet lake")
    for model in sorted(SHIPPED.models, key=lambda model: model is not SHIPPED.first):
        if model is not SHIPPED.first:
            pick_model(page, model)
        _has_its_own_form(page, model)
        _makes_a_picture(page, model)
        _says_what_it_costs(page, model)


def _has_its_own_form(page: Page, model: Model) -> None:
    """Its parameters and no others, with what the catalog says of them. The sandbox can fetch what is uploaded here."""
    fields = {name: item for name, item in model.parameters.items() if item.kind is not Kind.PROMPT}
    if any(is_rare(model, name) for name in fields):
        _unfold(page)
    for name, item in fields.items():
        context = f"{model.id}, {name}"
        control = page.locator(f"#parameters #field-{name}-{item.kind.name.lower()}")
        title = control.locator("[data-testid=block-info]")
        if item.kind is Kind.OPEN_CHOICE:
            title = page.locator(f".open-choice:has(#{control.get_attribute('id')}) .offered-name")
            expect(control, context).not_to_be_visible()
        expect(title, context).to_have_text(item.title)
        info = " ".join(part for part in (str(item.default) if name == "model" else "", item.description) if part)
        if info:
            expect(control.locator(".info-text"), context).to_have_text(info)
        if item.kind is Kind.CHOICE:
            options = control.locator("input[type=radio]")
            expect(options, context).to_have_count(len(item.enum or ()))
            offered = options.evaluate_all("nodes => nodes.map(node => [node.value, node.checked])")
            assert offered == [[str(value), value == item.default] for value in item.enum or ()], context
        elif item.kind.holds_pictures:
            expect(page.locator(f".image-field:has(#{control.get_attribute('id')}) .choose"), context).to_be_visible()
        else:
            default = "" if item.default is None or item.kind is Kind.SEED else str(item.default)
            expect(control.locator("input, textarea").first, context).to_have_value(default)
    for button_ in page.locator(".shapes :is(label, button):visible").all():
        drawn = button_.evaluate("node => [node.style.getPropertyValue('--w'), node.style.getPropertyValue('--h')]")
        ratio = re.search(r"(\d+):(\d+)", button_.inner_text())
        assert not ratio or (int(drawn[0][:-2]) > int(drawn[1][:-2])) == (int(ratio[1]) > int(ratio[2])), drawn
    expect(page.locator('#parameters [id^="field-"]'), model.id).to_have_count(len(fields))
    expect(button(page), model.id).to_contain_text(_label(model, {}))


def _unfold(page: Page) -> None:
    """What is rarely needed is under a fold, which may be open from the model before."""
    fold = page.locator("#more-parameters > button")
    if "open" not in str(fold.get_attribute("class")).split():
        fold.click()
    expect(fold).to_contain_class("open")


def _makes_a_picture(page: Page, model: Model) -> None:
    generate(page)
    picture = page.locator("#result img")
    expect(picture, model.id).to_have_count(1)
    expect(picture, model.id).to_have_js_property("complete", True)
    assert picture.evaluate("node => node.naturalWidth") > 0, model.id
    expect(page.locator("#result .result-details"), model.id).to_have_text(re.compile(r"\d+ × \d+ (PNG|JPEG|WEBP)"))
    task = page.locator("#result .task code").get_attribute("title") or ""
    assert re.fullmatch(rf"n{(model.node or '').removeprefix('node')}\w+", task), task
    page.locator("#result .task .copy").click()
    expect(page.locator("#result .task .copy"), model.id).to_have_text(re.compile("Copied"))


def _says_what_it_costs(page: Page, model: Model) -> None:
    """The price of exactly these settings is on the button."""
    for settings in PRICED.get(model.id, ()):
        for key, value in settings.items():
            if isinstance(value, int):
                field(page, key).locator("input").fill(str(value))
            else:
                choose(page, key, value)
        expect(button(page), f"{model.id} {settings}").to_have_text(_label(model, settings))


def _label(model: Model, settings: Mapping[str, Any]) -> str:
    return f"Generate · {price(SHIPPED, build_request(SHIPPED, model.id, settings, prompt_needed=False))}"


def test_a_count_gives_that_many_pictures_and_a_vector_variant_gives_svg(open_page: OpenPage, app: Playground) -> None:
    page = open_page(f"{app.address}/?model=imagen-4&prompt=Two+foxes&num_images=3&variant=imagen4-fast")
    expect(button(page)).to_have_text("Generate · 12 credits · $0.12")
    expect(page.locator("#code")).to_contain_text('"model": "imagen4-fast"')
    generate(page)
    expect(page.locator("#result img")).to_have_count(3)
    expect(page.locator("#result .result-details")).to_contain_text("3 pictures, ")
    pick_model(page, SHIPPED.find("recraft-v4") or SHIPPED.first)
    choose(page, "model", "recraft-v4-text-to-vector")
    expect(button(page)).to_have_text("Generate · 20 credits · $0.20")
    generate(page)
    expect(page.locator("#result .result-details")).to_contain_text("SVG")
    expect(page.locator("#result img")).to_have_attribute("src", re.compile(r"\.svg$"))
    assert page.locator("#result img").evaluate("async node => { await node.decode(); return node.naturalWidth }") > 0


def test_shapes_are_buttons_and_the_exact_size_is_typed_only_where_it_is_asked_for(
    open_page: OpenPage, app: Playground
) -> None:
    """The notation of a size is said at the text field alone; a size in another notation is refused there and not sent."""
    page = open_page(f"{app.address}/?model=cogview-4&prompt=Two+foxes")
    box, typing = field(page, "size"), page.get_by_role("button", name="Exact size")
    expect(page.locator("#parameters")).to_contain_text("Size")
    expect(box).not_to_be_visible()
    expect(page.locator("[data-fill='1024*1024']")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-fill='768*1344']").click()
    expect(page.locator("#code")).to_contain_text('"size": "768*1344"')
    expect(box).not_to_be_visible()
    typing.press("Enter")
    expect(box.locator("input, textarea")).to_be_focused()
    expect(box.locator(".info-text")).to_contain_text("written with an asterisk")
    choose(page, "size", "16:9")
    expect(box.locator(".info-text")).to_have_text("▲ No size in pixels. Write it like 1024*1024.")
    jobs = app.jobs
    expect_refusal(page, "No size in pixels")
    assert app.jobs == jobs
    choose(page, "size", "1000*800")
    expect(page.locator("#code")).to_contain_text('"size": "1000*800"')
    typing.click()
    expect(box, "a value that no button has stays in sight").to_be_visible()
    choose(page, "size", "864*1152")
    expect(box).not_to_be_visible()
    for model, label in (("recraft-v4", "Exact size"), ("hunyuan-image-3", "Exact size"), ("flux-2", "Other ratio")):
        page.goto(f"{app.address}/?model={model}&prompt=Two+foxes")
        expect(page.get_by_role("button", name=label), model).to_be_visible()
        expect(page.locator(".open-choice .block:visible").filter(has=page.locator("input, textarea")), model).to_have_count(
            0
        )


def test_what_is_not_allowed_or_missing_is_explained_at_its_field_and_not_sent(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    """A count out of its range, a prompt that is empty or too long, a picture without which there is nothing to edit."""
    page, jobs = open_page(f"{app.address}/?model=kling-image-o1&prompt=Two+foxes"), app.jobs
    for typed, reason in (("10", "large. Allowed: 1 to 9."), ("0", "small. Allowed: 1 to 9.")):
        field(page, "num_images").locator("input").fill(typed)
        expect(field(page, "num_images").locator(".info-text")).to_contain_text(reason)
        expect_refusal(page, reason)
    field(page, "num_images").locator("input").fill("9")
    expect(field(page, "num_images").locator(".info-text")).to_have_text("How many images to make, 1 to 9.")
    pick_model(page, catalog.find("hunyuan-image-3") or catalog.first)
    long = "is too long (2,001 characters). At most 2,000."
    for prompt, words in (("", "is empty"), ("x" * 2001, long), ("   ", "is empty")):
        fill_prompt(page, prompt)
        expect(page.locator("#code")).to_contain_text(words)
        expect_refusal(page, words[3:].capitalize())
    assert app.jobs == jobs
    fill_prompt(page, "A red door")
    for name, switch, value, wanted, words in RULES:
        model, jobs = catalog.find(name), app.jobs
        assert model
        page.goto(f"{app.address}/?model={name}&prompt=A+red+door")
        info = field(page, wanted).locator(".info-text")
        expect(info, name).to_have_text(model.parameters[wanted].description)
        choose(page, switch, value)
        expect(info, name).to_have_text(f"▲ {words}")
        expect(info, name).to_have_css("color", "rgb(185, 28, 28)")
        expect(page.locator("#code"), name).to_contain_text("Not a request yet")
        expect_refusal(page, words)
        address_box(page, wanted).fill("no address")
        expect(info, name).to_contain_text("is no web address")
        address_box(page, wanted).fill("https://pictures.example/door.png")
        expect(info, name).to_have_text(model.parameters[wanted].description)
        assert app.jobs == jobs, name
        generate(page)
