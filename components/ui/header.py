"""The header: name, key box, and a pill that says who pays. It also holds the page's visit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.errors import DatabaseUnavailable, PlaygroundError
from components.playground import Playground, Visit
from components.playground.key_checks import KeyCheck
from components.playground.spending import read_spending
from components.playground.visits import browser_visitor
from components.ui.events import DIRECT, EACH, LATEST, LONG, Updates, bind
from components.ui.html import html
from components.views import account, words
from components.views.templates import render


@dataclass(frozen=True)
class Header:
    """Who visits and who pays. ``visit`` holds the :class:`Visit`, on the server.

    ``payer`` holds the payer that the page shows, in the browser: it is sent along with everything that costs, so that
    a page whose visit this process has lost is noticed. ``changes`` are the events after which another key is in use.
    """

    playground: Playground
    visit: gr.State
    payer: gr.Textbox
    key: gr.Textbox
    forget: gr.Button
    pill: gr.HTML
    spend: gr.HTML
    banner: gr.HTML
    changes: tuple[Any, ...] = ()

    @property
    def spending(self) -> set[Any]:
        """What :func:`show_spending` updates."""
        return {self.pill, self.spend}

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_account` updates."""
        return {self.pill, self.spend, self.banner, self.forget, self.payer}


def build_header(playground: Playground) -> Header:
    """Build and wire the header."""
    visit = gr.State(Visit(visitor=""))
    with gr.Row(elem_id="header", equal_height=False):
        service = playground.catalog.endpoint.base_url
        name = render("header", title="Image playground", tagline=words.tagline(playground.catalog), service=service)
        html(name, elem_id="brand")
        with gr.Row(elem_id="account"):
            key = gr.Textbox(
                type="password",
                placeholder="Your API key, then Enter",
                label="Your API key",
                show_label=False,
                container=False,
                elem_id="key",
                max_lines=1,
                html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
            )
            html(render("get_key", service=service), elem_id="get-key")
            forget = gr.Button("Forget key", size="sm", visible=False, elem_id="forget", min_width=80)
            pill = html(elem_id="pill")
    spend, banner = html(elem_id="spend"), html(elem_id="banner")
    payer = gr.Textbox(visible="hidden", elem_id="payer")
    header = Header(
        playground=playground,
        visit=visit,
        payer=payer,
        key=key,
        forget=forget,
        pill=pill,
        spend=spend,
        banner=banner,
    )
    entered = key.submit(bind(enter_key, header), {key, visit}, {key, visit, *header.parts}, **EACH)
    checked = entered.then(bind(check_key, header), {visit}, None, **LONG)
    checked.then(bind(show_check, header), {visit}, {pill, spend, banner}, **LATEST)
    forgotten = forget.click(bind(forget_key, header), {visit}, {visit, *header.parts}, **DIRECT)
    return replace(header, changes=(entered, forgotten))


def visit_of(header: Header, given: Updates, request: gr.Request) -> Visit:
    """The visit of the page. Without a visitor yet, it gets the one of the browser's cookie, or a new one."""
    visit: Visit = given[header.visit]
    if visit.visitor:
        return visit
    visitor = browser_visitor(request.cookies)
    return Visit(visitor, visit.key) if visitor else Visit(key=visit.key)


def paying_visit(header: Header, given: Updates, request: gr.Request) -> Visit:
    """The visit of a page that sends something, with the payer that it shows."""
    return replace(visit_of(header, given, request), shown_payer=given[header.payer] or "")


async def enter_key(header: Header, given: Updates, request: gr.Request) -> Updates:
    """Take the key into the visit and empty the box, whatever it held."""
    try:
        visit = await header.playground.enter_key(visit_of(header, given, request), given[header.key])
    except PlaygroundError as error:
        return {header.key: "", header.banner: render("banner", lines=[str(error.problem)], sandbox="")}
    return {header.key: "", header.visit: visit, **await show_account(header, visit)}


async def check_key(header: Header, given: Updates) -> None:
    """Ask the service whether it accepts the visitor's key. Costs nothing."""
    await header.playground.check_key(given[header.visit])


async def show_check(header: Header, given: Updates) -> Updates:
    """Whether the service accepts the key that the visitor has by now."""
    visit: Visit = given[header.visit]
    check = header.playground.key_checks.known(visit.key)
    if check is None:  # none was entered
        return {header.pill: gr.skip()}
    refused = {header.banner: render("banner", lines=[account.KEY_REFUSED], sandbox="")} if check is KeyCheck.REFUSED else {}
    return {**refused, **await show_spending(header, visit)}


async def forget_key(header: Header, given: Updates) -> Updates:
    """Drop the visitor's own key."""
    visit = await header.playground.forget_key(given[header.visit])
    return {header.visit: visit, **await show_account(header, visit)}


async def show_account(header: Header, visit: Visit, notices: tuple[str, ...] = ()) -> Updates:
    """Updates of ``header.parts`` for this visit, with sentences for its visitor."""
    payer = header.playground.account(visit).payer
    sandbox = account.SANDBOX_BANNER if payer == "sandbox" else ""
    lines = [*notices, *(() if visit.key else header.playground.notices)]
    return {
        header.banner: render("banner", lines=[line for line in lines if line], sandbox=sandbox),
        header.forget: gr.update(visible=bool(visit.key)),
        header.payer: payer,
        **await show_spending(header, visit),
    }


async def show_spending(header: Header, visit: Visit) -> Updates:
    """Updates of ``header.spending``: none while the database is unavailable."""
    updates: Updates = {}
    with suppress(DatabaseUnavailable):
        spending = await read_spending(header.playground, visit)
        kind, text = account.pill(spending)
        line = account.spend_line(spending, header.playground.catalog)
        updates = {header.pill: render("pill", kind=kind, words=text), header.spend: render("note", text=line)}
    return updates
