"""The Generate tab: choose a model, fill its form, see the price, get the picture, copy the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.models import Model
from components.catalog.parameters import Role
from components.catalog.prices import Cost, base_credits, price
from components.catalog.requests import build_request, find_problems
from components.errors import InputError
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.ui.events import LATEST, QUIET, Updates
from components.ui.generate.form import Form, build_form, hint
from components.ui.generate.panel import JobPanel, build_job_panel
from components.views import job as result
from components.views.models import chips, example_prompts, model_options
from components.views.queries import write_generate_query
from components.views.templates import render
from components.views.words import button_text

EXAMPLES = 4
RING = "() => window.playground.ring()"


@dataclass(frozen=True)
class GenerateTab:
    """What the page wires to others: the picker, the job panel, and how to fill the tab."""

    model: gr.Dropdown
    panel: JobPanel
    filled: Callable[[Model, Mapping[str, Any], Visit], Updates]
    filling: frozenset[Any]
    choose: Callable[[Updates], Updates]
    choosing: frozenset[Any]
    follow: Callable[[Updates], Updates]
    read: frozenset[Any]
    following: frozenset[Any]


def build_generate_tab(playground: Playground, visit: gr.State, paying: gr.Textbox) -> GenerateTab:
    """Build and wire the tab. ``visit`` holds the page's :class:`Visit`, ``paying`` who pays by what the page shows."""
    catalog = playground.catalog
    with gr.Row(elem_id="generate", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="ask"):
            with gr.Column(elem_id="choose"):
                model = gr.Dropdown(model_options(catalog), value=catalog.first.id, label="Model", elem_id="model")
                facts = gr.HTML(chips(catalog, catalog.first), elem_id="facts")
            with gr.Column(elem_id="describe"):
                prompt = gr.Textbox(label="Prompt", lines=3, max_lines=12, elem_id="prompt", max_length=100_000)
                with gr.Row(elem_id="examples"):
                    examples = [gr.Button("…", size="sm", min_width=60) for _ in range(EXAMPLES)]
            form = build_form(catalog, playground.uploads_refused)
            with gr.Column(elem_id="act"):
                notice = gr.HTML(elem_id="price-note")
                generate = gr.Button("Generate", variant="primary", size="lg", elem_id="generate-button")
        with gr.Column(scale=7, min_width=320, elem_id="answer"):
            panel = build_job_panel(playground, visit, paying)
            with gr.Column(elem_id="snippet"):
                language = gr.Radio(
                    [(item.label, name) for name, item in LANGUAGES.items()],
                    value="curl",
                    label="The same call as a program",
                    elem_id="language",
                )
                code = gr.Code(
                    language="shell",
                    interactive=False,
                    show_label=False,
                    show_line_numbers=False,
                    max_lines=24,
                    elem_id="code",
                )
    bell = gr.Button(visible="hidden", elem_id="follow")
    address = gr.Textbox(visible="hidden", elem_id="address")
    everything = {model, prompt, language, visit, *form.controls}
    place = panel.place

    def read(given: Mapping[Any, Any]) -> tuple[Model, dict[str, Any]]:
        """The chosen model and every parameter the visitor gave."""
        chosen = catalog.find(given[model] or "") or catalog.first
        text = given[prompt] or ""
        prompted = {chosen.by_role(Role.PROMPT) or "": text} if text else {}
        values = {**form.values(chosen, given), **prompted}
        return chosen, {name: values[name] for name in chosen.parameters if name in values}

    def follow(given: Updates) -> Updates:
        """Price, explanations, program and address for the form as it stands. Sends nothing."""
        return followed(*read(given), given[language], given[visit])

    def followed(chosen: Model, parameters: Mapping[str, Any], tongue: str, visitor: Visit) -> Updates:
        problems = find_problems(chosen, parameters)
        return {
            **form.explain(chosen, problems),
            prompt: _explain_prompt(chosen, parameters, problems),
            generate: gr.update(value=button_text(_price(playground, chosen, parameters))),
            code: gr.update(
                value=_program(playground, visitor, chosen, parameters, tongue), language=LANGUAGES[tongue].editor
            ),
            address: write_generate_query(chosen, parameters),
        }

    def choose(given: Updates) -> Updates:
        """Another model: its form with its defaults. A prompt of the visitor's own is kept."""
        chosen = catalog.find(given[model] or "") or catalog.first
        own = given[prompt] and given[prompt] not in example_prompts(catalog)
        parameters = {chosen.by_role(Role.PROMPT) or "": given[prompt]} if own else chosen.example
        updates = filled(chosen, parameters, given[visit], given[language])
        if given[panel.job]:
            del updates[place]
        del updates[model]
        return updates

    def filled(chosen: Model, parameters: Mapping[str, Any], visitor: Visit, tongue: str = "curl") -> Updates:
        """Updates that show a model with these parameters and all that follows, its example as the result."""
        updates = form.show(chosen, parameters)
        updates[model] = chosen.id
        updates[prompt] = gr.update(value=parameters.get(chosen.by_role(Role.PROMPT) or "", ""))
        account = playground.account(visitor)
        seen = None if account.payer == "sandbox" else playground.jobs.learned(account, chosen.id)
        updates[facts] = chips(catalog, chosen, seen)
        updates[notice] = render("note", text=chosen.price_note)
        updates[place] = result.show_example(playground, chosen)
        updates |= dict(zip(examples, _example_buttons(chosen), strict=True))
        for control, update in followed(chosen, parameters, tongue, visitor).items():
            updates[control] = {**updates[control], **update} if control in updates else update
        return updates

    async def begin(given: Updates, request: gr.Request) -> Updates:
        """Send the form as a request; the panel watches its job."""
        chosen, parameters = read(given)
        return dict(
            await panel.send(lambda: build_request(catalog, chosen.id, parameters), given[visit], given[paying], request)
        )

    following = {generate, code, address, prompt, *form.controls}
    filling = {model, facts, notice, place, *examples, form.fold, *following}
    choosing = {model, prompt, panel.job, language, visit}
    model.input(choose, choosing, filling - {model}, **LATEST)
    # Every change of a control only rings: of the twenty that a new model changes at once, one call is made.
    gr.on([part.change for part in (prompt, language, *form.controls)], None, None, js=RING, **QUIET)
    bell.click(follow, everything, following, **LATEST)
    address.change(None, address, js="(query) => window.playground.address(query)", **QUIET)
    for number, button in enumerate(examples):
        button.click(_fill(playground, form, prompt, number), {model}, {prompt, *form.controls, form.fold}, **QUIET)
    asked = gr.on(
        [generate.click, prompt.submit],
        begin,
        {*everything, paying},
        set(panel.parts),
        trigger_mode="multiple",
        **QUIET,
    )
    panel.watched(asked)
    return GenerateTab(
        model=model,
        panel=panel,
        filled=filled,
        filling=frozenset(filling),
        choose=choose,
        choosing=frozenset(choosing),
        follow=follow,
        read=frozenset(everything),
        following=frozenset(following),
    )


def _fill(playground: Playground, form: Form, prompt: gr.Textbox, number: int) -> Any:
    def fill(given: Updates) -> Updates:
        """Fill the form with an example. Sends nothing."""
        (picked,) = given.values()
        chosen = playground.catalog.find(picked or "") or playground.catalog.first
        options = _examples(chosen)
        if number >= len(options):
            return {prompt: gr.skip()}
        parameters = options[number][1]
        return {**form.show(chosen, parameters), prompt: parameters.get(chosen.by_role(Role.PROMPT) or "", "")}

    return fill


def _examples(model: Model) -> list[tuple[str, Mapping[str, Any]]]:
    """Titles and parameters of a model's examples, its own full one first."""
    field = model.by_role(Role.PROMPT) or ""
    first = [("Example", model.example)] if model.example else []
    return [*first, *((item.title, {field: item.prompt}) for item in model.prompts)][:EXAMPLES]


def _example_buttons(model: Model) -> list[Any]:
    titles = [title for title, _ in _examples(model)]
    return [
        gr.update(value=titles[number], visible=True) if number < len(titles) else gr.update(visible=False)
        for number in range(EXAMPLES)
    ]


def _explain_prompt(model: Model, parameters: Mapping[str, Any], problems: list[InputError]) -> dict[str, Any]:
    """What is wrong with a prompt that has been begun; an empty one needs no telling until it is sent."""
    name = model.by_role(Role.PROMPT)
    wrong = [error for error in problems if error.field == name] if parameters.get(name or "") else []
    return dict(gr.update(info=hint(wrong[0]) if wrong else "", elem_classes=["wrong"] if wrong else []))


def _price(playground: Playground, model: Model, parameters: Mapping[str, Any]) -> Cost:
    """The price of the legal part of a form: what is not legal is not sent either."""
    wrong = {error.field for error in find_problems(model, parameters, prompt_needed=False)}
    legal = {name: value for name, value in parameters.items() if name not in wrong}
    try:
        return price(playground.catalog, build_request(playground.catalog, model.id, legal, prompt_needed=False))
    except InputError:
        credits = base_credits(model)
        return Cost(credits, playground.catalog.usd(credits))


def _program(playground: Playground, visit: Visit, model: Model, parameters: Mapping[str, Any], language: str) -> str:
    try:
        request = build_request(playground.catalog, model.id, parameters)
    except InputError as error:
        return f"{LANGUAGES[language].comment} Not a request yet. {' '.join(error.what.splitlines())}"
    return playground.snippet(request, visit, language)
