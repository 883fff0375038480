"""The Compare tab in a browser: mapping and price before anything is sent, cards that fill for themselves, what comes after."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.conftest import TRANSITIONS_ENDED, OpenPage, Playground, wait_until
from tests.browser.history_setup import RECORD_ADDRESSES, wait_until_deleted, written_queries
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


def choose(page: Page, opener: str, *models: str) -> None:
    """Choose these models and no others in the panel that every model is chosen in."""
    page.get_by_role("button", name=opener).click()
    page.locator("#picker-many [data-none]").click()
    for model in models:
        page.locator(f"#picker-many [value='{model}']").check()
    page.get_by_role("button", name="Use these models").click()


def compare(page: Page) -> None:
    page.locator("#compare-button").click()


def start_watching(page: Page) -> None:
    """Measure what moves from now on, and how long after the next click on Compare the first card is there."""
    page.evaluate("window.shifts = []")
    page.evaluate(FIRST_CARD)


def expect_cards_at_once(page: Page, count: int) -> None:
    """Expect that the cards were there at once, and that nothing has moved when all have ended."""
    expect(page.locator("#cards-state")).to_have_attribute("data-ended", str(count))
    loaded(page, ".card img")
    assert page.evaluate("window.firstCard") < 100, "milliseconds from the click to the first card"
    assert layout_shift(page) < 0.02, (page.viewport_size, page.evaluate("window.shifts"))


def test_a_comparison_is_read_made_looked_at_published_found_again_and_deleted(open_page: OpenPage, app: Playground) -> None:
    page, sent = open_page("about:blank", ready=False), len(app.jobs)
    page.add_init_script(OBSERVE_SHIFTS + RECORD_ADDRESSES)
    page.goto(address(app, "cogview-4", "flux-2", "kling-image-o1", prompt="a red kite", shape="16:9"))
    _the_form_is_read_for_every_model_before_anything_is_sent(page)
    assert len(app.jobs) == sent
    start_watching(page)
    compare(page)
    expect_cards_at_once(page, 3)
    assert len(app.jobs) == sent + 3
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".card img").first).to_be_in_viewport(ratio=0.95)
    page.reload()
    expect(page.locator(".card img")).to_have_count(3)
    choose(page, "Add models", "imagen-4")
    page.locator("#compare-add").click()
    expect(page.locator(".card img")).to_have_count(4)
    assert len(app.jobs) == sent + 4
    page.locator("#compare-order").get_by_text("name").click()
    expect(page.locator(".card strong").first).to_contain_text("CogView")
    _pictures_open_in_a_lightbox_and_in_the_slider(page)
    _it_is_published_and_unpublished(page, app)
    choose(page, "Add models", "grok-imagine", "ideogram-v4")
    expect(page.locator("#compare-add")).to_contain_text("Add · 2 requests · ")
    _the_pictures_of_a_single_card_are_compared_with_each_other(page)
    assert len(app.jobs) == sent + 5, "two clicks at once are one comparison"
    sources = _an_earlier_comparison_opens_from_its_list_and_from_the_history(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#history-detail")).not_to_be_visible()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(".card img")).to_have_count(3)
    expect(page.locator("#slider img"), "nothing of what was deleted is shown").to_have_count(0)
    page.locator("#side-by-side button").first.click()
    expect(page.locator("#slider img")).to_have_count(2)
    expect(page.locator("#slider-left input")).to_have_value(re.compile("Flux 2"))
    wait_until_deleted(page, *(f"{app.address}/{copy}" for copy in sources), left=1)


def _the_form_is_read_for_every_model_before_anything_is_sent(page: Page) -> None:
    """Mapping, left-out models and the sum stand there; opening and typing send nothing."""
    rows, price = page.locator(".mapping tbody tr"), page.locator("#compare-button")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("16:9 →")
    expect(rows.nth(0), "a seed is drawn later, and who takes none is said now").to_contain_text("no seed")
    expect(price).to_contain_text("3 requests · 15 credits · $0.15")
    assert len(written_queries(page)) == 1, "nothing of the address is missing for a moment"
    expect(page.locator("#compare-settings"), "open, as its address names one").to_contain_text("Settings: shape 16:9")
    page.locator("#compare-settings [data-addresses]").click()
    images = page.locator("#compare-images textarea")
    images.fill("https://a.example/cat.png")
    expect(rows.nth(0)).to_contain_text("text only, and you gave an image")
    expect(price).to_contain_text("2 requests · 11 credits")
    expect(page).to_have_url(re.compile(r"images=https"))
    images.fill("")
    expect(price).to_contain_text("3 requests")


def _pictures_open_in_a_lightbox_and_in_the_slider(page: Page) -> None:
    page.locator(".zoom").first.focus()
    page.keyboard.press("Enter")
    box = page.locator("dialog.lightbox")
    expect(box).to_contain_text("1/4 · CogView 4")
    page.keyboard.press("ArrowRight")
    expect(box).to_contain_text("2/4 · Flux 2")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.locator("#side-by-side button").first.click()
    expect(page.locator("#slider img"), "there is something to see before anything is chosen").to_have_count(2)
    expect(page.locator("#slider-left input")).to_have_value(re.compile("CogView 4"))
    expect(page.locator("#slider-right input")).to_have_value(re.compile("Flux 2"))
    for side, name in (("left", "Flux 2"), ("right", "CogView 4")):
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


def _it_is_published_and_unpublished(page: Page, app: Playground) -> None:
    """With the keyboard alone."""
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


def _the_pictures_of_a_single_card_are_compared_with_each_other(page: Page) -> None:
    choose(page, "Choose models", "imagen-4")
    page.locator("#compare-settings > button:not(.open)").click()
    page.get_by_label("Pictures per request").fill("2")
    page.locator("#compare-prompt textarea").fill("a calm lake")
    expect(page.locator("#compare-button")).to_contain_text("1 request ·")
    page.locator("#compare-button").dblclick()
    expect(page.locator("#cards .card")).to_have_count(1)
    expect(page.locator(".card", has_text="Imagen 4").locator("img")).to_have_count(2)
    expect(page.locator("#slider img"), "nothing of an older comparison is shown").to_have_count(0)
    page.locator("#side-by-side button").first.click()
    expect(page.locator("#slider img")).to_have_count(2)
    expect(page.locator("#slider-left input")).to_have_value(re.compile(r"Imagen 4 \(1\)"))


def _an_earlier_comparison_opens_from_its_list_and_from_the_history(page: Page) -> list[str]:
    """Returns the addresses of two of its pictures, the first of which is of the request that is open in the history."""
    listed, prompt = page.locator("#compare-earlier button"), page.locator("#compare-prompt textarea")
    expect(listed).to_have_count(2)
    listed.filter(has_text="a red kite").click()
    expect(prompt).to_have_value("a red kite")
    expect(page.locator(".card img")).to_have_count(4)
    listed.filter(has_text="a calm lake").click()
    expect(prompt).to_have_value("a calm lake")
    page.get_by_role("tab", name="History").click()
    page.locator("[data-group]").last.click()
    page.locator(".entry", has_text="CogView 4").locator("[data-entry]").last.click()
    page.locator("#history-comparison").click()
    expect(prompt).to_have_value("a red kite")
    expect(page.locator(".card img")).to_have_count(4)
    loaded(page, ".card img")
    expect(page.locator("#publish-open")).to_be_visible()
    page.locator("#side-by-side button").first.click()
    expect(page.locator("#slider img")).to_have_count(2)
    sources = [str(image.get_attribute("src")) for image in page.locator("#slider img").all()]
    page.get_by_role("tab", name="History").click()
    return sources


def test_each_card_fills_when_its_own_job_ends(open_page: OpenPage, app: Playground) -> None:
    """One fails, one never ends, one is rate-limited: the others are done, and only the failed one is retried. On a phone."""
    page, sent = open_page("about:blank", ready=False, viewport={"width": 390, "height": 844}), len(app.jobs)
    page.add_init_script(OBSERVE_SHIFTS)
    page.goto(address(app, "cogview-4", FAILS, HANGS, LIMITED, prompt="a fox"))
    expect(page.locator(".mapping tbody tr")).to_have_count(4)
    start_watching(page)
    page.locator("#compare-prompt textarea").press("Control+Enter")
    expect(page.locator("#cards-state")).to_have_attribute("data-total", "4")
    expect_cards_at_once(page, 3)
    for name in ("CogView 4", "Recraft V4"):
        expect(page.locator(".card", has_text=name)).to_have_attribute("data-state", "Done")
    expect(page.locator(".card", has_text="Grok Imagine")).to_have_attribute("data-state", "Failed")
    expect(page.locator(".card", has_text="Hunyuan")).to_have_attribute("data-state", "Running")
    expect(page.locator(".card img")).to_have_count(2)
    assert len(app.jobs) == sent + 4

    page.locator("#compare-stop").click()
    expect(page.locator(".card", has_text="Hunyuan")).to_have_attribute("data-state", "Stopped")
    again = page.locator("#compare-retry")
    expect(again).to_contain_text("Retry 1 that failed · 5 credits")
    again.click()
    wait_until(page, lambda: len(app.jobs), sent + 5)
    expect(again).to_contain_text("Retry 1 that failed")
    expect(page.locator(".card img")).to_have_count(2)
