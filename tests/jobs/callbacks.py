"""Callbacks over real HTTP for tests, and an account whose tasks are not polled for minutes."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

from components.api import Account
from components.catalog.models import Catalog
from components.jobs.job import Job
from components.jobs.service import JobService
from components.web.callbacks import callback_routes
from tests.jobs.processes import WITH_CALLBACK, account, process, submit
from tests.jobs.scripted_upstream import TASK, TIMEOUT_S, Upstream

PACE_WITHOUT_POLLS = 0.02  # tasks are expected to take fifty times as long, so no scheduled poll comes for minutes


@dataclass
class CallbackServer:
    """A job service behind a listening server. ``base`` is what callback addresses begin with, ``address`` where it listens."""

    job_service: JobService
    catalog: Catalog
    address: str
    base: str
    service: Account
    http: httpx2.AsyncClient

    async def start(self, model: str = WITH_CALLBACK, prompt: str = "A red kite", payer: Account | None = None) -> Job:
        return await submit(self.job_service, self.catalog, payer or self.service, prompt, model)

    async def call(self, address: str, body: Any = None, times: int = 1) -> list[int]:
        """Send ``times`` callbacks at once and return their status codes."""
        address = self.address + address.removeprefix(self.base)
        content = body if isinstance(body, bytes) else json.dumps({"task_id": TASK} if body is None else body).encode()
        return [
            one.status_code
            for one in await asyncio.gather(*(self.http.post(address, content=content) for _ in range(times)))
        ]


@asynccontextmanager
async def serve_in_loop(app: FastAPI) -> AsyncIterator[str]:
    """The application on a loopback port, in this event loop."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(TIMEOUT_S):
            while not server.started:  # noqa: ASYNC110  # what is waited for says nothing by itself
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def callback_server(
    catalog: Catalog,
    url: str,
    folder: Path,
    upstream: Upstream,
    *,
    pace: float = PACE_WITHOUT_POLLS,
    payer: str = "host",
    base: str = "",
    **options: Any,
) -> AsyncIterator[CallbackServer]:
    """A job service with a callback address; ``base`` is one that stays the same after a restart."""
    app, service = FastAPI(), account(catalog, upstream.address, payer, pace=pace)
    options = {"find_account": lambda job: service if job.payer == "host" else None} | options
    async with httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as http, serve_in_loop(app) as address:
        async with process(catalog, url, folder, callback_base=base or address, **options) as job_service:
            app.include_router(callback_routes(job_service))
            yield CallbackServer(job_service, catalog, address, base or address, service, http)


def callback_address(upstream: Upstream, number: int = 0) -> str:
    """The callback address in the n-th request."""
    return str(upstream.posts[number].body["callback_url"])


def with_another_secret(address: str) -> str:
    return re.sub("[^/]+$", "A" * 22, address)
