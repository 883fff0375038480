"""Every shape that the service's pages suggest is read, and nothing that is no result is taken for one."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.api.replies import Phase, Reply, read_callback_task_id, read_created, read_task
from components.errors import (
    NOT_CHARGED,
    KeyRefused,
    Moderated,
    NoPicture,
    OutOfCredits,
    RequestRefused,
    ServiceError,
    UnreadableReply,
    UpstreamFailed,
)

A, B = "https://cdn.example/a.png", "https://cdn.example/b.png"
INPUT_PICTURE = "https://me.example/reference.png"
DATA = "data:image/png;base64,iVBORw0KGgo="
SENT = {"model": "flux-2", "prompt": "a fox", "input_urls": [INPUT_PICTURE]}


def task(reply: Any, status: int = 200) -> Reply:
    """The reply to a poll, given as JSON text or as what it holds."""
    return read_task(status, reply if isinstance(reply, str) else json.dumps(reply), SENT, "n41", 1)


def created(reply: Any, status: int = 200) -> Reply:
    """The reply to a request."""
    return read_created(status, reply if isinstance(reply, str) else json.dumps(reply), SENT, 1)


def test_a_created_task_is_read_in_every_shape_seen() -> None:
    for reply, task_id in (
        ({"code": 200, "message": "success", "data": {"task_id": "n42x_gptimg", "status": "IN_PROGRESS"}}, "n42x_gptimg"),
        ({"id": "task_abc", "status": "pending", "model": "kling-3", "created_at": "2026-02-24T12:00:00Z"}, "task_abc"),
        ({"task_id": "gen123ksv", "status": "pending", "model": "suno-v4-5"}, "gen123ksv"),
        ({"code": 200, "message": "success", "data": {"task_id": "upl987654321bksv"}}, "upl987654321bksv"),
        ({"code": 200, "msg": "success", "data": {"taskId": "cover123123213213b880d2"}}, "cover123123213213b880d2"),
        ({"code": 200, "id": "envelope", "data": {"id": "inner", "task_id": "n1"}}, "n1"),
        ({"code": 200, "status": "success", "data": [{"task_id": "n2"}]}, "n2"),
        ({"code": 200, "data": json.dumps({"task_id": "n3", "status": "queued"})}, "n3"),
        ({"task_id": 12345}, "12345"),
        ({"code": "200", "error": None, "data": {"task_id": "n4"}}, "n4"),
        ({"error": 0, "error_message": "", "task_id": "n5"}, "n5"),
        ({"code": 200, "message": "success", "status": "success", "data": {"task_id": "n6"}}, "n6"),
        ({"data": {"task_id": "n7", "status": "A WORD THAT NOBODY KNOWS"}}, "n7"),
        ({"request_id": "n8", "status": "IN_QUEUE"}, "n8"),
        ({"code": 200, "request_id": "reply", "data": {"request_id": "n9"}}, "n9"),
        ({"request_id": "reply", "output": {"task_id": "n10", "task_status": "PENDING"}}, "n10"),
        ({"task_id": "n11", "data": [{"id": "picture"}]}, "n11"),
    ):
        read = created(reply)
        assert (read.phase, read.task_id, read.images) == (Phase.RUNNING, task_id, ())
        assert read_callback_task_id(json.dumps(reply)) == task_id
    for text in ("", "[]", "null", '{"task_id":"."}', '{"task_id":true}', '{"data":{}}'):
        assert read_callback_task_id(text) == "", text


def test_a_reply_without_a_task_id_may_have_created_a_task() -> None:
    """Only a word of failure is a refusal."""
    for reply in (
        {"status": "queued", "message": "Your request is in the queue", "job": "j1"},
        {"message": "Image generated", "data": {"status": "completed", "file": 7}},
        {"code": 200, "message": "Request accepted", "request_id": "abc"},
        {"code": 1, "message": "submitted", "result": "1320098173412546"},
        {"code": "²", "data": {}},
    ):
        with pytest.raises(UnreadableReply):
            created(reply)


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"status": "failed", "message": "Your request is wrong"}, "The service refuses the request. It says: Your request is wrong."),
    ({"code": 10001, "msg": "Parameter error: size", "data": {}}, "The service refuses the request (10001). It says: Parameter error: size."),
    ({"code": "10001", "msg": "Parameter error", "data": None}, "(10001). It says: Parameter error."),
    ({"code": 3, "message": "no such size"}, "(3). It says: no such size."),
    ({"code": -1, "message": "no such size", "data": {}}, "(-1). It says: no such size."),
    ({"code": -1, "data": None}, "The service refuses the request (-1)."),
    ({"code": "InvalidParameter", "message": "no such size", "request_id": "r1"}, "It says: no such size."),
    ({"success": False, "message": "no such size"}, "It says: no such size."),
    ({"task_id": "", "base_resp": {"status_code": 2013, "status_msg": "no such size"}}, "(2013). It says: no such size."),
    ({"code": 10003, "msg": "Insufficient credits", "data": {}}, "The service says the account is out of credits (10003)."),
    ({"code": 10004, "msg": "Blocked by moderation", "data": {}}, "The service refuses this content (10004)."),
]  # fmt: skip


def test_any_code_but_that_of_success_refuses_a_request_that_has_no_task_id() -> None:
    for reply, says in REFUSALS:
        with pytest.raises(ServiceError) as caught:
            created(reply)
        assert not isinstance(caught.value, UnreadableReply | UpstreamFailed), reply
        assert caught.value.problem.charged == NOT_CHARGED
        assert says in str(caught.value)
    for code in (0, 1, 200, 201, "0", "200", "ok", "Success"):
        assert created({"code": code, "msg": "any text", "data": {"task_id": "n1"}}).phase is Phase.RUNNING, code
    assert created({"code": 10000, "msg": "Success", "data": {"task_id": "n1"}}).phase is Phase.RUNNING
    failed = created({"code": 10001, "msg": "Out of memory", "data": {"task_id": "n1"}})
    assert (failed.phase, failed.task_id, failed.message) == (Phase.FAILED, "n1", "Out of memory")


def test_a_result_in_the_answer_to_the_post_is_used() -> None:
    for reply in (
        {"status": "completed", "images": [A]},
        {"code": 200, "data": {"task_id": "n1", "status": "SUCCESS", "output": A}},
        {"created": 1, "data": [{"url": A}]},
        {"data": {"task_id": "n1", "image_url": A}},
        {"data": {"task_id": "n1", "status": "A WORD THAT NOBODY KNOWS", "image_url": A}},
        {"status": "processing", "images": [A]},  # without a task id nothing better will ever come
    ):
        read = created(reply)
        assert (read.phase, read.images) == (Phase.DONE, (A,)), reply


def test_state_words_are_read_in_any_case_and_under_every_key() -> None:
    words = {
        Phase.RUNNING: ["IN_PROGRESS", "in_progress", "InProgress", "in progress", "Pending", "QUEUED", "IN_QUEUE", "processing",
                        "Running", "submitted", "starting", "NOT_START", "TASK_STATUS_PROCESSING"],
        Phase.DONE: ["completed", "COMPLETE", "success", "Succeeded", "SUCCESS", "succeed", "done", "TASK_STATUS_SUCCEED"],
        Phase.FAILED: ["failed", "FAIL", "Error", "TASK_STATUS_FAILED"],
    }  # fmt: skip
    for expected, word in ((phase, word) for phase in words for word in words[phase]):
        for key in ("status", "state", "task_status", "taskStatus", "Status", "type"):
            read = task({"code": 200, "message": "success", "data": {key: word, "images": [A]}})
            assert (read.phase, read.word, read.word_known) == (expected, word, True), (key, word)


def test_a_state_word_that_contains_a_failure_word_is_a_failure_and_its_reason() -> None:
    for word in (
        "canceled", "CANCELLED", "aborted", "GENERATE_FAILED", "CREATE_TASK_FAILED", "SENSITIVE_WORD_ERROR", "rejected", "Expired",
        "Request Moderated", "terminated", "NSFW_DETECTED", "timeout", "timed_out", "Timed Out", "access-denied", "BLOCKED",
    ):  # fmt: skip
        read = task({"code": 200, "msg": "success", "data": {"status": word, "images": None, "error": None}})
        assert (read.phase, read.message) == (Phase.FAILED, word)
        assert word in str(read.failure)
        assert task({"data": {"status": word, "errorMessage": "boom", "images": []}}).message == "boom"
    assert isinstance(task({"status": "Content Moderated"}).failure, Moderated)
    for word in ("COMPLETED_WITH_ERRORS", "partially_failed"):
        assert task({"status": word, "images": [A]}).phase is Phase.DONE


def test_an_unknown_state_is_done_with_pictures_and_running_without() -> None:
    for word in ("Ready", "THAWING", "完成"):
        done = task({"id": "x", "status": word, "result": {"sample": A, "prompt": "x"}})
        assert (done.phase, done.images) == (Phase.DONE, (A,))
        running = task({"id": "x", "status": word, "result": None})
        assert (running.phase, running.word, running.word_known) == (Phase.RUNNING, word, False)


def test_an_error_code_or_a_410_ends_a_task_and_what_may_pass_does_not() -> None:
    for reply, message in (
        ({"code": 500, "msg": "Out of memory", "data": None}, "Out of memory"),
        ({"code": "501", "msg": "Out of memory", "data": {}}, "Out of memory"),
        ({"code": 422, "message": "bad size", "data": {"task_id": "n41"}}, "bad size"),
        ({"code": 400, "data": {"task_id": "n41"}}, "code 400"),
        ({"code": -1, "msg": "Out of memory"}, "Out of memory"),
        ({"code": 50412, "message": "Input text does not pass", "data": None}, "Input text does not pass"),
    ):
        assert (task(reply).phase, task(reply).message) == (Phase.FAILED, message)
    for text, message in (
        ('{"detail":"Result expired"}', "Result expired"),
        ("", "the task is gone (410)"),
        ("<p>", "the task is gone (410)"),
    ):
        gone = task(text, 410)
        assert (gone.phase, gone.task_id, gone.message) == (Phase.FAILED, "n41", message)
    passing = [(200, {"code": code, "message": "busy"}) for code in (401, 403, 404, 408, 429, 502, 503, 504)]
    for status, reply in (*passing, *((status, "busy") for status in (400, 401, 403, 404, 408, 422, 429, 500, 501, 503))):
        with pytest.raises(ServiceError, match="busy"):
            task(reply, status)


RESULTS: list[dict[str, Any]] = [
    {"output": {"images": [{"url": A}, {"url": B}]}}, {"output": [A, B]}, {"result": {"url": [A, B]}}, {"images": [A, B]},
    {"images": [{"image_url": A}, {"image_url": B}]}, {"image_urls": [A, B]}, {"imageUrls": [A, B]}, {"response": [A, B]},
    {"response_data": [{"image_url": A, "status": "complete"}, {"image_url": B}]}, {"url": [A, B]}, {"urls": [A, B]}, {"urls": f"{A},{B}"},
    {"task_result": {"images": [{"index": 0, "url": A}, {"index": 1, "url": B}]}}, {"images": [{"original": A}, {"src": B}]},
    {"pictures": [A, B], "code": "x", "page": "https://me.example/a.html"},
    {"result": {"output": {"results": [{"deep": {"url": A}}, {"deep": {"url": B}}]}}}, {"output": json.dumps({"images": [A, B]})},
    {"resultJson": json.dumps({"resultUrls": [A, B]})}, {"output": json.dumps([A, json.dumps([B])])}, {"image_url": A, "url": B},
    {"output": {"images": [A, B, A]}, "images": [A]}, {"images": [f" {A}\n", B]},
]  # fmt: skip


def test_images_are_found_once_each_and_in_order_with_and_without_an_envelope() -> None:
    for result in RESULTS:
        flat = {"status": "completed", **result}
        for reply in (
            flat,
            {"code": 200, "data": flat},
            {"code": 200, "data": [flat]},
            {"code": 200, "data": json.dumps(flat)},
        ):
            assert task(reply).images == (A, B), reply
    assert task({"created": 1, "data": [{"url": A}, {"url": B}]}).images == (A, B)
    mixed = [DATA, "data:text/html,hi", "ftp://x.example/a.png", "a.png", "//cdn.example/a", "/files/b.png", "/status/n1"]
    assert task({"status": "done", "images": mixed}).images == (DATA, "//cdn.example/a", "/files/b.png")


def test_a_picture_in_base64_becomes_a_data_address() -> None:
    for content, kind in (
        (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff\xe0", "jpeg"), (b"\xff\xd8\xff\xdb", "jpeg"), (b"GIF89a", "gif"),
        (b"RIFF\xff\x01\0\0WEBPVP8 ", "webp"), (b"\0\0\0\x20ftypavif", "avif"), (b"<svg xmlns=", "svg+xml"),
    ):  # fmt: skip
        data = content + bytes(range(256))
        plain, broken = base64.b64encode(data).decode(), base64.encodebytes(data).decode()
        expected = (f"data:image/{kind};base64,{plain}",)
        for text in (plain, broken, plain.rstrip("="), base64.urlsafe_b64encode(data).decode(), f"data:;base64,{plain}"):
            for result in (
                {"data": [{"b64_json": text}]}, {"image_base64": text}, {"output": text}, {"images": [text]},
                {"result": {"base64": text}}, {"candidates": [{"parts": [{"inlineData": {"data": text}}]}]},
            ):  # fmt: skip
                assert task({"status": "completed", **result}).images == expected, (kind, result)
        sent = {"image": expected[0], "mask": plain}
        with pytest.raises(NoPicture):
            read_task(200, json.dumps({"status": "completed", "images": [plain, expected[0]]}), sent, "n1", 1)
    for text in ("iVBORw0KGgo", "/9j/photo?" + "x" * 60, "UklGR" * 20, "hello world " * 9):
        with pytest.raises(NoPicture):
            task({"status": "completed", "result": text})


def test_a_few_more_addresses_than_requested_are_read() -> None:
    many = [f"https://cdn.example/{number}.png" for number in range(100)]
    for count in (1, 9):
        text = json.dumps({"status": "completed", "images": many})
        for reply in (read_task(200, text, SENT, "n1", count), read_created(200, text, SENT, count)):
            assert reply.images == tuple(many[: count + 4])


def test_the_sibling_routes_of_the_service_are_read() -> None:
    item = {"id": "7", "image_url": A, "status": "complete", "fail_message": "", "error_message": None}
    feed = {
        "type": "SUCCESS",
        "request_body": {"image_url": INPUT_PICTURE},
        "response_data": [item],
        "created_at": "2026-02-24T12:00:31Z",
    }
    cover = {"taskId": "cover1", "status": "SUCCESS", "images": [A, B], "created_at": "2026-02-24T12:00:30Z"}

    assert task({"code": 200, "message": "success", "data": feed}).images == (A,)
    assert task({"code": 200, "msg": "success", "data": cover}).images == (A, B)


def test_an_echo_or_a_thumbnail_is_never_a_result() -> None:
    for key in (
        "request", "request_body", "requestBody", "input", "inputs", "input_urls", "inputUrls", "params", "parameters", "payload",
        "reference_images", "mask_image", "callback_url", "thumbnail_url", "thumbnail", "error", "previewUrl", "preview_images",
        "coverUrl", "cover", "originUrl", "originImageUrl", "origin_image", "thumbnailurl", "source_image", "status_url",
        "cancelUrl", "webUrl", "stream", "get",
    ):  # fmt: skip
        echo = {key: {"images": [B], "url": [B]}}
        for data in ({"images": [A], **echo}, {"output": {"images": [{"url": A, **echo}]}}):
            assert task({"data": {"status": "completed", **data}}).images == (A,), data


def test_addresses_that_control_the_task_are_no_results() -> None:
    """A status page in a result list would keep a paid job from ever ending."""
    control = "https://api.example/v1/predictions/x"
    urls = {"get": control, "cancel": f"{control}/cancel", "web": "https://example/p/x", "stream": f"{control}/stream"}
    for result in ({"output": A}, {"outputs": [A]}, {"output": {"images": [A], "urls": urls}}):
        read = task({"id": "x", "status": "succeeded", **result, "input": {"image": B}, "urls": urls, "error": None})
        assert read.images == (A,), result
    for address in (f"{control}/cancel", f"{control}/status/", f"{control}/stream?x=1"):
        assert task({"status": "completed", "images": [A, address]}).images == (A,)
    with pytest.raises(NoPicture):
        task({"status": "completed", "urls": urls})


def test_a_url_that_was_sent_is_never_a_result() -> None:
    """A finished task with nothing else is unreadable, not done."""
    for key in ("images", "image_urls", "output", "url", "result"):
        assert task({"status": "completed", key: [INPUT_PICTURE, A]}).images == (A,)
        with pytest.raises(UnreadableReply):
            task({"status": "completed", key: [INPUT_PICTURE]})


def test_a_failed_task_has_the_most_specific_error_text() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"error": "boom"}, "boom"), ({"error_message": "boom"}, "boom"), ({"fail_message": "boom"}, "boom"), ({"failMsg": "boom"}, "boom"),
        ({"message": "boom"}, "boom"), ({"msg": "boom"}, "boom"), ({"error": {"code": 7, "message": "boom", "type": "x"}}, "boom"),
        ({"error": {"type": "server_error"}}, "server_error"), ({"error": ["boom", {"message": "bang"}]}, "boom; bang"),
        ({"message": "working", "error_message": "boom"}, "boom"), ({"message": "success", "msg": "ok"}, ""), ({"error": "success"}, ""),
        ({"task_status_msg": "boom"}, "boom"), ({"status_msg": "boom"}, "boom"), ({"reason": "boom", "message": "SUCCEED"}, "boom"),
        ({"errorMsg": "Success!", "msg": "completed", "errors": [{"detail": "boom"}]}, "boom"),
        ({"error": {"message": {"detail": "boom"}}}, "boom"), ({"error": None, "fail_message": "", "error_message": "boom"}, "boom"), ({}, ""),
    ]  # fmt: skip
    for data, message in cases:
        read = task({"code": 200, "message": "success", "data": {"status": "failed", **data}})
        assert read.message == message, data
        assert (message or "no reason") in str(read.failure)
        assert isinstance(read.failure, UpstreamFailed)


def test_an_error_next_to_a_success_word_without_pictures_is_a_failure() -> None:
    for reply in (
        {"status": "COMPLETED", "error": "Downstream service unavailable", "error_type": "downstream"},
        {"status": "COMPLETED", "output": {"error": "Downstream service unavailable"}},
        {"code": 10500, "status": "success", "msg": "Downstream service unavailable"},
        {
            "code": 0,
            "message": "SUCCEED",
            "data": {"task_status": "failed", "task_status_msg": "Downstream service unavailable"},
        },
    ):
        assert (task(reply).phase, task(reply).message) == (Phase.FAILED, "Downstream service unavailable"), reply
    for nothing in ("", None, 0, "success", [], {}, False):
        assert task({"status": "COMPLETED", "error": nothing, "images": [A]}).phase is Phase.DONE
    assert task({"status": "COMPLETED", "error": "one of two failed", "images": [A]}).images == (A,)


def test_error_codes_are_read_at_every_position() -> None:
    for data in (
        {"error": {"type": "Content_Policy_Violation", "code": 7}},
        {"error_code": "content_policy_violation"},
        {"error": {"code": "content_policy_violation", "type": "invalid_request_error"}},
    ):
        assert "content_policy_violation" in task({"data": {"status": "failed", **data}}).codes


def test_the_type_of_an_error_is_no_state() -> None:
    for kind in ("success", "SUCCESS", "completed", "pending"):
        error = {"code": 400, "message": "boom", "type": kind}
        read = task({"data": {"task_id": "n1", "error": error}})
        assert (read.phase, read.message) == (Phase.FAILED, "boom")
        with pytest.raises(RequestRefused, match="boom"):
            created({"error": error})


def test_a_200_with_the_code_of_an_http_error_is_that_error() -> None:
    for code, kind in (
        (400, RequestRefused),
        ("401", KeyRefused),
        (402, OutOfCredits),
        ("500", UpstreamFailed),
        (503, UpstreamFailed),
    ):
        reply = {"code": code, "message": "boom", "data": {"task_id": "n1", "status": "completed", "images": [A]}}
        with pytest.raises(kind, match="boom"):
            created(reply)
    for code in ("²", "", "ok", None, [], {}, 4.5, True, -1, 10001):
        assert task({"code": code, "status": "completed", "images": [A]}).images == (A,), code


UNREADABLE = [
    "", " ", "[]", "3", "null", '"text"', "true", "{", '{"code":200,"message":"success","data":{"task_id":"n', "<!doctype html><title>x</title>", "{}",
    '{"data":null}', '{"data":[]}', '{"data":3}', '{"task_id":true}', '{"task_id":{}}', '{"task_id":""}', '{"task_id":[]}', '{"status":"completed"}',
    '{"status":["completed"]}', "[" * 100_000, '{"a":' * 100_000, "\ufeff{}", '{"status":"success","images":[]}',
]  # fmt: skip


def test_a_reply_of_unknown_shape_is_an_error_with_the_raw_reply() -> None:
    for text in UNREADABLE:
        for read in (task, created):
            with pytest.raises(UnreadableReply) as caught:
                read(text)
            assert caught.value.reply == text[:2000]
            assert caught.value.problem.charged == "It may have been charged."


def test_a_finished_task_without_an_image_is_an_error_of_its_own() -> None:
    with pytest.raises(NoPicture, match="completed, but its reply holds no picture") as caught:
        task({"data": {"status": "completed", "output": {"images": []}}})
    assert caught.value.task_id == "n41"


def test_a_byte_order_mark_and_raw_control_characters_are_no_obstacle() -> None:
    assert task('\ufeff{"status":"completed","images":["' + A + '"]}').images == (A,)
    assert task('{"status":"failed","error":"a\tb\nc\x01"}').message == "a\tb\nc\x01"


def test_a_charge_is_a_plausible_number() -> None:
    for text, charge in (
        ("5", 5), ("2.5", 2.5), ("0", 0), ("-1", None), ("true", None), ("1e999", None), ("NaN", None), ("1" + "0" * 400, None),
        ('"5"', None), ("null", None),
    ):  # fmt: skip
        assert task(f'{{"status":"running","credits_consumed":{text}}}').charged == charge, text[:20]


def test_deep_nesting_breaks_nothing() -> None:
    for depth in (100, 450, 900, 100_000):
        for opening, closing in (("[", "]"), ('{"message":', "}")):
            nested = opening * depth + '"boom"' + closing * depth
            for status, key in (
                (200, "error"),
                (200, "output"),
                (200, "data"),
                (200, "status"),
                (400, "error"),
                (500, "detail"),
            ):
                for read in (task, created):
                    only_service_errors(read, f'{{"task_id":"n41","{key}":{nested}}}', status)
    for read in (task, created):
        only_service_errors(read, json.dumps({"code": "9" * 5000, "status": "completed", "images": [A]}))


KEYS = st.sampled_from(
    [
        "task_id",
        "id",
        "status",
        "state",
        "type",
        "code",
        "data",
        "output",
        "images",
        "url",
        "error",
        "message",
        "msg",
        "input",
        "request",
        "credits_consumed",
    ]
)
LEAVES = st.sampled_from(
    [None, True, 0, -1, 400, 1e300, 10**400, "", "²", "400", "completed", "FAILED", "pending", "success", A, DATA, "[1",
     '{"url":1}', "\ud800", "n1", "\0", "null", math.inf, math.nan]
)  # fmt: skip
DOCUMENTS = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8)
)


@settings(deadline=None, derandomize=True, max_examples=100, database=None)
@given(DOCUMENTS, st.sampled_from([200, 200, 200, 400]))
def test_no_document_raises_anything_but_a_service_error(document: dict[str, Any], status: int) -> None:
    for read in (task, created):
        only_service_errors(read, json.dumps(document), status)


def only_service_errors(read: Callable[..., Reply], text: str, status: int = 200) -> None:
    """Whatever is read can be stored as UTF-8 and as a number."""
    try:
        reply = read(text, status)
        texts = [reply.task_id or "", reply.word, reply.message, *reply.images, *reply.codes]
        assert math.isfinite(reply.charged or 0)
    except ServiceError as error:
        texts = [error.task_id or "", error.what, error.reply]
    assert "\n".join(texts).encode() is not None


@pytest.mark.parametrize("opening", ["<img ", "![", "<!---->", "data:", "http://a/"])
def test_a_text_of_many_openings_is_read_in_a_time_that_grows_with_its_length_alone(opening: str) -> None:
    """A search from each opening to the end takes minutes; the event loop waits for it."""
    text = opening * (200_000 // len(opening))
    for document in (text, json.dumps({"data": {"status": "completed", "output": text}})):
        begun = time.process_time()
        for read in (task, created):
            only_service_errors(read, document)
        assert time.process_time() - begun < 10
