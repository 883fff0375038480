"""Results are fetched at once, checked, and kept as plain files named by their content.

The client here never carries a key. An address may come from anywhere in a reply, so it is held to public
hosts over https, on every redirect, with the connection pinned to the address that was checked; the one
exception is the upstream's own host and port, which is where a sandbox or a gateway serves its files.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import ipaddress
import logging
import os
import re
import socket
import tempfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

import httpx

from components.errors import PictureUnkept
from components.jobs.records import KeptPicture

log = logging.getLogger(__name__)

LARGEST_BYTES = 32_000_000
LARGEST_PIXELS = 40_000_000
LONGEST_S = 60.0
MOST_HOPS = 3
DISK_LIMIT = 4_000_000_000
NAME = re.compile(r"[0-9a-f]{64}\.(?:png|jpeg|webp|svg)")
# An atomic group: without it a file of repeated comments is tried in exponentially many ways.
SVG_START = re.compile(rb"(?>(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*)<svg[\s>]", re.S)
SVG_END = re.compile(rb"(?:</svg\s*>|/>)\s*(?:<!--[^>]*-->\s*)*\Z")
FORMATS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp"}  # MPO is a JPEG with a second frame

# Not public, although Python 3.11 calls them global: service and metadata addresses of clouds, relays,
# site-local and documentation ranges.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "100.64.0.0/10",
        "fec0::/10", "3fff::/20", "2001::/23", "5f00::/16", "100::/64",
    )
)  # fmt: skip


class PictureStore:
    """A folder of pictures. ``http`` is an open client without any key; its caller closes it."""

    def __init__(self, folder: Path, http: httpx.AsyncClient) -> None:
        self.folder = folder
        self._http = http
        self._decoding = asyncio.Semaphore(2)
        folder.mkdir(parents=True, exist_ok=True)

    async def keep(self, address: str, upstream: str) -> KeptPicture:
        """Fetch (or decode a ``data:`` address), check and store one picture of a task at ``upstream``.

        Raises:
            PictureUnkept: it cannot be fetched, is too large, or is no png, jpeg, webp or svg.
        """
        try:
            async with asyncio.timeout(LONGEST_S):
                data = _inline(address) if address.startswith("data:") else await self._fetch(address, upstream)
        except TimeoutError as error:
            raise PictureUnkept(f"The picture did not arrive within {LONGEST_S:g} s.") from error
        source = "" if address.startswith("data:") else address
        async with self._decoding:
            return await asyncio.to_thread(self._store, data, source)

    def path(self, name: str) -> Path | None:
        """The file of a kept picture's name, or None; a name in any other form is nobody's."""
        if not NAME.fullmatch(name):
            return None
        path = self.folder / name
        return path if path.is_file() else None

    async def _fetch(self, address: str, upstream: str) -> bytes:
        own = httpx.URL(upstream)
        for _ in range(MOST_HOPS + 1):
            request = await self._pinned(address, own)
            try:
                response = await self._http.send(request, stream=True, follow_redirects=False)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, IndexError) as error:
                raise PictureUnkept(f"The picture's host did not answer ({type(error).__name__}).") from error
            try:
                if response.is_redirect and "location" in response.headers:
                    address = _joined(address, response.headers["location"])
                    continue
                if response.status_code != 200:
                    raise PictureUnkept(f"The picture's host answers {response.status_code}.")
                return await _body(response)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise PictureUnkept(f"The picture broke off ({type(error).__name__}).") from error
            finally:
                await response.aclose()
        raise PictureUnkept("The picture's address redirects too often.")

    async def _pinned(self, address: str, own: httpx.URL) -> httpx.Request:
        """A GET to an allowed address, bound to the IP address that was checked."""
        try:
            # A name or password in the address would be sent as a credential, so they are left out.
            url = httpx.URL(address).copy_with(username=None, password=None)
            host_name, netloc = url.host, url.netloc.decode("ascii")
        except (httpx.InvalidURL, ValueError, IndexError) as error:  # the last from a broken IDNA name
            raise PictureUnkept("The picture's address is not one.") from error
        if (url.scheme, host_name, url.port) == (own.scheme, own.host, own.port):
            return self._http.build_request("GET", url)
        if url.scheme != "https" or not host_name:
            raise PictureUnkept("The picture's address is not https.")
        target = url.copy_with(host=await _public_ip(host_name, url.port or 443))
        return self._http.build_request("GET", target, headers={"Host": netloc}, extensions={"sni_hostname": host_name})

    def _store(self, data: bytes, source: str) -> KeptPicture:
        form, width, height = _inspect(data)
        name = f"{hashlib.sha256(data).hexdigest()}.{form}"
        path = self.folder / name
        if not path.exists():
            try:
                _write(path, data)
                self._trim()
            except OSError as error:
                log.exception("picture %s cannot be stored", name)
                raise PictureUnkept("The picture cannot be stored here; whoever runs this page can see why.") from error
        else:
            path.touch()
        return KeptPicture(name, width, height, form, len(data), source)

    def _trim(self) -> None:
        """Keep the folder below its limit: the files that were used longest ago go first."""
        files = sorted((item.stat().st_mtime, item.stat().st_size, item) for item in self.folder.iterdir() if item.is_file())
        surplus = sum(size for _, size, _ in files) - DISK_LIMIT
        for _, size, item in files:
            if surplus <= 0:
                break
            item.unlink(missing_ok=True)
            surplus -= size


def _joined(address: str, location: str) -> str:
    try:
        return str(httpx.URL(address).join(location))
    except (httpx.InvalidURL, ValueError, IndexError) as error:
        raise PictureUnkept("The picture's address leads to one that is none.") from error


async def _public_ip(host: str, port: int) -> str:
    """One IP address of a host, all of whose addresses must be public. Raises PictureUnkept."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PictureUnkept("The picture's host is not known.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(_is_public(address) for address in addresses):
        raise PictureUnkept("The picture's address is not a public one.")
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


async def _body(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_BYTES:
            raise PictureUnkept(f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB.")
    return bytes(content)


def _inline(address: str) -> bytes:
    head, _, payload = address.partition(",")
    if len(payload) > LARGEST_BYTES * 4 // 3 + 4:
        raise PictureUnkept(f"The picture is larger than {LARGEST_BYTES // 1_000_000} MB.")
    try:
        return base64.b64decode(payload, validate=False) if head.endswith(";base64") else unquote_to_bytes(payload)
    except (binascii.Error, ValueError) as error:
        raise PictureUnkept("The picture inside the reply cannot be decoded.") from error


def _inspect(data: bytes) -> tuple[str, int, int]:
    """Format, width and height of a real picture. Raises PictureUnkept for everything else."""
    if SVG_START.match(data[:4096]):
        if not SVG_END.search(data[-4096:]):
            raise PictureUnkept("The picture is an SVG that breaks off.")
        return "svg", *_svg_size(data)
    from PIL import Image  # a third of a second that a start without pictures need not take

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            width, height = picture.size
            if width * height > LARGEST_PIXELS:
                raise PictureUnkept(f"The picture has more than {LARGEST_PIXELS // 1_000_000} megapixels.")
            picture.load()
            return FORMATS[str(picture.format)], width, height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureUnkept("What came is no png, jpeg, webp or svg picture.") from error


def _svg_size(data: bytes) -> tuple[int, int]:
    """Width and height of an SVG's root element, from its attributes or its viewBox; 0 × 0 where it states none."""
    found = re.search(rb"<svg\b[^>]*>", data[:8192], re.S)
    root = found.group(0).decode("utf-8", "replace") if found else ""
    width, height = (_length(root, name) for name in ("width", "height"))
    if width and height:
        return width, height
    box = re.search(r"\sviewBox\s*=\s*[\"']([^\"']{1,200})[\"']", root)
    numbers = re.split(r"[\s,]+", box[1].strip()) if box else []
    size = (_pixels(numbers[2]), _pixels(numbers[3])) if len(numbers) == 4 else (0, 0)
    return size if all(size) else (0, 0)


def _length(root: str, name: str) -> int:
    found = re.search(rf"\s{name}\s*=\s*[\"']\s*([^\"'\s]{{1,40}}?)(?:px)?\s*[\"']", root)
    return _pixels(found[1]) if found else 0


def _pixels(text: str) -> int:
    """A length in pixels; 0 for what is none, a percentage included."""
    try:
        value = float(text)
    except ValueError:
        return 0
    return int(value) if 0 < value < 1e6 else 0


def _write(path: Path, data: bytes) -> None:
    """All or nothing: a half-written picture never bears its final name."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
