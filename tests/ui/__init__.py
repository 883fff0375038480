"""What people see, without a browser: helpers to run the real application in a process of its own."""

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

from tests.starting import start

ROOT = Path(__file__).parent.parent.parent
SLOWEST_START_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lay_out(folder: Path) -> Path:
    """A folder that looks like a checkout to the application, with nobody's ``.env`` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("app.py", "catalog.yaml", "components"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(ROOT / name)
    (folder / ".env").touch()
    return folder


def clean(folder: Path, **changes: str | None) -> dict[str, str]:
    """The environment of a process that is to know nothing of this machine's settings; None leaves one out."""
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
class App:
    """The application as it runs: its address, its process, and what it has written so far."""

    url: str
    process: ForkServerProcess
    folder: Path

    @property
    def log(self) -> str:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return httpx2.get(self.url + path, trust_env=False, timeout=30, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return httpx2.post(self.url + path, trust_env=False, timeout=30, **options)

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask the process to end, and wait; one that does not end is killed and its status is -9."""
        assert self.process.pid
        os.kill(self.process.pid, with_signal)
        self.process.join(10)
        self.process.kill()
        self.process.join()
        return self.process.exitcode or 0


@contextmanager
def running(folder: Path, program: Path | None = None, **changes: str | None) -> Iterator[App]:
    """The application in its own process and folder, answering; in a folder that has served before, with what it left.

    With ``program`` it is a new interpreter; where that is an absolute path, the folder holds an empty ``.env`` alone.
    """
    if program and program.is_absolute():
        folder.mkdir()
        (folder / ".env").touch()
    else:
        lay_out(folder)
    process = start(folder, clean(folder, **changes), folder / "log", program=program)
    app = App("", process, folder)
    try:
        app.url = _answering(app)
        yield app
    finally:
        process.kill()  # how it ends when asked to is a test of its own
        process.join()


def _answering(app: App) -> str:
    """The address that the log names last, once it answers."""
    give_up = time.monotonic() + SLOWEST_START_S
    while time.monotonic() < give_up and app.process.is_alive():
        found = re.findall(r"The playground is at (http://\S+)", app.log)
        if found:
            try:
                if httpx2.get(f"{found[-1]}/healthz", trust_env=False).is_success:
                    return str(found[-1])
            except httpx2.HTTPError:
                pass
        time.sleep(0.05)
    raise AssertionError(f"the application did not start:\n{app.log}")


@contextmanager
def calling(app: App, **headers: str) -> Iterator[Client]:
    """A headless caller of the public endpoints; names of headers are written with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    client = Client(app.url, headers=sent, verbose=False, analytics_enabled=False)
    try:
        yield client
    finally:
        client.close()
