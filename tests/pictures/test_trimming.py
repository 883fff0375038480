"""The limit of the library, and a full disk: what is deleted first, what stays, and that no partial file is left."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from components.pictures.library import PictureLibrary
from components.pictures.storage.base import StoredFile
from components.pictures.storage.folder import ABANDONED_S, FolderStorage
from components.pictures.stored import StoredPicture
from tests.conftest import ROOT
from tests.pictures.conftest import UPSTREAM, data_url, ignore, names, picture_of_shade, stored_picture

SIZE = len(picture_of_shade(1))
FULL = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from components.catalog.loading import load_catalog
from tests.jobs.scripted_upstream import picture, scripted_upstream, settled
from tests.jobs.processes import account, process, submit

async def main(folder):
    catalog = load_catalog(Path("catalog.yaml"))
    from PIL import Image
    import io
    file = io.BytesIO()
    Image.effect_noise((1500, 1500), 90).save(file, "PNG")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with scripted_upstream(file=[picture(file.getvalue())]) as upstream:
        own = account(catalog, upstream.address)
        async with process(catalog, f"sqlite:///{folder}/p.db", folder, find_account=lambda _: own, deadline_s=6) as runner:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
            full = await settled(runner, await submit(runner, catalog, own))
            left = sorted(os.listdir(folder / "kept"))
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            await runner.check_again(full.id, own, "ann")
            done = await settled(runner, full)
            print(full.problem.code, left, done.state, len(done.pictures), len(upstream.posts))

asyncio.run(main(Path(sys.argv[1])))
"""


async def added(library: PictureLibrary, shade: int, age_s: float = 0) -> StoredPicture:
    """One more picture, last used so many seconds ago; then the library is trimmed."""
    picture = await stored_picture(library, picture_of_shade(shade))
    library.storage.touch(picture.name, time.time() - age_s)
    await library.trim(ignore)
    return picture


async def test_the_least_recently_used_pictures_are_deleted_first_and_starred_ones_last(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    """With room for three of five, the starred one is the oldest and stays."""
    stars: set[str] = set()

    async def starred() -> set[str]:
        return stars

    library = PictureLibrary(FolderStorage(tmp_path), http, limit=int(SIZE * 3.4), starred=starred)
    first = await added(library, 1, age_s=500)
    stars.add(first.name)
    second, third = await added(library, 2, age_s=400), await added(library, 3, age_s=300)
    below_limit = names(tmp_path)
    fourth = await added(library, 4, age_s=200)
    one_above = names(tmp_path)
    fifth = await added(library, 5)

    assert below_limit == {first.name, second.name, third.name}
    assert one_above == {first.name, third.name, fourth.name}
    assert names(tmp_path) == {first.name, fourth.name, fifth.name}


async def test_the_newest_picture_stays_even_if_only_starred_ones_could_go(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """It was paid for just now; a limit below the size of one picture still leaves that one."""
    stars: set[str] = set()

    async def starred() -> set[str]:
        return stars

    library = PictureLibrary(FolderStorage(tmp_path), http, limit=1, starred=starred)
    old = await added(library, 1, age_s=500)
    stars.add(old.name)
    new = await added(library, 2)

    assert names(tmp_path) == {new.name}


async def test_a_protected_picture_is_not_trimmed(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """Its job has not recorded it yet."""
    library = PictureLibrary(FolderStorage(tmp_path), http, limit=1)
    held = await library.keep(data_url(picture_of_shade(1)), UPSTREAM)
    library.storage.touch(held.name, 1.0)
    new = await added(library, 2)

    assert names(tmp_path) == {held.name, new.name}


async def test_a_picture_that_is_kept_again_counts_as_used(tmp_path: Path, http: httpx.AsyncClient) -> None:
    library = PictureLibrary(FolderStorage(tmp_path), http, limit=int(SIZE * 2.4))
    first, _ = await added(library, 1, age_s=500), await added(library, 2, age_s=400)
    again = await stored_picture(library, picture_of_shade(1))
    third = await added(library, 3)

    assert again.name == first.name
    assert names(tmp_path) == {first.name, third.name}


async def test_files_of_an_earlier_process_count(tmp_path: Path, http: httpx.AsyncClient) -> None:
    earlier = [await added(PictureLibrary(FolderStorage(tmp_path), http), shade, 500 - shade) for shade in range(1, 6)]
    new = await added(PictureLibrary(FolderStorage(tmp_path), http, limit=int(SIZE * 2.4)), 9)

    assert names(tmp_path) == {earlier[-1].name, new.name}


async def test_what_is_removed_makes_room(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """With room for three, a fourth picture fits after one was removed; a fifth displaces one."""
    library = PictureLibrary(FolderStorage(tmp_path), http, limit=int(SIZE * 3.4))
    first, second, third = [await added(library, shade, 500 - shade) for shade in (1, 2, 3)]
    await library.remove(second.name)
    fourth = await added(library, 4, 100)
    after_removal = names(tmp_path)
    fifth = await added(library, 5)

    assert after_removal == {first.name, third.name, fourth.name}
    assert names(tmp_path) == {third.name, fourth.name, fifth.name}


class FailingStorage(FolderStorage):
    """Fails to list, or to delete, its files the first two times."""

    def __init__(self, folder: Path, failing: str) -> None:
        super().__init__(folder)
        self.failing, self.failures = failing, 2

    def fail(self, operation: str) -> None:
        if operation == self.failing and self.failures:
            self.failures -= 1
            raise OSError("the bucket refuses")

    def files(self) -> Iterator[StoredFile]:
        self.fail("listing")
        yield from super().files()

    def remove(self, name: str) -> None:
        self.fail("deleting")
        super().remove(name)


@pytest.mark.parametrize("failing", ["listing", "deleting", "reading the stars"])
async def test_trimming_continues_after_a_failure(tmp_path: Path, http: httpx.AsyncClient, failing: str) -> None:
    """Pictures are stored meanwhile, because they are paid for; each new one tries again."""
    storage = FailingStorage(tmp_path, failing)

    async def starred() -> set[str]:
        storage.fail("reading the stars")
        return set()

    library = PictureLibrary(storage, http, limit=int(SIZE * 1.4), starred=starred)
    trimming = asyncio.create_task(library.keep_trimming(ignore))
    async with asyncio.timeout(60):
        for shade in range(1, 255):
            await stored_picture(library, picture_of_shade(shade))
            await asyncio.sleep(0.02)
            if not storage.failures and shade > 5 and len(names(tmp_path)) == 1:
                break
    trimming.cancel()

    assert storage.failures == 0


@pytest.mark.parametrize("name", ["../outside.png", "/etc/passwd", "", ".", "\0", "a" * 64 + ".exe", "A" * 64 + ".png"])
async def test_only_a_picture_can_be_removed(tmp_path: Path, library: PictureLibrary, folder: Path, name: str) -> None:
    """Any other name does nothing, whatever file it leads to; removing a picture twice is no error."""
    outside = tmp_path / "deep" / "outside.png"
    outside.write_bytes(b"mine")
    await library.remove(name)
    one = await stored_picture(library, picture_of_shade(1))
    await library.remove("f" * 64 + ".png")

    assert names(folder) == {one.name}
    assert outside.read_bytes() == b"mine"


def test_what_a_killed_process_was_writing_is_removed_once_it_is_old(tmp_path: Path) -> None:
    """Another process may still be writing a recent one; neither is ever listed."""
    for name, age in (("old", ABANDONED_S + 60), ("young", 60)):
        path = tmp_path / f".{name}.part"
        path.write_bytes(b"half a picture")
        os.utime(path, (time.time() - age,) * 2)

    storage = FolderStorage(tmp_path)

    assert names(tmp_path) == {".young.part"}
    assert list(storage.files()) == []


@pytest.mark.processes
def test_a_full_disk_leaves_no_partial_file_and_the_picture_is_fetched_again_later(tmp_path: Path) -> None:
    """The job is paid, so it can be checked again when there is room; no second request is sent."""
    command = [sys.executable, "-W", "ignore", "-c", FULL, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert ran.stdout.strip() == "picture [] done 1 1", ran.stderr[-2000:]
