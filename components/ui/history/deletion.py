"""Deleting jobs of the history, and the line that offers to undo it for a few seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.errors import PlaygroundError
from components.playground import Playground, Visit
from components.ui.events import Updates
from components.ui.header import Header
from components.ui.html import html
from components.views.history import deleted_text
from components.views.templates import render


@dataclass(frozen=True)
class Deletion:
    """The components of the line. ``deleted`` holds the ids that can be restored, ``timer`` hides the line."""

    playground: Playground
    header: Header
    row: gr.Row
    text: gr.HTML
    undo: gr.Button
    deleted: gr.State
    timer: gr.Timer

    @property
    def reads(self) -> set[Any]:
        """What :func:`undo` reads."""
        return {self.deleted, self.header.visit}

    @property
    def parts(self) -> set[Any]:
        """What the functions here update."""
        return {self.row, self.text, self.deleted, self.timer, self.undo}


def build_deletion(playground: Playground, header: Header) -> Deletion:
    """Build the line, hidden."""
    with gr.Row(visible=False, elem_id="history-deleted") as row:
        text = html()
        undo = gr.Button("Undo", size="sm", min_width=80, elem_id="history-undo")
    undo_s = playground.history.undo_s
    return Deletion(playground, header, row, text, undo, gr.State(()), gr.Timer(undo_s, active=False))


async def delete(deletion: Deletion, job_ids: Collection[str], visit: Visit) -> Updates:
    """Delete those of these jobs that have ended, and offer to undo it."""
    try:
        deleted = await deletion.playground.history.hide(visit.visitor, job_ids)
    except PlaygroundError as error:
        return {deletion.row: gr.update(visible=True), deletion.text: render("note", text=str(error.problem))}
    return {
        deletion.row: gr.update(visible=True),
        deletion.text: render("note", text=deleted_text(len(deleted), len(job_ids) - len(deleted))),
        deletion.undo: gr.update(visible=bool(deleted)),
        deletion.deleted: tuple(deleted),
        deletion.timer: gr.Timer(deletion.timer.value, active=True),
    }


async def undo(deletion: Deletion, given: Updates) -> Updates:
    """Bring back what was deleted last."""
    try:
        await deletion.playground.history.restore(given[deletion.header.visit].visitor, given[deletion.deleted])
    except PlaygroundError as error:
        return {deletion.text: render("note", text=str(error.problem))}
    return withdraw(deletion)


def withdraw(deletion: Deletion) -> Updates:
    """The time to undo has passed."""
    return {deletion.row: gr.update(visible=False), deletion.deleted: (), deletion.timer: gr.Timer(active=False)}
