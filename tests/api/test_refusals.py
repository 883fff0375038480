"""What the service refuses becomes an error that says what happened, whether it was charged, and what to do next."""

from __future__ import annotations

import json

import pytest

from components.api import ApiClient
from components.api.refusals import read_retry_after
from components.api.replies import Phase, Reply, read_task
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
from tests.api.upstream import BODY, account, both, http, upstream

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"  # the service's own clock


def refused(status: int, text: str) -> ServiceError:
    """The error of a reply with this status."""
    with pytest.raises(ServiceError) as caught:
        read_task(status, text, BODY, "n1", 1)
    return caught.value


def test_an_error_is_classified_by_code_then_status_then_text() -> None:
    for status, code, message, kind in (
        # By status.
        (400, "", "prompt is required", RequestRefused),
        (404, "not_found", "No such task", RequestRefused),
        (409, "", "", RequestRefused),
        (413, "", "Too large", RequestRefused),
        (422, "", "field required", RequestRefused),
        (401, "authentication_error", "Invalid API key", KeyRefused),
        (401, "", "Not enough credits for this key", KeyRefused),
        (403, "", "Forbidden", KeyRefused),
        (402, "", "Payment required", OutOfCredits),
        (429, "", "Insufficient credits per minute", RateLimited),
        (500, "", "safety checker crashed", UpstreamFailed),
        (503, "", "Insufficient credits at the provider", UpstreamFailed),
        (599, "", "", UpstreamFailed),
        # A code that names the reason comes before the status, except that a 5xx never proves that nothing was created.
        (400, "content_policy_violation", "Your request was rejected.", Moderated),
        (403, "moderation_blocked", "Forbidden", Moderated),
        (429, "insufficient_quota", "You exceeded your current quota", OutOfCredits),
        (400, "INVALID_API_KEY", "bad", KeyRefused),
        (403, "rate_limit_exceeded", "slow down", RateLimited),
        (500, "content_policy_violation", "rejected", UpstreamFailed),
        # Words about content count for a 400 whose code says no more than its status.
        (400, "bad_request", "The prompt was rejected by the content policy", Moderated),
        (400, "", "This prompt violates our usage policies", Moderated),
        (400, "", "Blocked by the safety system", Moderated),
        (400, "invalid_parameter", "safety must be a number", RequestRefused),
        (400, "", "nsfw_check: unknown parameter", RequestRefused),
        (400, "bad_request", "safety_tolerance must be between 0 and 6", RequestRefused),
        (400, "", "model names are case-sensitive", RequestRefused),
        (401, "", "Your key was flagged for safety", KeyRefused),
        (403, "", "Access prohibited: this key is not allowed", KeyRefused),
        (403, "", "Blocked by moderation", KeyRefused),
        (404, "", "No moderation task of this name", RequestRefused),
        (422, "", "safety_tolerance must be between 0 and 6", RequestRefused),
        (422, "", "aspect_ratio violates the schema: not one of 1:1, 2:3", RequestRefused),
        # Words about credits.
        (400, "", "Insufficient credits", OutOfCredits),
        (400, "", "Your account is out of credits", OutOfCredits),
        (403, "", "Your credit balance is insufficient", OutOfCredits),
    ):
        for body in (
            {"error": {"code": status, "message": message, "type": code}},
            {"error": {"code": code or status, "message": message, "type": "invalid_request_error"}},
            {"code": status, "message": message, "type": code},
            {"data": {"error": {"message": message, "type": code}}},
        ):
            text = json.dumps(body)
            error = refused(status, text)
            assert (type(error), error.status, error.reply) == (kind, status, text), (status, body)
            assert message.rstrip(". ") in str(error)


def test_a_failed_task_is_moderation_by_code_or_text_and_else_a_failure() -> None:
    for message, codes, kind in (
        ("Blocked by the safety system", (), Moderated),
        ("nsfw_content_detected", (), Moderated),
        ("Your request was rejected", ("content_policy_violation",), Moderated),
        ("The model crashed", (), UpstreamFailed),
        ("Insufficient credits at the provider", (), UpstreamFailed),
        ("bad key", ("invalid_api_key",), UpstreamFailed),
        ("", (), UpstreamFailed),
    ):
        failure = Reply(Phase.FAILED, "n1", message=message, codes=codes).failure
        assert (type(failure), failure.charged) == (kind, CHARGE_UNKNOWN), message


def test_every_refusal_has_a_charge_and_a_next_step() -> None:
    for status, message, charged, kind in (
        (400, "bad", NOT_CHARGED, RequestRefused),
        (401, "bad", NOT_CHARGED, KeyRefused),
        (402, "bad", NOT_CHARGED, OutOfCredits),
        (429, "bad", NOT_CHARGED, RateLimited),
        (400, "content policy", NOT_CHARGED, Moderated),
        (500, "bad", CHARGE_UNKNOWN, UpstreamFailed),
    ):
        problem = refused(status, json.dumps({"message": message})).problem
        assert (problem.charged, problem.next_step) == (charged, kind.next_step)
        assert str(problem) == f"{problem.what} {charged} {problem.next_step}"


def test_the_most_specific_text_is_quoted() -> None:
    for body, quoted in (
        ('{"error":{"code":400,"message":"bad size","type":"bad_request"}}', "bad size"),
        ('{"error":"bad size"}', "bad size"),
        ('{"code":400,"msg":"bad size"}', "bad size"),
        ('{"detail":[{"loc":["body","size"],"msg":"bad size"},{"msg":"bad prompt"}]}', "bad size; bad prompt"),
        ('{"message":"error","error_message":"bad size"}', "bad size"),
        ('{"data":{"error":{"message":"bad size"}}}', "bad size"),
        ('{"data":"{\\"error\\":{\\"message\\":\\"bad size\\"}}"}', "bad size"),
        ('{"error":{"type":"bad_request"}}', "bad_request"),
        ("bad size, in plain words", "bad size, in plain words"),
        ('"bad size"', "bad size"),
        ("bad size.", "bad size"),
    ):
        assert str(refused(400, body)) == f"The service refuses the request (400). It says: {quoted}."
    for body in ("", "  ", "<html><h1>400 Bad Request</h1></html>", "{}", "[]", "null", "3"):
        assert str(refused(400, body)) == "The service refuses the request (400)."
    error = refused(400, json.dumps({"message": "x" * 100_000}))
    assert 600 <= len(str(error)) < 700
    assert len(error.reply) == 2000


def test_a_wait_is_read_from_seconds_or_a_date_and_never_above_two_minutes() -> None:
    for value, seconds in (
        ("0", 0.0), ("1", 1.0), ("2.5", 2.5), (" 7 ", 7.0), ("120", 120.0), ("121", 120.0), ("999999999999", 120.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0), ("Mon, 22 Nov 2027 12:00:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 13:00:20 +0100", 20.0), ("Sun, 22 Nov 2026 12:00:10", 10.0), ("Sun, 22 Nov 2026 12:00:40 -0000", 40.0),
        (None, None), ("", None), ("soon", None), ("-5", None), ("1e9", None), ("inf", None), ("nan", None),
        ("Sun, 99 Nov 2026 12:00:00 GMT", None), ("Sun, 22 Nov 99999 12:00:00 GMT", None), ("12:00", None), ("\0", None),
        ("Sun, 22 Nov 2026 12:00:00 +9999999999", None), (", , , ", None),
        ("2026-11-22T12:00:20Z", 20), ("30 seconds", 30), ("1500ms", 1.5), ("1m", 60), ("1795348830", 30),
    ):  # fmt: skip
        assert read_retry_after({"date": DATE} | ({} if value is None else {"retry-after": value})) == seconds, value
    for name, value, reply, seconds in (
        ("x-retry-after", "5", "", 5), ("ratelimit-reset", "9", "", 9), ("x-ratelimit-reset-after", "0.5", "", 0.5),
        ("x-ratelimit-reset", "1795348810", "", 10), ("x", "", '{"error":{"retry_after":7,"message":"slow"}}', 7),
        ("x", "", '{"retryAfterSeconds": "8s"}', 8), ("retry-after", "soon", '{"retry_after": 7}', 7), ("x", "", "{", None),
    ):  # fmt: skip
        assert read_retry_after({"date": DATE, name: value}, reply) == seconds, (name, value, reply)


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
            await client.create(account(server.address), BODY, 1)

    assert (type(caught.value), server.posts) == (kind, 1)
    assert caught.value.problem.charged == NOT_CHARGED


async def test_a_rate_limit_has_the_requested_wait(client: ApiClient) -> None:
    for headers, wait in (
        (["Retry-After: 7"], 7.0),
        (["retry-after: 99999"], 120.0),
        (["Retry-After: soon"], None),
        ([], None),
    ):
        for status, text in (
            (429, '{"error":{"message":"Too many requests"}}'),
            (200, '{"code":429,"message":"slow down"}'),
        ):
            async with upstream(http(status, text, *headers)) as server:
                for call in both(client, account(server.address)):
                    with pytest.raises(RateLimited) as caught:
                        await call()
                    assert caught.value.retry_after == wait
