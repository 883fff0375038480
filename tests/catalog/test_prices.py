"""The price of a request, the price list and the what-if."""

from __future__ import annotations

from typing import Any

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import Cost, credits_text, price, price_depends_on, price_list, usd_text, what_if
from components.catalog.requests import build_request

HEAD = 'endpoint: {{base_url: "https://a.example", create: /c, status: "/t/{{task_id}}", usd_per_credit: {0}}}\nmodels:'
ENTRY = """
  - {{id: {0}, name: {0}, provider: P, inputs: [text], source: s, checked_on: 2026-01-01, price: {1}, {2}
     parameters: {{properties: {{prompt: {{type: string, minLength: 1, x-role: prompt}}, steps: {{type: integer, default: 20}},
       hd: {{type: boolean, default: false}}, size: {{type: string, examples: [S, L]}}}}}}}}"""


def make_catalog(*entries: tuple[str, str, str], usd: str = "0.01") -> Catalog:
    """A catalog of small models, each an id, its price rules and more keys."""
    return parse_catalog(HEAD.format(usd) + "".join(ENTRY.format(*entry) for entry in entries))


# model, settings, credits, dollars
PRICES: list[tuple[str, dict[str, Any], float, float]] = [
    ("cogview-4", {}, 4, 0.04),
    ("cogview-4", {"quality": "standard"}, 4, 0.04),
    ("flux-2", {}, 5, 0.05),
    ("flux-2", {"resolution": "2K"}, 7, 0.07),
    ("flux-2", {"type": "flex"}, 14, 0.14),
    ("flux-2", {"type": "flex", "resolution": "2K"}, 24, 0.24),
    ("flux-2", {"type": "pro", "resolution": "1K", "aspect_ratio": "21:9"}, 5, 0.05),
    ("grok-imagine", {}, 5, 0.05),
    ("grok-imagine", {"model": "grok-imagine/upscale"}, 12, 0.12),
    ("kling-image-o1", {}, 6, 0.06),
    ("kling-image-o1", {"num_images": 9, "resolution": "2k"}, 6, 0.06),
    ("kling-image-o1", {"type": "ai-multi-shot", "num_images": 9}, 16, 0.16),
    ("ideogram-v3", {}, 8, 0.08),
    ("ideogram-v3", {"model": "ideogram-v3-balanced"}, 13, 0.13),
    ("ideogram-v3", {"model": "ideogram-v3-quality"}, 20, 0.2),
    ("imagen-4", {}, 8, 0.08),
    ("imagen-4", {"num_images": 3}, 24, 0.24),
    ("imagen-4", {"model": "imagen4-fast", "num_images": 7.0}, 28, 0.28),
    ("imagen-4", {"model": "imagen4-ultra", "num_images": 10}, 120, 1.2),
    ("gpt-image-1.5-official", {}, 10, 0.1),
    ("gpt-image-1-5", {"quality": "high"}, 28, 0.28),
    ("recraft-v4", {}, 10, 0.1),
    ("recraft-v4", {"model": "recraft-v4-text-to-vector"}, 20, 0.2),
    ("recraft-v4", {"model": "recraft-v4-pro-text-to-image"}, 60, 0.6),
    ("recraft-v4", {"model": "recraft-v4-pro-text-to-vector"}, 70, 0.7),
    ("ideogram-v4", {"rendering_speed": "QUALITY"}, 12, 0.12),
    ("seedream-4-5", {"quality": "high"}, 12, 0.12),
    ("hunyuan-image-3", {"type": "edit", "images": ["https://example.com/a.png"]}, 25, 0.25),
]


def test_prices_agree_with_the_service(catalog: Catalog) -> None:
    for model, settings, credits, usd in PRICES:
        request = build_request(catalog, model, settings, prompt_needed=False)
        assert price(catalog, request) == Cost(credits, usd), (model, settings)


def test_dollars_are_rounded_to_what_can_be_shown(catalog: Catalog) -> None:
    assert [catalog.usd(credits) for credits in (28, 7, 0.5, 0.01, 0)] == [0.28, 0.07, 0.005, 0.0001, 0]
    assert str(Cost(28, catalog.usd(28))) == "28 credits · $0.28"


def test_dollars_show_cents_and_fractions_of_a_cent_only_where_there_are_any() -> None:
    assert [usd_text(usd) for usd in (0, 0.0, 0.28, 0.3, 0.105, 0.0025, 1234.5, 0.1 + 0.2)] == [
        "$0.00", "$0.00", "$0.28", "$0.30", "$0.105", "$0.0025", "$1,234.50", "$0.30",
    ]  # fmt: skip


def test_credits_show_a_fraction_only_where_there_is_one() -> None:
    assert [credits_text(credits) for credits in (0, 1, 28.0, 2.5, 12000, 0.1 + 0.2)] == [
        "0 credits", "1 credit", "28 credits", "2.5 credits", "12,000 credits", "0.3 credits",
    ]  # fmt: skip


def test_the_price_list_is_ordered_by_base_price_and_ties_keep_the_catalogs_order() -> None:
    catalog = make_catalog(
        ("expensive", "[{when: {hd: true}, credits: 1}, {credits: 9}]", ""),
        ("tie1", "[{credits: 5}]", ""),
        ("gone", "[{credits: 1}]", "status: retired,"),
        ("cheap", "[{credits: 0.5}]", ""),
        ("tie2", "[{when: {size: L}, credits: 50}, {credits: 5}]", "status: deprecated,"),
    )

    rows = price_list(catalog)

    assert [row.model.id for row in rows] == ["cheap", "tie1", "tie2", "expensive"]
    assert [(row.lowest.credits, row.base.credits, row.highest.credits) for row in rows] == [
        (0.5, 0.5, 0.5),
        (5, 5, 5),
        (5, 5, 50),
        (1, 9, 9),
    ]


def test_the_first_rule_that_matches_sets_the_price_defaults_included() -> None:
    catalog = make_catalog(
        ("m", "[{when: {steps: 20, hd: true}, credits: 3}, {when: {steps: 20}, credits: 2}, {credits: 1}]", "")
    )

    prices = [
        price(catalog, build_request(catalog, "m", form, prompt_needed=False)).credits
        for form in ({}, {"hd": True}, {"steps": 21, "hd": True})
    ]

    assert prices == [2, 3, 1]


def test_a_price_depends_on_the_fields_its_rules_look_at(catalog: Catalog) -> None:
    names = {model.id: price_depends_on(model) for model in catalog.models}

    assert {name: names[name] for name in ("cogview-4", "flux-2", "imagen-4", "kling-image-o1")} == {
        "cogview-4": (),
        "flux-2": ("type", "resolution"),
        "imagen-4": ("model", "num_images"),
        "kling-image-o1": ("type",),
    }


def test_a_month_costs_every_tier_as_often_as_pictures_are_made(catalog: Catalog) -> None:
    prices = {(row.model.id, row.tier.label): (row.month.credits, row.month.usd) for row in what_if(catalog, 300, 10)}

    assert len(prices) == 24, "every tier of every model"
    assert prices["gpt-image-1.5-official", "high"] == (8400, 84.0)
    assert prices["flux-2", "pro · 2K"] == (2100, 21.0)
    assert prices["imagen-4", "imagen4-fast"] == (1200, 12.0)


def test_a_budget_buys_the_picture_that_it_pays_exactly(catalog: Catalog) -> None:
    """0.56 / 0.07 is 7.999… in floating point; the eighth picture is paid for all the same."""

    def pictures(cent: int, budget: float) -> set[int | None]:
        return {row.pictures for row in what_if(catalog, 1, budget) if round(row.per_picture.usd * 100) == cent}

    cents = {round(row.per_picture.usd * 100) for row in what_if(catalog, 1, 1)}
    assert 7 in cents
    for count in (1, 3, 7, 8, 57, 100, 1001, 70_000):
        for cent in cents:
            assert pictures(cent, count * cent / 100) == {count}
            assert pictures(cent, (count * cent - 1) / 100) == {count - 1}


def test_zero_and_negative_input_costs_nothing_and_buys_nothing(catalog: Catalog) -> None:
    inputs: list[tuple[Any, Any]] = [(0, 0), (-5, -10), (None, None)]
    for per_month, budget in inputs:
        rows = list(what_if(catalog, per_month, budget))
        assert {(row.month.credits, row.month.usd, row.pictures) for row in rows} == {(0, 0, 0)}


def test_a_free_tier_has_no_number_of_pictures() -> None:
    catalog = make_catalog(("m", "[{when: {hd: true}, credits: 4}, {credits: 0}]", ""))

    free, paid = what_if(catalog, 100, 1)

    assert (free.pictures, free.month.usd) == (None, 0)
    assert (paid.pictures, paid.month.usd) == (25, 4)


def test_the_price_of_a_credit_is_the_catalogs() -> None:
    catalog = make_catalog(("m", "[{credits: 5}]", ""), usd="0.002")

    assert price(catalog, build_request(catalog, "m", {"prompt": "a fox"})) == Cost(5, 0.01)
    assert [row.pictures for row in what_if(catalog, 1, 1)] == [100]
