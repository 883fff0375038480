"""The query string of Compare and the models to choose from."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import Choice, plan_comparison
from components.errors import InputError
from components.views.models.facts import cheapest
from components.views.queries.compare import (
    ComparisonDraft,
    PublishedSource,
    comparison_id_of,
    comparison_query,
    draft_of,
    other_models_query,
    read_choice,
    read_compare_query,
    settings_title,
    variant_options,
    write_choice,
    write_compare_query,
)
from components.views.queries.query import LONGEST_QUERY, Query
from tests.jobs.conftest import make_job
from tests.views.html import HOSTILE

EMPTY = ComparisonDraft((), {})
TEXTS = (HOSTILE, "é 🦊 \u202e", "a\n\nb", "100 % & more=#?", "\\ \" '")


def parsed(query: str) -> Query:
    return parse_qs(query.removeprefix("?"), keep_blank_values=True)


def test_a_draft_is_read_back(catalog: Catalog) -> None:
    for text in TEXTS:
        shared = {"prompt": text, "shape": "16:9", "seed": 7, "images": ["https://a.example/b.png"], "quality": "best"}
        draft = ComparisonDraft(("flux-2?type=flex&resolution=2K", "cogview-4"), shared, 3)
        assert read_compare_query(catalog, parsed(write_compare_query(draft)), EMPTY) == draft
    defaults = {"prompt": "", "shape": "", "count": 1, "quality": "standard"}
    assert write_compare_query(ComparisonDraft((), defaults)) == "?"


def test_what_is_not_offered_is_left_out(catalog: Catalog) -> None:
    query = {"models": ["dall-e", "flux-2,cogview-4"], "seed": ["-1"], "shape": ["<b>"], "quality": ["x"], "samples": ["99"]}

    assert read_compare_query(catalog, query, EMPTY) == ComparisonDraft(("flux-2", "cogview-4"), {})
    assert read_compare_query(catalog, {"tab": ["compare"]}, EMPTY) is EMPTY
    default = ComparisonDraft(("flux-2",), {"prompt": "a fox"})
    assert read_compare_query(catalog, {"prompt": ["a kite"]}, default) == ComparisonDraft(("flux-2",), {"prompt": "a kite"})


def test_long_prompts_are_read_from_the_published_comparison() -> None:
    """Only if it is the very same there."""
    long = {"prompt": "語" * 20_000, "seed": 7}
    draft = ComparisonDraft(("flux-2",), long)
    for source, named in ((None, False), (PublishedSource("t", long), True), (PublishedSource("t", {"prompt": "x"}), False)):
        query = write_compare_query(draft, source)
        assert len(query) < LONGEST_QUERY + 100
        assert parsed(query).get("published", []) == (["t"] if named else [])
        assert parsed(query)["seed"] == ["7"]
    short = ComparisonDraft(("flux-2",), {"prompt": "a fox"})
    assert "published" not in write_compare_query(short, PublishedSource("t", short.shared))


def test_every_option_can_be_chosen_and_sent(catalog: Catalog) -> None:
    options = [option for model in catalog.models for option in ((0, "", model.id), *variant_options(model))]
    texts = [text for _, _, text in options]

    assert len(set(texts)) == len(texts) > len(catalog.models)
    for text in texts:
        choice = read_choice(catalog, text)
        assert write_choice(choice) == text
        (planned,) = plan_comparison(catalog, [choice], {"prompt": "a red kite"}).cards
        assert planned.request or planned.card.refused == "Skipped: needs an image."
    with pytest.raises(InputError, match="no model 'dall-e'"):
        read_choice(catalog, "dall-e?size=1")
    assert (24, "flex · 2K", "flux-2?type=flex&resolution=2K") in options


def test_the_title_of_the_settings_says_what_is_asked_for() -> None:
    shared = {
        "prompt": "a",
        "shape": "16:9",
        "quality": "standard",
        "count": 1,
        "seed": 0,
        "images": ["a", "b"],
        "negative": "x" * 60,
    }

    assert settings_title(EMPTY) == "Settings: shape, quality, samples, seed, what to avoid, input images"
    assert settings_title(ComparisonDraft((), shared, 2)) == (
        f"Settings: shape 16:9 · seed 0 · what to avoid {'x' * 39}… · input images 2 · 2 samples of each"
    )


def test_the_cheapest_models_come_first(catalog: Catalog) -> None:
    assert cheapest(catalog)[0] == "cogview-4"
    assert (len(cheapest(catalog)), len(cheapest(catalog, most=None))) == (4, len(catalog.models))
    assert all("image" in catalog.find(text).inputs for text in cheapest(catalog, "image", most=None))  # type: ignore[union-attr]


def test_a_comparison_becomes_the_draft_that_it_was_made_from() -> None:
    cards = (Card("flux-2", {"type": "flex"}), Card("flux-2", {"type": "flex"}, sample=2), Card("cogview-4"))
    comparison = Comparison("c", "ann", 0.0, {"prompt": "a kite"}, cards)

    assert draft_of(comparison) == ComparisonDraft(("flux-2?type=flex", "cogview-4"), {"prompt": "a kite"}, 2)


def test_other_models_opens_the_cheapest_models(catalog: Catalog) -> None:
    """Of those that take a picture if the job has one; its own model is not among them."""
    for model in catalog.models:
        body = build_request(catalog, model.id, model.example).body
        query = other_models_query(catalog, make_job(model=model.id, body=body))
        assert query["tab"] == ["compare"]
        assert len(query["models"]) == 4
        assert model.id not in query["models"]
        if "images" in query:
            assert all("image" in catalog.find(text).inputs for text in query["models"])  # type: ignore[union-attr]
    with pytest.raises(InputError):
        other_models_query(catalog, make_job(model="no-such"))


def test_a_comparison_is_found_under_the_name_that_older_links_used() -> None:
    """One that is written has the new name."""
    written = comparison_query(make_job(comparison_id="c1"))
    assert written == {"tab": ["compare"], "comparison": ["c1"]}
    for query, comparison_id in ((written, "c1"), (parsed("?tab=compare&batch=c2"), "c2"), (parsed("?tab=compare"), "")):
        assert comparison_id_of(query) == comparison_id


def test_settings_are_written_into_a_choice_by_name() -> None:
    assert write_choice(Choice("recraft-v4", {"model": "v", "style": "a b"})) == "recraft-v4?variant=v&style=a+b"


def test_a_comparison_keeps_the_variant_that_named_the_model(catalog: Catalog) -> None:
    choices = [Choice("imagen4-ultra"), read_choice(catalog, "imagen4-ultra")]
    for planned in plan_comparison(catalog, choices, {"prompt": "a fox"}).cards:
        assert (planned.card.model, planned.card.settings) == ("imagen-4", {"model": "imagen4-ultra"})
        assert planned.cost.credits == 12
    with pytest.raises(InputError, match="imagen4-ultra was asked for, but the parameters choose 'imagen4-fast'"):
        plan_comparison(catalog, [Choice("imagen4-ultra", {"model": "imagen4-fast"})], {"prompt": "a fox"})
