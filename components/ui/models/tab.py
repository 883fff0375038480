"""The Models & prices tab: the sortable comparison, each row a door to Generate, and the what-if."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
import pandas as pd

from components.catalog.models import Catalog
from components.catalog.prices import Cost, credits_text, usd_text
from components.errors import DatabaseUnavailable
from components.playground import Playground
from components.ui.events import LATEST, QUIET
from components.views.links import MODELS_CSV, link, plans_link
from components.views.queries import ModelFilters, read_models_query, write_models_query
from components.views.tables import PLANS, PURPOSES, STATED, columns_for, models_frame, narrowed, plans_frame, shown
from components.views.templates import render

WIDTHS = [142, 72, 72, 60, 76, 66, 90, 150, 98, 84, 94, 104, 78, 112, 112, 72, 78]
NEEDS = ["image input", "callback"]
PICTURES, BUDGET = 1000, 50


@dataclass(frozen=True)
class ModelsTab:
    """``choose`` turns a click on the table into the id of the row's model; ``chosen`` is where it goes.

    ``narrow`` turns the ``filters`` into what they leave, with what has been measured by then, for ``narrowing``.
    """

    table: gr.Dataframe
    filters: tuple[Any, ...]
    narrow: Callable[..., Any]
    narrowing: frozenset[Any]
    chosen: gr.State
    choose: Callable[[gr.SelectData], str]


def build_models_tab(playground: Playground) -> ModelsTab:
    """Build and wire the tab."""
    catalog = playground.catalog
    frame = models_frame(catalog)
    makers, ceilings = sorted(frame["Provider"].unique()), _ceilings(frame)
    gr.HTML(render("section", title="What each model costs", text="Credits for one picture; 1 credit = $0.01. "
                   "Seconds are the service's own range. Sort by any column, click a row to try the model."),
            elem_classes="section")  # fmt: skip
    purposes = [
        (text, purpose.value) for purpose, text in PURPOSES.items() if frame["good_for"].map({purpose}.issubset).any()
    ]
    good = gr.CheckboxGroup(purposes, label="Good for", elem_id="good-for")
    with gr.Row(elem_id="filters"):
        search = gr.Textbox(label="Search", placeholder="Model or use", elem_id="search", scale=3)
        provider = gr.Dropdown(makers, multiselect=True, label="Provider", elem_id="provider", scale=3)
        ceiling = gr.Dropdown(ceilings, value=0, label="Price from", elem_id="ceiling", scale=2, min_width=140)
        needs = gr.CheckboxGroup(NEEDS, label="Must have", elem_id="needs", scale=3, min_width=240)
    with gr.Row(elem_id="found-row"):
        found = gr.HTML(elem_id="found")
        clear = gr.Button("Clear the filters", size="sm", visible=False, elem_id="clear", min_width=120)
    table = gr.Dataframe(
        headers=list(STATED),
        datatype=list(STATED.values()),
        column_count=len(STATED),
        column_widths=WIDTHS[: len(STATED)],
        interactive=False,
        buttons=["fullscreen"],
        max_height=620,
        elem_id="models-table",
        elem_classes="table",
        show_label=False,
    )
    gr.HTML(f'<p class="quiet"><a href="{link(MODELS_CSV)}" download>Download as CSV</a></p>')
    gr.HTML(render("section", title="What if", text="What a month costs, and how many pictures a budget buys, for every model and variant."),
            elem_classes="section")  # fmt: skip
    with gr.Row(elem_id="what-if"):
        pictures = gr.Number(
            value=PICTURES, minimum=0, maximum=1e9, label="Images a month", elem_id="pictures", min_width=140
        )
        budget = gr.Number(value=BUDGET, minimum=0, maximum=1e9, label="or a budget of $", elem_id="budget", min_width=140)
    with gr.Row(equal_height=False):
        with gr.Column(scale=7, min_width=320):
            costs = gr.Dataframe(
                headers=list(PLANS),
                datatype=list(PLANS.values()),
                column_count=len(PLANS),
                column_widths=[140, 182, 82, 82, 106, 92],
                interactive=False,
                buttons=["fullscreen"],
                max_height=860,
                elem_id="plans-table",
                elem_classes="table",
                show_label=False,
            )
            download = gr.HTML(_plans_link(PICTURES, BUDGET))
        with gr.Column(scale=5, min_width=320):
            chart = gr.HTML(elem_id="plans-chart")
    chosen = gr.State("")
    address = gr.Textbox(visible="hidden", elem_id="models-address")
    filters = (search, provider, ceiling, needs, good)

    async def current() -> pd.DataFrame:
        """The rows with what has been measured by now; without it while the records are away."""
        try:
            return models_frame(catalog, await playground.jobs.measured())
        except DatabaseUnavailable:
            return frame

    async def narrow(
        text: str, providers: list[str], most: float | None, must: list[str], purposes: list[str]
    ) -> dict[Any, Any]:
        return await left(
            ModelFilters(text or "", tuple(providers or ()), most or 0, tuple(must or ()), tuple(purposes or ()))
        )

    async def left(asked: ModelFilters) -> dict[Any, Any]:
        """What the filters leave: rows, the cheapest of them in words, the address."""
        everything = await current()
        columns = columns_for(everything)
        rows = narrowed(everything, asked.search, asked.providers, asked.price or None, asked.must, asked.good)
        return {
            table: gr.update(
                value=shown(rows, columns),
                headers=list(columns),
                datatype=list(columns.values()),
                column_count=len(columns),
                column_widths=WIDTHS[: len(columns)],
            ),
            found: render(
                "found",
                count=len(rows),
                total=len(everything),
                cheapest=_cheapest(catalog, rows),
                measured="Runs" in columns,
            ),
            clear: gr.update(visible=asked != ModelFilters()),
            address: write_models_query(asked),
        }

    async def opened(request: gr.Request) -> dict[Any, Any]:
        """The filters that the address asks for."""
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        offered = {
            "provider": makers,
            "price": [price for _, price in ceilings],
            "must": NEEDS,
            "good": [value for _, value in purposes],
            "sort": (),  # the browser sorts
        }
        asked = read_models_query(query, offered)
        values = (asked.search, list(asked.providers), asked.price, list(asked.must), list(asked.good))
        return {**dict(zip(filters, values, strict=True)), **await left(asked)}

    def plan(pictures_per_month: float | None, dollars: float | None) -> dict[Any, Any]:
        wanted, limit = _amount(pictures_per_month), _amount(dollars)
        found = plans_frame(catalog, wanted, limit)
        return {costs: shown(found, PLANS), chart: _bars(found), download: _plans_link(wanted, limit)}

    def choose(event: gr.SelectData) -> str:
        """The model of the clicked row: name and provider are on the row wherever sorting has put it."""
        name, maker = (event.row_value[list(STATED).index(column)] for column in ("Model", "Provider"))
        match = frame[(frame["Model"] == name) & (frame["Provider"] == maker)]
        return "" if match.empty else f"{match.iloc[0]['id']}"

    narrowing = {table, found, clear, address}
    gr.on([part.change for part in filters], narrow, list(filters), narrowing, **LATEST)
    clear.click(lambda: ("", [], 0, [], []), None, list(filters), **QUIET)
    address.change(None, address, js="(query) => window.playground.address(query, 'models')", **QUIET)
    gr.on([pictures.change, budget.change], plan, [pictures, budget], [costs, chart, download], **LATEST)
    page = gr.context.Context.root_block
    page.load(opened, None, {*filters, *narrowing}, **QUIET)
    page.load(plan, [pictures, budget], [costs, chart, download], **QUIET)
    return ModelsTab(table, filters, narrow, frozenset(narrowing), chosen, choose)


def _ceilings(frame: pd.DataFrame) -> list[tuple[str, float]]:
    """Price limits worth offering: none (0), then each price that some model starts at."""
    prices = sorted(set(frame["From"]))
    return [("any", 0), *((f"at most {credits_text(price)}", price) for price in prices)]


def _cheapest(catalog: Catalog, rows: pd.DataFrame) -> str:
    """The first row's model and base price; "" where no row is left."""
    if rows.empty:
        return ""
    first = rows.iloc[0]
    credits = float(first["Base"])
    return f"{first['icon']} {first['Model']}, {Cost(credits, catalog.usd(credits))}".strip()


def _amount(value: float | None) -> float:
    """A number from a field that may be empty, negative or far too large."""
    return min(max(float(value or 0), 0.0), 1e9)


def _plans_link(pictures: float, budget: float) -> str:
    return render("link", address=plans_link(pictures, budget), text="Download as CSV")


def _bars(frame: pd.DataFrame) -> str:
    """The cost of a month as bars, cheapest first, each with its number."""
    longest = max(float(frame["$ a month"].max()), 1e-9)
    rows = [
        {
            "label": f"{row['icon']} {row['Model']}" + (f" · {row['Variant']}" if row["Variant"] != "—" else ""),
            "usd": usd_text(float(row["$ a month"])),
            "share": round(100 * float(row["$ a month"]) / longest, 2),
        }
        for row in frame.to_dict("records")
    ]
    return render("bars", title="Cost a month", rows=rows)
