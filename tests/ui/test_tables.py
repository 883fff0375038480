"""The tables: numbers that sort as numbers, what is not known last, and files that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import httpx2
import pandas as pd
import pytest

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.catalog.prices import price_list, tiers
from components.jobs.job import Measured
from components.views.models import chips, example_prompts, model_options
from components.views.tables import (
    MODELS,
    PLANS,
    STATED,
    UNKNOWN,
    cell_text,
    columns_for,
    models_frame,
    narrowed,
    plans_frame,
    safe_csv,
    sorted_frame,
)
from tests.ui import ROOT, App


@pytest.fixture(scope="module")
def odd() -> Catalog:
    """The shipped catalog with a name that is a formula, a price of nothing, and a model of which little is known."""
    text = (ROOT / "catalog.yaml").read_text()
    text = text.replace("    name: Flux 2\n", '    name: "=1+1|cmd"\n').replace(
        "    provider: xAI\n", '    provider: "@SUM(A1)"\n'
    )
    head, _, rest = text.partition("  - id: cogview-4\n")
    rest = (
        rest.replace("    node: node48\n", "", 1)
        .replace("    seconds: [3, 8]\n", "", 1)
        .replace("- {credits: 4}", "- {credits: 0}", 1)
    )
    return parse_catalog(f"{head}  - id: cogview-4\n{rest}")


def test_the_comparison_has_a_row_a_model_by_base_credits(catalog: Catalog) -> None:
    """Numbers are numbers, so that 5 stands before 12 and 70 after 28."""
    frame = models_frame(catalog)

    assert list(frame["id"]) == [row.model.id for row in price_list(catalog)]
    numbers = [name for name, kind in MODELS.items() if kind == "number"]
    assert all(pd.api.types.is_numeric_dtype(frame[name]) for name in numbers)
    assert frame.sort_values("To")["To"].tolist()[-1] == 70
    assert set(frame["Webhook"]) == {"supported", "not required"}


def test_what_is_shown_reads_well_and_sorts_as_its_value(catalog: Catalog, odd: Catalog) -> None:
    """Each cell has a text beside its value; a number nobody knows is a dash and sorts last."""
    by_name = {
        row["Model"]: {name: cell_text(name, row) for name in MODELS} for row in models_frame(catalog).to_dict("records")
    }
    assert by_name["GPT Image 1.5"] | {"Model": "", "Inputs": ""} == {
        "Model": "", "Provider": "OpenAI", "Base": "10", "From": "10", "To": "28", "$ from": "$0.10", "$ to": "$0.28",
        "Seconds": "3–10", "Inputs": "", "Output": "image", "Runtime": "async task", "Webhook": "supported", "Node": "node42",
        "Measured s": "", "Slowest 5 %": "", "Runs": "", "Failed": "",
    }  # fmt: skip
    unknown = models_frame(odd).set_index("id").loc["cogview-4"]
    assert (unknown["Seconds"], unknown["Node"]) == (UNKNOWN, UNKNOWN)
    row = models_frame(odd).to_dict("records")[0]
    assert (cell_text("Seconds", row), cell_text("Node", row)) == ("—", "—")
    for descending in (False, True):
        by_seconds = sorted_frame(models_frame(odd), "Seconds", descending=descending)
        assert by_seconds["id"].iloc[-1] == "cogview-4"
        assert by_seconds["Seconds"][:-1].is_monotonic_increasing or descending
    assert list(sorted_frame(models_frame(odd), "no column")["id"]) == list(models_frame(odd)["id"])


@pytest.mark.parametrize(
    ("text", "providers", "most", "needs", "found"),
    [
        ("", [], None, [], 11),
        ("OPENAI", [], None, [], 1),
        ("  ideogram   v4 ", [], None, [], 1),
        ("flux-2", [], None, [], 1),
        ("(.*", [], None, [], 0),
        ("", ["Ideogram", "xAI"], None, [], 3),
        ("", [], 5, [], 4),
        ("", [], 0, [], 0),
        ("", [], None, ["callback"], 5),
        ("", [], None, ["image input"], 6),
        ("google", ["Google"], 4, ["callback"], 1),
    ],
)
def test_filters_narrow_the_comparison(
    text: str, providers: list[str], most: float | None, needs: list[str], found: int, catalog: Catalog
) -> None:
    """Words are words and no patterns; all filters hold at once."""
    frame = narrowed(models_frame(catalog), text, providers, most, needs)

    assert len(frame) == found


@pytest.mark.parametrize(
    ("text", "purposes", "found"),
    [
        ("", ["lettering"], ["ideogram-v3", "gpt-image-1.5-official", "ideogram-v4"]),
        ("", ["lettering", "edit"], ["ideogram-v3", "gpt-image-1.5-official"]),
        ("", ["lettering", "enlarge"], []),
        ("logo", [], ["ideogram-v3", "gpt-image-1.5-official", "ideogram-v4"]),
        ("SVG", ["vector"], ["recraft-v4"]),
        ("", ["no such purpose"], []),
    ],
)
def test_what_models_are_good_for_leaves_the_cheapest_first(
    text: str, purposes: list[str], found: list[str], catalog: Catalog
) -> None:
    """All purposes hold at once; the search finds the words for them too."""
    assert list(narrowed(models_frame(catalog), text, [], None, [], purposes)["id"]) == found


def test_columns_of_measurements_are_shown_once_there_are_any(catalog: Catalog) -> None:
    """Four empty columns would push the others out of sight."""
    assert columns_for(models_frame(catalog)) == STATED
    assert columns_for(models_frame(catalog, {"flux-2": Measured(0, None, None, 1.0)})) == MODELS
    assert list(MODELS)[: len(STATED)] == list(STATED)


def test_the_what_if_has_a_row_for_every_tier(catalog: Catalog) -> None:
    """By the cost of a month; the pictures that a budget buys are whole ones."""
    frame = plans_frame(catalog, 1000, 50)

    assert len(frame) == sum(len(tiers(model)) for model in catalog.models)
    assert frame["$ a month"].is_monotonic_increasing
    cheapest, dearest = frame.iloc[0], frame.iloc[-1]
    assert (cheapest["Credits"], cheapest["$ a month"], cheapest["Pictures"]) == (4, 40, 1250)
    assert (dearest["Credits"], dearest["$ a month"], dearest["Pictures"]) == (70, 700, 71)
    assert plans_frame(catalog, 0, 0)["Pictures"].tolist() == [0] * len(frame)


def test_what_costs_nothing_buys_no_number_of_pictures(odd: Catalog) -> None:
    """It is a dash, which sorts last, and an empty cell in a file."""
    frame = plans_frame(odd, 1000, 50)

    free = frame[frame["id"] == "cogview-4"].iloc[0]
    assert (free["$ a month"], free["Pictures"]) == (0, UNKNOWN)
    assert cell_text("Pictures", frame.to_dict("records")[0]) == "—"
    rows = list(csv.DictReader(io.StringIO(safe_csv(frame, {"id": "str", **PLANS}))))
    assert rows[0]["Pictures"] == ""


def test_no_cell_of_a_file_is_a_formula(odd: Catalog) -> None:
    """A text that a spreadsheet would run has a quote before it; numbers are left as they are."""
    for frame, columns in ((models_frame(odd), MODELS), (plans_frame(odd, 1000, 50), PLANS)):
        rows = list(csv.DictReader(io.StringIO(safe_csv(frame, {"id": "str", **columns}))))
        cells = [cell for row in rows for cell in row.values()]
        assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")] == []
        assert "'=1+1|cmd" in cells
    table = pd.DataFrame({"text": ["=a", "+a", "-a", "@a", "\ta", "\ra", "\na", " =a", "a=", "—"], "number": [-1.5] * 10})
    read = list(csv.reader(io.StringIO(safe_csv(table, {"text": "str", "number": "number"}))))[1:]
    assert [row[0][:1] for row in read[:7]] == ["'"] * 7
    assert [row[0] for row in read[8:]] == ["a=", "—"]
    assert {row[1] for row in read} == {"-1.5"}


def test_the_files_hold_what_the_tables_show(app: App, catalog: Catalog) -> None:
    """Under plain addresses, with a name to save them by; numbers that are none are refused."""
    models, plans = app.get("/models.csv"), app.get("/plans.csv?pictures=10&budget=1")

    for answer, name in ((models, "models.csv"), (plans, "plans.csv")):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert name in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(models.text)))
    assert [row["id"] for row in rows] == [row.model.id for row in price_list(catalog)]
    assert "1000000000000" not in models.text + plans.text
    assert float(next(csv.DictReader(io.StringIO(plans.text)))["$ a month"]) == 0.4
    wrong: list[httpx2.Response] = [app.get(f"/plans.csv?pictures={value}") for value in ("-1", "x", "nan", "inf", "1e10")]
    assert [answer.status_code for answer in wrong] == [422] * 5


def test_the_picker_names_each_model_with_its_maker_and_price(catalog: Catalog) -> None:
    """In the order of the price list; the facts under it are escaped HTML."""
    choices = model_options(catalog)

    assert [model for _, model in choices] == [row.model.id for row in price_list(catalog)]
    assert ("🤖 GPT Image 1.5 · OpenAI · 10–28 credits", "gpt-image-1.5-official") in choices
    found = catalog.find("flux-2")
    assert found is not None
    assert all(
        words in chips(catalog, found) for words in ("5–24 credits · $0.05–$0.24", "3–8 s", "text + image", "callback")
    )
    assert all(item.prompt in example_prompts(catalog) for model in catalog.models for item in model.prompts)
