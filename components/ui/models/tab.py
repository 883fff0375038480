"""The Models & prices tab: the price list to filter and sort, each row opening its model in Generate, and the what-if."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from components.catalog.prices import usd_text
from components.playground import Playground
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind, sent
from components.ui.html import SEND_CLICKS, html, send_as, soon
from components.ui.models.display import ModelsTab, filter_models, offered_filters, read_filters, show_filters, show_models
from components.views.links import MODELS_CSV, link
from components.views.queries.models import (
    BUDGET_USD,
    PICTURES,
    ModelFilters,
)
from components.views.tables import (
    CALLBACK,
    IMAGE_INPUT,
)
from components.views.templates import render

PRICES_ID, WHAT_IF_ID = "models-table", "plans-table"
WHAT_A_MODEL_COSTS = "One picture, from the lowest to the highest price; 1 credit = {}. Sort by any column."
MONTH = "What a month costs"
WHAT_A_MONTH_COSTS = "What that many images cost a month with each model and variant above, and how many a budget buys."


def build_models_tab(playground: Playground) -> ModelsTab:
    """Build and wire the tab."""
    offered = offered_filters(playground)
    costs = WHAT_A_MODEL_COSTS.format(usd_text(playground.catalog.usd(1)))
    html(render("section", title="What each model costs", text=costs, below=("#what-if", MONTH)))
    purposes = gr.CheckboxGroup(offered.purposes, label="Good for", elem_id="good-for", elem_classes="filter-chips")
    with gr.Row(elem_id="filters"):
        search = gr.Textbox(label="Search", placeholder="Model or use", elem_id="search", scale=3)
        provider = gr.Dropdown(offered.providers, multiselect=True, label="Provider", elem_id="provider", scale=3)
        max_price = gr.Dropdown(
            offered.max_prices, value=0, label="Lowest price", elem_id="max-price", scale=2, min_width=140
        )  # fmt: skip
        must_have = gr.CheckboxGroup(
            [("image input", IMAGE_INPUT), ("webhook", CALLBACK)],
            label="Must have",
            elem_id="must-have",
            elem_classes="filter-chips",
            scale=3,
            min_width=240,
        )
    with gr.Row(elem_id="models-count-row"):
        count = html(elem_id="models-count", on_load=send_as("filterModels"))
        clear = gr.Button("Clear the filters", size="sm", visible=False, elem_id="clear-filters", min_width=120)
        more = gr.Checkbox(label="All columns", elem_id="more-columns", container=False, min_width=120)
    with gr.Row(elem_id="prices-row", equal_height=False):
        with gr.Column(scale=8, min_width=320):
            prices = html(elem_id=PRICES_ID, on_load=SEND_CLICKS)
            html(render("link", address=link(MODELS_CSV), text="Download as CSV"))
        with gr.Column(scale=4, min_width=300):
            scatter = html(elem_id="scatter", on_load=SEND_CLICKS)
    html(render("section", title=MONTH, text=WHAT_A_MONTH_COSTS, below=None))
    with gr.Row(elem_id="what-if"):
        pictures = gr.Number(value=PICTURES, label="Pictures a month", elem_id="images-per-month", min_width=140)
        budget = gr.Number(value=BUDGET_USD, label="or a budget of $", elem_id="budget", min_width=140)
    what_if, csv = html(elem_id=WHAT_IF_ID, on_load=SEND_CLICKS), html()
    tab = ModelsTab(
        playground=playground,
        offered=offered,
        purposes=purposes,
        search=search,
        provider=provider,
        max_price=max_price,
        must_have=must_have,
        more=more,
        count=count,
        clear=clear,
        prices=prices,
        scatter=scatter,
        pictures=pictures,
        budget=budget,
        what_if=what_if,
        link=csv,
        sort=gr.State(("", False)),
        what_if_sort=gr.State(("$ a month", False)),
    )
    gr.on([part.change for part in tab.filters], None, None, js=soon("filterModels"), **DIRECT)
    count.input(bind(filter_models, tab), tab.reads, tab.parts, **LATEST)
    prices.input(bind(sort_prices, tab), tab.reads, tab.parts, **EACH)
    what_if.input(bind(sort_what_if, tab), tab.reads, tab.parts, **EACH)
    clear.click(bind(clear_filters, tab), None, tab.filters, **DIRECT)
    return tab


# -- handlers -------------------------------------------------------------------------------------


async def sort_prices(tab: ModelsTab, given: Updates, event: gr.EventData) -> Updates:
    """By the header that was clicked; a second click turns the order round."""
    sort, descending = turned(given[tab.sort], sent(event, "sort"))
    filters = replace(read_filters(tab, given), sort=sort, descending=descending)
    return await show_models(tab, filters, given[tab.what_if_sort])


async def sort_what_if(tab: ModelsTab, given: Updates, event: gr.EventData) -> Updates:
    """By the header that was clicked."""
    return await show_models(tab, read_filters(tab, given), turned(given[tab.what_if_sort], sent(event, "sort")))


def clear_filters(tab: ModelsTab) -> Updates:
    """Clear the filters. Their changes arrive as one event, which fills the table again. The amounts and columns stay."""
    shown = show_filters(tab, ModelFilters())
    return {part: shown[part] for part in (tab.search, tab.provider, tab.max_price, tab.must_have, tab.purposes)}


def turned(sort: tuple[str, bool], column: str) -> tuple[str, bool]:
    """The order after a click on a header: ascending at first, descending where it was ascending."""
    return column, sort == (column, False)
