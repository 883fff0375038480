"""Flat shapes: colours, scenes made of shapes, and the same scene as SVG or as pixels."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from components.sandbox import lettering
from components.sandbox.lettering import Align
from components.sandbox.palettes import Colour, Palette, mix

_MOST_PIXELS = 2048 * 2048  # above it shapes are not drawn larger to be smoothed


@dataclass(frozen=True)
class Sheet:
    """What a manner paints: width x height px, the palette, two seeded sources and the prompt as text."""

    width: int
    height: int
    palette: Palette
    rng: random.Random
    noise: np.random.Generator
    detail: int
    text: str

    @property
    def unit(self) -> int:
        """The shorter side in px, what sizes are measured by."""
        return min(self.width, self.height)

    def small(self, longest: int) -> tuple[int, int]:
        """Width and height with the same proportions, at most `longest` px."""
        scale = min(1.0, longest / max(self.width, self.height))
        return max(2, round(self.width * scale)), max(2, round(self.height * scale))


@dataclass(frozen=True)
class Shape:
    """A flat shape in px. Points: polygon corners; (centre,) for disc and ring; (apex,) for a wedge, a
    quarter disc from `start` degrees (clockwise from three o'clock)."""

    kind: Literal["polygon", "disc", "ring", "wedge"]
    fill: Colour
    points: tuple[tuple[float, float], ...]
    radius: float = 0.0
    start: int = 0
    stroke: float = 0.0


@dataclass(frozen=True)
class Line:
    """One line of text, baseline at (x, y) px."""

    text: str
    x: float
    y: float
    size: float
    fill: Colour
    align: Align = "left"


Scene = list[Shape]
Composer = Callable[[Sheet], Scene]


def box(x: float, y: float, width: float, height: float, fill: Colour) -> Shape:
    """A rectangle."""
    return Shape("polygon", fill, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)))


def tiles(sheet: Sheet) -> Scene:
    """A grid of quarter discs, discs and triangles in few colours."""
    width, height, palette, rng, detail = sheet.width, sheet.height, sheet.palette, sheet.rng, sheet.detail
    count = (3, 4, 6)[detail]
    cell = min(width, height) / count
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    across, down = width / columns, height / rows
    colours = [palette.ramp[0], palette.ramp[1], palette.ramp[2], palette.ramp[3], palette.ramp[4], palette.accent]
    scene = [box(0, 0, width, height, palette.ramp[4])]
    for number in range(min(columns * rows, 900)):
        x, y = number % columns * across, number // columns * down
        ground, figure = rng.sample(colours, 2) if rng.random() < 0.8 else (palette.ramp[4], palette.second)
        scene.append(box(x, y, across + 0.5, down + 0.5, ground))
        middle, side = (x + across / 2, y + down / 2), min(across, down)
        corners = ((x, y), (x + across, y), (x + across, y + down), (x, y + down))
        form, at = (
            rng.choice(("wedge", "wedge", "wedge", "leaf", "disc", "ring", "half", "corner", "calm")),
            rng.randrange(4),
        )
        if form == "wedge":
            scene.append(Shape("wedge", figure, (corners[at],), side, at * 90))
            scene.append(Shape("wedge", rng.choice(colours), (corners[at],), side * 0.5, at * 90))
        elif form == "leaf":
            halves = ((corners[at], at * 90), (corners[(at + 2) % 4], at * 90 + 180))
            turns = [(corner, math.radians(start + 5 * n)) for corner, start in halves for n in range(19)]
            scene.append(
                Shape(
                    "polygon",
                    figure,
                    tuple((cx + side * math.cos(turned), cy + side * math.sin(turned)) for (cx, cy), turned in turns),
                )
            )
        elif form == "disc":
            scene += [Shape("disc", figure, (middle,), side * 0.36)]
        elif form == "ring":
            scene += [Shape("ring", figure, (middle,), side * r, stroke=side * 0.08) for r in (0.4, 0.24, 0.08)]
        elif form == "half":
            edge = ((x + across / 2, y), (x + across, y + down / 2), (x + across / 2, y + down), (x, y + down / 2))[at]
            scene += [Shape("wedge", figure, (edge,), side / 2, (at * 90 + turned) % 360) for turned in (0, 90)]
        elif form == "corner":
            scene.append(Shape("polygon", figure, tuple(corners[(at + n) % 4] for n in range(3))))
    return scene


def scenery(sheet: Sheet) -> Scene:
    """A flat landscape: a sun with rings, hills behind each other, trees."""
    width, height, palette, rng, detail = sheet.width, sheet.height, sheet.palette, sheet.rng, sheet.detail
    sky = palette.ramp[1] if palette.dark else palette.ramp[4]
    unit = min(width, height)
    sun = (width * rng.choice((0.3, 0.38, 0.62, 0.7)), height * rng.uniform(0.3, 0.4))
    scene = [box(0, 0, width, height, sky)]
    rings = 2 + detail
    for ring in range(rings, 0, -1):
        tint = mix(sky, palette.ramp[2 if palette.dark else 3], 0.5 * (1 - ring / (rings + 1)))
        scene.append(Shape("disc", tint, (sun,), unit * (0.15 + 0.09 * ring)))
    scene.append(Shape("disc", palette.accent, (sun,), unit * 0.15))
    layers = (3, 5, 7)[detail]
    for layer in range(layers):
        near = (layer + 1) / layers
        tone = palette.at(0.62 * (1 - near)) if palette.dark else palette.at(0.78 * (1 - near) + 0.04)
        base = height * (0.5 + 0.42 * (layer + 0.3) / layers)
        waves = [(rng.uniform(0.5, 1.5) * (1 + n), rng.uniform(0, 6.3), unit * 0.07 / (1 + 1.4 * n)) for n in range(3)]

        def crest(x: float, base: float = base, waves: list[tuple[float, float, float]] = waves) -> float:
            return base + sum(tall * math.sin(x / width * often * 6.28 + phase) for often, phase, tall in waves)

        steps = [width * n / 72 for n in range(73)]
        scene.append(Shape("polygon", tone, (*((x, crest(x)) for x in steps), (width, height), (0.0, height))))
        for _ in range((2, 5, 9)[detail] if 0 < layer < layers - 1 else 0):
            x, tall = rng.uniform(0.03, 0.97) * width, unit * rng.uniform(0.05, 0.09) * (0.5 + near * 0.7)
            foot, leaf = crest(x) + tall * 0.08, mix(tone, palette.ramp[0], 0.45)
            scene.append(Shape("polygon", leaf, ((x - tall * 0.22, foot), (x, foot - tall), (x + tall * 0.22, foot))))
    return scene


def emblem(sheet: Sheet) -> Scene:
    """Petals and rings around one centre, as in a mark."""
    width, height, palette, rng, detail = sheet.width, sheet.height, sheet.palette, sheet.rng, sheet.detail
    ground = palette.ramp[0] if palette.dark else palette.ramp[4]
    inks = (
        [palette.ramp[3], palette.ramp[2], palette.accent]
        if palette.dark
        else [palette.ramp[0], palette.ramp[2], palette.accent]
    )
    cx, cy, unit = width / 2, height / 2, min(width, height)
    scene = [box(0, 0, width, height, ground)]
    if detail:
        scene.append(Shape("ring", inks[0], ((cx, cy),), unit * 0.415, stroke=unit * 0.006))
    folds, tilt = rng.choice((6, 8, 10, 12)) + 2 * detail, rng.uniform(0, 1)
    outer = unit * 0.375
    for tier in range(1 + detail):
        reach, wide = outer * (1 - tier * 0.27), math.pi / folds * rng.uniform(0.55, 0.95)
        for fold in range(folds):
            angle = (fold + tilt + tier * 0.5) / folds * math.tau
            petal = [(n / 16, math.sin(math.pi * (n / 16) ** 1.3) * wide) for n in range(17)]
            both = [(r, a) for r, a in petal] + [(r, -a) for r, a in reversed(petal)]
            scene.append(
                Shape(
                    "polygon",
                    inks[tier % 3],
                    tuple(
                        (
                            cx + math.cos(angle + a) * reach * (0.18 + 0.82 * r),
                            cy + math.sin(angle + a) * reach * (0.18 + 0.82 * r),
                        )
                        for r, a in both
                    ),
                )
            )
    scene.append(Shape("disc", ground, ((cx, cy),), outer * 0.27))
    scene.append(Shape("disc", palette.accent, ((cx, cy),), outer * 0.2))
    scene += [Shape("ring", ground, ((cx, cy),), outer * r, stroke=outer * 0.025) for r in (0.13, 0.07)[: 1 + detail]]
    return scene


def paint(scene: Scene, width: int, height: int) -> Image.Image:
    """The scene as smooth pixels."""
    scale = 2 if width * height * 2 <= _MOST_PIXELS * 2 else 1
    image = Image.new("RGB", (width * scale, height * scale))
    pen = ImageDraw.Draw(image)
    for shape in scene:
        points = [(x * scale, y * scale) for x, y in shape.points]
        if shape.kind == "polygon":
            pen.polygon(points, fill=shape.fill)
            continue
        (x, y), radius = points[0], (shape.radius + shape.stroke / 2) * scale
        bounds = (x - radius, y - radius, x + radius, y + radius)
        if shape.kind == "disc":
            pen.ellipse(bounds, fill=shape.fill)
        elif shape.kind == "ring":
            pen.ellipse(bounds, outline=shape.fill, width=max(1, round(shape.stroke * scale)))
        else:
            pen.pieslice(bounds, shape.start, shape.start + 90, fill=shape.fill)
    return image.reduce(scale) if scale > 1 else image


def poster(sheet: Sheet) -> Image.Image:
    """The text large at the upper left, two colours of flat forms printed over each other below or beside it."""
    width, height, p, rng, detail = sheet.width, sheet.height, sheet.palette, sheet.rng, sheet.detail
    unit, wide = sheet.unit, width > height * 1.2
    pad, form, white = unit * 0.07, rng.randrange(3), (0, 0, 0) if p.dark else (255, 255, 255)
    x, y, r = (width * 0.77, height * 0.5, height * 0.31) if wide else (width * 0.63, height * 0.68, unit * 0.3)
    under = [box(0, 0, width, height, white), Shape("disc", p.accent, ((x, y),), r)]
    over, count = [box(0, 0, width, height, white)], (3, 5, 9)[detail]
    if form == 0:
        over.append(Shape("disc", p.ramp[2], ((x - r * 0.72, y + r * 0.3),), r * 0.62))
    for n in range(count):
        if form == 0:
            over.append(Shape("ring", p.ramp[1], ((x - r * 0.72, y + r * 0.3),), r * (0.7 + 0.08 * n), stroke=r * 0.014))
        elif form == 1:
            over.append(Shape("ring", p.ramp[2], ((x - r, y + r),), r * (0.4 + 1.4 * n / count), stroke=r * 0.5 / count))
        else:
            over.append(box(x - r * 1.6, y - r + 2 * r * n / count, r * (1.1 + 1.2 * n / count), r / count, p.ramp[2]))
    blend = ImageChops.screen if p.dark else ImageChops.multiply
    image = blend(paint(under, width, height), paint(over, width, height))
    image = blend(image, Image.new("RGB", image.size, p.ramp[0] if p.dark else p.ramp[4]))
    room = (width * 0.37, height - 3 * pad) if wide else (width - 2 * pad, height * 0.4 - pad)
    lines, size = lettering.fit(sheet.text, *room, unit * 0.15, max(6.0, unit * 0.03))
    ink = p.paper if p.dark else p.ink
    lettering.write_lines(image, pad, pad + size * 0.76, lines, size, ink, bold=0.018, leading=1.08)
    return image


def _tag(shape: Shape) -> str:
    colour = "#{:02x}{:02x}{:02x}".format(*shape.fill)
    if shape.kind == "polygon":
        return f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in shape.points)}Z" fill="{colour}"/>'
    x, y = shape.points[0]
    round_ = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.1f}"'
    if shape.kind == "disc":
        return f'{round_} fill="{colour}"/>'
    if shape.kind == "ring":
        return f'{round_} fill="none" stroke="{colour}" stroke-width="{shape.stroke:.1f}"/>'
    first, last = math.radians(shape.start), math.radians(shape.start + 90)
    ends = [(x + shape.radius * math.cos(a), y + shape.radius * math.sin(a)) for a in (first, last)]
    return (
        f'<path d="M{x:.1f} {y:.1f}L{ends[0][0]:.1f} {ends[0][1]:.1f}A{shape.radius:.1f} {shape.radius:.1f} 0 0 1 '
        f'{ends[1][0]:.1f} {ends[1][1]:.1f}Z" fill="{colour}"/>'
    )


def nested(scene: Scene, x: float, y: float, width: float, height: float) -> str:
    """The scene as an SVG element that keeps what it draws inside its own rectangle."""
    return (
        f'<svg x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" overflow="hidden">'
        f"{''.join(map(_tag, scene))}</svg>"
    )


def lettered(line: Line) -> str:
    """The line of text as an SVG element."""
    anchor = {"left": "start", "centre": "middle", "right": "end"}[line.align]
    return (
        f'<text x="{line.x:.1f}" y="{line.y:.1f}" font-family="sans-serif" font-size="{line.size:.1f}" '
        f'text-anchor="{anchor}" fill="#{"".join(f"{c:02x}" for c in line.fill)}">{escape(line.text)}</text>'
    )


def document(width: int, height: int, ground: Colour, title: str, parts: list[str]) -> bytes:
    """A whole SVG file, width x height px."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#{"".join(f"{c:02x}" for c in ground)}"/>'
        f"{''.join(parts)}</svg>\n"
    ).encode()
