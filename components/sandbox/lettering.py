"""Text in pictures: cleaning, faces that have the glyphs, wrapping, fitting and drawing."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from components.sandbox.palettes import Colour

Align = Literal["left", "centre", "right"]

ELLIPSIS = "…"
LEADING = 1.22  # line pitch in ems
_LONGEST = 700  # characters looked at; more never fits a picture and would only cost time
_BUNDLED = ""
_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts"),
)
_WANTED = (
    *(r"LiberationSans-Regular\.ttf", r"NotoSans-Regular\.[ot]tf", r"DejaVuSans\.ttf"),
    *(r"NotoSans(Mono)?CJK.*Regular\.(ttc|otf)", r"NotoSans\w*-Regular\.[ot]tf"),
    r"(wqy|WenQuanYi|DroidSansFallback|unifont).*\.(ttc|ttf|otf)",
    r"(Arial Unicode|arialuni|PingFang).*",
)
_MOST_FACES = 40
_JOINERS = "\u200c\u200d"


def clean(text: str) -> str:
    """One line of text without characters that no face can draw (controls, lone surrogates, selectors)."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text[: _LONGEST * 4].encode("utf-8", "ignore").decode("utf-8")):
        kind = unicodedata.category(char)
        if char.isspace() or kind in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif kind in ("Cn", "Co", "Cs") or "\ufe00" <= char <= "\ufe0f" or char >= "\U000e0000":
            continue
        elif kind != "Cf" or (char in _JOINERS and _shapes()):
            kept.append(char)
    words = re.sub(" +", " ", "".join(kept)).strip()
    return words if len(words) <= _LONGEST else words[:_LONGEST].rstrip() + ELLIPSIS


@lru_cache(maxsize=1)
def _shapes() -> bool:
    """Whether Pillow can shape and reorder text (Arabic, Hebrew, Devanagari)."""
    return bool(features.check("raqm"))


@lru_cache(maxsize=1)
def _system_faces() -> tuple[str, ...]:
    """Paths of usable system faces, the most general first."""
    found: dict[int, list[str]] = {}
    for folder in _FOLDERS:
        for root, _, names in os.walk(os.path.expanduser(folder)):
            for name in names:
                rank = next((n for n, wanted in enumerate(_WANTED) if re.fullmatch(wanted, name)), None)
                if rank is not None:
                    found.setdefault(rank, []).append(os.path.join(root, name))
    return tuple(path for rank in sorted(found) for path in sorted(found[rank]))[:_MOST_FACES]


@lru_cache(maxsize=256)
def _font(face: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if face != _BUNDLED:
        return ImageFont.truetype(face, size)
    return ImageFont.load_default(size)


def _glyph(face: str, char: str) -> tuple[tuple[int, int], bytes] | None:
    try:
        mask = _font(face, 24).getmask(char)
        return mask.size, bytes(mask)
    except (OSError, ValueError):  # an unreadable system face has no glyphs
        return None


@lru_cache(maxsize=64)
def _missing(face: str) -> tuple[tuple[int, int], bytes] | None:
    return _glyph(face, "\U0010fffe")


@lru_cache(maxsize=8192)
def _covers(face: str, char: str) -> bool:
    """Whether the face has a glyph of its own for the character, not its box for missing ones."""
    return char == " " or char in _JOINERS or _glyph(face, char) not in (None, _missing(face))


@lru_cache(maxsize=8192)
def _face_of(char: str) -> str | None:
    return next((face for face in (_BUNDLED, *_system_faces()) if _covers(face, char)), None)


def _right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)


@lru_cache(maxsize=512)
def _main_face(text: str) -> str:
    """The face for the text as a whole, so that no word changes its face at an accented letter."""
    letters = {char for char in text if unicodedata.category(char)[0] == "L"}
    if all(_covers(_BUNDLED, char) for char in letters):
        return _BUNDLED
    return max((_BUNDLED, *_system_faces()), key=lambda face: sum(_covers(face, char) for char in letters))


@lru_cache(maxsize=512)
def _runs(text: str) -> tuple[tuple[str, str], ...]:
    """The text as (face, characters) in drawing order; characters without a glyph anywhere are left out.

    Text with right-to-left letters stays one run, since the order of runs is then known only to the
    shaping engine.
    """
    main = _main_face(text)
    if _right_to_left(text):
        return ((main, "".join(char for char in text if _covers(main, char))),)
    runs: list[tuple[str, str]] = []
    lost = True  # whether the character before has been left out, then its marks go with it
    for char in text:
        mark = unicodedata.category(char)[0] == "M" or char in _JOINERS
        if mark and lost:
            continue
        before = runs[-1][0] if runs else main
        wanted = before if mark or char == " " else main
        face = wanted if _covers(wanted, char) else None if mark else _face_of(char)
        lost = face is None
        if face is None:
            continue
        if runs and face == before:
            runs[-1] = (face, runs[-1][1] + char)
        else:
            runs.append((face, char))
    return tuple(runs)


def drawable(text: str) -> str:
    """The part of the text that will really be drawn, cleaned."""
    return re.sub(" +", " ", "".join(part for _, part in _runs(clean(text)))).strip()


@lru_cache(maxsize=4096)
def ems(text: str) -> float:
    """Width of one line in ems, that is for a size of 1."""
    return sum(_font(face, 100).getlength(part) for face, part in _runs(text)) / 100


def shorten(text: str, room: float) -> str:
    """The text, cut with an ellipsis so that it is at most `room` ems wide; empty when nothing fits."""
    if ems(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ems(text[:middle].rstrip() + ELLIPSIS) <= room else (low, middle - 1)
    return text[:low].rstrip(" ,.;:-") + ELLIPSIS if low else ""


def _words(text: str, room: float) -> Iterator[str]:
    """Words no wider than `room` ems; longer ones (and scripts without spaces) come in pieces."""
    for word in text.split(" "):
        while len(word) > 1 and ems(word) > room:
            end = max(1, int(len(word) * room / ems(word)))
            while end > 1 and ems(word[:end]) > room:
                end -= 1
            yield word[:end]
            word = word[end:]
        yield word


def wrap(text: str, room: float, most: int) -> list[str]:
    """Lines of at most `room` ems, at most `most` of them; what is left over is cut with an ellipsis."""
    lines: list[str] = []
    for word in _words(text, room):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and ems(joined) <= room:
            lines[-1] = joined
        elif len(lines) == most:
            lines[-1] = shorten(f"{joined} {ELLIPSIS}", room) or lines[-1]
            break
        else:
            lines.append(word)
    return [line for line in lines if line]


def fit(text: str, width: float, height: float, largest: float, smallest: float) -> tuple[list[str], float]:
    """Lines and the largest size (px) for which the whole text stands in width x height px.

    At the smallest size the text is cut to what fits.
    """
    size = largest
    while size > smallest:
        lines = wrap(text, width / size, 99)
        whole = max((ems(word) for word in text.split(" ")), default=0) * size <= width
        if len(lines) * size * LEADING <= height and (whole or size < largest * 0.4):
            return lines, size
        size *= 0.93
    return wrap(text, width / smallest, max(1, int(height / (smallest * LEADING)))), smallest


def write(
    image: Image.Image,
    x: float,
    y: float,
    text: str,
    size: float,
    colour: Colour | int,
    align: Align = "left",
    bold: float = 0.0,
) -> None:
    """Draw one line with its baseline at y px; `bold` thickens strokes, in ems."""
    size = max(1, round(size))
    width = ems(text) * size
    x -= {"left": 0.0, "centre": width / 2, "right": width}[align]
    pen = ImageDraw.Draw(image)
    for face, part in _runs(text):
        font = _font(face, size)
        pen.text((x, y), part, font=font, fill=colour, anchor="ls", stroke_width=bold * size)
        x += font.getlength(part)


def write_lines(
    image: Image.Image,
    x: float,
    y: float,
    lines: list[str],
    size: float,
    colour: Colour | int,
    align: Align = "left",
    bold: float = 0.0,
    leading: float = LEADING,
) -> None:
    """Draw lines below each other, the first with its baseline at y px."""
    for number, line in enumerate(lines):
        if align == "left" and _right_to_left(line) and _right_to_left(line.split(" ")[0]):
            widest = max(ems(each) for each in lines) * size
            write(image, x + widest, y + number * size * leading, line, size, colour, "right", bold)
        else:
            write(image, x, y + number * size * leading, line, size, colour, align, bold)


def stack(text: str, width: float, height: float, gap: float) -> list[tuple[str, float, float]]:
    """Lines that each fill the width in a size of their own, as (line, baseline px from the top, size px)."""
    tall = 0.72 if text.isascii() else 1.05  # what a line takes in ems: Latin capitals have no tails
    room = max(2.0, min(14.0, max(ems(word) for word in text.split(" ")) + 0.01))  # breaks no usual word
    while True:
        lines = wrap(text, room, 60)
        sizes = [min(width / max(0.3, ems(line)), height * 0.42) for line in lines]
        total = sum(size * tall + gap for size in sizes) - gap
        if total <= height or room > 40:
            break
        room *= 1.07
    spread = min(gap * 2, max(0.0, height - total) / len(lines)) if len(lines) > 1 else 0.0
    top = max(0.0, height - total - spread * (len(lines) - 1)) / 2
    placed: list[tuple[str, float, float]] = []
    for line, size in zip(lines, sizes, strict=True):
        placed.append((line, top + size * tall, size))
        top += size * tall + gap + spread
    return placed


def write_around(
    image: Image.Image, text: str, centre: tuple[float, float], radius: float, largest: float, colour: Colour
) -> None:
    """Set the text on a circle (px) as often as it fits, at most `largest` px in size."""
    length = math.tau * radius
    text = shorten(text, length / (largest * 0.38) - 1.5) + "   ·   "
    each = max(0.5, ems(text))
    size = max(3.0, min(largest, length / each))
    times = max(1, round(length / size / each))
    size = max(3.0, length / times / each)
    strip = Image.new("L", (max(2, round(length)), max(3, round(size * 1.5))))
    for number in range(times):
        write(strip, number * length / times, size * 1.1, text, size, 255, bold=0.012)
    band, outer = np.asarray(strip, np.float32), radius + size * 1.1
    low = [max(0, math.floor(middle - outer)) for middle in centre]
    high = [min(end, math.ceil(middle + outer)) for end, middle in zip(image.size, centre, strict=True)]
    ys = np.arange(low[1], high[1], dtype=np.float32)[:, None] - centre[1]
    xs = np.arange(low[0], high[0], dtype=np.float32) - centre[0]
    square = xs**2 + ys**2
    rows, columns = np.nonzero((square < outer**2) & (square > (outer - strip.height + 2) ** 2))
    down = outer - np.sqrt(square[rows, columns])
    along = (np.arctan2(ys[rows, 0], xs[columns]) + math.pi * 0.75) % math.tau * radius
    left, upper = np.floor(along).astype(int), np.clip(np.floor(down).astype(int), 0, strip.height - 2)
    right, share, drop = (left + 1) % strip.width, along - left, down - upper
    left %= strip.width
    above = band[upper, left] * (1 - share) + band[upper, right] * share
    below = band[upper + 1, left] * (1 - share) + band[upper + 1, right] * share
    mask = np.zeros(square.shape, np.uint8)
    mask[rows, columns] = (above * (1 - drop) + below * drop).astype(np.uint8)
    image.paste(colour, (low[0], low[1]), Image.fromarray(mask))
