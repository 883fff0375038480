"""What both HTTP clients share: the TLS context, and a transport that finishes closing each response.

httpcore2 marks a response as closed before it has finished closing it. If the task is cancelled in between, the request,
with the key in its headers, stays in the connection pool until the process ends (httpcore issue 1115).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2 as httpx

_system_context = functools.cache(httpx.create_ssl_context)  # reading the certificates takes 20 ms


def ssl_context(certificates: Path | None = None) -> ssl.SSLContext:
    """The TLS context that trusts the authorities in a file of certificates, None for the system's."""
    return ssl.create_default_context(cafile=certificates) if certificates else _system_context()


class CancelSafeTransport(httpx.AsyncHTTPTransport):
    """httpx2's transport, with responses that are closed completely even if the closing task is cancelled."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises as httpx2's transport does."""
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _ShieldedStream(response.stream)
        return response


class _ShieldedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        await asyncio.shield(asyncio.create_task(self._stream.aclose()))
