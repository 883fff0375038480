"""The Generate tab: choose a model, fill its form, see the price, get the picture, copy the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.forms import CheckedForm
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.ui.events import DIRECT, LATEST, Updates, bind
from components.ui.generate.form import Form, build_form, hint
from components.ui.generate.panel import JobPanel, build_job_panel, submit
from components.ui.header import Header
from components.ui.html import html
from components.views import job as result
from components.views.models import chips, example_prompts, model_options
from components.views.queries import write_generate_query
from components.views.templates import render

EXAMPLES = 4
# One event for all the controls that change in the same moment: another model changes twenty, one after the other, and
# Gradio refuses an event with a choice of the model before.
FOLLOW = "window.playground = { ...window.playground, follow: () => trigger('input') }"
FOLLOW_SOON = "() => window.playground.followSoon()"


@dataclass(frozen=True)
class GenerateTab:
    """The components of the tab."""

    playground: Playground
    header: Header
    model: gr.Dropdown
    chips: gr.HTML
    prompt: gr.Textbox
    examples: tuple[gr.Button, ...]
    form: Form
    note: gr.HTML
    button: gr.Button
    panel: JobPanel
    language: gr.Radio
    code: gr.HTML

    @property
    def reads(self) -> set[Any]:
        """What the handlers read."""
        return {self.model, self.prompt, self.language, self.header.visit, *self.form.controls}

    @property
    def follows(self) -> set[Any]:
        """What :func:`follow` updates."""
        return {self.note, self.button, self.code, self.prompt, *self.form.controls}

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_form` updates."""
        return {self.model, self.chips, *self.examples, self.form.accordion, *self.follows}


def build_generate_tab(playground: Playground, header: Header) -> GenerateTab:
    """Build and wire the tab."""
    catalog = playground.catalog
    with gr.Row(elem_id="generate", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="ask"):
            with gr.Column(elem_id="choose"):
                model = gr.Dropdown(model_options(catalog), value=catalog.first.id, label="Model", elem_id="model")
                facts = html(chips(catalog, catalog.first), elem_id="facts")
            with gr.Column(elem_id="describe"):
                prompt = gr.Textbox(label="Prompt", lines=3, max_lines=12, elem_id="prompt", max_length=100_000)
                with gr.Row(elem_id="examples"):
                    examples = tuple(gr.Button("…", size="sm", min_width=60) for _ in range(EXAMPLES))
            form = build_form(catalog, playground.uploads_refused)
            with gr.Column(elem_id="act"):
                note = html(elem_id="price-note", on_load=FOLLOW)
                button = gr.Button("Generate", variant="primary", size="lg", elem_id="generate-button")
        with gr.Column(scale=7, min_width=320, elem_id="answer"):
            panel = build_job_panel(playground, header)
            with gr.Column(elem_id="snippet"):
                language = gr.Radio(
                    [(item.label, name) for name, item in LANGUAGES.items()],
                    value="curl",
                    label="The same call as a program",
                    elem_id="language",
                )
                code = html(elem_id="code")
    tab = GenerateTab(
        playground, header, model, facts, prompt, examples, form, note, button, panel, language, code
    )  # fmt: skip
    choosing = {*tab.reads, panel.job}
    model.input(bind(choose_model, tab), choosing, (tab.parts - {model}) | {panel.result}, **LATEST)
    gr.on([part.change for part in (prompt, language, *form.controls)], None, None, js=FOLLOW_SOON, **DIRECT)
    note.input(bind(follow, tab), tab.reads, tab.follows, **LATEST)
    for example in examples:
        example.click(bind(fill_example, tab), {*tab.reads, example}, tab.parts - {model}, **DIRECT)
    panel.watched(
        gr.on(
            [button.click, prompt.submit],
            bind(generate, tab),
            tab.reads | panel.reads,
            panel.parts,
            **{**DIRECT, "trigger_mode": "multiple"},
        )
    )
    return tab


def read_form(tab: GenerateTab, given: Updates) -> tuple[Model, dict[str, Any]]:
    """The chosen model and every parameter that is filled in."""
    model = chosen_model(tab, given)
    prompted = {model.by_role(Role.PROMPT) or "": given[tab.prompt]} if given[tab.prompt] else {}
    values = {**tab.form.values(model, given), **prompted}
    return model, {name: values[name] for name in model.parameters if name in values}


def chosen_model(tab: GenerateTab, given: Updates) -> Model:
    """The model in the picker; a forged one is the catalog's first."""
    return tab.playground.catalog.find(given[tab.model] or "") or tab.playground.catalog.first


# -- what an event shows --------------------------------------------------------------------------


def show_form(
    tab: GenerateTab, model: Model, parameters: Mapping[str, Any], visit: Visit, language: str = "curl"
) -> Updates:
    """Updates of ``tab.parts``: a model with these parameters, and all that follows from them."""
    playground = tab.playground
    checked = playground.check_form(model, parameters)
    account = playground.account(visit)
    seen = None if account.payer == "sandbox" else playground.jobs.learned(account, model.id)
    titles = list(examples_of(model))
    buttons = [gr.update(value=title, visible=True) for title in titles]
    buttons += [gr.update(visible=False)] * (EXAMPLES - len(titles))
    return {
        tab.model: model.id,
        tab.chips: chips(playground.catalog, model, seen),
        **dict(zip(tab.examples, buttons, strict=True)),
        **show_price(tab, model, parameters, checked, visit, language),
        tab.prompt: gr.update(value=_prompt(model, parameters), **_explained_prompt(model, parameters, checked)),
        **tab.form.show(model, parameters, checked.problems),
    }


def show_price(
    tab: GenerateTab, model: Model, parameters: Mapping[str, Any], checked: CheckedForm, visit: Visit, language: str
) -> Updates:
    """What does not touch the form: price, address and program."""
    shown = LANGUAGES[language]
    if checked.request:
        program = tab.playground.snippet(checked.request, visit, language)
    else:
        reason = " ".join(checked.problems[0].what.splitlines())
        program = f"{shown.comment} Not a request yet. {reason}"
    address = render("query", tab="generate", query=write_generate_query(model, parameters))
    return {
        tab.note: render("note", text=model.price_note) + address,
        tab.button: f"Generate · {checked.cost}",
        tab.code: render("code", text=program, what=shown.label, lexer=shown.lexer),
    }


def show_example(tab: GenerateTab, model: Model) -> Updates:
    """The model's example, shown where the result will be."""
    return {tab.panel.result: result.show_example(tab.playground.catalog, model)}


# -- handlers -------------------------------------------------------------------------------------


def follow(tab: GenerateTab, given: Updates) -> Updates:
    """Price, explanations, program and address for the form as it stands. Sends nothing."""
    model, parameters = read_form(tab, given)
    checked = tab.playground.check_form(model, parameters)
    explained = tab.form.explain(model, checked.problems)
    return {
        **show_price(tab, model, parameters, checked, given[tab.header.visit], given[tab.language]),
        tab.prompt: gr.update(**_explained_prompt(model, parameters, checked)),
        **{control: gr.update(**properties) for control, properties in explained.items()},
    }


def choose_model(tab: GenerateTab, given: Updates) -> Updates:
    """Another model: its form with its defaults. A prompt of the visitor's own is kept, and so is a job that is shown."""
    model, prompt = chosen_model(tab, given), given[tab.prompt]
    own = prompt and prompt not in example_prompts(tab.playground.catalog)
    parameters = {model.by_role(Role.PROMPT) or "": prompt} if own else model.example
    updates = show_form(tab, model, parameters, given[tab.header.visit], given[tab.language])
    del updates[tab.model]  # the picker may hold another choice by now
    return updates if given[tab.panel.job] else {**updates, **show_example(tab, model)}


def fill_example(tab: GenerateTab, given: Updates) -> Updates:
    """Fill the form with the example whose button was clicked. Sends nothing."""
    model = chosen_model(tab, given)
    title = next(given[example] for example in tab.examples if example in given)
    parameters = examples_of(model).get(title)
    if parameters is None:  # another model was chosen meanwhile
        return {tab.prompt: gr.skip()}
    updates = show_form(tab, model, parameters, given[tab.header.visit], given[tab.language])
    del updates[tab.model]
    return updates


async def generate(tab: GenerateTab, given: Updates, request: gr.Request) -> Updates:
    """Send the form as a request; the panel watches its job."""
    model, parameters = read_form(tab, given)
    return await submit(tab.panel, model.id, parameters, given, request)


def examples_of(model: Model) -> dict[str, Mapping[str, Any]]:
    """The parameters of a model's examples by title, its own full one first."""
    field = model.by_role(Role.PROMPT) or ""
    examples = {"Example": model.example} if model.example else {}
    examples |= {item.title: {field: item.prompt} for item in model.prompts}
    return dict(list(examples.items())[:EXAMPLES])


def _prompt(model: Model, parameters: Mapping[str, Any]) -> str:
    return str(parameters.get(model.by_role(Role.PROMPT) or "", ""))


def _explained_prompt(model: Model, parameters: Mapping[str, Any], checked: CheckedForm) -> dict[str, Any]:
    """What is wrong with a prompt that has been begun; an empty one needs no explanation until it is sent."""
    name = model.by_role(Role.PROMPT)
    wrong = next((error for error in checked.problems if error.field == name), None)
    if wrong is None or not _prompt(model, parameters):
        return {"info": "", "elem_classes": []}
    return {"info": hint(wrong), "elem_classes": ["wrong"]}
