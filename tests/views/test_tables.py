"""The price list and the what-if: numbers that sort as numbers, unknown ones last, and CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
import yaml

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import price_list, tiers
from components.views.exports.csv_text import csv_rows
from components.views.queries.models import ModelFilters
from components.views.tables import (
    FRONT,
    MEASURED,
    MODELS_FILE,
    MORE,
    SORTABLE,
    WHAT_IF,
    cell_text,
    filtered_frame,
    models_frame,
    models_rows,
    price_limits,
    purpose_options,
    show_models_count,
    show_table,
    sorted_frame,
    what_if_frame,
)
from tests.conftest import ROOT
from tests.views.html import parse_inert


@pytest.fixture(scope="module")
def odd() -> Catalog:
    """The shipped catalog with a name that is a formula, a price of nothing, and a model of which little is known."""
    entries = yaml.safe_load((ROOT / "catalog.yaml").read_text())
    models = {entry["id"]: entry for entry in entries["models"]}
    models["flux-2"]["name"] = "=1+1|cmd"
    models["grok-imagine"]["provider"] = "@SUM(A1)"
    for name in ("node", "seconds"):
        del models["cogview-4"][name]
    models["cogview-4"]["price"] = [{"credits": 0}]
    return parse_catalog(yaml.safe_dump(entries, allow_unicode=True))


def test_the_comparison_has_a_row_a_model_by_base_credits(catalog: Catalog) -> None:
    """Numbers sort as numbers: 5 before 12, 70 after 28."""
    frame = models_frame(catalog)

    assert list(frame["id"]) == [row.model.id for row in price_list(catalog)]
    numbers = ("Price", "Seconds", "Base", "From", "To", "$ per 1,000", "Largest side", "Node", *MEASURED)
    assert all(pd.api.types.is_numeric_dtype(frame[name]) for name in numbers)
    assert frame.sort_values("To")["To"].tolist()[-1] == 70
    assert set(frame["Webhook"]) == {"yes", "no"}
    assert not [name for name in FRONT if frame[name].nunique() == 1], "a column in front that says the same of all"


def test_a_table_shows_texts_for_values(catalog: Catalog, odd: Catalog) -> None:
    """Unknown numbers are a dash; headers have ``aria-sort``, and rows have the id of their model."""
    rows = {row["Model"]: row for row in models_frame(catalog).to_dict("records")}
    texts = {name: cell_text(name, rows["GPT Image 1.5"]) for name in SORTABLE if name != "Price"}
    assert texts == {
        "Model": "GPT Image 1.5", "Seconds": "3–10 s", "Inputs": "text + image", "Good for": "logo or text, edit",
        "Base": "10", "From": "10", "To": "28", "$ per 1,000": "$100.00", "Shapes": "1:1, 2:3, 3:2", "Largest side": "—",
        "References": "some", "Pictures": "1", "Seed": "no", "Vector": "no", "Webhook": "yes", "Runtime": "async task",
        "Node": "node42", "Measured s": "", "Slowest 5 %": "", "Runs": "", "Failed": "",
    }  # fmt: skip
    flux = {name: cell_text(name, rows["Flux 2"]) for name in ("Largest side", "References")}
    assert flux == {"Largest side": "2048 px", "References": "up to 8"}
    unknown = models_frame(odd).to_dict("records")[0]
    assert (cell_text("Seconds", unknown), cell_text("Node", unknown)) == ("—", "—")
    page = parse_inert(show_table(models_frame(odd), MORE, "Models <b>", "To", descending=True))
    assert page.values("aria-sort") == ["descending"]
    assert page.values("data-sort")[::2] == page.values("data-sort")[1::2] == list(MORE)
    assert list(dict.fromkeys(page.values("data-model"))) == list(models_frame(odd)["id"])


def test_rows_are_sorted_as_numbers_and_unknown_ones_come_last(odd: Catalog) -> None:
    """In either direction; texts whatever their case, and equal rows in the order of the price list."""
    frame = models_frame(odd)

    for descending in (False, True):
        seconds = sorted_frame(frame, "Seconds", descending=descending)
        assert seconds["id"].iloc[-1] == "cogview-4"
        known = seconds["Seconds"].dropna().tolist()
        assert known == sorted(known, reverse=descending)
        credits = sorted_frame(frame, "To", descending=descending)["To"].tolist()
        assert credits == sorted(credits, reverse=descending)
        names = [name.casefold() for name in sorted_frame(frame, "Model", descending=descending)["Model"]]
        assert names == sorted(names, reverse=descending)
    same = sorted_frame(frame, "Runtime")
    assert list(same["id"]) == list(frame["id"])
    assert list(sorted_frame(frame, "no such column")["id"]) == list(frame["id"])


def test_filters_hold_together_and_leave_the_order(catalog: Catalog) -> None:
    """A word is a word and no pattern; the search also finds purposes and uses."""
    frame = models_frame(catalog)
    for filters, count in (
        (ModelFilters(), 11),
        (ModelFilters("OPENAI"), 1),
        (ModelFilters("  ideogram   v4 "), 1),
        (ModelFilters("flux-2"), 1),
        (ModelFilters("(.*"), 0),
        (ModelFilters(providers=("Ideogram", "xAI")), 3),
        (ModelFilters(price=5), 4),
        (ModelFilters(must=("callback",)), 5),
        (ModelFilters(must=("image input",)), 6),
        (ModelFilters("google", ("Google",), 4, ("callback",)), 1),
    ):
        assert len(filtered_frame(frame, filters)) == count, filters
    for filters, ids in (
        (ModelFilters(good=("lettering",)), ["ideogram-v3", "gpt-image-1.5-official", "ideogram-v4"]),
        (ModelFilters(good=("lettering", "edit")), ["ideogram-v3", "gpt-image-1.5-official"]),
        (ModelFilters(good=("lettering", "enlarge")), []),
        (ModelFilters("logo"), ["ideogram-v3", "gpt-image-1.5-official", "ideogram-v4"]),
        (ModelFilters("SVG", good=("vector",)), ["recraft-v4"]),
        (ModelFilters(good=("no such purpose",)), []),
    ):
        assert list(filtered_frame(frame, filters)["id"]) == ids, filters


def test_what_is_offered_as_a_filter_is_in_the_catalog(catalog: Catalog) -> None:
    frame = models_frame(catalog)

    assert price_limits(frame)[:3] == [("any", 0), ("up to 4 credits", 4), ("up to 5 credits", 5)]
    assert ("Photo", "photo") in purpose_options(frame)
    for label, price in price_limits(frame)[1:]:
        assert not filtered_frame(frame, ModelFilters(price=price)).empty, label


def test_the_count_names_the_cheapest_model_that_is_left(catalog: Catalog) -> None:
    frame = models_frame(catalog)

    assert parse_inert(show_models_count(catalog, frame, frame, ModelFilters())).text.startswith(
        "All 11 models. Lowest price: CogView 4, 4 credits"
    )
    two = filtered_frame(sorted_frame(frame, "Base", descending=True), ModelFilters(providers=("Ideogram",)))
    assert parse_inert(show_models_count(catalog, frame, two, ModelFilters())).text.startswith(
        "2 of 11 models. Lowest price:"
    )
    assert parse_inert(show_models_count(catalog, frame, frame[:0], ModelFilters())).text.startswith(
        "No model matches all filters."
    )
    chosen = ModelFilters(good=("edit",), must=("image input",))
    text = parse_inert(show_models_count(catalog, frame, frame, chosen)).text
    assert "changes a given picture by instruction" in text
    assert "to edit them or only as references" in text


def test_the_what_if_has_a_row_for_every_tier(catalog: Catalog) -> None:
    """By the cost of a month; the pictures that a budget buys are whole ones."""
    frame = what_if_frame(catalog, 1000, 50)

    assert len(frame) == sum(len(tiers(model)) for model in catalog.models)
    assert frame["$ a month"].is_monotonic_increasing
    cheapest, dearest = frame.iloc[0], frame.iloc[-1]
    assert (cheapest["Credits"], cheapest["$ a month"], cheapest["Pictures"]) == (4, 40, 1250)
    assert (dearest["Credits"], dearest["$ a month"], dearest["Pictures"]) == (70, 700, 71)
    assert what_if_frame(catalog, 0, 0)["Pictures"].tolist() == [0] * len(frame)


def test_what_costs_nothing_buys_no_number_of_pictures(odd: Catalog) -> None:
    """It is a dash, an empty cell in a file, and no bar."""
    frame = what_if_frame(odd, 1000, 50)

    free = frame[frame["id"] == "cogview-4"].iloc[0]
    assert (free["$ a month"], pd.isna(free["Pictures"])) == (0, True)
    assert cell_text("Pictures", frame.to_dict("records")[0]) == "—"
    assert csv_rows(frame.to_dict("records"), ("Pictures",)).startswith('""\r\n')
    styles = parse_inert(show_table(frame, WHAT_IF, "What a month costs")).values("style")
    assert (styles[0], styles[-1]) == ("width:0.0%", "width:100.0%")


def test_no_cell_of_a_file_is_a_formula(odd: Catalog) -> None:
    """A range of seconds is two numbers, and a node its name."""
    for rows, columns in ((models_rows(odd, {}), MODELS_FILE), (what_if_frame(odd, 1000, 50).to_dict("records"), WHAT_IF)):
        read = list(csv.reader(io.StringIO(csv_rows(rows, columns), newline="")))
        cells = [cell for row in read for cell in row]
        assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")] == []
        assert "'=1+1|cmd" in cells
    flux = next(row for row in models_rows(odd, {}) if row["id"] == "flux-2")
    assert (flux["Seconds from"], flux["Seconds to"], flux["Node"]) == (3, 8, "node41")
    assert "Seconds" not in MODELS_FILE
