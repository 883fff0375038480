"""The components of the Models & prices tab, and what they show for the filters: both tables and the chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.errors import DatabaseUnavailable
from components.playground import Playground
from components.ui.events import LATEST, Updates, bind
from components.views.links import what_if_link
from components.views.models.price_list import show_price_list, show_scatter
from components.views.queries.models import (
    LARGEST_AMOUNT,
    ModelFilters,
    read_models_query,
    write_models_query,
)
from components.views.queries.query import Query
from components.views.tables import (
    NEEDS,
    SORTABLE,
    WHAT_IF,
    filtered_frame,
    models_frame,
    price_limits,
    purpose_options,
    show_models_count,
    show_table,
    sorted_frame,
    what_if_frame,
)
from components.views.templates import render

WRONG_AMOUNT = "A number from 0 to 1,000,000,000."


@dataclass(frozen=True)
class ModelsTab:
    """The components of the tab. ``sort`` and ``what_if_sort`` hold the column that a table is sorted by, and whether down."""

    playground: Playground
    offered: Offered
    purposes: gr.CheckboxGroup
    search: gr.Textbox
    provider: gr.Dropdown
    max_price: gr.Dropdown
    must_have: gr.CheckboxGroup
    more: gr.Checkbox
    count: gr.HTML
    clear: gr.Button
    prices: gr.HTML
    scatter: gr.HTML
    pictures: gr.Number
    budget: gr.Number
    what_if: gr.HTML
    link: gr.HTML
    sort: gr.State
    what_if_sort: gr.State

    @property
    def filters(self) -> set[Any]:
        """The controls that filter, or say what to show."""
        amounts = {self.pictures, self.budget}
        return {self.purposes, self.search, self.provider, self.max_price, self.must_have, self.more} | amounts

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return self.filters | {self.sort, self.what_if_sort}

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_models` updates."""
        tables = {self.prices, self.scatter, self.what_if}
        amounts = {self.pictures, self.budget}
        return tables | amounts | {self.count, self.clear, self.link, self.sort, self.what_if_sort}

    def opened_by(self, tab: gr.Tab) -> None:
        """Look for new measurements whenever the tab is opened."""
        tab.select(bind(filter_models, self), self.reads, self.parts, **LATEST)


@dataclass(frozen=True)
class Offered:
    """The choices of the filters, as (label, value)."""

    purposes: list[tuple[str, str]]
    providers: list[str]
    max_prices: list[tuple[str, float]]


def offered_filters(playground: Playground) -> Offered:
    """What the catalog's models make worth offering: a price limit is a price that some model starts at, 0 is none."""
    frame = models_frame(playground.catalog)
    return Offered(purpose_options(frame), sorted(frame["Provider"].unique()), price_limits(frame))


def read_filters(tab: ModelsTab, given: Updates) -> ModelFilters:
    """What the controls hold; an emptied control may hold None, and an amount that makes no sense counts as 0."""
    sort, descending = given[tab.sort]
    return ModelFilters(
        search=given[tab.search] or "",
        providers=tuple(given[tab.provider] or ()),
        price=given[tab.max_price] or 0,
        must=tuple(given[tab.must_have] or ()),
        good=tuple(given[tab.purposes] or ()),
        sort=sort,
        descending=descending,
        more=bool(given[tab.more]),
        pictures=given[tab.pictures] if _makes_sense(given[tab.pictures]) else 0,
        budget=given[tab.budget] if _makes_sense(given[tab.budget]) else 0,
    )


def show_filters(tab: ModelsTab, filters: ModelFilters) -> Updates:
    """Updates of ``tab.filters``."""
    return {
        tab.search: filters.search,
        tab.provider: list(filters.providers),
        tab.max_price: filters.price,
        tab.must_have: list(filters.must),
        tab.purposes: list(filters.good),
        tab.more: filters.more,
        tab.pictures: filters.pictures,
        tab.budget: filters.budget,
    }


async def show_models(tab: ModelsTab, filters: ModelFilters, what_if_sort: tuple[str, bool]) -> Updates:
    """Both tables and the chart for the models that are left, with what has been measured by now."""
    try:
        measured = await tab.playground.jobs.measured()
    except DatabaseUnavailable:
        measured = {}
    frame = models_frame(tab.playground.catalog, measured)
    left = filtered_frame(frame, filters)
    query = render("query", tab="models", query=write_models_query(filters))
    others = replace(ModelFilters(), pictures=filters.pictures, budget=filters.budget, more=filters.more)
    return {
        tab.prices: show_price_list(tab.playground, frame, left, filters),
        tab.scatter: show_scatter(left),
        tab.count: show_models_count(tab.playground.catalog, frame, left, filters) + query,
        tab.clear: gr.update(visible=replace(filters, sort="", descending=False) != others),
        tab.sort: (filters.sort, filters.descending),
        **show_what_if(tab, filters, set(left["id"]), what_if_sort),
    }


def show_what_if(tab: ModelsTab, filters: ModelFilters, models: set[str], sort: tuple[str, bool]) -> Updates:
    """What a month costs with every variant of these models."""
    frame = what_if_frame(tab.playground.catalog, filters.pictures, filters.budget)
    frame = frame[frame["id"].isin(models)]
    column, descending = sort
    rows = sorted_frame(frame, column, descending=descending)
    table = show_table(rows, WHAT_IF, "What a month costs", column, descending=descending)
    csv = render("link", address=what_if_link(filters.pictures, filters.budget), text="Download as CSV")
    return {tab.what_if: table, tab.link: csv, tab.what_if_sort: sort}


def explain_amounts(tab: ModelsTab, given: Updates) -> Updates:
    """What is wrong with an amount, at its field."""
    return {
        control: gr.update(
            info="" if _makes_sense(given[control]) else WRONG_AMOUNT,
            elem_classes=[] if _makes_sense(given[control]) else ["wrong"],
        )
        for control in (tab.pictures, tab.budget)
    }


async def open_models(tab: ModelsTab, query: Query) -> Updates:
    """The filters and the order that the address asks for."""
    offered: Mapping[str, Any] = {
        "provider": tab.offered.providers,
        "price": [price for _, price in tab.offered.max_prices],
        "must": NEEDS,
        "good": [value for _, value in tab.offered.purposes],
        "sort": list(SORTABLE),
    }
    filters = read_models_query(query, offered)
    return {**show_filters(tab, filters), **await show_models(tab, filters, ("$ a month", False))}


async def filter_models(tab: ModelsTab, given: Updates) -> Updates:
    """Other filters or amounts, the same order."""
    shown = await show_models(tab, read_filters(tab, given), given[tab.what_if_sort])
    return {**shown, **explain_amounts(tab, given)}


def _makes_sense(amount: float | None) -> bool:
    """Whether a field that may be empty, or hold any number, holds an amount."""
    return amount is not None and 0 <= amount <= LARGEST_AMOUNT
