"""The client against servers that fail in every way: what is sent how often, which error it is, and where the key goes."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import unquote

import httpx2 as httpx
import pytest

from components.api import ApiClient, Phase
from components.api.client import CONNECT_ATTEMPTS
from components.api.connections import Pools
from components.errors import (
    NOT_CHARGED,
    AnswerLost,
    KeyRefused,
    NotSent,
    PlaygroundError,
    RequestRefused,
    ServiceError,
    UpstreamFailed,
)
from tests.api.upstream import (
    BODY,
    CREATED,
    ENDLESS,
    KEY,
    RESET,
    SILENT,
    SLOW,
    SLOW_HEAD,
    Call,
    account,
    both,
    http,
    upstream,
)


def timeout_for(answer: bytes) -> float:
    """Half a second for a reply that never comes; for the others long enough not to be reached."""
    return 0.5 if answer == SILENT else 20.0


@pytest.fixture
async def client() -> AsyncIterator[ApiClient]:
    """A client over an HTTP client that would follow redirects."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True, transport=Pools()) as http_client:
        yield ApiClient(http_client)


async def test_a_created_task_is_posted_once_with_the_key_in_its_header(client: ApiClient) -> None:
    async with upstream(http(200, CREATED)) as server:
        reply = await client.create(account(server.address), BODY, 1)

    assert (reply.phase, reply.task_id, server.paths) == (Phase.RUNNING, "n41x", ["/api/v1/images/generations"])
    assert f"authorization: bearer {KEY}".lower() in server.heads[0].lower()


async def test_a_refused_connection_proves_that_nothing_was_sent(client: ApiClient) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, never listening: nobody else gets the port meanwhile
        where = account(f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(NotSent, match=r"No connection to 127\.0\.0\.1 could be made") as caught:
            await client.create(where, BODY, 1)
        with pytest.raises(UpstreamFailed):
            await client.task(where, "n1", BODY, 1)

    assert caught.value.problem.charged == NOT_CHARGED


async def test_only_connecting_is_repeated(client: ApiClient) -> None:
    """A server that speaks no TLS: each handshake fails before a request is made."""
    async with upstream(http(200, CREATED)) as server:
        with pytest.raises(NotSent):
            await client.create(account(server.address.replace("http:", "https:")), BODY, 1)

    assert (server.connections, server.posts) == (CONNECT_ATTEMPTS, 0)


LOST = {
    "reset after the request": RESET,
    "no answer in time": SILENT,
    "connection closed without a word": b"",
    "half a status line": b"HTTP/1.1 2",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "500": http(500, '{"error":{"code":500,"message":"Internal error","type":"server_error"}}'),
    "503": http(503, "<html>Service unavailable</html>"),
    "500 about credits": http(500, '{"error":{"message":"Insufficient credits at the provider"}}'),
    "200 with code 500": http(200, '{"code":500,"message":"boom","data":null}'),
    "body cut short": http(200, CREATED, length=5000),
    "truncated JSON": http(200, CREATED[:44]),
    "web page": http(200, "<!doctype html><title>Just a moment</title>"),
    "empty": http(200),
    "no content": http(204),
    "no task id": http(200, '{"code":200,"message":"success","data":{}}'),
    "broken compression": http(200, "no gzip", "Content-Encoding: gzip"),
    "more than any reply": ENDLESS,
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
async def test_a_lost_reply_is_an_error_of_its_own_and_the_request_is_sent_once(client: ApiClient, answer: bytes) -> None:
    async with upstream(answer) as server:
        with pytest.raises(AnswerLost) as caught:
            await client.create(account(server.address), BODY, 1, timeout_for(answer))

    assert server.posts == 1
    assert caught.value.problem.charged == AnswerLost.charged
    assert "may have been accepted" in str(caught.value)


@pytest.mark.parametrize("answer", [SILENT, SLOW, SLOW_HEAD], ids=["no reply", "a byte at a time", "also in its head"])
async def test_the_timeout_bounds_the_whole_reply(client: ApiClient, answer: bytes) -> None:
    async with upstream(answer) as server:
        for call in both(client, account(server.address), timeout_s=0.2):
            with pytest.raises(ServiceError, match="no answer in time"):
                async with asyncio.timeout(30):
                    await call()


async def test_an_unknown_state_word_does_not_lose_the_task_id(client: ApiClient) -> None:
    async with upstream(http(200, CREATED.replace("IN_PROGRESS", "CREATED"))) as server:
        reply = await client.create(account(server.address), BODY, 1)

    assert (reply.task_id, reply.phase) == ("n41x", Phase.RUNNING)


POLLS = {
    **LOST,
    "404": http(404, '{"error":{"code":404,"message":"No such task.","type":"not_found"}}'),
    "no state": http(200, '{"code":200,"data":{"progress":3}}'),
}
del POLLS["no task id"], POLLS["empty"], POLLS["200 with code 500"]


@pytest.mark.parametrize("answer", POLLS.values(), ids=POLLS)
async def test_a_failed_poll_does_not_end_the_task(client: ApiClient, answer: bytes) -> None:
    async with upstream(answer) as server:
        with pytest.raises(ServiceError) as caught:
            await client.task(account(server.address), "n1", BODY, 1, timeout_for(answer))

    assert not isinstance(caught.value, AnswerLost | NotSent)
    assert server.posts == 0


async def test_a_task_id_stays_one_segment_of_its_path(client: ApiClient) -> None:
    """An id comes from outside. An invalid one is an error, and no id sends the key to another address."""
    ids = [
        "n41x",
        "a/b",
        "../../billing/credits",
        "..",
        ".",
        "a?b=c#d",
        "a b",
        "%2e%2e",
        "é狐",
        "{task_id}",
        "a\\b",
        "\ud800",
    ]
    for task_id in ids:
        async with upstream(http(200, '{"status":"pending"}')) as server:
            try:
                await client.task(account(server.address), task_id, BODY, 1)
            except ServiceError:
                assert server.paths == [], task_id
            else:
                (path,) = server.paths
                segment = path.removeprefix("/api/v1/tasks/")
                assert unquote(segment) == task_id
                assert not set("/?#") & set(segment), task_id


async def test_a_redirect_is_not_followed_and_names_target_and_setting(client: ApiClient) -> None:
    """No other host gets the request, let alone the key. Only after a 303 may a task have been created."""
    for status in (301, 302, 303, 307, 308):
        async with upstream(http(200, CREATED)) as other:
            location = f"Location: {other.address.replace('//', '//ann:secret@')}/x?key=secret"
            async with upstream(http(status, "", location)) as server:
                with pytest.raises(AnswerLost if status == 303 else RequestRefused) as created:
                    await client.create(account(server.address), BODY, 1)
                with pytest.raises(UpstreamFailed) as polled:
                    await client.task(account(server.address), "n1", BODY, 1)

        assert (len(server.heads), other.connections) == (2, 0)
        for error in (polled.value, *([created.value] if status != 303 else [])):
            assert f"redirects to {other.address}/x ({status})" in str(error)
            assert "API_IN_ONE_BASE_URL" in error.problem.next_step
        assert created.value.problem.charged == (AnswerLost.charged if status == 303 else NOT_CHARGED)
    for location, shown in (("/b/", "/b/"), ("http://a.example:x/", "/api/v1/images/generations"), (f"/{KEY}", "/***")):
        async with upstream(http(301, "", f"Location: {location}")) as server:
            with pytest.raises(RequestRefused) as created:
                await client.create(account(server.address), BODY, 1)
            assert f"redirects to {server.address}{shown} (301)" in str(created.value)


async def test_a_reply_is_read_in_the_encoding_that_it_has(client: ApiClient) -> None:
    """By its byte order mark, as UTF-8 where it is that, else by the charset that it names."""
    failed = '{"status":"failed","error":"提示词 é"}'
    for content, charset in (
        (failed.encode(), ""),
        (failed.encode(), "gbk"),
        (failed.encode("utf-8-sig"), ""),
        (failed.encode("utf-16"), ""),
        (failed.encode("gb18030"), "gb18030"),
        (failed.encode("gbk"), "GBK"),
    ):
        async with upstream(http(200, content, f"Content-Type: application/json; charset={charset}")) as server:
            assert (await client.task(account(server.address), "n1", BODY, 1)).message == "提示词 é", (content, charset)
    for charset in ("base64", "nonsense", "utf-8"):
        async with upstream(
            http(200, failed.encode("latin-1", "replace"), f"Content-Type: a/b; charset={charset}")
        ) as server:
            assert "\ufffd" in (await client.task(account(server.address), "n1", BODY, 1)).message


async def test_an_address_without_scheme_or_host_is_completed_by_the_services_own(client: ApiClient) -> None:
    images = ["//cdn.example/a.png", "/files/b.png", "https://cdn.example/c.png"]
    async with upstream(http(200, json.dumps({"status": "completed", "images": images}))) as server:
        reply = await client.task(account(server.address), "n1", BODY, 1)
        created = await client.create(account(server.address), BODY, 1)

    assert reply.images == created.images
    assert reply.images == ("http://cdn.example/a.png", f"{server.address}/files/b.png", "https://cdn.example/c.png")


REPEATING_THE_KEY = {
    "error message": http(401, json.dumps({"error": {"message": f"The key {KEY} is unknown"}})),
    "plain text": http(400, f"unknown key {KEY}"),
    "web page": http(200, f"<html>{KEY}</html>"),
    "server error": http(500, json.dumps({"message": f"crashed with Bearer {KEY}"})),
    "state word": http(200, json.dumps({"task_id": "n1", "status": f"no {KEY}"})),
    "rate limit": http(429, json.dumps({"message": f"{KEY} is too fast"}), "Retry-After: 1"),
    "failed task": http(200, json.dumps({"task_id": "n1", "status": "failed", "error": f"{KEY} has no access"})),
    "created task": http(200, json.dumps({"task_id": "n1", "status": "pending", "message": f"hello {KEY}"})),
    "signs as numbers": http(401, json.dumps({"message": f"bad key {KEY}"}).replace("_", "\\u005f")),
    "signs as larger numbers": http(401, json.dumps({"message": f"bad key {KEY}"}).replace("_", "\\u005F")),
    "at the cut of a reply": http(400, "x" * (2000 - 15) + KEY),
    "at the cut of a reason": http(400, json.dumps({"message": "x" * (600 - 15) + KEY})),
    "at the cut of plain text": http(400, "x" * (300 - 15) + KEY),
    "at the cut of a word": http(200, json.dumps({"task_id": "n1", "status": "x" * (60 - 15) + KEY})),
    "at the cut of a message": http(200, json.dumps({"task_id": "n1", "status": "failed", "error": "x" * (600 - 15) + KEY})),
    "at the cut of a good reply": http(200, json.dumps({"task_id": "n1", "pad": "x" * (2000 - 50), "more": KEY})),
}


@pytest.mark.parametrize("answer", REPEATING_THE_KEY.values(), ids=REPEATING_THE_KEY)
async def test_a_key_that_the_reply_repeats_is_masked(client: ApiClient, answer: bytes) -> None:
    """In the message, the problem, the raw reply and a logged traceback; no part of it is left either."""
    async with upstream(answer) as server:
        where = account(server.address)
        for call in both(client, where):
            shown = await everything_shown(call)
            assert "***" in shown or "xxx" in shown
            assert KEY[:12] not in shown
            assert KEY[-8:] not in shown
            assert KEY not in repr(where)


async def test_a_key_with_a_slash_is_recognized_as_php_escapes_it(client: ApiClient) -> None:
    key = "sk-live/0123456789abcdef"
    async with upstream(http(401, json.dumps({"message": f"Bad key: {key}"}).replace("/", "\\/"))) as server:
        with pytest.raises(KeyRefused) as caught:
            await client.create(replace(account(server.address), key=key), BODY, 1)

    assert "Bad key: ***" in caught.value.what
    assert "0123" not in caught.value.reply


class Damaged(httpx.AsyncBaseTransport):
    """A connection on which the request arrives and the reply is damaged."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise ssl.SSLError("decryption failed or bad record mac")


async def test_a_damaged_reply_is_a_lost_one() -> None:
    """httpx2 passes such an error on as an OSError."""
    async with httpx.AsyncClient(transport=Damaged()) as http_client:
        client, where = ApiClient(http_client), account("https://api.example")
        with pytest.raises(AnswerLost):
            await client.create(where, BODY, 1)
        with pytest.raises(UpstreamFailed):
            await client.task(where, "n1", BODY, 1)


async def test_a_key_that_no_header_can_hold_is_an_error_and_nothing_is_sent(client: ApiClient) -> None:
    keys = ["aio_SECRET\nvalue", "aio_SECRET\r\nX-More: 1", "aio_SECRETключ", "aio_SECRET\0", "aio_SECRET\ud800"]
    async with upstream(http(200, CREATED)) as server:
        for call in (call for key in keys for call in both(client, account(server.address, key))):
            with pytest.raises(PlaygroundError) as caught:
                await call()
            assert not isinstance(caught.value, AnswerLost)
            assert "SECRET" not in "".join(traceback.format_exception(caught.value))

    assert server.heads == []


async def everything_shown(call: Call) -> str:
    """All that a caller, a visitor or a log can see of a call."""
    try:
        reply = await call()
        return f"{reply!r} {reply.failure!s} {reply.failure.problem!r}"
    except ServiceError as error:
        return f"{error!s} {error!r} {error.problem!r} {error.problem!s} {error.reply} {''.join(traceback.format_exception(error))}"
