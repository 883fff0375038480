"""Smaller copies of pictures: thumbnails for lists, copies inside a report, previews for sites that show a link."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cachetools import LRUCache

from components.pictures.library import PictureLibrary
from components.pictures.pixels import UNREADABLE, in_8_bits, open_picture, orientation, upright

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL_SIZE, THUMBNAIL_QUALITY = 480, 78  # a card is 240 CSS pixels wide, on screens with two pixels each
COPY_QUALITY = 86
LARGEST_PROFILE = 100_000  # bytes of the colours' description in a copy; those of screens have a few thousand
PREVIEW_SIZE = (1200, 630)  # what sites that show previews of links ask for
MAX_ON_PREVIEW = 6
PREVIEW_MARGIN, PREVIEW_GAP, PREVIEW_COLOR = 24, 12, "#fafaf9"
CACHE_BYTES = 48_000_000
MAX_DRAWING = 2
Key = TypeVar("Key", bound=Hashable)


class ThumbnailCache:
    """Thumbnails and previews, made when first requested. The least recently used leave when there are ``most`` bytes."""

    def __init__(self, pictures: PictureLibrary, most: int = CACHE_BYTES) -> None:
        self._pictures = pictures
        self._cache: LRUCache[tuple[str, ...], bytes] = LRUCache(most, getsizeof=len)
        self._drawing = asyncio.Semaphore(MAX_DRAWING)

    async def thumbnail(self, name: str, size: int = THUMBNAIL_SIZE) -> bytes | None:
        """A picture as WebP of at most ``size`` pixels a side; None if it is not stored or not readable."""
        kind = f"thumbnail {size}"
        return await self._get([name], lambda pictures: smaller_copy(pictures[0], size, THUMBNAIL_QUALITY), kind)

    async def preview(self, names: Sequence[str]) -> bytes | None:
        """Pictures side by side, see :func:`draw_preview`; None if none of them is stored and readable."""
        return await self._get(names, draw_preview, "preview")

    async def _get(
        self, names: Sequence[str], draw: Callable[[list[Path | bytes]], bytes | None], kind: str
    ) -> bytes | None:
        stored = [name for name in names if await self._pictures.has(name)]  # a deleted picture has no copies either
        key = (kind, *stored)
        async with self._drawing:
            if key not in self._cache:
                pictures = [data for name in stored if (data := await self._pictures.read(name)) is not None]
                copy = await asyncio.to_thread(draw, pictures) if pictures else None
                if copy is None or len(copy) > self._cache.maxsize:
                    return copy
                self._cache[key] = copy
            return self._cache[key]


def smaller_copy(picture: Path | bytes, longest: int, quality: int = COPY_QUALITY) -> bytes | None:
    """A picture as WebP of at most ``longest`` pixels a side, without the metadata of its file; None if unreadable."""
    try:
        smaller = _shrink(picture, (longest, longest))
    except UNREADABLE:
        return None
    file = io.BytesIO()
    profile = smaller.info.get("icc_profile") or b""
    smaller.save(file, "WEBP", quality=quality, method=2, icc_profile=profile if len(profile) <= LARGEST_PROFILE else None)
    return file.getvalue()


async def data_urls(pictures: PictureLibrary, names: Mapping[Key, str], longest: int) -> dict[Key, str]:
    """Smaller copies of stored pictures as ``data:`` URLs, SVGs as they are; "" where one cannot be read."""

    def url(name: str, data: bytes) -> str:
        if name.endswith(".svg"):
            return _data_url("svg+xml", data)
        copy = smaller_copy(data, longest)
        return _data_url("webp", copy) if copy else ""

    urls: dict[Key, str] = {}
    for key, name in names.items():
        data = await pictures.read_bytes(name)
        urls[key] = await asyncio.to_thread(url, name, data) if data else ""
    return urls


def draw_preview(pictures: Sequence[Path | bytes]) -> bytes | None:
    """Up to MAX_ON_PREVIEW pictures, none an SVG, side by side on a PNG of PREVIEW_SIZE; None if none is readable."""
    from PIL import Image

    readable = []
    for picture in pictures[:MAX_ON_PREVIEW]:
        try:
            readable.append(_shrink(picture, PREVIEW_SIZE))
        except UNREADABLE:
            continue
    if not readable:
        return None
    canvas = Image.new("RGB", PREVIEW_SIZE, PREVIEW_COLOR)
    boxes = _layout([picture.width / picture.height for picture in readable])
    for image, (left, top, width, height) in zip(readable, boxes, strict=True):
        fitted = image.resize((width, height), Image.Resampling.LANCZOS)
        canvas.paste(fitted, (left, top), fitted if fitted.mode == "RGBA" else None)
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def _layout(ratios: Sequence[float]) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, width and height of each picture: in rows of equal height, as many as make the pictures largest."""
    width, height = PREVIEW_SIZE[0] - 2 * PREVIEW_MARGIN, PREVIEW_SIZE[1] - 2 * PREVIEW_MARGIN

    def height_of(rows: Sequence[Sequence[float]]) -> float:
        by_width = min((width - PREVIEW_GAP * (len(row) - 1)) / sum(row) for row in rows)
        return min(by_width, (height - PREVIEW_GAP * (len(rows) - 1)) / len(rows))

    rows = max((_split(ratios, count) for count in range(1, len(ratios) + 1)), key=height_of)
    row_height = height_of(rows)
    top = (PREVIEW_SIZE[1] - row_height * len(rows) - PREVIEW_GAP * (len(rows) - 1)) / 2
    for row in rows:
        left = (PREVIEW_SIZE[0] - row_height * sum(row) - PREVIEW_GAP * (len(row) - 1)) / 2
        for ratio in row:
            yield round(left), round(top), max(1, round(row_height * ratio)), max(1, round(row_height))
            left += row_height * ratio + PREVIEW_GAP
        top += row_height + PREVIEW_GAP


def _split(ratios: Sequence[float], rows: int) -> list[Sequence[float]]:
    """In order, into rows of the same length; the last may be shorter."""
    size = -(-len(ratios) // rows)
    return [ratios[at : at + size] for at in range(0, len(ratios), size)]


def _shrink(picture: Path | bytes, most: tuple[int, int]) -> Image.Image:
    """The picture turned upright, at most that large, as RGB or RGBA. Raises one of UNREADABLE."""
    from PIL import Image

    source = io.BytesIO(picture) if isinstance(picture, bytes) else picture
    with open_picture(source) as opened:
        turn = orientation(opened)
        image = in_8_bits(opened)
        mode = "RGBA" if image.has_transparency_data else "RGB"
        image = image.convert(mode) if image.mode == "P" else image  # palette indices cannot be interpolated
        image.thumbnail(most, Image.Resampling.LANCZOS)
        small = upright(image, turn)
        if small.mode == mode:
            return small
        small.info.pop("icc_profile", None)  # it describes the colours before the conversion
        return small.convert(mode)


def _data_url(subtype: str, data: bytes) -> str:
    return f"data:image/{subtype};base64,{base64.b64encode(data).decode()}"
