"""The line at the top: name, key box, and one pill that says whose money is being spent."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.errors import DatabaseUnavailable, KeyRefused
from components.playground import Playground, Visit
from components.ui.events import QUIET
from components.ui.visits import arrived
from components.views import words as messages
from components.views.templates import render


@dataclass(frozen=True)
class Header:
    """The parts that the page refreshes, and ``changes``: the events after which another key is in use.

    ``paying`` holds who pays by what the page shows.
    """

    pill: gr.HTML
    banner: gr.HTML
    spend: gr.HTML
    forget: gr.Button
    paying: gr.Textbox
    changes: tuple[Any, ...]

    @property
    def told(self) -> set[Any]:
        """What :func:`refreshed` updates."""
        return {self.pill, self.banner, self.spend, self.forget, self.paying}


def build_header(playground: Playground, visit: gr.State) -> Header:
    """Build and wire the header. A key goes from the box into ``visit`` by a private event; the box is emptied."""
    with gr.Row(elem_id="header", equal_height=False):
        gr.HTML(render("header", title="Image playground", tagline=messages.tagline(playground)), elem_id="brand")
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
            forget = gr.Button("Forget key", size="sm", visible=False, elem_id="forget", min_width=80)
            pill = gr.HTML(elem_id="pill")
    spend = gr.HTML(elem_id="spend")
    banner = gr.HTML(elem_id="banner")
    paying = gr.Textbox(visible="hidden", elem_id="paying")
    header = Header(pill, banner, spend, forget, paying, ())

    async def enter(typed: str, now: Visit, request: gr.Request) -> dict[Any, Any]:
        """Take the key for this visit and empty the box, whatever it held."""
        try:
            after = arrived(now, request).with_key(typed)
        except KeyRefused as error:
            return {key: "", banner: render("banner", lines=[messages.plain(error)])}
        if after.key:
            await playground.jobs.key_given(after.visitor, playground.account(after))
        return {key: "", visit: after, **await refreshed(playground, after, header)}

    async def leave(now: Visit) -> dict[Any, Any]:
        after = now.with_key("")
        return {visit: after, **await refreshed(playground, after, header)}

    entered = key.submit(enter, [key, visit], [key, visit, *header.told], **QUIET)
    left = forget.click(leave, [visit], [visit, *header.told], **QUIET)
    return replace(header, changes=(entered, left))


async def refreshed(playground: Playground, visit: Visit, header: Header, notices: tuple[str, ...] = ()) -> dict[Any, Any]:
    """Updates that make the header tell the truth about this visit. A database that is away leaves it as it is."""
    account = playground.account(visit)
    lines = [*notices, messages.banner(account), *(() if visit.key else playground.notices)]
    updates = {
        header.banner: render("banner", lines=[line for line in lines if line]),
        header.forget: gr.update(visible=bool(visit.key)),
        header.paying: account.payer,
    }
    with suppress(DatabaseUnavailable):
        kind, words = await messages.pill(playground, visit)
        updates[header.pill] = render("pill", kind=kind, words=words)
        updates[header.spend] = render("note", text=await messages.spend_line(playground, visit))
    return updates
