"""The HTTP client for hundreds of requests at once: every connection is a pool of its own.

httpcore2 checks each idle connection of a pool, a system call or two apiece, whenever a request starts or ends. With
a hundred connections in one pool that took 40 % of the event loop at a thousand jobs, in pools of four still a tenth.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx2 as httpx
import socksio

from components.transport import CancelSafeTransport, ssl_context

MOST_CONNECTIONS = 400
KEEPALIVE_S = 30.0
LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_S)


def open_client(proxies: Mapping[str, str | None] | None = None, certificates: Path | None = None) -> httpx.AsyncClient:
    """A client for the service; its caller closes it.

    Args:
        proxies: the proxy for each URL pattern as httpx2 writes them; None for what is called directly.
        certificates: those of the authorities to trust, None for the system's.
    """
    context = ssl_context(certificates)
    mounts = {pattern: Pools(context, proxy) if proxy else None for pattern, proxy in (proxies or {}).items()}
    return httpx.AsyncClient(transport=Pools(context), mounts=mounts, trust_env=False)


class Pools(httpx.AsyncBaseTransport):
    """Pools of one connection. The free one with the lowest number is used, so that the others fall idle and close."""

    def __init__(
        self, context: ssl.SSLContext | None = None, proxy: str | None = None, most: int = MOST_CONNECTIONS
    ) -> None:
        self._context = context or ssl_context()
        self._proxy = proxy
        self._pools: dict[int, CancelSafeTransport] = {}
        self._free: asyncio.PriorityQueue[int] = asyncio.PriorityQueue()
        for number in range(most):
            self._free.put_nowait(number)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request over a free connection. Raises PoolTimeout when none becomes free in time."""
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                number = await self._free.get()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection became free", request=request) from error
        try:
            if number not in self._pools:
                self._pools[number] = CancelSafeTransport(verify=self._context, limits=LIMITS, proxy=self._proxy)
            response = await self._pools[number].handle_async_request(request)
        except BaseException as error:
            self._free.put_nowait(number)
            if isinstance(error, socksio.ProtocolError):  # of the handshake, so the request has not been sent
                raise httpx.ProxyError("the proxy speaks no SOCKS5", request=request) from error
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Stream(response.stream, self._free, number)
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


class _Stream(httpx.AsyncByteStream):
    """The content of a response; closing it frees its connection."""

    def __init__(self, stream: httpx.AsyncByteStream, free: asyncio.PriorityQueue[int], number: int) -> None:
        self._stream = stream
        self._free = free
        self._number = number

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._free.put_nowait(self._number)
