"""The files that the slider shows: there when they are asked for, also at once, and gone when their picture goes."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from components.jobs import PictureStore
from components.jobs.fetching import open_downloads
from components.ui.slider_copies import COPIES_GO_S, SliderCopies
from tests.jobs.faulty import png

NAMES = [letter * 64 + ".png" for letter in "abcdef"]


def width(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


@pytest.fixture
async def pictures(tmp_path: Path) -> AsyncIterator[PictureStore]:
    async with open_downloads() as http:
        store = PictureStore(tmp_path / "pictures", http)
        for number, name in enumerate(NAMES):
            store.shelf.put(name, png(10 + number, 10))
        yield store


async def test_the_first_pictures_that_are_asked_for_at_once_are_all_there(pictures: PictureStore) -> None:
    """Also each of them twice at once: two pages show the same comparison."""
    for _ in range(20):
        copies = SliderCopies()
        paths = await asyncio.gather(*(copies.get(pictures, name) for name in NAMES * 2))
        copied = [Path(str(path)) for path in paths[: len(NAMES)]]
        assert [width(path) for path in copied] == list(range(10, 10 + len(NAMES)))
        assert paths[: len(NAMES)] == paths[len(NAMES) :]
        assert sorted(file.name for file in copied[0].parent.iterdir()) == NAMES, "nothing half-written stays"


def test_the_folder_goes_with_its_process(tmp_path: Path) -> None:
    program = f"""import os; from components.ui.slider_copies import SliderCopies
kept = SliderCopies(); print(os.listdir({str(tmp_path)!r}))"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert "playground-slider-" in ran.stdout
    assert not list(tmp_path.iterdir())


async def test_a_copy_that_nobody_asks_for_goes_and_one_that_is_asked_for_stays(pictures: PictureStore) -> None:
    copies = SliderCopies()
    asked, left, last = [Path(str(await copies.get(pictures, name))) for name in NAMES[:3]]
    old = time.time() - COPIES_GO_S - 60
    os.utime(asked, (old, old))
    os.utime(left, (old, old))
    assert await copies.get(pictures, asked.name) == str(asked)
    assert (asked.exists(), left.exists(), last.exists()) == (True, False, True)


async def test_a_copy_is_forgotten_with_its_picture(pictures: PictureStore) -> None:
    copies = SliderCopies()
    gone, stays = [Path(str(await copies.get(pictures, name))) for name in NAMES[:2]]
    await copies.forget([gone.name, "never-there.png"])
    assert (gone.exists(), stays.exists()) == (False, True)


async def test_what_is_not_kept_or_cannot_be_copied_is_none_and_logged(
    pictures: PictureStore, caplog: pytest.LogCaptureFixture
) -> None:
    copies = SliderCopies()
    path = Path(str(await copies.get(pictures, NAMES[0])))
    assert await copies.get(pictures, "9" * 64 + ".png") is None
    assert not caplog.records
    shutil.rmtree(path.parent)
    assert await copies.get(pictures, NAMES[0]) is None
    assert "cannot be copied for the slider" in caplog.text
