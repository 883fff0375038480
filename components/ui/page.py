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
from components.ui.visitors import read_cookie, visitor_id

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
TABS = ("generate", "models", "integrate")


def build_page(services: Services) -> gr.Blocks:
    """The whole page. Nothing is shared between visitors but ``services``."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        visit = gr.State(Visit(visitor=""))
        header = build_header(services, visit)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Generate", id="generate"):
                generate = build_generate_tab(services, visit)
            with gr.Tab("Models & prices", id="models") as comparison:
                models = build_models_tab(services)
            comparison.select(models.narrow, list(models.filters), models.table, **QUIET)
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
        secret = read_cookie(request.headers.get("cookie", ""))
        now = Visit(visitor_id(secret)) if secret else Visit()
        updates = generate.filled(opening.model, opening.parameters, now)
        updates |= integrate.follow(opening.model.id)
        updates[visit] = now
        updates[tabs] = gr.update(selected=opening.tab) if opening.tab in TABS else gr.skip()
        updates |= await refreshed(services, now, header, opening.notices)
        updates |= await generate.panel.resume(now)
        return updates

    outputs = {visit, tabs, *header.told, *generate.panel.parts, *generate.filling, *integrate.following}
    opened = page.load(arrive, None, outputs, **QUIET)
    generate.panel.watched(opened)


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

    async def account(now: Visit) -> dict[Any, Any]:
        updates = await refreshed(services, now, header)
        return {part: updates.get(part, gr.skip()) for part in (header.pill, header.spend)}

    def open_model(chosen: str) -> dict[Any, Any]:
        return {generate.model: chosen, tabs: gr.update(selected="generate")} if chosen else {generate.model: gr.skip()}

    async def again(now: Visit) -> dict[Any, Any]:
        return dict(await generate.panel.resume(now))

    for change in header.changes:
        change.then(generate.follow, set(generate.read), set(generate.following), **QUIET)
    # A key that is given again lets jobs go on that waited for it.
    entered = header.changes[0].then(again, [visit], list(generate.panel.parts), **QUIET)
    generate.panel.watched(entered)
    generate.panel.news.change(account, [visit], [header.pill, header.spend], **QUIET)
    generate.model.change(integrate.follow, generate.model, set(integrate.following), **QUIET)
    models.table.select(models.choose, None, models.chosen, **QUIET).then(
        open_model, [models.chosen], [generate.model, tabs], **QUIET
    ).then(generate.choose, set(generate.choosing), set(generate.filling) - {generate.model}, **QUIET)
