"""The one HTTP client: a POST leaves at most once, a GET may be asked again, a key goes to its own host only."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2

from components.api.limiter import Lanes
from components.api.refusals import read_retry_after
from components.api.replies import Reply, read_created, read_task
from components.errors import AnswerLost, KeyRefused, NotSent, RateLimited, UnreadableReply, UpstreamFailed

CONNECT_TRIES = 3
LONGEST_ANSWER_S = 90.0
LONGEST_POLL_S = 30.0  # asking again costs nothing, so a poll that hangs is given up sooner than a request
LONGEST_CONNECT_S = 10.0
BACKSTOP_S = 2.0
SHORTEST_SECRET = 12
# A damaged TLS record comes out of httpx2 as the OSError it is; the last two do for a redirect to a host name that no
# IDNA decoder can read.
UNSENT_OR_BROKEN = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, IndexError)
LARGEST_REPLY = 48_000_000  # bytes: a data: URL of the largest picture that is kept, with room to spare


@dataclass(frozen=True)
class Account:
    """Who pays and where: the service's base address (no trailing slash), its two paths, and the key.

    ``payer`` is ``sandbox``, ``host``, ``visitor``, or ``service`` while nobody's key is in it. The key is left out of
    ``repr`` and comparisons.
    ``pace`` is how many times faster than the catalog's seconds this upstream runs: 1 for the service, the
    speed setting for the sandbox.
    """

    payer: str
    base_url: str
    create_path: str
    status_path: str
    key: str = field(repr=False, compare=False)
    pace: float = 1.0

    @property
    def create_url(self) -> str:
        """Where a request is sent."""
        return self.base_url + self.create_path

    def status_url(self, task_id: str) -> str:
        """The address of a task; an id is data, so it is quoted whole, dots that would climb the path included."""
        quoted = quote(task_id, safe="")
        return self.base_url + self.status_path.replace("{task_id}", quoted if task_id.strip(".") else "%2E" * len(task_id))


class ApiClient:
    """Both routes of the service over one shared ``httpx2.AsyncClient``, which its caller opens and closes."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.lanes = Lanes()  # for whoever has many requests to make: hold one while asking
        self._http = http

    async def create(self, account: Account, body: Mapping[str, Any], within: float = LONGEST_ANSWER_S) -> Reply:
        """POST a request once. It is repeated only when no connection was made, so that it never left.

        ``within`` bounds the whole answer in seconds, however slowly it drips in.

        Raises:
            NotSent: no connection could be made.
            AnswerLost: the answer was lost, is a 5xx, or cannot be read: a task may exist and be charged.
            ServiceError: the refusal that the answer is; nothing was created.
        """
        status, text, headers = await self._post(account, body, within)
        try:
            with _timed(headers):
                return read_created(status, text, body)
        except (UpstreamFailed, UnreadableReply) as error:
            what = f"{error.what} The request had been sent, so it may have been accepted."
            raise AnswerLost(what, status=status, reply=text, task_id=error.task_id) from error

    async def task(self, account: Account, task_id: str, body: Mapping[str, Any], within: float = LONGEST_POLL_S) -> Reply:
        """GET a task once; ``body`` is what created it, so that its input pictures are not taken for results.

        Raises:
            ServiceError: any failure, the network's included. None of them says anything about the task.
        """
        headers = _headers(account)
        try:
            request = self._http.build_request("GET", account.status_url(task_id), headers=headers)
            status, text, answered = await self._read(request, account, within)
        except UNSENT_OR_BROKEN as error:
            raise UpstreamFailed(f"The service did not answer ({_name(error)}).", task_id=task_id) from error
        with _timed(answered):
            return read_task(status, text, body, task_id)

    async def _post(self, account: Account, body: Mapping[str, Any], within: float) -> tuple[int, str, httpx2.Headers]:
        headers = _headers(account)
        try:
            request = self._http.build_request("POST", account.create_url, json=dict(body), headers=headers)
        except (httpx2.InvalidURL, ValueError, TypeError) as error:
            raise NotSent("The service's address or the request cannot be used.") from error
        for last in (False,) * (CONNECT_TRIES - 1) + (True,):
            try:
                return await self._read(request, account, within)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
                if last:
                    host = request.url.host
                    raise NotSent(f"No connection to {host} could be made ({_name(error)}).") from error
            except Exception as error:  # whatever it is, the request may have arrived
                what = f"The connection broke after the request was sent ({_name(error)}). It may have been accepted."
                raise AnswerLost(what) from error
        raise AssertionError("unreachable: the last try returns or raises")

    async def _read(self, request: httpx2.Request, account: Account, within: float) -> tuple[int, str, httpx2.Headers]:
        """Status, text without the key, and headers of an answer of at most LARGEST_REPLY bytes.

        The time is kept by httpx2 and between chunks. A cancellation from outside, which its pool does not always
        survive without a lost connection, is only for an answer that drips in inside its head.
        """
        end = time.monotonic() + within
        request.extensions["timeout"] = httpx2.Timeout(within, connect=min(within, LONGEST_CONNECT_S)).as_dict()
        try:
            async with asyncio.timeout(within + BACKSTOP_S):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    content = bytearray()
                    async for chunk in response.aiter_bytes():
                        content += chunk
                        if len(content) > LARGEST_REPLY:
                            raise httpx2.ReadError("the reply is larger than any reply can be", request=request)
                        if time.monotonic() > end:
                            raise httpx2.ReadTimeout("no whole answer in time", request=request)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise httpx2.ReadTimeout("no whole answer in time", request=request) from error
        return response.status_code, _scrub(content.decode("utf-8", errors="replace"), account), response.headers


def _headers(account: Account) -> dict[str, str]:
    if not account.key.isascii() or not account.key.isprintable():
        raise KeyRefused("The key holds characters that no request can carry. It was not sent.")
    return {"Authorization": f"Bearer {account.key}", "Accept": "application/json"}


@contextmanager
def _timed(headers: Mapping[str, str]) -> Iterator[None]:
    """A 429 brings the wait it asks for."""
    try:
        yield
    except RateLimited as error:
        error.retry_after = read_retry_after(headers)
        raise


def _scrub(text: str, account: Account) -> str:
    """A reply that repeats the key would carry it into errors and records, so it goes before anything is read.

    The sandbox's key is no secret, and no real key is so short that it could be part of a word or address.
    """
    if account.payer == "sandbox" or len(account.key) < SHORTEST_SECRET:
        return text
    for written in _as_in_json(account.key) if "\\" in text else (account.key,):
        text = text.replace(written, "***")
    return text


def _as_in_json(secret: str) -> tuple[str, ...]:
    """The secret as it is, with slashes escaped as PHP does, and with all but letters and digits as ``\\u002d``."""
    signs = [sign if sign.isalnum() else f"\\u{ord(sign):04x}" for sign in secret]
    quoted = json.dumps(secret)[1:-1]
    upper = [sign if len(sign) == 1 else "\\u" + sign[2:].upper() for sign in signs]
    return secret, quoted, quoted.replace("/", "\\/"), "".join(signs), "".join(upper)


def _name(error: Exception) -> str:
    """An httpx2 error in words; its own text can hold addresses, its class name cannot."""
    words = {
        "ConnectError": "connection refused or host not found",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "WriteTimeout": "sending took too long",
        "RemoteProtocolError": "the connection was closed",
    }
    return words.get(type(error).__name__, type(error).__name__)
