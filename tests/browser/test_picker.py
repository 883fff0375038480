"""The panel that models are chosen from: with the mouse, with the keyboard, by purpose and by search."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Playground, button, wait_until

SEARCHES = (
    ("cheapest logo", ["Ideogram V3", "GPT Image 1.5", "Ideogram V4"], "3 of 11 models. Cheapest first."),
    (
        "fast photo edit",
        ["Ideogram V3", "GPT Image 1.5", "Seedream 4.5", "Hunyuan Image 3"],
        "4 of 11 models. Fastest first.",
    ),
    ("transparent", [], "No model matches. No model's page offers a transparent background."),
    ("midjourney", [], "No model matches. Nothing here is about “midjourney”."),
)
BEST = "11 of 11 models. Which is best depends on the prompt: Compare shows several models, Evaluate lets people vote."


def test_models_are_chosen_with_the_keyboard_by_search_by_purpose_and_several_at_once(
    open_page: OpenPage, app: Playground
) -> None:
    page = open_page(app.address)
    _model_is_found_and_chosen_with_the_keyboard_alone(page)
    _panel_searches_as_the_price_list_does(page)
    _purpose_filters_the_models_that_suit_it(page)
    _several_models_and_variants_are_chosen_for_a_comparison(page)


def _model_is_found_and_chosen_with_the_keyboard_alone(page: Page) -> None:
    """The panel opens every time; Escape closes it; the focus comes back to the button that opened it."""
    expect(button(page)).to_contain_text("credits")
    opener, panel = page.locator("#chosen-model [data-picker]"), page.locator("#picker-one")
    for close in ("Escape", "Escape", "Close"):
        opener.press("Enter")
        expect(panel.locator("[data-value='gpt-image-1.5-official']")).to_be_focused()
        expect(panel.locator("[aria-checked=true]")).to_have_count(1)
        if close == "Close":
            panel.get_by_role("button", name="Close").click()
        else:
            page.keyboard.press(close)
        expect(panel).not_to_be_visible()
        expect(opener).to_be_focused()

    opener.press("Enter")
    expect(panel.locator("img").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(panel.locator("[data-value='recraft-v4']")).to_be_focused()
    page.keyboard.type("edit photo")
    expect(panel.get_by_role("searchbox")).to_have_value("edit photo")
    expect(panel.locator("footer p")).to_have_text("4 of 11 models")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-model strong")).to_have_text("Ideogram V3")
    expect(button(page)).to_contain_text("8 credits")
    expect(opener).to_be_focused()


def _panel_searches_as_the_price_list_does(page: Page) -> None:
    """Words order what is found, and what no model offers is said; an emptied search is as before."""
    page.locator("#chosen-model [data-picker]").click()
    panel = page.locator("#picker-one")
    search, said, names = panel.get_by_role("searchbox"), panel.locator("footer p"), panel.locator("li:visible strong")
    expect(names).to_have_count(11)
    before = names.all_inner_texts()
    for text, found, message in (*SEARCHES, ("best", before, BEST)):
        search.fill(text)
        expect(names, text).to_have_text([re.compile(rf"{re.escape(name.strip())}\s*$") for name in found])
        expect(said, text).to_have_text(message)
    search.fill("fast")
    expect(names.last).to_have_text(re.compile("Kling|Hunyuan"))
    search.fill("")
    wait_until(page, names.all_inner_texts, before)
    page.keyboard.press("Escape")
    expect(panel).not_to_be_visible()


def _purpose_filters_the_models_that_suit_it(page: Page) -> None:
    page.get_by_role("tab", name="Integrate").click()
    panel = page.locator("#picker-one")
    page.locator("#integrate-chosen [data-picker]").click()
    panel.get_by_role("button", name="Vector").click()
    expect(panel.get_by_role("radio")).to_have_count(1)
    panel.get_by_role("searchbox").fill("no such model")
    expect(panel.locator("footer p")).to_contain_text("No model matches")
    panel.get_by_role("searchbox").fill("")
    panel.get_by_role("radio").click()
    expect(page.locator("#integrate h2")).to_contain_text("Recraft V4")


def _several_models_and_variants_are_chosen_for_a_comparison(page: Page) -> None:
    """It opens with models that suit its prompt; chosen models are listed with their prices and can be removed."""
    page.get_by_role("tab", name="Compare").click()
    chosen, panel = page.locator("#compare-models-chosen li"), page.locator("#picker-many")
    expect(chosen).to_have_text([re.compile(name) for name in ("Ideogram V3", "GPT Image 1.5", "Ideogram V4")])
    page.locator("#compare-models-chosen").get_by_role("button", name="Choose models").click()
    expect(panel.locator("[value='ideogram-v3']")).to_be_checked()
    panel.get_by_role("button", name="Choose none").click()
    panel.get_by_role("button", name="Vector").click()
    panel.get_by_role("button", name="Choose all shown").click()
    panel.get_by_role("button", name="All", exact=True).click()
    card = panel.locator("li").filter(has_text="Black Forest Labs")
    card.locator("summary").click()
    card.locator("[value='flux-2?type=flex&resolution=2K']").check()
    expect(panel.locator("footer p")).to_contain_text("2 chosen")
    panel.get_by_role("button", name="Use these models").click()
    expect(chosen).to_have_text([re.compile("Recraft V4"), re.compile("Flux 2 · flex · 2K")])
    expect(page.locator("#compare-button")).to_contain_text("34 credits")
    page.get_by_role("button", name="Leave out Recraft V4").click()
    expect(chosen).to_have_count(1)
    expect(page.locator("#compare-button")).to_contain_text("24 credits")
