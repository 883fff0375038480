"""The jobs of the history that are ticked, and what can be done with all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.ui.events import Updates
from components.ui.html import html
from components.views.templates import render


@dataclass(frozen=True)
class Selection:
    """The components of the line, which is there while something is ticked. ``jobs`` holds the ids of the ticked jobs."""

    row: gr.Row
    text: gr.HTML
    page: gr.Button
    star: gr.Button
    unstar: gr.Button
    delete: gr.Button
    clear: gr.Button
    jobs: gr.State

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_selection` updates."""
        return {self.row, self.text, self.jobs}


def build_selection() -> Selection:
    """Build the line, hidden."""
    with gr.Row(visible=False, elem_id="history-selection") as row:
        text = html()
        page = gr.Button("Select the page", size="sm", min_width=80)
        star = gr.Button("Star", size="sm", min_width=60)
        unstar = gr.Button("Remove stars", size="sm", min_width=80)
        delete = gr.Button("Delete", size="sm", min_width=60, elem_id="history-delete-selected")
        clear = gr.Button("Select none", size="sm", min_width=80)
    return Selection(
        row=row,
        text=text,
        page=page,
        star=star,
        unstar=unstar,
        delete=delete,
        clear=clear,
        jobs=gr.State(()),
    )


def show_selection(selection: Selection, job_ids: Collection[str]) -> Updates:
    """Updates of ``selection.parts`` with these jobs ticked."""
    return {
        selection.jobs: tuple(job_ids),
        selection.row: gr.update(visible=bool(job_ids)),
        selection.text: render("note", text=f"{len(job_ids):,} selected"),
    }


def select_none(selection: Selection) -> Updates:
    """Untick every job."""
    return show_selection(selection, ())


def toggled(selected: Sequence[str], job_ids: Sequence[str]) -> list[str]:
    """The ticked jobs after a click on these: all of them unless they all were."""
    if set(job_ids) <= set(selected):
        return [one for one in selected if one not in job_ids]
    return list(dict.fromkeys([*selected, *job_ids]))
