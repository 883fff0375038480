"""A request -> the picture it asks for, as the bytes of a file. The same request gives the same bytes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from math import sqrt
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image, ImageDraw

from components.catalog.parameters import Role
from components.catalog.requests import Request
from components.catalog.shapes import read_shape
from components.sandbox.art import lettering
from components.sandbox.art.canvas import Canvas
from components.sandbox.art.colours import choose_palette
from components.sandbox.art.manners import Manner
from components.sandbox.art.shapes import Scene, box, paint, pattern, svg
from components.sandbox.art.subjects import compose

LONGEST_SIDE = 2048  # pixels
SMALL = 320  # pixels, on a card of half as many CSS pixels
_SAVING: dict[str, dict[str, int]] = {"png": {"compress_level": 1}, "jpeg": {"quality": 88}, "webp": {"method": 1}}


def picture_format(request: Request) -> str:
    """``svg`` for a vector variant, else what ``output_format`` asks for, else ``png``."""
    if "vector" in str(request.body["model"]):
        return "svg"
    wanted = str(request.parameters.get("output_format", "")).lower()
    return wanted if wanted in _SAVING else "png"


def picture_size(request: Request, longest: int = LONGEST_SIDE) -> tuple[int, int]:
    """Width and height in the shape asked for, in pixels: a size as it is, a ratio at about 1 or, for 2K, 4 megapixels.

    No side is longer than ``longest``: a larger picture is scaled down as a whole.
    """
    shape = read_shape(request.shape)
    if shape and shape.exact:
        width, height = shape.width, shape.height
    else:
        edge = 2048 if str(request.parameters.get("resolution")).lower() == "2k" else 1024
        root = sqrt(min(max(shape.ratio if shape else 1.0, 1 / 8), 8))
        width, height = edge * root, edge / root
    scale = min(1.0, longest / max(width, height))
    return max(64, round(width * scale)), max(64, round(height * scale))


def draw(
    request: Request,
    manner: Manner,
    kind: str,
    *,
    index: int = 0,
    chance: int = 0,
    square: bool = False,
    longest: int = LONGEST_SIDE,
    named: bool = True,
) -> bytes:
    """The picture number ``index`` of a request as a file of a kind (``png jpeg webp svg``).

    ``chance`` takes the place of a seed that was not given or is -1; ``square`` ignores the shape asked for.
    No side is longer than ``longest`` pixels. Without ``named`` the mark is "sandbox" alone.
    """
    body, style = json.dumps(request.body, sort_keys=True), str(request.parameters.get("style", ""))
    images = _value(request, Role.IMAGES, "")
    source = images if isinstance(images, str) else images[0]
    palette = choose_palette(source or request.prompt, _value(request, Role.NEGATIVE, ""), style)
    if source:  # the original's colours, with what the new prompt asks for as the accent
        palette = replace(palette, accent=choose_palette(request.prompt).accent)
    seed = _value(request, Role.SEED, -1)  # -1 asks for a random one
    key, text = f"{source or body} {chance if seed < 0 else seed} {index}", lettering.printable(request.prompt)
    width, height = (min(1024, longest),) * 2 if square else picture_size(request, longest)
    canvas = Canvas(width, height, palette, np.random.default_rng(crc32(key.encode())), _detail(request), text)
    mark = f"sandbox · {lettering.printable(request.model.name)}" if named else "sandbox"
    letters = max(6.0, canvas.unit * 0.0195)
    original = _original(canvas, source) if source else []
    if kind == "svg":
        return svg([*compose(canvas), *original], width, height, mark, letters)
    image = paint(original, manner(canvas)) if original else manner(canvas)
    # A barely visible grain, different for every request, keeps soft gradients from showing steps.
    grain = np.random.default_rng(crc32(body.encode())).integers(-2, 2, (height, width, 1), np.int8)
    image = Image.fromarray(np.clip(np.asarray(image, np.int16) + grain, 0, 255).astype(np.uint8))
    _sign(image, mark, letters)
    out = io.BytesIO()
    image.save(out, kind, **_SAVING[kind])
    return out.getvalue()


def draw_small(request: Request, manner: Manner) -> bytes:
    """The picture of a request as a WebP of SMALL px at most and a few kilobytes, also where it would be an SVG."""
    image = Image.open(io.BytesIO(draw(request, manner, "png", longest=SMALL * 2)))
    image.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "webp", quality=66, method=4)
    return out.getvalue()


def _value(request: Request, role: Role, otherwise: Any) -> Any:
    return request.parameters.get(request.model.by_role(role) or "", otherwise)


def _detail(request: Request) -> int:
    """How finely to draw, 0 to 2: the best quality on offer is 2; without a choice it is 1."""
    for name, field in request.model.parameters.items():
        if field.role is Role.QUALITY and field.enum:
            return max(0, 3 - len(field.enum) + field.enum.index(request.parameters[name]))
    return 1


def _original(canvas: Canvas, source: str) -> Scene:
    """A framed miniature that stands for the input picture, the same in every edit of it."""
    side, rim = canvas.unit // 6, max(1, canvas.unit // 120)
    x, y = canvas.width - side - 4 * rim, (canvas.height - side) // 2  # away from all text but capitals
    miniature = pattern(Canvas(side, side, choose_palette(source), np.random.default_rng(crc32(source.encode())), 0, ""))
    moved = [(fill, [(x + across, y + down) for across, down in points]) for fill, points in miniature]
    return [box(x - rim, y - rim, side + 2 * rim, side + 2 * rim, (250, 247, 240)), *moved]


def _sign(image: Image.Image, mark: str, size: float) -> None:
    """The mark on a small plate at the lower right."""
    mark = "".join(lettering.wrap(mark, image.width / size - 3, 1)) or "sandbox"
    right, foot, wide = image.width - size, image.height - size, lettering.ems(mark) * size
    plate = (right - wide - size * 0.9, foot - size * 1.7, right, foot)
    ImageDraw.Draw(image, "RGBA").rounded_rectangle(plate, size * 0.4, (14, 14, 18, 165))
    lettering.write(image, right - size * 0.45, foot - size * 0.5, [mark], size, (246, 244, 238), "rs")
