"""``app.py`` as a process: how it starts, what it says when something is set up wrongly, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

import app as application
from components.settings import read_settings
from tests.snippets import recorded
from tests.ui import ROOT, App, clean, free_port, lay_out, running
from tests.ui.test_guard import nothing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "home")


def started(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The process that ends by itself, with what it printed."""
    settings = {"GRADIO_SERVER_PORT": str(free_port())} | environment
    command = [sys.executable, "app.py"]
    return subprocess.run(
        command, cwd=folder, env=clean(folder, **settings), capture_output=True, text=True, timeout=60, check=False
    )


BAD_CATALOGS = {
    "missing": (None, ["no.yaml", "cannot be read"]),
    "no yaml": ("models: [", ["no.yaml", "line"]),
    "unknown key": ("endpoint: {}\nmodels: []\nmodle: 1\n", ["no.yaml", "modle"]),
    "empty": ("", ["no.yaml", "empty"]),
}


@pytest.mark.parametrize("name", BAD_CATALOGS)
def test_a_bad_catalog_ends_the_start_with_sentences(name: str, folder: Path) -> None:
    """File, line and fix; no traceback; exit status 1."""
    text, words = BAD_CATALOGS[name]
    if text is not None:
        (folder / "no.yaml").write_text(text)

    done = started(folder, PLAYGROUND_CATALOG="no.yaml")

    assert (done.returncode, done.stdout) == (1, "")
    assert [word for word in words if word not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert all("no.yaml" in line for line in done.stderr.splitlines())


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PLAYGROUND_DEADLINE_S", "soon"), ("API_IN_ONE_BASE_URL", "apiin.one"), ("GRADIO_SERVER_PORT", "70000")],
)
def test_a_bad_variable_ends_the_start_with_its_name(variable: str, value: str, folder: Path) -> None:
    """One line, exit status 1, and the key that is set beside it is not in it."""
    done = started(folder, API_IN_ONE_KEY="sk-canary-1", **{variable: value})

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert variable in done.stderr
    assert "sk-canary-1" not in done.stderr


def test_a_port_in_use_ends_the_start_with_its_number(folder: Path) -> None:
    """A port that was asked for is not quietly exchanged for another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = started(folder, GRADIO_SERVER_PORT=str(port))

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert f"Port {port}" in done.stderr


def test_a_data_folder_that_cannot_be_made_ends_the_start_with_its_name(folder: Path) -> None:
    """A file stands where the folder should be."""
    (folder / "file").write_text("")

    done = started(folder, PLAYGROUND_DATA=str(folder / "file" / "data"))

    assert done.returncode == 1
    assert "file" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_on_one_machine_take_ports_of_their_own(tmp_path: Path) -> None:
    """Where no port is asked for: the first free one from 7860 on, and both answer."""
    with ExitStack() as stack:
        try:
            stack.enter_context(socket.create_server(("127.0.0.1", 7860)))
        except OSError:
            pytest.skip("port 7860 is in use by somebody else")
        first = stack.enter_context(running(tmp_path / "first", GRADIO_SERVER_PORT=""))
        second = stack.enter_context(running(tmp_path / "second", GRADIO_SERVER_PORT=""))
        ports = [int(app.url.rpartition(":")[2]) for app in (first, second)]

        assert 7860 < ports[0] < ports[1] < 7960
        assert [app.get("/").status_code for app in (first, second)] == [200, 200]


@pytest.mark.parametrize(
    ("name", "host"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("localhost", "localhost")],
)
def test_a_wildcard_is_no_address_to_call(name: str, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process reaches itself by a host of the same family as it listens on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADIO_SERVER_NAME", name)

    found = application._reachable(read_settings().listen_on)

    assert found == host or (name == "::" and found == "127.0.0.1")  # a dual socket answers to both


def test_usage_statistics_are_off_whatever_the_environment_says(folder: Path) -> None:
    """Gradio would tell its makers of every start."""
    code = "import app, os, gradio.analytics as a; print(os.environ['GRADIO_ANALYTICS_ENABLED'], a.analytics_enabled())"
    environment = clean(folder, GRADIO_ANALYTICS_ENABLED="True")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.split() == ["False", "False"]


def test_it_starts_and_draws_without_a_network(tmp_path: Path) -> None:
    """Every proxy leads to a server that only writes down; nobody is asked for anything."""
    with recorded(nothing) as world:
        proxies = {name: world.address for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")}
        with running(tmp_path / "home", NO_PROXY="127.0.0.1,localhost", **proxies) as app:
            client = Client(app.url, verbose=False, analytics_enabled=False)
            assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
            assert app.get("/").status_code == 200
            client.close()
        assert world.seen == []


def ended(app: App, with_signal: int = signal.SIGTERM) -> None:
    """It has gone by itself, by the signal or with status 0, and without a traceback."""
    assert app.stop(with_signal) in (0, -with_signal)
    assert "Traceback" not in app.log
    assert "ERROR" not in app.log


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked(with_signal: int, tmp_path: Path) -> None:
    """By whoever manages processes, or by Ctrl-C."""
    with running(tmp_path / "home") as app:
        ended(app, with_signal)


def test_it_ends_when_asked_though_a_job_runs_and_a_page_is_open(tmp_path: Path) -> None:
    """A page keeps streams open for as long as it stands there, and a job may take minutes: neither holds it up."""
    with running(tmp_path / "home") as app, httpx.Client(base_url=app.url, trust_env=False, timeout=30) as http:
        call = {"data": ["flux-2", {"prompt": "a fox #sandbox:never"}]}
        event = http.post("/gradio_api/call/generate", json=call).json()["event_id"]
        with http.stream("GET", f"/gradio_api/call/generate/{event}"), http.stream("GET", "/gradio_api/heartbeat/abc"):
            give_up = time.monotonic() + 20
            while not re.search(r"task \w+sandbox flux-2 running", app.log) and time.monotonic() < give_up:
                time.sleep(0.05)
            ended(app)


def test_an_address_may_carry_a_long_prompt(tmp_path: Path) -> None:
    """The page opens with it; one far too long is refused in a way of HTTP's own."""
    with running(tmp_path / "home") as app:
        assert app.get("/?model=flux-2&prompt=" + "x" * 12_000).status_code == 200
        with suppress(httpx.HTTPError):
            assert app.get("/?prompt=" + "x" * 200_000).status_code in (400, 414, 431)
        assert app.get("/healthz").status_code == 200
        assert os.listdir(app.folder / "data") == ["pictures"]
