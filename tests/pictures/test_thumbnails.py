"""Small copies of kept pictures: what a list shows instead of every picture at its full size."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from PIL import Image

from components.pictures.fetch import open_fetch_client
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.views.links import thumbnail_link
from components.web.small import SmallCopies, small_routes
from tests.jobs.faulty import png

NAME = "a" * 64 + ".png"


@pytest.fixture
async def pictures(tmp_path: Path) -> AsyncIterator[PictureLibrary]:
    async with open_fetch_client() as http:
        yield PictureLibrary(FolderStorage(tmp_path / "pictures"), http)


def put(pictures: PictureLibrary, data: bytes, name: str = NAME) -> str:
    pictures.storage.put(name, data)
    return name


@pytest.fixture
async def page(pictures: PictureLibrary) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(small_routes(pictures))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as http:
        yield http


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
async def test_a_large_picture_is_shown_small_in_its_own_shape(
    page: httpx2.AsyncClient, pictures: PictureLibrary, form: str
) -> None:
    extension = form.lower()
    name = put(pictures, png(1200, 800, form=form), f"{'b' * 64}.{extension}")
    answer = await page.get(f"/pictures/{name}/small")
    shown = Image.open(io.BytesIO(answer.content))

    assert (shown.format, shown.size) == ("WEBP", (480, 320))
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]


async def test_a_small_picture_is_not_made_larger(page: httpx2.AsyncClient, pictures: PictureLibrary) -> None:
    answer = await page.get(f"/pictures/{put(pictures, png(30, 20))}/small")
    assert Image.open(io.BytesIO(answer.content)).size == (30, 20)


async def test_a_picture_that_was_deleted_is_not_shown_small_either(
    page: httpx2.AsyncClient, pictures: PictureLibrary
) -> None:
    """Although its copy had been made."""
    name = put(pictures, png(30, 20))
    before = await page.get(f"/pictures/{name}/small")
    await pictures.remove(name)
    after = await page.get(f"/pictures/{name}/small")
    again = await page.get(f"/pictures/{put(pictures, png(60, 40))}/small")

    assert (before.status_code, after.status_code) == (200, 404)
    assert Image.open(io.BytesIO(again.content)).size == (60, 40)


@pytest.mark.parametrize("name", [NAME, "..", "%2e%2e%2fplayground.db", f"{'g' * 64}.png", "a.png", "%00"])
async def test_what_is_not_kept_is_not_found(page: httpx2.AsyncClient, name: str) -> None:
    assert (await page.get(f"/pictures/{name}/small")).status_code == 404


async def test_what_cannot_be_read_is_not_found(page: httpx2.AsyncClient, pictures: PictureLibrary) -> None:
    """A vector among them: its own address is shown."""
    put(pictures, b"no picture")
    put(pictures, b"<svg xmlns='http://www.w3.org/2000/svg'/>", f"{'c' * 64}.svg")
    assert (await page.get(f"/pictures/{NAME}/small")).status_code == 404
    assert (await page.get(f"/pictures/{'c' * 64}.svg/small")).status_code == 404


def test_a_vector_is_shown_as_it_is() -> None:
    assert thumbnail_link(KeptPicture("c.svg", 0, 0, "svg", 1, "")) == "pictures/c.svg"
    assert thumbnail_link(KeptPicture("c.png", 9, 9, "png", 1, "")) == "pictures/c.png/small"


async def test_copies_take_no_more_memory_than_they_may(pictures: PictureLibrary) -> None:
    """Those that were asked for longest ago are made anew when they are asked for again."""
    names = [put(pictures, png(300, 200 + number), f"{number:064x}.png") for number in range(6)]
    copies = SmallCopies(pictures, most=3 * len(await SmallCopies(pictures).get(names[0]) or b""))
    first = await asyncio.gather(*(copies.get(name) for name in names))
    again = [await copies.get(name) for name in names]

    assert first == again
    assert copies.held <= 3 * len(first[0] or b"")
