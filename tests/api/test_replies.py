"""Every shape that the service's pages suggest is read, and nothing that is no result is taken for one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.api.replies import Phase, Reply, read_callback_task_id, read_created, read_task
from components.errors import (
    KeyRefused,
    NoPicture,
    OutOfCredits,
    RequestRefused,
    ServiceError,
    UnreadableReply,
    UpstreamFailed,
)

A, B = "https://cdn.example/a.png", "https://cdn.example/b.png"
IN = "https://me.example/reference.png"
DATA = "data:image/png;base64,iVBORw0KGgo="
SENT = {"model": "flux-2", "prompt": "a fox", "input_urls": [IN]}


def task(reply: Any, status: int = 200) -> Reply:
    """The reply to a poll, given as JSON text or as what it holds."""
    return read_task(status, reply if isinstance(reply, str) else json.dumps(reply), SENT, "n41")


def created(reply: Any, status: int = 200) -> Reply:
    """The reply to a request."""
    return read_created(status, reply if isinstance(reply, str) else json.dumps(reply), SENT)


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
    ):
        read = created(reply)
        assert (read.phase, read.task_id, read.images) == (Phase.RUNNING, task_id, ())
        assert read_callback_task_id(json.dumps(reply)) == task_id
    for text in ("", "[]", "null", '{"task_id":"."}', '{"task_id":true}', '{"data":{}}'):
        assert read_callback_task_id(text) == "", text


def test_a_reply_with_words_but_no_id_may_have_created_a_task() -> None:
    """Only a word of failure is a refusal."""
    for reply in (
        {"status": "queued", "message": "Your request is in the queue", "job": "j1"},
        {"message": "Image generated", "data": {"status": "completed", "file": 7}},
        {"code": 200, "message": "Request accepted", "data": {"request_id": "abc"}},
    ):
        with pytest.raises(UnreadableReply):
            created(reply)
    with pytest.raises(RequestRefused):
        created({"status": "failed", "message": "Your request is wrong"})


def test_a_result_that_comes_with_the_creation_is_taken() -> None:
    for reply in (
        {"status": "completed", "images": [A]},
        {"code": 200, "data": {"task_id": "n1", "status": "SUCCESS", "output": A}},
        {"created": 1, "data": [{"url": A}]},
        {"data": {"task_id": "n1", "image_url": A}},
    ):
        read = created(reply)
        assert (read.phase, read.images) == (Phase.DONE, (A,)), reply


def test_state_words_are_known_in_any_case_and_under_every_key() -> None:
    words = {
        Phase.RUNNING: ["IN_PROGRESS", "in_progress", "Pending", "QUEUED", "processing", "Running", "submitted"],
        Phase.DONE: ["completed", "COMPLETE", "success", "Succeeded", "SUCCESS", "done"],
        Phase.FAILED: ["failed", "FAIL", "Error", "cancelled"],
    }
    for expected, word in ((phase, word) for phase in words for word in words[phase]):
        for key in ("status", "state", "task_status", "taskStatus", "Status", "type"):
            read = task({"code": 200, "message": "success", "data": {key: word, "images": [A]}})
            assert (read.phase, read.word, read.message) == (expected, word, ""), (key, word)


RESULTS: list[dict[str, Any]] = [
    {"output": {"images": [{"url": A}, {"url": B}]}}, {"output": [A, B]}, {"result": {"url": [A, B]}}, {"images": [A, B]},
    {"images": [{"image_url": A}, {"image_url": B}]}, {"image_urls": [A, B]}, {"imageUrls": [A, B]}, {"response": [A, B]},
    {"response_data": [{"image_url": A, "status": "complete"}, {"image_url": B}]}, {"url": [A, B]}, {"urls": {"1": A, "2": B}},
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
    mixed = [DATA, "data:text/html,hi", "ftp://x.example/a.png", "a.png"]
    assert task({"status": "done", "images": mixed}).images == (DATA,)


def test_the_sibling_routes_of_the_service_are_read() -> None:
    item = {"id": "7", "image_url": A, "status": "complete", "fail_message": "", "error_message": None}
    feed = {
        "type": "SUCCESS",
        "request_body": {"image_url": IN},
        "response_data": [item],
        "created_at": "2026-02-24T12:00:31Z",
    }
    cover = {"taskId": "cover1", "status": "SUCCESS", "images": [A, B], "created_at": "2026-02-24T12:00:30Z"}

    assert task({"code": 200, "message": "success", "data": feed}).images == (A,)
    assert task({"code": 200, "msg": "success", "data": cover}).images == (A, B)


def test_an_echo_or_a_thumbnail_is_never_taken_for_a_result() -> None:
    for key in (
        "request", "request_body", "requestBody", "input", "inputs", "input_urls", "inputUrls", "params", "parameters", "payload",
        "reference_images", "mask_image", "callback_url", "thumbnail_url", "thumbnail", "error",
    ):  # fmt: skip
        echo = {key: {"images": [B], "url": [B]}}
        for data in ({"images": [A], **echo}, {"output": {"images": [{"url": A, **echo}]}}):
            assert task({"data": {"status": "completed", **data}}).images == (A,), data


def test_a_url_that_was_sent_is_never_a_result() -> None:
    """A finished task with nothing else is unreadable, not done."""
    for key in ("images", "image_urls", "output", "url", "result"):
        assert task({"status": "completed", key: [IN, A]}).images == (A,)
        with pytest.raises(UnreadableReply):
            task({"status": "completed", key: [IN]})


def test_a_failed_task_has_the_most_specific_error_text() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"error": "boom"}, "boom"), ({"error_message": "boom"}, "boom"), ({"fail_message": "boom"}, "boom"), ({"failMsg": "boom"}, "boom"),
        ({"message": "boom"}, "boom"), ({"msg": "boom"}, "boom"), ({"error": {"code": 7, "message": "boom", "type": "x"}}, "boom"),
        ({"error": {"type": "server_error"}}, "server_error"), ({"error": ["boom", {"message": "bang"}]}, "boom; bang"),
        ({"message": "working", "error_message": "boom"}, "boom"), ({"message": "success", "msg": "ok"}, ""), ({"error": "success"}, ""),
        ({"error": {"message": {"detail": "boom"}}}, "boom"), ({"error": None, "fail_message": "", "error_message": "boom"}, "boom"), ({}, ""),
    ]  # fmt: skip
    for data, message in cases:
        read = task({"code": 200, "message": "success", "data": {"status": "failed", **data}})
        assert read.message == message, data
        assert (message or "no reason") in str(read.failure)
        assert isinstance(read.failure, UpstreamFailed)


def test_the_codes_of_an_error_are_read_wherever_they_stand() -> None:
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


def test_a_200_with_an_error_code_is_that_error() -> None:
    for code, kind in (
        (400, RequestRefused),
        ("401", KeyRefused),
        (402, OutOfCredits),
        ("500", UpstreamFailed),
        (503, UpstreamFailed),
    ):
        for read in (task, created):
            with pytest.raises(kind, match="no such thing"):
                read(
                    {
                        "code": code,
                        "message": "no such thing",
                        "data": {"task_id": "n1", "status": "completed", "images": [A]},
                    }
                )
    for code in ("²", "", "ok", None, [], {}, 4.5, True, -1):
        assert task({"code": code, "status": "completed", "images": [A]}).images == (A,), code


UNREADABLE = [
    "", " ", "[]", "3", "null", '"text"', "true", "{", '{"code":200,"message":"success","data":{"task_id":"n', "<!doctype html><title>x</title>", "{}",
    '{"data":null}', '{"data":[]}', '{"data":3}', '{"task_id":true}', '{"task_id":{}}', '{"task_id":""}', '{"task_id":[]}', '{"status":"completed"}',
    '{"status":"THAWING"}', '{"status":["completed"]}', "[" * 100_000, '{"a":' * 100_000, "\ufeff{}", '{"status":"success","images":[]}',
]  # fmt: skip


def test_a_reply_in_no_known_shape_is_an_error_with_the_raw_reply() -> None:
    for text in UNREADABLE:
        for read in (task, created):
            with pytest.raises(UnreadableReply) as caught:
                read(text)
            assert caught.value.reply == text[:2000]
            assert caught.value.problem.charged == "It may have been charged."


def test_an_unknown_word_and_a_finished_task_without_an_image_are_different_errors() -> None:
    with pytest.raises(UnreadableReply, match="'THAWING', a state that nobody here knows"):
        task({"data": {"task_id": "n41", "status": "THAWING"}})
    with pytest.raises(NoPicture, match="completed, but its reply holds no picture") as caught:
        task({"data": {"status": "completed", "output": {"images": []}}})
    assert caught.value.task_id == "n41"


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
