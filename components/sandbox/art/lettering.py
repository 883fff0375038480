"""Text in drawings, set in the one font that Pillow bundles (Aileron); no font of the machine is used."""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache

from anyascii import anyascii
from PIL import Image, ImageDraw, ImageFont

from components.sandbox.art.colours import Colour

_font = lru_cache(maxsize=64)(ImageFont.load_default)


def printable(text: str) -> str:
    """One line of what the font can draw: other scripts transliterated, emoji and control characters left out."""
    plain = "".join(" " if unicodedata.category(char) == "So" else anyascii(char) for char in text[:700])
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())


@lru_cache(maxsize=4096)
def ems(text: str) -> float:
    """Width of one line in ems, that is at font size 1."""
    return _font(100).getlength(text) / 100


def wrap(text: str, room: float, most: int = 99) -> list[str]:
    """At most ``most`` lines of at most ``room`` ems, cut with an ellipsis; none where not even a letter fits."""
    for width in range(int(room * 2.2) + 1, 0, -1):
        lines = textwrap.wrap(text, width, max_lines=most, placeholder="…")
        if all(ems(line) <= room for line in lines):
            return lines
    return []


def justify(text: str, width: float, height: float) -> list[tuple[str, float]]:
    """Lines that each fill the width (px) at a size of their own: (line, font size px), for capitals."""
    widest_word = max([3.0, *map(ems, text.split())])
    for room in (min(14.0, widest_word) * 1.07**step for step in range(44)):
        sized = [(line, min(width / ems(line), height * 0.42)) for line in wrap(text, room)]
        if sum(size * 0.82 for _, size in sized) <= height:
            return sized
    return []


def write(image: Image.Image, x: float, y: float, lines: list[str], size: float, ink: Colour, anchor: str = "ls") -> None:
    """Draw lines of text, the first with its baseline at y px; the anchor is Pillow's. Large letters are bold."""
    pen, bold = ImageDraw.Draw(image), size * 0.02 if size > 30 else 0
    for number, line in enumerate(lines):
        pen.text((x, y + number * size * 1.2), line, ink, _font(max(1, round(size))), anchor, stroke_width=bold)
