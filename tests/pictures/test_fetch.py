"""Downloads: only public hosts over https and the upstream itself, however the address is spelled, and a bounded body."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import pytest

from components.errors import PictureNotSaved, TooLarge
from components.pictures.fetch import FetchClient, fetch_picture, open_fetch_client, read_limited
from tests.jobs.scripted_upstream import png, scripted_upstream

UPSTREAM = "http://127.0.0.1:9999"
PUBLIC = "93.184.215.14"
NAMES = {
    "inward.example": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "inward6.example": ["::1"],
    "half.example": [PUBLIC, "10.0.0.1"],
    "outward.example": [PUBLIC],
    "outward6.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
}
NUMBERS = """
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0x7f.1 0177.0.0.1 017700000001 0 0.0.0.0 127.255.255.254
    10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.43518 2852039166 100.64.0.1 100.100.100.200
    168.63.129.16 192.0.0.192 192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
    192.88.99.1 [::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:a9fe:a9fe] [::ffff:0:127.0.0.1]
    [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::] [2001:0:7f00:1::]
    [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [100::1] [2001:db8::1] [3fff::1]
""".split()  # noqa: SIM905  # a table of numbers reads better without quotation marks
WORDS = [
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://127.0.0.1./",
    "https://inward.example/",
    "https://inward.example./",
    "https://inward6.example/",
    "https://half.example/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://public.example@127.0.0.1/",
    "https://outward.example:443@127.0.0.1/",
    "https://127.0.0.1\\.outward.example/",
    "https://%31%32%37.0.0.1/",
    "https://１２７.０.０.１/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://127。0。0。1/",
    "https://xn--zzzzzzzz/",
    "https://xn--/",
    "https://[fe80::1%25lo]/",
    "https://[::1]:443/",
    "https://127.0.0.1:0/",
    "https://127.0.0.1:99999/",
    "https://[::1/",
    "https:///x",
    "https://",
    "https:127.0.0.1",
    "//127.0.0.1/",
    "/etc/passwd",
    "file:///etc/passwd",
    "ftp://outward.example/",
    "gopher://127.0.0.1/",
    "javascript:alert(1)",
    "http://outward.example/",
    f"http://{PUBLIC}/",
    "http://127.0.0.1/",
    "http://127.0.0.1:9998/",
    "http://localhost:9999/",
    "https://127.0.0.1:9999/",
    "http://127.0.0.1:9999@outward.example/",
    "https://a b/",
    "https://\x00/",
    "https://nosuchhost.invalid/",
    "",
]
ADDRESSES = [f"https://{number}/1.png" for number in NUMBERS] + WORDS


@dataclass
class Trap(httpx.AsyncBaseTransport):
    """A transport that records every request and answers it with a picture."""

    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=png(30, 20), request=request)


@pytest.fixture
def trap() -> Trap:
    return Trap()


@pytest.fixture
async def http(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends to the trap, with a resolver that knows the names above and every spelling of a number."""
    resolve = socket.getaddrinfo

    def known(host: Any, port: Any, *args: Any, **more: Any) -> list[Any]:
        name = (host.decode() if isinstance(host, bytes) else str(host)).lower().rstrip(".")
        addresses = NAMES.get(name, [name])
        return [entry for address in addresses for entry in resolve(address, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    async with httpx.AsyncClient(transport=trap) as client:
        yield client


async def test_no_spelling_of_a_private_address_is_requested(http: httpx.AsyncClient, trap: Trap) -> None:
    """Refused before anything is sent."""
    assert len(set(ADDRESSES)) == len(ADDRESSES) >= 90
    for address in ADDRESSES:
        with pytest.raises(PictureNotSaved):
            await fetch_picture(http, address, UPSTREAM)
        assert trap.requests == [], address


@pytest.mark.parametrize(
    ("address", "ip"),
    [
        ("https://outward.example/a.png", PUBLIC),
        ("https://outward.example:8443/a.png", PUBLIC),
        ("https://outward6.example/a.png", NAMES["outward6.example"][0]),
        (f"https://{PUBLIC}/a.png", PUBLIC),
        ("https://outward.example/a.png#@127.0.0.1", PUBLIC),
        ("https://127.0.0.1\\@outward.example/a.png", PUBLIC),
        ("https://127.0.0.1%2f@outward.example/a.png", PUBLIC),
    ],
)
async def test_a_public_host_is_requested_at_the_ip_address_that_was_checked(
    http: httpx.AsyncClient, trap: Trap, address: str, ip: str
) -> None:
    """The name is resolved once: a second answer of the resolver cannot redirect it."""
    await fetch_picture(http, address, UPSTREAM)

    (request,) = trap.requests
    url = httpx.URL(address)
    assert (request.url.host, request.url.port, request.url.path) == (ip, url.port, "/a.png")
    assert request.headers["host"] == url.netloc.decode()
    assert request.extensions["sni_hostname"] == url.host
    assert "authorization" not in request.headers


@pytest.mark.parametrize("address", ["https://ann:secret@outward.example/a.png", "http://ann:secret@127.0.0.1:9999/a.png"])
async def test_a_password_in_an_address_is_not_sent(http: httpx.AsyncClient, trap: Trap, address: str) -> None:
    """No request of this client carries an Authorization header."""
    await fetch_picture(http, address, UPSTREAM)

    assert ["authorization" in request.headers for request in trap.requests] == [False]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9999/a.png", "HTTP://127.0.0.1:9999/a.png"])
async def test_the_upstreams_own_host_and_port_are_allowed(http: httpx.AsyncClient, trap: Trap, address: str) -> None:
    """A sandbox or a gateway serves its files where it is."""
    await fetch_picture(http, address, UPSTREAM)

    assert [str(request.url) for request in trap.requests] == ["http://127.0.0.1:9999/a.png"]


async def test_a_proxy_is_handed_names_and_no_spelling_of_a_private_address(trap: Trap, http: httpx.AsyncClient) -> None:
    """The proxy may resolve names that are unknown here; addresses known here to be private are still refused."""
    async with FetchClient(transport=httpx.AsyncHTTPTransport(), mounts={"https://": trap}) as proxied:
        for address in [one for one in ADDRESSES if "nosuchhost" not in one]:
            with pytest.raises(PictureNotSaved):
                await fetch_picture(proxied, address, UPSTREAM)
            assert trap.requests == [], address
        await fetch_picture(proxied, "https://ann:secret@nosuchhost.invalid/a.png", UPSTREAM)
        await fetch_picture(proxied, "https://outward.example/a.png", UPSTREAM)

    assert [str(one.url) for one in trap.requests] == ["https://nosuchhost.invalid/a.png", "https://outward.example/a.png"]


async def test_results_are_fetched_through_the_proxy_and_those_of_this_machine_are_not() -> None:
    async with scripted_upstream() as proxy, scripted_upstream() as upstream:
        async with open_fetch_client({"all://": proxy.address, "all://127.0.0.0/8": None}) as client:
            assert await fetch_picture(client, f"{upstream.address}/1.png", upstream.address) == png()
            with pytest.raises(PictureNotSaved, match="did not answer"):
                await fetch_picture(client, "https://cdn.example.invalid/1.png", upstream.address)

    assert [(request.method, request.path) for request in upstream.requests] == [("GET", "/1.png")]
    assert len(proxy.requests) == 1


async def test_over_real_sockets_only_the_upstream_is_reached() -> None:
    """Another server on the same machine receives no request in any spelling of its address."""
    async with scripted_upstream() as upstream, scripted_upstream() as inner, open_fetch_client() as http:
        port = inner.address.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::ffff:127.0.0.1]"):
            for scheme in ("http", "https"):
                with pytest.raises(PictureNotSaved):
                    await fetch_picture(http, f"{scheme}://{host}:{port}/1.png", upstream.address)
        data = await fetch_picture(http, f"{upstream.address}/1.png", upstream.address)

    assert inner.requests == []
    assert data == png()


async def test_a_stream_is_read_whole_up_to_the_bound_and_not_a_chunk_further() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10
            yield bytes(10)

    async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    assert await read_limited(chunks(b"abc", b"", b"defg"), 7) == b"abcdefg"
    assert await read_limited(chunks(), 0) == b""
    with pytest.raises(TooLarge):
        await read_limited(endless(), 35)
    assert sent == 40
