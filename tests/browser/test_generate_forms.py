"""Every model's form: its own parameters, the price on the button, and what is explained at a field before it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page, expect

from components.catalog.loading import load_catalog
from components.catalog.models import Model
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
# By model: the choice with this value needs a picture in this field, and these words say so.
RULES = {
    "hunyuan-image-3": ("type", "edit", "images", "Required when type is edit."),
    "seedream-4-5": ("model", "seedream/4.5-edit", "image_urls", "Required when model is seedream/4.5-edit."),
}
PRICED: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "gpt-image-1.5-official": ({"quality": "high"},),
    "flux-2": ({"type": "flex"}, {"type": "flex", "resolution": "2K"}, {"type": "pro", "resolution": "2K"}),
    "recraft-v4": ({"model": "recraft-v4-pro-text-to-vector"},),
    "ideogram-v3": ({"model": "ideogram-v3-quality"},),
    "kling-image-o1": ({"num_images": 9}, {"type": "ai-multi-shot"}),
    "imagen-4": ({"model": "imagen4-ultra", "num_images": 25},),
}


def test_every_model_has_its_own_form_and_price(open_page: OpenPage, app: Playground) -> None:
    """What is special about a model is tried while its form is shown, and a picture is made of each kind of request."""
    page, special = open_page(app.address), _special_checks()
    for model in sorted(SHIPPED.models, key=lambda model: model is not SHIPPED.first):
        if model is not SHIPPED.first:
            pick_model(page, model)
        fill_prompt(page, "Three blue boats on a quiet lake")
        _has_its_own_form(page, model)
        for check in special.pop(model.id, ()):
            check(page, app, model)
        _says_what_it_costs(page, model)
    assert not special


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


def _makes_a_picture(page: Page, _: Playground, model: Model) -> None:
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


def _a_count_gives_that_many_pictures(page: Page, _: Playground, __: Model) -> None:
    choose(page, "model", "imagen4-fast")
    field(page, "num_images").locator("input").fill("3")
    expect(button(page)).to_have_text("Generate · 12 credits · $0.12")
    expect(page.locator("#code")).to_contain_text('"model": "imagen4-fast"')
    generate(page)
    expect(page.locator("#result img")).to_have_count(3)
    expect(page.locator("#result .result-details")).to_contain_text("3 pictures, ")


def _a_vector_variant_gives_svg(page: Page, _: Playground, __: Model) -> None:
    choose(page, "model", "recraft-v4-text-to-vector")
    expect(button(page)).to_have_text("Generate · 20 credits · $0.20")
    generate(page)
    expect(page.locator("#result .result-details")).to_contain_text("SVG")
    expect(page.locator("#result img")).to_have_attribute("src", re.compile(r"\.svg$"))
    assert page.locator("#result img").evaluate("async node => { await node.decode(); return node.naturalWidth }") > 0


def _shapes_are_buttons(page: Page, _: Playground, model: Model) -> None:
    """And no text field is there before it is asked for."""
    label = "Other ratio" if model.id == "flux-2" else "Exact size"
    expect(page.get_by_role("button", name=label), model.id).to_be_visible()
    typed = page.locator(".open-choice .block:visible").filter(has=page.locator("input, textarea"))
    expect(typed, model.id).to_have_count(0)


def _an_exact_size_is_typed_where_it_is_asked_for(page: Page, app: Playground, _: Model) -> None:
    """The notation of a size is said at the text field alone; a size in another notation is refused there and not sent."""
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
    choose(page, "size", "1024*1024")
    expect(box).not_to_be_visible()


def _a_count_out_of_its_range_is_refused(page: Page, app: Playground, _: Model) -> None:
    jobs, count = app.jobs, field(page, "num_images")
    for typed, reason in (("10", "large. Allowed: 1 to 9."), ("0", "small. Allowed: 1 to 9.")):
        count.locator("input").fill(typed)
        expect(count.locator(".info-text")).to_contain_text(reason)
        expect_refusal(page, reason)
    count.locator("input").fill("9")
    expect(count.locator(".info-text")).to_have_text("How many images to make, 1 to 9.")
    assert app.jobs == jobs


def _a_prompt_that_is_empty_or_too_long_is_refused(page: Page, app: Playground, _: Model) -> None:
    jobs, long = app.jobs, "is too long (2,001 characters). At most 2,000."
    for prompt, words in (("", "is empty"), ("x" * 2001, long), ("   ", "is empty")):
        fill_prompt(page, prompt)
        expect(page.locator("#code")).to_contain_text(words)
        expect_refusal(page, words[3:].capitalize())
    fill_prompt(page, "A red door")
    assert app.jobs == jobs


def _an_edit_without_a_picture_is_refused(page: Page, app: Playground, model: Model) -> None:
    """The reason is at the field, until it holds the address of a picture."""
    jobs, (switch, value, wanted, words) = app.jobs, RULES[model.id]
    info = field(page, wanted).locator(".info-text")
    expect(info, model.id).to_have_text(model.parameters[wanted].description)
    choose(page, switch, value)
    expect(info, model.id).to_have_text(f"▲ {words}")
    expect(info, model.id).to_have_css("color", "rgb(185, 28, 28)")
    expect(page.locator("#code"), model.id).to_contain_text("Not a request yet")
    expect_refusal(page, words)
    address_box(page, wanted).fill("no address")
    expect(info, model.id).to_contain_text("is no web address")
    address_box(page, wanted).fill("https://pictures.example/door.png")
    expect(info, model.id).to_have_text(model.parameters[wanted].description)
    assert app.jobs == jobs, model.id
    generate(page)
    address_box(page, wanted).fill("")  # the next model would keep both
    choose(page, switch, str(model.parameters[switch].default))


def _special_checks() -> dict[str, tuple[Callable[[Page, Playground, Model], None], ...]]:
    """What is checked of single models, by their ids."""
    return {
        SHIPPED.first.id: (_makes_a_picture,),
        "cogview-4": (_shapes_are_buttons, _an_exact_size_is_typed_where_it_is_asked_for),
        "flux-2": (_shapes_are_buttons, _makes_a_picture),
        "recraft-v4": (_shapes_are_buttons, _a_vector_variant_gives_svg),
        "hunyuan-image-3": (
            _shapes_are_buttons,
            _a_prompt_that_is_empty_or_too_long_is_refused,
            _an_edit_without_a_picture_is_refused,
        ),
        "seedream-4-5": (_an_edit_without_a_picture_is_refused,),
        "kling-image-o1": (_a_count_out_of_its_range_is_refused,),
        "imagen-4": (_a_count_gives_that_many_pictures,),
    }
