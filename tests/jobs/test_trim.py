"""The limit of kept pictures, and a disk that is full: what goes first, what stays, and that no half a file is left."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from components.pictures.storage import ABANDONED_S, FolderStorage
from tests.conftest import ROOT
from tests.jobs.faulty import png

FULL = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from components.jobs.job import JobState
from components.jobs.store.engine import open_database
from components.catalog import load_catalog
from tests.jobs.faulty import misbehaving, picture, settled
from tests.jobs.processes import account, process, submit

async def main(folder):
    catalog = load_catalog(Path("catalog.yaml"))
    from PIL import Image
    import io
    file = io.BytesIO()
    Image.effect_noise((1500, 1500), 90).save(file, "PNG")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with misbehaving(file=[picture(file.getvalue())]) as upstream:
        own = account(catalog, upstream.address)
        async with process(catalog, f"sqlite:///{folder}/p.db", folder, accounts=lambda _: own) as runner:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
            full = await settled(runner, await submit(runner, catalog, own))
            left = sorted(os.listdir(folder / "kept"))
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            await runner.check_again(full.id, own, "ann")
            done = await settled(runner, full)
            print(full.state, full.overdue, full.problem.code, left, done.state, len(done.pictures), len(upstream.posts))

asyncio.run(main(Path(sys.argv[1])))
"""


def in_reply(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


async def kept(store: PictureLibrary, shade: int, age: float = 0) -> KeptPicture:
    """One more picture of some hundred bytes, last used so many seconds ago."""
    picture = await store.keep(in_reply(png(40, 40, shade)), "http://x")
    path = await store.read(picture.name)
    if isinstance(path, Path) and age:
        os.utime(path, (time.time() - age,) * 2)
    return picture


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_the_oldest_goes_first_the_starred_last_and_the_newest_never(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """A limit for three: of five the two that were used longest ago go, a starred one only when nothing else is left."""
    stars: set[str] = set()

    async def starred() -> set[str]:
        return stars

    size = len(png(40, 40, 1))
    store = PictureLibrary(tmp_path, http, limit=int(size * 3.4), starred=starred)
    first = await kept(store, 1, age=500)
    stars.add(first.name)
    second, third = await kept(store, 2, age=400), await kept(store, 3, age=300)
    before = names(tmp_path)
    fourth = await kept(store, 4, age=200)
    one_over = names(tmp_path)
    fifth = await kept(store, 5)
    two_over = names(tmp_path)

    assert before == {first.name, second.name, third.name}
    assert one_over == {first.name, third.name, fourth.name}
    assert two_over == {first.name, fourth.name, fifth.name}


async def test_a_starred_picture_goes_before_the_newest(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """What was paid for just now is shown; a limit that is smaller than one picture still keeps that one."""
    stars: set[str] = set()

    async def starred() -> set[str]:
        return stars

    store = PictureLibrary(tmp_path, http, limit=1, starred=starred)
    old = await kept(store, 1, age=500)
    stars.add(old.name)
    new = await kept(store, 2)

    assert names(tmp_path) == {new.name}


async def test_a_picture_that_comes_again_counts_as_used(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """The same bytes are the same file, and are as young as their last coming."""
    store = PictureLibrary(tmp_path, http, limit=int(len(png(40, 40, 1)) * 2.4))
    first, second = await kept(store, 1, age=500), await kept(store, 2, age=400)
    again = await kept(store, 1)
    third = await kept(store, 3)

    assert again.name == first.name
    assert names(tmp_path) == {first.name, third.name}
    assert second.name not in names(tmp_path)


async def test_files_of_an_earlier_process_count(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """The limit is one of the folder, not of what this process has written."""
    size = len(png(40, 40, 1))
    earlier = [await kept(PictureLibrary(tmp_path, http), shade, age=500 - shade) for shade in range(1, 6)]
    new = await kept(PictureLibrary(tmp_path, http, limit=int(size * 2.4)), 9)

    assert names(tmp_path) == {earlier[-1].name, new.name}


def test_what_a_killed_process_was_writing_is_removed_once_it_is_old(tmp_path: Path) -> None:
    """A young one may still be written by another process; neither is ever a picture."""
    for name, age in (("old", ABANDONED_S + 60), ("young", 60)):
        path = tmp_path / f".{name}.part"
        path.write_bytes(b"half a picture")
        os.utime(path, (time.time() - age,) * 2)

    shelf = FolderStorage(tmp_path)

    assert names(tmp_path) == {".young.part"}
    assert list(shelf.items()) == []


def test_a_full_disk_leaves_no_half_file_and_the_picture_is_fetched_later(tmp_path: Path) -> None:
    """The job is paid, so it stays and can be checked again when there is room; no second request is sent."""
    command = [sys.executable, "-W", "ignore", "-c", FULL, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert ran.stdout.strip() == "running True picture [] done 1 1", ran.stderr[-2000:]
