"""How each model draws. In every manner ``p`` is the palette; ``w``, ``h``, ``u`` are width, height and shorter side in px."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, cycle
from zlib import crc32

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from components.catalog.models import Catalog, Purpose
from components.sandbox.art import lettering
from components.sandbox.art.canvas import Canvas, Field, globe, glow
from components.sandbox.art.colours import Colour, Palette, mix
from components.sandbox.art.shapes import Scene, Shape, arc, box, paint, rings
from components.sandbox.art.subjects import compose, has_subject, place, stage, thing

Manner = Callable[[Canvas], Image.Image]
_STEPS: tuple[Colour, ...] = ((40, 40, 40), (84, 84, 84), (140, 140, 140), (196, 196, 196), (244, 244, 244))
GREYS = Palette(_STEPS, _STEPS[1], _STEPS[3], dark=False, ground=_STEPS[4], text=_STEPS[0])


def _below(canvas: Canvas, skyline: Field, fill: Colour) -> Shape:
    points = [(x, float(skyline[x])) for x in (*range(0, canvas.width - 1, 3), canvas.width - 1)]
    return fill, [*points, (canvas.width, points[-1][1]), (canvas.width, canvas.height), (0, canvas.height)]


def hills(canvas: Canvas) -> Image.Image:
    """Hills behind hills with firs and fog, a low sun with rings."""
    p, w, h, u, layers = canvas.palette, canvas.width, canvas.height, canvas.unit, 4 + 2 * canvas.detail
    sky, haze = (p.ramp[1], p.ramp[2]) if p.dark else (p.ramp[4], p.ramp[3])
    sun = (w * canvas.rng.choice((0.3, 0.38, 0.62, 0.7)), h * 0.35)
    halo = [(mix(sky, haze, 0.1 * ring), arc(sun, u * (0.55 - 0.1 * ring))) for ring in range(5)]
    scene: Scene = [*halo, (p.accent, arc(sun, u * 0.1))]
    foot, shown = h * 0.9, has_subject(canvas.text)
    for near in (layer / layers for layer in range(1, layers + 1)):
        if shown and near > 0.7:
            scene += place(canvas, h * 0.82, u * 0.6)
            shown = False
        tone = p.at((0.62 if p.dark else 0.8) * (1 - near) + 0.02)
        skyline = canvas.ridge(h * (0.42 + 0.47 * near), u * (0.1 - 0.05 * near), 2 + 4 * near)
        for x in canvas.rng.integers(0, w, 12 * canvas.detail if near > 0.5 else 0):
            tall = u * canvas.rng.uniform(0.03, 0.055) * (0.3 + near**2)
            foot = skyline[x] + tall * 0.15
            scene.append((tone, [(x - tall * 0.22, foot), (x, foot - tall), (x + tall * 0.22, foot)]))
        scene.append(_below(canvas, skyline, tone))
    image, small = paint(scene, Image.new("RGB", (w, h), sky)), canvas.scaled(256)
    fog = np.exp(-(((small.axes()[1] - 0.2) * 2.5) ** 2)) * (0.4 + 0.4 * small.noise(4, 3))
    image.paste(sky, (0, 0), canvas.mask(fog))
    return paint(thing(canvas, w - sun[0], foot, u * (0.55 if w < h * 1.5 else 0.8)), image)


def film(canvas: Canvas) -> Image.Image:
    """Hills and their reflection in a lake between black bars, the prompt as a subtitle."""
    p, w, h, u, bar = canvas.palette, canvas.width, canvas.height, canvas.unit, canvas.height // 8
    horizon, size = round(h * 0.57), max(6.0, min(bar * 0.2, u * 0.03))
    shore = hills(replace(canvas, height=horizon - bar))
    lake = ImageOps.flip(shore).resize((w, h - bar - horizon)).filter(ImageFilter.BoxBlur((u * 0.02, u * 0.004)))
    image = Image.new("RGB", (w, h), (6, 6, 8))
    image.paste(shore, (0, bar))
    image.paste(Image.blend(lake, Image.new("RGB", lake.size, p.ramp[0]), 0.4), (0, horizon))
    lettering.write(image, w / 2, h - bar * 0.64, lettering.wrap(canvas.text, w * 0.66 / size, 2), size, p.ramp[4], "ms")
    return image


def silk(canvas: Canvas) -> Image.Image:
    """Long folds of light running through a field of colour."""
    p, rng, small = canvas.palette, canvas.rng, canvas.scaled(640)
    across, down = small.axes()
    bend = small.noise(0.9, 1) * 0.38 + small.noise(2.6, canvas.detail) * 0.07
    along = across * 0.8 + down * rng.choice((-0.6, 0.6)) + bend
    crease = (along * (0.8, 1.3, 2)[canvas.detail] + np.sin(along * 2.5 + rng.uniform(0, 6)) * 0.22) % 1
    satin = np.minimum(crease / 0.8, (1 - crease) / 0.2)  # each fold climbs slowly and drops at a soft edge
    level = 0.31 + 0.25 * np.sin(along * 1.7 + rng.uniform(0, 6)) + 0.4 * satin**2 * (3 - 2 * satin)
    image = canvas.tint(level, *p.ramp[:3], mix(mix(p.ramp[2], p.ramp[3], 0.4), p.accent, 0.3), *p.ramp[3:])
    return ImageChops.soft_light(paint(stage(canvas, canvas.height * 0.9, canvas.unit * 0.72), image), image)


def cosmos(canvas: Canvas) -> Image.Image:
    """A star field with a nebula and a planet in half light."""
    p, rng, w, h, u, small = canvas.palette, canvas.rng, canvas.width, canvas.height, canvas.unit, canvas.scaled(360)
    across, down = small.axes()
    band = np.exp(-(((down + across * rng.uniform(-1.2, 1.2)) * 1.3) ** 2))
    dust, deep = band * (0.42 + small.noise(3, 3 + canvas.detail) * 0.62), mix(p.ramp[0], (4, 5, 16), 0.6)
    image = canvas.tint(dust, deep, mix(deep, p.ramp[1], 0.7), p.ramp[2], p.ramp[3])
    for bright in rng.random((120, 340, 800)[canvas.detail]) ** 5:
        x, y = rng.random() * w, rng.random() * h
        glow(image, x, y, u * 0.03 * bright, p.ramp[3], 0.4)
        glow(image, x, y, max(0.9, u * (0.0012 + 0.004 * bright)), p.ramp[4], 0.35 + 0.65 * bright, 0.5)
    x, y, r = w * canvas.rng.choice((0.34, 0.62)), h * rng.uniform(0.36, 0.54), u * rng.uniform(0.16, 0.23)
    glow(image, x, y, r * 1.5, mix(p.ramp[2], p.accent, 0.4), 0.5)
    globe(canvas, image, x, y, r, (2, 2, 6), deep, p.ramp[1], mix(p.ramp[2], p.accent, 0.5), p.accent, p.ramp[4])
    if has_subject(canvas.text):
        glow(image, w - x, h * 0.7, u * 0.4, mix(p.ramp[2], p.accent, 0.3), 0.5)
        small_world = [(mix(deep, p.ramp[1], 0.5), arc((w - x, h + u * 0.9), u * 1.05))]
        image = paint([*small_world, *stage(canvas, h * 0.9, u * 0.5, 1 - x / w)], image)
    return image


def ink(canvas: Canvas) -> Image.Image:
    """Mountains in washes of ink on paper under a red sun."""
    p, w, h, u, layers = canvas.palette, canvas.width, canvas.height, canvas.unit, 3 + canvas.detail
    light, rows, blots = np.ones((h, w)), np.arange(h, dtype=np.float32)[:, None], 1 + canvas.noise(9, 3) * 0.35
    for near in (layer / layers for layer in range(1, layers + 1)):
        depth = rows - canvas.ridge(h * (0.36 + 0.4 * near), u * (0.2 - 0.07 * near), 1.2 + 4 * near, sharp=True)
        wash = np.clip(depth + 0.5, 0, 1) * np.exp(np.clip(depth, 0, None) / (-u * (0.1 + 0.05 * near)))
        light *= 1 - np.clip(wash * (0.22 + 0.62 * near) * blots, 0, 1)
    if has_subject(canvas.text):
        shown = paint(
            stage(replace(canvas, palette=GREYS), h * 0.92, u * 0.62, 0.42), Image.new("RGB", (w, h), (255, 0, 255))
        )
        grey = np.asarray(shown, np.float32)
        inked = np.abs(grey[..., 0] - grey[..., 1]) < 90
        light = np.where(inked, np.clip(grey[..., 1] / 255 / np.clip(blots, 0.75, 1.3), 0, 1), light)
    image = Image.new("RGB", (w, h), mix(p.ramp[4], (243, 236, 220), 0.65))
    glow(image, w * canvas.rng.choice((0.24, 0.7, 0.76)), h * 0.19, u * 0.075, mix(p.accent, (200, 60, 44), 0.6), 0.9, 0.97)
    image.paste(mix(p.ramp[0], (24, 24, 26), 0.4), (0, 0), canvas.mask(1 - light))
    return image


def waves(canvas: Canvas) -> Image.Image:
    """Rolling waves, each drawn in bands as in a woodcut, under a sun."""
    p, w, h, u, rows = canvas.palette, canvas.width, canvas.height, canvas.unit, (3, 6, 8)[canvas.detail]
    columns, foam = np.arange(w, dtype=np.float32) / u, mix(p.ramp[4], (250, 247, 240), 0.6)
    scene: Scene = [(p.accent, arc((w * canvas.rng.choice((0.3, 0.5, 0.7)), h * 0.28), u * 0.16))]
    for row in range(rows):
        near = row / rows
        if row == rows * 2 // 3:
            scene += stage(canvas, h * 0.86, u * 0.62)
        shift, swing = canvas.rng.uniform(0, math.tau, 2)
        angle = columns * (9 - 5 * near) + shift
        rise = np.exp(np.sin(angle + 0.7 * np.cos(angle)) - 1)  # steeper on one side, as a wave about to break
        crest = h * (0.38 + 0.58 * near) - rise * (1 + 0.35 * np.sin(columns * 1.9 + swing)) * u * (0.08 + 0.06 * near)
        for band, depth in enumerate((0, 0.007, 0.05, 0.1)):
            tone = p.at(0.06 + 0.5 * (1 - near) + 0.16 * (band % 2)) if band else foam
            scene.append(_below(canvas, crest + u * depth, tone))
    return paint(scene, canvas.tint(np.linspace(0, 1, 256)[:, None], *p.ramp[:3] if p.dark else p.ramp[3:]))


def bokeh(canvas: Canvas) -> Image.Image:
    """Lights out of focus in front of a dim colour field."""
    p, rng, w, h, u = canvas.palette, canvas.rng, canvas.width, canvas.height, canvas.unit
    small = canvas.scaled(256)
    lean, lights = rng.uniform(-0.5, 0.5), (p.accent, p.second, *p.ramp[2:])
    field = np.linspace(0, 1, small.height)[:, None] + small.noise(2.5, 2) * 0.2
    image = canvas.tint(field, mix(p.ramp[0], (0, 0, 0), 0.3), p.at(0.2), p.at(0.34), p.ramp[0])
    for depth in np.linspace(1, 0, (18, 44, 90)[canvas.detail]):
        x, radius = rng.random(), canvas.unit * (0.016 + 0.095 * depth**1.5) * rng.uniform(0.7, 1.3)
        y = 0.5 + rng.normal(0, 0.13 + 0.06 * depth) + (x - 0.5) * lean
        tone, strength = lights[rng.integers(5)], rng.uniform(0.24, 0.5) * (1.2 - depth * 0.5)
        glow(image, x * w, y * h, radius, tone, strength, 0.92 - 0.3 * depth)
        glow(image, x * w, y * h, radius * 0.92, mix(tone, p.ramp[1], 0.3), strength * 0.5, 0.6)
    image, front = paint(place(canvas, h * 0.9, u * 0.7), image), thing(canvas, w * 0.5, h * 0.93, u * 0.74)
    if front:
        image = paint(front, image.filter(ImageFilter.GaussianBlur(u * 0.012)))
    shade = canvas.mask(np.clip(0.5 * np.linspace(-0.6, 1, small.width)[None, :] + np.zeros((small.height, 1)), 0, 0.55))
    image.paste(mix(p.ramp[0], (0, 0, 0), 0.5), (0, 0), shade)
    return image


def capitals(canvas: Canvas) -> Image.Image:
    """The prompt in capitals whose lines fill the width, in two inks over rings."""
    p, w, h, u = canvas.palette, canvas.width, canvas.height, canvas.unit
    centre, tone = (w * canvas.rng.uniform(0.3, 0.7), h * 0.5), mix(p.ground, p.second if p.dark else p.ramp[3], 0.5)
    radii = [u * radius for radius in (0.42, 0.3, 0.2, 0.1)[: 2 + canvas.detail]]
    forms = [(mix(p.ground, fill, 0.4), points) for fill, points in stage(canvas, h * 0.97, min(w, h) * 0.92)]
    image = paint(forms or rings(centre, tone, p.ground, radii), Image.new("RGB", (w, h), p.ground))
    lines = lettering.justify(canvas.text.upper(), w - 0.13 * u, h - 0.22 * u)
    y = (h - 0.09 * u - sum(size * 0.82 for _, size in lines)) / 2
    for number, (line, size) in enumerate(lines, canvas.rng.choice((0, 1, 2))):
        lettering.write(image, w / 2, y + size * 0.72, [line], size, p.text if number % 3 else p.accent, "ms")
        y += size * 0.82
    return image


def poster(canvas: Canvas) -> Image.Image:
    """The prompt large at the top, below it two colours of flat forms printed over each other."""
    p, w, h, u, count = canvas.palette, canvas.width, canvas.height, canvas.unit, (3, 5, 9)[canvas.detail]
    white, blend = ((0, 0, 0), ImageChops.screen) if p.dark else ((255, 255, 255), ImageChops.multiply)
    x, y, r, steps = w * 0.63, h * 0.68, u * 0.3, [n / count for n in range(count)]
    stripes = [box(x - r * 1.6, y - r + 2 * r * n, r * (1.1 + 1.2 * n), r / count, p.ramp[2]) for n in steps]
    arches = rings((x - r, y + r), p.ramp[2], white, (r * (1.9 - 1.6 * n) for n in steps))
    blank, forms = Image.new("RGB", (w, h), white), (stripes, arches)[canvas.rng.integers(2)]
    printed = blend(paint([(p.accent, arc((x, y), r))], blank), paint(forms, blank))
    image = blend(printed, Image.new("RGB", (w, h), p.ground))
    if has_subject(canvas.text):
        disc = [(mix(p.accent, p.ground, 0.35), arc((x, y), r))]
        image = paint([*disc, *stage(canvas, h * 0.95, u * 0.58, 0.6)], Image.new("RGB", (w, h), p.ground))
    size = min(u * 0.15, math.sqrt(w * h * 0.36 / (len(canvas.text) + 12)))
    lines = lettering.wrap(canvas.text, (w - 0.14 * u) / size, max(1, int(h * 0.36 / size)))
    lettering.write(image, u * 0.07, u * 0.07 + size * 0.76, lines, size, p.text)
    return image


def sphere(canvas: Canvas) -> Image.Image:
    """A globe of soft colour above the prompt."""
    p, w, h, u = canvas.palette, canvas.width, canvas.height, canvas.unit
    image, size = Image.new("RGB", (w, h), p.ground), u * 0.052
    glow(image, w / 2, h * 0.42, u * 0.36, mix(p.ground, p.ramp[2], 0.45), 0.9)
    globe(canvas, image, w / 2, h * 0.39, u * 0.28, *p.ramp[1:3], mix(p.ramp[2], p.accent, 0.7), p.accent, *p.ramp[3:])
    image = paint(stage(canvas, h * 0.68, u * 0.46), image)
    lettering.write(image, w / 2, h * 0.79, lettering.wrap(canvas.text, w * 0.84 / size, 3), size, p.text, "ms")
    return image


def flat(canvas: Canvas) -> Image.Image:
    """Flat shapes, the same that a vector variant gives as SVG."""
    return paint(compose(canvas), Image.new("RGB", (canvas.width, canvas.height)))


_SUITED: dict[Purpose, tuple[Manner, ...]] = {
    Purpose.ILLUSTRATION: (hills,),
    Purpose.PHOTO: (silk, bokeh),
    Purpose.ENLARGE: (cosmos,),
    Purpose.REFERENCES: (film,),
    Purpose.SEVERAL: (film,),
    Purpose.LETTERING: (capitals, poster, sphere),
    Purpose.VECTOR: (flat,),
    Purpose.EDIT: (waves, ink),
}


def assign_manners(catalog: Catalog) -> Mapping[str, Manner]:
    """A manner for each model id that suits the first thing the model is good for, taken in turns; else one by hash."""
    turns, every = {purpose: cycle(manners) for purpose, manners in _SUITED.items()}, list(chain(*_SUITED.values()))
    by_hash = {model.id: every[crc32(model.id.encode()) % len(every)] for model in catalog.models}
    return by_hash | {model.id: next(turns[model.good_for[0]]) for model in catalog.models if model.good_for}
