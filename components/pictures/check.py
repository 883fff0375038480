"""Checks that bytes are a complete png, jpeg, webp or svg picture, of a size that can safely be decoded."""

from __future__ import annotations

import io
import re

from components.errors import PictureNotSaved

LARGEST_PIXELS = 40_000_000
# The group is atomic: otherwise a file of repeated comments takes exponential time.
SVG_START = re.compile(rb"(?>(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*)<svg[\s>]", re.S)
SVG_END = re.compile(rb"(?:</svg\s*>|/>)\s*(?:<!--[^>]*-->\s*)*\Z")
PNG_END = b"IEND\xaeB`\x82"
FORMATS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp"}  # MPO is a JPEG with a second picture


def inspect(data: bytes) -> tuple[str, int, int]:
    """Format, width and height in pixels of a picture. Decodes it, so it blocks. Raises PictureNotSaved if it is none."""
    if SVG_START.match(data[:4096]):
        if not SVG_END.search(data[-4096:]):
            raise PictureNotSaved("The picture is an incomplete SVG.")
        return "svg", *_svg_size(data)
    from PIL import Image  # takes a third of a second, which a start without pictures saves

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            width, height = picture.size
            if width * height > LARGEST_PIXELS:
                raise PictureNotSaved(f"The picture has more than {LARGEST_PIXELS // 1_000_000} megapixels.")
            picture.load()
            if picture.format == "PNG" and PNG_END not in data:  # Pillow accepts a PNG without its last bytes
                raise PictureNotSaved("The picture is an incomplete PNG.")
            return FORMATS[str(picture.format)], width, height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureNotSaved("What the service delivered is not a png, jpeg, webp or svg picture.") from error


def _svg_size(data: bytes) -> tuple[int, int]:
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
