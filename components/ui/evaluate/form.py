"""The form of a new evaluation: prompts, models, settings for all of them, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.parameters import Role
from components.comparisons.plan import MOST_SAMPLES
from components.errors import InputError
from components.evaluation.evaluation import MOST_PER_MODEL, PER_MODEL, Draft
from components.evaluation.prompts import PromptSet, read_text
from components.evaluation.voting.ballots import Question
from components.playground import Playground
from components.ui.compare.form import build_shape_and_quality
from components.ui.html import html
from components.ui.picker import SeveralModels, build_several
from components.views.models.facts import cheapest, upload_control
from components.views.queries.compare import read_choice
from components.views.templates import render
from components.views.words import ROLE_WORDS

PLACEHOLDER = "A red kite over a beach\nA {watercolour|pencil} drawing of a {cat|dog}"
PROMPTS_INFO = 'One prompt a line. {a|b} stands for both. Put """ on lines of their own around a prompt of several lines.'
QUESTIONS = {
    "follows the prompt?": Question.PROMPT,
    "has fewer faults?": Question.FAULTS,
}
# The browser's script sends what it has read from a file.
TAKE_FILE = "window.playground = { ...window.playground, usePrompts: (read) => trigger('input', read) }"


@dataclass(frozen=True)
class EvaluateForm:
    """The controls. ``chosen`` holds a PromptSet that takes the place of the text, and where it comes from; or None."""

    prompts: gr.Textbox
    chosen: gr.State
    chosen_html: gr.HTML
    example_set: gr.Button
    write: gr.Button
    file: gr.HTML
    models: SeveralModels
    roles: Mapping[Role, gr.components.Component]
    repeats: gr.Number
    budget: gr.Textbox
    per_model: gr.Number
    questions: gr.CheckboxGroup
    name: gr.Textbox

    @property
    def controls(self) -> set[gr.components.Component]:
        """Every part that changes the plan."""
        numbers = {self.repeats, self.budget, self.per_model}
        return {self.prompts, self.models.box, *self.roles.values(), *numbers}

    @property
    def reads(self) -> set[gr.components.Component]:
        """What :meth:`read` needs."""
        return {*self.controls, self.chosen, self.questions, self.name}

    def read(self, playground: Playground, given: Mapping[Any, Any]) -> Draft:
        """What the controls hold. Raises InputError."""
        chosen: tuple[PromptSet, str] | None = given[self.chosen]
        prompts = chosen[0] if chosen else read_text(given[self.prompts] or "")
        shared = {str(role): _shared_value(role, given[control]) for role, control in self.roles.items()}
        return Draft(
            prompts.prompts,
            tuple(read_choice(playground.catalog, text) for text in self.models.read(given)),
            {role: value for role, value in shared.items() if value not in (None, "", [])},
            _whole(given[self.repeats], 1),
            read_number("budget", given[self.budget]),
            _whole(given[self.per_model], PER_MODEL),
            (Question.PREFERENCE, *(QUESTIONS[label] for label in given[self.questions] or () if label in QUESTIONS)),
            (given[self.name] or "").strip(),
        )


def build_evaluate_form(playground: Playground) -> EvaluateForm:
    """The controls inside the current column."""
    prompts = gr.Textbox(
        label="Prompts", info=PROMPTS_INFO, placeholder=PLACEHOLDER, lines=6, max_lines=16, elem_id="evaluate-prompts",
        max_length=2_000_000,
    )  # fmt: skip
    chosen_html = html(elem_id="evaluate-set")
    with gr.Row(elem_id="evaluate-sources"):
        example_set = gr.Button("Use the 24 example prompts", size="sm", min_width=60, elem_id="evaluate-example-set")
        write = gr.Button("Write prompts instead", size="sm", min_width=60, visible=False, elem_id="evaluate-write")
    file = html(render("evaluation/file"), elem_id="evaluate-file", on_load=TAKE_FILE)
    html("<h3>Models</h3>")
    models = build_several(playground.catalog, cheapest(playground.catalog), "evaluate-models")
    with gr.Column(elem_classes="fields"):
        repeats = gr.Number(value=1, precision=0, label=f"Pictures per prompt and model, 1–{MOST_SAMPLES}", min_width=120)
        budget = gr.Textbox(label="Budget, credits", placeholder="what all of it costs", max_lines=1, min_width=120)
        shape, quality = build_shape_and_quality()
        with gr.Accordion("More: questions, name, seed, what to avoid, pace", open=False, elem_id="evaluate-more"):
            with gr.Column(elem_classes="fields"):
                questions = gr.CheckboxGroup(list(QUESTIONS), label="Ask voters also which picture", elem_classes=["wide"])
                name = gr.Textbox(label="Name", placeholder="from the first prompt", max_length=120, elem_classes=["wide"])
                seed = gr.Textbox(label=ROLE_WORDS[Role.SEED], placeholder="none", max_lines=1, min_width=120)
                per_model = gr.Number(
                    value=PER_MODEL, precision=0, label=f"Jobs of a model at once, 1–{MOST_PER_MODEL}", min_width=120
                )
                negative = gr.Textbox(label=ROLE_WORDS[Role.NEGATIVE], max_lines=6, elem_classes=["wide"])
                with gr.Column(elem_classes=["image-field", "wide"]):
                    images = gr.Textbox(
                        label="Input images for all prompts", placeholder="https://…, one address a line", max_lines=10
                    )
                    html(upload_control(playground.uploads_refused, many=True))
    roles: dict[Role, gr.components.Component] = {
        Role.SHAPE: shape, Role.IMAGES: images, Role.SEED: seed, Role.NEGATIVE: negative, Role.QUALITY: quality,
    }  # fmt: skip
    return EvaluateForm(
        prompts=prompts,
        chosen=gr.State(None),
        chosen_html=chosen_html,
        example_set=example_set,
        write=write,
        file=file,
        models=models,
        roles=roles,
        repeats=repeats,
        budget=budget,
        per_model=per_model,
        questions=questions,
        name=name,
    )


def _shared_value(role: Role, value: Any) -> Any:
    if role is Role.IMAGES:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]
    return read_number("seed", value) if role is Role.SEED else value


def read_number(name: str, text: str | None) -> float | None:
    """None for an empty field; a whole number as an int. Raises InputError."""
    if not (text or "").strip():
        return None
    try:
        value = float(str(text).replace(",", "").replace(" ", ""))
        return int(value) if value.is_integer() else value
    except (ValueError, OverflowError):
        raise InputError(name, f"{name}: must be a number.") from None


def _whole(value: Any, otherwise: int) -> int:
    """Raises InputError for a number with a fraction."""
    if value in (None, ""):
        return otherwise
    if int(value) != value:
        raise InputError("repeats", "repeats: must be a whole number.")
    return int(value)
