"""A picture library in a temporary folder, and pictures as a reply contains them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2 as httpx
import pytest

from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.pictures.stored import StoredPicture
from tests.jobs.scripted_upstream import png

UPSTREAM = "http://upstream.example"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_fetch_client() as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "pictures"


@pytest.fixture
def library(folder: Path, http: httpx.AsyncClient) -> PictureLibrary:
    return PictureLibrary(FolderStorage(folder), http)


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def picture_of_shade(shade: int) -> bytes:
    """One of 255 pictures of the same size in bytes."""
    return png(40, 40, shade)


async def stored_picture(library: PictureLibrary, data: bytes) -> StoredPicture:
    """A stored picture whose job has recorded it."""
    picture = await library.keep(data_url(data), UPSTREAM)
    library.release(picture.name)
    return picture


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def ignore(_: str) -> None:
    """Hear that a picture was trimmed, and do nothing."""
