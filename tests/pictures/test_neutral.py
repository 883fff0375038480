"""Copies for voters: every picture that can be stored becomes one, or nothing, and none harms the page."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from components.pictures.check import inspect
from components.pictures.neutral import neutral_copy
from components.pictures.svg import rasterize

SIZE = (96, 64)
START = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="96" height="64">'
FILTER = (
    '<filter id="f" x="-9" y="-9" width="99" height="99">{}</filter><rect filter="url(#f)" width="96" height="64"/></svg>'
)
# Each ended the process that drew it, took all memory, or ran for minutes.
HOSTILE = {
    "a thousand groups within each other": START + "<g opacity='.9'>" * 1000 + "</g>" * 1000 + "</svg>",
    "a million times as high as wide": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1e6"><rect/></svg>',
    "no size and a very long shape": '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1v1e6h-1z"/></svg>',
    "noise without end": START + FILTER.format('<feTurbulence baseFrequency=".9" numOctaves="99999999"/>'),
}


def png(size: tuple[int, int], info: PngInfo | None = None) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def opened(copy: bytes | None) -> Image.Image:
    assert copy
    return Image.open(io.BytesIO(copy)).convert("RGB")


@pytest.mark.parametrize("name", HOSTILE)
def test_an_svg_that_cannot_be_drawn_ends_no_more_than_its_own_drawing(name: str) -> None:
    data = HOSTILE[name].encode()
    assert inspect(data)[0] == "svg"
    began = time.monotonic()

    assert neutral_copy(data, SIZE) is None
    assert time.monotonic() - began < 40


def test_an_svg_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    """Under any spelling of the attribute; a picture inside the drawing is drawn."""
    file = tmp_path / "private.png"
    file.write_bytes(png((96, 64)))
    inside = f"data:image/png;base64,{base64.b64encode(png((96, 64))).decode()}"
    attributes = [f'href="{file}"', f"xlink:href = '{file}'", f'href="&#47;{str(file)[1:]}"', f'href="\n{file}"']
    colors = [
        opened(neutral_copy(f'{START}<image {attribute} width="96" height="64"/></svg>'.encode(), SIZE)).getpixel((48, 32))
        for attribute in [*attributes, f'href="{inside}"']
    ]

    assert ["red" if green < 9 else "white" for _, green, _ in colors] == ["white"] * len(attributes) + ["red"]


def test_a_tall_svg_is_drawn_no_higher_than_its_copy() -> None:
    drawn = Image.open(
        io.BytesIO(rasterize(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 99"><rect/></svg>', SIZE))
    )

    assert drawn.height == SIZE[1]


def test_a_picture_as_narrow_as_a_line_has_a_copy() -> None:
    for size in ((9000, 1), (1, 9000)):
        assert opened(neutral_copy(png(size), SIZE)).size == SIZE


def test_a_picture_that_speaks_of_an_svg_is_none() -> None:
    """Programs write the drawing that they made a picture from into its text."""
    info = PngInfo()
    info.add_text("source", "<svg></svg>")

    assert opened(neutral_copy(png((30, 20), info), SIZE)).getpixel((48, 32))[1] < 9
