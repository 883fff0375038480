"""The shared client opens as few connections as it needs, and none is lost."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import httpx2 as httpx
import pytest

from components.api.client import ApiClient, service_address
from components.api.connections import Pools, open_client
from components.errors import NotSent
from tests.api.upstream import BODY, account, http, serve_connections, upstream
from tests.conftest import serve


class Ports:
    """An application that answers after ``wait_s`` seconds, and records the client's port of every request."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.wait_s = 0.0

    async def __call__(self, scope: dict, receive: object, send: object) -> None:
        if scope["type"] == "http":
            self.requests.append(scope["client"][1])
            await asyncio.sleep(self.wait_s)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def ports() -> AsyncIterator[tuple[Ports, str]]:
    application = Ports()
    with serve(application) as address:
        yield application, address


async def test_a_burst_opens_a_connection_each_and_later_requests_use_the_first_one_again(ports: tuple[Ports, str]) -> None:
    application, address = ports
    application.wait_s = 0.1
    async with httpx.AsyncClient(transport=Pools(), trust_env=False) as client:
        await asyncio.gather(*(client.get(address) for _ in range(5)))
        assert len(set(application.requests)) == 5
        application.wait_s = 0.0
        for _ in range(10):
            await client.get(address)
    assert set(application.requests[5:]) == {application.requests[0]}


async def test_a_request_that_is_given_up_frees_its_connection(ports: tuple[Ports, str]) -> None:
    """Timed out, cancelled, or closed twice: the only connection there is stays usable, by one request at a time."""
    application, address = ports
    async with httpx.AsyncClient(transport=Pools(most=1), trust_env=False) as client:
        application.wait_s = 1.0
        with pytest.raises(httpx.ReadTimeout):
            await client.get(address, timeout=0.05)
        cancelled = asyncio.create_task(client.get(address))
        await asyncio.sleep(0.1)
        with pytest.raises(httpx.PoolTimeout):
            await client.get(address, timeout=0.05)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)

        application.wait_s = 0.0
        response = await client.send(client.build_request("GET", address), stream=True)
        await response.aread()
        await response.aclose()
        await response.aclose()
        first = await client.send(client.build_request("GET", address), stream=True)
        with pytest.raises(httpx.PoolTimeout):
            await client.get(address, timeout=0.05)
        await first.aclose()
        assert (await client.get(address)).text == "ok"


async def test_the_service_is_called_through_the_proxy_and_this_machine_is_not() -> None:
    async with upstream(http(200, '{"status":"pending"}')) as proxy, upstream(http(200, '{"status":"pending"}')) as direct:
        async with open_client({"http://": proxy.address, "all://127.0.0.0/8": None, "all://*near.example": None}) as client:
            await ApiClient(client).task(account("http://service.example"), "n1", BODY, 1)
            await ApiClient(client).task(account(direct.address), "n1", BODY, 1)

    assert proxy.paths == ["http://service.example/api/v1/tasks/n1"]
    assert direct.paths == ["/api/v1/tasks/n1"]


async def test_a_proxy_that_opens_no_tunnel_has_sent_nothing() -> None:
    async with upstream(http(407, "no")) as proxy, open_client({"all://": proxy.address}) as client:
        with pytest.raises(NotSent, match="the proxy refused the connection"):
            await ApiClient(client).create(account("https://service.example"), BODY, 1)

    assert {head.split("\r\n")[0] for head in proxy.heads} == {"CONNECT service.example:443 HTTP/1.1"}


def test_a_base_address_may_end_as_the_services_pages_print_it() -> None:
    for given, used in (
        ("https://apiin.one", "https://apiin.one"),
        ("https://apiin.one/", "https://apiin.one"),
        ("https://apiin.one/api/v1", "https://apiin.one"),
        ("https://apiin.one/api/v1/", "https://apiin.one"),
        ("https://apiin.one/api/v1/images/generations", "https://apiin.one"),
        ("https://gateway.example/one/api/v1", "https://gateway.example/one"),
        ("https://gateway.example/api", "https://gateway.example/api"),
        ("https://api/v1", "https://api/v1"),
    ):
        assert service_address(given, "/api/v1/images/generations") == used


@pytest.mark.parametrize(
    "answer", [b"\x05\xff", b"\x05\x00\x05\x05\x00\x01" + bytes(6), b"HTTP/1.1 400 Bad Request\r\n\r\n", b""]
)
# httpcore2 leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_socks_proxy_that_does_not_connect_has_sent_nothing(answer: bytes) -> None:
    """It wants a password, it refuses, it is another kind of server, or it hangs up."""

    async def serve_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        for part in (answer[:2], answer[2:]) if answer[:1] == b"\x05" else (answer,):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()

    async with serve_connections(serve_once) as address:
        async with open_client({"all://": address.replace("http", "socks5")}) as client:
            with pytest.raises(NotSent):
                await ApiClient(client).create(account("http://service.example"), BODY, 1)
    gc.collect()
