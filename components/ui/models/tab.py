"""The Models & prices tab: the price list to filter and sort, each row opening its model in Generate, and the what-if."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from components.catalog.prices import usd_text
from components.errors import DatabaseUnavailable
from components.playground import Playground
from components.ui.events import DIRECT, LATEST, Updates, bind, sent
from components.ui.html import SEND_CLICKS, html
from components.ui.latest_only import LatestOnly
from components.views.links import MODELS_CSV, link, plans_link
from components.views.queries import ModelFilters, read_models_query, write_models_query
from components.views.tables import (
    MODELS,
    NEEDS,
    PLANS,
    columns_for,
    filtered_frame,
    models_frame,
    plans_frame,
    price_limits,
    purpose_options,
    show_models_count,
    show_plans_chart,
    show_table,
    sorted_frame,
)
from components.views.templates import render

PICTURES, BUDGET_USD = 1000, 50
LARGEST_AMOUNT = 1e9
PRICES_ID, PLANS_ID = "models-table", "plans-table"
WHAT_A_MODEL_COSTS = (
    "Credits for one picture; 1 credit = {}. Seconds are the service's own range. "
    "Sort by any column, click a row to try the model."
)
WHAT_A_MONTH_COSTS = "What a month costs, and how many pictures a budget buys, for every model and variant."


@dataclass(frozen=True)
class ModelsTab:
    """The components of the tab. ``sort`` and ``plans_sort`` hold the column that a table is sorted by, and whether down."""

    playground: Playground
    offered: Offered
    good: gr.CheckboxGroup
    search: gr.Textbox
    provider: gr.Dropdown
    ceiling: gr.Dropdown
    needs: gr.CheckboxGroup
    found: gr.HTML
    clear: gr.Button
    prices: gr.HTML
    pictures: gr.Number
    budget: gr.Number
    plans: gr.HTML
    link: gr.HTML
    chart: gr.HTML
    sort: gr.State
    plans_sort: gr.State
    latest: LatestOnly = field(default_factory=LatestOnly)

    @property
    def filters(self) -> set[Any]:
        """The controls that filter."""
        return {self.good, self.search, self.provider, self.ceiling, self.needs}

    @property
    def filtered(self) -> set[Any]:
        """What :func:`show_prices` updates."""
        return {self.prices, self.found, self.clear, self.sort}

    @property
    def planned(self) -> set[Any]:
        """What :func:`show_plans` updates."""
        return {self.plans, self.chart, self.link, self.plans_sort}

    def opened_by(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Filter as the address says when the page opens; look for new measurements whenever the tab is opened."""
        page.load(bind(open_models, self), None, self.filters | self.filtered, **DIRECT)
        page.load(bind(plan_month, self), {self.pictures, self.budget, self.plans_sort}, self.planned, **DIRECT)
        tab.select(bind(filter_prices, self), self.filters | {self.sort}, self.filtered, **DIRECT)


@dataclass(frozen=True)
class Offered:
    """The choices of the filters, as (label, value)."""

    purposes: list[tuple[str, str]]
    providers: list[str]
    ceilings: list[tuple[str, float]]


def offered_filters(playground: Playground) -> Offered:
    """What the catalog's models make worth offering: a price limit is a price that some model starts at, 0 is none."""
    frame = models_frame(playground.catalog)
    return Offered(purpose_options(frame), sorted(frame["Provider"].unique()), price_limits(frame))


def build_models_tab(playground: Playground) -> ModelsTab:
    """Build and wire the tab."""
    offered = offered_filters(playground)
    costs = WHAT_A_MODEL_COSTS.format(usd_text(playground.catalog.usd(1)))
    heading = render("section", title="What each model costs", text=costs)
    html(heading)
    good = gr.CheckboxGroup(offered.purposes, label="Good for", elem_id="good-for")
    with gr.Row(elem_id="filters"):
        search = gr.Textbox(label="Search", placeholder="Model or use", elem_id="search", scale=3)
        provider = gr.Dropdown(offered.providers, multiselect=True, label="Provider", elem_id="provider", scale=3)
        ceiling = gr.Dropdown(
            offered.ceilings, value=0, label="Price from", elem_id="ceiling", scale=2, min_width=140
        )  # fmt: skip
        needs = gr.CheckboxGroup(NEEDS, label="Must have", elem_id="needs", scale=3, min_width=240)
    with gr.Row(elem_id="found-row"):
        found = html(elem_id="found")
        clear = gr.Button("Clear the filters", size="sm", visible=False, elem_id="clear", min_width=120)
    prices = html(elem_id=PRICES_ID, on_load=SEND_CLICKS)
    html(render("link", address=link(MODELS_CSV), text="Download as CSV"))
    html(render("section", title="What if", text=WHAT_A_MONTH_COSTS))
    with gr.Row(elem_id="what-if"):
        pictures = gr.Number(
            value=PICTURES, minimum=0, maximum=LARGEST_AMOUNT, label="Images a month", elem_id="pictures", min_width=140
        )
        budget = gr.Number(
            value=BUDGET_USD, minimum=0, maximum=LARGEST_AMOUNT, label="or a budget of $", elem_id="budget", min_width=140
        )
    with gr.Row(equal_height=False):
        with gr.Column(scale=7, min_width=320):
            plans = html(elem_id=PLANS_ID, on_load=SEND_CLICKS)
            csv = html()
        with gr.Column(scale=5, min_width=320):
            chart = html(elem_id="plans-chart")
    tab = ModelsTab(
        playground, offered, good, search, provider, ceiling, needs, found, clear, prices, pictures, budget, plans, csv, chart,
        gr.State(("", False)), gr.State(("$ a month", False)),
    )  # fmt: skip
    reads = tab.filters | {tab.sort}
    gr.on([part.change for part in tab.filters], bind(filter_prices, tab), reads, tab.filtered, **LATEST)
    prices.input(bind(sort_prices, tab), reads, tab.filtered, **LATEST)
    clear.click(bind(clear_filters, tab), None, tab.filters, **DIRECT)
    amounts = {pictures, budget, tab.plans_sort}
    gr.on([pictures.change, budget.change], bind(plan_month, tab), amounts, tab.planned, **LATEST)
    plans.input(bind(sort_plans, tab), amounts, tab.planned, **LATEST)
    return tab


# -- what an event shows --------------------------------------------------------------------------


def read_filters(tab: ModelsTab, given: Updates) -> ModelFilters:
    """What the filters hold; an emptied control may hold None."""
    sort, descending = given[tab.sort]
    return ModelFilters(
        search=given[tab.search] or "",
        providers=tuple(given[tab.provider] or ()),
        price=given[tab.ceiling] or 0,
        must=tuple(given[tab.needs] or ()),
        good=tuple(given[tab.good] or ()),
        sort=sort,
        descending=descending,
    )


def show_filters(tab: ModelsTab, filters: ModelFilters) -> Updates:
    """Updates of ``tab.filters``."""
    return {
        tab.search: filters.search,
        tab.provider: list(filters.providers),
        tab.ceiling: filters.price,
        tab.needs: list(filters.must),
        tab.good: list(filters.good),
    }


async def show_prices(tab: ModelsTab, filters: ModelFilters, request: gr.Request) -> Updates:
    """The rows that the filters leave, with what has been measured by now; nothing where a newer event has begun."""
    event = tab.latest.start(request)
    try:
        measured = await tab.playground.measured()
    except DatabaseUnavailable:
        measured = {}
    if not tab.latest.is_newest(request, event):
        return {tab.prices: gr.skip()}
    tab.latest.finish(request, event)
    frame = models_frame(tab.playground.catalog, measured)
    left, columns = filtered_frame(frame, filters), columns_for(frame)
    rows = sorted_frame(left, filters.sort, descending=filters.descending)
    query = render("query", tab="models", query=write_models_query(filters))
    return {
        tab.prices: show_table(rows, columns, "Models and prices", filters.sort, descending=filters.descending),
        tab.found: show_models_count(tab.playground.catalog, left, len(frame)) + query,
        tab.clear: gr.update(visible=replace(filters, sort="", descending=False) != ModelFilters()),
        tab.sort: (filters.sort, filters.descending),
    }


def show_plans(tab: ModelsTab, given: Updates, sort: tuple[str, bool]) -> Updates:
    """What a month costs with every model and variant."""
    pictures, budget = _amount(given[tab.pictures]), _amount(given[tab.budget])
    frame = plans_frame(tab.playground.catalog, pictures, budget)
    column, descending = sort
    rows = sorted_frame(frame, column, descending=descending)
    table = show_table(rows, PLANS, "What a month costs", column, descending=descending)
    csv = render("link", address=plans_link(pictures, budget), text="Download as CSV")
    return {tab.plans: table, tab.chart: show_plans_chart(frame), tab.link: csv, tab.plans_sort: sort}


# -- handlers -------------------------------------------------------------------------------------


async def open_models(tab: ModelsTab, request: gr.Request) -> Updates:
    """The filters and the order that the address asks for."""
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    offered: Mapping[str, Any] = {
        "provider": tab.offered.providers,
        "price": [price for _, price in tab.offered.ceilings],
        "must": NEEDS,
        "good": [value for _, value in tab.offered.purposes],
        "sort": list(MODELS),
    }
    filters = read_models_query(query, offered)
    return {**show_filters(tab, filters), **await show_prices(tab, filters, request)}


async def filter_prices(tab: ModelsTab, given: Updates, request: gr.Request) -> Updates:
    """Other filters, the same order."""
    return await show_prices(tab, read_filters(tab, given), request)


async def sort_prices(tab: ModelsTab, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """By the header that was clicked; a second click turns the order round."""
    sort, descending = turned(given[tab.sort], sent(event, "sort"))
    return await show_prices(tab, replace(read_filters(tab, given), sort=sort, descending=descending), request)


def clear_filters(tab: ModelsTab) -> Updates:
    """Empty filters; that they change asks for the table."""
    return show_filters(tab, ModelFilters())


def plan_month(tab: ModelsTab, given: Updates) -> Updates:
    """Other amounts, the same order."""
    return show_plans(tab, given, given[tab.plans_sort])


def sort_plans(tab: ModelsTab, given: Updates, event: gr.EventData) -> Updates:
    """By the header that was clicked."""
    return show_plans(tab, given, turned(given[tab.plans_sort], sent(event, "sort")))


def turned(sort: tuple[str, bool], column: str) -> tuple[str, bool]:
    """The order after a click on a header: ascending at first, descending where it was ascending."""
    return column, sort == (column, False)


def _amount(value: float | None) -> float:
    """A number from a field that may be empty, negative or far too large."""
    return min(max(float(value or 0), 0.0), LARGEST_AMOUNT)
