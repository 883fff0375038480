"""Calls the ``callback_url`` of a request once its task has ended.

The service documents that it calls, not what it sends. Our assumption: a POST of JSON, the same as the task route
answers, once and without a retry.

Only this very server is ever called. Anybody can send requests to a public sandbox: one that called any address would
call servers in its host's network for strangers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import isfinite
from urllib.parse import urlsplit

import anyio
import httpx2 as httpx
from anyio.abc import TaskGroup
from fastapi import FastAPI
from fastapi import Request as HttpRequest

from components.catalog.models import Catalog
from components.sandbox.answers import success, task_data
from components.sandbox.tasks import Task

MOST_WAITING = 2_000
TIMEOUT_S = 10.0
RUN_TIMES_LATE = 3

log = logging.getLogger(__name__)


class CallbackSender:
    """Waits for the ends of tasks and calls. Nothing is sent outside of :meth:`running`, or after a restart."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._waiting = 0
        self._workers: TaskGroup | None = None
        self._client: httpx.AsyncClient

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """The lifespan of the sandbox; callbacks that still wait at its end are dropped."""
        client = httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S)
        async with client as self._client, anyio.create_task_group() as self._workers:
            yield
            self._workers.cancel_scope.cancel()

    def schedule(self, task: Task, address: str, base_url: str) -> None:
        """Call the address when the task has ended; ``base_url`` is where the links to its pictures begin."""
        if self._workers and self._waiting < MOST_WAITING and isfinite(task.seconds) and task.fault != "callback-lost":
            self._waiting += 1
            self._workers.start_soon(self._call, task, address, base_url)

    async def _call(self, task: Task, address: str, base_url: str) -> None:
        late = RUN_TIMES_LATE * task.seconds if task.fault == "callback-late" else 0.0
        try:
            # A timer may fire a little early, when the task would still be in progress.
            await asyncio.sleep(task.created + task.seconds + late - time.monotonic() + 0.01)
            body = success(task_data(task, self._catalog, base_url))
            for _ in range(2 if task.fault == "callback-twice" else 1):
                await self._client.post(address, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.info("the callback of %s failed: %s", task.id, type(error).__name__)
        finally:
            self._waiting -= 1


def callable_origins(http: HttpRequest, public_url: str) -> tuple[str, ...]:
    """The origins of addresses that are called: the application's public one, and the socket that took this request.

    The Host header is not looked at: the caller writes it.
    """
    public = urlsplit(public_url)
    origins = [f"{public.scheme}://{public.netloc}"] if public_url else []
    host, port = http.scope.get("server") or ("", None)
    if port:
        origins.append(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        if host == "127.0.0.1":
            origins.append(f"http://localhost:{port}")
    return tuple(origins)


def may_call(address: str, origins: tuple[str, ...]) -> bool:
    """Whether an address is on one of these origins, character by character: readers of URLs disagree about odd ones."""
    return address.isascii() and address.startswith(tuple(f"{origin}/" for origin in origins))
