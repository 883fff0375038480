"""The chosen job of the history: its pictures, what was asked, the visitor's star and note, its program, deleting it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.errors import JobNotFound, PlaygroundError
from components.jobs.job import HistoryEntry, Job
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.ui.events import DIRECT, Updates, bind
from components.ui.header import Header
from components.ui.html import SEND_CLICKS, html
from components.views import history
from components.views import job as result
from components.views.templates import render
from components.views.words import plain

CONFIRM = "Delete this request and its pictures? Its cost stays in the spend."


@dataclass(frozen=True)
class HistoryPanel:
    """The components of the panel. ``chosen`` holds the id of the job that is shown, or ""; ``error`` is above the list.

    Each of ``changes`` is an event that changes the list.
    """

    playground: Playground
    header: Header
    error: gr.HTML
    column: gr.Column
    use: gr.Button
    compare: gr.Button
    whole: gr.Button
    open: gr.Button
    star: gr.Button
    delete: gr.Button
    confirm: gr.Column
    result: gr.HTML
    asked: gr.HTML
    note: gr.Textbox
    language: gr.Radio
    code: gr.HTML
    chosen: gr.State
    changes: tuple[Any, ...] = ()

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {self.chosen, self.header.visit, self.note, self.language}

    @property
    def parts(self) -> set[Any]:
        """What the handlers update."""
        buttons = {self.whole, self.star, self.delete, self.confirm}
        return {self.column, *buttons, self.result, self.asked, self.note, self.code, self.chosen, self.error}


def build_history_panel(playground: Playground, header: Header, error: gr.HTML) -> HistoryPanel:
    """Build and wire the panel, closed, inside the current row."""
    with gr.Column(scale=5, min_width=300, visible=False, elem_id="history-detail") as column:
        with gr.Row(elem_id="history-steps"):
            use = gr.Button("Use these settings", size="sm", min_width=80, elem_id="history-use")
            compare = gr.Button("Same prompt, other models", size="sm", min_width=80, elem_id="history-compare")
            whole = gr.Button("Its comparison", size="sm", visible=False, min_width=80, elem_id="history-whole")
            opening = gr.Button("Open", size="sm", min_width=60, elem_id="history-open")
            star = gr.Button("☆ Star", size="sm", min_width=60, elem_id="history-star")
            delete = gr.Button("Delete", size="sm", min_width=60, elem_id="history-delete")
            close = gr.Button("Close", size="sm", min_width=60, elem_id="history-close")
        with gr.Column(visible=False, elem_id="history-really") as confirm:
            html(render("note", text=CONFIRM))
            with gr.Row():
                remove = gr.Button("Delete for good", size="sm", variant="stop", min_width=80, elem_id="history-gone")
                keep = gr.Button("Keep it", size="sm", min_width=80, elem_id="history-keep")
        shown, asked = html(elem_id="history-place"), html(elem_id="history-asked", on_load=SEND_CLICKS)
        with gr.Row(elem_id="history-note"):
            note = gr.Textbox(
                label="Note",
                placeholder="#words are tags",
                lines=1,
                max_lines=1,
                scale=4,
                min_width=160,
                elem_id="history-note-text",
            )
            save = gr.Button("Save note", size="sm", scale=1, min_width=90, elem_id="history-save")
        with gr.Accordion("The same call as a program", open=False, elem_id="history-program"):
            language = gr.Radio(
                [(item.label, name) for name, item in LANGUAGES.items()],
                value="curl",
                label="Language",
                show_label=False,
                elem_id="history-language",
            )
            code = html()
    panel = HistoryPanel(
        playground, header, error, column, use, compare, whole, opening, star, delete, confirm, shown, asked, note,
        language, code, gr.State(""),
    )  # fmt: skip
    reads, parts = panel.reads, panel.parts
    close.click(bind(close_panel, panel), None, parts, **DIRECT)
    delete.click(lambda: gr.update(visible=True), None, confirm, **DIRECT)
    keep.click(lambda: gr.update(visible=False), None, confirm, **DIRECT)
    language.change(bind(show_program, panel), reads, {code}, **DIRECT)
    changes = (
        star.click(bind(star_chosen, panel), reads, parts, **DIRECT),
        gr.on([note.submit, save.click], bind(save_note, panel), reads, parts, **DIRECT),
        remove.click(bind(remove_job, panel), reads, parts, **DIRECT),
    )
    return replace(panel, changes=changes)


# -- what an event shows --------------------------------------------------------------------------


def show_chosen(panel: HistoryPanel, entry: HistoryEntry, visit: Visit, language: str) -> Updates:
    """Updates of ``panel.parts``."""
    job = entry.job
    return {
        **show_current(panel, entry),
        panel.column: gr.update(visible=True),
        panel.asked: history.show_detail(panel.playground.catalog, entry),
        panel.whole: gr.update(visible=bool(job.comparison_id)),
        panel.note: entry.note,
        panel.confirm: gr.update(visible=False),
        panel.code: _program(panel, job, visit, language),
        panel.chosen: job.id,
        panel.error: "",
    }


def show_current(panel: HistoryPanel, entry: HistoryEntry) -> Updates:
    """What may change of a job by itself; what is being typed into the note stays."""
    job = entry.job
    return {
        panel.result: result.show_job(panel.playground.catalog, job, panel.playground.jobs.timing(job)),
        panel.star: "★ Starred" if entry.starred else "☆ Star",
        panel.delete: gr.update(interactive=job.ended, value="Delete" if job.ended else "Delete, once it has ended"),
    }


def show_error(panel: HistoryPanel, error: PlaygroundError) -> Updates:
    """Why something could not be done; the panel closes where its job is gone."""
    closed = close_panel(panel) if isinstance(error, JobNotFound) else {}
    return {**closed, panel.error: render("note", text=plain(error))}


async def refresh(panel: HistoryPanel, given: Updates) -> Updates:
    """The chosen job as it is now."""
    if not given[panel.chosen]:
        return {}
    try:
        return show_current(panel, await panel.playground.entry(given[panel.chosen], given[panel.header.visit]))
    except PlaygroundError as error:
        return show_error(panel, error)


def close_panel(panel: HistoryPanel) -> Updates:
    """Nothing is chosen."""
    return {panel.column: gr.update(visible=False), panel.confirm: gr.update(visible=False), panel.chosen: ""}


# -- handlers -------------------------------------------------------------------------------------


async def choose(panel: HistoryPanel, job_id: str, given: Updates) -> Updates:
    """Open a job of this visitor."""
    try:
        entry = await panel.playground.entry(job_id, given[panel.header.visit])
    except PlaygroundError as error:
        return show_error(panel, error)
    return show_chosen(panel, entry, given[panel.header.visit], given[panel.language])


async def star(panel: HistoryPanel, job_id: str, given: Updates) -> Updates:
    """Star a job, or take its star away; it need not be the chosen one."""
    try:
        entry = await panel.playground.star(job_id, given[panel.header.visit])
    except PlaygroundError as error:
        return show_error(panel, error)
    return show_current(panel, entry) if entry.job.id == given[panel.chosen] else {panel.error: ""}


async def star_chosen(panel: HistoryPanel, given: Updates) -> Updates:
    """Star the chosen job, or take its star away."""
    return await star(panel, given[panel.chosen], given)


async def save_note(panel: HistoryPanel, given: Updates) -> Updates:
    """Keep the note."""
    visit = given[panel.header.visit]
    try:
        entry = await panel.playground.note(given[panel.chosen], visit, given[panel.note] or "")
    except PlaygroundError as error:
        return show_error(panel, error)
    return show_chosen(panel, entry, visit, given[panel.language])


async def remove_job(panel: HistoryPanel, given: Updates) -> Updates:
    """Delete the chosen job."""
    try:
        await panel.playground.delete([given[panel.chosen]], given[panel.header.visit])
    except PlaygroundError as error:
        return show_error(panel, error)
    return {**close_panel(panel), panel.error: ""}


async def show_program(panel: HistoryPanel, given: Updates) -> Updates:
    """The program in another language."""
    visit = given[panel.header.visit]
    try:
        job = await panel.playground.job(given[panel.chosen], visit)
    except PlaygroundError:
        return {panel.code: gr.skip()}
    return {panel.code: _program(panel, job, visit, given[panel.language])}


def _program(panel: HistoryPanel, job: Job, visit: Visit, language: str) -> str:
    text = history.program(panel.playground, job, visit, language)
    shown = LANGUAGES[language]
    return render("code", text=text, what=shown.label, lexer=shown.lexer)
