"""What filters the list of the history, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.jobs.job import JobState
from components.playground import Playground
from components.ui.events import Updates
from components.views.queries.history import HistoryFilters
from components.views.words import STATE_WORDS

VIEWS = ("gallery", "table")


@dataclass(frozen=True)
class Filters:
    """The controls of the filters, and ``view``: as cards or as a table."""

    text: gr.Textbox
    model: gr.Dropdown
    state: gr.Dropdown
    since: gr.DateTime
    until: gr.DateTime
    starred: gr.Checkbox
    view: gr.Radio

    @property
    def controls(self) -> set[Any]:
        """All but the view."""
        return {self.text, self.model, self.state, self.since, self.until, self.starred}

    def read(self, given: Mapping[Any, Any]) -> HistoryFilters:
        """What the controls hold; an emptied control may hold None."""
        return HistoryFilters(
            text=given[self.text] or "",
            model=given[self.model] or "",
            state=given[self.state] or "",
            starred=bool(given[self.starred]),
            since=given[self.since] or "",
            until=given[self.until] or "",
        )

    def show(self, filters: HistoryFilters) -> Updates:
        """Updates of ``controls``."""
        return {
            self.text: filters.text,
            self.model: filters.model,
            self.state: filters.state,
            self.starred: filters.starred,
            self.since: filters.since or None,
            self.until: filters.until or None,
        }


def build_filters(playground: Playground) -> Filters:
    """Build the row of filters; ``view`` and ``starred`` are left for the caller to render."""
    with gr.Row(elem_id="history-filters"):
        text = gr.Textbox(
            label="Search", placeholder="Prompt, note, #tag, model, task id", max_lines=1, elem_id="history-text"
        )
        model = gr.Dropdown(model_choices(playground), value="", label="Model", elem_id="history-model")
        state = gr.Dropdown(state_choices(), value="", label="State", elem_id="history-state")
        since = gr.DateTime(label="From (UTC)", elem_id="history-since", include_time=False, type="string")
        until = gr.DateTime(label="To (UTC)", elem_id="history-until", include_time=False, type="string")
    view = gr.Radio(
        [(name.capitalize(), name) for name in VIEWS],
        value=VIEWS[0],
        label="View",
        show_label=False,
        container=False,
        elem_id="history-view",
        min_width=160,
        render=False,
    )
    starred = gr.Checkbox(label="Starred only", container=False, elem_id="history-starred", min_width=120, render=False)
    return Filters(text, model, state, since, until, starred, view)


def model_choices(playground: Playground) -> list[tuple[str, str]]:
    """(label, id) of every model, "" first."""
    return [("Any model", ""), *((model.name, model.id) for model in playground.catalog.models)]


def state_choices() -> list[tuple[str, str]]:
    """(word, state) of every state, "" first."""
    return [
        ("Any state", ""),
        *((word, str(state)) for state, word in STATE_WORDS.items() if state is not JobState.ABANDONED),
    ]
