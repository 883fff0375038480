"""The sandbox calls ``callback_url`` when a task has ended, as the prompt's marker says, and never another server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from components.api.replies import read_callback_task_id
from components.catalog.models import Catalog
from components.sandbox import create_sandbox
from components.sandbox.callbacks import may_call
from tests.conftest import SPEED, serve
from tests.recorder import Recorder, recorded
from tests.sandbox import CREATE, TASKS, connect, finish, refused, start


@contextmanager
def called_at_its_public_address(catalog: Catalog, speed: float = SPEED) -> Iterator[tuple[httpx2.Client, Recorder]]:
    """A sandbox, and what answers at its public address: it records the calls."""
    with recorded(Starlette()) as public:
        with serve(create_sandbox(catalog, speed, public_url=public.address)) as address, connect(address) as api:
            yield api, public


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def create(api: httpx2.Client, address: str, marker: str = "", **headers: str) -> httpx2.Response:
    prompt = f"a fox #sandbox:{marker}" if marker else "a fox"
    return api.post(CREATE, json={"model": "flux-2", "prompt": prompt, "callback_url": address}, headers=headers)


def calls(public: Recorder, name: str) -> int:
    return len(public.paths(f"/{name}"))


def test_an_ended_task_is_sent_once_as_the_status_route_answers_it(catalog: Catalog) -> None:
    with called_at_its_public_address(catalog) as (api, public):
        task_id = create(api, f"{public.address}/done?x=1").json()["data"]["task_id"]
        failed = create(api, f"{public.address}/failed", "failed").json()["data"]["task_id"]
        until(lambda: len(public.requests) == 2)
        bodies = {one.path: one for one in public.posts}
        assert bodies["/done?x=1"].body == api.get(TASKS + task_id).json()
        assert bodies["/done?x=1"].body["data"]["status"] == "completed"
        assert bodies["/failed"].body == api.get(TASKS + failed).json()
    assert bodies["/done?x=1"].headers["content-type"] == "application/json"
    assert "authorization" not in bodies["/done?x=1"].headers, "the caller's key is the caller's"
    assert read_callback_task_id(bodies["/done?x=1"].content.decode()) == task_id


def test_callbacks_are_lost_and_doubled_as_the_prompt_says(catalog: Catalog) -> None:
    """A task whose POST was answered by an error still sends a callback; a refused request has no task."""
    with called_at_its_public_address(catalog) as (api, public):
        for marker in ("callback-lost", "callback-twice", "broken", "upstream", "key", "never"):
            create(api, f"{public.address}/{marker}", marker)
        until(lambda: len(public.requests) == 4)
        create(api, f"{public.address}/last")
        until(lambda: calls(public, "last"))
    counted = [calls(public, marker) for marker in ("callback-twice", "broken", "upstream", "last")]
    assert (counted, len(public.requests)) == ([2, 1, 1, 1], 5)


def test_a_late_callback_arrives_after_polling_has_found_the_result(catalog: Catalog) -> None:
    with called_at_its_public_address(catalog, speed=10) as (api, public):
        answer = create(api, f"{public.address}/late", "callback-late")
        assert finish(api, answer.json()["data"]["task_id"])["status"] == "completed"
        assert public.requests == []
        until(lambda: calls(public, "late") == 1)


def test_the_server_that_holds_the_sandbox_can_be_called_at_the_address_it_listens_on(catalog: Catalog) -> None:
    sandbox, seen = create_sandbox(catalog, SPEED), []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sandbox.router.lifespan_context(sandbox):
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/hook/{name}")
    async def hook(name: str) -> None:
        seen.append(name)

    app.mount("/sandbox", sandbox)
    with serve(app) as address, connect(f"{address}/sandbox") as api:
        port = urlsplit(address).port
        create(api, f"http://127.0.0.1:{port}/hook/number")
        create(api, f"http://localhost:{port}/hook/name")
        until(lambda: len(seen) == 2)
    assert set(seen) == {"number", "name"}


def test_a_stranger_cannot_make_the_sandbox_call_another_server(catalog: Catalog) -> None:
    """Whatever the address looks like, and whatever the Host header says; the request itself is accepted."""
    with recorded(Starlette()) as other, called_at_its_public_address(catalog) as (api, public):
        own, host = str(api.base_url).rstrip("/"), other.address.removeprefix("http://")
        for address in (
            f"{other.address}/hook", f"http://localhost:{host.partition(':')[2]}/hook", f"{own}@{host}/hook", f"{own}\\@{host}/hook",
            f"{public.address}@{host}/hook", f"{own}#@{host}/hook", f"{own}?@{host}/hook", f"{own}.{host}/hook",
            f"{own}:80/hook", f"https://{own[7:]}/hook", f"ftp://{own[7:]}/hook", "http://169.254.169.254/latest", f"{own}/\u0430\u2028",
        ):  # fmt: skip
            for headers in ({}, {"Host": host}):
                answer = create(api, address, **headers)
                assert answer.status_code in (200, 400), address
        create(api, f"{public.address}/last")
        until(lambda: calls(public, "last"))
        time.sleep(0.3)  # longer than the longest task
        assert other.requests == []
        assert len(public.requests) == 1


@pytest.mark.parametrize(
    "address", [7, None, "me.example/hook", "file:///etc/passwd", ["http://me.example/"], "http://a b/"]
)
def test_a_callback_url_that_is_no_web_address_is_refused(catalog: Catalog, address: Any, sandbox: str) -> None:
    with connect(sandbox) as api:
        body = {"model": "flux-2", "prompt": "a fox", "callback_url": address}
        assert refused(api.post(CREATE, json=body), 400, "bad_request").startswith("callback_url: ")


def test_only_the_beginning_of_an_address_up_to_the_path_decides() -> None:
    origins = ("https://fox.example", "http://[::1]:7860")
    allowed = ("https://fox.example/", "https://fox.example/a?b#c", "http://[::1]:7860/callbacks/1/x")
    ignored = ("https://fox.example", "https://fox.example.evil/", "http://fox.example/", "HTTPS://fox.example/", " https://fox.example/",
               "https://fox.example:443/", "https://fox.example@evil/", "https://evil/https://fox.example/", "")  # fmt: skip

    assert [address for address in allowed + ignored if may_call(address, origins)] == list(allowed)
    assert not may_call("https://fox.example/", ())


def test_a_receiver_that_fails_or_cannot_be_reached_does_not_stop_later_calls(catalog: Catalog) -> None:
    with called_at_its_public_address(catalog) as (api, public):
        create(api, f"{public.address}/{'x' * 70_000}")  # longer than a URL may be
        create(api, f"{public.address}/missing")  # answered with 404
        until(lambda: calls(public, "missing"))
        create(api, f"{public.address}/later")
        until(lambda: calls(public, "later"))
    with serve(create_sandbox(catalog, 1e6, public_url="http://127.0.0.1:9")) as address, connect(address) as api:
        create(api, "http://127.0.0.1:9/nobody")
        time.sleep(0.2)
        assert start(api, model="flux-2", prompt="a fox")


async def test_no_worker_is_left_when_the_sandbox_ends(catalog: Catalog) -> None:
    before, sandbox = asyncio.all_tasks(), create_sandbox(catalog, speed=0.01)
    transport = httpx2.ASGITransport(sandbox)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as api:
        async with sandbox.router.lifespan_context(sandbox):
            body = {"model": "flux-2", "prompt": "a fox", "callback_url": "http://127.0.0.1:7860/hook"}
            answer = await api.post(CREATE, json=body, headers={"Authorization": "Bearer x"})
            assert answer.status_code == 200
            assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before
