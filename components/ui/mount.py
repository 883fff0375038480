"""Mounts the page on the application's server."""

from __future__ import annotations

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware

from components.playground import Playground
from components.ui.first_paint import AssetCache, FirstPaint, MergedStyles
from components.ui.gradio_internals import configure_queue, style_sheets
from components.ui.page import build_page
from components.ui.page_events import TABS
from components.ui.theme import SCRIPT, STYLE, theme


def mount_page(app: Starlette, playground: Playground, host: str, port: int) -> None:
    """Serve the page at ``/`` of an application that listens there. Routes that are added later are hidden by it."""
    page = build_page(playground)
    page.max_threads = 400  # Gradio runs at most this many events at once, asynchronous ones too
    configure_queue(page)
    styles = MergedStyles(style_sheets(page))
    app.add_route(f"/{styles.address}", styles.answer)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=host,
        server_port=port,
        root_path=playground.public_address or None,
        footer_links=[],
        run_history=False,  # it would write every input to the browser's storage, a typed key too
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        max_file_size="5mb",
        theme=theme(),
        css_paths=STYLE,
        js=SCRIPT,
    )
    app.add_middleware(AssetCache)
    app.add_middleware(FirstPaint, playground=playground, tabs=TABS, links=styles.links)
    app.add_middleware(GZipMiddleware, compresslevel=5)  # the page is 300 kB of text
