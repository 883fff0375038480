"""What the application refuses before Gradio sees it, and what it never serves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx2
from gradio_client import Client
from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse

from components.web.guard import Guard
from tests.recorder import Recorder, recorded
from tests.ui import ROOT, AppProcess

CALL = "/gradio_api/call/"
EVENTS = ("generate", "estimate", "snippet", "models", "arrive", "run", "follow")


def file_at(address: str) -> dict[str, Any]:
    """What Gradio takes for a file, and fetches."""
    return {"path": address, "url": address, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}


def bodies(address: str) -> dict[str, bytes]:
    """Bodies that Gradio reads a file from, written in every way that its JSON reader takes."""
    plain = json.dumps({"data": ["flux-2", {"prompt": "a fox", "x": file_at(address)}]})
    deep: Any = file_at(address)
    for _ in range(50):
        deep = [{"a": deep}]
    return {
        "plain": plain.encode(),
        "escaped value": plain.replace("FileData", "FileDat\\u0061").encode(),
        "escaped name": plain.replace("_type", "\\u005ftype").encode(),
        "all escaped": plain.replace("gradio.FileData", "".join(f"\\u{ord(c):04x}" for c in "gradio.FileData")).encode(),
        "in the model's place": json.dumps({"data": [file_at(address), {}]}).encode(),
        "deep": json.dumps({"data": ["flux-2", deep]}).encode(),
        "utf-16": plain.encode("utf-16"),
        "utf-16 without a mark": plain.encode("utf-16-le"),
        "utf-32": plain.encode("utf-32"),
        "with a mark": plain.encode("utf-8-sig"),
        "named twice": plain.replace('"_type"', '"_type": "x", "_type"').encode(),
    }


def test_a_file_in_an_events_body_is_refused_and_not_fetched(app: AppProcess) -> None:
    """On every event, public or the page's own, by all the routes that take one."""
    routes = [*(CALL + event for event in EVENTS), "/gradio_api/run/estimate", "/gradio_api/api/estimate"]
    routes += ["/gradio_api/queue/join", "/gradio_api/call/v2/estimate", "/gradio_api/run/predict/"]
    with (
        recorded(Starlette()) as elsewhere,
        httpx2.Client(base_url=app.url, trust_env=False, verify=False, headers={"content-type": "application/json"}) as http,
    ):
        for (name, body), route in product(bodies(f"{elsewhere.address}/a.png").items(), routes):
            answer = http.post(route, content=body)
            assert (answer.status_code, "Files" in answer.text) == (400, True), (name, route)
        assert elsewhere.requests == []


def test_a_prompt_may_name_a_file(api_caller: Client) -> None:
    """It is only text, whatever it contains."""
    prompts = ["gradio.FileData", '{"_type": "gradio.FileData"}', "\\u0067radio.FileData", "é 🦊 \u2028"]
    for prompt in prompts:
        assert api_caller.predict("imagen-4", {"prompt": prompt}, api_name="/estimate")["credits"] == 8
        text = api_caller.predict("imagen-4", {"prompt": prompt}, "javascript", api_name="/snippet")
        assert json.JSONDecoder().raw_decode(text.split("const body = ")[1])[0]["prompt"] == prompt
    assert api_caller.predict("imagen-4", {"prompt": prompts[0]}, api_name="/generate")["state"] == "done"


def test_a_body_of_more_than_two_megabytes_is_refused(app: AppProcess) -> None:
    """With its length in a header or without; a smaller one reaches the endpoint, which refuses the long prompt."""
    large = json.dumps({"data": ["flux-2", {"prompt": "x" * 2_000_001}]}).encode()
    for path in (f"{CALL}estimate", "/gradio_api/queue/join", "/gradio_api/heartbeat/x", "/gradio_api/reset"):
        assert app.post(path, content=large).status_code == 413, path
        assert app.post(path, content=(large[at : at + 65536] for at in range(0, len(large), 65536))).status_code == 413, (
            path
        )
    call = {"data": ["flux-2", {"prompt": "x" * 1_900_000}]}
    with httpx2.Client(base_url=app.url, trust_env=False, verify=False, timeout=30) as http:
        event = http.post(f"{CALL}estimate", json=call).json()["event_id"]
        assert "too long" in http.get(f"{CALL}estimate/{event}").text


async def test_a_body_that_does_not_arrive_is_answered_and_not_waited_for() -> None:
    """A route that takes files has bounds of its own; nothing is read of a GET."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({"size": len(await Request(scope, receive).body())})(scope, receive, send)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x"
            await asyncio.sleep(0.2)

    caught = ExceptionMiddleware(app)
    transport = httpx2.ASGITransport(Guard(caught, longest_body_s=0.3))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        for path in ("/gradio_api/queue/join", "/callbacks/a/b"):
            assert (await http.post(path, content=trickle())).status_code == 408, path
            assert (await http.post(path, content=b"x" * 2_000_001)).status_code == 413, path
        assert (await http.post("/uploads", content=trickle())).json() == {"size": 3}


def test_no_other_site_may_read_or_send(app: AppProcess) -> None:
    """A browser asks first whether a page of another origin may; Gradio would allow every one on a public host."""
    for host in ("images.example", app.url.removeprefix("http://")):
        for origin in ("https://evil.example", "null"):
            headers = {"Host": host, "Origin": origin, "Access-Control-Request-Method": "POST"}
            for path in ("/", "/gradio_api/call/history", "/uploads", "/history.json", "/gradio_api/queue/join"):
                preflight = httpx2.options(app.url + path, headers=headers, trust_env=False)
                sent = httpx2.post(app.url + path, headers=headers, json={"data": [{}]}, trust_env=False, verify=False)
                for answer in (preflight, sent):
                    assert "access-control-allow-origin" not in answer.headers, path
                    assert "access-control-allow-credentials" not in answer.headers, path


def test_what_another_site_sends_with_a_visitors_browser_is_refused(app: AppProcess) -> None:
    """On every route, also as a form, for which a browser asks nobody; links from other sites work."""
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    paths = ("/", "/evaluations", "/recipe", "/prompt-file", "/uploads", "/vote/a/undo", "/gradio_api/call/generate")
    for site, kind, path in product(("cross-site", "same-site"), kinds, paths):
        headers = {"Sec-Fetch-Site": site, "Content-Type": kind}
        assert app.post(path, headers=headers, content=b"{}").status_code == 403, path
        assert httpx2.delete(f"{app.url}/uploads/a", headers=headers, trust_env=False).status_code == 403
    for site in ("cross-site", "same-origin", "none"):
        assert app.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200
    assert app.post("/recipe", headers={"Sec-Fetch-Site": "same-origin"}, content=b"x").status_code == 422


def test_an_impossible_session_is_refused(app: AppProcess) -> None:
    """Gradio keeps the state of every session that a caller names."""
    sessions: list[Any] = ["x" * 65, 7, ["x"], {"x": "x"}]
    for session, route in product(sessions, ("/gradio_api/run/predict", "/gradio_api/queue/join")):
        answer = app.post(route, json={"data": [], "fn_index": 0, "session_hash": session})
        assert (answer.status_code, answer.json()["detail"]) == (400, "This is no session.")


def test_a_stream_of_an_unknown_page_ends_without_an_error_in_the_log(app: AppProcess) -> None:
    """A page asks for one after this process has been restarted; the answer says that the page is unknown."""
    answer = app.get("/gradio_api/queue/data?session_hash=unknown")
    assert '"session_not_found":true' in answer.text
    assert "Traceback" not in app.log


def test_a_body_that_is_no_event_is_refused_whatever_numbers_and_characters_it_holds(app: AppProcess) -> None:
    """FastAPI's answer repeats the body, and JSON has no NaN."""
    for body, path in product(
        (b'{"a": NaN}', b'{"a": -Infinity}', rb'{"a": "\ud83e"}'), ("run/x", "queue/join", "cancel", "reset", "call/x")
    ):
        answer = app.post(f"/gradio_api/{path}", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (404, 422), (path, body, answer.text)
    assert "Traceback" not in app.log


def test_a_call_with_too_few_values_leaves_none_of_them_in_the_log(app: AppProcess) -> None:
    """Events hold what was typed into the page, one of them a key."""
    page = httpx2.get(f"{app.url}/config", trust_env=False, verify=False).json()
    (key,) = [item["id"] for item in page["components"] if item["props"].get("elem_id") == "key"]
    (entering,) = [event for event in page["dependencies"] if key in event["inputs"]]
    call = {"data": ["sk-canary-typed"], "fn_index": entering["id"], "session_hash": "log"}
    answer = app.post("/gradio_api/run/predict", json=call)
    log = app.log

    assert (answer.status_code, answer.json()["error"]) == (422, "enter_key takes 2 values and was sent 1")
    assert "takes 2 values and was sent 1" in log
    assert "sk-canary-typed" not in log + answer.text


def test_gradios_deep_links_uploads_and_run_history_are_closed(app: AppProcess) -> None:
    links, uploads = (
        ("deep_link", "deep_link?session_hash=x", "deep_link/", "//deep_link"),
        ("upload", "upload?upload_id=1", "upload/"),
    )
    for name in (*links, *uploads, "upload_progress?upload_id=1", "runs", "runs/", "runs/1", "component_server"):
        path = f"/gradio_api/{name}"
        assert app.get(path).status_code == 404, path
        assert app.post(path, files={"files": ("a.html", b"<script>")}).status_code in (404, 405), path


def test_no_file_of_the_machine_is_served(app: AppProcess) -> None:
    """Neither the source, nor the settings beside it, nor the system's, by any way of writing the path."""
    (app.folder / ".env").write_text("# canary-in-the-settings\n")
    files = [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/environ",
        ".env",
        "app.py",
        "catalog.yaml",
        "../app.py",
        "components/settings.py",
    ]
    files += [str(app.folder / name) for name in (".env", "app.py", "catalog.yaml", "log", "data")]
    files += [str(ROOT / name) for name in ("app.py", "components/settings.py", "tests/conftest.py")]
    routes = ["/gradio_api/file=", "/gradio_api/file/", "/static/", "/pictures/"]
    with httpx2.Client(base_url=app.url, trust_env=False, verify=False, timeout=30) as http:
        for path in (route + file for route in routes for file in files):
            for written in (path, path.replace("/", "%2f").replace("%2f", "/", 2)):
                answer = http.get(written)
                assert answer.status_code >= 400 or "text/html" in answer.headers["content-type"], written
                assert not any(sign in answer.text for sign in ("root:x:", "canary-in", "def create_app", "PATH="))


def test_a_name_that_no_file_can_have_is_not_found(app: AppProcess) -> None:
    for route in ("/assets/", "/static/", "/pictures/", "/"):
        assert app.get(route + "a" * 300).status_code == 404, route


def test_no_address_is_fetched_for_a_caller(app: AppProcess) -> None:
    """Gradio's file route and proxy accept addresses; nothing is fetched from them."""
    with recorded(Starlette()) as elsewhere:
        for path in (f"file={elsewhere.address}/a.png", f"proxy={elsewhere.address}/a.png"):
            assert app.get(f"/gradio_api/{path}", follow_redirects=False).status_code >= 400
        assert elsewhere.requests == []


def test_a_forged_call_of_an_event_that_is_handled_in_the_browser_is_refused(app: AppProcess) -> None:
    """Whichever route takes it; nothing of it is in the log."""
    before = app.log
    for route in ("/gradio_api/run/js_fn", "/gradio_api/api/js_fn"):
        answer = app.post(route, json={"data": []})
        assert (answer.status_code, "no handler" in answer.text) == (422, True), route
    assert app.log == before


def test_an_address_may_carry_a_long_prompt(app: AppProcess) -> None:
    """The page opens, and nothing is written to the data folder."""
    before = sorted((app.folder / "data").iterdir())
    assert app.get("/?model=flux-2&prompt=" + "x" * 12_000).status_code == 200
    assert sorted((app.folder / "data").iterdir()) == before


def test_gradios_monitoring_is_off(app: AppProcess) -> None:
    for name in ("", "/", "/x", "/summary"):
        for path in (f"/monitoring{name}", f"/gradio_api/monitoring{name}"):
            answer = app.get(path)
            assert answer.status_code >= 400 or "total_requests" not in answer.text, path
            assert answer.status_code >= 400 or "analytics" not in answer.text.lower(), path


def test_fastapis_own_documentation_is_off(app: AppProcess) -> None:
    """It would describe private routes; the health check is open."""
    assert [app.get(path).status_code for path in ("/docs", "/redoc", "/sandbox/docs", "/sandbox/openapi.json")] == [404] * 4
    assert app.get("/healthz").json()["status"] == "ok"


def test_the_page_and_its_configuration_hold_no_key(app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """Nor does the log; and opening the page sends no request to the service."""
    texts = [app_with_host_key.get(path).text for path in ("/", "/config", "/gradio_api/info", "/models.csv", "/plans.csv")]

    assert all(len(text) > 500 for text in texts)
    assert "sk-host" not in "".join(texts) + app_with_host_key.log
    assert cleared_upstream.requests == []
