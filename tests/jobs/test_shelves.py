"""Where pictures lie: a folder, or a place that fsspec knows; what cannot be used ends the start with one sentence."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import fsspec
import httpx2
import pytest
from fastapi import FastAPI

from components.errors import SettingsError
from components.pictures.library import PictureLibrary
from components.pictures.storage import FolderStorage, PictureStorage, RemoteStorage, open_storage
from components.web.pictures import picture_routes
from tests.jobs.faulty import png

NAME = f"{'a' * 64}.png"


@pytest.fixture(params=["folder", "file", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PictureStorage]:
    """An empty shelf of each kind."""
    if request.param == "folder":
        yield FolderStorage(tmp_path / "deep" / "pictures")
    elif request.param == "file":
        yield open_storage(f"file://{tmp_path}/deep/pictures")
    else:
        place = f"/{secrets.token_hex(8)}"
        yield open_storage(f"memory:/{place}/pictures")
        fsspec.filesystem("memory").rm(place, recursive=True)


def content(shelf: PictureStorage, name: str) -> bytes | None:
    found = shelf.read(name)
    return found.read_bytes() if isinstance(found, Path) else found


def test_what_is_put_is_there_until_it_is_removed(shelf: PictureStorage) -> None:
    """Whole, under its name, with its size and time; to remove it twice is no error."""
    assert (shelf.has(NAME), content(shelf, NAME), list(shelf.items())) == (False, None, [])
    shelf.put(NAME, b"one")
    shelf.put(NAME, b"another")
    shelf.touch(NAME)
    (item,) = shelf.items()

    assert (shelf.has(NAME), content(shelf, NAME)) == (True, b"another")
    assert (item.name, item.size, item.used > 1.7e9) == (NAME, 7, True)
    shelf.remove(NAME)
    shelf.remove(NAME)
    assert (shelf.has(NAME), content(shelf, NAME), list(shelf.items())) == (False, None, [])


def test_a_file_address_is_a_plain_folder(tmp_path: Path) -> None:
    """So that its files are written whole and served without being read into memory."""
    opened = open_storage(f"file://{tmp_path}/pictures")

    assert isinstance(opened, FolderStorage)
    assert opened.folder == tmp_path / "pictures"
    assert isinstance(open_storage("memory://pictures-of-a-test"), RemoteStorage)


@pytest.mark.parametrize(
    "address", ["nonsense://key:sk-secret@place/x", "s3x://sk-secret/x", "ftp://user:sk-secret@127.0.0.1:9/x"]
)
def test_a_place_that_cannot_be_used_is_said_without_its_secret(address: str) -> None:
    """An unknown scheme, and one that does not answer."""
    with pytest.raises(SettingsError) as caught:
        open_storage(address)

    said = str(caught.value)
    assert said.startswith("PLAYGROUND_IMAGES_URL: ")
    assert "sk-secret" not in said
    assert "\n" not in said


@pytest.mark.parametrize(("address", "package"), [("gdrive://x", "gdrive"), ("smb://h/x", "smb"), ("hdfs://h/x", "pyarrow")])
def test_a_package_that_is_missing_is_named(address: str, package: str) -> None:
    """Whoever set the address learns what to install."""
    with pytest.raises(SettingsError, match=package) as caught:
        open_storage(address)

    assert str(caught.value).startswith("PLAYGROUND_IMAGES_URL: ")


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    """A file stands where the folder should be; the application names it."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError, match="file"):
        FolderStorage(tmp_path / "file" / "pictures")


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The final name is taken by a folder, so that the last step cannot be done: no part of it stays behind."""
    shelf = FolderStorage(tmp_path)
    (tmp_path / NAME).mkdir()

    with pytest.raises(OSError):
        shelf.put(NAME, b"data")

    assert [path.name for path in tmp_path.iterdir()] == [NAME]


async def test_a_picture_is_served_the_same_from_every_shelf(shelf: PictureStorage) -> None:
    """Bytes, type and guards."""
    data = png(30, 20)
    app = FastAPI()
    async with httpx2.AsyncClient(trust_env=False) as http:
        pictures = PictureLibrary(shelf, http)
        kept = await pictures.keep("data:;base64," + base64.b64encode(data).decode(), "http://x")
        app.include_router(picture_routes(pictures))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as page:
            shown = await page.get(f"/pictures/{kept.name}")
            missing = await page.get(f"/pictures/{NAME}")

    assert (shown.status_code, shown.content, missing.status_code) == (200, data, 404)
    guards = {name: value for name, value in shown.headers.items() if name not in ("etag", "last-modified", "accept-ranges")}
    assert guards == {
        "content-type": "image/png",
        "content-length": str(len(data)),
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        "cache-control": "private, max-age=31536000, immutable",
        "cross-origin-resource-policy": "same-origin",
    }
