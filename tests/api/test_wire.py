"""Every shape that the service's pages suggest is read; nothing that is no result passes for one."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from components.api.replies import Phase, Reply, read_created, read_task
from components.errors import (
    KeyRefused,
    Moderated,
    NoPicture,
    OutOfCredits,
    RequestRefused,
    ServiceError,
    UnreadableReply,
    UpstreamFailed,
)
from tests.api import document

A, B = "https://cdn.example/a.png", "https://cdn.example/b.png"
IN = "https://me.example/reference.png"
DATA = "data:image/png;base64,iVBORw0KGgo="
SENT = {"model": "flux-2", "prompt": "a fox", "input_urls": [IN]}


def task(reply: Any, status: int = 200) -> Reply:
    """The answer to a poll, given as JSON text or as what it holds."""
    return read_task(status, reply if isinstance(reply, str) else json.dumps(reply), SENT, "n41")


def created(reply: Any, status: int = 200) -> Reply:
    return read_created(status, reply if isinstance(reply, str) else json.dumps(reply), SENT)


@pytest.mark.parametrize(
    ("reply", "task_id"),
    [
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
    ],
)
def test_a_created_task_is_read_in_every_shape_seen(reply: Any, task_id: str) -> None:
    found = created(reply)

    assert (found.phase, found.task_id, found.images) == (Phase.RUNNING, task_id, ())


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "queued", "message": "Your request is in the queue", "job": "j1"},
        {"message": "Image generated", "data": {"status": "completed", "file": 7}},
        {"code": 200, "message": "Request accepted", "data": {"request_id": "abc"}},
    ],
)
def test_an_answer_with_words_and_without_an_id_may_have_created_a_task(reply: Any) -> None:
    """Only a word of failure is a refusal."""
    with pytest.raises(UnreadableReply):
        created(reply)
    with pytest.raises(RequestRefused):
        created({"status": "failed", "message": "Your request is wrong"})


@pytest.mark.parametrize("reply", [{"status": "completed", "images": [A]}, {"code": 200, "data": {"task_id": "n1", "status": "SUCCESS", "output": A}},
                                   {"created": 1, "data": [{"url": A}]}, {"data": {"task_id": "n1", "image_url": A}}])  # fmt: skip
def test_a_result_that_comes_at_once_is_taken(reply: Any) -> None:
    found = created(reply)

    assert (found.phase, found.images) == (Phase.DONE, (A,))


@pytest.mark.parametrize("word", ["IN_PROGRESS", "in_progress", "Pending", "QUEUED", "processing", "Running", "submitted"])
def test_running_words_are_known_in_any_case(word: str) -> None:
    assert task({"data": {"status": word}}).phase is Phase.RUNNING


@pytest.mark.parametrize("key", ["status", "state", "task_status", "taskStatus", "Status"])
@pytest.mark.parametrize("word", ["completed", "COMPLETE", "success", "Succeeded", "SUCCESS", "done"])
def test_end_words_are_known_in_any_case_and_under_every_key(key: str, word: str) -> None:
    found = task({"code": 200, "message": "success", "data": {key: word, "images": [A]}})

    assert (found.phase, found.word, found.message) == (Phase.DONE, word, "")


@pytest.mark.parametrize("word", ["failed", "FAIL", "Error", "cancelled"])
def test_failed_words_are_known_in_any_case(word: str) -> None:
    assert task({"code": 200, "message": "success", "data": {"status": word}}).phase is Phase.FAILED


@pytest.mark.parametrize(
    "result",
    [
        {"output": {"images": [{"url": A}, {"url": B}]}}, {"output": [A, B]}, {"result": {"url": [A, B]}}, {"images": [A, B]},
        {"images": [{"image_url": A}, {"image_url": B}]}, {"image_urls": [A, B]}, {"imageUrls": [A, B]}, {"response": [A, B]},
        {"response_data": [{"image_url": A, "status": "complete"}, {"image_url": B}]}, {"url": [A, B]}, {"urls": {"1": A, "2": B}},
        {"result": {"output": {"results": [{"deep": {"url": A}}, {"deep": {"url": B}}]}}}, {"output": json.dumps({"images": [A, B]})},
        {"resultJson": json.dumps({"resultUrls": [A, B]})}, {"output": json.dumps([A, json.dumps([B])])}, {"image_url": A, "url": B},
        {"output": {"images": [A, B, A]}, "images": [A]}, {"images": [f" {A}\n", B]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"code": 200, "data": d}, lambda d: {"code": 200, "data": [d]},
                                  lambda d: {"code": 200, "data": json.dumps(d)}], ids=["flat", "enveloped", "list", "text"])  # fmt: skip
def test_results_are_found_once_each_and_in_order(result: dict[str, Any], wrap: Any) -> None:
    assert task(wrap({"status": "completed", **result})).images == (A, B)


def test_a_list_of_data_gives_all_its_pictures_and_data_addresses_count() -> None:
    assert task({"created": 1, "data": [{"url": A}, {"url": B}]}).images == (A, B)
    assert task({"status": "done", "images": [DATA, "data:text/html,hi", "ftp://x.example/a.png", "a.png"]}).images == (
        DATA,
    )


def test_the_sibling_routes_of_the_service_are_read() -> None:
    feed = {"type": "SUCCESS", "request_body": {"image_url": IN}, "response_data": [{"id": "7", "image_url": A, "status": "complete",
            "fail_message": "", "error_message": None}], "created_at": "2026-02-24T12:00:31Z"}  # fmt: skip
    cover = {"taskId": "cover1", "status": "SUCCESS", "images": [A, B], "created_at": "2026-02-24T12:00:30Z"}

    assert task({"code": 200, "message": "success", "data": feed}).images == (A,)
    assert task({"code": 200, "msg": "success", "data": cover}).images == (A, B)


@pytest.mark.parametrize("key", ["request", "request_body", "requestBody", "input", "inputs", "input_urls", "inputUrls", "params", "parameters",
                                 "payload", "reference_images", "mask_image", "callback_url", "thumbnail_url", "thumbnail", "error"])  # fmt: skip
@pytest.mark.parametrize("inside", [False, True], ids=["beside", "inside"])
def test_an_echo_or_a_thumbnail_is_never_taken_for_a_result(key: str, inside: bool) -> None:
    echo = {key: {"images": [B], "url": [B]}}
    data = {"output": {"images": [{"url": A, **echo}]}} if inside else {"images": [A], **echo}

    assert task({"data": {"status": "completed", **data}}).images == (A,)


@pytest.mark.parametrize("key", ["images", "image_urls", "output", "url", "result"])
def test_an_address_that_was_sent_is_never_a_result(key: str) -> None:
    """Not even under a key of results, and a task with nothing else is unreadable, not done."""
    assert task({"status": "completed", key: [IN, A]}).images == (A,)
    with pytest.raises(UnreadableReply):
        task({"status": "completed", key: [IN]})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"error": "boom"}, "boom"), ({"error_message": "boom"}, "boom"), ({"fail_message": "boom"}, "boom"), ({"failMsg": "boom"}, "boom"),
        ({"message": "boom"}, "boom"), ({"msg": "boom"}, "boom"), ({"error": {"code": 7, "message": "boom", "type": "x"}}, "boom"),
        ({"error": {"type": "server_error"}}, "server_error"), ({"error": ["boom", {"message": "bang"}]}, "boom; bang"),
        ({"message": "working", "error_message": "boom"}, "boom"), ({"message": "success", "msg": "ok"}, ""), ({"error": "success"}, ""),
        ({"error": {"message": {"detail": "boom"}}}, "boom"), ({"error": None, "fail_message": "", "error_message": "boom"}, "boom"), ({}, ""),
    ],
)  # fmt: skip
def test_the_most_specific_error_text_is_told(data: dict[str, Any], message: str) -> None:
    found = task({"code": 200, "message": "success", "data": {"status": "failed", **data}})

    assert found.message == message
    assert (message or "no reason") in str(found.failure)
    assert isinstance(found.failure, UpstreamFailed)


def test_a_failure_that_speaks_of_content_is_moderation() -> None:
    assert isinstance(task({"status": "failed", "error": "Blocked by the safety system"}).failure, Moderated)


@pytest.mark.parametrize("kind", ["success", "SUCCESS", "completed", "pending"])
def test_the_class_of_an_error_object_is_no_state(kind: str) -> None:
    found = task({"data": {"task_id": "n1", "error": {"code": 400, "message": "boom", "type": kind}}})

    assert (found.phase, found.message) == (Phase.FAILED, "boom")
    with pytest.raises(RequestRefused, match="boom"):
        created({"error": {"code": 400, "message": "boom", "type": kind}})


@pytest.mark.parametrize(
    ("code", "kind"),
    [(400, RequestRefused), ("401", KeyRefused), (402, OutOfCredits), ("500", UpstreamFailed), (503, UpstreamFailed)],
)
@pytest.mark.parametrize("read", [task, created])
def test_a_200_with_an_error_code_is_that_error(read: Any, code: int | str, kind: type[ServiceError]) -> None:
    with pytest.raises(kind, match="no such thing"):
        read({"code": code, "message": "no such thing", "data": {"task_id": "n1", "status": "completed", "images": [A]}})


@pytest.mark.parametrize(
    "text",
    ["", " ", "[]", "3", "null", '"text"', "true", "{", '{"code":200,"message":"success","data":{"task_id":"n', "<!doctype html><title>x</title>", "{}",
     '{"data":null}', '{"data":[]}', '{"data":3}', '{"task_id":true}', '{"task_id":{}}', '{"task_id":""}', '{"task_id":[]}', '{"status":"completed"}',
     '{"status":"THAWING"}', '{"status":["completed"]}', "[" * 100_000, '{"a":' * 100_000, "\ufeff{}", '{"status":"success","images":[]}'],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_a_reply_in_no_known_shape_is_named_and_shown(text: str) -> None:
    for read in (task, created):
        with pytest.raises(UnreadableReply) as caught:
            read(text)
        assert caught.value.reply == text[:2000]
        assert caught.value.problem.charged == "It may have been charged."


def test_an_unknown_word_and_a_finish_without_a_picture_are_told_apart() -> None:
    with pytest.raises(UnreadableReply, match="'THAWING', a state that nobody here knows"):
        task({"data": {"task_id": "n41", "status": "THAWING"}})
    with pytest.raises(NoPicture, match="completed, but its reply holds no picture") as caught:
        task({"data": {"status": "completed", "output": {"images": []}}})
    assert caught.value.task_id == "n41"


@pytest.mark.parametrize(("text", "charge"), [("5", 5), ("2.5", 2.5), ("0", 0), ("-1", None), ("true", None), ("1e999", None), ("NaN", None),
                                             ("1" + "0" * 400, None), ('"5"', None), ("null", None)],
                         ids=lambda value: str(value)[:10])  # fmt: skip
def test_a_charge_is_a_number_that_can_be_one(text: str, charge: float | None) -> None:
    assert task(f'{{"status":"running","credits_consumed":{text}}}').charged == charge


@pytest.mark.parametrize("code", ["²", "", "ok", None, [], {}, 4.5, True, -1], ids=ascii)
def test_a_strange_code_does_not_hide_the_result(code: Any) -> None:
    assert task({"code": code, "status": "completed", "images": [A]}).images == (A,)


def test_a_code_without_end_is_some_error_at_most() -> None:
    for read in (task, created):
        only_service_errors(read, json.dumps({"code": "9" * 5000, "status": "completed", "images": [A]}))


@pytest.mark.parametrize("depth", [100, 300, 450, 600, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"message":', "}")], ids=["lists", "objects"])
@pytest.mark.parametrize(
    ("status", "key"), [(200, "error"), (200, "output"), (200, "data"), (200, "status"), (400, "error"), (500, "detail")]
)
def test_deep_nesting_breaks_nothing(depth: int, opening: str, closing: str, status: int, key: str) -> None:
    text = f'{{"task_id":"n41","{key}":' + opening * depth + '"boom"' + closing * depth + "}"

    for read in (task, created):
        only_service_errors(read, text, status)


def test_no_random_document_raises_anything_but_a_service_error() -> None:
    chance = random.Random(20261122)
    outcomes = {type(only_service_errors(read, json.dumps(document(chance)), chance.choice([200] * 9 + [400])))
                for _ in range(300) for read in (task, created)}  # fmt: skip

    assert outcomes > {Reply, UnreadableReply}, "the documents are like enough to replies to be read"


def only_service_errors(read: Any, text: str, status: int = 200) -> Reply | ServiceError:
    """What reading gives; whatever it is can be written down as UTF-8 and as a number."""
    try:
        found: Reply | ServiceError = read(text, status)
    except ServiceError as error:
        found = error
    told = [found.what, found.reply] if isinstance(found, ServiceError) else [found.word, found.message, *found.images]
    assert "\n".join([*told, found.task_id or ""]).encode() is not None
    assert isinstance(found, ServiceError) or math.isfinite(found.charged or 0)
    return found
