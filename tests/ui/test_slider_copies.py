"""The files that the slider shows: there when they are asked for, also at once, and gone when their picture goes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.ui.slider_copies import COPIES_GO_S, PREFIX, SliderCopies
from tests.jobs.faulty import png
from tests.ui import running

NAMES = [letter * 64 + ".png" for letter in "abcdef"]


def width(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


@pytest.fixture
async def pictures(tmp_path: Path) -> AsyncIterator[PictureLibrary]:
    async with open_fetch_client() as http:
        store = PictureLibrary(FolderStorage(tmp_path / "pictures"), http)
        for number, name in enumerate(NAMES):
            store.storage.put(name, png(10 + number, 10))
        yield store


async def test_the_first_pictures_that_are_asked_for_at_once_are_all_there(pictures: PictureLibrary) -> None:
    """Also each of them twice at once: two pages show the same comparison."""
    for _ in range(20):
        copies = SliderCopies()
        paths = await asyncio.gather(*(copies.get(pictures, name) for name in NAMES * 2))
        copied = [Path(str(path)) for path in paths[: len(NAMES)]]
        assert [width(path) for path in copied] == list(range(10, 10 + len(NAMES)))
        assert paths[: len(NAMES)] == paths[len(NAMES) :]
        assert sorted(file.name for file in copied[0].parent.iterdir()) == NAMES, "nothing half-written stays"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_folder_goes_with_its_process(tmp_path: Path, ending: int) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with running(tmp_path / "home", TMPDIR=str(temporary)) as app:
        assert list(temporary.glob(f"{PREFIX}*"))
        app.stop(ending)
    assert not list(temporary.glob(f"{PREFIX}*"))


async def test_what_a_killed_process_left_goes_in_time_and_a_folder_of_somebody_elses_making_is_let_be(
    pictures: PictureLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, precious = time.time() - COPIES_GO_S - 60, tmp_path / "precious"
    for folder in (left := tmp_path / f"{PREFIX}left", precious, busy := tmp_path / f"{PREFIX}busy"):
        folder.mkdir()
        (folder / NAMES[0]).write_bytes(png(9, 9))
        os.utime(folder / NAMES[0], (old, old))
    (tmp_path / f"{PREFIX}link").symlink_to(precious)
    (busy / NAMES[1]).write_bytes(png(9, 9))
    os.utime(left, (old, old))
    copies = SliderCopies()
    await copies.get(pictures, NAMES[0])
    assert not left.exists()
    assert [file.name for file in busy.iterdir()] == [NAMES[1]]
    assert (precious / NAMES[0]).exists()


async def test_a_folder_that_was_taken_for_left_is_made_anew(pictures: PictureLibrary) -> None:
    copies = SliderCopies()
    copies.close()
    assert width(Path(str(await copies.get(pictures, NAMES[0])))) == 10


async def test_a_copy_that_nobody_asks_for_goes_and_one_that_is_asked_for_stays(pictures: PictureLibrary) -> None:
    copies = SliderCopies()
    asked, left, last = [Path(str(await copies.get(pictures, name))) for name in NAMES[:3]]
    old = time.time() - COPIES_GO_S - 60
    os.utime(asked, (old, old))
    os.utime(left, (old, old))
    assert await copies.get(pictures, asked.name) == str(asked)
    assert (asked.exists(), left.exists(), last.exists()) == (True, False, True)


async def test_a_copy_is_forgotten_with_its_picture(pictures: PictureLibrary) -> None:
    copies = SliderCopies()
    gone, stays = [Path(str(await copies.get(pictures, name))) for name in NAMES[:2]]
    await copies.forget([gone.name, "never-there.png"])
    assert (gone.exists(), stays.exists()) == (False, True)


async def test_what_is_not_kept_or_cannot_be_copied_is_none_and_logged(
    pictures: PictureLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    copies = SliderCopies()
    path = Path(str(await copies.get(pictures, NAMES[0])))
    assert await copies.get(pictures, "9" * 64 + ".png") is None
    assert not caplog.records
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"a file in the place of the folder")
    assert await copies.get(pictures, NAMES[0]) is None
    assert "cannot be copied for the slider" in caplog.text
    path.parent.unlink()
