"""Every use of a Gradio detail that its documentation does not promise. In the browser these are assets/gradio.js and
assets/early/typed.js.

Each has a test in tests/ui/test_gradio_internals.py or tests/browser/test_gradio.py that fails when Gradio changes it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any


@contextmanager
def no_stub_files() -> Iterator[None]:
    """Keep Gradio from writing a ``.pyi`` file, which only an editor reads, for each component class defined meanwhile.

    For that it parses the source of every class, which takes two fifths of the time of its import. It writes none for a
    class whose source file cannot be found, and ``inspect.getfile`` says so of every one. Gradio has no setting for it.
    """
    getfile = inspect.getfile

    def without_components(object: Any) -> str:
        if type(object).__name__ == "ComponentMeta":
            raise OSError("not looked for")
        return getfile(object)

    inspect.getfile = without_components
    try:
        yield
    finally:
        inspect.getfile = getfile


with no_stub_files():
    import gradio as gr
    from gradio import blocks, route_utils

# Gradio inspects each component's constructor whenever a page is opened and for each update. For a page of 400 components
# that took 40 of the 70 ms for which it blocked the event loop.
blocks.inspect = SimpleNamespace(**{**vars(inspect), "signature": functools.lru_cache(inspect.signature)})
# Gradio creates an application of 94 routes when a page is complete and again when its queue is set. Only the one
# created when the page is mounted is ever used; the other two were a third of the calls that building the page takes.
blocks.App = SimpleNamespace(create_app=lambda page, **options: None)

log = logging.getLogger(__name__)

QUEUE_INTERVAL_S = 0.02  # between two polls for a waiting event
PROGRESS_INTERVAL_S = 1.0  # between two polls for progress, which no event here reports
# Gradio 6.31 keeps about 0.7 MB for each open page. Of the page that was used longest ago it drops the state first.
PAGES_REMEMBERED = 500
FRONTEND = Path(gr.__file__).parent / "templates" / "frontend" / "assets"


class Page(gr.Blocks):  # type: ignore[misc]
    """Blocks whose events of one open page are handled in order, and whose errors do not repeat what a visitor typed."""

    def get_config_file(self) -> Any:
        """The configuration of the application; the page's part of it leaves out the endpoints, which no script there calls.

        Their 31 components and 10 events took a tenth of the time in which a browser builds the page. ``/config``, which
        clients read, still lists everything.
        """
        config = super().get_config_file()
        endpoints = [event for event in config["dependencies"] if event["api_visibility"] == "public"]
        events = {event["id"] for event in endpoints}
        components = {component for event in endpoints for component in (*event["inputs"], *event["outputs"])}
        page = config["page"][""]
        page["dependencies"] = [event for event in page["dependencies"] if event not in events]
        page["components"] = [component for component in page["components"] if component not in components]
        page["layout"]["children"] = [child for child in page["layout"]["children"] if child["id"] not in components]
        return config

    async def process_api(self, block_fn: Any, inputs: list[Any], state: Any = None, *args: Any, **options: Any) -> Any:
        """Handle an event; one that does not use Gradio's queue waits for those of its page that arrived before it.

        Gradio would handle them side by side. Each reads the page's states when it begins and writes them when it ends,
        so a choice of a model that ended after a later click on Generate would put the panel back.
        """
        if state is None or block_fn.queue:
            return await super().process_api(block_fn, inputs, state, *args, **options)
        if not hasattr(state, "in_order"):
            state.in_order = asyncio.Lock()
        async with state.in_order:
            return await super().process_api(block_fn, inputs, state, *args, **options)

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """The values that the browser is sent, in the order of the event's outputs.

        If a handler returns a dictionary, Gradio rebuilds the component of every output, also of those missing from it.
        Updating 1 of 22 outputs, as a watched job does each second, blocked the event loop for 15 ms; now for 2.
        """
        if not isinstance(predictions, dict) or not any(block in predictions for block in block_fn.outputs):
            return list(await super().postprocess_data(block_fn, predictions, state))
        updated = copy(block_fn)
        updated.outputs = [block for block in block_fn.outputs if block in predictions]
        values = dict(zip(updated.outputs, await super().postprocess_data(updated, predictions, state), strict=True))
        return [values.get(block, gr.skip()) for block in block_fn.outputs]

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raises gr.Error for an event with too few values, as from a page of an older version, or that only the browser handles."""
        if block_fn.fn is None:
            raise gr.Error("This event has no handler on the server.", print_exception=False)
        try:
            super().validate_inputs(block_fn, inputs)
        except ValueError:
            counts = f"{block_fn.name} takes {len(block_fn.inputs)} values and was sent {len(inputs)}"
            log.info("%s", counts)
            raise gr.Error(counts, print_exception=False) from None

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False) -> list[Any]:
        """The values a handler is given; a choice that its list does not offer counts as none.

        A page may send a choice of the previous model while the new model's list is on its way. Gradio would answer
        500 and drop the whole event, with every other value in it.
        """
        if state is not None:
            # A stream that was cut counts as a closed page, whose state Gradio drops after an hour.
            state.is_closed = False
        checked = _offered_choices(block_fn, inputs, state)
        while True:
            try:
                return list(await super().preprocess_data(block_fn, checked, state, explicit_call))
            except gr.Error:  # another event of the page may have changed a list meanwhile
                before, checked = checked, _offered_choices(block_fn, inputs, state)
                if checked == before:
                    raise


_address_of = route_utils.get_root_url


def _page_address(request: Any, route_path: str, root_path: str | None) -> str:
    """Where the page sends its events: "." for the page itself, which then takes the address in its browser.

    Gradio would name the host that the request names. Behind a proxy that is often another one than the browser's, or
    lacks a prefix that the proxy has removed: then every event would go to an address that the browser cannot reach.
    """
    return "." if route_path == "/" else str(_address_of(request, route_path, root_path))


route_utils.get_root_url = _page_address  # it has no setting for this


def _offered_choices(block_fn: Any, inputs: list[Any], state: Any) -> list[Any]:
    shown = [_as_shown(block, state) for block in block_fn.inputs]
    return [_offered_choice(block, value) for block, value in zip(shown, inputs, strict=False)]


def _as_shown(block: Any, state: Any) -> Any:
    """The component with the properties that this visitor's page was sent last."""
    return state[block._id] if isinstance(block, gr.Dropdown | gr.Radio) and state and block._id in state else block


def _offered_choice(block: Any, value: Any) -> Any:
    if isinstance(block, gr.Dropdown) and (block.allow_custom_value or isinstance(value, list)):
        return value
    if not isinstance(block, gr.Dropdown | gr.Radio):
        return value
    return value if value in [choice for _, choice in block.choices] else None


def open_page(title: str) -> Page:
    """An empty page, to be filled as a context."""
    page = Page(title=title, analytics_enabled=False, fill_width=True)
    page.state_session_capacity = PAGES_REMEMBERED
    return page


def configure_queue(page: gr.Blocks) -> None:
    """Give a page its queue, in which at most 1,000 events wait.

    Gradio polls an idle queue every millisecond for events and every 10 ms for progress, which takes 9 % of a core.
    """
    page.queue(default_concurrency_limit=40, max_size=1000, api_open=False)
    page._queue.sleep_when_free = QUEUE_INTERVAL_S
    page._queue.progress_update_sleep_when_free = PROGRESS_INTERVAL_S


def style_sheets(page: gr.Blocks) -> list[Path]:
    """The style sheets that the browser would fetch for the components of this page, a request for each.

    Gradio's script has ``textbox:{component:()=>… __vite__mapDeps([3,7]) …}``, with positions in a list of files. Where it
    is written differently the result is empty, and the browser fetches them itself.
    """
    script = "".join(path.read_text(encoding="utf-8") for path in FRONTEND.glob("core-*.js"))
    listed = re.search(r"m\.f=(\[.*?\])", script)
    files: list[str] = json.loads(listed[1]) if listed else []
    names: dict[str, None] = {}
    for kind in sorted({block.get_block_name() for block in page.blocks.values()}):
        entry = re.search(rf"[{{,]{re.escape(kind)}:\{{([^}}]*)\}}", script)
        for positions in re.findall(r"__vite__mapDeps\(\[([\d,]+)\]\)", entry[1] if entry else ""):
            names |= dict.fromkeys(files[int(position)] for position in positions.split(","))
    # The page links index-*.css itself.
    return [FRONTEND / name for name in names if name.endswith(".css") and not name.startswith("./index-")]


def event_values(event: gr.EventData) -> dict[str, Any]:
    """The data of an event. A caller can forge it: anything but an object counts as empty."""
    values = event._data
    return values if isinstance(values, dict) else {}
