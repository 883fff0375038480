"""What a search for a model finds, in which order, and what is said where it finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.catalog.models import Catalog
from components.catalog.prices import price_list
from components.playground import Playground
from components.views.models.cards import show_cards
from components.views.models.price_list import show_price_list
from components.views.models.search import matches, order_of, search_messages, search_text
from components.views.queries.models import ModelFilters
from components.views.tables import filtered_frame, models_frame, show_models_count
from tests.views.html import HOSTILE, parse_inert

LETTERING = ["ideogram-v3", "gpt-image-1.5-official", "ideogram-v4"]
EDIT = ["ideogram-v3", "gpt-image-1.5-official", "seedream-4-5", "hunyuan-image-3"]
PHOTO = ["flux-2", "imagen-4"]
FOUND = [
    ("a logo with text", LETTERING),
    ("poster", LETTERING),
    ("text", LETTERING),
    ("edit photo", EDIT),
    ("cheapest that edits a photo", EDIT),
    ("remove background", EDIT),
    ("product photo", PHOTO),
    ("realistic portrait", PHOTO),
    ("svg", ["recraft-v4"]),
    ("icon", ["recraft-v4"]),
    ("sticker", ["cogview-4", "flux-2", "recraft-v4"]),
    ("upscale", ["grok-imagine"]),
    ("several variations", ["kling-image-o1", "imagen-4"]),
    ("consistent character", ["flux-2", "kling-image-o1", "ideogram-v3"]),
    ("2k", ["flux-2", "kling-image-o1"]),
    ("webp", ["ideogram-v4"]),
    ("webhook", ["flux-2", "grok-imagine", "imagen-4", "gpt-image-1.5-official", "seedream-4-5"]),
    ("negative prompt", ["imagen-4"]),
    ("mask", ["ideogram-v3"]),
    ("OpenAI", ["gpt-image-1.5-official"]),
    ("flux2", ["flux-2"]),
    ("flux-2", ["flux-2"]),
    ("wavespeed IMAGE o1", ["kling-image-o1"]),
    ("cheap logo, text!", LETTERING),
    ("transparent", []),
    ("4k", []),
    ("(.*", []),
]


@pytest.mark.parametrize(("search", "found"), FOUND, ids=[search for search, _ in FOUND])
def test_a_search_knows_purposes_settings_and_other_words_for_them(catalog: Catalog, search: str, found: list[str]) -> None:
    assert [row.model.id for row in price_list(catalog) if matches(row.model, search)] == found


def test_a_purpose_narrows_a_search(catalog: Catalog) -> None:
    def found(search: str, purpose: str) -> list[str]:
        return [row.model.id for row in price_list(catalog) if matches(row.model, search, purpose)]

    assert found("", "edit") == EDIT
    assert found("openai", "edit") == ["gpt-image-1.5-official"]
    assert found("", "no such purpose") == []


@pytest.mark.parametrize(
    ("search", "order", "said"),
    [
        ("cheapest logo", "Price", ["Cheapest first."]),
        ("fast photo", "Seconds", ["Fastest first."]),
        ("logo", "", []),
        ("transparent sticker", "", ["No model's page offers a transparent background."]),
        ("4K", "", ["No model's page names 4K. “Largest side” under “All columns” says what each names."]),
        ("best logo", "", ["Which is best depends on the prompt: Compare shows several models, Evaluate lets people vote."]),
        ("midjourney", "", ["Nothing here is about “midjourney”."]),
        ("x" * 500, "", [f"Nothing here is about “{'x' * 40}”."]),
    ],
)
def test_a_search_says_how_it_orders_and_why_it_finds_nothing(
    catalog: Catalog, search: str, order: str, said: list[str]
) -> None:
    assert order_of(search) == order
    assert search_messages([search_text(model) for model in catalog.models], search) == said


async def test_the_price_list_follows_the_words_of_a_search(catalog: Catalog, playground: Callable[..., Playground]) -> None:
    """By the column that they name, unless a header was pressed; what is said is announced too."""
    frame, fast = models_frame(catalog), ModelFilters(search="fast")
    page = parse_inert(show_price_list(playground(), frame, filtered_frame(frame, fast), fast))
    assert page.values("aria-sort") == ["ascending"]
    assert page.values("data-model")[0] in ("cogview-4", "flux-2")
    assert page.values("data-model")[-1] in ("hunyuan-image-3", "kling-image-o1")
    pressed = ModelFilters(search="fast", sort="Model", descending=True)
    page = parse_inert(show_price_list(playground(), frame, filtered_frame(frame, pressed), pressed))
    assert page.values("aria-sort") == ["descending"]

    nothing = ModelFilters(search=f"transparent {HOSTILE}")
    page = parse_inert(show_models_count(catalog, frame, filtered_frame(frame, nothing), nothing))
    assert page.text.startswith("No model matches all filters. No model's page offers a transparent background.")
    assert "transparent background" in page.values("data-announcement")[0]


async def test_the_panel_has_what_its_script_needs_to_search_alike(playground: Callable[..., Playground]) -> None:
    page = parse_inert(show_cards(playground(), {}, many=False, search="fast svg"))

    assert page.values("data-value") == ["recraft-v4"]
    assert page.values("data-message") == ["Fastest first."]
    assert page.values("data-seconds") == ["5.5"]
    assert '"4k"' in page.values("data-search-data")[0]
