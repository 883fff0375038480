"""The Generate tab: choose a model, fill its form, see the price, get the picture, copy the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.forms import CheckedForm, keep_values
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.catalog.requests import fill_defaults
from components.errors import CapReached, PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.events import DIRECT, LATEST, Updates, bind
from components.ui.generate.code import CodeChoice, CodePanel, build_code_panel, show_code
from components.ui.generate.form import Form, build_form, hint, problem_text
from components.ui.generate.image_switch import ImageSwitch, Switch, build_image_switch, with_mode
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
from components.ui.html import html
from components.ui.picker import chosen_box
from components.views import job as result
from components.views.models.cards import show_chosen
from components.views.queries.generate import write_generate_query
from components.views.templates import render

EXAMPLES = 4
MOST_FRAMES = 9
# One event for all the controls that change in the same moment: another model changes twenty, one after the other, and
# Gradio refuses an event with a choice of the model before.
FOLLOW = "window.playground = { ...window.playground, follow: () => trigger('input') }"
ANSWERED = "() => window.playground.answered()"
FOLLOW_SOON = "() => window.playground.followSoon()"


@dataclass(frozen=True)
class GenerateTab:
    """The components of the tab. ``filled`` holds the id of the model whose form is shown: the picker may be ahead of it."""

    playground: Playground
    header: Header
    model: gr.Textbox
    chips: gr.HTML
    prompt: gr.Textbox
    examples: tuple[gr.Button, ...]
    form: Form
    note: gr.HTML
    fit: gr.HTML
    button: gr.Button
    stop: gr.Button
    panel: JobPanel
    code: CodePanel
    filled: gr.State
    switch: ImageSwitch

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {
            self.model,
            self.filled,
            self.prompt,
            self.form.lock,
            self.switch.state,
            *self.code.reads,
            *self.form.controls,
            *self.panel.reads,
        }

    @property
    def follows(self) -> set[Any]:
        """What :func:`follow` updates."""
        shown = {self.note, self.fit, self.button, self.prompt, self.panel.changed}
        return {*shown, *self.switch.parts, *self.code.parts, *self.form.controls}

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_form` updates."""
        return {self.model, self.filled, self.chips, *self.examples, *self.form.parts, *self.follows}


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
                note = html(elem_id="price-note", on_load=FOLLOW)
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
        playground, header, model, facts, prompt, examples, form, note, fit, button, stop, panel, code,
        gr.State(catalog.first.id), switch,
    )  # fmt: skip
    model.input(bind(choose_model, tab), tab.reads, (tab.parts - {model}) | {panel.result, panel.job}, **LATEST)
    following = [prompt, *code.reads, *form.controls]
    gr.on([part.change for part in following], None, None, js=FOLLOW_SOON, **DIRECT)
    switch.note.input(bind(undo_switch, tab), tab.reads, {*switch.parts, *form.controls}, **DIRECT)
    note.input(bind(follow, tab), tab.reads, tab.follows, **LATEST)
    for example in examples:
        example.click(bind(fill_example, tab), {*tab.reads, example}, tab.parts - {model}, **DIRECT)
    sent = gr.on(
        [button.click],
        bind(generate, tab),
        tab.reads,
        {*panel.parts, *tab.follows},
        **{**DIRECT, "trigger_mode": "multiple"},
    )
    sent.then(None, None, None, js=ANSWERED, **DIRECT)
    panel.watched(sent)
    stop.click(bind(stop_job, panel), panel.reads, panel.parts, **DIRECT)
    return tab


def read_form(tab: GenerateTab, given: Updates, model: Model | None = None) -> tuple[Model, dict[str, Any]]:
    """The chosen model, or another one whose form is shown, and every parameter that is filled in."""
    model = model or chosen_model(tab, given)
    prompted = {model.by_role(Role.PROMPT) or "": given[tab.prompt]} if given[tab.prompt] else {}
    values = {**tab.form.values(model, given), **prompted}
    return model, {name: values[name] for name in model.parameters if name in values}


def chosen_model(tab: GenerateTab, given: Updates) -> Model:
    """The model in the picker; a forged one is the catalog's first."""
    return tab.playground.catalog.find(given[tab.model] or "") or tab.playground.catalog.first


# -- what an event shows --------------------------------------------------------------------------


def show_form(
    tab: GenerateTab,
    model: Model,
    parameters: Mapping[str, Any],
    visit: Visit,
    choice: CodeChoice | None = None,
    job: Job | None = None,
) -> Updates:
    """Updates of ``tab.parts``: a model with these parameters, and all that follows from them beside the result of ``job``."""
    playground = tab.playground
    checked = playground.check_form(model, parameters, visit)
    account = playground.account(visit)
    seen = None if account.payer == "sandbox" else playground.jobs.learned(account, model.id)
    titles = list(examples_of(model))
    buttons = [gr.update(value=title, visible=True) for title in titles]
    buttons += [gr.update(visible=False)] * (EXAMPLES - len(titles))
    return {
        tab.model: model.id,
        tab.filled: model.id,
        **tab.switch.show(Switch(bool(parameters.get(model.by_role(Role.IMAGES) or ""))), model),
        tab.chips: show_chosen(playground, model, "model", seen),
        **dict(zip(tab.examples, buttons, strict=True)),
        **show_request(tab, model, parameters, checked, visit, choice or CodeChoice(), job),
        tab.prompt: gr.update(value=_prompt(model, parameters), **_explained_prompt(model, parameters, checked)),
        **tab.form.show(model, parameters, checked.problems),
    }


def show_request(
    tab: GenerateTab,
    model: Model,
    parameters: Mapping[str, Any],
    checked: CheckedForm,
    visit: Visit,
    choice: CodeChoice,
    job: Job | None,
) -> Updates:
    """Everything that depends on the form: price, address, code, and the mark on a result that was made from other settings."""
    same = result.is_made_from(tab.playground.catalog, checked.request, job, model)
    return {
        tab.note: _note(model, parameters, checked, job.id if job else ""),
        tab.button: f"Generate · {checked.cost}",
        tab.panel.changed: "" if same else result.show_changed(tab.playground.catalog, job),
        **show_code(tab.code, checked, choice, visit, job, same=same),
    }


def show_example(tab: GenerateTab, model: Model, parameters: Mapping[str, Any]) -> Updates:
    """The model's example if the form asks for it, else an empty place; no job is shown any more."""
    return {tab.panel.result: result.show_example(tab.playground.catalog, model, parameters), tab.panel.job: ""}


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
        **_explained(tab, model, parameters, checked, changed=changed),
        **await show_fit(tab, checked, given[tab.header.visit]),
    }


def undo_switch(tab: GenerateTab, given: Updates) -> Updates:
    """The settings from before an image was given; the image stays."""
    model, _ = read_form(tab, given)
    filled = tab.form.filled(model, given[tab.switch.state].before)
    return {**tab.switch.show(Switch(images=True), model), **{part: gr.update(**value) for part, value in filled.items()}}


async def show_fit(tab: GenerateTab, checked: CheckedForm, visit: Visit) -> Updates:
    """Updates of ``fit``, and of the button where its price does not fit the caps."""
    try:
        (await tab.playground.budget(visit)).check(checked.cost.credits)
    except CapReached as error:
        note = render("note", text=f"{error.what} {error.next_step}", tone="warn")
        return {tab.fit: note, tab.button: f"{checked.cost} · does not fit"}
    return {tab.fit: ""}


async def choose_model(tab: GenerateTab, given: Updates) -> Updates:
    """Choose another model: keep the settings that it has too, else fill in its example. A shown job stays."""
    model = chosen_model(tab, given)
    before, values = read_form(tab, given, tab.playground.catalog.find(given[tab.filled]))
    parameters: Mapping[str, Any] = model.example
    if not is_example(before, values):
        parameters, _ = keep_values(tab.playground.catalog, before, values, model)
    job = await shown_job(tab.panel, given)
    visit = given[tab.header.visit]
    updates = show_form(tab, model, parameters, visit, tab.code.read(given), job)
    updates |= await show_fit(tab, tab.playground.check_form(model, parameters, visit), visit)
    del updates[tab.model]  # the picker may hold another choice by now
    return updates if job else {**updates, **show_example(tab, model, parameters)}


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
        note = _note(model, parameters, checked, given[tab.panel.job], said=reasons)
        return {tab.note: note, **_explained(tab, model, parameters, checked, begun=True)}
    return await submit(tab, model, parameters, given, request)


async def submit(
    tab: GenerateTab, model: Model, parameters: Mapping[str, Any], given: Updates, request: gr.Request
) -> Updates:
    """Send a request and show its job; while the same request of this visitor is active, show that one's."""
    panel, visit = tab.panel, paying_visit(tab.header, given, request)
    panel.latest.start(request)
    kept = given[tab.form.lock] and (model.by_role(Role.SEED) or "") in parameters
    try:
        job = await tab.playground.generate(model.id, dict(parameters), visit, deduplicate=True, new_seed=not kept)
    except PlaygroundError as error:
        return {**show_error(panel, error), panel.job: ""}
    shown = {**show_job(panel, await with_star(panel, job, visit)), panel.changed: "", **tab.form.seed(model, job.body)}
    return {**shown, **(await show_others(panel, visit, job.id))[0]}


def examples_of(model: Model) -> dict[str, Mapping[str, Any]]:
    """The parameters of a model's examples by title, its own full one first."""
    field = model.by_role(Role.PROMPT) or ""
    examples = {"Example": model.example} if model.example else {}
    examples |= {item.title: {field: item.prompt} for item in model.prompts}
    return dict(list(examples.items())[:EXAMPLES])


def is_example(model: Model, parameters: Mapping[str, Any]) -> bool:
    """Whether a form is empty, or filled as by one of the model's examples: then nothing of the visitor's is in it."""
    filled = fill_defaults(model, parameters)
    examples = [{}, *examples_of(model).values()]
    return any(filled == fill_defaults(model, example) for example in examples)


def _note(model: Model, parameters: Mapping[str, Any], checked: CheckedForm, job_id: str, said: str = "") -> str:
    """The note on the price; beside it, unseen, the address of the form, what the browser needs to show the frame of a
    picture before the server has answered, and what is ``said`` to a screen reader."""
    query = write_generate_query(model, parameters, job_id)
    count = min(checked.asked.count, MOST_FRAMES)
    return render("note", text=model.price_note) + render(
        "asked",
        query=query,
        ratio=result.shape_ratio(checked.asked.shape) or 1.0,
        count=count,
        wrong=checked.problems,
        said=said,
    )


def _prompt(model: Model, parameters: Mapping[str, Any]) -> str:
    return str(parameters.get(model.by_role(Role.PROMPT) or "", ""))


def _explained(
    tab: GenerateTab,
    model: Model,
    parameters: Mapping[str, Any],
    checked: CheckedForm,
    *,
    begun: bool = False,
    changed: Mapping[str, Any] | None = None,
) -> Updates:
    """At each field what is wrong with it, or what it is for; ``changed`` fields get other values, too."""
    filled = tab.form.filled(model, changed or {})
    explained = tab.form.explain(model, parameters, checked.problems)
    return {
        tab.prompt: gr.update(**_explained_prompt(model, parameters, checked, begun=begun)),
        **{control: gr.update(**properties, **filled.get(control, {})) for control, properties in explained.items()},
    }


def _explained_prompt(
    model: Model, parameters: Mapping[str, Any], checked: CheckedForm, *, begun: bool = False
) -> dict[str, Any]:
    """What is wrong with a prompt that has been ``begun``; an empty one needs no explanation until it is sent.

    The explanation of an empty one that was sent stays: an event of typing may be answered after that of the button.
    """
    name = model.by_role(Role.PROMPT)
    wrong = next((error for error in checked.problems if error.field == name), None)
    if wrong is None:
        return {"info": "", "elem_classes": []}
    if not (begun or _prompt(model, parameters)):
        return {}
    return {"info": hint(wrong), "elem_classes": ["wrong"]}
