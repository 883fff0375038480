"""An answer that says no becomes the error it is: what happened, whether it was charged, what to do next."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from components.api import ApiClient
from components.api.refusals import read_retry_after, refusal
from components.errors import (
    CHARGE_UNKNOWN,
    NOT_CHARGED,
    KeyRefused,
    Moderated,
    OutOfCredits,
    RateLimited,
    RequestRefused,
    ServiceError,
    UpstreamFailed,
)
from tests.api import BODY, account, both, http, upstream

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "prompt is required", RequestRefused),
        (404, "No such task", RequestRefused),
        (413, "Too large", RequestRefused),
        (422, "field required", RequestRefused),
        (409, "", RequestRefused),
        (401, "Invalid API key", KeyRefused),
        (401, "Not enough credits for this key", KeyRefused),
        (401, "Your key was flagged for safety", KeyRefused),
        (403, "Forbidden", KeyRefused),
        (402, "Payment required", OutOfCredits),
        (400, "Insufficient credits", OutOfCredits),
        (403, "Your credit balance is insufficient", OutOfCredits),
        (400, "Your account is out of credits", OutOfCredits),
        (400, "The prompt was rejected by the content policy", Moderated),
        (422, "Input image flagged as NSFW", Moderated),
        (403, "Blocked by moderation", Moderated),
        (400, "This prompt violates our usage policies", Moderated),
        (400, "model names are case-sensitive", RequestRefused),
        (422, "aspect_ratio violates the schema: not one of 1:1, 2:3", RequestRefused),
        (404, "No moderation task of this name", RequestRefused),
        (429, "Too many requests", RateLimited),
        (429, "Insufficient credits per minute", RateLimited),
        (500, "Internal error", UpstreamFailed),
        (503, "Service unavailable", UpstreamFailed),
        (500, "safety checker crashed", UpstreamFailed),
        (500, "Insufficient credits at the provider", UpstreamFailed),
        (599, "", UpstreamFailed),
        (None, "something else", RequestRefused),
        (None, "unsafe: content policy", Moderated),
    ],
)
def test_status_and_text_decide_the_class(status: int | None, text: str, kind: type[ServiceError]) -> None:
    body = json.dumps({"error": {"code": status, "message": text, "type": "some_type"}})

    error = refusal(status, body)

    assert type(error) is kind
    assert error.status == status
    assert error.reply == body
    assert (text.rstrip(". ") or "some_type") in str(error)


@pytest.mark.parametrize(
    ("status", "text", "charged", "step"),
    [
        (400, "bad", NOT_CHARGED, "Change what the service names and try again."),
        (401, "bad", NOT_CHARGED, "API Keys page"),
        (402, "bad", NOT_CHARGED, "Top up"),
        (429, "bad", NOT_CHARGED, "Wait a little"),
        (400, "content policy", NOT_CHARGED, "Rephrase the prompt"),
        (None, "content policy", CHARGE_UNKNOWN, "Rephrase the prompt"),
        (500, "bad", CHARGE_UNKNOWN, "Try again, or try another model."),
    ],
)
def test_a_refusal_says_whether_it_was_charged_and_what_to_do(
    status: int | None, text: str, charged: str, step: str
) -> None:
    problem = refusal(status, json.dumps({"message": text})).problem

    assert problem.charged == charged
    assert step in problem.next_step
    assert str(problem) == f"{problem.what} {charged} {problem.next_step}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error":{"code":400,"message":"bad size","type":"bad_request"}}', "bad size"),
        ('{"error":"bad size"}', "bad size"),
        ('{"code":400,"msg":"bad size"}', "bad size"),
        ('{"detail":[{"loc":["body","size"],"msg":"bad size"},{"msg":"bad prompt"}]}', "bad size; bad prompt"),
        ('{"message":"error","error_message":"bad size"}', "bad size"),
        ('{"data":{"error":{"message":"bad size"}}}', "bad size"),
        ('{"error":{"type":"bad_request"}}', "bad_request"),
        ("bad size, in plain words", "bad size, in plain words"),
        ('"bad size"', "bad size"),
        ("bad size.", "bad size"),
    ],
)
def test_the_most_telling_text_is_quoted(body: str, said: str) -> None:
    assert str(refusal(400, body)) == f"The service refuses the request (400). It says: {said}."


@pytest.mark.parametrize("body", ["", "  ", "<html><h1>400 Bad Request</h1></html>", "{}", "[]", "null", "3"])
def test_a_page_or_nothing_is_not_quoted(body: str) -> None:
    assert str(refusal(400, body)) == "The service refuses the request (400)."


def test_an_endless_reason_is_cut() -> None:
    error = refusal(400, json.dumps({"message": "x" * 100_000}))

    assert 600 <= len(str(error)) < 700
    assert len(error.reply) == 2000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0), ("1", 1.0), ("2.5", 2.5), (" 7 ", 7.0), ("120", 120.0), ("121", 120.0), ("999999999999", 120.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0), ("Mon, 22 Nov 2027 12:00:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 13:00:20 +0100", 20.0), ("Sun, 22 Nov 2026 12:00:10", 10.0), ("Sun, 22 Nov 2026 12:00:40 -0000", 40.0),
        (None, None), ("", None), ("soon", None), ("-5", None), ("1e9", None), ("inf", None), ("nan", None),
        ("Sun, 99 Nov 2026 12:00:00 GMT", None), ("Sun, 22 Nov 99999 12:00:00 GMT", None), ("12:00", None), ("\0", None),
        ("Sun, 22 Nov 2026 12:00:00 +9999999999", None), (", , , ", None),
    ],
)  # fmt: skip
def test_a_wait_is_read_from_seconds_or_a_date_and_never_above_two_minutes(value: str | None, seconds: float | None) -> None:
    headers = {} if value is None else {"retry-after": value}

    assert read_retry_after(headers, NOW) == seconds


REFUSED: dict[str, tuple[int, str, type[ServiceError]]] = {
    "400": (400, '{"error":{"code":400,"message":"bad size","type":"bad_request"}}', RequestRefused),
    "401": (401, '{"error":{"code":401,"message":"Invalid API key","type":"authentication_error"}}', KeyRefused),
    "402": (402, '{"error":{"code":402,"message":"No credits"}}', OutOfCredits),
    "403": (403, "Forbidden", KeyRefused),
    "404": (404, '{"error":{"code":404,"message":"no such model","type":"not_found"}}', RequestRefused),
    "413": (413, "<html>Request Entity Too Large</html>", RequestRefused),
    "422": (422, '{"detail":[{"msg":"field required"}]}', RequestRefused),
    "429": (429, "", RateLimited),
    "content": (400, '{"error":{"message":"rejected by the content policy"}}', Moderated),
    "200 with code 401": (200, '{"code":401,"message":"Invalid API key","data":null}', KeyRefused),
}


@pytest.mark.parametrize(("status", "text", "kind"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_proves_that_nothing_was_created(
    client: ApiClient, status: int, text: str, kind: type[ServiceError]
) -> None:
    async with upstream(http(status, text)) as server:
        with pytest.raises(kind) as caught:
            await client.create(account(server.address), BODY)

    assert (type(caught.value), server.posts) == (kind, 1)
    assert caught.value.problem.charged == NOT_CHARGED


@pytest.mark.parametrize(
    ("headers", "wait"),
    [(("Retry-After: 7",), 7.0), (("retry-after: 99999",), 120.0), (("Retry-After: soon",), None), ((), None)],
)
async def test_a_rate_limit_brings_the_wait_it_asks_for(
    client: ApiClient, headers: tuple[str, ...], wait: float | None
) -> None:
    for status, text in ((429, '{"error":{"message":"Too many requests"}}'), (200, '{"code":429,"message":"slow down"}')):
        async with upstream(http(status, text, *headers)) as server:
            for call in both(client, account(server.address)):
                with pytest.raises(RateLimited) as caught:
                    await call()
                assert caught.value.retry_after == wait
