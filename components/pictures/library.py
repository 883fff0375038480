"""Results are fetched at once, checked, and kept as plain files named by their content."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2 as httpx

from components.errors import PictureNotSaved
from components.pictures.check import inspect
from components.pictures.fetch import LONGEST_S, fetch_picture
from components.pictures.kept import KeptPicture
from components.pictures.storage import FolderStorage, PictureStorage

log = logging.getLogger(__name__)

DISK_LIMIT = 4_000_000_000
ROOM_MADE = 0.95  # trimming goes a little further than it must, so that not every picture trims
DECODED_AT_ONCE = 2
NAME = re.compile(r"[0-9a-f]{64}\.(?:png|jpeg|webp|svg)")


async def _nothing() -> set[str]:
    return set()


class PictureLibrary:
    """Pictures in a folder or on another shelf, ``limit`` bytes at most.

    Args:
        shelf: where they lie; a path is a folder.
        http: an open client without any key; its caller closes it.
        starred: names that are trimmed last.
    """

    def __init__(
        self,
        shelf: PictureStorage | Path,
        http: httpx.AsyncClient,
        *,
        limit: int = DISK_LIMIT,
        starred: Callable[[], Awaitable[set[str]]] = _nothing,
    ) -> None:
        self.shelf = FolderStorage(shelf) if isinstance(shelf, Path) else shelf
        self._http = http
        self._limit = limit
        self._starred = starred
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)
        self._used: int | None = None
        self._held: Counter[str] = Counter()  # kept for a job whose record does not show it yet
        self._counting = threading.Lock()

    async def keep(self, address: str, upstream: str, within: float = LONGEST_S) -> KeptPicture:
        """Fetch (or decode a ``data:`` address), check and store one picture of a task at ``upstream``.

        ``within`` bounds the fetch in seconds, LONGEST_S at most. Until it is released nobody can remove it.

        Raises:
            PictureNotSaved: it cannot be fetched, is too large, or is no png, jpeg, webp or svg.
        """
        data = await fetch_picture(self._http, address, upstream, min(within, LONGEST_S))
        source = "" if address.startswith("data:") else address
        async with self._decoding:
            kept = await asyncio.to_thread(self._store, data, source)
        if (self._used or 0) > self._limit:
            try:
                await asyncio.to_thread(self._trim, await self._starred(), kept.name)
            except Exception:  # the picture is kept and paid for; that there is too little room is the operator's to know
                log.exception("there is no room for more pictures, and none could be made")
        return kept

    async def read(self, name: str) -> Path | bytes | None:
        """A kept picture's file or bytes, or None; a name in any other form is nobody's."""
        if not NAME.fullmatch(name):
            return None
        try:
            return await asyncio.to_thread(self.shelf.read, name)
        except OSError:
            log.exception("picture %s cannot be read", name)
            return None

    async def has(self, name: str) -> bool:
        """Whether a picture is kept."""
        try:
            return NAME.fullmatch(name) is not None and await asyncio.to_thread(self.shelf.has, name)
        except OSError:
            return False

    def release(self, name: str) -> None:
        """A picture that was kept is on record now, or given up."""
        with self._counting:
            self._held[name] -= 1
            if self._held[name] <= 0:
                del self._held[name]

    async def remove(self, name: str) -> None:
        """Delete a picture that nobody shows any more. One that cannot be deleted is left to the trimming."""
        if NAME.fullmatch(name):
            try:
                await asyncio.to_thread(self._remove, name)
            except Exception:
                log.exception("picture %s cannot be deleted", name)

    def _remove(self, name: str) -> None:
        with self._counting:
            if name not in self._held:
                self.shelf.remove(name)
                self._used = None  # counted anew with the next picture

    def _store(self, data: bytes, source: str) -> KeptPicture:
        form, width, height = inspect(data)
        name = f"{hashlib.sha256(data).hexdigest()}.{form}"
        try:
            with self._counting:
                self._held[name] += 1
                if self._used is None:
                    self._used = sum(item.size for item in self.shelf.items())
            if self.shelf.has(name):
                self.shelf.touch(name)
            else:
                self.shelf.put(name, data)
                with self._counting:
                    if self._used is not None:
                        self._used += len(data)
        except Exception as error:  # a remote shelf raises what its library raises
            self.release(name)
            log.exception("picture %s cannot be stored", name)
            raise PictureNotSaved("The picture cannot be stored here; whoever runs this page can see why.") from error
        return KeptPicture(name, width, height, form, len(data), source)

    def _trim(self, starred: set[str], newest: str) -> None:
        """Keep below the limit: files that were used longest ago go first, the starred ones after all others."""
        with self._counting:
            items = sorted(self.shelf.items(), key=lambda item: (item.name in starred, item))
            self._used = sum(item.size for item in items)
            for item in items:
                if self._used <= self._limit * ROOM_MADE:
                    break
                if item.name != newest:
                    log.info("picture %s goes to make room", item.name)
                    self.shelf.remove(item.name)
                    self._used -= item.size
