"""``app.py`` as a process: how it starts, what it says when something is set up wrongly, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from gradio_client import Client
from starlette.applications import Starlette

from components.web.serving import bind, own_address
from tests.recorder import KEY, recorded
from tests.starting import start
from tests.ui import AppProcess, make_checkout, process_environment, run_app

pytestmark = pytest.mark.processes

APP = Path("app.py")
Setting = tuple[dict[str, str], list[str]]
BAD: dict[str, Setting] = {
    "no catalog": ({"PLAYGROUND_CATALOG": "missing.yaml"}, ["missing.yaml", "cannot be read"]),
    "catalog with an unknown key": ({"PLAYGROUND_CATALOG": "bad.yaml"}, ["bad.yaml", "line 3", "modle"]),
    "no address": ({"API_IN_ONE_BASE_URL": "apiin.one"}, ["API_IN_ONE_BASE_URL"]),
    "a SOCKS4 proxy": ({"ALL_PROXY": "socks4://127.0.0.1:1080"}, ["ALL_PROXY", "SOCKS4", "socks5://"]),
    "a masked key": ({"API_IN_ONE_KEY": "aio_abc****"}, ["API_IN_ONE_KEY"]),
    "a query in the service's address": ({"API_IN_ONE_BASE_URL": "https://apiin.one/api/v1?v=2"}, ["API_IN_ONE_BASE_URL"]),
    "a data folder of nobody": ({"PLAYGROUND_DATA": "~nobody-of-this-name/data"}, ["PLAYGROUND_DATA", "~"]),
    "no limit for pictures": ({"PLAYGROUND_IMAGES_GB": "0"}, ["PLAYGROUND_IMAGES_GB"]),
    "an address in brackets": ({"NO_PROXY": "[::1]"}, ["NO_PROXY"]),
    "certificates that are gone": ({"SSL_CERT_FILE": "/gone"}, ["SSL_CERT_FILE"]),
    "a misspelt cap": ({"PLAYGROUND_DAILY_CREDIT": "50"}, ["PLAYGROUND_DAILY_CREDIT:", "PLAYGROUND_DAILY_CREDITS"]),
    "no port": ({"GRADIO_SERVER_PORT": "http"}, ["GRADIO_SERVER_PORT"]),
    "a port in use": ({"GRADIO_SERVER_PORT": "TAKEN"}, ["Port TAKEN"]),
    "a file where the data folder should be": ({"PLAYGROUND_DATA": "app.py/data"}, ["app.py/data"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_setting_ends_the_start_with_one_clear_line(name: str, tmp_path: Path) -> None:
    """It names what is wrong; no traceback, no key; exit status 1."""
    folder = make_checkout(tmp_path / "home")
    (folder / "bad.yaml").write_text("endpoint: {}\nmodels: []\nmodle: 1\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        changes = {variable: value.replace("TAKEN", port) for variable, value in BAD[name][0].items()}
        process = start(
            folder, process_environment(folder, **{"API_IN_ONE_KEY": KEY} | changes), folder / "log", folder / "errors"
        )
        process.join(60)
    said = (folder / "errors").read_text(encoding="utf-8").replace(port, "TAKEN")

    assert "Traceback" not in said
    assert [word for word in BAD[name][1] if word not in said] == []
    assert (process.exitcode, (folder / "log").read_text()) == (1, "")
    assert len(said.splitlines()) == (1 if "catalog" not in name else len(re.findall(r"\.yaml[,:]", said)))
    assert KEY not in said


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    """As in a compose file that passes on what may be there."""
    with run_app(tmp_path / "home", PLAYGROUND_DEADLINE_S="", API_IN_ONE_KEY="", GRADIO_SERVER_PORT="") as app:
        assert app.get("/healthz").status_code == 200


def test_two_processes_that_start_at_once_take_two_ports() -> None:
    """Though neither serves yet."""
    with bind("127.0.0.1", None) as one, bind("127.0.0.1", None) as other:
        assert one.getsockname() != other.getsockname()


def test_a_second_process_takes_the_next_port(tmp_path: Path) -> None:
    """Without a configured port, the first free one from 7860 on."""
    with ExitStack() as stack:
        try:
            stack.enter_context(socket.create_server(("127.0.0.1", 7860)))
        except OSError:
            pytest.skip("port 7860 is in use by somebody else")
        second = stack.enter_context(run_app(tmp_path / "second", GRADIO_SERVER_PORT=None))

        assert 7860 < int(second.url.rpartition(":")[2]) < 7960
        assert second.get("/").status_code == 200


def test_the_sandbox_has_its_page_with_and_without_a_slash(app: AppProcess) -> None:
    """The redirect is relative: behind a proxy the path may have a prefix that the application does not know."""
    answers = [app.get(path) for path in ("/sandbox", "/sandbox/")]

    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [(307, "sandbox/"), (200, None)]
    assert "#sandbox:failed" in answers[1].text


def test_a_process_that_listens_everywhere_reaches_itself_on_loopback() -> None:
    """A wildcard is no address to call; a socket on ``::`` answers IPv4 too."""
    hosts = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1", "127.0.0.2": "127.0.0.2", "::1": "[::1]", "localhost": "localhost"}
    assert {host: own_address(host, 80) for host in hosts} == {host: f"http://{own}:80" for host, own in hosts.items()}


def ended(app: AppProcess, with_signal: int = signal.SIGTERM) -> None:
    """It has gone by itself, by the signal or with status 0, and without a traceback."""
    assert app.stop(with_signal) in (0, -with_signal)
    assert "Traceback" not in app.log
    assert "ERROR" not in app.log


def test_it_makes_pictures_without_a_network_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    """No request is made, usage statistics included: every proxy leads to a server that records requests.
    It ends without a word about the interrupt."""
    with recorded(Starlette()) as world:
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), world.address)
        statistics = {"NO_PROXY": "127.0.0.1,localhost", "GRADIO_ANALYTICS_ENABLED": "True"}
        with run_app(tmp_path / "home", APP, **statistics, **proxies) as app:
            client = Client(app.url, verbose=False, analytics_enabled=False)
            assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
            assert app.get("/").status_code == 200
            client.close()
            ended(app, signal.SIGINT)
        assert world.requests == []


def test_it_ends_when_asked_while_a_job_runs_and_a_page_is_open(tmp_path: Path) -> None:
    """Neither the open streams of a page nor a running job delay the shutdown."""
    with (
        run_app(tmp_path / "home") as app,
        httpx2.Client(base_url=app.url, trust_env=False, verify=False, timeout=30) as http,
    ):
        call = {"data": ["flux-2", {"prompt": "a fox #sandbox:never"}]}
        event = http.post("/gradio_api/call/generate", json=call).json()["event_id"]
        with http.stream("GET", f"/gradio_api/call/generate/{event}"), http.stream("GET", "/gradio_api/heartbeat/abc"):
            deadline = time.monotonic() + 20
            while (
                not re.search(r'"task": "\w+sandbox", "model": "flux-2", .*"state": "running"', app.log)
                and time.monotonic() < deadline
            ):
                time.sleep(0.05)
            ended(app)
