"""Checks that bytes are a complete picture in a format that browsers show, of a size that can safely be decoded."""

from __future__ import annotations

import io
import re
import zlib
from contextlib import suppress

from components.errors import PictureNotSaved
from components.pictures.fetch import LARGEST_BYTES
from components.pictures.pixels import TURNED, UNREADABLE, open_picture, orientation

LARGEST_PIXELS = 40_000_000
# The group is atomic: otherwise a file of repeated comments takes exponential time.
SVG_START = re.compile(rb"(?>(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*)<svg[\s>]", re.S)
SVG_END = re.compile(rb"(?:</svg\s*>|/>)\s*(?:<!--[^>]*-->\s*)*\Z")
PNG_END = b"IEND\xaeB`\x82"
FORMATS = ("png", "jpeg", "webp", "gif", "avif", "svg")
CONVERTED = {"BMP": b"BM", "TIFF": b"II*\0", "JPEG2000": b"\0\0\0\x0cjP  "}  # by Pillow's names, with how they begin
PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
SECOND_PICTURE = "MPO"  # a JPEG with another one behind it


def inspect(data: bytes) -> tuple[str, int, int]:
    """Format (one of FORMATS), width and height of a picture in pixels, as a viewer turns it. Decodes it, so it blocks.

    Raises:
        PictureNotSaved: it is none, or too large.
    """
    if SVG_START.match(data[:4096]):
        if not SVG_END.search(data[-4096:]):
            raise _unusable("The picture is an incomplete SVG.")
        return "svg", *svg_size(data)
    from PIL import Image  # takes a third of a second, which a start without pictures saves

    try:
        with open_picture(io.BytesIO(data)) as picture:
            width, height = picture.size
            if width * height > LARGEST_PIXELS:
                raise _unusable(f"The picture has more than {LARGEST_PIXELS // 1_000_000} megapixels.")
            picture.load()
            if picture.format == "PNG" and PNG_END not in data:  # Pillow accepts a PNG without its last bytes
                raise _unusable("The picture is an incomplete PNG.")
            if orientation(picture) in TURNED:
                width, height = height, width
            name = str(picture.format)
            return "jpeg" if name == SECOND_PICTURE else name.lower(), width, height
    except (*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _unusable(f"The service delivered {_described(data)} instead of a picture.") from error


def as_browsers_show(data: bytes) -> bytes:
    """Unpack a gzipped picture, and convert a format that browsers do not show to PNG; anything else is unchanged. Blocks."""
    if data.startswith(b"\x1f\x8b"):
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=31).decompress(data, LARGEST_BYTES)
    if not data.startswith(tuple(CONVERTED.values())):
        return data
    from PIL import Image

    with (
        suppress(*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning),
        open_picture(io.BytesIO(data), tuple(CONVERTED)) as picture,
    ):
        if picture.width * picture.height <= LARGEST_PIXELS:
            file = io.BytesIO()
            (picture if picture.mode in PNG_MODES else picture.convert("RGB")).save(file, "PNG")
            return file.getvalue()
    return data


def _unusable(what: str) -> PictureNotSaved:
    return PictureNotSaved(what, definite=True)


def _described(data: bytes) -> str:
    """What bytes are that no picture can be read from."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if start.startswith((b"{", b"[")):
        return "JSON"
    known = any(data.startswith(sign) for sign in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")) or data[8:12] in (b"WEBP", b"avif")
    return "a damaged file" if known else "a file of an unknown kind"


def svg_size(data: bytes) -> tuple[int, int]:
    """Width and height of an SVG's root element, from its attributes or its viewBox; 0 × 0 if it states none."""
    start_tag = re.search(rb"<svg\b[^>]*>", data[:8192], re.S)
    root = start_tag.group(0).decode("utf-8", "replace") if start_tag else ""
    width, height = (_attribute_length(root, name) for name in ("width", "height"))
    if width and height:
        return width, height
    box = re.search(r"\sviewBox\s*=\s*[\"']([^\"']{1,200})[\"']", root)
    numbers = re.split(r"[\s,]+", box[1].strip()) if box else []
    size = (_pixels(numbers[2]), _pixels(numbers[3])) if len(numbers) == 4 else (0, 0)
    return size if all(size) else (0, 0)


def _attribute_length(root: str, name: str) -> int:
    value = re.search(rf"\s{name}\s*=\s*[\"']\s*([^\"'\s]{{1,40}}?)(?:px)?\s*[\"']", root)
    return _pixels(value[1]) if value else 0


def _pixels(text: str) -> int:
    """A length in pixels; 0 if it is none, which includes a percentage."""
    try:
        value = float(text)
    except ValueError:
        return 0
    return int(value) if 0 < value < 1e6 else 0
