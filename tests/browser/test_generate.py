"""The Generate tab: every model's form, the price on the button, the picture, and every way it can end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from components.catalog import Catalog, Kind, Model, build_request, load_catalog
from components.costs import price
from tests.browser.conftest import Playground, Visitor, button, choose, field, generate, pick_model, program, say, word
from tests.conftest import ROOT

SHIPPED = load_catalog(ROOT / "catalog.yaml")
RULES = (
    ("hunyuan-image-3", "type", "edit", "images", "Required when type is edit."),
    ("seedream-4-5", "model", "seedream/4.5-edit", "image_urls", "Required when model is seedream/4.5-edit."),
)
PRICED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("gpt-image-1.5-official", {"quality": "high"}),
    ("flux-2", {"type": "flex"}),
    ("flux-2", {"type": "flex", "resolution": "2K"}),
    ("flux-2", {"type": "pro", "resolution": "2K"}),
    ("recraft-v4", {"model": "recraft-v4-pro-text-to-vector"}),
    ("ideogram-v3", {"model": "ideogram-v3-quality"}),
    ("kling-image-o1", {"num_images": 9}),
    ("kling-image-o1", {"type": "ai-multi-shot"}),
    ("imagen-4", {"model": "imagen4-ultra", "num_images": 25}),
)
# What a prompt rehearses, the word it ends with, and what the visitor is told: what happened, charge, next step.
ENDINGS = (
    ("credits", "Failed", ("out of credits (402)", "Nothing was charged.", "https://apiin.one/billing/credits")),
    ("key", "Failed", ("refuses the key (401)", "Nothing was charged.", "Check the key")),
    ("moderation", "Failed", ("refuses this content (400)", "Nothing was charged.", "Rephrase the prompt")),
    ("moderated-later", "Failed", ("Blocked by the safety system", "does not say whether", "Rephrase the prompt")),
    ("failed", "Failed", ("The model crashed", "does not say whether", "Try again, or try another model.")),
    ("empty", "Failed", ("no picture", "may have been charged", "Report the task id")),
    ("gone", "Not saved yet", ("404", "most likely charged", "Check again")),
    ("broken", "Unsure", ("may have been accepted", "may have been charged", "which may pay twice, or let it go")),
    ("upstream", "Unsure", ("The service failed (500)", "may have been charged", "which may pay twice, or let it go")),
    ("rate", "Done", ()),
)


@pytest.mark.parametrize("model", SHIPPED.models, ids=lambda model: model.id)
def test_every_model_has_exactly_its_own_form_and_makes_a_picture(visit: Visitor, app: Playground, model: Model) -> None:
    page = visit(app.address)
    say(page, "Three blue boats on a quiet lake")
    if model.id != SHIPPED.first.id:
        pick_model(page, model)
    fold = page.locator("#more-parameters")
    fields = {name: item for name, item in model.parameters.items() if item.kind is not Kind.PROMPT}
    if any(item.kind in (Kind.SEED, Kind.TEXT) for item in fields.values()) or "mask_image" in fields:
        fold.locator("button").first.click()
    shown = page.locator('#parameters [id^="field-"]')
    expect(shown).to_have_count(len(fields))
    ids = shown.evaluate_all("nodes => nodes.map(node => node.id)")
    assert sorted(ids) == sorted(f"field-{name}-{item.kind.name.lower()}" for name, item in fields.items())
    for name, item in fields.items():
        control = field(page, name)
        expect(control.locator("[data-testid=block-info]")).to_have_text(item.title)
        expect(control.locator(".info-text")).to_have_text(item.description)
        default = "" if item.default is None else str(item.default)
        expect(control.locator("input, textarea").first).to_have_value(
            re.compile(rf"^{re.escape(default)}( · [\d,]+ credits)?$")
        )
        if item.kind in (Kind.CHOICE, Kind.OPEN_CHOICE):
            control.locator("input").click()
            offered = page.locator("[role=option]")
            expect(offered).to_have_count(len(item.enum or item.examples))
            texts = offered.evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label').split(' · ')[0])")
            assert texts == [str(value) for value in item.enum or item.examples]
            offered.nth(texts.index(default)).click()
            expect(offered).to_have_count(0)
    expect(button(page)).to_have_text(_label(model, {}))
    generate(page)
    picture = page.locator("#place img")
    expect(picture).to_have_count(1)
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("node => node.naturalWidth") > 0
    expect(page.locator("#place .facts")).to_have_text(re.compile(r"\d+ × \d+ (PNG|JPEG|WEBP)"))
    task = page.locator("#place .task code").inner_text()
    assert re.fullmatch(rf"n{(model.node or '').removeprefix('node')}\w+", task), task
    page.locator("#place .copy").click()
    expect(page.locator("#place .copy")).to_have_text(re.compile("Copied"))


def test_the_button_says_what_the_settings_cost(visit: Visitor, app: Playground, catalog: Catalog) -> None:
    page = visit(app.address)
    shown = catalog.first.id
    for name, settings in PRICED:
        model = catalog.find(name)
        assert model
        if shown != name:
            pick_model(page, model)
            expect(button(page), name).to_have_text(_label(model, {}))
            shown = name
        for key, value in settings.items():
            if isinstance(value, int):
                field(page, key).locator("input").fill(str(value))
            else:
                choose(page, key, value)
        expect(button(page), f"{name} {settings}").to_have_text(_label(model, settings))


def test_a_count_gives_that_many_pictures_and_a_vector_variant_gives_svg(visit: Visitor, app: Playground) -> None:
    page = visit(f"{app.address}/?model=imagen-4&prompt=Two+foxes&num_images=3&variant=imagen4-fast")
    expect(button(page)).to_have_text("Generate · 12 credits · $0.12")
    assert '"model": "imagen4-fast"' in program(page)
    generate(page)
    expect(page.locator("#place img")).to_have_count(3)
    expect(page.locator("#place .facts")).to_contain_text("3 pictures, ")
    pick_model(page, SHIPPED.find("recraft-v4") or SHIPPED.first)
    choose(page, "model", "recraft-v4-text-to-vector")
    expect(button(page)).to_have_text("Generate · 20 credits · $0.20")
    generate(page)
    expect(page.locator("#place .facts")).to_contain_text("SVG")
    expect(page.locator("#place img")).to_have_attribute("src", re.compile(r"\.svg$"))
    assert page.locator("#place img").evaluate("async node => { await node.decode(); return node.naturalWidth }") > 0


def test_a_count_that_is_not_allowed_is_explained_at_the_field_and_not_sent(visit: Visitor, app: Playground) -> None:
    page, jobs = visit(f"{app.address}/?model=kling-image-o1&prompt=Two+foxes"), app.jobs
    for typed, reason in (("10", "large. Allowed: 1 to 9."), ("0", "small. Allowed: 1 to 9.")):
        field(page, "num_images").locator("input").fill(typed)
        expect(field(page, "num_images").locator(".info-text")).to_contain_text(reason)
        generate(page, "Not sent")
        expect(page.locator("#place .problem")).to_contain_text(reason)
    field(page, "num_images").locator("input").fill("9")
    expect(field(page, "num_images").locator(".info-text")).to_have_text("How many images to make, 1 to 9.")
    assert app.jobs == jobs


@pytest.mark.parametrize(("name", "switch", "value", "wanted", "words"), RULES, ids=[rule[0] for rule in RULES])
def test_a_missing_input_picture_is_explained_at_its_field_before_sending(
    visit: Visitor, app: Playground, name: str, switch: str, value: str, wanted: str, words: str
) -> None:
    page, jobs = visit(f"{app.address}/?model={name}&prompt=A+red+door"), app.jobs
    info = field(page, wanted).locator(".info-text")
    calm = info.inner_text()
    choose(page, switch, value)
    expect(info).to_have_text(f"▲ {words}")
    expect(info).to_have_css("color", "rgb(185, 28, 28)")
    assert "Not a request yet" in program(page)
    generate(page, "Not sent")
    expect(page.locator("#place .problem")).to_contain_text(words.lower())
    field(page, wanted).locator("textarea").fill("no address")
    expect(info).to_contain_text("is no web address")
    field(page, wanted).locator("textarea").fill("https://pictures.example/door.png")
    expect(info).to_have_text(calm)
    assert app.jobs == jobs
    generate(page)


def test_an_empty_or_too_long_prompt_is_not_sent_and_says_why(visit: Visitor, app: Playground) -> None:
    page, jobs = visit(f"{app.address}/?model=hunyuan-image-3"), app.jobs
    long = "is too long (2,001 characters). At most 2,000."
    for prompt, words in (("", "is empty"), ("x" * 2001, long), ("   ", "is empty")):
        say(page, prompt)
        expect(page.locator("#code")).to_contain_text(words)
        generate(page, "Not sent")
        expect(page.locator("#place .problem")).to_contain_text(words)
        expect(page.locator("#place .problem")).to_contain_text("Nothing was charged. Correct the field and try again.")
    assert app.jobs == jobs


def test_every_ending_says_what_happened_what_it_cost_and_what_to_do(visit: Visitor, app: Playground) -> None:
    page, logged = visit(app.address), len(app.log)
    for marker, ending, words in ENDINGS:
        say(page, f"A lighthouse #sandbox:{marker}")
        generate(page, ending)
        for part in words:
            expect(page.locator("#place .result"), marker).to_contain_text(part)
        buttons = {"Unsure": ("Ask again", "Let it go"), "Not saved yet": ("Check again",)}.get(ending, ())
        for name in buttons:
            expect(page.get_by_role("button", name=name)).to_be_visible()
        assert "Traceback" not in page.locator("body").inner_text()
    assert "Traceback" not in app.log[logged:]
    choose(page, "aspect_ratio", "3:2")
    say(page, "A lighthouse #sandbox:square")
    generate(page)
    expect(page.locator("#place .facts .chip")).to_have_text("asked 3:2, got 1:1")


def test_an_unsure_request_can_be_let_go_or_asked_again(visit: Visitor, app: Playground) -> None:
    page, jobs = visit(app.address), app.jobs
    say(page, "A lighthouse #sandbox:upstream")
    generate(page, "Unsure")
    assert len(app.jobs) == len(jobs) + 1
    page.get_by_role("button", name="Let it go").click()
    expect(page.get_by_role("button", name="Ask again")).not_to_be_visible()
    expect(page.locator("#place .note")).to_be_visible()
    assert len(app.jobs) == len(jobs) + 1
    say(page, "Another lighthouse #sandbox:upstream")
    generate(page, "Unsure")
    page.evaluate("document.querySelector('#place .result').dataset.seen = 'before'")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("#place [data-seen]")).to_have_count(0)
    expect(word(page)).to_have_text("Unsure")
    assert len(app.jobs) == len(jobs) + 3


def test_while_it_runs_the_place_has_the_shape_and_stop_tells_of_the_charge(visit: Visitor, app: Playground) -> None:
    page, jobs = visit(f"{app.address}/?model=flux-2&aspect_ratio=16:9&prompt=A+lake+%23sandbox:never"), app.jobs
    button(page).click()
    expect(word(page)).to_have_text("Running")
    box = page.locator("#place .skeleton").bounding_box() or {}
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)
    expect(page.locator("#place .state")).to_contain_text(re.compile(r"typically [\d.]+–[\d.]+ s"))
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"^\d\d?$"))
    expect(page.locator("#place .tick")).to_have_text(re.compile("^[2-9] s$"))
    button(page).click()
    page.locator("#stop-button").click()
    expect(word(page)).to_have_text("Stopped")
    expect(page.locator("#place .problem")).to_contain_text("It may still finish and be charged.")
    expect(page.get_by_role("button", name="Check again")).to_be_visible()
    expect(page.locator("#stop-button")).not_to_be_visible()
    assert len(app.jobs) == len(jobs) + 1


def test_a_task_that_never_ends_is_still_running_and_can_be_looked_at_again(visit: Visitor, hurried: Playground) -> None:
    page = visit(f"{hurried.address}/?model=flux-2&prompt=A+lake+%23sandbox:never")
    generate(page, "Still running")
    expect(page.locator("#place .problem")).to_contain_text("It may still finish and be charged.")
    task, jobs = page.locator("#place .task code").inner_text(), hurried.jobs
    expect(page.locator("#place .problem-what")).to_contain_text(task)
    page.get_by_role("button", name="Check again").click()
    expect(word(page)).to_have_text("Running")
    expect(word(page)).to_have_text("Still running")
    expect(page.locator("#place .task code")).to_have_text(task)
    assert hurried.jobs == jobs


def test_five_visitors_at_once_get_their_pictures_though_one_task_never_ends(visit: Visitor, app: Playground) -> None:
    prompts = ["A lake #sandbox:never", *(f"A boat with the number {number}" for number in range(4))]
    pages: list[Page] = [visit(f"{app.address}/?model=flux-2", ready=False) for _ in prompts]
    for page, prompt in zip(pages, prompts, strict=True):
        expect(button(page)).to_contain_text("credits")
        say(page, prompt)
    for page in pages:
        button(page).click()
    for page, prompt in zip(pages[1:], prompts[1:], strict=True):
        expect(word(page)).to_have_text("Done")
        expect(page.locator("#place img")).to_have_attribute("alt", f"{prompt} (Flux 2)")
    expect(word(pages[0])).to_have_text("Running")


def _label(model: Model, settings: Mapping[str, Any]) -> str:
    return f"Generate · {price(SHIPPED, build_request(SHIPPED, model.id, settings, prompt_needed=False))}"
