"""A storage that is slow: the event loop never waits for it, it is listed once, and storing and deleting do not collide."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import httpx2 as httpx
import pytest

from components.pictures.library import PictureLibrary
from components.pictures.storage.base import StoredFile
from components.pictures.storage.folder import FolderStorage
from tests.pictures.conftest import UPSTREAM, data_url, ignore, picture_of_shade, stored_picture

DELAY_S = 0.3
SIZE = len(picture_of_shade(1))


class SlowStorage(FolderStorage):
    """Every listing, writing and deleting takes ``delay_s``, as in a distant bucket. Counts the listings."""

    delay_s, listings = DELAY_S, 0

    def files(self) -> Iterator[StoredFile]:
        self.listings += 1
        time.sleep(self.delay_s)
        yield from super().files()

    def put(self, name: str, data: bytes) -> None:
        time.sleep(self.delay_s)
        super().put(name, data)

    def remove(self, name: str) -> None:
        time.sleep(self.delay_s)
        super().remove(name)


class GatedStorage(FolderStorage):
    """A deletion is announced, and waits until the test allows it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deleting, self.allowed = Event(), Event()

    def remove(self, name: str) -> None:
        self.deleting.set()
        self.allowed.wait()
        super().remove(name)


@asynccontextmanager
async def loop_delay() -> AsyncIterator[list[float]]:
    """Delays of the event loop: a list of seconds."""
    delays: list[float] = []

    async def measure() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            delays.append(time.perf_counter() - before)
            await asyncio.sleep(0.002)

    measuring = asyncio.create_task(measure())
    try:
        yield delays
    finally:
        measuring.cancel()


async def test_the_event_loop_never_waits_for_the_storage(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """Pictures are stored, released, deleted and trimmed at once, each while another operation is in progress."""
    library = PictureLibrary(SlowStorage(tmp_path), http, limit=int(SIZE * 2.4))
    async with loop_delay() as delays:
        trimming = asyncio.create_task(library.keep_trimming(ignore))
        first = [await library.keep(data_url(picture_of_shade(shade)), UPSTREAM) for shade in (1, 2)]
        later = [asyncio.create_task(library.keep(data_url(picture_of_shade(shade)), UPSTREAM)) for shade in (3, 4, 5)]
        removing = asyncio.create_task(library.remove(first[0].name))
        for picture in first:
            await asyncio.sleep(DELAY_S / 4)
            library.release(picture.name)
            await library.has(picture.name)
        for picture in await asyncio.gather(*later):
            library.release(picture.name)
        await removing
        await library.trim(ignore)
        trimming.cancel()

    assert max(delays) < DELAY_S * 0.8


async def test_below_the_limit_the_storage_is_listed_once(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """Also when pictures are deleted and others are added."""
    storage = SlowStorage(tmp_path)
    storage.delay_s = 0
    library = PictureLibrary(storage, http, limit=int(SIZE * 3.4))
    for shade in range(1, 9):
        picture = await stored_picture(library, picture_of_shade(shade))
        await library.trim(ignore)
        await library.remove(picture.name)

    assert storage.listings == 1


async def test_a_picture_that_is_stored_again_during_its_deletion_survives(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """The second job shows it, so it is not deleted afterwards."""
    storage = GatedStorage(tmp_path)
    library = PictureLibrary(storage, http)
    picture = await stored_picture(library, picture_of_shade(1))
    removing = asyncio.create_task(library.remove(picture.name))
    await asyncio.to_thread(storage.deleting.wait)
    keeping = asyncio.create_task(library.keep(data_url(picture_of_shade(1)), UPSTREAM))
    await asyncio.sleep(0.1)
    storage.allowed.set()
    again = await keeping
    await removing
    await library.remove(again.name)

    assert await library.has(again.name)


async def test_a_picture_is_protected_until_everybody_who_stored_it_has_released_it(library: PictureLibrary) -> None:
    """A job that is given up does not take the picture from another one that is about to record it."""
    held = [await library.keep(data_url(picture_of_shade(1)), UPSTREAM) for _ in range(2)]
    for expected in (True, False):
        library.release(held[0].name)
        await library.remove(held[0].name)
        assert await library.has(held[0].name) is expected


async def test_a_keep_that_is_cancelled_holds_nothing(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """Its job was stopped while the picture was written."""
    library = PictureLibrary(SlowStorage(tmp_path), http)
    keeping = asyncio.create_task(library.keep(data_url(picture_of_shade(1)), UPSTREAM))
    await asyncio.sleep(DELAY_S / 2)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    again = await stored_picture(library, picture_of_shade(1))
    await library.remove(again.name)

    assert not await library.has(again.name)
