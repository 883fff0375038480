"""The Evaluate tab: a new evaluation from prompts and models, and the evaluations of this visitor.

What changes by itself (progress, pictures, results) is asked for by assets/evaluate.js from the routes of ``web.evaluation``;
the events here are those that need a visit: starting, and everything that spends or ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.errors import InputError, PlaygroundError
from components.evaluation.evaluation import Evaluation
from components.evaluation.prompt_files import shipped_prompts
from components.evaluation.prompts import Prompt, PromptSet, collect_prompts
from components.playground import Playground, Visit
from components.ui.compare.tab import NAME_CLICK
from components.ui.evaluate.form import EvaluateForm, build_evaluate_form
from components.ui.events import DIRECT, LATEST, Updates, bind, sent
from components.ui.gradio_internals import event_values
from components.ui.header import Header, paying_visit, show_spending
from components.ui.html import html
from components.views.evaluation.matrix import show_evaluation
from components.views.evaluation.plan import show_matrix_plan, show_prompt_set, start_text
from components.views.queries.query import Query, first_value
from components.views.templates import render
from components.views.words import shorten, utc

NEW = ""
START = "Start"
# What the buttons inside the evaluation do needs the visit and its key.
SEND_ACTIONS = "window.playground = { ...window.playground, evaluationAction: (action) => trigger('input', action) }"


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
        tab.select(bind(list_again, self), {self.header.visit, self.picker}, {self.picker}, **DIRECT)


def build_evaluate_tab(playground: Playground, header: Header) -> EvaluateTab:
    """Build and wire the tab."""
    with gr.Row(elem_id="evaluate-earlier"):
        picker = gr.Dropdown(
            [("New evaluation", NEW)], value=NEW, label="Evaluation", elem_id="evaluate-picker", filterable=False,
            visible=False, show_label=False, container=False,
        )  # fmt: skip
        again = gr.Button("New evaluation", size="sm", elem_id="evaluate-again", visible=False, min_width=140, scale=0)
    with gr.Column(elem_id="evaluate-new") as new, gr.Row(equal_height=False, elem_id="evaluate-form"):
        with gr.Column(scale=5, min_width=320, elem_id="evaluate-request"):
            form = build_evaluate_form(playground)
        with gr.Column(scale=7, min_width=320, elem_id="evaluate-plan"):
            plan = html(render("evaluation/steps"), elem_id="evaluate-total")
            error = html(elem_id="evaluate-error")
            start = gr.Button(START, variant="primary", size="lg", elem_id="evaluate-start", interactive=False)
    evaluation = html(elem_id="evaluation", on_load=SEND_ACTIONS)
    click = gr.Textbox(visible="hidden")
    tab = EvaluateTab(
        playground=playground,
        header=header,
        picker=picker,
        again=again,
        new=new,
        form=form,
        plan=plan,
        error=error,
        start=start,
        evaluation=evaluation,
        click=click,
    )
    beside_form = {plan, start, error}
    reads = {*form.reads, header.visit}
    gr.on([part.change for part in form.controls], bind(follow, tab), reads, beside_form, **LATEST)
    chosen = {form.chosen, form.chosen_html, form.prompts, form.write, *beside_form}
    form.example_set.click(bind(use_example_set, tab), reads, chosen, **DIRECT)
    form.file.input(bind(use_file, tab), reads, chosen, **DIRECT)
    form.write.click(bind(write_prompts, tab), reads, chosen, **DIRECT)
    picker.input(bind(choose, tab), {picker, header.visit}, tab.parts, **DIRECT)
    again.click(bind(open_new, tab), {header.visit}, tab.parts, **DIRECT)
    inputs = {*reads, header.payer, click}
    start.click(bind(begin, tab), inputs, {*tab.parts, *header.spending}, js=NAME_CLICK, **DIRECT)
    acting = {header.visit, header.payer}
    evaluation.input(bind(act, tab), acting, {*tab.parts, *header.spending}, **DIRECT)
    return tab


# -- what an event shows --------------------------------------------------------------------------


async def open_evaluate(tab: EvaluateTab, query: Query, visit: Visit) -> Updates:
    """Updates of ``tab.parts``: the evaluation that the address names, else the form."""
    named = first_value(query, "evaluation")
    try:
        evaluation = await tab.playground.evaluations.find(named, visit.visitor) if named else None
    except PlaygroundError:
        evaluation = None
    return await show(tab, visit, evaluation)


async def show(tab: EvaluateTab, visit: Visit, evaluation: Evaluation | None, error: str = "") -> Updates:
    """An evaluation, or the form for None."""
    try:
        options = await _options(tab, visit)
    except PlaygroundError as trouble:
        options, error = [("New evaluation", NEW)], error or str(trouble.problem)
    address = render("query", tab="evaluate", query=f"?evaluation={evaluation.id}" if evaluation else "")
    shown = show_evaluation(evaluation) if evaluation else ""
    return {
        tab.picker: gr.update(choices=options, value=evaluation.id if evaluation else NEW, visible=len(options) > 1),
        tab.again: gr.update(visible=evaluation is not None),
        tab.new: gr.update(visible=evaluation is None),
        tab.evaluation: shown + address,
        tab.error: _trouble(error),
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
            tab.error: _trouble(error.what),
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


# -- handlers -------------------------------------------------------------------------------------


async def follow(tab: EvaluateTab, given: Updates) -> Updates:
    """The plan for the form."""
    return await show_draft(tab, given)


async def use_example_set(tab: EvaluateTab, given: Updates) -> Updates:
    """The prompt set that ships."""
    return await show_set(tab, given, (await asyncio.to_thread(shipped_prompts), "the example set"))


async def use_file(tab: EvaluateTab, given: Updates, event: gr.EventData) -> Updates:
    """The prompts that were read from a file; a caller can forge them, so they are checked again."""
    values = event_values(event)
    try:
        prompts = collect_prompts(
            (line, Prompt(str(text), str(category), tuple(map(str, images)), str(expected)))
            for line, (text, category, images, expected) in enumerate(values["prompts"], 1)
        )
    except (InputError, KeyError, TypeError, ValueError):
        return {tab.form.chosen: gr.skip()}
    return await show_set(tab, given, (prompts, str(values.get("name", "a file"))[:60]))


async def write_prompts(tab: EvaluateTab, given: Updates) -> Updates:
    """Back to the text box."""
    return await show_set(tab, given, None)


async def list_again(tab: EvaluateTab, given: Updates) -> Updates:
    """The evaluations to choose from."""
    try:
        options = await _options(tab, given[tab.header.visit])
    except PlaygroundError:
        return {tab.picker: gr.skip()}
    return {tab.picker: gr.update(choices=options, visible=len(options) > 1)}


async def choose(tab: EvaluateTab, given: Updates) -> Updates:
    """The chosen evaluation, or the form of a new one."""
    return await open_evaluate(tab, {"evaluation": [given[tab.picker] or ""]}, given[tab.header.visit])


async def open_new(tab: EvaluateTab, given: Updates) -> Updates:
    """The form of a new evaluation."""
    return await show(tab, given[tab.header.visit], None)


async def begin(tab: EvaluateTab, given: Updates, request: gr.Request) -> Updates:
    """Start the evaluation that the form describes."""
    visit = paying_visit(tab.header, given, request)
    try:
        draft = tab.form.read(tab.playground, given)
        evaluation = await tab.playground.evaluate(draft, visit, given[tab.click])
    except PlaygroundError as error:
        return {tab.error: _trouble(str(error.problem))}
    return {**await show(tab, visit, evaluation), **await show_spending(tab.header, visit)}


async def act(tab: EvaluateTab, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """What a button inside the evaluation asks for. Its script asks for the progress right after."""
    playground, visit = tab.playground, paying_visit(tab.header, given, request)
    evaluations = playground.evaluations
    evaluation_id, action = sent(event, "id"), sent(event, "action")
    try:
        match action:
            case "pause":
                await evaluations.pause(evaluation_id, visit.visitor)
            case "stop":
                await evaluations.stop(evaluation_id, visit.visitor)
            case "resume" | "check":
                await playground.resume_evaluation(evaluation_id, visit, _number(sent(event, "budget")))
            case "retry":
                await playground.retry_evaluation(evaluation_id, visit)
            case "open":
                return await show(tab, visit, await evaluations.find(evaluation_id, visit.visitor))
            case "baseline":
                await evaluations.save_baseline(evaluation_id, visit.visitor)
            case "delete":
                await evaluations.delete(evaluation_id, visit.visitor)
                return await show(tab, visit, None)
            case _:
                return {tab.error: gr.skip()}
    except PlaygroundError as error:
        gr.Warning(str(error.problem))
        return {tab.error: gr.skip()}
    return await show_spending(tab.header, visit)


def _trouble(text: str) -> str:
    return render("note", text=f"▲ {text}" if text else "", tone="warn")


def _number(text: str) -> float | None:
    """Raises InputError for what is no number."""
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError("budget", "budget: must be a number of credits.") from None
