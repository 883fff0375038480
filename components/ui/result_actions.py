"""What the buttons of a result do (``views/actions.py``), on whichever tab it is shown: one handler for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.catalog.forms import form_settings, keep_values
from components.catalog.models import Model
from components.catalog.parameters import Role
from components.errors import InputError, PlaygroundError
from components.jobs.job import Job
from components.playground import Playground
from components.ui.compare.display import CompareTab
from components.ui.compare.opening import open_compare
from components.ui.events import DIRECT, EACH, Updates, bind, sent
from components.ui.generate.display import GenerateTab, chosen_model, fill_form, read_form, show_form
from components.ui.generate.image_switch import with_mode
from components.ui.generate.opening import open_entry, open_job
from components.ui.generate.panel import shown_job, with_star
from components.ui.generate.tab import ANSWERED, submit
from components.ui.header import Header, paying_visit, show_account
from components.views.actions import models_with_image_input, upscaling_model
from components.views.links import picture_path
from components.views.queries.compare import other_models_query

SEND_ACTIONS = """window.playground = {
  ...window.playground,
  resultAction: (detail) => trigger('input', detail),
  star: (detail) => trigger('select', detail),
}"""
UNREACHABLE = "This page has no public address, so the service could not fetch the picture from here."
NO_IMAGE_MODEL = "No model here takes input images."


@dataclass(frozen=True)
class ResultActions:
    """What the actions touch. ``receiver`` is a hidden component that every click reaches by assets/actions.js.

    ``acted`` is the event after which a list that shows jobs has to look anew.
    """

    playground: Playground
    header: Header
    tabs: gr.Tabs
    generate: GenerateTab
    compare: CompareTab
    receiver: gr.HTML
    acted: Any = None


def wire_result_actions(
    playground: Playground, header: Header, tabs: gr.Tabs, generate: GenerateTab, compare: CompareTab
) -> ResultActions:
    """Build the receiver and wire it."""
    actions = ResultActions(
        playground, header, tabs, generate, compare, gr.HTML(visible="hidden", js_on_load=SEND_ACTIONS)
    )  # fmt: skip
    outputs = {*generate.parts, *generate.panel.parts, *compare.parts, *header.parts, tabs}
    acted = actions.receiver.input(bind(act, actions), generate.reads, outputs, **EACH)
    acted.then(None, None, None, js=ANSWERED, **DIRECT)
    generate.panel.watched(acted)
    compare.watched(acted)
    actions.receiver.select(bind(star, actions), {header.visit}, header.parts, **EACH)
    return replace(actions, acted=acted)


async def act(actions: ResultActions, given: Updates, event: gr.EventData, request: gr.Request) -> Updates:
    """Run the action of a result's button. Everything but a comparison is shown in Generate."""
    visit, action, job_id = given[actions.header.visit], sent(event, "action"), sent(event, "job_id")
    tab = actions.generate
    try:
        if action == "open":
            return {**await open_job(tab, job_id, visit, tab.code.read(given)), **_select(actions, "generate")}
        job = await actions.playground.jobs.find(job_id, visit.visitor)
        match action:
            case "input":
                return await use_as_input(actions, job, sent(event, "picture"), given)
            case "upscale":
                return await upscale(actions, job, given)
            case "compare":
                query = other_models_query(actions.playground.catalog, job)
                return {**await open_compare(actions.compare, query, visit), **_select(actions, "compare")}
            case "again":
                return await run_again(actions, job, given, request)
            case _:
                return await change_job(actions, job, action, given, event, request)
    except PlaygroundError as error:
        return await show_account(actions.header, visit, (str(error.problem),))


async def star(actions: ResultActions, given: Updates, event: gr.EventData) -> Updates:
    """Star or unstar a job, as the browser already shows."""
    job_id, visit = sent(event, "job_id"), given[actions.header.visit]
    try:
        await actions.playground.jobs.find(job_id, visit.visitor)
        await actions.playground.history.star(visit.visitor, [job_id], starred=sent(event, "starred") == "true")
    except PlaygroundError as error:
        return await show_account(actions.header, visit, (str(error.problem),))
    return {actions.header.banner: gr.skip()}


async def use_as_input(actions: ResultActions, job: Job, number: str, given: Updates) -> Updates:
    """A picture of a job as an input image of the chosen model, or of the first one that takes some.

    Raises InputError where no model does, or where the service could not fetch the picture.
    """
    visit, tab = given[actions.header.visit], actions.generate
    chosen, catalog = chosen_model(tab, given), actions.playground.catalog
    model = chosen if chosen.by_role(Role.IMAGES) else next(iter(models_with_image_input(catalog)), None)
    if model is None:
        raise InputError("images", NO_IMAGE_MODEL)
    base, index = actions.playground.picture_base(visit), int(number) if number.isdecimal() else 0
    if not base:
        raise InputError("images", UNREACHABLE, next_step="Its operator can set PLAYGROUND_PUBLIC_URL.")
    if index >= len(job.pictures):
        raise InputError("images", "This job has no such picture.")
    address = base + picture_path(job.pictures[index].name)
    _, values = read_form(tab, given)
    held = values.get(chosen.by_role(Role.IMAGES) or "") or []
    addresses = list(dict.fromkeys([*(held if isinstance(held, list) else [held]), address]))
    if model is not chosen:
        values, _ = keep_values(catalog, chosen, values, model)
    parameters, switch = with_mode(model, with_images(model, values, addresses))
    return {**await _fill(actions, model, parameters, given), **tab.switch.show(switch, model)}


def with_images(model: Model, parameters: Mapping[str, Any], addresses: list[str]) -> dict[str, Any]:
    """The parameters with the last of these input images, as many as the model accepts."""
    name = model.by_role(Role.IMAGES) or ""
    field = model.parameters[name]
    many = field.type == "array"
    return {**parameters, name: addresses[-(field.max_items or len(addresses)) :] if many else addresses[-1]}


async def upscale(actions: ResultActions, job: Job, given: Updates) -> Updates:
    """The form that enlarges a job's picture by its task id. Raises InputError where its model cannot."""
    model = upscaling_model(actions.playground.catalog, job)
    if model is None or model.upscale is None:
        raise InputError("model", "This model does not enlarge its pictures.")
    prompt = {model.by_role(Role.PROMPT) or "": job.prompt}
    return await _fill(actions, model, {**prompt, **model.upscale.settings, model.upscale.task: job.task_id}, given)


async def run_again(actions: ResultActions, job: Job, given: Updates, request: gr.Request) -> Updates:
    """Send a job's request once more, with its form filled in. Raises InputError for a model that no longer exists."""
    visit, tab = given[actions.header.visit], actions.generate
    model, parameters = form_settings(actions.playground.catalog, job.model, job.body)
    sent_again = await submit(tab, model, parameters, given, request)
    shown = await shown_job(tab.panel, {**given, **sent_again})
    if shown:  # with the seed that was drawn
        _, parameters = form_settings(actions.playground.catalog, shown.model, shown.body)
    return {
        **show_form(tab, model, parameters, visit, tab.code.read(given), shown),
        **sent_again,
        **_select(actions, "generate"),
    }


async def change_job(
    actions: ResultActions, job: Job, action: str, given: Updates, event: gr.EventData, request: gr.Request
) -> Updates:
    """Check again, send again, dismiss or follow a task; shown in Generate if it shows this job. Raises PlaygroundError."""
    visit, playground, tab = given[actions.header.visit], actions.playground, actions.generate
    match action:
        case "check":
            changed = await playground.check_again(job.id, visit)
        case "resend":
            changed = await playground.resubmit(job.id, paying_visit(actions.header, given, request))
        case "dismiss":
            changed = await playground.jobs.abandon(job.id, visit.visitor)
        case "attach":
            changed = await playground.attach(job.id, sent(event, "task"), visit)
        case _:
            return {actions.tabs: gr.skip()}
    if given[tab.panel.job] != job.id:
        return {actions.tabs: gr.skip()}
    tab.panel.latest.start(request)
    return await open_entry(tab, await with_star(tab.panel, changed, visit), visit, tab.code.read(given))


async def _fill(actions: ResultActions, model: Model, parameters: Mapping[str, Any], given: Updates) -> Updates:
    """The form of Generate with these values; the result that is shown stays."""
    return {**await fill_form(actions.generate, model, parameters, given), **_select(actions, "generate")}


def _select(actions: ResultActions, tab: str) -> Updates:
    return {actions.tabs: gr.update(selected=tab)}
