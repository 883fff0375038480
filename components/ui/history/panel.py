"""All of one past job: what it made, what was asked, its visitor's star and note, its program, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.errors import InputError, JobNotFound, PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.ui.events import LATEST, QUIET, Updates
from components.ui.slider_copies import COPIES
from components.views import history
from components.views import job as result
from components.views.templates import render
from components.views.words import plain

REALLY = "Delete this request? The pictures go too; what it cost stays in the spend."
SHOW = "() => window.playground.showChosen()"


@dataclass(frozen=True)
class HistoryPanel:
    """``chosen`` holds the id of the job that is shown, or "". Each of ``changes`` is an event that changes the list.

    ``follow`` gives what may have changed of the job by itself, in ``parts``. ``told`` is where refusals are said.
    """

    chosen: gr.State
    told: gr.HTML
    parts: frozenset[Any]
    changes: tuple[Any, ...]
    follow: Callable[[str, Visit], Any]
    use: gr.Button
    compare: gr.Button
    whole: gr.Button
    open: gr.Button


def build_history_panel(playground: Playground, visit: gr.State, told: gr.HTML) -> HistoryPanel:
    """Build and wire the panel, closed, inside the current row."""
    runner = playground.jobs
    with gr.Column(scale=5, min_width=300, visible=False, elem_id="history-detail") as detail:
        with gr.Row(elem_id="history-steps"):
            use = gr.Button("Use these settings", size="sm", min_width=80, elem_id="history-use")
            other = gr.Button("Same prompt, other models", size="sm", min_width=80, elem_id="history-compare")
            whole = gr.Button("Its comparison", size="sm", visible=False, min_width=80, elem_id="history-whole")
            opening = gr.Button("Open", size="sm", min_width=60, elem_id="history-open")
            star = gr.Button("☆ Star", size="sm", min_width=60, elem_id="history-star")
            delete = gr.Button("Delete", size="sm", min_width=60, elem_id="history-delete")
            close = gr.Button("Close", size="sm", min_width=60, elem_id="history-close")
        with gr.Column(visible=False, elem_id="history-really") as really:
            gr.HTML(render("note", text=REALLY))
            with gr.Row():
                gone = gr.Button("Delete for good", size="sm", variant="stop", min_width=80, elem_id="history-gone")
                keep = gr.Button("Keep it", size="sm", min_width=80, elem_id="history-keep")
        place = gr.HTML(elem_id="history-place")
        facts = gr.HTML(elem_id="history-asked")
        with gr.Row(elem_id="history-note"):
            note = gr.Textbox(label="Note", placeholder="#words are tags", lines=1, max_lines=1, scale=4, min_width=160,
                              elem_id="history-note-text")  # fmt: skip
            save = gr.Button("Save note", size="sm", scale=1, min_width=90, elem_id="history-save")
        with gr.Accordion("The same call as a program", open=False, elem_id="history-program"):
            language = gr.Radio(
                [(item.label, name) for name, item in LANGUAGES.items()],
                value="curl",
                label="Language",
                show_label=False,
                elem_id="history-language",
            )
            code = gr.Code(language="shell", interactive=False, show_label=False, show_line_numbers=False, max_lines=24)
    chosen = gr.State("")
    opened = gr.Textbox(visible="hidden", elem_id="open-entry")
    marked = gr.Textbox(visible="hidden", elem_id="star-entry")
    parts = frozenset({detail, place, facts, whole, note, star, delete, really, code, chosen, told})

    def shown(job: Job, now: Visit, tongue: str) -> Updates:
        return {
            **moving(job),
            detail: gr.update(visible=True),
            facts: history.show_detail(playground, job),
            whole: gr.update(visible=bool(job.batch)),
            note: job.remark,
            really: gr.update(visible=False),
            code: program(job, now, tongue),
            chosen: job.id,
            told: "",
        }

    def moving(job: Job) -> Updates:
        return {
            place: result.show_job(playground, job),
            star: "★ Starred" if job.starred else "☆ Star",
            delete: gr.update(interactive=job.ended, value="Delete" if job.ended else "Delete, once it has ended"),
        }

    def program(job: Job, now: Visit, tongue: str) -> Any:
        return gr.update(value=history.program(playground, job, now, tongue), language=LANGUAGES[tongue].editor)

    def shut() -> Updates:
        return {detail: gr.update(visible=False), really: gr.update(visible=False), chosen: ""}

    def refused(error: PlaygroundError) -> Updates:
        lost = shut() if isinstance(error, JobNotFound) else {}
        return {**lost, told: render("note", text=plain(error))}

    async def follow(job_id: str, now: Visit) -> Updates:
        """What is being typed into the note stays."""
        try:
            return moving(await runner.find(job_id, now.visitor)) if job_id else {}
        except PlaygroundError as error:
            return refused(error)

    async def choose(clicked: str, now: Visit, tongue: str) -> Updates:
        """Open a job of this visitor."""
        try:
            return shown(await runner.find(_id(clicked), now.visitor), now, tongue)
        except PlaygroundError as error:
            return refused(error)

    async def turn_star(clicked: str, now: Visit, current: str) -> Updates:
        """Star a job, or take the star away."""
        try:
            job = await runner.find(_id(clicked), now.visitor)
            job = await runner.remark(job.id, now.visitor, starred=not job.starred)
        except PlaygroundError as error:
            return refused(error)
        return moving(job) if job.id == current else {told: ""}

    async def write_note(typed: str, job_id: str, now: Visit, tongue: str) -> Updates:
        try:
            if len(typed or "") > history.LONGEST_NOTE:
                raise InputError(
                    "note", "The note is too long.", next_step=f"{history.LONGEST_NOTE:,} characters at most.", charged=""
                )
            return shown(await runner.remark(job_id, now.visitor, remark=(typed or "").strip()), now, tongue)
        except PlaygroundError as error:
            return refused(error)

    async def remove(job_id: str, now: Visit) -> Updates:
        try:
            removed = await runner.find(job_id, now.visitor)
            await playground.comparisons.remove(job_id, now.visitor)
        except PlaygroundError as error:
            return refused(error)
        await COPIES.forget(picture.name for picture in removed.pictures)
        return {**shut(), told: ""}

    async def translate(job_id: str, now: Visit, tongue: str) -> Any:
        try:
            return program(await runner.find(job_id, now.visitor), now, tongue)
        except PlaygroundError:
            return gr.skip()

    everything = list(parts)
    opened.input(choose, [opened, visit, language], everything, **LATEST).then(None, None, None, js=SHOW, **QUIET)
    close.click(shut, None, everything, **QUIET)
    delete.click(lambda: gr.update(visible=True), None, really, **QUIET)
    keep.click(lambda: gr.update(visible=False), None, really, **QUIET)
    language.change(translate, [chosen, visit, language], code, **QUIET)
    changes = (
        marked.input(turn_star, [marked, visit, chosen], everything, trigger_mode="multiple", **QUIET),
        star.click(turn_star, [chosen, visit, chosen], everything, **QUIET),
        gr.on([note.submit, save.click], write_note, [note, chosen, visit, language], everything, **QUIET),
        gone.click(remove, [chosen, visit], everything, **QUIET),
    )
    return HistoryPanel(chosen, told, parts, changes, follow, use, other, whole, opening)


def _id(clicked: str) -> str:
    """The job's id of what a click has written: it is followed by a number, so that a second click is a change too."""
    return (clicked or "").partition(" ")[0]
