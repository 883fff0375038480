"""The code panel: the request as code, in a language, to the service or to this page's sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from components.catalog.forms import CheckedForm
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.ui.events import Updates
from components.ui.generate.form import problem_text
from components.ui.html import html
from components.views.templates import render

SERVICE, SANDBOX = "service", "sandbox"


@dataclass(frozen=True)
class CodeChoice:
    """What the code is written in, and whom it calls where the sandbox draws for this visit."""

    language: str = "curl"
    target: str = SERVICE


@dataclass(frozen=True)
class CodePanel:
    """The components of the panel."""

    playground: Playground
    title: gr.HTML
    language: gr.Radio
    target: gr.Radio
    code: gr.HTML

    @property
    def reads(self) -> set[Any]:
        """What :meth:`read` reads."""
        return {self.language, self.target}

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_code` updates."""
        return {self.title, self.target, self.code}

    def read(self, given: Mapping[Any, Any]) -> CodeChoice:
        """What is chosen."""
        return CodeChoice(given[self.language] or "curl", given[self.target] or SERVICE)


def build_code_panel(playground: Playground) -> CodePanel:
    """Build the panel inside the current column."""
    host = urlsplit(playground.accounts.service.base_url).netloc
    bare: dict[str, Any] = {"show_label": False, "container": False, "min_width": 0, "elem_classes": "segments"}
    with gr.Column(elem_id="snippet"):
        with gr.Row(elem_id="snippet-bar"):
            title = html(elem_id="snippet-title")
            target = gr.Radio(
                [(host, SERVICE), ("Sandbox", SANDBOX)], value=SERVICE, label="Calls", elem_id="snippet-target", **bare
            )
            language = gr.Radio(
                [(item.label, name) for name, item in LANGUAGES.items()],
                value="curl",
                label="Language of the code",
                elem_id="language",
                **bare,
            )
        code = html(elem_id="code")
    return CodePanel(playground, title, language, target, code)


def show_code(
    panel: CodePanel, checked: CheckedForm, choice: CodeChoice, visit: Visit, job: Job | None, *, same: bool
) -> Updates:
    """Updates of ``panel.parts`` for the form. ``same``: the shown result, that of ``job`` or the example, was made from it.

    The task id of a job is known only to the server that ran it: code that calls another one does not name it.
    """
    playground, shown = panel.playground, LANGUAGES[choice.language]
    drawn = playground.account(visit).payer == "sandbox"
    at_service = not drawn or choice.target == SERVICE
    if checked.request:
        known = job.task_id if job and same and (job.payer == "sandbox") != at_service else None
        program = playground.snippet(checked.request, visit, choice.language, known, at_service=drawn and at_service)
    else:
        reason = problem_text(checked.draft.model, checked.problems[0])
        program = f"{shown.comment} Not a request yet. {reason}"
    title = render("code_title", same=same, job=job, sandbox=not at_service)
    return {
        panel.title: title,
        panel.target: gr.update(visible=drawn),
        panel.code: render("code", text=program, what=shown.label, lexer=shown.lexer),
    }
