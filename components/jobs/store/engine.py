"""Open the database, SQLite (WAL, one process) or PostgreSQL, and migrate it to the newest schema.

Everything here blocks, and runs once before the server listens. An error is one sentence, without the password that an
address may hold.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from components.errors import SettingsError
from components.pictures.storage.disk import MOUNTS, Disk, disk_of
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.opening import check_storage

log = logging.getLogger(__name__)

NAME = "PLAYGROUND_DATABASE_URL"
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_WAIT_S = 10.0
CONNECT_S = 10
STATEMENT_S = 30
POOL_SIZE = 8
MIGRATION_LOCK = 4_914_072  # any number that no other program locks


class Database:
    """An engine with the newest schema. ``disk`` is where the file of SQLite is.

    ``shared`` is whether other processes may use the database too (PostgreSQL).
    """

    def __init__(self, engine: Engine, lock: FileLock | None = None, disk: Disk | None = None) -> None:
        self.engine = engine
        self.shared = lock is None
        self.disk = disk
        self._lock = lock

    def close(self) -> None:
        """Close every connection and let another process in."""
        self.engine.dispose()
        if self._lock:
            self._lock.release()


def sqlite_address(path: Path) -> str:
    """The address of a file, whatever characters are in its name."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def open_database(url: str, lock_wait_s: float = LOCK_WAIT_S, mounts: Path = MOUNTS) -> Database:
    """The database at ``sqlite:////path`` or ``postgresql://...``, created and migrated if needed.

    A statement that waits for a lock for longer than ``lock_wait_s`` fails.

    Raises:
        SettingsError: it cannot be reached or read, is in use, full, newer than this program, or SQLite where ``mounts``
            says that no database may be.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{NAME}: is no database address.") from None
    kind = address.get_backend_name()
    if kind == "postgres" or kind == "postgresql":
        return _open_postgresql(address.set(drivername="postgresql+psycopg"), lock_wait_s)
    if kind == "sqlite" and address.database and address.database != ":memory:":
        return _open_sqlite(address, lock_wait_s, mounts)
    raise SettingsError(f"{NAME}: must begin with sqlite:/// and a path, or with postgresql://.")


def _open_sqlite(address: URL, lock_wait_s: float, mounts: Path) -> Database:
    path = Path(str(address.database)).absolute()
    disk = disk_of(path.parent, mounts)
    if not disk.holds_databases:
        raise SettingsError(
            f"{NAME}: {path} would be on {disk.mount}, a mounted bucket or network drive ({disk.kind}), which can lose what "
            "was written last. Name a PostgreSQL database, or an SQLite file on a disk."
        )
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        check_storage(FolderStorage(path.parent))
        lock.acquire(timeout=0)
    except Timeout:
        raise SettingsError(
            f"The database {path} is in use by another process. One process uses SQLite at a time; "
            f"for more set {NAME} to a PostgreSQL database."
        ) from None
    except NotImplementedError:
        log.warning("%s is on a file system without locks: make sure that only one process uses it.", path)
    except OSError as error:
        raise SettingsError(f"The database {path} cannot be used: {error.strerror}.") from error
    engine = create_engine(
        address.set(database=str(path)),
        hide_parameters=True,
        pool_size=POOL_SIZE,
        connect_args={"timeout": lock_wait_s, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        _migrate(engine, str(path))
    except BaseException:
        engine.dispose()
        with suppress(OSError):
            lock.release()
        raise
    return Database(engine, lock, disk)


def _open_postgresql(address: URL, lock_wait_s: float) -> Database:
    engine = create_engine(
        address,
        hide_parameters=True,  # the text of an error would hold prompts
        pool_size=POOL_SIZE,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_S,
            "application_name": "image playground",
            "keepalives_idle": CONNECT_S,  # a server that is gone without closing the connection would block a thread for ever
            "keepalives_interval": CONNECT_S,
            "keepalives_count": 3,
            "tcp_user_timeout": STATEMENT_S * 1000,
            "options": f"-c lock_timeout={lock_wait_s * 1000:.0f}ms -c statement_timeout={STATEMENT_S}s",
        },
    )
    try:
        _migrate(engine, f"{address.database} at {address.host or 'the local socket'}")
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    """Set up a connection. WAL lets pages read while a job is written. Every commit reaches the disk: a ``submitting`` that
    a power cut undoes would be sent, and paid for, again."""
    connection.isolation_level = None  # the driver would begin later, and without a lock
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """Take the lock at the beginning of a transaction that writes: to take it after a read fails without waiting."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _migrate(engine: Engine, name: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":  # several processes may start at once
                connection.execute(text("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0"))
                connection.execute(select(text(f"pg_advisory_xact_lock({MIGRATION_LOCK})")))
            config.attributes["connection"] = connection
            ScriptDirectory.from_config(config)
            command.upgrade(config, "head")
    except (CommandError, RevisionError) as error:
        raise SettingsError(
            f"The database {name} was written by a newer version of this program. Use that version, or another database."
        ) from error
    except SQLAlchemyError as error:
        log.debug("the database %s cannot be opened", name, exc_info=True)
        raise SettingsError(f"The database {name} cannot be used: {_reason(error)}.") from None


def _reason(error: SQLAlchemyError) -> str:
    """The driver's reason in one line, without the address, which may hold a password."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return (lines[0] if lines else type(cause).__name__).rstrip(".?:")[:300]
