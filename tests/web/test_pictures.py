"""Kept pictures over HTTP: their types, their guards, and download names that are only names."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.pictures.thumbnails import ThumbnailCache
from components.web.pictures import picture_routes
from tests.jobs.faulty import png

SCRIPTED = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>'
FILES = {
    "image/png": png(3, 2),
    "image/jpeg": png(3, 2, form="JPEG"),
    "image/webp": png(3, 2, form="WEBP"),
    "image/svg+xml": SCRIPTED,
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[PictureLibrary]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield PictureLibrary(FolderStorage(tmp_path / "kept"), http)


@pytest.fixture
async def page(store: PictureLibrary) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(picture_routes(store, ThumbnailCache(store)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as http:
        yield http


async def kept(store: PictureLibrary, data: bytes) -> str:
    return (await store.keep("data:;base64," + base64.b64encode(data).decode(), "http://x")).name


@pytest.mark.parametrize(("media_type", "data"), FILES.items(), ids=FILES)
async def test_a_kept_picture_is_served_as_what_it_is(
    store: PictureLibrary, page: httpx2.AsyncClient, media_type: str, data: bytes
) -> None:
    """The bytes, their type, and for everybody the guards against sniffing and scripts."""
    answer = await page.get(f"/pictures/{await kept(store, data)}")

    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert not any("script" in part for part in policy)
    assert answer.headers["cache-control"].startswith("private")
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    "name",
    ["nothing", f"{'0' * 64}.png", "..%2fsecret.txt", "%2e%2e/secret.txt", "..%5csecret.txt", "%00", "%2fetc%2fpasswd", ""],
)
async def test_every_other_name_is_not_found(store: PictureLibrary, page: httpx2.AsyncClient, name: str) -> None:
    """Also that of a file which lies beside the folder."""
    (store.storage.folder.parent / "secret.txt").write_text("secret")

    answer = await page.get(f"/pictures/{name}")

    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_a_file_that_is_no_kept_picture_is_not_found(store: PictureLibrary, page: httpx2.AsyncClient) -> None:
    """Only the store's own names lead into its folder."""
    (store.storage.folder / "secret.png").write_bytes(png(3, 2))

    assert (await page.get("/pictures/secret.png")).status_code == 404
