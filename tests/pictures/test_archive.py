"""The ZIP of many jobs: readable names, a manifest that is complete, and no more than one picture in memory."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import shutil
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from components.errors import InputError, Problem
from components.jobs.job import Job, JobState
from components.pictures.archive import (
    GONE,
    LARGEST_BYTES,
    MOST_PICTURES,
    file_stem,
    first_that_fit,
    picture_file,
    write_archive,
)
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from components.pictures.metadata import read, recipe_of
from components.pictures.storage.folder import FolderStorage
from tests.jobs.conftest import NOON, a_job
from tests.jobs.faulty import png

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
NASTY = [
    "../../../etc/passwd",
    "a/b\\c:d",
    "\0\r\n",
    "..",
    "",
    "CON",
    "\u202egnp.exe",
    "Кот",
    "x" * 500,
    '"; rm -rf /',
    "$(id)",
]
PROBLEM = Problem("moderation", "The service refuses it.", "Rephrase.", "It may have been charged.")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[PictureLibrary]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield PictureLibrary(FolderStorage(tmp_path / "kept"), http)


async def kept(store: PictureLibrary, data: bytes) -> KeptPicture:
    return await store.keep("data:;base64," + base64.b64encode(data).decode(), "http://x")


async def done(store: PictureLibrary, *pictures: bytes, **changes: Any) -> Job:
    """A job that took 2.5 seconds and has these pictures."""
    found = tuple([await kept(store, data) for data in pictures])
    ended = {"state": JobState.DONE, "task_id": "n41abc", "finished_at": NOON + 2.5, "count": len(found)}
    return a_job(**ended | {"body": {"model": "cogview-4", "prompt": "Кот 🍏"}, "pictures": found} | changes)


async def packed(store: PictureLibrary, *jobs: Job, **options: Any) -> zipfile.ZipFile:
    data = b"".join([piece async for piece in write_archive(jobs, store, **options)])
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive


def manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    return dict(json.loads(archive.read("manifest.json")))


async def test_the_archive_holds_each_picture_with_its_recipe_under_a_readable_name(store: PictureLibrary) -> None:
    """In the order in which they were asked for, numbered through; what cannot hold a recipe is as it was."""
    first = await done(store, png(3, 2), png(5, 4, form="JPEG"))
    second = await done(store, png(7, 6, form="WEBP"), SVG, model="flux-2", task_id=None)
    archive = await packed(store, first, second)
    names = [
        "001-cogview-4-n41abc.png", "002-cogview-4-n41abc.jpeg",
        f"003-flux-2-{second.id}.webp", f"004-flux-2-{second.id}.svg", "manifest.json",
    ]  # fmt: skip

    assert archive.namelist() == names
    assert [read(archive.read(name)) for name in names[:4]] == [*[recipe_of(first)] * 2, recipe_of(second), None]
    assert archive.read(names[3]) == SVG
    assert archive.getinfo(names[0]).date_time == (2026, 3, 4, 12, 0, 0)
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


async def test_without_recipes_the_files_are_the_very_bytes_that_came(store: PictureLibrary) -> None:
    files = [png(3, 2), png(5, 4, form="JPEG"), png(7, 6, form="WEBP"), SVG]
    archive = await packed(store, await done(store, *files), recipes=False)

    assert [archive.read(name) for name in archive.namelist()[:-1]] == files
    assert len(manifest(archive)["pictures"]) == 4


async def test_the_manifest_says_of_every_picture_what_was_asked_and_what_came(store: PictureLibrary) -> None:
    job = await done(store, png(3, 2), SVG, shape="16:9", payer="sandbox", credits=10, usd=0.1)
    told = manifest(await packed(store, job))
    row = {
        "file": "001-cogview-4-n41abc.png", "model": "cogview-4", "parameters": {"model": "cogview-4", "prompt": "Кот 🍏"},
        "task_id": "n41abc", "state": "done", "sandbox": True, "credits": 10, "usd": 0.1, "seconds": 2.5,
        "created": "2026-03-04T12:00:00Z", "asked": {"shape": "16:9", "count": 2},
        "delivered": {"width": 3, "height": 2, "format": "png"}, "message": "",
    }  # fmt: skip

    assert told["pictures"][0] == row
    assert told["pictures"][1]["delivered"] == {"width": None, "height": None, "format": "svg"}
    assert told["without_pictures"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["created"])
    assert told["generator"] == "Image playground for API in One"


async def test_what_brought_no_picture_is_told_too(store: PictureLibrary) -> None:
    """A job that failed with its reason, one that is going, and a picture that was trimmed; its siblings stay."""
    failed = a_job(state=JobState.FAILED, problem=PROBLEM, credits=float("inf"), usd=float("inf"))
    going = a_job(state=JobState.RUNNING, note="The service asks to wait.")
    trimmed = await done(store, png(3, 2), png(5, 4))
    (store.storage.folder / trimmed.pictures[0].name).unlink()
    archive = await packed(store, failed, trimmed, going)
    told = manifest(archive)

    assert archive.namelist() == ["001-cogview-4-n41abc.png", "manifest.json"]
    assert [row["delivered"]["width"] for row in told["pictures"]] == [5]
    assert [(row["file"], row["state"], row["message"]) for row in told["without_pictures"]] == [
        (None, "failed", str(PROBLEM)), (None, "done", GONE), (None, "running", "The service asks to wait."),
    ]  # fmt: skip
    assert (told["without_pictures"][0]["credits"], told["without_pictures"][0]["seconds"]) == (None, None)


@pytest.mark.parametrize("nasty", NASTY)
async def test_nothing_in_a_job_leads_out_of_the_folder(store: PictureLibrary, nasty: str) -> None:
    """Neither from the model nor from the task id, which strangers choose; no two files bear one name."""
    job = await done(store, png(3, 2), model=nasty, task_id=nasty)
    archive = await packed(store, job, replace(job, id="other"))

    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,110}", file_stem(job))
    assert ".." not in file_stem(job)
    assert len({*archive.namelist()}) == 3
    assert all(re.fullmatch(r"00[12]-[A-Za-z0-9._-]{1,111}\.png|manifest\.json", name) for name in archive.namelist())
    assert manifest(archive)["pictures"][0]["model"] == nasty


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip here")
async def test_another_program_unpacks_it(store: PictureLibrary, tmp_path: Path) -> None:
    """One that reads from front to end what a file's head says: its length stands there, although it was streamed."""
    archive = await packed(store, *[await done(store, png(at, 2)) for at in range(1, 6)])
    assert archive.fp is not None
    archive.fp.seek(0)
    (tmp_path / "a.zip").write_bytes(archive.fp.read())
    unzipping = await asyncio.create_subprocess_exec("unzip", "-q", "a.zip", "-d", "out", cwd=tmp_path)
    assert await unzipping.wait() == 0

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(archive.namelist())
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o644}
    assert not any(entry.flag_bits & 0x08 for entry in archive.infolist())


async def test_it_comes_picture_by_picture(store: PictureLibrary) -> None:
    """Each piece is about one picture long, so that a gigabyte is never held."""
    large = [await done(store, png(64, at)) for at in range(60, 90)]
    pieces = [len(piece) async for piece in write_archive(large, store)]

    assert len(pieces) == 31
    assert max(pieces[:-1]) < 3 * min(pieces[:-1])


async def test_too_much_for_one_archive_is_refused_at_once(store: PictureLibrary) -> None:
    """Before a byte is written, with the number that was asked for and the one that is allowed."""
    picture = KeptPicture("0" * 64 + ".png", 1, 1, "png", LARGEST_BYTES // 10, "")
    with pytest.raises(InputError, match=r"501 pictures. At most 500 "):
        write_archive([a_job(pictures=(replace(picture, size=1),) * (MOST_PICTURES + 1))], store)
    with pytest.raises(InputError, match=r"1\.1 GB of pictures. At most 1 GB "):
        write_archive([a_job(pictures=(picture,))] * 11, store)
    assert len([piece async for piece in write_archive([a_job(pictures=(picture,))] * 10, store)]) == 1


def test_of_more_than_one_archive_holds_the_first_are_taken() -> None:
    """By their number and by their size; those without a picture take no room."""
    small = KeptPicture("0" * 64 + ".png", 1, 1, "png", 1, "")
    large, none = replace(small, size=LARGEST_BYTES // 10), a_job(pictures=())
    many = [a_job(pictures=(small,) * 2)] * (MOST_PICTURES // 2)
    heavy = [a_job(pictures=(large,))] * 10
    assert first_that_fit([*many, none, *many]) == [*many, none]
    assert first_that_fit([none, *heavy, *heavy]) == [none, *heavy]
    assert first_that_fit([]) == []


class Hasty(FolderStorage):
    """A folder that makes room at the worst moment: when a file has been found and is not read yet."""

    def read(self, name: str) -> Path | bytes | None:
        found = super().read(name)
        self.remove(name)
        return found


async def test_a_picture_that_is_trimmed_while_it_is_read_is_none(tmp_path: Path) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        store = PictureLibrary(Hasty(tmp_path), http)
        job = await done(store, png(3, 2))
        assert await picture_file(store, job, job.pictures[0]) is None


async def test_a_picture_that_is_not_kept_any_more_is_none(store: PictureLibrary) -> None:
    job = await done(store, png(3, 2))
    assert await picture_file(store, job, job.pictures[0], recipe=False) == png(3, 2)
    (store.storage.folder / job.pictures[0].name).unlink()
    assert await picture_file(store, job, job.pictures[0]) is None


async def test_of_nothing_there_is_still_a_manifest(store: PictureLibrary) -> None:
    told = manifest(await packed(store))
    assert (told["pictures"], told["without_pictures"]) == ([], [])
