"""Flat shapes: scenes of polygons, the same as pixels and as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from PIL import Image, ImageDraw

from components.sandbox.art.canvas import Canvas
from components.sandbox.art.colours import Colour

Point = tuple[float, float]
Shape = tuple[Colour, list[Point]]
Scene = list[Shape]


def box(x: float, y: float, width: float, height: float, fill: Colour) -> Shape:
    """A rectangle."""
    return fill, [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def arc(centre: Point, radius: float, start: int = 0, angle: int = 360) -> list[Point]:
    """Points on a circle, three degrees apart, clockwise from ``start`` (0 is three o'clock)."""
    turns = [math.radians(degrees) for degrees in range(start, start + angle + 1, 3)]
    return [(centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in turns]


def rings(centre: Point, fill: Colour, gap: Colour, radii: Iterable[float]) -> Scene:
    """Discs within each other, outermost first, in turns filled and not."""
    return [((gap if number % 2 else fill), arc(centre, radius)) for number, radius in enumerate(radii)]


def pattern(canvas: Canvas) -> Scene:
    """A grid of quarter discs, leaves, rings and triangles."""
    palette, cell = canvas.palette, canvas.unit / (3, 4, 6)[canvas.detail]
    columns, rows = max(1, round(canvas.width / cell)), max(1, round(canvas.height / cell))
    across, down = canvas.width / columns, canvas.height / rows
    side, colours = min(across, down), (*palette.ramp, palette.accent, palette.second)
    scene: Scene = []
    for number in range(columns * rows):
        x, y = number % columns * across, number // columns * down
        back, front, small = (colours[int(n)] for n in canvas.rng.permutation(len(colours))[:3])
        tile, turn = box(x, y, across + 0.5, down + 0.5, back), int(canvas.rng.integers(4))
        corner, opposite = tile[1][turn], tile[1][turn - 2]
        quarter, half = arc(corner, side, turn * 90, 90), arc(corner, side / 2, turn * 90, 90)
        leaf = quarter + arc(opposite, side, turn * 90 + 180, 90)
        radii = (side * share for share in (0.42, 0.33, 0.24, 0.15, 0.06))
        target = rings((x + across / 2, y + down / 2), front, back, radii)
        pie: Scene = [(front, [corner, *quarter]), (small, [corner, *half])]
        scene += [tile, *(pie, pie, pie, [(front, leaf)], target, [(front, tile[1][:3])], [])[canvas.rng.integers(7)]]
    return scene


def logo(canvas: Canvas, *, around: bool = False) -> Scene:
    """Rings of discs around one centre, which is left free for something else if they stand ``around`` it."""
    p, unit, centre = canvas.palette, canvas.unit, (canvas.width / 2, canvas.height / 2)
    inks, step = (p.ramp[3 if p.dark else 0], p.ramp[2], p.accent), int(canvas.rng.choice((8, 10, 12, 15)))
    scene = [box(0, 0, canvas.width, canvas.height, p.ground)]
    scene += rings(centre, inks[0], p.ground, (unit * 0.42, unit * 0.413))
    for tier in range(1 + canvas.detail if around else 2 + canvas.detail):
        reach, start = unit * (0.35 - 0.06 * tier if around else 0.32 - 0.075 * tier), step // 2 * 3 * (tier % 2)
        scene += [(inks[tier % 3], arc(point, reach * 0.26)) for point in arc(centre, reach, start)[:-1:step]]
    if around:
        return [*scene, (p.ground, arc(centre, unit * 0.235))]
    return scene + rings(centre, p.ground, p.accent, (unit * share for share in (0.1, 0.075, 0.055, 0.045, 0.03, 0.02)))


def paint(scene: Scene, image: Image.Image) -> Image.Image:
    """The image with the scene on it, drawn at twice the size so that edges are smooth."""
    image = image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    for fill, points in scene:
        pen.polygon([(x * 2, y * 2) for x, y in points], fill)
    return image.reduce(2)


def svg(scene: Scene, width: int, height: int, mark: str, size: float) -> bytes:
    """The scene as an SVG file of width x height px, with the mark in the lower right corner."""
    outlines = ((fill, "L".join(f"{x:.1f} {y:.1f}" for x, y in points)) for fill, points in scene)
    paths = "".join(f'<path fill="rgb{fill}" d="M{outline}Z"/>' for fill, outline in outlines)
    place = f'x="{width - size:.1f}" y="{height - size:.1f}" text-anchor="end" font-size="{size:.1f}"'
    look = f'font-family="sans-serif" fill="#fff" stroke="#0008" stroke-width="{size / 4:.1f}" paint-order="stroke"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return f"{head}<title>{escape(mark)}</title>{paths}<text {place} {look}>{escape(mark)}</text></svg>\n".encode()
