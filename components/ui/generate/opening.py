"""Opening a job in the Generate tab: its picture, its form and its code together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import gradio as gr

from components.catalog.forms import form_settings
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.errors import DatabaseUnavailable, InputError, PlaygroundError
from components.jobs.job import HistoryEntry
from components.playground import Visit
from components.ui.events import Updates
from components.ui.generate.code import CodeChoice
from components.ui.generate.display import GenerateTab, show_example, show_form
from components.ui.generate.panel import show_error, show_job, show_others, with_star
from components.views import job as result


async def open_job(tab: GenerateTab, job_id: str, visit: Visit, choice: CodeChoice | None = None) -> Updates:
    """A job of this visitor with its form and code; an error where there is none."""
    try:
        entry = await tab.playground.jobs.entry(job_id, visit.visitor)
    except PlaygroundError as error:
        return show_error(tab.panel, error)
    return await open_entry(tab, entry, visit, choice)


async def open_entry(tab: GenerateTab, entry: HistoryEntry, visit: Visit, choice: CodeChoice | None = None) -> Updates:
    """A job with its form and code. If its model no longer exists, the form is kept and the picture is marked."""
    job = entry.job
    others, _ = await show_others(tab.panel, visit, job.id)
    try:
        model, parameters = form_settings(tab.playground.catalog, job.model, job.body)
    except InputError:
        return {**others, **show_job(tab.panel, entry), tab.panel.changed: result.show_changed(tab.playground.catalog, job)}
    shown = {**show_form(tab, model, parameters, visit, choice, job), **show_job(tab.panel, entry)}
    return {**others, **shown, tab.form.lock: lock(model, locked=False)}


async def open_last(tab: GenerateTab, visit: Visit) -> Updates:
    """Show this visitor's newest job that still runs or waits for a decision, else the newest with pictures, if any."""
    try:
        service = tab.playground.jobs
        jobs = await service.unfinished(visit.visitor) or await service.recent(visit.visitor, 1)
    except DatabaseUnavailable:
        return {}
    return await open_entry(tab, await with_star(tab.panel, jobs[0], visit), visit) if jobs else {}


async def open_form(
    tab: GenerateTab, model: Model, parameters: Mapping[str, Any], visit: Visit, job_id: str = ""
) -> Updates:
    """A form, beside it the result of the job if it is this visitor's, else the model's example or an empty place.

    A form without a prompt, which an address does not hold where it is too long, is that of the job.
    """
    entry = None
    if job_id:
        with suppress(PlaygroundError):
            entry = await tab.playground.jobs.entry(job_id, visit.visitor)
    if entry and not parameters.get(model.by_role(Role.PROMPT) or ""):
        return await open_entry(tab, entry, visit)
    others, _ = await show_others(tab.panel, visit, entry.job.id if entry else "")
    shown = show_job(tab.panel, entry) if entry else show_example(tab, model, parameters)
    filled = show_form(tab, model, parameters, visit, job=entry.job if entry else None)
    locked = entry is None and (model.by_role(Role.SEED) or "") in parameters  # a link asks for its seed
    return {**others, **filled, **shown, tab.form.lock: lock(model, locked=locked)}


def lock(model: Model, *, locked: bool) -> Any:
    """The update of the form's lock: whether the seed in the form is the next request's, too."""
    return gr.update(value=locked, visible=model.by_role(Role.SEED) is not None)
