"""The price list on the page: its first columns, measured values, and the chart of price against seconds."""

from __future__ import annotations

from collections.abc import Callable

from components.catalog.models import Catalog
from components.evaluation.decision import frontier
from components.jobs.store.measured import Measured
from components.playground import Playground
from components.views.models.price_list import columns_for, show_price_list, show_scatter
from components.views.queries.models import ModelFilters
from components.views.tables import FRONT, MEASURED, MORE, filtered_frame, models_frame
from tests.views.html import parse_inert

SEEN = {"gpt-image-1.5-official": Measured(4, 7.4, 11.0, 0.25)}


def test_what_decides_stands_in_front_and_what_was_measured_once_there_is_any(catalog: Catalog) -> None:
    """Empty columns would push the others out of sight."""
    frame = models_frame(catalog)
    assert columns_for(frame, more=False) == FRONT
    assert columns_for(frame, more=True) == (*FRONT, *MORE)
    assert columns_for(models_frame(catalog, SEEN), more=True) == (*FRONT, *MORE, *MEASURED)


async def test_a_row_has_picture_price_bar_seconds_and_a_button(
    catalog: Catalog, playground: Callable[..., Playground]
) -> None:
    """A time that was measured here goes before the one that the service states."""
    frame = models_frame(catalog, SEEN)
    filters = ModelFilters(search="gpt", sort="Seconds", descending=True)
    page = parse_inert(show_price_list(playground(), frame, filtered_frame(frame, filters), filters))
    assert set(page.values("data-model")) == {"gpt-image-1.5-official"}
    assert "$0.10–$0.28" in " ".join(page.text.split())
    assert "7.4 s measured" in page.text
    assert "left:14.29%;width:max(4px, 25.71%)" in page.values("style"), "of the dearest tier, 70 credits"
    assert page.values("aria-label")[-1] == "Try GPT Image 1.5"
    assert page.values("aria-sort") == ["descending"]


def test_the_frontier_is_what_nothing_beats_in_price_and_seconds() -> None:
    points = {"cheap": (1.0, 9.0), "fast": (5.0, 2.0), "both": (3.0, 3.0), "beaten": (3.0, 4.0), "same": (3.0, 3.0)}
    assert frontier(points) == {"cheap", "fast", "both", "same"}
    assert frontier({}) == set()


def test_the_chart_has_a_dot_for_each_model_with_a_time_and_names_the_others(catalog: Catalog) -> None:
    frame = models_frame(catalog)
    page = parse_inert(show_scatter(frame))
    assert sorted(page.values("data-model")) == sorted(frame["id"])
    assert any(label.endswith("on the frontier") for label in page.values("aria-label"))
    frame.loc[0, "Seconds"] = None
    page = parse_inert(show_scatter(frame))
    assert len(page.values("data-model")) == len(frame) - 1
    assert f"No time is stated for {frame.loc[0, 'Model']}." in page.text
    assert show_scatter(frame[:0]) == ""


def test_the_chart_speaks_of_a_line_only_where_it_draws_one(catalog: Catalog) -> None:
    """By the catalog alone one model is both the cheapest and the fastest, and a line through one dot cannot be seen."""
    frame = models_frame(catalog)
    assert (
        "With default settings no other model is cheaper or faster than CogView 4." in parse_inert(show_scatter(frame)).text
    )
    frame.loc[frame["Model"] == "Hunyuan Image 3", "Seconds"] = 1.0
    assert "On the line: no other model is both cheaper and faster." in parse_inert(show_scatter(frame)).text
