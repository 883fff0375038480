"""What this visitor's requests cost: a chart and a table, read when they are opened."""

from __future__ import annotations

import time
from dataclasses import dataclass

import gradio as gr

from components.errors import PlaygroundError
from components.playground import Playground, Visit
from components.ui.events import DIRECT, Updates, bind
from components.ui.header import Header
from components.ui.html import html
from components.views import history
from components.views.templates import render


@dataclass(frozen=True)
class SpendReport:
    """The part that is filled when it is opened."""

    playground: Playground
    header: Header
    report: gr.HTML


def build_spend(playground: Playground, header: Header) -> SpendReport:
    """Build and wire the part, closed."""
    with gr.Accordion("Spend by day and model, last 30 days", open=False, elem_id="history-spend") as accordion:
        spend = SpendReport(playground, header, html())
    accordion.expand(bind(show_spend, spend), {header.visit}, {spend.report}, **DIRECT)
    return spend


async def show_spend(spend: SpendReport, given: Updates) -> Updates:
    """What the last days cost."""
    visit: Visit = given[spend.header.visit]
    now, spending = time.time(), spend.playground.jobs.store.spending
    try:
        since = history.spend_begins(now)
        spent = await spending.by_day(visit.visitor, since)
        differences = await spending.charge_differences(visit.visitor, since)
    except PlaygroundError as error:
        return {spend.report: render("note", text=str(error.problem))}
    return {spend.report: history.show_spend(spend.playground.catalog, spent, now, differences)}
