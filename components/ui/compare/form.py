"""The shared form of a comparison: one field for each role, whatever the models call it, and the models themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.catalog.parameters import Role
from components.catalog.shared_form import QUALITIES, SHAPES, STANDARD
from components.comparisons.plan import MOST_SAMPLES
from components.playground import Playground
from components.ui.events import Updates
from components.ui.html import html
from components.ui.picker import SeveralModels, build_several
from components.views.models.facts import upload_control
from components.views.queries.compare import ROLE_DEFAULTS, ComparisonDraft, settings_title
from components.views.words import ROLE_WORDS

OWN = ""
OWN_LABEL = "each model's default"


@dataclass(frozen=True)
class CompareForm:
    """The controls. ``lock`` keeps a seed for the next comparison, ``settings`` is the fold around all but the prompt."""

    models: SeveralModels
    roles: Mapping[Role, gr.components.Component]
    samples: gr.Number
    lock: gr.Checkbox
    settings: gr.Accordion

    @property
    def controls(self) -> set[gr.components.Component]:
        """Every part that changes the plan."""
        return {self.models.box, self.samples, *self.roles.values()}

    def read(self, given: Mapping[Any, Any]) -> ComparisonDraft:
        """The values of the controls, without empty ones."""
        shared = {}
        for role, control in self.roles.items():
            value = given[control]
            if role is Role.IMAGES:
                value = [line.strip() for line in str(value or "").splitlines() if line.strip()]
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if value not in (None, "", []):
                shared[str(role)] = value
        samples = given[self.samples]
        return ComparisonDraft(self.models.read(given), shared, int(samples) if samples else 1)

    def show(self, draft: ComparisonDraft) -> Updates:
        """Updates that fill the controls."""
        updates: Updates = {**self.models.show(draft.models), self.samples: draft.samples}
        for role, control in self.roles.items():
            value = draft.shared.get(str(role))
            if role is Role.IMAGES:
                value = "\n".join(map(str, value or ()))
            updates[control] = gr.update(value=value if value is not None else ROLE_DEFAULTS.get(role))
        return updates


def build_shape_and_quality() -> tuple[gr.Dropdown, gr.Dropdown]:
    """The two lists whose first choice leaves each model its own default."""
    shape = gr.Dropdown(
        [(OWN_LABEL, OWN), *((item, item) for item in SHAPES)],
        value=OWN,
        label=ROLE_WORDS[Role.SHAPE],
        min_width=120,
    )
    quality = gr.Dropdown(
        [(OWN_LABEL if item == STANDARD else item, item) for item in QUALITIES],
        value=STANDARD,
        label=ROLE_WORDS[Role.QUALITY],
        min_width=120,
    )
    return shape, quality


def build_compare_form(playground: Playground, opens_with: ComparisonDraft) -> CompareForm:
    """The controls inside the current column, filled with ``opens_with``."""
    shared = opens_with.shared
    with gr.Row(elem_id="compare-bar", equal_height=False):
        with gr.Column(scale=6, min_width=320, elem_id="compare-request"):
            prompt = gr.Textbox(
                value=shared.get("prompt", ""),
                label=ROLE_WORDS[Role.PROMPT],
                lines=2,
                max_lines=12,
                elem_id="compare-prompt",
                max_length=100_000,
            )
        with gr.Column(scale=6, min_width=320, elem_id="compare-chosen-models"):
            models = build_several(playground.catalog, opens_with.models, "compare-models")
    settings = gr.Accordion(settings_title(opens_with), open=False, elem_id="compare-settings")
    with settings, gr.Column(elem_classes="fields four"):
        shape, quality = build_shape_and_quality()
        samples = gr.Number(value=1, precision=0, label=f"Samples of each, 1–{MOST_SAMPLES}", min_width=120)
        count = gr.Number(value=1, precision=0, label=ROLE_WORDS[Role.COUNT], min_width=120)
        seed = gr.Number(
            precision=0,
            placeholder="random",
            label=ROLE_WORDS[Role.SEED],
            min_width=120,
            elem_id="compare-seed",
        )
        lock = gr.Checkbox(label="Keep this seed", min_width=120, elem_id="compare-lock")
        negative = gr.Textbox(label=ROLE_WORDS[Role.NEGATIVE], max_lines=6, elem_classes=["wide"])
        with gr.Column(elem_classes=["image-field", "wide"]):
            images = gr.Textbox(
                lines=1, max_lines=10, placeholder="https://…, one address a line", label=ROLE_WORDS[Role.IMAGES],
                elem_id="compare-images",
            )  # fmt: skip
            html(upload_control(playground.uploads_refused, many=True))
    roles: dict[Role, gr.components.Component] = {
        Role.PROMPT: prompt, Role.SHAPE: shape, Role.IMAGES: images, Role.COUNT: count, Role.SEED: seed,
        Role.NEGATIVE: negative, Role.QUALITY: quality,
    }  # fmt: skip
    return CompareForm(models, roles, samples, lock, settings)
