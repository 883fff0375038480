"""The picture library: fetches results, checks them, and stores them under their content hash.

Storage may be slow, so it is only ever called in a thread and no lock of a thread is held meanwhile. What must be
counted or kept apart (pictures in use, one operation at a time for a name) is done on the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from math import inf
from pathlib import Path
from weakref import WeakValueDictionary

import httpx2 as httpx

from components.errors import PictureNotSaved
from components.pictures.check import FORMATS, as_browsers_show, inspect
from components.pictures.fetch import LONGEST_S, fetch_picture
from components.pictures.storage.base import PictureStorage
from components.pictures.stored import StoredPicture

log = logging.getLogger(__name__)

TRIM_TO = 0.95  # of the limit, so that not every new picture needs a trim
MAX_DECODING = 2
NAME = re.compile(rf"[0-9a-f]{{64}}\.(?:{'|'.join(FORMATS)})")


class PictureLibrary:
    """Pictures in a storage, about ``limit`` bytes at most while ``keep_trimming`` runs.

    Args:
        http: an open client without a key; the caller closes it.
        starred: returns the names of pictures that are deleted last when room is needed.
    """

    def __init__(
        self,
        storage: PictureStorage,
        http: httpx.AsyncClient,
        *,
        limit: float = inf,
        starred: Callable[[], Awaitable[set[str]]] | None = None,
    ) -> None:
        self.storage = storage
        self._http = http
        self.limit = limit
        self._starred = starred
        self._decoding = asyncio.Semaphore(MAX_DECODING)
        self._held: Counter[str] = Counter()  # by callers whose job does not show the picture yet
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.size = 0  # bytes; before the storage was first listed, only what was added since
        self._listed = False
        self._grown = asyncio.Event()

    async def keep(self, address: str, upstream: str, timeout_s: float = LONGEST_S) -> StoredPicture:
        """Fetch one picture of a task at ``upstream`` (or decode its ``data:`` URL), check it and store it.

        ``timeout_s`` limits the download, and is LONGEST_S at most. The picture is held, which means that nothing
        deletes it, until ``release`` is called.

        Raises:
            PictureNotSaved: it cannot be fetched or stored, is too large, or is no picture in one of FORMATS.
        """
        data = await fetch_picture(self._http, address, upstream, min(timeout_s, LONGEST_S))
        async with self._decoding:
            data = await asyncio.to_thread(as_browsers_show, data)
            picture = await asyncio.to_thread(_describe, data, "" if address.startswith("data:") else address)
        self._held[picture.name] += 1
        try:
            async with self._lock(picture.name):
                added = await self._stored(picture.name, data)
        except BaseException:
            self.release(picture.name)
            raise
        self._change_size(added)
        return picture

    def release(self, name: str) -> None:
        """End one hold of a picture: its job has recorded it, or does not want it any more."""
        self._held[name] -= 1
        if self._held[name] <= 0:
            del self._held[name]

    async def read(self, name: str) -> Path | bytes | None:
        """A picture's file or bytes; None if it is not stored, or if the name is not one of this library's."""
        if not NAME.fullmatch(name):
            return None
        try:
            return await asyncio.to_thread(self.storage.read, name)
        except OSError:
            log.exception("picture %s cannot be read", name)
            return None

    async def read_bytes(self, name: str) -> bytes | None:
        """A picture's bytes; None as by :meth:`read`."""
        stored = await self.read(name)
        try:
            return await asyncio.to_thread(stored.read_bytes) if isinstance(stored, Path) else stored
        except OSError:  # deleted since it was found
            return None

    async def has(self, name: str) -> bool:
        """Whether a picture is stored."""
        try:
            return NAME.fullmatch(name) is not None and await asyncio.to_thread(self.storage.find, name) is not None
        except OSError:
            return False

    async def remove(self, name: str) -> None:
        """Delete a picture that no job shows any more, unless it is held. A failure is logged; trimming deletes it later."""
        if not NAME.fullmatch(name):
            return
        try:
            await self._remove(name)
        except Exception:
            log.exception("picture %s cannot be deleted", name)

    async def trim(self, trimmed: Callable[[str], Awaitable[None]]) -> None:
        """Above the limit, delete the pictures that were used longest ago, starred ones after all others.

        ``trimmed`` is called with the name of each deleted picture. The newest picture and those that are held stay. The
        storage is listed the first time, and then only when the known size is above the limit.
        """
        if self._listed and self.size <= self.limit:
            return
        before = self.size
        files = await asyncio.to_thread(lambda: list(self.storage.files()))
        # What was added meanwhile may count twice until the next listing.
        self.size += sum(file.size for file in files) - before
        self._listed = True
        if self.size <= self.limit:
            return
        starred = await self._starred() if self._starred else set()
        newest = max(files, default=None)
        for file in sorted(files, key=lambda file: (file.name in starred, file)):
            if self.size <= self.limit * TRIM_TO:
                break
            if file is not newest and await self._remove(file.name):
                log.warning("picture %s was deleted: all pictures together are above PLAYGROUND_IMAGES_GB", file.name)
                await trimmed(file.name)

    async def keep_trimming(self, trimmed: Callable[[str], Awaitable[None]]) -> None:
        """Trim now and after every picture that was added; ``trimmed`` as in ``trim``. Runs until it is cancelled."""
        while True:
            self._grown.clear()
            try:
                await self.trim(trimmed)
            except Exception:  # the pictures are stored and paid for; that there is too little room is for the operator
                log.exception("the picture library is above its limit and cannot be trimmed")
            await self._grown.wait()

    async def _stored(self, name: str, data: bytes) -> int:
        """Store a picture; how many bytes were added. A thread cannot be cancelled: what it has added then is deleted."""
        storing = asyncio.create_task(asyncio.to_thread(self._store, name, data))
        try:
            return await asyncio.shield(storing)
        except asyncio.CancelledError:
            if await storing and self._held[name] == 1:
                await asyncio.to_thread(self._delete, name)
            raise

    def _lock(self, name: str) -> asyncio.Lock:
        """The lock that keeps storing and deleting the same picture apart. It exists while somebody uses it."""
        return self._locks.setdefault(name, asyncio.Lock())

    def _change_size(self, by: int) -> None:
        self.size += by
        if by > 0:
            self._grown.set()

    async def _remove(self, name: str) -> bool:
        """Delete a picture that is not held; whether it was deleted."""
        async with self._lock(name):
            if name in self._held:
                return False
            self._change_size(-await asyncio.to_thread(self._delete, name))
            return True

    def _delete(self, name: str) -> int:
        """Delete from the storage; how many bytes that freed."""
        file = self.storage.find(name)
        self.storage.remove(name)
        return file.size if file else 0

    def _store(self, name: str, data: bytes) -> int:
        """Write a picture unless it is stored already; how many bytes were added. Raises PictureNotSaved."""
        try:
            if self.storage.find(name):
                self.storage.touch(name, time.time())
                return 0
            self.storage.put(name, data)
            return len(data)
        except Exception as error:  # a remote storage raises what its library raises
            log.exception("picture %s cannot be stored", name)
            raise PictureNotSaved("The picture cannot be stored here. The log of this page says why.") from error


def _describe(data: bytes, source: str) -> StoredPicture:
    """The record of a checked picture. Raises PictureNotSaved."""
    picture_format, width, height = inspect(data)
    name = f"{hashlib.sha256(data).hexdigest()}.{picture_format}"
    return StoredPicture(name, width, height, picture_format, len(data), source)
