"""Transactions in threads: a database may wait for a lock or a disk, and the event loop may not.

SQLite has one thread that writes, so that writers never wait for each other's locks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from components.errors import DatabaseUnavailable
from components.jobs.store.engine import Database

THREADS = 4
BETWEEN_LOGS_S = 10.0
log = logging.getLogger(__name__)
Result = TypeVar("Result")


class DuplicateKey(Exception):
    """Another transaction has written the same unique value first."""


class Transactions:
    """Runs functions of a connection, each as one transaction. The caller closes the database."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(reading=True)
        # Separate threads: writes that wait for a lock keep no page from reading.
        self._readers = ThreadPoolExecutor(THREADS, "database-reader")
        self._writers = ThreadPoolExecutor(THREADS if database.shared else 1, "database-writer")
        self._logged_at = -BETWEEN_LOGS_S

    async def aclose(self) -> None:
        """Wait for what is being written, and end the threads."""
        for pool in (self._readers, self._writers):
            await asyncio.to_thread(pool.shutdown)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """The result of ``work``, which only reads. Raises DatabaseUnavailable."""

        def reading() -> Result:
            with self._reading.connect() as connection:
                return work(connection)

        return await self._run(self._readers, reading)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """The result of ``work``, which is committed as a whole or not at all.

        Raises:
            DuplicateKey: another transaction has written the same unique value first.
            DatabaseUnavailable: the database does not answer.
        """

        def writing() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return await self._run(self._writers, writing)

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        """The work in a thread. It is done even if the caller is cancelled: it may record the id of a paid task."""
        try:
            return await asyncio.shield(asyncio.wrap_future(pool.submit(work)))
        except IntegrityError as error:
            raise DuplicateKey from error
        except SQLAlchemyError as error:
            # Every open page asks again each second, so the log does not repeat each failure.
            if time.monotonic() - self._logged_at > BETWEEN_LOGS_S:
                self._logged_at = time.monotonic()
                log.warning("the database does not answer", exc_info=True)
            raise DatabaseUnavailable("This page cannot reach its records right now.") from error
