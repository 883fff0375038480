"""Smaller copies of pictures: what a list shows instead of every picture in full size."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from components.pictures.library import PictureLibrary
from components.pictures.pixels import small_pixels
from components.pictures.storage.folder import FolderStorage
from components.pictures.thumbnails import PREVIEW_SIZE, ThumbnailCache, data_urls, smaller_copy
from components.web.pictures import picture_routes
from tests.jobs.scripted_upstream import png

NAME = "a" * 64 + ".png"


def put(library: PictureLibrary, data: bytes, name: str = NAME) -> str:
    library.storage.put(name, data)
    return name


def opened(data: bytes | None) -> Image.Image:
    assert data
    return Image.open(io.BytesIO(data))


@pytest.fixture
async def page(library: PictureLibrary) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(picture_routes(library, ThumbnailCache(library)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
        yield client


async def test_a_thumbnail_has_at_most_480_pixels_and_the_same_shape(
    page: httpx.AsyncClient, library: PictureLibrary
) -> None:
    """Of every format; a small picture is not enlarged."""
    for picture_format in ("png", "jpeg", "webp", "gif", "avif"):
        name = put(library, png(1200, 800, form=picture_format.upper()), f"{'b' * 64}.{picture_format}")
        answer = await page.get(f"/pictures/{name}/small")

        assert (opened(answer.content).format, opened(answer.content).size) == ("WEBP", (480, 320))
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in answer.headers["cache-control"]
    small = await page.get(f"/pictures/{put(library, png(30, 20))}/small")
    assert opened(small.content).size == (30, 20)


async def test_a_deleted_picture_has_no_copy_any_more(page: httpx.AsyncClient, library: PictureLibrary) -> None:
    """Although it had been made: neither thumbnail nor preview."""
    copies = ThumbnailCache(library)
    name = put(library, png(30, 20))
    before = [await page.get(f"/pictures/{name}/small"), await copies.preview([name])]
    await library.remove(name)
    after = await page.get(f"/pictures/{name}/small")

    assert all(before)
    assert (after.status_code, await copies.preview([name])) == (404, None)


@pytest.mark.parametrize("name", [NAME, "..", "%2e%2e%2fplayground.db", f"{'g' * 64}.png", "a.png", "%00"])
async def test_what_is_not_stored_is_not_found(page: httpx.AsyncClient, name: str) -> None:
    assert (await page.get(f"/pictures/{name}/small")).status_code == 404


async def test_what_is_not_readable_is_not_found(page: httpx.AsyncClient, library: PictureLibrary) -> None:
    """Which includes an SVG: it is shown in full."""
    put(library, b"no picture")
    put(library, b"<svg xmlns='http://www.w3.org/2000/svg'/>", f"{'c' * 64}.svg")
    for name in (NAME, f"{'c' * 64}.svg"):
        assert (await page.get(f"/pictures/{name}/small")).status_code == 404


class CountingStorage(FolderStorage):
    reads = 0

    def read(self, name: str) -> Path | None:
        self.reads += 1
        return super().read(name)


async def test_thumbnails_are_made_once_and_their_number_is_limited(tmp_path: Path, http: httpx.AsyncClient) -> None:
    """Thumbnails and previews share it; those that were used longest ago are made again when they are requested."""
    storage = CountingStorage(tmp_path)
    library = PictureLibrary(storage, http)
    names = [put(library, png(300, 200 + number), f"{number:064x}.png") for number in range(3)]
    size = len(await ThumbnailCache(library).thumbnail(names[0]) or b"")
    copies = ThumbnailCache(library, most=int(size * 2.5))

    async def reads(*requested: str) -> int:
        before = storage.reads
        for name in requested:
            await copies.thumbnail(name)
        return storage.reads - before

    assert await reads(names[0], names[1]) == 2
    assert await reads(names[0], names[1]) == 0
    assert await reads(names[2]) == 1
    assert await reads(names[0]) == 1
    assert await reads(names[2]) == 0
    preview = await copies.preview(names)  # larger than the limit: drawn each time
    assert opened(preview).size == PREVIEW_SIZE
    assert await copies.preview(names) == preview


def test_a_copy_keeps_transparency_and_orientation_and_drops_metadata() -> None:
    clear, turned = io.BytesIO(), io.BytesIO()
    Image.new("RGBA", (1500, 900), (9, 90, 200, 0)).save(clear, "PNG")
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a secret"
    Image.new("RGB", (300, 200), (9, 90, 200)).save(turned, "JPEG", exif=exif)
    copy, upright = opened(smaller_copy(clear.getvalue(), 1000)), smaller_copy(turned.getvalue(), 1000)

    assert (copy.size, copy.mode, copy.getpixel((5, 5))[3]) == ((1000, 600), "RGBA", 0)  # type: ignore[index]
    assert opened(upright).size == (200, 300)
    assert b"secret" not in (upright or b"")


def test_every_kind_of_picture_has_a_copy_that_browsers_show() -> None:
    for mode in ("1", "L", "LA", "P", "CMYK"):
        file = io.BytesIO()
        Image.new("RGB", (40, 30), (200, 20, 20)).convert(mode).save(file, "JPEG" if mode == "CMYK" else "PNG")
        copy = opened(smaller_copy(file.getvalue(), 20))
        assert (copy.size, copy.mode in ("RGB", "RGBA")) == ((20, 15), True), mode


def test_a_grey_picture_of_16_bits_keeps_its_shades() -> None:
    """Pillow alone would turn all but the darkest pixels white."""
    file = io.BytesIO()
    shades = b"".join((257 * (8 * at + 4)).to_bytes(2, "little") for _ in range(32) for at in range(32))
    Image.frombytes("I;16", (32, 32), shades).save(file, "PNG")
    copy = opened(smaller_copy(file.getvalue(), 32, 100)).convert("L")
    row = (small_pixels(file.getvalue(), 32, 1) or b"")[::3]

    for at in range(32):
        assert abs(copy.getpixel((at, 16)) - (8 * at + 4)) < 6  # type: ignore[operator]
        assert row[at] == 8 * at + 4


async def test_data_urls_are_smaller_webps_or_the_svg_itself_or_nothing(library: PictureLibrary) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    files = {"a.png": png(300, 200), "b.svg": svg, "c.png": b"no picture", "d.png": png(30, 20)[:60]}
    names = {name: name[0] * 64 + name[1:] for name in [*files, "e.png"]}
    for name, data in files.items():
        library.storage.put(names[name], data)
    urls = await data_urls(library, names, 100)
    media_type, _, content = urls["a.png"].partition(";base64,")

    assert (media_type, opened(base64.b64decode(content)).size) == ("data:image/webp", (100, 67))
    assert urls["b.svg"] == f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    assert [urls[name] for name in ("c.png", "d.png", "e.png")] == [""] * 3


def test_a_copy_leaves_out_a_profile_that_is_larger_than_itself() -> None:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, "PNG", icc_profile=bytes(2_000_000))

    assert len(smaller_copy(file.getvalue(), 30) or bytes(9999)) < 5000
