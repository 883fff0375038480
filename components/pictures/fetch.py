"""Downloads results: the only code that opens an address that somebody else wrote.

The client never carries a key. A reply may contain any address, so only public hosts over https are allowed, on
every redirect too, and the connection goes to the IP address that was checked. The one exception is the upstream's
own scheme, host and port, where a sandbox or a gateway serves its files. An outgoing proxy is handed the
host's name, which it alone may be able to resolve.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import re
import socket
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from urllib.parse import unquote_to_bytes

import httpx2 as httpx

from components.errors import PictureNotSaved, TooLarge
from components.transport import CancelSafeTransport, ssl_context

LARGEST_BYTES = 32_000_000
LARGEST_PERCENT_ENCODED = 4_000_000  # of a data: URL without base64: only text is written so, and decoding it is slow
LONGEST_S = 60.0
LONGEST_LOOKUP_S = 3.0  # where a proxy resolves the name anyway
PUBLIC_NAME = re.compile(r"([\w-]+\.)+[a-z][a-z0-9-]+\.?", re.I)  # that a proxy may resolve
MAX_REDIRECTS = 3
URL_ALPHABET = bytes.maketrans(b"-_", b"+/")
MAX_CONNECTIONS = 6  # together with the API client's, twenty connections serve two hundred jobs

# A damaged TLS record is an OSError; the last two are what a redirect to an undecodable IDNA host name raises.
FETCH_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, IndexError)

# Not public, although Python 3.11 calls them global: service and metadata addresses of clouds, relays,
# site-local and documentation ranges.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "100.64.0.0/10",
        "fec0::/10", "3fff::/20", "2001::/23", "5f00::/16", "100::/64",
    )
)  # fmt: skip


class FetchClient(httpx.AsyncClient):
    """A client that tells which addresses it calls through a proxy."""

    def uses_proxy(self, url: httpx.URL) -> bool:
        """Whether a proxy is asked for this address."""
        return self._transport_for_url(url) is not self._transport


def open_fetch_client(proxies: Mapping[str, str | None] | None = None, certificates: Path | None = None) -> FetchClient:
    """An HTTP client without a key. The caller closes it.

    Args:
        proxies: the proxy for each URL pattern as httpx2 writes them; None for what is called directly.
        certificates: those of the authorities to trust, None for the system's.
    """
    context = ssl_context(certificates)
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS, keepalive_expiry=30)
    mounts = {
        pattern: CancelSafeTransport(verify=context, limits=limits, proxy=proxy) if proxy else None
        for pattern, proxy in (proxies or {}).items()
    }
    return FetchClient(
        transport=CancelSafeTransport(verify=context, limits=limits), mounts=mounts, timeout=30, trust_env=False
    )


async def read_limited(stream: AsyncIterable[bytes], most: int) -> bytes:
    """All bytes of a stream, holding at most ``most`` of them in memory.

    Raises:
        TooLarge: the stream has more; the rest is not read.
    """
    content = bytearray()
    async for chunk in stream:
        if len(content) + len(chunk) > most:
            raise TooLarge(f"More than {most:,} bytes were sent.")
        content += chunk
    return bytes(content)


async def fetch_picture(http: httpx.AsyncClient, address: str, upstream: str, timeout_s: float = LONGEST_S) -> bytes:
    """The bytes at an address from a reply of ``upstream`` (a base URL), or those inside a ``data:`` URL.

    Raises:
        PictureNotSaved: the address is not allowed, does not answer in time, or has more than LARGEST_BYTES.
    """
    try:
        async with asyncio.timeout(timeout_s):
            if address.startswith("data:"):
                return await asyncio.to_thread(_decode_data_url, address)
            return await _download(http, address, httpx.URL(upstream))
    except TimeoutError as error:
        raise PictureNotSaved(f"The picture did not arrive within {timeout_s:.3g} s.") from error


async def _download(http: httpx.AsyncClient, address: str, upstream: httpx.URL) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        request = await _pinned_request(http, address, upstream)
        try:
            response = await http.send(request, stream=True, follow_redirects=False)
        except FETCH_ERRORS as error:
            raise PictureNotSaved(f"The picture's host did not answer ({type(error).__name__}).") from error
        try:
            if response.is_redirect and "location" in response.headers:
                address = _redirect_target(address, response.headers["location"])
                continue
            if response.status_code != 200:
                raise PictureNotSaved(f"The picture's host answers {response.status_code}.")
            announced = response.headers.get("content-length", "")
            if announced.isdecimal() and int(announced[:20]) > LARGEST_BYTES:
                raise _too_large(LARGEST_BYTES)
            return await read_limited(response.aiter_bytes(), LARGEST_BYTES)
        except TooLarge as error:
            raise _too_large(LARGEST_BYTES) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise PictureNotSaved(f"The download of the picture broke off ({type(error).__name__}).") from error
        finally:
            await response.aclose()
    raise PictureNotSaved("The picture's address redirects too often.")


async def _pinned_request(http: httpx.AsyncClient, address: str, upstream: httpx.URL) -> httpx.Request:
    """A GET to an allowed address, bound to the IP address that was checked. Raises PictureNotSaved."""
    try:
        # A name or password in the address would be sent as a credential, so they are left out.
        url = httpx.URL(address).copy_with(username=None, password=None)
        host, netloc = url.host, url.netloc.decode("ascii")
    except (httpx.InvalidURL, ValueError, IndexError) as error:  # IndexError: a broken IDNA name
        raise PictureNotSaved("The picture's address is not a valid URL.", definite=True) from error
    if (url.scheme, host, url.port) == (upstream.scheme, upstream.host, upstream.port):
        return http.build_request("GET", url)
    if url.scheme != "https" or not host:
        raise PictureNotSaved("The picture's address is not https.", definite=True)
    proxied = isinstance(http, FetchClient) and http.uses_proxy(url)
    try:
        async with asyncio.timeout(LONGEST_LOOKUP_S if proxied else None):
            ip = await _public_ip(host, url.port or 443)
    except (_HostUnknown, TimeoutError):
        if not proxied or not PUBLIC_NAME.fullmatch(host):
            raise
    if proxied:
        return http.build_request("GET", url)
    return http.build_request("GET", url.copy_with(host=ip), headers={"Host": netloc}, extensions={"sni_hostname": host})


def _redirect_target(address: str, location: str) -> str:
    try:
        return str(httpx.URL(address).join(location))
    except (httpx.InvalidURL, ValueError, IndexError) as error:
        raise PictureNotSaved("The picture's address redirects to an invalid URL.", definite=True) from error


class _HostUnknown(PictureNotSaved):
    """Nobody here resolves the name; an outgoing proxy may."""


async def _public_ip(host: str, port: int) -> str:
    """One IP address of a host, all of whose addresses must be public. Raises PictureNotSaved."""
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _HostUnknown("The picture's host is not known.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in resolved))
    if not addresses or not all(_is_public(address) for address in addresses):
        raise PictureNotSaved("The picture's address is not a public one.", definite=True)
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return _is_public(str(embedded))
    listed = any(ip in block for block in NOT_PUBLIC if block.version == ip.version)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not listed


def _decode_data_url(address: str) -> bytes:
    head, _, payload = address.partition(",")
    is_base64 = head.lower().rstrip().endswith("base64")
    most = LARGEST_BYTES if is_base64 else LARGEST_PERCENT_ENCODED
    if len(payload) > most * 4 // 3 + 4:
        raise _too_large(most)
    try:
        if not is_base64:
            return unquote_to_bytes(payload)
        plain = (unquote_to_bytes(payload) if "%" in payload else payload.encode()).translate(URL_ALPHABET, b" \t\r\n=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, ValueError) as error:
        raise PictureNotSaved("The picture inside the reply cannot be decoded.", definite=True) from error


def _too_large(most: int) -> PictureNotSaved:
    return PictureNotSaved(f"The picture is larger than {most // 1_000_000} MB.", definite=True)
