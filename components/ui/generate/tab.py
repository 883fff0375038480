"""The Generate tab: choose a model, fill its form, see the price, get the picture, copy the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from components.catalog.forms import keep_values
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.errors import PlaygroundError
from components.playground import Playground
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind
from components.ui.generate.code import build_code_panel
from components.ui.generate.display import (
    EXAMPLES,
    GenerateTab,
    chosen_model,
    examples_of,
    fill_form,
    is_example,
    price_note,
    read_form,
    show_explanations,
    show_fit,
    show_form,
    show_request,
)
from components.ui.generate.form import build_form, problem_text
from components.ui.generate.image_switch import Switch, build_image_switch, with_mode
from components.ui.generate.panel import (
    JobPanel,
    build_job_panel,
    show_error,
    show_job,
    show_others,
    shown_job,
    stop_job,
    with_star,
)
from components.ui.header import Header, paying_visit
from components.ui.html import html, send_as, soon
from components.ui.picker import chosen_box
from components.views.models.cards import show_chosen

ANSWERED = "() => window.playground.answered()"


def build_generate_tab(playground: Playground, header: Header) -> GenerateTab:
    """Build and wire the tab."""
    catalog = playground.catalog
    with gr.Row(elem_id="generate", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="request-column"):
            with gr.Column(elem_id="model-section"):
                model = chosen_box(catalog.first.id, "model")
                facts = html(show_chosen(playground, catalog.first, "model"), elem_id="chosen-model")
            with gr.Column(elem_id="prompt-section"):
                prompt = gr.Textbox(label="Prompt", lines=3, max_lines=12, elem_id="prompt", max_length=100_000)
                with gr.Row(elem_id="examples"):
                    examples = tuple(gr.Button("…", size="sm", min_width=60) for _ in range(EXAMPLES))
            form = build_form(catalog, playground.uploads_refused)
            switch = build_image_switch()
            with gr.Column(elem_id="generate-actions"):
                note = html(elem_id="price-note", on_load=send_as("follow"))
                fit = html(elem_id="fit-note")
                with gr.Row(elem_id="generate-buttons"):
                    button = gr.Button("Generate", variant="primary", size="lg", elem_id="generate-button", min_width=120)
                    stop = gr.Button("Stop", size="lg", elem_id="stop-button", min_width=120)
        with gr.Column(scale=7, min_width=320, elem_id="result-column"):
            shown, changed = build_job_panel(playground, header)
            code = build_code_panel(playground)
            others, earlier = html(elem_id="other-jobs"), html(elem_id="earlier-results")
    panel = JobPanel(playground, header, shown, changed, gr.State(""), others, earlier)
    tab = GenerateTab(
        playground=playground,
        header=header,
        model=model,
        chips=facts,
        prompt=prompt,
        examples=examples,
        form=form,
        note=note,
        fit=fit,
        button=button,
        stop=stop,
        panel=panel,
        code=code,
        filled=gr.State(catalog.first.id),
        switch=switch,
    )
    model.input(bind(choose_model, tab), tab.reads, (tab.parts - {model}) | {panel.result, panel.job}, **LATEST)
    following = [prompt, *code.reads, *form.controls]
    # Another model changes twenty controls one by one; Gradio refuses an event that holds a choice of the previous model.
    gr.on([part.change for part in following], None, None, js=soon("follow"), **DIRECT)
    switch.note.input(bind(undo_switch, tab), tab.reads, {*switch.parts, *form.controls}, **DIRECT)
    note.input(bind(follow, tab), tab.reads, tab.follows, **LATEST)
    for example in examples:
        example.click(bind(fill_example, tab), {*tab.reads, example}, tab.parts - {model}, **LATEST)
    sent = button.click(bind(generate, tab), tab.reads, {*panel.parts, *tab.follows}, **EACH)
    sent.then(None, None, None, js=ANSWERED, **DIRECT)
    panel.watched(sent)
    stop.click(bind(stop_job, panel), panel.reads, panel.parts, **LATEST)
    return tab


# -- handlers -------------------------------------------------------------------------------------


async def follow(tab: GenerateTab, given: Updates) -> Updates:
    """Update price, explanations, code and address for the form. Sends nothing."""
    model, held = read_form(tab, given)
    parameters, switch = with_mode(model, held, given[tab.switch.state])
    changed = {name: value for name, value in parameters.items() if value != held.get(name)}
    checked = tab.playground.check_form(model, parameters, given[tab.header.visit])
    job = await shown_job(tab.panel, given)
    return {
        **tab.switch.show(switch, model),
        **show_request(tab, model, parameters, checked, given[tab.header.visit], tab.code.read(given), job),
        **show_explanations(tab, model, parameters, checked, changed=changed),
        **await show_fit(tab, checked, given[tab.header.visit]),
    }


def undo_switch(tab: GenerateTab, given: Updates) -> Updates:
    """The settings from before an image was given; the image stays."""
    model, _ = read_form(tab, given)
    filled = tab.form.filled(model, given[tab.switch.state].before)
    return {**tab.switch.show(Switch(images=True), model), **{part: gr.update(**value) for part, value in filled.items()}}


async def choose_model(tab: GenerateTab, given: Updates) -> Updates:
    """Choose another model: keep the settings that it has too, else fill in its example. A shown job stays."""
    model = chosen_model(tab, given)
    before, values = read_form(tab, given, tab.playground.catalog.find(given[tab.filled]))
    parameters: Mapping[str, Any] = model.example
    if not is_example(before, values):
        parameters, _ = keep_values(tab.playground.catalog, before, values, model)
    visit, updates = given[tab.header.visit], await fill_form(tab, model, parameters, given)
    updates |= await show_fit(tab, tab.playground.check_form(model, parameters, visit), visit)
    del updates[tab.model]  # the picker may hold another choice by now
    return updates


async def fill_example(tab: GenerateTab, given: Updates) -> Updates:
    """Fill the form with the example whose button was clicked. Sends nothing."""
    model = chosen_model(tab, given)
    title = next(given[example] for example in tab.examples if example in given)
    parameters = examples_of(model).get(title)
    if parameters is None:  # another model was chosen meanwhile
        return {tab.prompt: gr.skip()}
    job = await shown_job(tab.panel, given)
    visit = given[tab.header.visit]
    updates = show_form(tab, model, parameters, visit, tab.code.read(given), job)
    updates |= await show_fit(tab, tab.playground.check_form(model, parameters, visit), visit)
    del updates[tab.model]
    return updates


async def generate(tab: GenerateTab, given: Updates, request: gr.Request) -> Updates:
    """Send the form as a request; the panel watches its job. With problems, show them at their fields and send nothing."""
    model, parameters = read_form(tab, given)
    checked = tab.playground.check_form(model, parameters, given[tab.header.visit])
    if checked.problems:
        reasons = " ".join(problem_text(model, error) for error in checked.problems)
        note = price_note(model, parameters, checked, given[tab.panel.job], said=reasons)
        return {tab.note: note, **show_explanations(tab, model, parameters, checked, begun=True)}
    return await submit(tab, model, parameters, given, request)


async def submit(
    tab: GenerateTab, model: Model, parameters: Mapping[str, Any], given: Updates, request: gr.Request
) -> Updates:
    """Send a request and show its job; while the same request of this visitor is active, show that one's.

    The address names the job from then on: a page that is reloaded right after shows it again.
    """
    panel, visit = tab.panel, paying_visit(tab.header, given, request)
    panel.latest.start(request)
    locked = given[tab.form.lock] and (model.by_role(Role.SEED) or "") in parameters
    try:
        job = await tab.playground.generate(model.id, dict(parameters), visit, deduplicate=True, new_seed=not locked)
    except PlaygroundError as error:
        return {**show_error(panel, error), panel.job: ""}
    seed = model.by_role(Role.SEED) or ""
    requested = {**parameters, seed: job.body[seed]} if seed in job.body else parameters
    return {
        **show_job(panel, await with_star(panel, job, visit)),
        panel.changed: "",
        **tab.form.seed(model, job.body),
        tab.note: price_note(model, requested, tab.playground.check_form(model, requested, visit), job.id),
        **(await show_others(panel, visit, job.id))[0],
    }
