"""The page without browser and server: its components, their values, and its handlers, called as Gradio calls them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import httpx2
from starlette.requests import Request

from components.api import Account, ApiClient
from components.api.connections import Pools
from components.catalog.models import Catalog
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.evaluation.service import EvaluationService
from components.jobs.budgets import Caps
from components.jobs.job import JobOptions
from components.jobs.service import JobService
from components.keys import UNNAMED_SANDBOX
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.playground import Playground
from components.playground.accounts import Accounts
from components.playground.key_checks import KeyChecks
from components.playground.visits import COOKIE
from components.ui.gradio_internals import open_page
from components.ui.page import build_parts
from components.ui.page_events import PageParts, arrive
from tests.conftest import open_store


@asynccontextmanager
async def open_playground(
    catalog: Catalog, folder: Path, sandbox: str, service: str = "", host_key: str | None = None, caps: Caps | None = None
) -> AsyncIterator[Playground]:
    """A playground with its data in ``folder``; ``service`` is the address of the image service."""
    end = catalog.endpoint
    real = Account("service", service or end.base_url, end.create, end.status, "")
    drawing = Account("sandbox", sandbox, end.create, end.status, "sandbox", pace=50)
    async with (
        httpx2.AsyncClient(trust_env=False, transport=Pools()) as upstream,
        open_fetch_client() as downloads,
        open_store(folder) as store,
    ):
        pictures = PictureLibrary(FolderStorage(folder / "pictures"), downloads)
        client = ApiClient(upstream)
        jobs = JobService(catalog, store, client, pictures, JobOptions(caps or Caps(), deadline_s=30))
        comparisons = ComparisonService(catalog, jobs, ComparisonStore(store.transactions))
        unnamed = replace(drawing, key=UNNAMED_SANDBOX)
        evaluations = EvaluationService(catalog, jobs, {"sandbox": unnamed}.get, beat_s=0.05)
        services = comparisons, evaluations, KeyChecks(client)
        yield Playground(catalog, jobs, Accounts(real, drawing, host_key), sandbox, *services, own_address=OWN_ADDRESS)
        evaluations.close()
        await jobs.aclose()


OWN_ADDRESS = "http://here.example"


class PageSession:
    """The page of the visitor with this secret. ``parts`` are its components, ``values`` what they hold after all updates."""

    def __init__(self, playground: Playground, secret: str, session: str = "page-1") -> None:
        with open_page("test") as blocks:
            self.parts: PageParts = build_parts(blocks, playground)
        self.values: dict[Any, Any] = {block: getattr(block, "value", None) for block in blocks.blocks.values()}
        self._cookie, self._session = f"{COOKIE}={secret}", session

    async def arrive(self, query: str = "") -> None:
        """Open the page at this address."""
        await self.call(arrive, self.parts, query=query)

    async def call(
        self, handler: Callable[..., Any], part: Any, sent: Mapping[str, Any] | None = None, *, query: str = "", **given: Any
    ) -> dict[Any, Any]:
        """Call a handler and return its updates, of all steps where it is a generator. ``sent`` is the data of a click event."""
        wanted = inspect.signature(handler, eval_str=True).parameters
        values: dict[str, Any] = {"given": self.values, "request": self._request(query)}
        values |= {"event": gr.EventData(None, sent or {}), **given}
        arguments = [part, *(values[name] for name in list(wanted)[1:])]
        called = handler(*arguments)
        if inspect.isasyncgen(called):
            updates: dict[Any, Any] = {}
            async for update in called:
                updates |= update
                self._apply(update)
            return updates
        updates = await called if inspect.isawaitable(called) else called
        self._apply(updates)
        return updates

    def _apply(self, updates: Mapping[Any, Any]) -> None:
        for part, update in updates.items():
            if not (isinstance(update, dict) and update.get("__type__") == "update"):
                self.values[part] = update
            elif "value" in update:
                self.values[part] = update["value"]

    def _request(self, query: str) -> gr.Request:
        headers = [(b"cookie", self._cookie.encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": query.encode()}
        return gr.Request(Request(scope), session_hash=self._session)
