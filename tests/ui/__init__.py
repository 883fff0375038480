"""Tests of the user interface without a browser, and helpers that run the application in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx2
from gradio_client import Client

import components.ui  # noqa: F401  # before any test imports Gradio, which it does in less time
from tests.starting import start

ROOT = Path(__file__).parent.parent.parent
START_TIMEOUT_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_checkout(folder: Path) -> Path:
    """Make a folder that looks like a checkout to the application, with an empty ``.env``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("app.py", "catalog.yaml", "components"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(ROOT / name)
    (folder / ".env").touch()
    return folder


def write_quick_catalog(folder: Path) -> Path:
    """The shipped catalog with run times of 0.1 to 0.3 s, for a stand-in service that is as quick."""
    path = folder / "quick.yaml"
    path.write_text(re.sub(r"seconds: \[.*?\]", "seconds: [0.1, 0.3]", (ROOT / "catalog.yaml").read_text()))
    return path


def process_environment(folder: Path, **changes: str | None) -> dict[str, str]:
    """Environment variables for a process, without any setting of this machine; None leaves a variable out."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PLAYGROUND_DATA": str(folder / "data"),
        "PLAYGROUND_SANDBOX_SPEED": "50",
        "GRADIO_SERVER_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    } | changes
    return {name: value for name, value in environment.items() if value is not None}


@dataclass
class AppProcess:
    """A running application: its address, process and folder."""

    url: str
    process: ForkServerProcess
    folder: Path

    @property
    def log(self) -> str:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return httpx2.get(self.url + path, trust_env=False, verify=False, timeout=30, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return httpx2.post(self.url + path, trust_env=False, verify=False, timeout=30, **options)

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the process to end; after 10 seconds it is killed. Returns its exit status."""
        assert self.process.pid
        os.kill(self.process.pid, with_signal)
        self.process.join(10)
        self.process.kill()
        self.process.join()
        return self.process.exitcode or 0


@contextmanager
def run_app(folder: Path, program: Path | None = None, **changes: str | None) -> Iterator[AppProcess]:
    """The application in its own process and folder, answering; in a folder that has served before, with what it left.

    With ``program`` it is a new interpreter; where that is an absolute path, the folder holds an empty ``.env`` alone.
    """
    if program and program.is_absolute():
        folder.mkdir()
        (folder / ".env").touch()
    else:
        make_checkout(folder)
    process = start(folder, process_environment(folder, **changes), folder / "log", program=program)
    app = AppProcess("", process, folder)
    try:
        app.url = _answering(app)
        yield app
    finally:
        process.kill()  # a clean shutdown is tested separately
        process.join()


def _answering(app: AppProcess) -> str:
    """Wait until the address in the log answers, and return it."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and app.process.is_alive():
        addresses = re.findall(r"The playground is at (http://\S+)", app.log)
        if addresses:
            try:
                if httpx2.get(f"{addresses[-1]}/healthz", trust_env=False, verify=False).is_success:
                    return str(addresses[-1])
            except httpx2.HTTPError:
                pass
        time.sleep(0.05)
    raise AssertionError(f"the application did not start:\n{app.log}")


@contextmanager
def api_client(app: AppProcess, **headers: str) -> Iterator[Client]:
    """A client of the public endpoints; header names are written with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    client = Client(app.url, headers=sent, verbose=False, analytics_enabled=False)
    try:
        yield client
    finally:
        client.close()
