"""The pixels of a small copy of a picture, for whoever looks at pictures by numbers."""

from __future__ import annotations

import io


def small_pixels(picture: bytes, width: int, height: int) -> bytes | None:
    """Red, green and blue of a copy of this size, row by row; transparent parts are white. Blocks. None: SVG or unreadable."""
    from PIL import Image  # takes a third of a second, which a start without pictures saves

    from components.pictures.thumbnails import UNREADABLE

    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP")) as opened:
            opened.draft("RGB", (4 * width, 4 * height))  # a JPEG is decoded at an eighth of its size
            image = opened.convert("RGBA") if opened.has_transparency_data else opened.convert("RGB")
            small = image.resize((width, height), Image.Resampling.BOX)
    except (*UNREADABLE, Image.DecompressionBombError):
        return None
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("RGB").tobytes()
