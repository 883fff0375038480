"""Storage backends: each behaves the same, and an address that cannot be used is reported in one sentence."""

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
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.base import PictureStorage
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.opening import open_storage
from components.pictures.storage.remote import RemoteStorage
from components.pictures.thumbnails import ThumbnailCache
from components.web.pictures import picture_routes
from tests.jobs.scripted_upstream import png

NAME = f"{'a' * 64}.png"


@pytest.fixture(params=["folder", "file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PictureStorage]:
    """An empty storage of each kind."""
    if request.param == "folder":
        yield FolderStorage(tmp_path / "deep" / "pictures")
    elif request.param == "file":
        yield open_storage(f"file://{tmp_path}/deep/pictures")
    else:
        root = f"/{secrets.token_hex(8)}"
        yield open_storage(f"memory:/{root}/pictures")
        fsspec.filesystem("memory").rm(root, recursive=True)


def content(storage: PictureStorage, name: str) -> bytes | None:
    content = storage.read(name)
    return content.read_bytes() if isinstance(content, Path) else content


def test_a_file_is_there_from_put_to_remove(storage: PictureStorage) -> None:
    """Complete, under its name, with its size; removing it twice is no error."""
    assert (storage.find(NAME), content(storage, NAME), list(storage.files())) == (None, None, [])
    storage.put(NAME, b"one")
    storage.put(NAME, b"another")
    storage.touch(NAME, 1_900_000_000.5)
    (file,) = storage.files()

    assert (storage.find(NAME), content(storage, NAME)) == (file, b"another")
    assert (file.name, file.size) == (NAME, 7)
    assert file.used == 1_900_000_000.5 if isinstance(storage, FolderStorage) else file.used > 1.7e9
    storage.remove(NAME)
    storage.remove(NAME)
    assert (storage.find(NAME), content(storage, NAME), list(storage.files())) == (None, None, [])


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    """Its files are written atomically and served without being read into memory."""
    opened = open_storage(f"file://{tmp_path}/pictures")

    assert isinstance(opened, FolderStorage)
    assert opened.folder == tmp_path / "pictures"
    assert isinstance(open_storage("memory://pictures-of-a-test"), RemoteStorage)


@pytest.mark.parametrize(
    "address", ["nonsense://key:sk-secret@place/x", "s3x://sk-secret/x", "ftp://user:sk-secret@127.0.0.1:9/x"]
)
def test_an_address_that_cannot_be_used_is_reported_without_its_secret(address: str) -> None:
    """An unknown scheme, and one that does not answer."""
    with pytest.raises(SettingsError) as caught:
        open_storage(address)

    message = str(caught.value)
    assert message.startswith("PLAYGROUND_IMAGES_URL: ")
    assert "sk-secret" not in message
    assert "\n" not in message


@pytest.mark.parametrize(("address", "package"), [("gdrive://x", "gdrive"), ("smb://h/x", "smb"), ("hdfs://h/x", "pyarrow")])
def test_a_missing_package_is_named(address: str, package: str) -> None:
    """The operator learns what to install."""
    with pytest.raises(SettingsError, match=package) as caught:
        open_storage(address)

    assert str(caught.value).startswith("PLAYGROUND_IMAGES_URL: ")


def test_a_folder_that_cannot_be_created_is_an_os_error(tmp_path: Path) -> None:
    """A file of that name exists."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError, match="file"):
        FolderStorage(tmp_path / "file" / "pictures")


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    """The last step fails because a folder has the final name; the temporary file is deleted."""
    storage = FolderStorage(tmp_path)
    (tmp_path / NAME).mkdir()

    with pytest.raises(OSError):
        storage.put(NAME, b"data")

    assert [path.name for path in tmp_path.iterdir()] == [NAME]


async def test_a_picture_is_served_the_same_from_every_storage(storage: PictureStorage) -> None:
    """Bytes, type and guards."""
    data = png(30, 20)
    app = FastAPI()
    async with open_fetch_client() as http:
        pictures = PictureLibrary(storage, http)
        stored = await pictures.keep("data:;base64," + base64.b64encode(data).decode(), "http://x")
        app.include_router(picture_routes(pictures, ThumbnailCache(pictures)))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as page:
            shown = await page.get(f"/pictures/{stored.name}")
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
