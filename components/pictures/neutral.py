"""Copies that tell nothing of where a picture came from: one format, one size, no metadata. An SVG is drawn as pixels."""

from __future__ import annotations

import io
from pathlib import Path

from components.pictures.check import LARGEST_PIXELS, SVG_START
from components.pictures.pixels import UNREADABLE, in_8_bits, open_picture, orientation, upright
from components.pictures.svg import rasterize

AREA = 1_048_576  # pixels of a copy, whatever its shape
QUALITY = 90
GROUND = "#ffffff"  # behind transparent parts
RATIOS = 1 / 3, 3.0


def copy_size(ratio: float) -> tuple[int, int]:
    """Width and height of all copies of a shape, in pixels."""
    limited = min(max(ratio, RATIOS[0]), RATIOS[1])
    return round((AREA * limited) ** 0.5), round((AREA / limited) ** 0.5)


def neutral_copy(picture: Path | bytes, size: tuple[int, int]) -> bytes | None:
    """The picture as WebP of this size: scaled to fit, in the middle of a plain ground. None if it is unreadable. Blocks."""
    from PIL import Image

    try:
        data = picture.read_bytes() if isinstance(picture, Path) else picture
        if SVG_START.match(data[:4096]):
            data = rasterize(data, size)
        with open_picture(io.BytesIO(data)) as opened:
            if opened.width * opened.height > LARGEST_PIXELS:  # drawn of an SVG that states no size
                return None
            turn = orientation(opened)
            whole = upright(in_8_bits(opened), turn).convert("RGBA")
    except (*UNREADABLE, Image.DecompressionBombError):
        return None
    scale = min(size[0] / whole.width, size[1] / whole.height)
    fitted = whole.resize(
        (max(1, round(whole.width * scale)), max(1, round(whole.height * scale))), Image.Resampling.LANCZOS
    )
    ground = Image.new("RGB", size, GROUND)
    ground.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2), fitted)
    file = io.BytesIO()
    ground.save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()
