"""Raster manners: how each model of the sandbox paints its plate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from components.sandbox import lettering
from components.sandbox.palettes import Colour, Field, mix, tint
from components.sandbox.vectors import Sheet

Pixels = npt.NDArray[np.uint8]


SMOOTH = Image.Resampling.BICUBIC
Manner = Callable[[Sheet], Image.Image]


def cloud(noise: np.random.Generator, width: int, height: int, cells: float, octaves: int) -> Field:
    """Smooth noise of mean 0 and about -1..1, shape (height, width), `cells` lumps on the longer side."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        often = cells * 2**octave / max(width, height)
        grid = (max(2, math.ceil(width * often)) + 2, max(2, math.ceil(height * often)) + 2)
        lumps = Image.fromarray(noise.standard_normal(grid[::-1]).astype(np.float32))
        total += np.asarray(lumps.resize((width, height), SMOOTH)) * np.float32(0.5 ** (octave + 1))
    return total


def sky(sheet: Sheet, colours: list[Colour], cloudy: float = 0.08) -> Image.Image:
    """A soft gradient from top to bottom."""
    width, height = sheet.small(256)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    rows = rows + cloud(sheet.noise, width, height, 2.5, 2) * np.float32(cloudy)
    return tint(rows, colours).resize((sheet.width, sheet.height), SMOOTH)


def glow(image: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float, hard: float = 0) -> None:
    """Light a disc into the picture: soft all over (hard 0) up to an edge one pixel wide (hard 1)."""
    side = max(2, min(1024, math.ceil(radius * 2)))
    axis = np.linspace(-1, 1, side, dtype=np.float32) ** 2
    far = np.sqrt(axis[:, None] + axis)
    edge = max(2 / side, 1 - hard)
    mask = np.clip((1 - far) / edge, 0, 1)
    mask = mask if hard else mask**2
    stamp = Image.fromarray((mask * 255 * strength).astype(np.uint8))
    if side < math.ceil(radius * 2):
        stamp = stamp.resize((math.ceil(radius * 2),) * 2, SMOOTH)
    image.paste(colour, (round(x - radius), round(y - radius)), stamp)


def slope(pixels: Pixels, crest: Field, top: Colour, bottom: Colour, reach: float) -> None:
    """Fill everything below the crest (y px for each column), shading from top to bottom over `reach` px."""
    height = len(pixels)
    first, last = (int(np.clip(edge, 0, height)) for edge in (crest.min(), crest.max() + 2))
    shade = np.clip((np.arange(first, height, dtype=np.float32) - first) / max(1.0, reach), 0, 1)[:, None]
    colours = np.array(top, np.float32) * (1 - shade) + np.array(bottom, np.float32) * shade
    cover = np.clip(np.arange(first, last, dtype=np.float32)[:, None] - crest + 1, 0, 1)[:, :, None]
    edge_rows = pixels[first:last].astype(np.float32)
    pixels[first:last] = edge_rows + (colours[: last - first, None, :] - edge_rows) * cover
    pixels[last:] = colours[last - first :, None, :].astype(np.uint8)


def ridge(sheet: Sheet, level: float, tall: float, cells: float, octaves: int, sharp: bool = False) -> Field:
    """A crest line, y px for each column, around `level`; sharp ones have peaks."""
    line = cloud(sheet.noise, max(sheet.width, 2), 2, cells, octaves)[0]
    shape = 1 - np.tanh(np.abs(line) * 2.2) * 1.35 if sharp else line * 1.6
    return np.asarray(level - tall * shape, np.float32)


def hills(sheet: Sheet) -> Image.Image:
    """Hills behind hills in mist, a low sun, firs on the near ones."""
    p, w, h, u = sheet.palette, sheet.width, sheet.height, sheet.unit
    heaven = [p.at(0.05), p.at(0.3), p.at(0.55)] if p.dark else [p.at(0.72), p.at(0.88), p.at(1)]
    image = sky(sheet, [*heaven, heaven[-1]])
    x, y = w * sheet.rng.choice((0.28, 0.36, 0.64, 0.72)), h * sheet.rng.uniform(0.26, 0.36)
    glow(image, x, y, u * 0.42, mix(p.accent, p.ramp[4], 0.5), 0.55)
    glow(image, x, y, u * 0.085, mix(p.accent, p.ramp[4], 0.35), 1, 0.97)
    pixels = np.array(image)
    layers = (4, 6, 8)[sheet.detail]
    for layer in range(layers):
        near = (layer + 1) / layers
        level, rise = h * (0.44 + 0.5 * near**1.15) - u * 0.04, u * (0.1 - 0.05 * near)
        crest = ridge(sheet, level, rise, 2.2 + layer * 0.5, 5)
        if sheet.detail and near > 0.55:
            for _ in range((0, 16, 30)[sheet.detail]):
                at, tall = sheet.rng.randrange(w), u * sheet.rng.uniform(0.03, 0.055) * near**2
                wide = max(1, int(tall * 0.24))
                left, right = max(0, at - wide), min(w, at + wide + 1)
                spire = tall * (1 - np.abs(np.arange(left, right, dtype=np.float32) - at) / wide)
                crest[left:right] = np.minimum(crest[left:right], crest[at] - spire + tall * 0.15)
        tone = mix(heaven[-1], mix(p.ramp[1], p.ramp[0], near), near**0.9)
        slope(pixels, crest, tone, mix(tone, heaven[-1], 0.42 * (1 - near) + 0.12), h * 0.2)
    return Image.fromarray(pixels)


def silk(sheet: Sheet) -> Image.Image:
    """Long folds of light running through a field of colour."""
    p, rng, (w, h) = sheet.palette, sheet.rng, sheet.small(640)
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32) / max(w, h)
    angle = rng.uniform(0.5, 1.0) * rng.choice((-1, 1))
    bend = cloud(sheet.noise, w, h, 0.9, 1) * 0.19 + cloud(sheet.noise, w, h, 2.6, sheet.detail) * 0.035
    along = xs * math.cos(angle) + ys * math.sin(angle) + bend
    folds = along * (9, 17, 26)[sheet.detail] + np.sin(along * 5 + rng.uniform(0, 6)) * 1.4
    crease = (folds / math.tau) % 1  # every fold climbs slowly and drops at a soft edge
    satin = np.minimum(crease / 0.8, (1 - crease) / 0.2)
    satin = satin * satin * (3 - 2 * satin)
    depth = 0.5 + 0.5 * np.sin(along * 3.4 + bend * 3 + rng.uniform(0, 6))
    place = np.clip(0.06 + 0.5 * depth + 0.4 * satin, 0, 1)
    warm = mix(mix(p.ramp[2], p.ramp[3], 0.4), p.accent, 0.3)
    return tint(place, [*p.ramp[:3], warm, *p.ramp[3:]]).resize((sheet.width, sheet.height), SMOOTH)


def ball(
    image: Image.Image, x: float, y: float, r: float, colours: list[Colour], shade: Callable[[Field, Field], Field]
) -> None:
    """A globe of radius r px; `shade` gives the place on the colours for x and y from -1 to 1."""
    side, full = min(640, max(8, round(r * 2))), (round(r * 2),) * 2
    across, down = np.meshgrid(*[np.linspace(-1, 1, side, dtype=np.float32)] * 2)
    edge = np.clip((1 - np.hypot(across, down)) * side / 2, 0, 1) * 255
    mask = Image.fromarray(edge.astype(np.uint8)).resize(full, SMOOTH)
    skin = tint(np.clip(shade(across, down), 0, 1), colours).resize(full, SMOOTH)
    image.paste(skin, (round(x - r), round(y - r)), mask)


def cosmos(sheet: Sheet) -> Image.Image:
    """A star field with a nebula and a planet in half light."""
    p, rng, (w, h) = sheet.palette, sheet.rng, sheet.small(360)
    deep = mix(p.ramp[0], (4, 5, 16), 0.6)
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32) / max(w, h)
    lean, middle = rng.uniform(-1.2, 1.2), rng.uniform(0.35, 0.65) * h / max(w, h)
    band = np.exp(-((((ys - middle) + (xs - 0.5) * lean) * 2.6) ** 2))
    dust = np.clip(band * (0.42 + cloud(sheet.noise, w, h, 3, 3 + sheet.detail) * 0.62), 0, 1)
    image = tint(dust, [deep, mix(deep, p.ramp[1], 0.7), p.ramp[2], p.ramp[3]])
    image = image.resize((sheet.width, sheet.height), SMOOTH)
    w, h, u = sheet.width, sheet.height, sheet.unit
    for _ in range((120, 340, 800)[sheet.detail]):
        x, y, bright = rng.random() * w, rng.random() * h, rng.random() ** 5
        tone = mix(p.ramp[4], (255, 255, 255), 0.6)
        glow(image, x, y, max(0.9, u * (0.0012 + 0.004 * bright)), tone, 0.35 + 0.65 * bright, 0.5)
        if bright > 0.72:
            glow(image, x, y, u * 0.022, p.ramp[3], 0.45)
    r, side = u * rng.uniform(0.16, 0.23), rng.choice((-1, 1))
    x, y = w * (0.5 + side * rng.uniform(0.1, 0.2)), h * rng.uniform(0.36, 0.54)
    glow(image, x, y, r * 1.5, mix(p.ramp[2], p.accent, 0.4), 0.5)
    tones = [mix(deep, (0, 0, 0), 0.4), p.ramp[1], mix(p.ramp[2], p.accent, 0.5), p.accent, p.ramp[4]]

    def shade(across: Field, down: Field) -> Field:
        lit = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1)) * 0.5 - across * side * 0.62 - down * 0.45
        belts = np.sin(down * 12 + across * 1.2 + np.sin(down * 5 + side)) * 0.05
        lumps = cloud(sheet.noise, across.shape[1], across.shape[0], 4, 1 + sheet.detail) * 0.03
        return np.asarray(lit * 0.85 + (belts + lumps) * np.clip(lit * 3, 0, 1), np.float32)

    ball(image, x, y, r, tones, shade)
    return image


def film(sheet: Sheet) -> Image.Image:
    """A wide shot of the sun over water between black bars, the prompt as its subtitle."""
    p, rng, w, u = sheet.palette, sheet.rng, sheet.width, sheet.unit
    bar = round(sheet.height * (0.125 if w >= sheet.height else 0.14))
    h = sheet.height - 2 * bar
    horizon, r = max(2, round(h * rng.uniform(0.56, 0.64))), u * 0.085
    low = mix(p.accent, p.ramp[3], 0.45 if not p.dark else 0.2)
    air = [mix(p.ramp[0], (0, 0, 0), 0.3 if p.dark else 0), p.at(0.2), p.at(0.42), low]
    image = sky(replace(sheet, height=horizon), air, 0.16)
    x, y = w * rng.choice((0.36, 0.5, 0.64)), horizon - u * rng.uniform(0.03, 0.09)
    glow(image, x, y, u * 0.5, mix(p.accent, p.ramp[4], 0.3), 0.6)
    glow(image, x, y, r, mix(p.accent, p.ramp[4], 0.72), 1, 0.96)
    pixels = np.array(image)
    for near in range(1 + sheet.detail):
        tone = mix(air[2], p.ramp[0], 0.35 + 0.22 * near)
        crest = ridge(sheet, horizon - u * (0.035 - 0.018 * near), u * 0.035, 2.5 + near, 4, near == 0)
        slope(pixels, crest, tone, mix(tone, low, 0.35), u * 0.1)
    screen, depth = Image.new("RGB", (w, sheet.height), (6, 6, 8)), max(1, h - horizon)
    screen.paste(Image.fromarray(pixels), (0, bar))
    mirror = Image.fromarray(pixels[::-1]).resize((w, depth)).filter(ImageFilter.BoxBlur((u * 0.012, u * 0.004)))
    mirror = Image.blend(mirror, Image.new("RGB", mirror.size, p.ramp[0]), 0.42)
    for _ in range((40, 120, 260)[sheet.detail]):
        down = rng.random() ** 1.5
        wide, thin = u * (0.01 + 0.06 * down) * rng.uniform(0.3, 1.4), max(1.0, u * (0.001 + 0.0024 * down))
        at = x + rng.gauss(0, 0.42) * r * (0.7 + 2 * down)
        dash = Image.new("L", (max(4, round(wide * 4)), max(4, round(thin * 8))))
        ImageDraw.Draw(dash).ellipse((0, 0, dash.width - 1, dash.height - 1), fill=round(220 - 130 * down))
        mirror.paste(mix(p.accent, p.ramp[4], 0.6), (round(at - wide), round(depth * down)), dash.reduce(2))
    screen.paste(mirror, (0, bar + horizon))
    size = max(6.0, min(bar * 0.2, u * 0.03))
    lines = lettering.wrap(sheet.text, w * 0.66 / size, 2)
    last = sheet.height - max(bar * (0.48 if len(lines) < 2 else 0.4), u * 0.065)  # above the mark
    start = last - (len(lines) - 1) * size * lettering.LEADING
    lettering.write_lines(screen, w / 2, start, lines, size, (238, 230, 205), "centre")
    return screen


def bokeh(sheet: Sheet) -> Image.Image:
    """Lights out of focus in front of a dim colour field."""
    p, rng, (w, h) = sheet.palette, sheet.rng, sheet.small(900)
    dim = [mix(p.ramp[0], (0, 0, 0), 0.3), p.at(0.2), p.at(0.34), mix(p.ramp[0], (0, 0, 0), 0.15)]
    image = sky(replace(sheet, width=w, height=h), dim, 0.2)
    lights = [p.accent, p.ramp[3], p.second, mix(p.accent, p.ramp[2], 0.5), p.ramp[2], p.ramp[4]]
    focus, lean, count = rng.uniform(0.42, 0.58), rng.uniform(-0.5, 0.5), (18, 44, 90)[sheet.detail]
    for number in range(count):
        depth, x = 1 - number / count, rng.random()
        r = min(w, h) * (0.016 + 0.095 * depth**1.5) * rng.uniform(0.7, 1.3)
        y = h * (focus + rng.gauss(0, 0.13 + 0.06 * depth) + (x - 0.5) * lean)
        tone, strength = rng.choice(lights), rng.uniform(0.24, 0.5) * (1.2 - depth * 0.5)
        glow(image, x * w, y, r, tone, strength, 0.92 - 0.3 * depth)
        glow(image, x * w, y, r * 0.92, mix(tone, p.ramp[1], 0.3), strength * 0.5, 0.6)
        if number % 6 == 0:
            x, y = x * w + r, y - r * rng.uniform(-1, 1)
            glow(image, x, y, min(w, h) * 0.05, tone, 0.5)
            glow(image, x, y, min(w, h) * 0.008, (255, 252, 244), 0.9)
    return image.resize((sheet.width, sheet.height), SMOOTH)


def waves(sheet: Sheet) -> Image.Image:
    """Rolling waves, each drawn in bands as in a woodcut, under a sun."""
    p, rng, w, h, u = sheet.palette, sheet.rng, sheet.width, sheet.height, sheet.unit
    image = sky(sheet, [p.at(place) for place in ((0.02, 0.25, 0.45) if p.dark else (0.78, 0.93, 1))], 0.05)
    glow(image, w * rng.choice((0.3, 0.5, 0.7)), h * rng.uniform(0.25, 0.31), u * 0.16, p.accent, 1, 0.985)
    pixels, columns = np.array(image), np.arange(w, dtype=np.float32) / u
    rows, bands = (3, 6, 8)[sheet.detail], (3, 4, 4)[sheet.detail]
    for row in range(rows):
        near = (row + 0.6) / rows
        angle = columns * (10 - 5 * near + rng.uniform(-0.5, 0.5)) + rng.uniform(0, 6.3)
        lean = angle + 0.7 * np.cos(angle)  # steeper on one side, as a wave about to break
        roll = 1 + 0.35 * np.sin(columns * 1.9 + rng.uniform(0, 6.3))
        crest = h * (0.38 + 0.58 * row / rows) - np.exp(np.sin(lean) * 1.1 - 1.1) * u * (0.07 + 0.06 * near) * roll
        thick = h * 0.1 / bands * (0.6 + 0.6 * near)
        for band in range(bands):
            tone = p.paper if band == 0 else p.at(0.06 + 0.56 * (1 - near) + 0.16 * (band % 2) - 0.02 * band)
            below = crest + (u * 0.007 + thick * (band - 1) * (1 + 0.25 * band) if band else 0)
            slope(pixels, np.asarray(below, np.float32), tone, tone, 1)
    return Image.fromarray(pixels)


def ink(sheet: Sheet) -> Image.Image:
    """Mountains in washes of ink on paper under a red sun."""
    p, rng, (w, h), u = sheet.palette, sheet.rng, sheet.small(1024), min(sheet.small(1024))
    paper, deep = mix(p.ramp[4], (243, 236, 220), 0.65), mix(p.ramp[0], (24, 24, 26), 0.4)
    dark, rows = np.zeros((h, w), np.float32), np.arange(h, dtype=np.float32)[:, None]
    blots, layers = 1 + cloud(sheet.noise, w, h, 9, 3) * 0.35, (3, 4, 6)[sheet.detail]
    for layer in range(layers):
        near = (layer + 1) / layers
        level, tall = h * (0.36 + 0.4 * near), u * (0.2 - 0.07 * near)
        crest = ridge(replace(sheet, width=w), level, tall, 2 + 0.8 * layer, 4 + sheet.detail, True)
        depth = rows - crest
        wash = np.clip(depth + 0.5, 0, 1) * np.exp(np.clip(depth, 0, None) / (-u * (0.1 + 0.05 * near)))
        dark = 1 - (1 - dark) * (1 - np.clip(wash * (0.22 + 0.62 * near) * blots, 0, 1))
    image = Image.new("RGB", (sheet.width, sheet.height), paper)
    x, y, red = rng.choice((0.24, 0.7, 0.76)), rng.uniform(0.16, 0.22), mix(p.accent, (200, 60, 44), 0.6)
    glow(image, sheet.width * x, sheet.height * y, sheet.unit * 0.075, red, 0.9, 0.97)
    image.paste(deep, (0, 0), Image.fromarray((dark * 255).astype(np.uint8)).resize(image.size, SMOOTH))
    return image


def woodtype(sheet: Sheet) -> Image.Image:
    """The prompt in capitals that fill the sheet line by line, in two inks over a disc."""
    p, w, h, u = sheet.palette, sheet.width, sheet.height, sheet.unit
    ground, inks = (
        (mix(p.ramp[0], (0, 0, 0), 0.2), (p.ramp[4], p.accent))
        if p.dark
        else (mix(p.ramp[4], (248, 240, 222), 0.4), (p.ramp[0], p.accent))
    )
    image = Image.new("RGB", (w, h), ground)
    x, y, r = w * sheet.rng.uniform(0.3, 0.7), h * sheet.rng.uniform(0.35, 0.6), u * 0.36
    for ring in range((1, 2, 4)[sheet.detail]):
        tone = mix(ground, p.second if p.dark else p.ramp[3], 0.42 + 0.16 * ring)
        glow(image, x, y, r * (1 - 0.22 * ring), tone, 1, 0.99)
    pad, first = u * 0.065, sheet.rng.randrange(3)
    text = lettering.shorten(lettering.drawable(sheet.text.upper()), 110) or "·"
    lines = lettering.stack(text, w - 2 * pad, h - pad - u * 0.115, u * 0.03)
    for number, (line, top, size) in enumerate(lines, first):
        lettering.write(image, w / 2, pad + top, line, size, inks[0 if number % 3 else 1], "centre", 0.022)
    return image


def orbit(sheet: Sheet) -> Image.Image:
    """The prompt running in a ring around a sphere of soft colour."""
    p, w, h = sheet.palette, sheet.width, sheet.height
    ground = mix(p.ramp[0], (8, 8, 14), 0.3) if p.dark else mix(p.ramp[4], (250, 247, 240), 0.4)
    image = Image.new("RGB", (w, h), ground)
    x, y, r, turn = w / 2, h * 0.485, sheet.unit * 0.27, sheet.rng.uniform(0, 6.3)

    def shade(across: Field, down: Field) -> Field:
        lumps = cloud(sheet.noise, across.shape[1], across.shape[0], 1 + 0.6 * sheet.detail, 1) * 0.26
        return np.asarray(0.5 + 0.42 * (across * math.cos(turn) + down * math.sin(turn)) + lumps, np.float32)

    if sheet.detail:
        glow(image, x, y + r * 0.16, r * 1.16, mix(ground, p.ramp[2], 0.45), 0.9)
    ball(image, x, y, r, [*p.ramp[1:3], mix(p.ramp[2], p.accent, 0.7), p.accent, *p.ramp[3:]], shade)
    letters = p.paper if p.dark else p.ink
    lettering.write_around(image, sheet.text or "·", (x, y), r * 1.27, sheet.unit * 0.085, letters)
    return image
