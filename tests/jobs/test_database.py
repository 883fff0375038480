"""Opening the database: every obstacle is one sentence, which names what is wrong and holds no password."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from components.errors import SettingsError
from components.jobs.store.engine import Database, open_database
from tests.conftest import ROOT
from tests.jobs.conftest import raw_connection
from tests.postgres import Postgres

CANARY = "canary-7f3a"
OPENS = """
import sys
from components.errors import SettingsError
from components.jobs.store.engine import open_database
print("ready", flush=True)
input()
try:
    database = open_database(sys.argv[1])
except SettingsError as error:
    sys.exit(f"refused: {error}")
print("open", flush=True)
input()
"""


def run(script: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A child process with our code; it prints ``ready`` and continues when it gets a line."""
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options)


def refusal(url: str) -> str:
    """What is said when this database is opened: one line, and no password, neither there nor in a traceback."""
    with pytest.raises(SettingsError) as refused:
        open_database(url)
    message = str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith(("..", "?.", "^."))
    return message


def sqlite_url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def some_bytes(path: Path) -> None:
    path.write_bytes(b"This is no database. " * 1000)


def a_folder(path: Path) -> None:
    path.mkdir()


def cut_short(path: Path) -> None:
    open_database(sqlite_url(path)).close()
    path.write_bytes(path.read_bytes()[:9000])


def from_the_future(path: Path) -> None:
    open_database(sqlite_url(path)).close()
    with raw_connection(sqlite_url(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


OBSTACLES = [
    (some_bytes, "not a database"),
    (a_folder, "unable to open"),
    (cut_short, "malformed"),
    (from_the_future, "newer version of this program"),
]


@pytest.mark.parametrize(("obstacle", "words"), OBSTACLES, ids=[obstacle.__name__ for obstacle, _ in OBSTACLES])
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    tmp_path: Path, obstacle: Callable[[Path], None], words: str
) -> None:
    """Nothing is repaired, moved or written over, and once the obstacle is gone the next start works."""
    path = tmp_path / "playground.db"
    obstacle(path)
    before = path.read_bytes() if path.is_file() else None

    message = refusal(sqlite_url(path))

    assert str(path) in message
    assert words in message
    assert (path.read_bytes() if path.is_file() else None) == before
    path.rename(tmp_path / "away")
    open_database(sqlite_url(path)).close()


@pytest.mark.parametrize("path", ["a file/playground.db", "/proc/self/playground.db", "/dev/null/playground.db"])
def test_an_unwritable_path_is_named(tmp_path: Path, path: str) -> None:
    """A file where a folder should be, a file system that takes no files (root may write everywhere else)."""
    (tmp_path / "a file").touch()
    assert str(tmp_path / path) in refusal(sqlite_url(tmp_path / path))


@pytest.mark.parametrize("folder", ["new/er", "with space", "100%", "%41", "ü#1", "a:b@c", "a?b=c"])
def test_a_database_is_created_at_any_path(tmp_path: Path, folder: str) -> None:
    """Folders that are missing are made, and no character of a path means anything."""
    open_database(sqlite_url(tmp_path / folder / "playground.db")).close()
    assert (tmp_path / folder / "playground.db").is_file()


ADDRESSES = ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:{}@h/d", "file:///{}", "postgresql://u:{}@h:x/d"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    """By the name of the setting, without repeating what may be a secret."""
    assert "PLAYGROUND_DATABASE_URL" in refusal(address.format(CANARY))


@pytest.mark.processes
def test_a_second_process_is_refused_while_the_first_one_runs(tmp_path: Path) -> None:
    """The same in one process; a killed process leaves no lock."""
    url = sqlite_url(tmp_path / "playground.db")
    with run(OPENS, url) as first:
        assert first.stdin
        assert first.stdout
        first.stdin.write("\n")
        first.stdin.flush()
        assert [first.stdout.readline().strip() for _ in range(2)] == ["ready", "open"]
        with run(OPENS, url) as second:
            assert "refused: " in second.communicate("\n")[1]
        assert "in use by another process" in refusal(url)
        first.kill()
    open_database(url).close()


def test_a_database_may_be_closed_by_another_thread_than_opened_it(tmp_path: Path) -> None:
    """The one that opens blocks, so it may well be a thread of its own; and a second opening in one process is refused."""
    url = sqlite_url(tmp_path / "playground.db")
    databases: list[Database] = []
    thread = threading.Thread(target=lambda: databases.append(open_database(url)))
    thread.start()
    thread.join()
    assert "in use" in refusal(url)

    databases[0].close()

    open_database(url).close()


FAULTS = {
    "closed port": ("postgresql://{role}:{secret}@127.0.0.1:{closed}/d", "refused"),
    "no such host": ("postgresql://{role}:{secret}@nowhere.invalid/d", "nowhere.invalid"),
    "wrong password": ("postgresql://postgres:{secret}@{server}/{name}", "password authentication failed"),
    "wrong password, spelled apart": ("postgresql://{server}/{name}?user=u&password={secret}", "authentication failed"),
    "no such database": ("postgresql://{role}:{secret}@{server}/none", "does not exist"),
    "unknown option": ("postgresql://{role}:{secret}@{server}/{name}?nonsense=1", "nonsense"),
    "no right to make tables": ("postgresql://{role}:{secret}@{server}/{name}", "permission denied"),
    "a slash that should be %2F": ("postgresql://{role}:12/{secret}@{server}/{name}", ""),
}


@pytest.mark.parametrize(("address", "words"), FAULTS.values(), ids=FAULTS)
def test_a_server_that_cannot_be_used_is_named(
    postgres: Postgres, caplog: pytest.LogCaptureFixture, address: str, words: str
) -> None:
    """In the server's own words, and without the password, in the log as well."""
    caplog.set_level(logging.DEBUG)
    with postgres.fresh() as url, raw_connection(url) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        name = url.rpartition("/")[2]
        role = f"role_of_{name}"
        server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{CANARY}'")
        server.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        parts = {"server": f"127.0.0.1:{postgres.port}", "closed": closed.getsockname()[1], "name": name, "role": role}
        try:
            message = refusal(address.format(secret=CANARY, **parts))
        finally:
            server.execute(f"DROP ROLE {role}")
    assert words in message
    assert CANARY not in caplog.text


def test_either_spelling_of_postgresql_is_understood(postgres: Postgres) -> None:
    """Hosts hand out both."""
    with postgres.fresh() as url:
        for spelling in ("postgres://", "postgresql://", "postgresql+psycopg://"):
            database = open_database(url.replace("postgresql://", spelling))
            assert database.shared
            database.close()
