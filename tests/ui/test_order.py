"""Clicks that follow each other faster than the server answers, on the page as it is built and without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MethodType
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from starlette.requests import Request

from components.catalog.models import Catalog
from components.jobs.service import JobService
from components.playground.visits import COOKIE
from components.ui.generate.display import GenerateTab
from components.ui.generate.tab import choose_model, generate
from components.ui.page import build_page
from tests.ui.page_session import open_playground


class OpenedPage:
    """A page in a browser: what is sent with each event of the Generate tab, and the states that the server keeps."""

    def __init__(self, page: gr.Blocks) -> None:
        self.page, self.state = page, SessionState(page)
        self.tab: GenerateTab = self.event(generate).fn.__self__

    def event(self, handler: Any) -> Any:
        events = self.page.fns.values()
        return next(one for one in events if isinstance(one.fn, MethodType) and one.fn.__func__ is handler)

    async def send(self, handler: Any, given: Mapping[Any, Any]) -> None:
        event = self.event(handler)
        inputs = [given.get(block, getattr(block, "value", None)) for block in event.inputs]
        headers = [(b"cookie", f"{COOKIE}=somebody-who-clicks-fast".encode())]
        request = gr.Request(Request({"type": "http", "method": "POST", "path": "/", "headers": headers}), session_hash="s1")
        await self.page.process_api(event, inputs, self.state, request=request)


async def test_a_model_that_is_chosen_right_before_generate_does_not_take_the_job_out_of_the_panel(
    catalog: Catalog, tmp_path: Path, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the choice takes longer. Without a job it shows the model's example; by then there is one."""
    asked, release = asyncio.Event(), asyncio.Event()
    budget = JobService.budget

    async def slow_budget(*arguments: Any) -> Any:
        asked.set()
        await release.wait()
        return await budget(*arguments)

    async with open_playground(catalog, tmp_path, sandbox) as playground:
        opened = OpenedPage(build_page(playground))
        given = {opened.tab.model: "flux-2", opened.tab.prompt: "A red kite"}
        with monkeypatch.context() as patch:
            patch.setattr(JobService, "budget", slow_budget)
            chosen = asyncio.create_task(opened.send(choose_model, given))
            await asked.wait()
        sent = asyncio.create_task(opened.send(generate, given))
        await asyncio.wait({sent}, timeout=0.5)  # as long as it would take, if it did not wait
        release.set()
        await asyncio.gather(chosen, sent)
        job_id = opened.state[opened.tab.panel.job._id]

        job = await playground.jobs.store.get(job_id)
        assert job
        assert job.prompt == "A red kite"
