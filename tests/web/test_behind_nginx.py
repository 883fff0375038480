"""Behind a real nginx with its default headers: at the root and below a path, with and without a public address."""

from __future__ import annotations

import io
import re
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from gradio_client import Client

from components.playground.visits import COOKIE
from tests.nginx import nginx
from tests.snippets.running import Runner
from tests.ui import free_port, run_app

pytestmark = pytest.mark.processes


@dataclass(frozen=True)
class Proxied:
    """An application behind nginx: where the world sees it, its own address, and whether it knows the former."""

    address: str
    own: str
    public: bool


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """nginx and an application that does not know its public address, at the root and below a path."""
    folder = tmp_path_factory.mktemp("unknown")
    with run_app(folder / "home") as app:
        locations = {"/": "http://playground", "/play/": "http://playground/"}
        with nginx(folder / "nginx", free_port(), [app.url], locations) as address:
            yield address, app.url


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """nginx and an application that knows its public address, which has a path."""
    folder, port = tmp_path_factory.mktemp("public"), free_port()
    with run_app(folder / "home", PLAYGROUND_PUBLIC_URL=f"http://127.0.0.1:{port}/play") as app:
        with nginx(folder / "nginx", port, [app.url], {"/play/": "http://playground/"}) as address:
            yield address, app.url


@pytest.fixture(params=["unknown /", "unknown /play", "public /play"])
def proxied(request: pytest.FixtureRequest, unknown: tuple[str, str], public: tuple[str, str]) -> Proxied:
    name, path = request.param.split()
    address, own = {"unknown": unknown, "public": public}[name]
    return Proxied(f"{address}{path}".rstrip("/"), own, name == "public")


def test_picture_history_zip_report_and_code_work(proxied: Proxied) -> None:
    """Without a public address only the links that leave the page name the host that nginx names."""
    headers = {"X-Playground-Visitor": secrets.token_hex(16)}
    client = Client(f"{proxied.address}/", headers=headers, verbose=False, analytics_enabled=False)
    job = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
    compared = client.predict(["flux-2"], {"prompt": "a fox"}, api_name="/compare")
    entries = client.predict({}, api_name="/history")["jobs"]
    code = client.predict("flux-2", {"prompt": "a fox"}, "python", api_name="/snippet")
    client.close()
    base = proxied.address if proxied.public else "http://playground"
    with httpx2.Client(trust_env=False, verify=False, timeout=30, headers=headers) as http:
        assert job["images"][0].startswith(f"{base}/pictures/")
        assert [entry["images"] for entry in entries][1:] == [job["images"]]
        picture = http.get(proxied.address + job["images"][0].removeprefix(base))
        archive = http.get(f"{proxied.address}/files.zip", params={"job": [entry["job_id"] for entry in entries]})
        report = http.get(f"{proxied.address}/comparisons/{compared['batch_id']}/report.html")
        table = http.get(f"{proxied.address}/models.csv")
    assert picture.headers["content-type"] == "image/png"
    assert len([name for name in zipfile.ZipFile(io.BytesIO(archive.content)).namelist() if name.endswith(".png")]) == 2
    assert "a fox" in report.text
    assert "\r\nflux-2," in table.text
    assert (f"{proxied.address}/sandbox" if proxied.public else f"{proxied.own}/sandbox") in code
    ran = Runner.named("python").run(code)
    assert (ran.status, [name[-4:] for name in ran.files]) == (0, [".png"]), ran.err


def test_the_page_takes_its_address_from_the_browser(proxied: Proxied) -> None:
    """Its events, its cookie and its links name no host and no path; what other programs read names the public address."""
    page = httpx2.get(f"{proxied.address}/", trust_env=False, verify=False)
    (cookie,) = [header for header in page.headers.get_list("set-cookie") if header.startswith(COOKIE)]
    assert re.findall(r'"root":"([^"]*)"', page.text) == ["."]
    assert "path=" not in cookie.lower()
    root = httpx2.get(f"{proxied.address}/config", trust_env=False, verify=False).json()["root"]
    assert root == (proxied.address if proxied.public else "http://playground")
    assert "first-paint" in page.text
    for route in ("upload", "deep_link"):
        answer = httpx2.post(f"{proxied.address}/gradio_api/{route}", trust_env=False, verify=False)
        assert answer.json() == {"detail": "Not found."}
    assert httpx2.get(f"{proxied.address}/sandbox", trust_env=False, verify=False).headers["location"] == "sandbox/"
    assert httpx2.get(f"{proxied.address}/sandbox/", trust_env=False, verify=False).status_code == 200


def test_events_arrive_while_they_happen(proxied: Proxied) -> None:
    """nginx keeps what it is sent until there is more of it, unless the answer asks it not to."""
    with httpx2.stream(
        "GET", f"{proxied.address}/gradio_api/heartbeat/abc", trust_env=False, verify=False, timeout=30
    ) as answer:
        assert next(answer.iter_lines()) == "data: ALIVE"


def test_a_proxy_may_leave_the_path_in_place(public: tuple[str, str]) -> None:
    _, own = public
    page = httpx2.get(f"{own}/play/", trust_env=False, verify=False)
    assert "first-paint" in page.text
    assert [header for header in page.headers.get_list("set-cookie") if header.startswith(COOKIE)]
    for path in ("/healthz", "/sandbox/", "/theme.css"):
        assert httpx2.get(f"{own}/play{path}", trust_env=False, verify=False).status_code == 200, path
    assert httpx2.post(f"{own}/play/gradio_api/upload", trust_env=False, verify=False).json() == {"detail": "Not found."}
