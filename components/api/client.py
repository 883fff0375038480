"""The HTTP client of both routes. It sends a request at most once, and the key to the account's own host only."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpx2 as httpx

from components.api.refusals import read_retry_after
from components.api.replies import Phase, Reply, read_created, read_task
from components.errors import AnswerLost, KeyRefused, NotSent, RateLimited, RequestRefused, UnreadableReply, UpstreamFailed

CONNECT_ATTEMPTS = 3
CREATE_TIMEOUT_S = 90.0
POLL_TIMEOUT_S = 30.0  # a poll can be repeated for free, so one that hangs is given up sooner than a request
CHECK_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10.0
# httpx2's own timeout is shorter than ours by this many seconds, or by this share of it, so that it fires first.
CANCEL_BEFORE_S, CANCEL_SHARE = 1.0, 0.1
SHORTEST_SECRET = 12  # characters; a shorter key is no real one, and might be part of a word or URL
LARGEST_REPLY = 48_000_000  # bytes: a data: URL of the largest picture that is kept, with room to spare
REDIRECTS = (*range(300, 304), *range(305, 400))
SEE_OTHER = 303  # after a POST, it may say that it was accepted
CORRECT_ADDRESS = "The host of this page must correct API_IN_ONE_BASE_URL so that nothing redirects."
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
PICTURE = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|....ftypavif", re.S)
# httpx2 passes a damaged TLS record on as the OSError it is; the last two come from a redirect to a host name that is
# no valid IDNA.
REQUEST_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, IndexError)

# Who pays. Three have no key: ``sandbox``, ``service`` (the service without one) and ``imported`` (paid for in another
# installation).
Payer = Literal["sandbox", "host", "visitor", "service", "imported"]


@dataclass(frozen=True)
class Account:
    """Who pays, and where: the service's base URL (no trailing slash), its two paths, and the key.

    ``pace`` is how many times faster than the catalog's seconds this upstream runs: 1 for the service, the speed setting
    for the sandbox. The key is not part of ``repr`` and comparisons.
    """

    payer: Payer
    base_url: str
    create_path: str
    status_path: str
    key: str = field(repr=False, compare=False)
    pace: float = 1.0

    @property
    def create_url(self) -> str:
        """Where a request is POSTed."""
        return self.base_url + self.create_path

    def status_url(self, task_id: str) -> str:
        """The URL of a task. The id is quoted whole, also dots that would lead out of the path."""
        quoted = quote(task_id, safe="") if task_id.strip(".") else "%2E" * len(task_id)
        return self.base_url + self.status_path.replace("{task_id}", quoted)


def service_address(base_url: str, create_path: str) -> str:
    """The base URL without a slash at its end and without what ``create_path`` begins with.

    The service's pages print its address with ``/api/v1`` at the end, and that is what people copy.
    """
    base, parts = base_url.rstrip("/"), create_path.strip("/").split("/")
    endings = ("/" + "/".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((base.removesuffix(ending) for ending in endings if urlsplit(base).path.endswith(ending)), base)


class ApiClient:
    """Both routes of the service over a shared ``httpx2.AsyncClient``, which its caller opens and closes."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def create(
        self, account: Account, body: Mapping[str, Any], count: int, timeout_s: float = CREATE_TIMEOUT_S
    ) -> Reply:
        """POST a request. It is repeated only if no connection was made, so that it was never sent.

        ``count`` is how many images it asks for; ``timeout_s`` bounds the whole reply, however slowly it arrives.

        Raises:
            NotSent: no connection could be made.
            AnswerLost: the reply was lost, is a 5xx, or cannot be read: a task may exist and be charged.
            ServiceError: the service refused the request; nothing was created.
        """
        status, text, headers = await self._post(account, body, timeout_s)
        if status in REDIRECTS and status != SEE_OTHER:
            raise RequestRefused(
                _redirect(status, headers, account.create_url, account), status=status, next_step=CORRECT_ADDRESS
            )
        try:
            with _retry_after_from(headers):
                return _absolute(read_created(status, text, body, count), account)
        except (UpstreamFailed, UnreadableReply) as error:
            if task_id := error.task_id or _task_at(headers.get("location", ""), account) or _task_at(text, account):
                return Reply(Phase.RUNNING, task_id)  # whatever became of it, a poll tells
            what = f"{error.what} The request had been sent, so it may have been accepted."
            raise AnswerLost(what, status=status, reply=text) from error

    async def task(
        self,
        account: Account,
        task_id: str,
        body: Mapping[str, Any],
        count: int,
        timeout_s: float = POLL_TIMEOUT_S,
    ) -> Reply:
        """GET a task. ``body`` created it and asks for ``count`` images: its input pictures are not taken for results.

        Raises:
            ServiceError: any failure, of the network too. It does not mean that the task failed.
        """
        headers = _headers(account)
        try:
            url = account.status_url(task_id)
            request = self._http.build_request("GET", url, headers=headers, timeout=_timeout(timeout_s))
            status, text, reply_headers = await self._send(request, account, timeout_s)
        except REQUEST_ERRORS as error:
            raise UpstreamFailed(f"The service did not answer ({_describe(error)}).", task_id=task_id) from error
        if status in REDIRECTS:
            raise UpstreamFailed(_redirect(status, reply_headers, url, account), status=status, next_step=CORRECT_ADDRESS)
        with _retry_after_from(reply_headers):
            return _absolute(read_task(status, text, body, task_id, count), account)

    async def status_of_unknown_task(self, account: Account) -> int | None:
        """The HTTP status of a GET for a task that does not exist; None without an answer. It costs nothing."""
        url = account.status_url(f"key-check-{secrets.token_hex(8)}")
        try:
            request = self._http.build_request("GET", url, headers=_headers(account), timeout=_timeout(CHECK_TIMEOUT_S))
            status, _, _ = await self._send(request, account, CHECK_TIMEOUT_S)
        except (*REQUEST_ERRORS, KeyRefused):
            return None
        return status

    async def _post(self, account: Account, body: Mapping[str, Any], timeout_s: float) -> tuple[int, str, httpx.Headers]:
        headers, url = _headers(account), account.create_url
        try:
            request = self._http.build_request("POST", url, json=dict(body), headers=headers, timeout=_timeout(timeout_s))
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise NotSent("The service's address or the request cannot be used.") from error
        attempt = 1
        while True:
            try:
                return await self._send(request, account, timeout_s)
            except NEVER_SENT as error:
                if attempt == CONNECT_ATTEMPTS:
                    what = f"No connection to {request.url.host} could be made ({_describe(error)})."
                    raise NotSent(what) from error
            except Exception as error:  # whatever it is, the request may have arrived
                what = f"The connection broke after the request was sent ({_describe(error)}). It may have been accepted."
                raise AnswerLost(what) from error
            attempt += 1

    async def _send(self, request: httpx.Request, account: Account, timeout_s: float) -> tuple[int, str, httpx.Headers]:
        """Status, text without the key, and headers of a reply of at most LARGEST_REPLY bytes.

        httpx2 limits each read, this loop the whole reply. Cancelling may cost the pool a connection, so only a reply whose
        head arrives too slowly is cancelled.
        """
        end = time.monotonic() + _httpx_timeout_s(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    content = bytearray()
                    async for chunk in response.aiter_bytes():
                        content += chunk
                        if len(content) > LARGEST_REPLY:
                            raise httpx.ReadError("the reply is larger than any reply can be", request=request)
                        if time.monotonic() > end:
                            raise httpx.ReadTimeout("the reply was not complete in time", request=request)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise httpx.ReadTimeout("the reply was not complete in time", request=request) from error
        return response.status_code, _remove_key(_decode(bytes(content), response), account), response.headers


def _decode(content: bytes, response: httpx.Response) -> str:
    """The text of a JSON reply: UTF-8, UTF-16 or UTF-32 with or without a mark, else in the charset that it names.

    A picture instead of JSON becomes one: it may be the only copy of a paid result.
    """
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if PICTURE.match(content) or (media_type.startswith("image/") and not content.lstrip().startswith((b"{", b"["))):
        kind = media_type if media_type.startswith("image/") else "image/png"  # its bytes are looked at when it is kept
        return json.dumps({"images": [f"data:{kind};base64,{b64encode(content).decode()}"]})
    for encoding in (json.detect_encoding(content), response.charset_encoding):
        with suppress(UnicodeError, LookupError):
            return content.decode(encoding or "utf-8")
    return content.decode("utf-8", errors="replace")


def _absolute(reply: Reply, account: Account) -> Reply:
    """The reply with addresses that start with a slash completed by the service's own."""
    complete = (urljoin(account.create_url, image) if image.startswith("/") else image for image in reply.images)
    return replace(reply, images=tuple(complete))


def _task_at(text: str, account: Account) -> str | None:
    """The id in the first task address of a Location header or a reply's text; None without one."""
    pattern = re.escape(account.status_path).replace(re.escape("{task_id}"), r"([^/?#\s\"\\{}]+)")
    match = re.search(f'{pattern}(?:[?#"\\s]|$)', text.replace("\\/", "/"))
    return unquote(match[1]) if match else None


def _redirect(status: int, headers: httpx.Headers, url: str, account: Account) -> str:
    """Where a reply sends the request. It is not followed: no other host gets the key."""
    target = httpx.URL(url)
    with suppress(httpx.InvalidURL, ValueError, IndexError):  # the last two for a host name that is no valid IDNA
        target = target.join(headers.get("location", ""))
    shown = _remove_key(str(target.copy_with(username=None, password=None, query=None, fragment=None)), account)
    return f"The service's address redirects to {shown} ({status}), so the request was not accepted."


def _timeout(seconds: float) -> httpx.Timeout:
    own = _httpx_timeout_s(seconds)
    return httpx.Timeout(own, connect=min(own, CONNECT_TIMEOUT_S))


def _httpx_timeout_s(seconds: float) -> float:
    """The timeout given to httpx2, a little shorter than ``seconds``."""
    return seconds - min(CANCEL_BEFORE_S, CANCEL_SHARE * seconds)


def _headers(account: Account) -> dict[str, str]:
    if not account.key.isascii() or not account.key.isprintable():
        raise KeyRefused("The key holds characters that no request can carry. It was not sent.")
    return {"Authorization": f"Bearer {account.key}", "Accept": "application/json"}


@contextmanager
def _retry_after_from(headers: Mapping[str, str]) -> Iterator[None]:
    """Add the wait that a 429 asks for."""
    try:
        yield
    except RateLimited as error:
        error.retry_after = read_retry_after(headers, error.reply)
        raise


def _remove_key(text: str, account: Account) -> str:
    """The text with the key masked: otherwise a reply that repeats it would carry it into errors and the database.

    The sandbox's key is no secret.
    """
    if account.payer == "sandbox" or len(account.key) < SHORTEST_SECRET:
        return text
    for spelling in _spellings_in_json(account.key) if "\\" in text else (account.key,):
        text = text.replace(spelling, "***")
    return text


def _spellings_in_json(secret: str) -> tuple[str, ...]:
    """The secret as it is, with slashes escaped as PHP does, and with all but letters and digits as ``\\u002d``."""
    lower = "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in secret)
    upper = "".join(char if char.isalnum() else f"\\u{ord(char):04X}" for char in secret)
    quoted = json.dumps(secret)[1:-1]
    return secret, quoted, quoted.replace("/", "\\/"), lower, upper


def _describe(error: Exception) -> str:
    """An httpx2 error in words. Its own text may contain URLs, its class name does not."""
    words = {
        "ConnectError": "connection refused or host not found",
        "ConnectTimeout": "no connection in time",
        "ProxyError": "the proxy refused the connection",
        "ReadTimeout": "no answer in time",
        "WriteTimeout": "sending took too long",
        "RemoteProtocolError": "the connection was closed",
    }
    return words.get(type(error).__name__, type(error).__name__)
