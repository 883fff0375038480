"""The page, read as a table of contents: header, tabs, the wires between them, the public endpoints."""

from __future__ import annotations

from typing import Any

import gradio as gr

from components.ui.address import read_query
from components.ui.endpoints import add_endpoints
from components.ui.generate_tab import GenerateTab, build_generate_tab
from components.ui.header import Header, build_header, refreshed
from components.ui.integrate_tab import IntegrateTab, build_integrate_tab
from components.ui.messages import TITLE
from components.ui.models_tab import ModelsTab, build_models_tab
from components.ui.services import Services, Visit
from components.ui.templates import render

TABS = ("generate", "models", "integrate")


def build_page(services: Services) -> gr.Blocks:
    """The whole page. Nothing is shared between visitors but ``services``."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        visit = gr.State(Visit(visitor=""))
        header = build_header(services, visit)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Generate", id="generate"):
                generate = build_generate_tab(services, visit)
            with gr.Tab("Models & prices", id="models"):
                models = build_models_tab(services)
            with gr.Tab("Integrate", id="integrate"):
                integrate = build_integrate_tab(services)
        gr.HTML(render("note", text=services.storage), elem_id="storage")
        _open(page, services, visit, header, tabs, generate, integrate)
        _connect(services, visit, header, tabs, generate, models, integrate)
        add_endpoints(services)
    return page


def _open(
    page: gr.Blocks,
    services: Services,
    visit: gr.State,
    header: Header,
    tabs: gr.Tabs,
    generate: GenerateTab,
    integrate: IntegrateTab,
) -> None:
    """A page that opens becomes a visit and shows what its address asks for. Nothing is spent by opening one."""

    async def arrive(request: gr.Request) -> dict[Any, Any]:
        params = request.query_params
        opening = read_query(services.catalog, {name: params.getlist(name) for name in params})
        now = Visit()
        updates = generate.filled(opening.model, opening.parameters, now)
        updates |= integrate.follow(opening.model.id)
        updates[visit] = now
        updates[tabs] = gr.update(selected=opening.tab) if opening.tab in TABS else gr.skip()
        updates |= await refreshed(services, now, header.pill, header.banner, header.forget, opening.notices)
        return updates

    outputs = {visit, tabs, header.pill, header.banner, header.forget, *generate.filling, *integrate.following}
    page.load(arrive, None, outputs, queue=False, show_progress="hidden", api_visibility="private")


def _connect(
    services: Services,
    visit: gr.State,
    header: Header,
    tabs: gr.Tabs,
    generate: GenerateTab,
    models: ModelsTab,
    integrate: IntegrateTab,
) -> None:
    """The wires between tabs."""
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

    async def account(now: Visit) -> dict[Any, Any]:
        updates = await refreshed(services, now, header.pill, header.banner, header.forget)
        return {header.pill: updates[header.pill]}

    def open_model(chosen: str) -> dict[Any, Any]:
        return {generate.model: chosen, tabs: gr.update(selected="generate")} if chosen else {generate.model: gr.skip()}

    for change in header.changes:
        change.then(generate.follow, set(generate.read), set(generate.following), **quiet)
    generate.ended.change(account, [visit], [header.pill], **quiet)
    generate.model.change(integrate.follow, generate.model, set(integrate.following), **quiet)
    models.table.select(models.choose, None, models.chosen, **quiet).then(
        open_model, [models.chosen], [generate.model, tabs], **quiet
    ).then(generate.choose, set(generate.choosing), set(generate.filling) - {generate.model}, **quiet)
