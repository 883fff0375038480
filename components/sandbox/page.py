"""The sandbox's index page: what it is, how to call it, which faults it can simulate."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from components.catalog.models import Endpoint
from components.sandbox.tasks import FAULTS

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:15px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c1917;background:#fafaf9}}
code,pre{{font:13px/1.5 ui-monospace,monospace}}pre{{border:1px solid #e7e5e4;border-radius:10px;padding:1rem;overflow:auto}}
td{{padding:.2rem 1rem .2rem 0;vertical-align:top}}@media(prefers-color-scheme:dark){{body{{background:#0f0f0e;color:#f5f5f4}}
pre{{border-color:#2c2a28}}}}</style>
<h1>Sandbox</h1>
<p>A stand-in for the image service: the same two routes, drawings instead of model output, and no charges.
It takes any key. Every drawing is marked <code>sandbox · model</code> in a corner, and a completed task says
<code>"sandbox": true</code>.</p>
<pre>export API_IN_ONE_KEY=sandbox
POST {base}{create}
GET  {base}{status}</pre>
<h2>Callbacks</h2>
<p>Models with a webhook take a <code>callback_url</code>. Once the task has ended, the sandbox POSTs the answer of the status
route to it. This is an assumption: the service documents that it calls, but not what it sends.</p>
<p>Only addresses of this server are called: {origins}. Any other address is accepted and ignored, so that nobody can use this
server to call others. Pending calls are lost at a restart.</p>
<h2>Simulate a failure</h2>
<p>Put one of these markers into the prompt.</p>
<table>{rows}</table></html>"""


def page(base: str, endpoint: Endpoint, origins: Iterable[str]) -> str:
    """The page as HTML.

    Args:
        base: the sandbox's address as the reader reached it.
        origins: those of the addresses that are called back.
    """
    row = "<tr><td><code>#sandbox:{}</code></td><td>{}</td></tr>"
    return PAGE.format(
        base=escape(base),
        create=escape(endpoint.create),
        status=escape(endpoint.status),
        origins=", ".join(f"<code>{escape(origin)}/…</code>" for origin in origins),
        rows="".join(row.format(escape(name), escape(what)) for name, what in FAULTS.items()),
    )
