"""The ZIP of pictures: numbered names, a complete manifest, and only one picture in memory at a time."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from components.errors import InputError
from components.pictures.archive import (
    DELETED,
    MAX_BYTES,
    MAX_PICTURES,
    ArchiveEntry,
    count_that_fit,
    read_picture,
    write_archive,
)
from components.pictures.library import PictureLibrary
from components.pictures.metadata import Recipe, read
from components.pictures.storage.folder import FolderStorage
from components.pictures.stored import StoredPicture
from tests.jobs.scripted_upstream import png
from tests.pictures.conftest import stored_picture

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
RECIPE = Recipe(
    model="cogview-4", parameters={"prompt": "Кот 🍏"}, task_id="n41", sandbox=False, credits=5, usd=0.05, created=NOON
)  # fmt: skip
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
FILES = [png(3, 2), png(5, 4, form="JPEG"), png(7, 6, form="WEBP"), SVG]


async def entries(library: PictureLibrary, *files: bytes, recipe: Recipe | None = RECIPE) -> list[ArchiveEntry]:
    pictures = [await stored_picture(library, data) for data in files]
    return [ArchiveEntry("kite", NOON.timestamp(), {"model": "cogview-4"}, picture, recipe) for picture in pictures]


async def packed(library: PictureLibrary, archived: list[ArchiveEntry], **options: Any) -> zipfile.ZipFile:
    data = b"".join([piece async for piece in write_archive(archived, library, **options)])
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive


def manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    return dict(json.loads(archive.read("manifest.json")))


async def test_each_picture_is_packed_with_its_recipe_under_a_numbered_name(library: PictureLibrary) -> None:
    """In the order of the entries; an SVG cannot hold a recipe and stays as it is."""
    archive = await packed(library, await entries(library, *FILES), requests_left_out=3)
    names = ["001-kite.png", "002-kite.jpeg", "003-kite.webp", "004-kite.svg", "manifest.json"]
    written = manifest(archive)

    assert archive.namelist() == names
    assert [read(archive.read(name)) for name in names[:4]] == [RECIPE, RECIPE, RECIPE, None]
    assert archive.read(names[3]) == SVG
    assert archive.getinfo(names[0]).date_time == (2026, 3, 4, 12, 0, 0)
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert written["pictures"] == [{"file": name, "model": "cogview-4"} for name in names[:4]]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", written["created"])
    assert (written["generator"], written["requests_left_out"]) == ("Image playground for API in One", 3)


async def test_without_a_recipe_the_files_are_the_bytes_that_were_delivered(library: PictureLibrary) -> None:
    archive = await packed(library, await entries(library, *FILES, recipe=None))

    assert [archive.read(name) for name in archive.namelist()[:-1]] == FILES


async def test_the_manifest_lists_what_has_no_picture(library: PictureLibrary, folder: Path) -> None:
    """A request without one, with its own message, and a picture that was deleted; the others are packed."""
    failed = ArchiveEntry("kite", NOON.timestamp(), {"model": "flux-2", "message": "The service refuses it."})
    deleted, present = await entries(library, png(3, 2), png(5, 4))
    assert deleted.picture
    await library.remove(deleted.picture.name)
    archive = await packed(library, [failed, deleted, present])

    assert archive.namelist() == ["001-kite.png", "manifest.json"]
    assert manifest(archive)["without_pictures"] == [
        {"file": None, "model": "flux-2", "message": "The service refuses it."},
        {"file": None, "model": "cogview-4", "message": DELETED},
    ]
    assert manifest(await packed(library, []))["pictures"] == []


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip here")
async def test_another_program_unpacks_it(library: PictureLibrary, tmp_path: Path) -> None:
    """For readers that read from front to end, the size precedes each file, although it was streamed."""
    archive = await packed(library, await entries(library, *[png(width, 2) for width in range(1, 6)]))
    assert archive.fp is not None
    archive.fp.seek(0)
    (tmp_path / "a.zip").write_bytes(archive.fp.read())
    unzipping = await asyncio.create_subprocess_exec("unzip", "-q", "a.zip", "-d", "out", cwd=tmp_path)
    assert await unzipping.wait() == 0

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(archive.namelist())
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o644}
    assert not any(entry.flag_bits & 0x08 for entry in archive.infolist())


async def test_it_is_written_picture_by_picture(library: PictureLibrary) -> None:
    """Each piece is about one picture long, so a gigabyte is never in memory."""
    archived = await entries(library, *[png(64, height) for height in range(60, 90)])
    pieces = [len(piece) async for piece in write_archive(archived, library)]

    assert len(pieces) == 32  # the manifest and the directory come last
    assert max(pieces[:-2]) < 3 * min(pieces[:-2])


async def test_too_much_for_one_archive_is_refused_at_once(library: PictureLibrary) -> None:
    """Before a byte is written, with the number requested and the one allowed."""

    def of(count: int, size: int) -> list[ArchiveEntry]:
        picture = StoredPicture("0" * 64 + ".png", 1, 1, "png", size, "")
        return [ArchiveEntry("kite", 0.0, {}, picture)] * count

    with pytest.raises(InputError, match=r"501 pictures. At most 500 "):
        write_archive(of(MAX_PICTURES + 1, 1), library)
    with pytest.raises(InputError, match=r"1\.1 GB of pictures. At most 1 GB "):
        write_archive(of(11, MAX_BYTES // 10), library)
    assert len([piece async for piece in write_archive(of(10, MAX_BYTES // 10), library)]) == 2


def test_the_first_requests_that_fit_into_one_archive_are_counted() -> None:
    """By number and by size of their pictures; a request without a picture takes no room."""
    small, large = (StoredPicture("0" * 64 + ".png", 1, 1, "png", size, "") for size in (1, MAX_BYTES // 10))
    pairs, heavy = [[small] * 2] * (MAX_PICTURES // 2), [[large]] * 10

    assert count_that_fit([*pairs, [], *pairs]) == len(pairs) + 1
    assert count_that_fit([[], *heavy, *heavy]) == len(heavy) + 1
    assert count_that_fit([]) == 0


class TrimmingStorage(FolderStorage):
    """Deletes each file after it was found and before it is read."""

    def read(self, name: str) -> Path | None:
        path = super().read(name)
        self.remove(name)
        return path


async def test_a_picture_that_is_deleted_while_it_is_read_is_none(tmp_path: Path, http: httpx.AsyncClient) -> None:
    library = PictureLibrary(TrimmingStorage(tmp_path), http)
    picture = await stored_picture(library, png(3, 2))

    assert await read_picture(library, picture.name, None) is None
    assert await read_picture(library, picture.name, RECIPE) is None
