"""The tests' PostgreSQL starts from either source of programs, isolates tests and cleans up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT
from tests.postgres import Postgres, installed_programs, running_postgres, wheel_programs

pytestmark = pytest.mark.processes

GUARD_S = 60.0
STARTS_ONE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with it ignored
from tests.postgres import running_postgres
with running_postgres() as server, server.fresh() as url:
    print(server.pid, server.folder, flush=True)
    input()
"""


@pytest.fixture
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.mark.parametrize("source", [installed_programs, wheel_programs])
def test_a_server_starts_from_either_source(source: Callable[[], Path | None]) -> None:
    """The machine's own programs where it has them, those of the wheel everywhere."""
    programs = source()
    if programs is None:
        assert source is installed_programs, "requirements-dev.txt brings the wheel"
        pytest.skip("this machine has no PostgreSQL of its own")

    with running_postgres(programs) as server, server.fresh() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_every_database_is_empty_at_first_and_dropped_afterwards(server: Postgres) -> None:
    """One test's tables are not there for the next, even if it leaves a connection open."""
    with server.fresh() as first:
        left_open = psycopg.connect(first, autocommit=True)
        left_open.execute("CREATE TABLE here (id int)")
        with server.fresh() as second, psycopg.connect(second) as connection:
            assert connection.execute("SELECT to_regclass('here')").fetchone() == (None,)

    left_open.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind_by_an_interrupted_run(how: signal.Signals) -> None:
    """Server and folder disappear even after a kill -9 of the tests."""
    command = [sys.executable, "-c", STARTS_ONE]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout
        pid, folder = run.stdout.readline().split()
        assert is_running(int(pid))
        assert Path(folder).exists()
        run.send_signal(how)
        run.wait(GUARD_S)

    deadline = time.monotonic() + GUARD_S
    while (is_running(int(pid)) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(pid))
    assert not Path(folder).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_programs_in_a_closed_folder_are_copied(tmp_path: Path) -> None:
    """A virtual environment below /root, say, cannot be read by the user whom the server runs as."""
    programs = wheel_programs()
    assert programs
    package = programs.parent.parent
    closed = tmp_path / "closed"
    shutil.copytree(programs.parent, closed / package.name / programs.parent.name, symlinks=True)
    shutil.copytree(f"{package}.libs", closed / f"{package.name}.libs", symlinks=True)
    closed.chmod(0o700)

    with running_postgres(closed / package.name / programs.parent.name / "bin") as server, server.fresh() as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
