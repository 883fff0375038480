"""Replies in every shape that ``api.wire`` reads: the three languages read them alike, and like the client."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.api.replies import read_created, read_task
from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.snippets import LANGUAGES, write_snippet
from tests.snippets import Ran, Recorder, need, recorded, run, run_all

CREATED = '{"code":200,"message":"success","data":{"task_id":"n1","status":"IN_PROGRESS"}}'
SENT = "https://example.invalid/in!put.png"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
INLINE = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
JPEG = "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xe0 a jpeg").decode()

# name: (the answer to the POST, the answer to each GET); HOST is the server's own address.
SHAPES: dict[str, tuple[str, str]] = {
    "envelope": (CREATED, '{"code":200,"data":{"task_id":"n1","status":"completed","output":{"images":[{"url":"HOST/a.png"}]}}}'),
    "flat": ('{"id":"n1","status":"queued"}', '{"id":"n1","status":"succeeded","output":["HOST/a.webp","HOST/b.webp"]}'),
    "camel case": ('{"code":200,"data":{"taskId":"n1"}}', '{"code":200,"data":{"taskId":"n1","taskStatus":"SUCCESS","resultUrls":["HOST/a.jpg"]}}'),
    "shouted": (CREATED, '{"CODE":200,"DATA":{},"data":{"STATE":"Completed","IMAGE_URL":"HOST/a.png"}}'),
    "json in a string": (CREATED, '{"code":200,"data":{"state":"success","resultJson":"{\\"resultUrls\\":[\\"HOST/a.png\\",\\"HOST/b.png\\"]}"}}'),
    "json in a string, spread": (CREATED, '{"data":{"state":"success","result_json":"{\\n \\"images\\": [\\n {\\"url\\": \\"HOST\\\\/a.png\\"}]}"}}'),
    "json twice in a string": (CREATED, '{"data":{"state":"success","output":"[\\"[\\\\\\"HOST/a.png\\\\\\"]\\"]"}}'),
    "text": (CREATED, '{"data":{"status":"done","output":"HOST/a.svg"}}'),
    "response object": (CREATED, '{"data":{"status":"complete","response":{"result_image":"x","image_urls":["HOST/a.png"]}}}'),
    "type says it": (CREATED, '{"data":{"type":"SUCCESS","response_data":{"url":"HOST/a.png"}}}'),
    "no state": (CREATED, '{"data":{"images":["HOST/a.png"]}}'),
    "escaped slashes": (CREATED, '{"data":{"status":"completed","output":{"images":["HOST/a.png"]}}}'.replace("/", "\\/")),
    "escaped signs": (CREATED, '{"data":{"status":"completed","output":"HOST/a.png?x=1\\u0026y=\\u003d2#f"}}'),
    "escaped keys": (CREATED, '{"data":{"st\\u0061tus":"compl\\u0065ted","im\\u0061ges":["HOST/a.png"]}}'),
    "inside the reply": (CREATED, json.dumps({"data": {"status": "completed", "image": INLINE}})),
    "inside, escaped": (CREATED, json.dumps({"data": {"status": "completed", "image": INLINE}}).replace("/", "\\/")),
    "inside, a jpeg": (CREATED, json.dumps({"data": {"status": "completed", "images": [JPEG]}})),
    "at once": ('{"id":"n1","status":"completed","output":["HOST/a.png"]}', ""),
    "at once without an id": ('{"code":200,"message":"success","data":{"images":[{"url":"HOST/a.png"},{"url":"HOST/b.jpeg?s=a.b/c"}]}}', ""),
    "at once, flat": ('{"created":1,"data":{"image_url":"HOST/a.png"}}', ""),
    "created says success": ('{"code":200,"message":"success","data":{"task_id":"n1","status":"SUCCESS"}}', '{"data":{"status":"completed","url":"HOST/a.png"}}'),
    "a list": ('{"code":200,"data":[{"task_id":"n1","status":"submitted"}]}', '{"code":200,"data":[{"task_id":"n1","status":"completed","image_urls":["HOST/a.png"]}]}'),
    "data is a string": ('{"code":200,"data":"{\\"task_id\\":\\"n1\\"}"}', '{"data":{"status":"completed","url":"HOST/a.png"}}'),
    "id is a number": ('{"code":200,"data":{"task_id":1234567890123,"status":"pending"}}', '{"data":{"status":"completed","url":"HOST/a.png"}}'),
    "another id below": ('{"id":"n1","status":"queued","user":{"id":"u7","status":"failed"}}', '{"id":"n1","status":"succeeded","user":{"id":"u7","status":"failed"},"url":"HOST/a.png"}'),
    "another state below": (CREATED, '{"status":"completed","output":{"status":"pending","images":["HOST/a.png"]}}'),
    "twice": (CREATED, '{"data":{"status":"completed","image":"HOST/a.png","images":["HOST/a.png","HOST/b.png"]}}'),
    "echoes": (CREATED, json.dumps({"data": {"status": "completed", "request": {"images": ["HOST/no.png"]}, "input": {"output": "HOST/no.png"}, "thumbnail_url": "HOST/no.png", "error": {"url": "HOST/no.png"},
                                             "images": [SENT, "HOST/a.png"], "message": "HOST/no.png", "output": {"params": "{\"url\":\"HOST/no.png\"}"}}})),
}  # fmt: skip
FAILURES: dict[str, tuple[str, str]] = {
    "failed": (CREATED, '{"data":{"status":"FAILED","error_message":"out of luck"}}'),
    "fail with a picture": (CREATED, '{"data":{"state":"fail","failMsg":"out of luck","resultJson":"{\\"url\\":\\"HOST/no.png\\"}"}}'),
    "cancelled": (CREATED, '{"data":{"task_status":"Cancelled","reason":"out of luck"}}'),
    "type says it": (CREATED, '{"data":{"type":"error","message":"out of luck"}}'),
    "completed without a picture": (CREATED, '{"data":{"status":"completed","note":"out of luck"}}'),
    "only the input": (CREATED, json.dumps({"data": {"status": "completed", "images": [SENT], "note": "out of luck"}})),
    "refused with 200": ('{"code":402,"message":"out of luck","data":null}', ""),
    "no object": ('["out of luck"]', ""),
    "no json": ("<!doctype html><p>out of luck", ""),
    "nothing": ("", ""),
}  # fmt: skip


class Replies:
    """``/{number}/...`` are the two routes of that case; every other path is a picture made of its own address."""

    def __init__(self, cases: list[tuple[str, str]]) -> None:
        self.cases = cases

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        first = scope["path"].split("/")[1]
        if first.isdigit():
            host = f"http://{dict(scope['headers'])[b'host'].decode()}"
            text = self.cases[int(first)][scope["method"] == "GET"]
            content = answer(text, host).encode()
        else:
            content = PICTURE + scope["path"].encode() + b"?" + scope["query_string"]
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(content)).encode())]}
        )
        await send({"type": "http.response.body", "body": content})


def answer(text: str, host: str) -> str:
    """A recorded answer with the server's own address in it, its slashes escaped where the others are."""
    return text.replace("HOST", host.replace("/", "\\/") if "\\/a.png" in text and '"HOST' in text else host)


@pytest.fixture(scope="module")
def server() -> Iterator[Recorder]:
    with recorded(Replies([*SHAPES.values(), *FAILURES.values()])) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def asked(catalog: Catalog) -> Request:
    return build_request(catalog, "flux-2", {"prompt": "a fox", "input_urls": [SENT]})


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    need(request.param)
    return str(request.param)


def programs(server: Recorder, catalog: Catalog, asked: Request, language: str) -> list[str]:
    count = len(SHAPES) + len(FAILURES)
    return [write_snippet(asked, f"{server.address}/{at}", catalog.endpoint, language) for at in range(count)]


@pytest.fixture(scope="module")
def outcomes(server: Recorder, catalog: Catalog, asked: Request, language: str) -> dict[str, Ran]:
    """What became of the program for each shape and each failure, all run side by side."""
    names = [*SHAPES, *(f"failure: {name}" for name in FAILURES)]
    return dict(zip(names, run_all(language, programs(server, catalog, asked, language)), strict=True))


def expected(name: str, host: str, body: dict[str, Any]) -> list[bytes]:
    """The pictures that the client finds, in its order, as the bytes they have."""
    created, polled = (answer(text, host) for text in SHAPES[name])
    reply = read_task(200, polled, body, "n1") if polled else read_created(200, created, body)
    assert reply.images
    return [content(url, host) for url in reply.images]


def content(url: str, host: str) -> bytes:
    if url.startswith("data:"):
        return base64.b64decode(url.partition(",")[2])
    path, _, query = url.removeprefix(host).partition("#")[0].partition("?")
    return PICTURE + path.encode() + b"?" + query.encode()


@pytest.mark.parametrize("name", SHAPES)
def test_a_reply_in_another_shape_is_read_as_the_client_reads_it(
    name: str, outcomes: dict[str, Ran], server: Recorder, asked: Request
) -> None:
    """The same pictures in the same order, and no address of an echo or of the request is asked for."""
    ran = outcomes[name]

    assert (ran.status, ran.err) == (0, "")
    assert [data for _, data in sorted(ran.files.items())] == expected(name, server.address, asked.body)
    assert server.paths("no.png") == []


@pytest.mark.parametrize(("name", "endings"), [("flat", ["webp"] * 2), ("text", ["svg"]), ("at once without an id", ["jpeg", "png"]), ("camel case", ["jpg"]), ("escaped signs", ["png"]), ("inside the reply", ["png"]), ("inside, a jpeg", ["jpeg"])])  # fmt: skip
def test_a_file_has_the_ending_of_its_picture(name: str, endings: list[str], outcomes: dict[str, Ran]) -> None:
    """From the address, without its query; from the media type where the picture stands in the reply."""
    assert outcomes[name].endings == endings


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_no_picture_ends_the_program_with_the_reply(name: str, outcomes: dict[str, Ran]) -> None:
    """Exit status 1, one line, no file."""
    ran = outcomes[f"failure: {name}"]

    assert (ran.status, ran.out, ran.files) == (1, "", {})
    assert "out of luck" in ran.err or not FAILURES[name][0]
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["mawk", "gawk", "busybox", "original-awk"])
def test_every_awk_reads_alike(
    name: str, server: Recorder, catalog: Catalog, asked: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian ships mawk, Fedora gawk, Alpine busybox, macOS the original; the system's own is tried above."""
    found = shutil.which(name)
    system = shutil.which("awk")
    if found is None or (system and Path(system).resolve() == Path(found).resolve()):
        pytest.skip(f"{name} is not on PATH, or is the system's own")
    (tmp_path / "awk").symlink_to(found)
    system_wide = run_all("curl", programs(server, catalog, asked, "curl"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    ran = run_all("curl", programs(server, catalog, asked, "curl"))

    for at, one in enumerate(ran):
        assert (one.status, one.files) == (system_wide[at].status, system_wide[at].files)


def test_one_that_never_ends_is_given_up_at_the_deadline(language: str, catalog: Catalog) -> None:
    """With the task's id, so that it can be looked up; here with a deadline of a second instead of ten minutes."""
    with recorded(Replies([(CREATED, CREATED)])) as server:
        asked = build_request(catalog, "flux-2", {"prompt": "a fox"})
        text = write_snippet(asked, f"{server.address}/0", catalog.endpoint, language)
        assert text.count("600") == 1

        ran = run(language, text.replace("600", "1"))

    assert (ran.status, ran.files) == (1, {})
    assert "Still running" in ran.err
    assert "n1" in ran.err
