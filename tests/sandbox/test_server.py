"""The sandbox over HTTP: response and error bodies, tasks, files, examples, the index page."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image

from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from components.sandbox.drawings import UNCHANGING
from components.sandbox.server import LARGEST_BODY
from components.sandbox.tasks import FAULTS
from tests.conftest import serve
from tests.sandbox import CREATE, FOX, TASKS, addresses, connect, finish, refused, start

WITH_WEBHOOK = ["flux-2", "grok-imagine", "imagen-4", "gpt-image-1.5-official", "seedream-4-5"]
WITHOUT = ["cogview-4", "kling-image-o1", "ideogram-v3", "recraft-v4", "ideogram-v4", "hunyuan-image-3"]


@pytest.fixture(scope="module")
def api(sandbox: str) -> Iterator[httpx2.Client]:
    with connect(sandbox) as client:
        yield client


def test_a_task_is_created_in_progress_and_completed(api: httpx2.Client, catalog: Catalog) -> None:
    created = api.post(CREATE, json=FOX).json()
    task_id = created["data"]["task_id"]

    assert created == {"code": 200, "message": "success", "data": {"task_id": task_id, "status": "IN_PROGRESS"}}
    assert task_id.startswith("n48")
    data = finish(api, task_id)
    assert data == {
        "task_id": task_id, "status": "completed", "request": {**FOX, "size": "1024*1024", "quality": "hd"}, "sandbox": True,
        "output": {"images": [{"url": f"{api.base_url!s}".rstrip("/") + f"/files/{task_id}/1.png"}]}, "credits_consumed": 4,
    }  # fmt: skip
    assert finish(api, task_id) == data


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5", "sandbox"])
def test_without_a_bearer_both_routes_answer_401(sandbox: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with httpx2.Client(base_url=sandbox, headers=headers, trust_env=False, verify=False) as stranger:
        for answer in (stranger.post(CREATE, json=FOX), stranger.get(TASKS + "n48x")):
            assert "Authorization: Bearer" in refused(answer, 401, "authentication_error")


@pytest.mark.parametrize("key", ["sandbox", "aio_real_looking", "x"])
def test_any_bearer_token_is_accepted(sandbox: str, key: str) -> None:
    for scheme in ("Bearer", "bearer"):
        assert (
            httpx2.post(
                sandbox + CREATE, json=FOX, headers={"Authorization": f"{scheme} {key}"}, trust_env=False
            ).status_code
            == 200
        )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": "a fox"}, "model"), ({**FOX, "model": "flux-3"}, "model"), ({**FOX, "model": 3}, "model"), ({**FOX, "prompt": ""}, "prompt"),
        ({"model": "flux-2"}, "prompt"), ({**FOX, "quality": "best"}, "quality"), ({**FOX, "n": 2}, "n"), ({**FOX, "size": 3}, "size"),
        ({"model": "hunyuan-image-3", "prompt": "a fox", "type": "edit"}, "images"), ({"model": "seedream/4.5-edit", "prompt": "a fox"}, "image_urls"),
        ({"model": "flux-2", "prompt": "a fox", "input_urls": ["x"]}, "input_urls"), ({**FOX, "\ud800": 1}, ""), ({**FOX, "prompt": "\ud800"}, "prompt"),
    ],
)  # fmt: skip
def test_a_body_outside_the_catalog_is_refused_by_its_field(api: httpx2.Client, body: dict[str, Any], field: str) -> None:
    message = refused(api.post(CREATE, content=json.dumps(body)), 400, "bad_request")

    assert message.startswith(f"{field}: " if field else "")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 1000, b"model=flux-2&prompt=fox"],
)
def test_a_body_that_is_no_json_object_is_refused(api: httpx2.Client, content: bytes) -> None:
    assert "JSON" in refused(api.post(CREATE, content=content), 400, "bad_request")


def test_a_body_that_is_too_large_is_refused(api: httpx2.Client) -> None:
    assert f"{LARGEST_BODY:,} bytes" in refused(api.post(CREATE, content=b" " * (LARGEST_BODY + 1)), 400, "bad_request")
    assert api.post(CREATE, content=json.dumps(FOX).encode().ljust(LARGEST_BODY)).status_code == 200


@pytest.mark.parametrize("model", WITH_WEBHOOK + WITHOUT)
def test_only_models_with_a_webhook_accept_a_callback(api: httpx2.Client, model: str) -> None:
    answer = api.post(CREATE, json={"model": model, "prompt": "a fox", "callback_url": "https://me.example/callback"})

    if model in WITH_WEBHOOK:
        assert answer.status_code == 200
    else:
        assert refused(answer, 400, "bad_request").startswith("callback_url: ")


@pytest.mark.parametrize(("named", "sent"), [("gpt-image-1-5", "gpt-image-1.5-official"), ("imagen4-ultra", "imagen4-ultra"), ("imagen-4", "imagen4"),
                                             ("seedream-4-5", "seedream/4.5-text-to-image"), ("grok-imagine", "grok-imagine/text-to-image")])  # fmt: skip
def test_a_model_is_found_by_id_alias_and_variant(api: httpx2.Client, named: str, sent: str) -> None:
    assert api.get(TASKS + start(api, model=named, prompt="a fox")).json()["data"]["request"]["model"] == sent


@pytest.mark.parametrize(
    ("body", "kind", "size"),
    [
        (FOX, "png", (1024, 1024)),
        ({"model": "ideogram-v4", "prompt": "a fox", "output_format": "jpeg", "size": "16:9"}, "jpeg", (1360, 768)),
        ({"model": "ideogram-v4", "prompt": "a fox", "output_format": "webp", "size": "9:21"}, "webp", (672, 1568)),
        ({"model": "flux-2", "prompt": "a fox", "resolution": "2K"}, "png", (2048, 2048)),
    ],
)  # fmt: skip
def test_a_picture_has_the_requested_size_and_format(
    full_size_sandbox: str, body: dict[str, Any], kind: str, size: tuple[int, int] | None
) -> None:
    with connect(full_size_sandbox) as api:
        (url,) = addresses(finish(api, start(api, **body)))
        answer = api.get(url)

    assert (answer.status_code, answer.headers["content-type"], url.rpartition(".")[2]) == (200, f"image/{kind}", kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == kind.upper()
        assert picture.size == pytest.approx(size, abs=16)


@pytest.mark.parametrize("variant", ["recraft-v4-text-to-vector", "recraft-v4-pro-text-to-vector"])
def test_a_vector_variant_gives_a_vector_file_that_can_run_nothing(api: httpx2.Client, variant: str) -> None:
    (url,) = addresses(finish(api, start(api, model=variant, prompt="<script>alert(1)</script>")))
    answer = api.get(url)

    assert (answer.headers["content-type"].split(";")[0], url.rpartition(".")[2]) == ("image/svg+xml", "svg")
    assert answer.text.lstrip().startswith(("<svg", "<?xml"))
    assert "<script" not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]


def test_the_requested_number_of_different_pictures_is_delivered(api: httpx2.Client) -> None:
    data = finish(api, start(api, model="imagen4-fast", prompt="a fox", num_images=3))
    urls = addresses(data)

    assert (len(set(urls)), data["credits_consumed"]) == (3, 12)
    assert len({api.get(url).content for url in urls}) == 3


def test_a_count_without_a_limit_does_not_fill_the_sandbox(api: httpx2.Client) -> None:
    """The service states no limit for imagen-4; the sandbox is open to anybody and has one."""
    answer = api.post(CREATE, json={"model": "imagen-4", "prompt": "a fox", "num_images": 100_000})

    if answer.status_code == 200:
        assert len(addresses(finish(api, answer.json()["data"]["task_id"]))) <= 1000
    else:
        refused(answer, 400, "bad_request")


@pytest.mark.parametrize("name", ["0.png", "2.png", "-1.png", "x.png", "1x.png", "²", "².png", "9" * 5000 + ".png", ".png", "%2e%2e%2fpage"],
                         ids=lambda name: ascii(name)[:12])  # fmt: skip
def test_a_file_that_was_not_drawn_is_not_there(api: httpx2.Client, name: str) -> None:
    task_id = start(api, **FOX)
    finish(api, task_id)

    answer = api.get(f"/files/{task_id}/{name}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


def test_a_file_of_a_task_in_progress_or_of_no_task_is_not_there(api: httpx2.Client) -> None:
    running = start(api, **{**FOX, "prompt": "a fox #sandbox:never"})

    for task_id in (running, "n48nobody"):
        refused(api.get(f"/files/{task_id}/1.png"), 404, "not_found")
    refused(api.get(TASKS + "n48nobody"), 404, "not_found")


@pytest.mark.slow
def test_every_model_has_an_example_picture_that_a_page_can_open_with(api: httpx2.Client, catalog: Catalog) -> None:
    for model in [*catalog.models, catalog.models[0]]:
        answer = api.get(f"/examples/{model.id}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert len(answer.content) < 150_000
        assert answer.headers["x-content-type-options"] == "nosniff"
        thumbnail = api.get(f"/examples/{model.id}/1.webp")
        assert (thumbnail.headers["content-type"], thumbnail.headers["cache-control"]) == ("image/webp", UNCHANGING)
        assert len(thumbnail.content) < 12_000
    refused(api.get("/examples/flux-3"), 404, "not_found")
    refused(api.get("/examples/flux-3/1.webp"), 404, "not_found")


def test_the_page_explains_its_use_and_lists_every_fault(api: httpx2.Client) -> None:
    page = httpx2.get(str(api.base_url), trust_env=False, verify=False)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "export API_IN_ONE_KEY=sandbox" in page.text
    assert f"POST {str(api.base_url).rstrip('/')}{CREATE}" in page.text
    assert (
        f"<code>{str(api.base_url).rstrip('/')}/…</code>, <code>http://localhost:{api.base_url.port}/…</code>" in page.text
    )
    for name, what in FAULTS.items():
        assert f"#sandbox:{name}</code></td><td>{what}<" in page.text


def test_links_lead_to_the_public_address_but_for_the_product_itself(catalog: Catalog) -> None:
    """A proxy may hide the address that a caller has used; without a public address it is all there is."""
    for public, key, base in (
        ("https://fox.example/play", "x", "https://fox.example/play"),
        ("https://fox.example/play", "own-key", ""),
        ("", "x", ""),
    ):
        with serve(create_sandbox(catalog, speed=1e6, public_url=public, own_key="own-key")) as address:
            with httpx2.Client(
                base_url=address, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
            ) as api:
                task_id = api.post(CREATE, json=FOX).json()["data"]["task_id"]
                data = api.get(TASKS + task_id).json()["data"]
                assert addresses(data) == [f"{base or address}/files/{task_id}/1.png"]
