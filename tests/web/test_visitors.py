"""A browser is identified by its cookie and a program by a header; neither they nor their jobs are visible to others."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.requests import cookie_parser

from components.playground import visitor_id
from components.playground.visits import COOKIE, browser_visitor
from components.web.visitors import Visitors
from tests.ui import AppProcess, api_client, free_port, run_app
from tests.ui.test_endpoints import ANSWER

SECRET = "visitor-of-these-tests-0123456789"
FORGED = [
    "", "short", "x" * 101, "with space 0123456789", 'quo"te-0123456789abc', "semi;colon-0123456789", "../../etc/passwd-0123",
    "a\x80b-0123456789abcdef", "<script>alert(1)</script>", "'; drop table jobs; --0123", "0123456789abcdef\tx", "%00%00%00%00%00%00",
]  # fmt: skip
HEADERS = [
    f"{COOKIE}", f"{COOKIE}=", f"{COOKIE}=;{COOKIE}=", "=;;=;", f"other={SECRET}", f"{COOKIE}2={SECRET}", "\\\\\\", '"', "a=b; [c]=d",
]  # fmt: skip


async def page(scope: Any, receive: Any, send: Any) -> None:
    """An empty page with a cookie of its own."""
    headers = [(b"content-type", b"text/html"), (b"set-cookie", b"theirs=1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def given(
    path: str = "/",
    *,
    address: str = "http://test",
    framed: bool = False,
    method: str = "GET",
    root: str = "",
    **headers: str,
) -> list[str]:
    """The visitor cookies in the answer to a request."""

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(Visitors(page, framed), root_path=root)
        async with httpx2.AsyncClient(transport=transport, base_url=address) as http:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            return await http.request(method, path, headers=raw)

    answer = asyncio.run(ask())
    set_cookies = answer.headers.get_list("set-cookie")
    assert set_cookies[0] == "theirs=1"
    return set_cookies[1:]


def parts(cookie: str) -> dict[str, str]:
    """The attributes of a cookie, and its value under its name."""
    return {name.lower(): value for name, _, value in (part.partition("=") for part in cookie.split("; "))}


def test_a_browser_gets_one_cookie_when_it_opens_the_page_and_nowhere_else() -> None:
    """Not with a script, a picture, an event or a HEAD; and not again while it has one."""
    (cookie,) = given("/?model=flux-2")
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", parts(cookie)[COOKIE])
    for path in ("/config", "/healthz", "/gradio_api/info", "/pictures/a.png", "/index.html"):
        assert given(path) == []
    for method in ("POST", "HEAD", "PUT", "OPTIONS"):
        assert given(method=method) == []
    assert given(cookie=f"{COOKIE}={parts(cookie)[COOKIE]}") == []
    assert given(cookie=f"a=b; {COOKIE}={SECRET}; c=d") == []
    assert len({parts(given()[0])[COOKIE] for _ in range(50)}) == 50


def test_no_script_and_no_other_site_gets_the_cookie() -> None:
    """Over plain HTTP without Secure, or a browser would not keep it; its path is the one that the browser opened."""
    (cookie,) = given()
    assert {name: value for name, value in parts(cookie).items() if name != COOKIE} == {
        "max-age": "31536000", "httponly": "", "samesite": "lax",
    }  # fmt: skip


def test_over_https_the_cookie_is_secure_and_in_a_frame_it_is_partitioned() -> None:
    """Inside another site's page a browser sends back only partitioned cookies."""
    for framed, same_site in ((False, "lax"), (True, "none")):
        attributes = parts(given(address="https://test", framed=framed)[0])
        assert ("secure" in attributes, "httponly" in attributes, attributes["samesite"]) == (True, True, same_site)
        assert ("partitioned" in attributes) == framed
        plain = parts(given(framed=framed)[0])
        assert ("secure" in plain, plain["samesite"]) == (False, "lax")


def test_an_unreadable_or_forged_cookie_is_replaced() -> None:
    for value in FORGED:
        (cookie,) = given(cookie=f"{COOKIE}={value}")
        assert parts(cookie)[COOKIE] != value
    for header in HEADERS:
        assert browser_visitor(cookie_parser(header)) == ""
        assert len(given(cookie=header)) == 1, header


@pytest.fixture(scope="module")
def known(app: AppProcess) -> dict[str, Any]:
    """A job of SECRET, as ``/generate`` returned it."""
    with api_client(app, X_Playground_Visitor=SECRET) as client:
        return dict(client.predict("flux-2", {"prompt": "a fox in the snow"}, api_name="/generate"))


def test_a_job_is_returned_to_its_visitor_only(app: AppProcess, known: dict[str, Any]) -> None:
    """Everybody else gets the same answer as for a job that does not exist."""
    with api_client(app, X_Playground_Visitor=SECRET) as client:
        reply = client.predict(known["job_id"], api_name="/job")
        never = refusal(client, secrets.token_urlsafe(16))
    assert list(reply) == ANSWER
    assert reply == known
    for _ in range(10):
        words = posted(app, "job", [known["job_id"]], {"X-Playground-Visitor": secrets.token_urlsafe(16)})
        assert never in words
        assert known["task_id"] not in words
    with api_client(app) as client:
        assert refusal(client, known["job_id"]) == never
        for odd in ("", "' or 1=1 --", "%", "x" * 5000, "\0"):
            assert refusal(client, odd) == never


def test_a_callers_jobs_are_not_opened_by_a_cookie_or_by_its_hash(app: AppProcess, known: dict[str, Any]) -> None:
    """The hash that the database holds is no way in either."""
    for headers in ({"Cookie": f"{COOKIE}={SECRET}"}, {"X-Playground-Visitor": visitor_id(SECRET)}):
        assert "There is no such job" in posted(app, "job", [known["job_id"]], headers)


def test_only_a_hash_of_a_visitors_secret_is_stored(app: AppProcess, known: dict[str, Any]) -> None:
    """Neither cookie nor header is in the database, beside it, or in a line of the log."""
    cookie = app.get("/").cookies[COOKIE]
    assert app.get("/", cookies={COOKIE: cookie}).cookies.get(COOKIE) is None
    with closing(sqlite3.connect(app.folder / "data" / "playground.db")) as database:
        (visitor,) = database.execute("select visitor from jobs where id = ?", [known["job_id"]]).fetchone()
        dump = "\n".join(database.iterdump())
    assert visitor == visitor_id(SECRET)
    files = [path for path in (app.folder / "data").rglob("*") if path.is_file()]
    for secret in (SECRET, cookie):
        assert secret not in dump
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
        assert secret not in app.log


@pytest.mark.processes
def test_a_job_is_returned_after_a_restart(tmp_path: Path) -> None:
    """After an ordinary end and a new start the same visitor is given the same job, with a picture that is there."""
    settings = {"GRADIO_SERVER_PORT": str(free_port())}
    with run_app(tmp_path / "home", **settings) as app:
        with api_client(app, X_Playground_Visitor=SECRET) as client:
            before = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        app.stop()
    with run_app(tmp_path / "home", **settings) as app:
        with api_client(app, X_Playground_Visitor=SECRET) as client:
            after = client.predict(before["job_id"], api_name="/job")
        assert after == before
        assert app.get("/pictures/" + after["images"][0].rpartition("/")[2]).status_code == 200
        assert "There is no such job" in posted(
            app, "job", [before["job_id"]], {"X-Playground-Visitor": "somebody-else-1234"}
        )


@pytest.mark.processes
def test_a_running_job_is_finished_by_the_next_process(tmp_path: Path) -> None:
    """Its caller has gone with the first process and asks the second by the job's id."""
    settings = {"GRADIO_SERVER_PORT": str(free_port()), "PLAYGROUND_SANDBOX_SPEED": "1"}
    headers = {"X-Playground-Visitor": SECRET}
    with run_app(tmp_path / "home", **settings) as app:
        app.post("/gradio_api/call/generate", json={"data": ["flux-2", {"prompt": "a fox"}]}, headers=headers)
        while '"running"' not in app.log:
            time.sleep(0.05)
        logged = re.search(r'"job": "(\S+)"', app.log)
        assert logged
        app.stop(9)
    with run_app(tmp_path / "home", **settings) as app:
        with api_client(app, X_Playground_Visitor=SECRET) as client:
            while (reply := client.predict(logged[1], api_name="/job"))["state"] == "running":
                time.sleep(0.2)
        assert (reply["state"], len(reply["images"])) == ("done", 1)


def refusal(client: Client, job_id: str) -> str:
    with pytest.raises(AppError) as refused:
        client.predict(job_id, api_name="/job")
    return str(refused.value)


def posted(app: AppProcess, endpoint: str, data: list[Any], headers: dict[str, str]) -> str:
    """What the stream of a call by plain HTTP says."""
    with httpx2.Client(base_url=app.url, trust_env=False, verify=False, timeout=120, headers=headers) as http:
        event = http.post(f"/gradio_api/call/{endpoint}", json={"data": data}).json()["event_id"]
        return http.get(f"/gradio_api/call/{endpoint}/{event}").text
