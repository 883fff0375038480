"""Pictures of the built-in sandbox: drawn here from the request alone, always marked as such."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageStat

from components.sandbox import lettering, manners, palettes, vectors
from components.sandbox.manners import Manner
from components.sandbox.palettes import Colour, Palette, digest, mix
from components.sandbox.vectors import Composer, Sheet


@dataclass(frozen=True)
class Drawing:
    """Everything a picture is drawn from; equal drawings give equal bytes."""

    model: str  # catalog id, chooses the manner; an id that is not known gets a manner by hash
    name: str  # display name for the mark
    prompt: str
    settings: Mapping[str, object]  # all other body fields; any changed setting changes the picture
    width: int  # px, 64..4096
    height: int  # px, 64..4096
    format: str  # "png" | "jpeg" | "webp" | "svg"
    detail: int = 1  # 0 draft, 1 normal, 2 fine
    inputs: tuple[str, ...] = ()  # addresses of input pictures; the first gives an edit its colours and forms
    negative: str = ""  # changes the palette
    style: str = ""  # changes the palette
    seed: int = 0
    index: int = 0  # which of several pictures of one task


@dataclass(frozen=True)
class Picture:
    """An encoded picture, width x height px; the extension has no dot."""

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int


_MANNERS: dict[str, tuple[Manner | None, str]] = {  # no manner: flat shapes; where the prompt stands
    "cogview-4": (manners.hills, "margin"),
    "flux-2": (manners.silk, "bleed"),
    "grok-imagine": (manners.cosmos, "bleed"),
    "kling-image-o1": (manners.film, "own"),
    "ideogram-v3": (manners.woodtype, "own"),
    "imagen-4": (manners.bokeh, "bleed"),
    "gpt-image-1.5-official": (vectors.poster, "own"),
    "recraft-v4": (None, "margin"),
    "ideogram-v4": (manners.orbit, "own"),
    "seedream-4-5": (manners.waves, "margin"),
    "hunyuan-image-3": (manners.ink, "margin"),
}
_EMBLEMS = {"logo", "icon", "emblem", "badge", "symbol", "mark", "brand"}
_LANDSCAPES = {"landscape", "mountain", "mountains", "hill", "hills", "valley", "forest", "sunset", "desert"}
_SCENES: tuple[Composer, ...] = (vectors.tiles, vectors.scenery, vectors.emblem)

_FORMATS = {
    "png": ("image/png", "png"),
    "jpeg": ("image/jpeg", "jpg"),
    "webp": ("image/webp", "webp"),
    "svg": ("image/svg+xml", "svg"),
}


@dataclass(frozen=True)
class _Plan:
    """What a drawing comes down to: colours, sources and where things stand (px)."""

    palette: Palette
    forms: int  # seeds where forms go
    grain: int  # seeds what any change must change
    manner: Manner | None
    stand: str
    plate: tuple[int, int, int, int]  # x, y, width, height of the painted part
    text: str
    mark: str

    def sheet(self, drawing: Drawing) -> Sheet:
        return Sheet(
            self.plate[2],
            self.plate[3],
            self.palette,
            random.Random(self.forms),
            np.random.default_rng(self.forms),
            max(0, min(2, drawing.detail)),
            self.text,
        )

    def scene(self, drawing: Drawing) -> vectors.Scene:
        words = set(re.findall(r"[a-z]+", drawing.prompt.lower()))
        if words & _EMBLEMS:
            composer: Composer = vectors.emblem
        elif words & _LANDSCAPES:
            composer = vectors.scenery
        else:
            composer = _SCENES[digest(drawing.model, self.forms) % 3]
        return composer(self.sheet(drawing))


def _plan(drawing: Drawing) -> _Plan:
    whole = digest({**vars(drawing), "settings": dict(drawing.settings)})
    known = sorted(_MANNERS)
    model = drawing.model if drawing.model in _MANNERS else known[digest(drawing.model) % len(known)]
    manner, stand = _MANNERS[model]
    forms, told = whole, drawing.prompt
    if drawing.inputs:
        forms, told = digest(drawing.inputs[0], drawing.seed, drawing.index), _told(drawing.inputs[0])
    palette = palettes.choose(told, drawing.negative, drawing.style, whole)
    if drawing.inputs:  # the original's colours with what the new prompt asks for as the accent
        palette = replace(palette, accent=palettes.choose(drawing.prompt, "", "", whole).accent)
    if drawing.format == "svg":
        manner, stand = None, "margin"
    edge = round(min(drawing.width, drawing.height) * 0.05) if stand == "margin" else 0
    foot = round(min(drawing.width, drawing.height) * 0.075) if stand == "margin" else 0
    plate = (edge, edge, drawing.width - 2 * edge, drawing.height - 2 * edge - foot)
    mark = lettering.clean(f"sandbox · {drawing.name}")
    return _Plan(palette, forms, whole, manner, stand, plate, lettering.drawable(drawing.prompt), mark)


def _told(address: str) -> str:
    """Text that stands for the picture at an address when colours are chosen."""
    return f"picture {digest(address)}"


def _sizes(width: int, height: int) -> tuple[float, float]:
    """Size of the small letters and distance from the edge, px."""
    unit = min(width, height)
    return min(44.0, max(6.0, unit * 0.0195, 11.0 if unit >= 400 else 0)), max(3.0, unit * 0.028)


def _original(address: str, width: int, height: int) -> vectors.Scene:
    """The picture at the address as a small stand-in, the same in every edit of it."""
    palette, key = palettes.choose(_told(address), "", "", 20), digest("original", address)
    return vectors.scenery(Sheet(width, height, palette, random.Random(key), np.random.default_rng(key), 1, ""))


def _inset(drawing: Drawing) -> tuple[int, int, int, int]:
    """Where the original stands in an edit: x, y, width, height px of the picture inside its frame."""
    side = round(min(drawing.width, drawing.height) * 0.2)
    away = round(min(drawing.width, drawing.height) * 0.085)
    return drawing.width - side - away, away, side, side


def _vector(drawing: Drawing, plan: _Plan) -> bytes:
    size, _ = _sizes(drawing.width, drawing.height)
    x, y, width, height = plan.plate
    parts = [vectors.nested(plan.scene(drawing), x, y, width, height)]
    if drawing.inputs:
        ix, iy, iw, ih = _inset(drawing)
        rim = max(1.0, iw * 0.04)
        parts.append(
            vectors.nested(
                [vectors.box(0, 0, iw + 2 * rim, ih + 2 * rim, plan.palette.paper)],
                ix - rim,
                iy - rim,
                iw + 2 * rim,
                ih + 2 * rim,
            )
        )
        parts.append(vectors.nested(_original(drawing.inputs[0], iw, ih), ix, iy, iw, ih))
    for line in _margin_lines(drawing, plan, size):
        parts.append(vectors.lettered(line))
    return vectors.document(drawing.width, drawing.height, plan.palette.paper, plan.mark, parts)


def _margin_lines(drawing: Drawing, plan: _Plan, size: float) -> list[vectors.Line]:
    """The caption at the left of the lower margin and the mark at its right."""
    x, y, width, height = plan.plate
    middle = (y + height + drawing.height) / 2 + size * 0.35
    mark = lettering.shorten(plan.mark, width / size)
    room = (width - lettering.ems(mark) * size) / size - 2
    faint = mix(plan.palette.ink, plan.palette.paper, 0.35)
    lines = lettering.wrap(plan.text, room, 2) if room > 4 else []
    start = middle - (len(lines) - 1) * size * 0.61
    text = [
        vectors.Line(line, x, start + n * size * lettering.LEADING, size, plan.palette.ink) for n, line in enumerate(lines)
    ]
    return [*text, vectors.Line(mark, x + width, middle, size, faint, "right")]


def _raster(drawing: Drawing, plan: _Plan) -> Image.Image:
    size, pad = _sizes(drawing.width, drawing.height)
    x, y, width, height = plan.plate
    painted = plan.manner(plan.sheet(drawing)) if plan.manner else vectors.paint(plan.scene(drawing), width, height)
    painted = _grained(painted, plan.grain)
    if plan.stand == "margin":
        image = Image.new("RGB", (drawing.width, drawing.height), plan.palette.paper)
        image.paste(painted, (x, y))
        for line in _margin_lines(drawing, plan, size):
            lettering.write(image, line.x, line.y, line.text, line.size, line.fill, line.align)
    else:
        image = painted
        if plan.stand == "bleed":
            _caption(image, plan, size, pad)
        _sign(image, plan.mark, size, pad)
    if drawing.inputs:
        ix, iy, iw, ih = _inset(drawing)
        rim = max(1, round(iw * 0.04))
        ImageDraw.Draw(image).rectangle((ix - rim, iy - rim, ix + iw + rim - 1, iy + ih + rim - 1), fill=plan.palette.paper)
        image.paste(vectors.paint(_original(drawing.inputs[0], iw, ih), iw, ih), (ix, iy))
    return image


def _grained(image: Image.Image, key: int) -> Image.Image:
    """The picture with a barely visible grain, which keeps soft gradients from showing steps."""
    grain = np.random.default_rng(key).integers(0, 4, (256, 256), np.uint8)
    down, across = -(-image.height // 256), -(-image.width // 256)
    sheet = Image.fromarray(np.tile(grain, (down, across))[: image.height, : image.width])
    return ImageChops.add(image, Image.merge("RGB", (sheet, sheet, sheet)), 1, -2)


def _caption(image: Image.Image, plan: _Plan, size: float, pad: float) -> None:
    """The prompt at the lower left over a shade that keeps it legible."""
    mark_room = lettering.ems(plan.mark) * size + 3 * pad
    narrow = image.width - mark_room < image.width * 0.5
    size *= 1.25
    lines = lettering.wrap(plan.text, ((image.width - 2 * pad) if narrow else (image.width - mark_room) * 0.94) / size, 2)
    foot = image.height - pad * (2.2 if narrow else 1) - size * 0.2
    tall = min(image.height, round(image.height - foot + (len(lines) + 3) * size * lettering.LEADING))
    shade = np.linspace(0, 1, tall, dtype=np.float32)[:, None] ** 1.3 * 165
    mask = Image.fromarray(shade.astype(np.uint8)).resize((image.width, tall))
    image.paste(mix(plan.palette.ramp[0], (8, 8, 12), 0.5), (0, image.height - tall), mask)
    start = foot - (len(lines) - 1) * size * lettering.LEADING
    lettering.write_lines(image, pad, start, lines, size, (250, 248, 242))


def _sign(image: Image.Image, mark: str, size: float, pad: float) -> None:
    """The mark at the lower right, in a tone that stands off its ground, on a plate where the ground is uneven."""
    mark = lettering.shorten(mark, (image.width - pad) / size) or "sandbox"
    wide = lettering.ems(mark) * size
    x, y = image.width - pad - wide, image.height - pad
    spot = (
        max(0, int(x - size * 0.5)),
        max(0, int(y - size * 1.15)),
        min(image.width, int(x + wide + size * 0.5)),
        min(image.height, int(y + size * 0.5)),
    )
    ground = ImageStat.Stat(image.crop(spot).convert("L"))
    bright, uneven = ground.mean[0], ground.stddev[0] > 16
    ink: Colour = (18, 18, 22) if bright > 128 else (246, 244, 238)
    if uneven or 90 < bright < 165:
        under = Image.new("L", (spot[2] - spot[0], spot[3] - spot[1]))
        ImageDraw.Draw(under).rounded_rectangle((0, 0, under.width - 1, under.height - 1), size * 0.45, fill=185)
        image.paste((246, 244, 238) if bright > 128 else (14, 14, 18), spot[:2], under)
    lettering.write(image, x, y, mark, size, ink)


def draw(drawing: Drawing) -> Picture:
    """Draw and encode the picture; raises ValueError for a format or a size that is not known."""
    if drawing.format not in _FORMATS:
        raise ValueError(f"unknown picture format {drawing.format!r}")
    if not (64 <= drawing.width <= 4096 and 64 <= drawing.height <= 4096):
        raise ValueError(f"picture size {drawing.width}x{drawing.height} is outside 64..4096")
    plan = _plan(drawing)
    media_type, extension = _FORMATS[drawing.format]
    if drawing.format == "svg":
        data = _vector(drawing, plan)
    else:
        out = io.BytesIO()
        options = {
            "png": {"compress_level": 3, "compress_type": 3},
            "jpeg": {"quality": 88},
            "webp": {"quality": 88, "method": 1},
        }[drawing.format]
        _raster(drawing, plan).save(out, drawing.format.upper(), **options)
        data = out.getvalue()
    return Picture(data, media_type, extension, drawing.width, drawing.height)
