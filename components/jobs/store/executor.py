"""Transactions in threads: a database may wait for a lock or a disk, and the event loop may not.

SQLite has one thread that writes, and what waits for it is written together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from components.errors import DatabaseUnavailable
from components.jobs.store.engine import Database

THREADS = 4
LARGEST_BATCH = 64
BETWEEN_REPORTS_S = 10.0
log = logging.getLogger(__name__)
Found = TypeVar("Found")


class Twin(Exception):
    """Another transaction has written the same unique value first."""


class Transactions:
    """Runs work with a connection, each piece as one transaction. The database is its caller's to close."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(reading=True)
        # Apart, so that writes which wait for a lock keep no page from reading.
        self._readers = ThreadPoolExecutor(THREADS, "records-reader")
        self._writers = ThreadPoolExecutor(THREADS if database.shared else 1, "records-writer")
        self._waiting: SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]]] = SimpleQueue()
        self._batch = 1 if database.shared else LARGEST_BATCH
        self._told_at = -BETWEEN_REPORTS_S

    async def aclose(self) -> None:
        """Wait for what is being written, and end the threads."""
        for pool in (self._readers, self._writers):
            await asyncio.to_thread(pool.shutdown)

    async def read(self, work: Callable[[Connection], Found]) -> Found:
        """What the work finds."""

        def reading() -> Found:
            with self._reading.connect() as connection:
                return work(connection)

        return await self._done(self._readers, reading)

    async def write(self, work: Callable[[Connection], Found]) -> Found:
        """The work, whole or not at all. It may be begun again, so it does nothing but talk to its connection.

        Raises:
            Twin: another transaction has written the same unique value first.
            DatabaseUnavailable: the database does not answer.
        """
        future: Future[Found] = Future()
        self._waiting.put((work, future))
        await self._done(self._writers, self._write_waiting)
        return await self._outcome(future)

    def _write_waiting(self) -> None:
        """What waits to be written, as one transaction where one writer does it all: its fsync is what takes long.

        If one of them fails, each is done alone.
        """
        batch: list[tuple[Callable[[Connection], Any], Future[Any]]] = []
        with suppress(Empty):
            while len(batch) < self._batch:
                batch.append(self._waiting.get_nowait())
        try:
            results = []
            if len(batch) > 1:
                with self._engine.begin() as connection:
                    results = [work(connection) for work, _ in batch]
            for (_, future), result in zip(batch, results, strict=False):
                future.set_result(result)
        except Exception:  # whose fault it was shows when each is alone
            results = []
        for work, future in batch[len(results) :]:
            try:
                with self._engine.begin() as connection:
                    result = work(connection)
                future.set_result(result)
            except Exception as error:
                future.set_exception(error)

    async def _done(self, pool: ThreadPoolExecutor, work: Callable[[], Found]) -> Found:
        """The work in a thread. A caller that is cancelled leaves it to be done: it may be a task's id."""
        return await self._outcome(pool.submit(work))

    async def _outcome(self, future: Future[Found]) -> Found:
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except IntegrityError as error:
            raise Twin from error
        except SQLAlchemyError as error:
            # Every page that is open asks again each second, so not each of them is told.
            if time.monotonic() - self._told_at > BETWEEN_REPORTS_S:
                self._told_at = time.monotonic()
                log.warning("the database does not answer", exc_info=True)
            raise DatabaseUnavailable("This page cannot reach its records right now.") from error
