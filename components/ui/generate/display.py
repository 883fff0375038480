"""The components of the Generate tab, and what they show for a form: price, address, explanations, code, and the result's mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.forms import CheckedForm
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.catalog.requests import fill_defaults
from components.errors import CapReached
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.events import Updates
from components.ui.generate.code import CodeChoice, CodePanel, show_code
from components.ui.generate.form import Form, hint
from components.ui.generate.image_switch import ImageSwitch, Switch
from components.ui.generate.panel import JobPanel, shown_job
from components.ui.header import Header
from components.views import job as result
from components.views.models.cards import show_chosen
from components.views.queries.generate import write_generate_query
from components.views.templates import render

EXAMPLES = 4
MOST_FRAMES = 9


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


def read_form(tab: GenerateTab, given: Updates, model: Model | None = None) -> tuple[Model, dict[str, Any]]:
    """The chosen model, or another one whose form is shown, and every parameter that is filled in."""
    model = model or chosen_model(tab, given)
    prompted = {model.by_role(Role.PROMPT) or "": given[tab.prompt]} if given[tab.prompt] else {}
    values = {**tab.form.values(model, given), **prompted}
    return model, {name: values[name] for name in model.parameters if name in values}


def chosen_model(tab: GenerateTab, given: Updates) -> Model:
    """The model in the picker; a forged one is the catalog's first."""
    return tab.playground.catalog.find(given[tab.model] or "") or tab.playground.catalog.first


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
    seen = None if account.payer == "sandbox" else playground.jobs.run_times.learned(account, model.id)
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
        tab.note: price_note(model, parameters, checked, job.id if job else ""),
        tab.button: f"Generate · {checked.cost}",
        tab.panel.changed: "" if same else result.show_changed(tab.playground.catalog, job),
        **show_code(tab.code, checked, choice, visit, job, same=same),
    }


def show_example(tab: GenerateTab, model: Model, parameters: Mapping[str, Any]) -> Updates:
    """The model's example if the form asks for it, else an empty place; no job is shown any more."""
    return {tab.panel.result: result.show_example(tab.playground.catalog, model, parameters), tab.panel.job: ""}


async def fill_form(tab: GenerateTab, model: Model, parameters: Mapping[str, Any], given: Updates) -> Updates:
    """A model with these parameters; the result that is shown stays, or without one the model's example comes."""
    job = await shown_job(tab.panel, given)
    filled = show_form(tab, model, parameters, given[tab.header.visit], tab.code.read(given), job)
    return filled if job else {**filled, **show_example(tab, model, parameters)}


async def show_fit(tab: GenerateTab, checked: CheckedForm, visit: Visit) -> Updates:
    """Updates of ``fit``, and of the button where its price does not fit the caps."""
    try:
        (await tab.playground.budget(visit)).check(checked.cost.credits)
    except CapReached as error:
        note = render("note", text=f"{error.what} {error.next_step}", tone="warn")
        return {tab.fit: note, tab.button: f"{checked.cost} · does not fit"}
    return {tab.fit: ""}


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


def price_note(model: Model, parameters: Mapping[str, Any], checked: CheckedForm, job_id: str, said: str = "") -> str:
    """The note on the price, with hidden data for the browser: the form's address, the ratio and count of the skeleton, and
    ``said``, an announcement for screen readers."""
    query = write_generate_query(model, parameters, job_id)
    count = min(checked.draft.count, MOST_FRAMES)
    return render("note", text=model.price_note) + render(
        "form_data",
        query=query,
        ratio=result.shape_ratio(checked.draft.shape) or 1.0,
        count=count,
        wrong=checked.problems,
        said=said,
    )


def _prompt(model: Model, parameters: Mapping[str, Any]) -> str:
    return str(parameters.get(model.by_role(Role.PROMPT) or "", ""))


def show_explanations(
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
