"""The shared HTTP client for hundreds of requests at once: few connections, and none of them looked at in vain.

A pool of httpcore2 looks at each of its idle connections, a system call or two apiece, when a request comes and
when it goes. With a hundred of them that was 40 % of the event loop at a thousand jobs, in pools of four still a tenth;
so each has a pool of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

EACH = 1
MOST_POOLS = 400
KEPT_S = 30.0


def open_client() -> httpx2.AsyncClient:
    """A client for the service; its caller closes it. It takes proxies and certificates from the environment."""
    return httpx2.AsyncClient(timeout=httpx2.Timeout(60, connect=10), transport=Pools())


class Pools(httpx2.AsyncBaseTransport):
    """Small pools, opened as they are needed. The first with room serves, so that the last ones fall idle and close."""

    def __init__(self) -> None:
        self._context = httpx2.create_ssl_context()
        self._pools: list[httpx2.AsyncHTTPTransport] = []
        self._busy: list[int] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send through one pool; when all are full, wait in the one with the fewest."""
        number = next((number for number, busy in enumerate(self._busy) if busy < EACH), None)
        if number is None and len(self._pools) < MOST_POOLS:
            number = len(self._pools)
            limits = httpx2.Limits(max_connections=EACH, max_keepalive_connections=EACH, keepalive_expiry=KEPT_S)
            self._pools.append(httpx2.AsyncHTTPTransport(verify=self._context, limits=limits))
            self._busy.append(0)
        if number is None:
            number = self._busy.index(min(self._busy))
        self._busy[number] += 1
        try:
            response = await self._pools[number].handle_async_request(request)
        except BaseException:
            self._busy[number] -= 1
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, self._busy, number)
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


class _Counted(httpx2.AsyncByteStream):
    """An answer's bytes; its pool has room again when it is closed."""

    def __init__(self, stream: httpx2.AsyncByteStream, busy: list[int], number: int) -> None:
        self._stream = stream
        self._busy = busy
        self._number = number
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._open:
                self._open = False
                self._busy[self._number] -= 1
