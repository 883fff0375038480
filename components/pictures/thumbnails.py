"""Smaller copies of kept pictures: in a list, inside a report, side by side as a preview. Everything here blocks."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

PREVIEW = (1200, 630)  # what the sites that show previews ask for
MOST_ON_PREVIEW = 6
MARGIN, GAP = 24, 12
GROUND = "#fafaf9"
QUALITY = 86
SMALL, SMALL_QUALITY = 480, 78  # a card is 240 pixels wide, on a screen with two pixels for one


def data_address(found: Path | bytes, form: str, longest: int) -> str:
    """A kept picture as a ``data:`` address, at most ``longest`` pixels a side; "" where it cannot be read.

    A vector stays what it is. Everything else is encoded anew, which also leaves behind what the file tells beside
    its pixels.
    """
    try:
        if form == "svg":
            return _address("svg+xml", found if isinstance(found, bytes) else found.read_bytes())
        picture = _small(found, (longest, longest))
    except (OSError, ValueError, SyntaxError):
        return ""
    file = io.BytesIO()
    colours = picture.info.get("icc_profile")
    if picture.mode == "RGBA":
        picture.save(file, "WEBP", quality=QUALITY, icc_profile=colours)
        return _address("webp", file.getvalue())
    picture.save(file, "JPEG", quality=QUALITY, optimize=True, icc_profile=colours)
    return _address("jpeg", file.getvalue())


def small_copy(found: Path | bytes) -> bytes | None:
    """A kept picture as WebP of at most SMALL pixels a side; None where it cannot be read."""
    try:
        picture = _small(found, (SMALL, SMALL))
    except (OSError, ValueError, SyntaxError):
        return None
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=SMALL_QUALITY, icc_profile=picture.info.get("icc_profile"))
    return file.getvalue()


def contact_sheet(kept: Sequence[Path | bytes]) -> bytes | None:
    """Up to MOST_ON_PREVIEW pictures, none a vector, whole and side by side on a PNG of PREVIEW pixels; None without any."""
    from PIL import Image

    pictures = []
    for found in kept[:MOST_ON_PREVIEW]:
        with suppress(OSError, ValueError, SyntaxError):
            pictures.append(_small(found, PREVIEW))
    if not pictures:
        return None
    sheet = Image.new("RGB", PREVIEW, GROUND)
    places = _places([picture.width / picture.height for picture in pictures])
    for picture, (left, top, width, height) in zip(pictures, places, strict=True):
        fitted = picture.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(fitted, (left, top), fitted if fitted.mode == "RGBA" else None)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _places(ratios: Sequence[float]) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, width and height of each picture: rows of one height, as many rows as show the pictures largest."""
    wide, high = PREVIEW[0] - 2 * MARGIN, PREVIEW[1] - 2 * MARGIN

    def height_of(rows: Sequence[Sequence[float]]) -> float:
        widest = min((wide - GAP * (len(row) - 1)) / sum(row) for row in rows)
        return min(widest, (high - GAP * (len(rows) - 1)) / len(rows))

    rows = max((_split(ratios, count) for count in range(1, len(ratios) + 1)), key=height_of)
    height = height_of(rows)
    top = (PREVIEW[1] - height * len(rows) - GAP * (len(rows) - 1)) / 2
    for row in rows:
        left = (PREVIEW[0] - height * sum(row) - GAP * (len(row) - 1)) / 2
        for ratio in row:
            yield round(left), round(top), max(1, round(height * ratio)), max(1, round(height))
            left += height * ratio + GAP
        top += height + GAP


def _split(ratios: Sequence[float], rows: int) -> list[Sequence[float]]:
    """In order, and as even as it goes."""
    size = -(-len(ratios) // rows)
    return [ratios[at : at + size] for at in range(0, len(ratios), size)]


def _small(found: Path | bytes, most: tuple[int, int]) -> Image.Image:
    """The picture upright, at most that large, as RGB or RGBA. Raises OSError, ValueError, SyntaxError."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(found) if isinstance(found, bytes) else found, formats=("PNG", "JPEG", "WEBP")) as opened:
        mode = "RGBA" if opened.has_transparency_data else "RGB"
        picture = opened.convert(mode) if opened.mode == "P" else opened  # colours of a palette cannot be blended
        picture.thumbnail(most, Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(picture)
        if upright.mode == mode:
            return upright
        upright.info.pop("icc_profile", None)  # it describes the colours before they are converted
        return upright.convert(mode)


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
