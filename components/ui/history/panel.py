"""The chosen job of the history: its result with all actions, what was asked, the visitor's note, deleting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.errors import NotFound, PlaygroundError
from components.jobs.job import HistoryEntry
from components.playground import Playground
from components.ui.events import DIRECT, LATEST, Updates, bind
from components.ui.header import Header
from components.ui.html import SEND_CLICKS, html
from components.views import history
from components.views import job as result
from components.views.templates import render


@dataclass(frozen=True)
class HistoryPanel:
    """The components of the panel. ``chosen`` holds the id of the job that is shown, or ""; ``error`` is above the list.

    ``noted`` is the event that changes a note.
    """

    playground: Playground
    header: Header
    error: gr.HTML
    column: gr.Column
    comparison: gr.Button
    delete: gr.Button
    result: gr.HTML
    request: gr.HTML
    note: gr.Textbox
    chosen: gr.State
    noted: Any = None

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {self.chosen, self.header.visit, self.note}

    @property
    def parts(self) -> set[Any]:
        """What the handlers update."""
        shown = {self.column, self.comparison, self.delete, self.result, self.request, self.note}
        return {*shown, self.chosen, self.error}


def build_history_panel(playground: Playground, header: Header, error: gr.HTML) -> HistoryPanel:
    """Build and wire the panel, closed, inside the current row."""
    with gr.Column(scale=5, min_width=300, visible=False, elem_id="history-detail") as column:
        with gr.Row(elem_id="history-actions"):
            comparison = gr.Button(
                "Open the comparison", size="sm", visible=False, min_width=80, elem_id="history-comparison"
            )
            delete = gr.Button("Delete", size="sm", min_width=60, elem_id="history-delete")
            close = gr.Button("Close", size="sm", min_width=60, elem_id="history-close")
        shown = html(elem_id="history-result")
        request = html(elem_id="history-request", on_load=SEND_CLICKS)
        with gr.Row(elem_id="history-note"):
            note = gr.Textbox(
                label="Note",
                placeholder="#words are tags",
                max_lines=1,
                scale=4,
                min_width=160,
                elem_id="history-note-text",
            )
            save = gr.Button("Save note", size="sm", scale=1, min_width=90, elem_id="history-save")
    panel = HistoryPanel(
        playground=playground,
        header=header,
        error=error,
        column=column,
        comparison=comparison,
        delete=delete,
        result=shown,
        request=request,
        note=note,
        chosen=gr.State(""),
    )
    reads, parts = panel.reads, panel.parts
    close.click(bind(close_panel, panel), None, parts, **DIRECT)
    return replace(panel, noted=gr.on([note.submit, save.click], bind(save_note, panel), reads, parts, **LATEST))


# -- what an event shows --------------------------------------------------------------------------


def show_chosen(panel: HistoryPanel, entry: HistoryEntry) -> Updates:
    """Updates of ``panel.parts``."""
    return {
        **show_current(panel, entry),
        panel.column: gr.update(visible=True),
        panel.request: history.show_detail(panel.playground.catalog, entry),
        panel.comparison: gr.update(visible=bool(entry.job.comparison_id)),
        panel.note: entry.note,
        panel.chosen: entry.job.id,
        panel.error: "",
    }


def show_current(panel: HistoryPanel, entry: HistoryEntry) -> Updates:
    """What may change of a job by itself; what is being typed stays."""
    job, timing = entry.job, panel.playground.jobs.timing(entry.job)
    return {
        panel.result: result.show_job(panel.playground.catalog, job, timing, starred=entry.starred, opens=True),
        panel.delete: gr.update(interactive=job.ended, value="Delete" if job.ended else "Delete, once it has ended"),
    }


def show_error(panel: HistoryPanel, error: PlaygroundError) -> Updates:
    """Why something could not be done; the panel closes where its job is gone."""
    closed = close_panel(panel) if isinstance(error, NotFound) else {}
    return {**closed, panel.error: render("note", text=str(error.problem))}


async def refresh(panel: HistoryPanel, given: Updates) -> Updates:
    """The chosen job as it is now."""
    if not given[panel.chosen]:
        return {}
    try:
        return show_current(panel, await panel.playground.jobs.entry(given[panel.chosen], given[panel.header.visit].visitor))
    except PlaygroundError as error:
        return show_error(panel, error)


def close_panel(panel: HistoryPanel) -> Updates:
    """Nothing is chosen."""
    return {panel.column: gr.update(visible=False), panel.chosen: ""}


# -- handlers -------------------------------------------------------------------------------------


async def choose(panel: HistoryPanel, job_id: str, given: Updates) -> Updates:
    """Open a job of this visitor."""
    try:
        return show_chosen(panel, await panel.playground.jobs.entry(job_id, given[panel.header.visit].visitor))
    except PlaygroundError as error:
        return show_error(panel, error)


async def save_note(panel: HistoryPanel, given: Updates) -> Updates:
    """Keep the note."""
    try:
        visitor = given[panel.header.visit].visitor
        entry = await panel.playground.jobs.note(given[panel.chosen], visitor, given[panel.note] or "")
    except PlaygroundError as error:
        return show_error(panel, error)
    return show_chosen(panel, entry)
