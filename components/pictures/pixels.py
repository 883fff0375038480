"""The pixels of a decoded picture: turned as its viewer sees them, in eight bits, and in numbers."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

READABLE = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")  # by Pillow's names
UNREADABLE = (  # what Pillow raises for a damaged file: each of its decoders has errors of its own
    OSError, ValueError, SyntaxError, RuntimeError, LookupError, ArithmeticError, TypeError, AttributeError, EOFError,
    MemoryError, struct.error,
)  # fmt: skip
LARGEST_TEXT = 8_000_000  # bytes of a profile or a text that is compressed in a PNG; Pillow's own limit is 1 MB
ORIENTATION = 0x0112  # the Exif tag
TURNED = range(5, 9)  # its values that exchange width and height


def open_picture(source: BinaryIO | Path, formats: tuple[str, ...] = READABLE) -> Image.Image:
    """The picture in a file, whose pixels are not decoded yet. Raises one of UNREADABLE."""
    from PIL import Image, PngImagePlugin  # takes a third of a second, which a start without pictures saves

    PngImagePlugin.MAX_TEXT_CHUNK = LARGEST_TEXT
    return Image.open(source, formats=formats)


def orientation(picture: Image.Image) -> int:
    """How a viewer turns an open picture, from 1 (not at all) to 8. Damaged Exif data turns nothing."""
    try:
        value = int(picture.getexif()[ORIENTATION])
        return value if 1 <= value <= 8 else 1
    except Exception:  # noqa: BLE001  # Pillow raises a dozen kinds for damaged Exif data, and KeyError for none
        return 1


def upright(picture: Image.Image, turn: int) -> Image.Image:
    """The decoded picture with its orientation applied."""
    from PIL.Image import Transpose  # takes a third of a second, which a start without pictures saves

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    picture.load()
    return picture.transpose(turns[turn]) if turn in turns else picture


def in_8_bits(picture: Image.Image) -> Image.Image:
    """The picture itself, or a grey one of 16 bits in 8: Pillow's own conversion makes all but its darkest parts white."""
    if not picture.mode.startswith("I"):
        return picture
    picture.info.pop("transparency", None)  # a shade of the 16 bits
    return picture.point(lambda shade: shade / 256).convert("L")


def small_pixels(picture: bytes, width: int, height: int) -> bytes | None:
    """Red, green and blue of a copy of this size, row by row; transparent parts are white. Blocks. None: SVG or unreadable."""
    from PIL import Image

    try:
        with open_picture(io.BytesIO(picture)) as opened:
            turn = orientation(opened)
            opened.draft("RGB", (4 * width, 4 * height))  # a JPEG is decoded at an eighth of its size
            image = in_8_bits(opened)
            image = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
            small = upright(image, turn).resize((width, height), Image.Resampling.BOX)
    except (*UNREADABLE, Image.DecompressionBombError):
        return None
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("RGB").tobytes()
