"""An HTTP transport that closes every response to the end, also when the task that closes it is cancelled.

httpcore2 counts a response as closed from the moment its closing begins. Interrupted there, it would keep the request,
with the key in its headers, for as long as the process runs (httpcore issue 1115).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2 as httpx


class Transport(httpx.AsyncHTTPTransport):
    """httpx2's transport; a response of it can be closed by a task that is cancelled meanwhile."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises as httpx2's transport does."""
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Stream(response.stream)
        return response


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        await asyncio.shield(asyncio.create_task(self._stream.aclose()))
