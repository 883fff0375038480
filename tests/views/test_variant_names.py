"""A model can be named by one of its variants, in an address and in a comparison."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from components.catalog.models import Catalog
from components.comparisons.plan import Choice, plan
from components.errors import InputError
from components.views.compare_query import read_choice
from components.views.queries import read_generate_query


def test_an_address_that_names_a_variant_opens_the_form_with_it(catalog: Catalog) -> None:
    for query, model, variant in [
        ("model=imagen4-ultra", "imagen-4", "imagen4-ultra"),
        ("model=imagen4-ultra&variant=imagen4-fast", "imagen-4", "imagen4-fast"),
        ("model=imagen-4", "imagen-4", None),
        ("model=recraft-v4-text-to-vector-pro", "recraft-v4", "recraft-v4-pro-text-to-vector"),
        ("model=recraft-v4&variant=recraft-v4-text-to-vector-pro", "recraft-v4", "recraft-v4-pro-text-to-vector"),
    ]:
        opened = read_generate_query(catalog, parse_qs(query))
        assert (opened.model.id, opened.parameters.get("model"), opened.notices) == (model, variant, ())


def test_a_comparison_keeps_the_variant_that_named_the_model(catalog: Catalog) -> None:
    typed = read_choice(catalog, "imagen4-ultra")
    planned = plan(catalog, [Choice("imagen4-ultra"), typed], {"prompt": "a fox"})

    assert [(one.card.model, one.card.settings, one.cost.credits) for one in planned.cards] == [
        ("imagen-4", {"model": "imagen4-ultra"}, 12),
    ] * 2
    with pytest.raises(InputError, match="imagen4-ultra was asked for, but the parameters choose 'imagen4-fast'"):
        plan(catalog, [Choice("imagen4-ultra", {"model": "imagen4-fast"})], {"prompt": "a fox"})
