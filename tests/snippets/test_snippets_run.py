"""The script and the programs when they run: one POST of exactly the request's body, and every image in a file."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from components.api.replies import DONE_WORDS, FAILED_WORDS
from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.snippets import write_snippet
from tests.api.cases import CASES
from tests.api.stand_in import StandIn
from tests.recorder import KEY, Recorder, encoded_bodies, recorded, recorded_sandbox
from tests.snippets.prompts import HOSTILE
from tests.snippets.running import RUNNERS, Ran, Runner

pytestmark = pytest.mark.processes

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture(scope="session")
def server(catalog: Catalog) -> Iterator[Recorder]:
    with recorded_sandbox(catalog) as recorder:
        yield recorder


@pytest.fixture
def recorder(server: Recorder) -> Recorder:
    """The sandbox, with no requests recorded yet."""
    server.requests.clear()
    return server


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Runner:
    return Runner.named(request.param)


@pytest.fixture(params=["shell in bash", "python", "javascript"])
def reader(request: pytest.FixtureRequest) -> Runner:
    """One runner a language: what the script makes of a reply is up to jq, which is the same in every shell."""
    return Runner.named(request.param)


def programs(catalog: Catalog, server: Recorder, requests: list[Request], runner: Runner) -> list[str]:
    return [write_snippet(request, server.address, catalog.endpoint, runner.language) for request in requests]


def impatient(text: str) -> str:
    """The same program with a tenth of a second between polls."""
    shorter = re.sub(r"(sleep[ (])2\b|\b2000\b", lambda match: match[1] + "0.1" if match[1] else "100", text)
    assert shorter != text
    return shorter


def extensions(ran: Ran) -> list[str]:
    """The extensions of the files, each checked against the content."""
    for name, data in ran.files.items():
        extension = name.rpartition(".")[2]
        assert (
            extension == "svg"
            if data.lstrip().startswith(b"<")
            else extension == Image.open(io.BytesIO(data)).format.lower().replace("jpeg", "jpg")
        )
    return sorted(name.rpartition(".")[2] for name in ran.files)


def test_requests_arrive_as_they_are_and_every_image_is_saved(runner: Runner, catalog: Catalog, recorder: Recorder) -> None:
    """Unedited. Hostile prompts; several images; a vector drawing; file formats; an input image that the reply repeats."""
    own = f"{recorder.address}/examples/flux-2?own"
    cases: list[tuple[str, dict[str, Any], list[str]]] = [
        ("recraft-v4", {"prompt": "".join(HOSTILE.values())}, ["png"]),
        ("recraft-v4", {"prompt": HOSTILE["bang"]}, ["png"]),
        ("recraft-v4", {"prompt": HOSTILE["backslash"], "model": "recraft-v4-text-to-vector"}, ["svg"]),
        ("kling-image-o1", {"num_images": 3, "images": [own, "https://example.invalid/in!put.png"]}, ["png"] * 3),
        ("flux-2", {"input_urls": [own]}, ["png"]),
        ("ideogram-v4", {"output_format": "jpeg"}, ["jpg"]),
        ("ideogram-v4", {"output_format": "webp"}, ["webp"]),
    ]
    requests = [build_request(catalog, model, {"prompt": "a fox"} | given) for model, given, _ in cases]

    outcomes = runner.run_all(programs(catalog, recorder, requests, runner))

    assert recorder.bodies == encoded_bodies([request.body for request in requests])
    for ran, (_, _, expected) in zip(outcomes, cases, strict=True):
        assert (ran.status, ran.err) == (0, "")
        assert extensions(ran) == expected
        assert sorted(ran.out.splitlines()) == sorted(f"Saved {name}" for name in ran.files)
        stems = {name.rpartition(".")[0] for name in ran.files}
        task = min(stems).rpartition("-")[0]
        assert stems == {f"{task}-{number}" for number in range(1, len(expected) + 1)}
        assert recorder.paths(f"/tasks/{task}")
    assert recorder.paths("own") == []
    for seen in recorder.requests:
        assert seen.headers.get("authorization") == (None if seen.path.startswith("/files/") else f"Bearer {KEY}")
    assert {request.headers["content-type"] for request in recorder.posts} == {"application/json"}


FAILURES = {
    "key": ("401", "Invalid API key"),
    "credits": ("402", "Insufficient credits"),
    "upstream": ("500", "Internal error"),
    "failed": ("Task ", ": failed. Reply: ", "The model crashed"),
    "empty": ("Task ", ": no image. Reply: ", "completed"),
    "gone": ("Task ", ": not saved: http", "completed"),
}


def test_a_failure_is_printed_with_the_reply_and_nothing_is_sent_twice(
    runner: Runner, catalog: Catalog, recorder: Recorder
) -> None:
    """A poll that fails is no failure: ``blip`` answers 503 twice."""
    requests = [build_request(catalog, "recraft-v4", {"prompt": f"a #sandbox:{name}"}) for name in [*FAILURES, "blip"]]

    *failed, blip = runner.run_all(list(map(impatient, programs(catalog, recorder, requests, runner))))

    assert (blip.status, len(blip.files)) == (0, 1)
    for (name, words), ran in zip(FAILURES.items(), failed, strict=True):
        assert ran.status != 0, name
        assert not any(ran.files.values()), name
        assert all(word in ran.err for word in words), (name, ran.err)
        assert "Traceback" not in ran.err, name
    assert recorder.bodies == encoded_bodies([request.body for request in requests])


def test_without_the_key_nothing_is_sent(runner: Runner, catalog: Catalog, recorder: Recorder) -> None:
    (text,) = programs(catalog, recorder, [build_request(catalog, "flux-2", {"prompt": "a fox"})], runner)
    for key in ("", None):
        ran = runner.run(text, API_IN_ONE_KEY=key)
        assert (ran.status != 0, "API_IN_ONE_KEY" in ran.err) == (True, True), (key, ran)
        assert (recorder.requests, ran.files) == ([], {}), key


@pytest.mark.parametrize("missing", ["jq", "curl"])
@pytest.mark.parametrize("name", ["shell in bash", "shell in zsh"])
def test_without_a_tool_the_script_names_it_and_sends_nothing(
    name: str, missing: str, catalog: Catalog, recorder: Recorder, tmp_path: Path
) -> None:
    runner = Runner.named(name)
    for folder in os.environ["PATH"].split(":"):
        for tool in ("bash", "zsh", "jq", "curl"):
            if tool != missing and Path(folder, tool).is_file() and not Path(tmp_path, tool).exists():
                Path(tmp_path, tool).symlink_to(Path(folder, tool))
    (text,) = programs(catalog, recorder, [build_request(catalog, "flux-2", {"prompt": "a fox"})], runner)

    ran = runner.run(text, PATH=str(tmp_path))

    assert (ran.status, ran.err) == (1, f"Install {missing} first.\n")
    assert recorder.requests == []


CREATED = '{"code":200,"message":"success","data":{"task_id":"n1","status":"IN_PROGRESS"}}'
INLINE = "data:image/png;base64," + base64.b64encode(PNG).decode()
# name: (the answer to the POST, the answer to each GET); HOST is the server's own address.
SHAPES = {
    "the service's cover route": ('{"code":200,"msg":"success","data":{"taskId":"n1"}}', '{"code":200,"msg":"success","data":{"taskId":"n1","status":"SUCCESS","images":["http://HOST/a.png","http://HOST/b.png"],"created_at":"2026-02-24T12:00:30Z"}}'),
    "the service's feed route": (CREATED, '{"code":200,"message":"success","data":{"type":"SUCCESS","request_body":{"image_url":"http://HOST/no.png"},"response_data":[{"id":"7","image_url":"http://HOST/a.png","status":"complete"},{"image_url":"http://HOST/b.png"}]}}'),
    "a flat reply": ('{"id":"n1","status":"pending","model":"kling-3"}', '{"id":"n1","status":"completed","output":["http://HOST/a.png","http://HOST/b.png"]}'),
    "a list as response": ('{"task_id":"n1","status":"pending"}', '{"code":200,"data":{"status":"completed","error_message":null,"request":{"images":["http://HOST/no.png"]},"response":["http://HOST/a.png","http://HOST/b.png?x=1.y"]}}'),
    "an image in the reply": (CREATED, json.dumps({"data": {"status": "completed", "output": {"images": [INLINE, {"url": "http://HOST/b.png"}]}}})),
}  # fmt: skip


class Replies:
    """An application that answers the two routes below ``/{number}`` as that case says, everything else with an image.

    An answer is text, or a status and text; ``late.png`` is there at the third request.
    """

    def __init__(self, cases: list[tuple[Any, Any]]) -> None:
        self.cases = cases
        self.early = 2

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        case = scope["path"].split("/")[1]
        host = dict(scope["headers"])[b"host"].decode()
        status, content, media_type = 200, PNG, b"image/png"
        if case.isdigit():
            answer = self.cases[int(case)][scope["method"] == "GET"]
            status, text = answer if isinstance(answer, tuple) else (200, answer)
            content, media_type = text.replace("HOST", host).encode(), b"application/json"
        elif scope["path"].endswith((".html", "empty.png")):
            content = b"" if scope["path"].endswith(".png") else b"<!doctype html><title>Sign in</title>"
        elif scope["path"].endswith("late.png") and self.early:
            self.early -= 1
            status, content = 404, b""
        headers = [(b"content-length", str(len(content)).encode()), (b"content-type", media_type)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def outcomes(runner: Runner, catalog: Catalog, cases: list[tuple[Any, Any]]) -> tuple[list[Ran], Recorder]:
    """What became of each case, and what was asked."""
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})
    with recorded(Replies(cases)) as server:
        texts = [
            write_snippet(request, f"{server.address}/{at}", catalog.endpoint, runner.language) for at in range(len(cases))
        ]
        return runner.run_all(list(map(impatient, texts))), server


def test_every_reply_that_the_services_pages_show_is_read(reader: Runner, catalog: Catalog) -> None:
    ended, server = outcomes(reader, catalog, list(SHAPES.values()))

    for name, ran in zip(SHAPES, ended, strict=True):
        assert (ran.status, ran.err) == (0, ""), name
        assert ran.files == {"n1-1.png": PNG, "n1-2.png": PNG}, name
    assert server.paths("no.png") == []


# The snippets read what the service's pages and sibling routes show, and these shapes of other services. The rest of the
# table needs a judgement that would make a program longer than the page may show.
READ_BY_SNIPPETS = [
    "control addresses beside outputs", "control addresses beside an output", "succeed", "Ready", "canceled", "aborted",
    "GENERATE_FAILED", "a reason beside a word of success", "an error beside COMPLETED", "base64 at once", "base64 later",
    "bare base64", "a code of five digits", "a preview beside the result", "a byte order mark",
    "completed without a picture, with a reason", "failed in a 422", "data.output.images",
    "the page and the path of a picture", "links beside the output", "an avatar in the result",
    "base64 with percents", "a byte order mark and lines", "a code that is a word", "an error object with a number",
    "a status that is false", "addresses by name in an output", "references beside the result", "an echo as a config",
    "an echo as arguments", "an echo as options", "other sizes of the picture", "an address to fetch the result",
    "TaskState.SUCCEEDED", "TaskState.FAILED", "a sentence as the state", "base64 in a list of lists", "late at its host",
    "an address to poll beside the result", "the addresses of a queue beside the images", "a poster beside the picture",
    "base64 with line breaks", "base64 with line breaks and no padding", "a data: URL with line breaks", "JSON in a field",
    "a result at once with an id",
]  # fmt: skip


def test_the_shapes_that_the_snippets_read_end_as_they_do_in_the_application(reader: Runner, catalog: Catalog) -> None:
    cases = [case for case in CASES if case.name in READ_BY_SNIPPETS]
    assert len(cases) == len(READ_BY_SNIPPETS)
    requests = [build_request(catalog, "cogview-4", {"prompt": case.name}) for case in cases]
    with recorded(StandIn(cases)) as server:
        ended = reader.run_all(list(map(impatient, programs(catalog, server, requests, reader))))

    assert server.bodies == encoded_bodies([request.body for request in requests])
    for case, ran in zip(cases, ended, strict=True):
        if case.state == "done":
            assert (ran.status, len(ran.files)) == (0, case.images), (case.name, ran.err)
            assert extensions(ran) == ["png"] * case.images, case.name
        else:
            assert (ran.status != 0, ran.files) == (True, {}), case.name
            assert case.says in ran.err, (case.name, ran.err)
            assert "Traceback" not in ran.err, case.name


def test_every_state_word_that_the_client_reads_ends_the_program(reader: Runner, catalog: Catalog) -> None:
    words = [*DONE_WORDS, *FAILED_WORDS]
    replies = [json.dumps({"data": {"status": word.upper(), "output": "http://HOST/a.png"}}) for word in words]

    ended, _ = outcomes(reader, catalog, [(CREATED, reply) for reply in replies])

    for word, ran in zip(words, ended, strict=True):
        assert (ran.files == {"n1-1.png": PNG}) == (word in DONE_WORDS), (word, ran.err)
        assert ("Task n1: failed. Reply: " in ran.err) == (word in FAILED_WORDS), (word, ran.err)


def test_a_request_that_gets_no_answer_ends_in_words_that_warn_of_a_charge(runner: Runner, catalog: Catalog) -> None:
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})

    ran = runner.run(write_snippet(request, "http://127.0.0.1:9", catalog.endpoint, runner.language))

    assert (ran.status, ran.files) == (1, {})
    assert "may exist and be charged" in ran.err
    assert len(ran.err.splitlines()) <= 3, ran.err
    assert ran.err.rstrip().endswith("Reply: nothing") or runner.language == "javascript", ran.err


def finished(*images: str) -> str:
    return json.dumps({"data": {"status": "completed", "images": images}})


# name: (the answer to the POST, the answer to each GET, what is printed, how often the task is asked for)
BROKEN = {
    "no JSON": ("<html>Just a moment</html>", CREATED, ["may exist", "Just a moment"], 0),
    "JSON that is cut": (CREATED[:60], CREATED, ["may exist", "task_id"], 0),
    "JSON that is nested too deeply": ("[" * 100_000, CREATED, ["may exist", "[[["], 0),
    "another kind of JSON": ("null", CREATED, ["may exist", "Reply: null"], 0),
    "no task id": ('{"code":200,"data":{}}', CREATED, ["No task id", "may exist"], 0),
    "a redirect": ((301, "moved"), CREATED, ["HTTP 301", "moved"], 0),
    "a gateway's error": ((502, "<html>Bad gateway"), CREATED, ["HTTP 502", "charged", "Bad gateway"], 0),
    "an error without words": ((403, ""), CREATED, ["HTTP 403. Reply: nothing"], 0),
    "a poll with a refused key": (CREATED, (401, "Invalid key"), ["Task n1: HTTP 401", "Invalid key"], 1),
    "a poll for nothing": (CREATED, (404, "No such task"), ["Task n1: HTTP 404", "No such task"], 1),
    "a task that is gone": (CREATED, (410, "Expired"), ["Task n1: HTTP 410", "Expired"], 1),
    "a page in place of the image": (CREATED, finished("http://HOST/page.html"), ["Task n1: not saved: http", "/page.html. Reply: {"], 1),
    "no bytes": (CREATED, finished("http://HOST/empty.png"), ["Task n1: not saved: http", "/empty.png. Reply: {"], 1),
    "no address": (CREATED, finished("http://[bad/a.png"), ["Task n1: not saved: http://[bad/a.png. Reply: {"], 1),
    "base64 of nothing": (CREATED, finished("data:image/png;base64,@@@@"), ["Task n1: not saved: data:image/png;base64,@@@@. Reply: {"], 1),
    "a data: URL without data": (CREATED, finished("data:image/png;base64"), ["Task n1: not saved: data:image/png;base64. Reply: {"], 1),
    "an SVG that is not encoded": (CREATED, finished('data:image/svg+xml;utf8,<svg width="9"/>'), ["Task n1: not saved: ", '<svg width='], 1),
}  # fmt: skip


def test_a_reply_without_a_result_is_printed_at_once(reader: Runner, catalog: Catalog) -> None:
    """It says so where a task may exist, names the task that does, and repeats no poll that can only be refused again."""
    ended, server = outcomes(reader, catalog, [(post, poll) for post, poll, _, _ in BROKEN.values()])

    for at, (name, (_, _, words, polls)) in enumerate(BROKEN.items()):
        assert (ended[at].status != 0, ended[at].files) == (True, {}), name
        assert all(word in ended[at].err for word in words), (name, ended[at].err)
        assert not re.search("Traceback|Uncaught|^ +at |parse error|invalid", ended[at].err, re.MULTILINE), (
            name,
            ended[at].err,
        )
        assert len([path for path in server.paths(f"/{at}/api/v1/tasks") if path.startswith(f"/{at}/")]) == polls, name
    assert len(server.posts) == len(BROKEN)


def test_an_image_that_the_request_sent_is_not_taken_for_a_result(runner: Runner, catalog: Catalog) -> None:
    """Under whatever key the reply repeats it."""
    with recorded(Replies([(CREATED, finished("http://HOST/own.png", "http://HOST/a.png"))])) as server:
        request = build_request(catalog, "flux-2", {"prompt": "a fox", "input_urls": [f"{server.address}/own.png"]})
        text = impatient(write_snippet(request, f"{server.address}/0", catalog.endpoint, runner.language))

        assert runner.run(text).files == {"n1-1.png": PNG}
    assert server.paths("own.png") == []


def test_a_lost_image_does_not_cost_the_next_one_and_a_task_id_with_slashes_names_a_file_in_the_folder(
    runner: Runner, catalog: Catalog
) -> None:
    lost = (CREATED, finished("http://HOST/page.html", "http://HOST/a.png"))
    slashes = ('{"data":{"task_id":"../n1"}}', '{"status":"done","images":["http://HOST/a.png"]}')
    (kept, named), server = outcomes(runner, catalog, [lost, slashes])

    assert (kept.status, kept.files) == (1, {"n1-2.png": PNG})
    assert "Task n1: not saved: http" in kept.err
    assert (named.status, named.err, len(named.files)) == (0, "", 1)
    assert all(path.endswith("n1") for path in server.paths("/1/api/v1/tasks/"))
    assert (len(server.paths("/1/")), len(server.paths("/a.png"))) == (2, 2)


def test_a_task_that_never_ends_is_given_up_at_the_deadline_with_its_id(runner: Runner, catalog: Catalog) -> None:
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})
    with recorded(Replies([(CREATED, CREATED)])) as server:
        text = write_snippet(request, f"{server.address}/0", catalog.endpoint, runner.language)
        assert text.count("600") == 1

        ran = runner.run(impatient(text).replace("600_000", "0").replace("600", "0"))

    assert (ran.status, ran.files) == (1, {})
    assert "Task n1: still running. Reply: " in ran.err
