"""The Compare tab in a browser: mapping and price before anything is sent, cards that fill for themselves, what comes after."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.conftest import TRANSITIONS_ENDED, OpenPage, Playground, wait_until
from tests.browser.history_setup import wait_until_deleted
from tests.browser.layout_shifts import OBSERVE_SHIFTS, layout_shift

FAILS = "grok-imagine?prompt=a+fox+%23sandbox%3Afailed"
HANGS = "hunyuan-image-3?prompt=a+fox+%23sandbox%3Anever"
# How long after a click on Compare the first card is there.
FIRST_CARD = """() => addEventListener('click', () => {
  const begun = performance.now();
  const look = () => {
    if (document.querySelector('#compare-pending .card, #cards .card')?.checkVisibility()) window.firstCard = performance.now() - begun;
    else requestAnimationFrame(look);
  };
  look();
}, { once: true })"""
LIMITED = "recraft-v4?prompt=a+fox+%23sandbox%3Arate"


def address(app: Playground, *models: str, **shared: str) -> str:
    pairs = [("tab", "compare"), *(("models", model) for model in models), *shared.items()]
    return f"{app.address}/?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def loaded(page: Page, pictures: str) -> None:
    """Wait until all these pictures have loaded and transitions have ended."""
    for picture in page.locator(pictures).all():
        picture.scroll_into_view_if_needed()
    page.wait_for_function("(all) => [...document.querySelectorAll(all)].every((one) => one.naturalWidth)", arg=pictures)
    page.evaluate(TRANSITIONS_ENDED)


def choose_more(page: Page, *models: str) -> None:
    """Choose models to add to the comparison, in the panel that every model is chosen in."""
    page.get_by_role("button", name="Add models").click()
    for model in models:
        page.locator(f"#picker-many [value='{model}']").check()
    page.get_by_role("button", name="Use these models").click()


def compare(page: Page) -> None:
    page.locator("#compare-button").click()


def test_the_form_is_read_for_every_model_before_anything_is_sent(open_page: OpenPage, app: Playground) -> None:
    """Mapping, left-out models and the sum stand there; opening and typing send nothing."""
    sent = len(app.jobs)
    page = open_page(address(app, "cogview-4", "flux-2", "kling-image-o1", prompt="a red kite", shape="16:9"))
    rows = page.locator(".mapping tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("16:9 →")
    expect(rows.nth(0), "a seed is drawn later, and who takes none is said now").to_contain_text("no seed")
    expect(page.locator("#compare-button")).to_contain_text("3 requests · 15 credits · $0.15")
    expect(page.locator("#compare-settings"), "open, as its address names one").to_contain_text("Settings: shape 16:9")
    page.locator("#compare-settings [data-addresses]").click()
    page.locator("#compare-images textarea").fill("https://a.example/cat.png")
    expect(rows.nth(0)).to_contain_text("text only, and you gave an image")
    expect(page.locator("#compare-button")).to_contain_text("2 requests · 11 credits")
    expect(page).to_have_url(re.compile(r"images=https"))
    assert len(app.jobs) == sent


def test_each_card_fills_when_its_own_job_ends(open_page: OpenPage, app: Playground) -> None:
    """One fails, one never ends, one is rate-limited: the others are done, and only the failed one is retried."""
    sent = len(app.jobs)
    page = open_page(address(app, "cogview-4", "flux-2", "ideogram-v4", FAILS, HANGS, LIMITED, prompt="a fox"))
    expect(page.locator(".mapping tbody tr")).to_have_count(6)
    compare(page)
    expect(page.locator("#cards-state")).to_have_attribute("data-total", "6")
    for name in ("CogView 4", "Flux 2", "Ideogram V4", "Recraft V4"):
        expect(page.locator(".card", has_text=name)).to_have_attribute("data-state", "Done")
    expect(page.locator(".card", has_text="Grok Imagine")).to_have_attribute("data-state", "Failed")
    expect(page.locator(".card", has_text="Hunyuan")).to_have_attribute("data-state", "Running")
    expect(page.locator(".card img")).to_have_count(4)
    expect(page.locator("#cards-state")).to_have_attribute("data-ended", "5")
    assert len(app.jobs) == sent + 6

    page.locator("#compare-stop").click()
    expect(page.locator(".card", has_text="Hunyuan")).to_have_attribute("data-state", "Stopped")
    again = page.locator("#compare-retry")
    expect(again).to_contain_text("Retry 1 that failed · 5 credits")
    again.click()
    wait_until(page, lambda: len(app.jobs), sent + 7)
    expect(again).to_contain_text("Retry 1 that failed")
    expect(page.locator(".card img")).to_have_count(4)


def test_two_clicks_at_once_are_one_comparison_which_comes_back_after_a_reload_and_can_grow(
    open_page: OpenPage, app: Playground
) -> None:
    sent = len(app.jobs)
    page = open_page(address(app, "cogview-4", "flux-2", prompt="a double click"))
    expect(page.locator("#compare-button")).to_contain_text("2 requests")
    page.locator("#compare-button").dblclick()
    expect(page.locator(".card img")).to_have_count(2)
    assert len(app.jobs) == sent + 2
    page.reload()
    expect(page.locator(".card img")).to_have_count(2)
    choose_more(page, "imagen-4")
    page.locator("#compare-add").click()
    expect(page.locator(".card img")).to_have_count(3)
    assert len(app.jobs) == sent + 3
    page.locator("#compare-order").get_by_text("name").click()
    expect(page.locator(".card strong").first).to_contain_text("CogView")
    page.locator("#compare-prompt textarea").fill("another one")
    page.locator("#compare-prompt textarea").press("Control+Enter")
    listed = page.locator("#compare-earlier button")
    expect(listed).to_have_count(2)
    listed.filter(has_text="a double click").click()
    expect(page.locator("#compare-prompt textarea")).to_have_value("a double click")
    expect(page.locator(".card img")).to_have_count(3)


def test_pictures_open_in_a_lightbox_and_in_the_slider_and_are_published_and_unpublished(
    open_page: OpenPage, app: Playground
) -> None:
    page = open_page(address(app, "cogview-4", "flux-2", prompt="a lighthouse", shape="16:9"))
    expect(page.locator("#compare-button")).to_contain_text("2 requests")
    compare(page)
    expect(page.locator("#cards-state")).to_have_attribute("data-ended", "2")
    page.locator(".zoom").first.focus()
    page.keyboard.press("Enter")
    box = page.locator("dialog.lightbox")
    expect(box).to_contain_text("1/2 · CogView 4")
    page.keyboard.press("ArrowRight")
    expect(box).to_contain_text("2/2 · Flux 2")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.locator("#side-by-side button").first.click()
    expect(page.locator("#slider img"), "there is something to see before anything is chosen").to_have_count(2)
    expect(page.locator("#slider-right input")).to_have_value(re.compile("Flux 2"))
    for side, name in (("left", "CogView 4"), ("right", "Flux 2")):
        page.locator(f"#slider-{side} input").click()
        page.locator(f"#slider-{side}").get_by_role("option", name=re.compile(name)).click()
    expect(page.locator("#slider img")).to_have_count(2)
    loaded(page, "#slider img")
    handle = page.locator("#slider").get_by_role("slider")
    expect(handle).to_have_value("50")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(handle).to_have_value("51")
    expect(page.locator("#slider img").last).to_have_css("clip-path", re.compile(r"51%|49%"))
    sources = [str(image.get_attribute("src")) for image in page.locator("#slider img").all()]
    expect(page.locator("#publish-open")).to_be_visible()
    page.locator("#publish-open").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#publish-confirm")).to_contain_text("Anyone with the link will see the prompt")
    page.locator("#publish-button").focus()
    page.keyboard.press("Enter")
    link = page.locator("[data-public]")
    public = f"{app.address}/{link.get_attribute('href')}"
    expect(link, "the whole address").to_have_text(public)
    assert page.request.get(public).status == 200
    expect(page.locator("#compare-more"), "what is published stays as it is").to_be_hidden()
    expect(page.locator("#unpublish-button"), "the focus does not get lost").to_be_focused()
    page.keyboard.press("Enter")
    expect(link).to_have_count(0)
    assert page.request.get(public).status == 404
    choose_more(page, "grok-imagine", "imagen-4")
    expect(page.locator("#compare-add")).to_have_text("Add · 2 requests · 13 credits · $0.13")

    page.locator("#compare-prompt textarea").fill("another lighthouse")
    compare(page)
    expect(page.locator("#cards-state")).to_have_attribute("data-ended", "2")
    expect(page.locator("#slider img"), "nothing of an older comparison is shown").to_have_count(0)
    page.get_by_role("tab", name="History").click()
    page.locator("[data-group]").last.click()
    page.locator(".entry", has_text="CogView 4").locator("[data-entry]").last.click()
    page.locator("#history-comparison").click()
    expect(page.locator("#compare-prompt textarea")).to_have_value("a lighthouse")
    expect(page.locator(".card img")).to_have_count(2)
    loaded(page, ".card img")
    expect(page.locator("#publish-open")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-detail")).not_to_be_visible()
    wait_until_deleted(page, *(f"{app.address}/{copy}" for copy in sources), left=1)
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(".card img")).to_have_count(1)


def test_the_slider_opens_with_what_is_there(open_page: OpenPage, app: Playground) -> None:
    """Two cards, after one was deleted two others; of a single card two of its pictures."""
    page = open_page(address(app, "cogview-4", "flux-2", "ideogram-v4", prompt="three towers"))
    expect(page.locator("#compare-button")).to_contain_text("3 requests")
    compare(page)
    expect(page.locator("#cards-state")).to_have_attribute("data-ended", "3")
    unfold, pictures, left = (
        page.locator("#side-by-side button").first,
        page.locator("#slider img"),
        page.locator("#slider-left input"),
    )
    unfold.click()
    expect(pictures).to_have_count(2)
    expect(left).to_have_value(re.compile("CogView"))
    page.get_by_role("tab", name="History").click()
    page.locator("[data-group]").last.click()
    page.locator(".entry", has_text="CogView 4").locator("[data-entry]").last.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-detail")).not_to_be_visible()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(".card img")).to_have_count(2)
    expect(pictures, "nothing of what was deleted is shown").to_have_count(0)
    unfold.click()
    expect(pictures).to_have_count(2)
    expect(left).to_have_value(re.compile("Flux 2"))

    page.goto(address(app, "imagen-4", prompt="a tower", count="2"))
    expect(page.locator("#compare-button")).to_contain_text("1 request ·")
    compare(page)
    expect(page.locator(".card", has_text="Imagen 4").locator("img")).to_have_count(2)
    unfold.click()
    expect(pictures).to_have_count(2)
    expect(left).to_have_value(re.compile(r"Imagen 4 \(1\)"))


def test_a_comparison_shows_its_cards_at_once_without_scrolling_and_nothing_moves(
    open_page: OpenPage, app: Playground
) -> None:
    for width, height in ((1280, 900), (390, 844)):
        page = open_page("about:blank", ready=False, viewport={"width": width, "height": height})
        page.add_init_script(OBSERVE_SHIFTS)
        page.goto(address(app, "cogview-4", "flux-2", "ideogram-v4", prompt="a calm lake"))
        expect(page.locator("#compare-button")).to_contain_text("3 requests")
        page.evaluate("window.shifts = []")
        page.evaluate(FIRST_CARD)
        compare(page)
        expect(page.locator("#cards-state")).to_have_attribute("data-ended", "3")
        loaded(page, ".card img")
        assert page.evaluate("window.firstCard") < 100, "milliseconds from the click to the first card"
        assert layout_shift(page) < 0.02, (width, page.evaluate("window.shifts"))
        if width == 1280:
            page.evaluate("scrollTo(0, 0)")
            expect(page.locator(".card img").first).to_be_in_viewport(ratio=0.95)
