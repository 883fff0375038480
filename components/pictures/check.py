"""What a picture is, by its content: a real png, jpeg, webp or svg, of a size that can be decoded."""

from __future__ import annotations

import io
import re

from components.errors import PictureNotSaved

LARGEST_PIXELS = 40_000_000
# An atomic group: without it a file of repeated comments is tried in exponentially many ways.
SVG_START = re.compile(rb"(?>(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*)<svg[\s>]", re.S)
SVG_END = re.compile(rb"(?:</svg\s*>|/>)\s*(?:<!--[^>]*-->\s*)*\Z")
PNG_END = b"IEND\xaeB`\x82"
FORMATS = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp"}  # MPO is a JPEG with a second frame


def inspect(data: bytes) -> tuple[str, int, int]:
    """Format, width and height of a real picture. Raises PictureNotSaved for everything else."""
    if SVG_START.match(data[:4096]):
        if not SVG_END.search(data[-4096:]):
            raise PictureNotSaved("The picture is an SVG that breaks off.")
        return "svg", *_svg_size(data)
    from PIL import Image  # a third of a second that a start without pictures need not take

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            width, height = picture.size
            if width * height > LARGEST_PIXELS:
                raise PictureNotSaved(f"The picture has more than {LARGEST_PIXELS // 1_000_000} megapixels.")
            picture.load()
            if picture.format == "PNG" and PNG_END not in data:
                raise PictureNotSaved(
                    "The picture is a PNG that breaks off."
                )  # the decoder is content without its last bytes
            return FORMATS[str(picture.format)], width, height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureNotSaved("What came is no png, jpeg, webp or svg picture.") from error


def _svg_size(data: bytes) -> tuple[int, int]:
    """Width and height of an SVG's root element, from its attributes or its viewBox; 0 × 0 where it states none."""
    found = re.search(rb"<svg\b[^>]*>", data[:8192], re.S)
    root = found.group(0).decode("utf-8", "replace") if found else ""
    width, height = (_length(root, name) for name in ("width", "height"))
    if width and height:
        return width, height
    box = re.search(r"\sviewBox\s*=\s*[\"']([^\"']{1,200})[\"']", root)
    numbers = re.split(r"[\s,]+", box[1].strip()) if box else []
    size = (_pixels(numbers[2]), _pixels(numbers[3])) if len(numbers) == 4 else (0, 0)
    return size if all(size) else (0, 0)


def _length(root: str, name: str) -> int:
    found = re.search(rf"\s{name}\s*=\s*[\"']\s*([^\"'\s]{{1,40}}?)(?:px)?\s*[\"']", root)
    return _pixels(found[1]) if found else 0


def _pixels(text: str) -> int:
    """A length in pixels; 0 for what is none, a percentage included."""
    try:
        value = float(text)
    except ValueError:
        return 0
    return int(value) if 0 < value < 1e6 else 0
