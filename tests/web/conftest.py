"""The web server without the Gradio page, in the event loop of the test; and the running applications of tests/ui."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from components.catalog.models import Catalog
from components.pictures.uploads import Uploads
from components.playground import Playground
from components.web.opening import Resources
from components.web.server import create_app
from tests.ui.conftest import api_caller, app, app_with_host_key, cleared_upstream, upstream
from tests.ui.page_session import open_playground

__all__ = ["api_caller", "app", "app_with_host_key", "cleared_upstream", "upstream"]


@pytest.fixture
async def playground(catalog: Catalog, sandbox: str, tmp_path: Path) -> AsyncIterator[Playground]:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        yield playground


@pytest.fixture
async def http_client(playground: Playground, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the server of this playground."""
    async with serve_playground(playground, tmp_path / "uploads") as http:
        yield http


@asynccontextmanager
async def serve_playground(playground: Playground, folder: Path, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server of this playground, which keeps uploads in the folder. ``headers`` go with every request."""
    resources = Resources(Uploads(folder, playground.public_address, playground.own_address), AsyncExitStack())
    server = uvicorn.Server(
        uvicorn.Config(create_app(playground, resources, Starlette(), framed=False), log_level="warning", lifespan="off")
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listener]))
        address = "http://{}:{}".format(*listener.getsockname())
        while not server.started:  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.01)
        async with httpx2.AsyncClient(base_url=address, trust_env=False, verify=False, timeout=30, headers=headers) as http:
            yield http
        server.should_exit = True
        await serving
