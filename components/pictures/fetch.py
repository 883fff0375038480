"""Fetching a result: the one place that follows an address which somebody else wrote.

The client here never carries a key. An address may come from anywhere in a reply, so it is held to public
hosts over https, on every redirect, with the connection pinned to the address that was checked; the one
exception is the upstream's own host and port, which is where a sandbox or a gateway serves its files.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import socket
from urllib.parse import unquote_to_bytes

import httpx2

from components.api.client import UNSENT_OR_BROKEN
from components.errors import PictureNotSaved

LARGEST_BYTES = 32_000_000
LARGEST_QUOTED = 4_000_000  # inside an address and not as base64: only text is written so, and taking it apart is slow
LONGEST_S = 60.0
MOST_HOPS = 3
AT_ONCE = 6  # with the lanes for two hundred jobs twenty connections

# Not public, although Python 3.11 calls them global: service and metadata addresses of clouds, relays,
# site-local and documentation ranges.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "100.64.0.0/10",
        "fec0::/10", "3fff::/20", "2001::/23", "5f00::/16", "100::/64",
    )
)  # fmt: skip


def open_downloads() -> httpx2.AsyncClient:
    """A client without any key or anything of the environment; its caller closes it."""
    limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=30)
    return httpx2.AsyncClient(timeout=30, trust_env=False, limits=limits)


class Fetcher:
    """Fetches pictures with ``http``, an open client without any key; its caller closes it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def fetch(self, address: str, upstream: str, within: float = LONGEST_S) -> bytes:
        """The bytes at an address in a reply of ``upstream``, or inside a ``data:`` address, within so many seconds.

        Raises:
            PictureNotSaved: the address is not allowed, does not answer in time, or holds more than LARGEST_BYTES.
        """
        try:
            async with asyncio.timeout(within):
                if address.startswith("data:"):
                    return await asyncio.to_thread(_inline, address)
                return await self._fetch(address, upstream)
        except TimeoutError as error:
            raise PictureNotSaved(f"The picture did not arrive within {within:.3g} s.") from error

    async def _fetch(self, address: str, upstream: str) -> bytes:
        own = httpx2.URL(upstream)
        for _ in range(MOST_HOPS + 1):
            request = await self._pinned(address, own)
            try:
                response = await self._http.send(request, stream=True, follow_redirects=False)
            except UNSENT_OR_BROKEN as error:
                raise PictureNotSaved(f"The picture's host did not answer ({type(error).__name__}).") from error
            try:
                if response.is_redirect and "location" in response.headers:
                    address = _joined(address, response.headers["location"])
                    continue
                if response.status_code != 200:
                    raise PictureNotSaved(f"The picture's host answers {response.status_code}.")
                return await _body(response)
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                raise PictureNotSaved(f"The picture broke off ({type(error).__name__}).") from error
            finally:
                await response.aclose()
        raise PictureNotSaved("The picture's address redirects too often.")

    async def _pinned(self, address: str, own: httpx2.URL) -> httpx2.Request:
        """A GET to an allowed address, bound to the IP address that was checked."""
        try:
            # A name or password in the address would be sent as a credential, so they are left out.
            url = httpx2.URL(address).copy_with(username=None, password=None)
            host_name, netloc = url.host, url.netloc.decode("ascii")
        except (httpx2.InvalidURL, ValueError, IndexError) as error:  # the last from a broken IDNA name
            raise PictureNotSaved("The picture's address is not one.") from error
        if (url.scheme, host_name, url.port) == (own.scheme, own.host, own.port):
            return self._http.build_request("GET", url)
        if url.scheme != "https" or not host_name:
            raise PictureNotSaved("The picture's address is not https.")
        target = url.copy_with(host=await _public_ip(host_name, url.port or 443))
        return self._http.build_request("GET", target, headers={"Host": netloc}, extensions={"sni_hostname": host_name})


def _joined(address: str, location: str) -> str:
    try:
        return str(httpx2.URL(address).join(location))
    except (httpx2.InvalidURL, ValueError, IndexError) as error:
        raise PictureNotSaved("The picture's address leads to one that is none.") from error


async def _public_ip(host: str, port: int) -> str:
    """One IP address of a host, all of whose addresses must be public. Raises PictureNotSaved."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PictureNotSaved("The picture's host is not known.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(_is_public(address) for address in addresses):
        raise PictureNotSaved("The picture's address is not a public one.")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    listed = any(ip in block for block in NOT_PUBLIC if block.version == ip.version)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not listed


async def _body(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_BYTES:
            raise PictureNotSaved(f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB.")
    return bytes(content)


def _inline(address: str) -> bytes:
    head, _, payload = address.partition(",")
    packed = head.endswith(";base64")
    most = LARGEST_BYTES if packed else LARGEST_QUOTED
    if len(payload) > most * 4 // 3 + 4:
        raise PictureNotSaved(f"The picture is larger than {most // 1_000_000} MB.")
    try:
        return base64.b64decode(payload, validate=False) if packed else unquote_to_bytes(payload)
    except (binascii.Error, ValueError) as error:
        raise PictureNotSaved("The picture inside the reply cannot be decoded.") from error
