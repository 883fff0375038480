"""The Evaluate tab: a new evaluation from prompts and models, and the evaluations of this visitor.

What changes by itself (progress, pictures, results) is asked for by assets/evaluate.js from the routes of ``web.evaluation``;
the events here are those that need a visit: starting, and everything that spends or ends.
"""

from __future__ import annotations

import asyncio

import gradio as gr

from components.errors import InputError, PlaygroundError
from components.evaluation.prompt_files import shipped_prompts
from components.evaluation.prompts import Prompt, collect_prompts
from components.playground import Playground
from components.ui.evaluate.display import (
    NEW,
    START,
    EvaluateTab,
    error_note,
    open_evaluate,
    show,
    show_draft,
    show_set,
)
from components.ui.evaluate.form import build_evaluate_form, read_number
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind, sent
from components.ui.gradio_internals import event_values
from components.ui.header import Header, paying_visit, show_spending
from components.ui.html import NAME_CLICK, html
from components.views.templates import render

# What the buttons inside the evaluation do needs the visit and its key.
SEND_ACTIONS = "window.playground = { ...window.playground, evaluationAction: (action) => trigger('input', action) }"


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
    form.file.input(bind(use_file, tab), reads, chosen, **EACH)
    form.write.click(bind(write_prompts, tab), reads, chosen, **DIRECT)
    picker.input(bind(choose, tab), {picker, header.visit}, tab.parts, **LATEST)
    again.click(bind(open_new, tab), {header.visit}, tab.parts, **DIRECT)
    inputs = {*reads, header.payer, click}
    start.click(bind(begin, tab), inputs, {*tab.parts, *header.spending}, js=NAME_CLICK, **DIRECT)
    acting = {header.visit, header.payer}
    evaluation.input(bind(act, tab), acting, {*tab.parts, *header.spending}, **EACH)
    return tab


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
        return {tab.error: error_note(str(error.problem))}
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
                await playground.resume_evaluation(evaluation_id, visit, read_number("budget", sent(event, "budget")))
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
