"""A response is closed completely even if the closing task is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from components.transport import CancelSafeTransport
from tests.chaos.monitor import unfinished
from tests.conftest import serve


async def never_complete(scope: dict, receive: object, send: object) -> None:
    """An application that declares a longer body than it sends, then waits until its client disconnects."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        await receive()
        await receive()


@pytest.fixture
def address() -> Iterator[str]:
    with serve(never_complete) as address:
        yield address


async def test_a_response_whose_closing_is_cancelled_leaves_no_request_in_the_pool(address: str) -> None:
    """With httpx2's own transport the request, and the key in its headers, would stay in memory until the process ends."""

    async def close_and_be_cancelled() -> None:
        response = await http.send(http.build_request("GET", address), stream=True)
        asyncio.get_running_loop().call_soon(closing.cancel)
        await response.aclose()

    async with httpx.AsyncClient(transport=CancelSafeTransport(), trust_env=False) as http:
        closing = asyncio.create_task(close_and_be_cancelled())
        await asyncio.wait([closing])
        await asyncio.sleep(0.01)

        assert closing.cancelled()
        assert unfinished("the client", http) == []
