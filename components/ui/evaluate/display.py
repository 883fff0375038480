"""The components of the Evaluate tab, and what they show: an evaluation, or the form of a new one and its plan."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.errors import InputError, PlaygroundError
from components.evaluation.evaluation import Evaluation
from components.evaluation.prompts import PromptSet
from components.playground import Playground, Visit
from components.ui.evaluate.form import EvaluateForm
from components.ui.events import LATEST, Updates, bind
from components.ui.header import Header
from components.views.evaluation.matrix import show_evaluation
from components.views.evaluation.plan import show_matrix_plan, show_prompt_set, start_text
from components.views.queries.query import Query, first_value
from components.views.templates import render
from components.views.words import shorten, utc

NEW = ""
START = "Start"


@dataclass(frozen=True)
class EvaluateTab:
    """The components of the tab. ``shown`` holds the id of the evaluation that is shown, ``click`` names a click on Start."""

    playground: Playground
    header: Header
    picker: gr.Dropdown
    again: gr.Button
    new: gr.Column
    form: EvaluateForm
    plan: gr.HTML
    error: gr.HTML
    start: gr.Button
    evaluation: gr.HTML
    click: gr.Textbox

    @property
    def parts(self) -> set[Any]:
        """What :func:`open_evaluate` updates."""
        return {self.picker, self.again, self.new, self.evaluation, self.plan, self.start, self.error}

    def opened_by(self, tab: gr.Tab) -> None:
        """Update the list of evaluations whenever the tab is opened."""
        tab.select(bind(list_again, self), {self.header.visit, self.picker}, {self.picker}, **LATEST)


async def open_evaluate(tab: EvaluateTab, query: Query, visit: Visit) -> Updates:
    """Updates of ``tab.parts``: the evaluation that the address names, else the form."""
    named = first_value(query, "evaluation")
    try:
        evaluation = await tab.playground.evaluations.find(named, visit.visitor) if named else None
    except PlaygroundError:
        evaluation = None
    return await show(tab, visit, evaluation)


async def show(tab: EvaluateTab, visit: Visit, evaluation: Evaluation | None) -> Updates:
    """An evaluation, or the form for None."""
    problem = ""
    try:
        options = await _options(tab, visit)
    except PlaygroundError as error:
        options, problem = [("New evaluation", NEW)], str(error.problem)
    address = render("query", tab="evaluate", query=f"?evaluation={evaluation.id}" if evaluation else "")
    shown = show_evaluation(evaluation) if evaluation else ""
    return {
        tab.picker: gr.update(choices=options, value=evaluation.id if evaluation else NEW, visible=len(options) > 1),
        tab.again: gr.update(visible=evaluation is not None),
        tab.new: gr.update(visible=evaluation is None),
        tab.evaluation: shown + address,
        tab.error: error_note(problem),
    }


async def show_draft(tab: EvaluateTab, given: Updates) -> Updates:
    """What the form would send, what it costs, and what is wrong with it. Sends nothing."""
    playground, visit = tab.playground, given[tab.header.visit]
    if not given[tab.form.chosen] and not (given[tab.form.prompts] or "").strip():
        return {tab.plan: render("evaluation/steps"), tab.start: gr.update(value=START, interactive=False), tab.error: ""}
    try:
        draft = tab.form.read(playground, given)
        matrix = await asyncio.to_thread(playground.evaluations.plan, draft)
    except InputError as error:
        return {
            tab.plan: "",
            tab.start: gr.update(value=START, interactive=False),
            tab.error: error_note(error.what),
        }
    account = playground.account(visit)
    seconds = playground.evaluations.expected_seconds(matrix, account, draft.per_model)
    text = start_text(playground.catalog, matrix, draft.budget)
    return {
        tab.plan: show_matrix_plan(playground.catalog, matrix, draft.budget, seconds, free=account.payer == "sandbox"),
        tab.start: gr.update(value=text, interactive=text != START),
        tab.error: "",
    }


async def show_set(tab: EvaluateTab, given: Updates, chosen: tuple[PromptSet, str] | None) -> Updates:
    """The form with a prompt set instead of the text, or with the text for None."""
    return {
        tab.form.chosen: chosen,
        tab.form.chosen_html: show_prompt_set(*chosen) if chosen else "",
        tab.form.prompts: gr.update(visible=chosen is None),
        tab.form.write: gr.update(visible=chosen is not None),
        **await show_draft(tab, {**given, tab.form.chosen: chosen}),
    }


async def _options(tab: EvaluateTab, visit: Visit) -> list[tuple[str, str]]:
    evaluations = await tab.playground.evaluations.of_visitor(visit.visitor)
    return [
        ("New evaluation", NEW),
        *((f"{shorten(one.name, 70)} · {utc(one.created_at):%Y-%m-%d %H:%M}", one.id) for one in evaluations),
    ]


async def list_again(tab: EvaluateTab, given: Updates) -> Updates:
    """The evaluations to choose from."""
    try:
        options = await _options(tab, given[tab.header.visit])
    except PlaygroundError:
        return {tab.picker: gr.skip()}
    return {tab.picker: gr.update(choices=options, visible=len(options) > 1)}


def error_note(text: str) -> str:
    """What is wrong, as HTML; "" for nothing."""
    return render("note", text=f"▲ {text}" if text else "", tone="warn")
