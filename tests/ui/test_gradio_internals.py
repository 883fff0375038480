"""What the page needs of Gradio beyond its documentation, on the server. The browser's part is tests/browser/test_gradio.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import MethodType
from typing import Any

import gradio as gr
import pytest
from gradio import blocks
from gradio.state_holder import SessionState

from components.catalog.models import Catalog
from components.ui.compare.tab import compare
from components.ui.events import bind, sent
from components.ui.gradio_internals import (
    PAGES_REMEMBERED,
    PROGRESS_INTERVAL_S,
    QUEUE_INTERVAL_S,
    configure_queue,
    no_stub_files,
    open_page,
    style_sheets,
)
from components.ui.page import build_page
from components.ui.page_events import arrive
from tests.ui.page_session import open_playground

SECRET = "sk-typed-into-a-form"


@pytest.fixture
async def page(catalog: Catalog, tmp_path: Path, sandbox: str) -> AsyncIterator[gr.Blocks]:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        yield build_page(playground)


def handled_by(page: gr.Blocks, handler: Any) -> Any:
    """The event that a handler of ours is bound to."""
    return next(event for event in page.fns.values() if getattr(event.fn, "__func__", None) is handler)


def test_a_component_class_is_made_without_a_stub_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them, importing Gradio takes two fifths less time."""
    for name in ("one_component", "other_component"):
        (tmp_path / f"{name}.py").write_text("import gradio as gr\nclass Own(gr.HTML):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)

    with no_stub_files():
        import_module("one_component")
    import_module("other_component")

    assert [path.name for path in tmp_path.glob("*.pyi")] == ["other_component.pyi"]


async def test_gradio_creates_no_application_before_the_page_is_mounted() -> None:
    with open_page("") as page:
        gr.Textbox()
    configure_queue(page)

    assert page.app is None


async def test_a_page_is_sent_no_endpoints_and_clients_still_find_them_all(page: gr.Blocks) -> None:
    config = page.get_config_file()
    public = {event["id"] for event in config["dependencies"] if event["api_visibility"] == "public"}
    sent = config["page"][""]

    assert len(public) == 10
    assert public.isdisjoint(sent["dependencies"])
    assert len(sent["dependencies"]) == len(config["dependencies"]) - len(public)
    kinds = {component["id"]: component["type"] for component in config["components"]}
    assert "api" in kinds.values()
    assert {kinds[component] for component in sent["components"]} == set(kinds.values()) - {"api"}
    assert "api" not in {kinds[child["id"]] for child in sent["layout"]["children"]}


async def test_no_event_shows_progress_in_the_place_of_a_component(page: gr.Blocks) -> None:
    events = [event for event in page.config["dependencies"] if event["api_visibility"] == "private"]

    assert len(events) > 50
    assert [event["targets"] for event in events if event["show_progress_on"] != []] == []


async def test_no_click_and_no_last_look_is_dropped_while_an_earlier_one_is_being_answered(page: gr.Blocks) -> None:
    """An event with data, which says what was clicked, counts each time: Gradio would send the data of the first click for
    the last. One that follows another, or a change, shows how things are by now, so the last one counts."""
    events = [event for event in page.config["dependencies"] if event["api_visibility"] == "private" and event["backend_fn"]]
    clicks = [event for event in events if event["collects_event_data"]]
    looks = [event for event in events if event["targets"][0][1] in ("then", "change", "tick")]

    assert len(clicks) > 10
    assert [event["api_name"] for event in clicks if event["trigger_mode"] != "multiple"] == []
    assert len(looks) > 50
    assert [event["api_name"] for event in looks if event["trigger_mode"] == "once"] == ["withdraw"]


async def test_an_idle_queue_is_polled_at_our_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_page("Idle") as page:
        configure_queue(page)
    sleep, sleeps = asyncio.sleep, list[float]()

    async def counted(seconds: float) -> None:
        sleeps.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", counted)
    loops = [asyncio.create_task(page._queue.start_processing()), asyncio.create_task(page._queue.start_progress_updates())]
    while len(set(sleeps)) < len(loops):
        await sleep(0)
    page._queue.stopped = True
    await asyncio.gather(*loops)

    assert set(sleeps) == {QUEUE_INTERVAL_S, PROGRESS_INTERVAL_S}


@pytest.mark.parametrize("waits", [False, True], ids=["in order", "in the queue"])
async def test_the_events_of_a_page_are_handled_in_the_order_in_which_they_arrive(waits: bool) -> None:
    """Each reads the states that the one before has written. Another page does not wait, nor does what uses the queue."""
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def add(entry: str, entries: str) -> str:
        if entry == "first":
            begun.set()
            await let_go.wait()
        return f"{entries} {entry}"

    with open_page("test") as page:
        box, entries = gr.Textbox(), gr.State("")
        box.input(add, [box, entries], entries, queue=waits)
    event, here, elsewhere = next(iter(page.fns.values())), SessionState(page), SessionState(page)
    first = asyncio.create_task(page.process_api(event, ["first", None], here))
    await begun.wait()
    second = asyncio.create_task(page.process_api(event, ["second", None], here))
    await page.process_api(event, ["other", None], elsewhere)
    if waits:
        await second
    assert (here[entries._id], elsewhere[entries._id]) == (" second" if waits else "", " other")
    let_go.set()
    await asyncio.gather(first, second)
    assert here[entries._id] == (" first" if waits else " first second")


async def test_an_update_of_one_output_leaves_the_others_as_they_are() -> None:
    """Gradio would rebuild each of them."""
    with open_page("test") as page:
        box, first, second = gr.Textbox(), gr.Textbox("first"), gr.Textbox("second")
        box.input(lambda text: {second: gr.update(value=text, visible=False)}, box, [first, second])
    state = SessionState(page)

    answer = await page.process_api(next(iter(page.fns.values())), ["A kite"], state)

    assert answer["data"] == [gr.skip(), gr.update(value="A kite", visible=False)]
    assert state[first._id] is first
    assert (state[second._id] is second, state[second._id].visible) == (False, False)


def test_the_constructor_of_a_component_class_is_inspected_once() -> None:
    box = gr.Textbox(render=False)
    box.get_config()
    before = blocks.inspect.signature.cache_info()
    box.get_config()

    assert blocks.inspect.signature.cache_info().hits == before.hits + 1


async def test_an_error_for_too_few_values_does_not_repeat_them(page: gr.Blocks) -> None:
    with pytest.raises(gr.Error, match=r"takes \d+ values and was sent 1") as error:
        page.validate_inputs(handled_by(page, compare), [SECRET])

    assert SECRET not in str(error.value)


async def test_every_handler_takes_the_values_that_its_event_sends(page: gr.Blocks) -> None:
    """As its parameter ``given``; what another parameter would be given is a dictionary of components."""
    bound = [event for event in page.fns.values() if isinstance(event.fn, MethodType) and event.api_visibility == "private"]
    wrong = [event.name for event in bound if event.inputs_as_dict != ("given" in list(signature(event.fn).parameters)[:1])]

    assert len(bound) > 80
    assert wrong == []


async def test_an_event_that_is_handled_in_the_browser_is_an_error_without_a_trace(page: gr.Blocks) -> None:
    """Only a forged request asks the server for it."""
    event = next(event for event in page.fns.values() if event.fn is None)
    with pytest.raises(gr.Error, match="no handler on the server") as error:
        await page.preprocess_data(event, [], None)

    assert error.value.print_exception is False


async def test_a_choice_of_the_previous_list_counts_as_none() -> None:
    """The list is the one that this page was sent last; the other values of the event arrive."""
    with open_page("test") as page:
        variant, prompt = gr.Dropdown(["fast", "ultra"]), gr.Textbox()
        prompt.input(lambda chosen, text: text, [variant, prompt], prompt)
    event, state = next(iter(page.fns.values())), SessionState(page)

    assert await page.preprocess_data(event, ["fast", "A kite"], state) == ["fast", "A kite"]
    assert await page.preprocess_data(event, ["gone", "A kite"], state) == [None, "A kite"]
    state[variant._id] = gr.Dropdown(["gone"], render=False)
    assert await page.preprocess_data(event, ["gone", "A kite"], state) == ["gone", "A kite"]


async def test_a_page_that_sends_events_is_open_though_a_stream_of_it_was_cut() -> None:
    """Gradio drops the state of a closed page after an hour, a typed key with it."""
    with open_page("test") as page:
        box = gr.Textbox()
        box.input(lambda text: text, box, box)
    state = SessionState(page)
    state.is_closed = True
    await page.preprocess_data(next(iter(page.fns.values())), ["A kite"], state)
    assert not state.is_closed


async def test_gradio_keeps_the_state_of_the_configured_number_of_pages(page: gr.Blocks) -> None:
    assert page.state_session_capacity == PAGES_REMEMBERED


async def test_inputs_arrive_in_the_order_in_which_their_components_were_made(page: gr.Blocks) -> None:
    """Scripts rely on it that name a value by its place: the name of a click is last, the remembered form after the visit."""
    click, (visit, remembered) = handled_by(page, compare).inputs[-1], handled_by(page, arrive).inputs

    assert (type(click), click.visible) == (gr.Textbox, "hidden")
    assert (type(visit), type(remembered)) == (gr.State, gr.Textbox)


async def test_a_bound_handler_is_given_the_request_and_what_a_click_sent() -> None:
    """A script can be made to send anything."""

    def handler(prefix: str, given: str, event: gr.EventData, request: gr.Request) -> str:
        return f"{prefix} {given} {sent(event, 'job')} {request.session_hash}"

    with open_page("test") as page:
        box = gr.Textbox()
        box.input(bind(handler, "hello"), box, box)
    for data, expected in (({"job": "j1"}, "j1"), ({"job": 7}, ""), (["job"], ""), (None, "")):
        event, request = gr.EventData(None, data), gr.Request(session_hash="s1")
        reply = await page.process_api(next(iter(page.fns.values())), ["there"], request=request, event_data=event)
        assert reply["data"] == [f"hello there {expected} s1"]


async def test_no_page_event_has_the_name_of_a_public_endpoint(page: gr.Blocks) -> None:
    public = [event.api_name for event in page.fns.values() if event.api_visibility == "public"]

    assert public == [
        "models",
        "estimate",
        "snippet",
        "generate",
        "job",
        "attach",
        "compare",
        "history",
        "evaluate",
        "evaluation",
    ]


async def test_the_style_sheets_of_a_pages_components_are_found(page: gr.Blocks) -> None:
    """As many as the browser would fetch; a page with fewer components needs fewer."""
    with open_page("test") as smaller:
        gr.Textbox()

    assert len(style_sheets(page)) > len(style_sheets(smaller)) > 0
    assert all(sheet.is_file() for sheet in style_sheets(page))
