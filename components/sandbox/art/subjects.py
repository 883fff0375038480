"""What a drawing shows: the things and places that the nouns of a prompt name, as flat shapes in the palette's tones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from components.sandbox.art.canvas import Canvas
from components.sandbox.art.colours import Colour, Palette
from components.sandbox.art.shapes import Scene, arc, box, logo, pattern

# A drawing is a list of parts: tone (0 dark .. 4 light, a and s the accents), then the form in a frame whose foot is at
# y = 0, about 2 high and 2 wide: o is an ellipse (x y rx ry), b a box (left low right high), p a polygon (x y x y …). A
# capital letter draws the part and its mirror image.
_DRAWINGS = {
    "robot android cyborg": "1 B .08 0 .3 .5, 0 B .04 0 .36 .1, 1 B .46 .6 .6 1.14, 3 O .53 .55 .1 .1, 2 b -.42 .45 .42 1.2,"
    "4 o 0 .86 .2 .2, s o 0 .86 .13 .13, 1 b -.08 1.18 .08 1.3, 3 b -.36 1.28 .36 1.8, 0 b -.27 1.42 .27 1.68,"
    "a O .13 1.55 .07 .07, 1 b -.03 1.8 .03 1.94, a o 0 1.97 .07 .07",
    "woman girl queen lady bride mother grandmother model dancer princess":
    "a p -.82 0 -.74 .42 -.5 .62 0 .7 .5 .62 .74 .42 .82 0, 1 o 0 1.3 .52 .62, 1 b -.52 .75 .52 1.3, 3 b -.16 .55 .16 1,"
    "2 p -.16 .84 .16 .84 .1 .72 -.1 .72, 3 o 0 1.26 .37 .47, 1 p -.4 1.3 -.34 1.72 .1 1.82 .4 1.62 .4 1.3 .3 1.52 -.1 1.6,"
    "0 O .14 1.27 .04 .05, s o 0 1.02 .11 .035, 2 p -.03 1.2 .05 1.12 -.03 1.1, 4 p -.16 .58 0 .42 .16 .58 0 .66",
    "portrait man person boy child face people king astronaut chef musician fisherman sailor farmer father grandfather":
    "1 p -.82 0 -.74 .42 -.5 .62 0 .7 .5 .62 .74 .42 .82 0, 3 b -.17 .5 .17 1, 2 p -.17 .84 .17 .84 .1 .72 -.1 .72,"
    "3 O .37 1.22 .07 .1, 3 o 0 1.24 .37 .46, 1 p -.4 1.28 -.42 1.6 -.2 1.8 .2 1.82 .42 1.6 .4 1.28 .34 1.5 -.3 1.5,"
    "0 O .14 1.27 .04 .05, 1 B .08 1.36 .2 1.39, 2 p -.03 1.22 .06 1.12 -.03 1.1, s o 0 1 .11 .03, 4 p -.16 .58 0 .42 .16 .58 0 .66,"
    "a p -.06 .5 .06 .5 .1 0 -.1 0",
    "cat kitten lion tiger leopard": "1 p .4 .1 .9 .2 .95 .8 .8 .85 .78 .4 .4 .35, 2 o 0 .5 .5 .56, 3 o 0 .42 .26 .4,"
    "2 O .2 .08 .18 .1, 2 o 0 1.22 .42 .38, 2 P .12 1.5 .36 1.78 .41 1.3, a P .2 1.5 .33 1.66 .36 1.4, 0 O .16 1.26 .06 .08,"
    "4 O .14 1.29 .02 .02, a p -.06 1.12 .06 1.12 0 1.05, 4 O .3 1.08 .22 .015",
    "fox dog wolf puppy animal horse deer bear rabbit": "2 p .3 .1 .8 0 1 .5 .86 .9 .7 .5 .3 .5, 4 p .84 .55 1 .5 .86 .9,"
    "2 o 0 .5 .42 .54, 4 o -.06 .46 .22 .4, 0 O .16 .06 .13 .08, 2 p -.44 1.36 0 1.6 .44 1.36 .1 .86 -.1 .86,"
    "4 P .42 1.34 .1 .9 .06 1.16, 2 P .12 1.5 .34 1.86 .43 1.36, 0 P .24 1.54 .33 1.72 .37 1.46, 0 O .15 1.24 .045 .05,"
    "0 o 0 .9 .07 .06",
    "bird owl parrot penguin eagle duck chicken": "0 O .12 .04 .12 .05, 2 o 0 .72 .44 .68, 4 o 0 .64 .3 .52,"
    "1 P .3 1.2 .56 .7 .42 .2 .3 .4, 2 o 0 1.36 .36 .34, 4 O .15 1.4 .15 .15, 0 O .15 1.4 .07 .07, a p -.08 1.3 .08 1.3 0 1.14",
    "fish whale shark dolphin": "1 p .5 .8 1 1.2 .92 .8 1 .4, 2 o -.1 .8 .72 .44, 4 p -.75 .66 .4 .66 .2 .45 -.3 .37 -.6 .5,"
    "1 p -.1 1.2 .2 1.5 .3 1.12, 1 p 0 .7 .26 .3 .3 .66, 4 o -.52 .92 .09 .09, 0 o -.53 .92 .05 .05, 3 O .3 1.66 .06 .06",
    "product bottle perfume cosmetic cream wine beer watch shoe sneaker headphones bag packaging jar":
    "3 o 0 .1 .9 .13, 4 o 0 .16 .8 .1, 1 p -.4 .2 .4 .2 .44 .95 .36 1.14 -.36 1.14 -.44 .95, 2 p -.4 .2 -.2 .2 -.2 1.14 -.36 1.14"
    " -.44 .95, 4 b -.3 .42 .3 .86, a o 0 .64 .13 .13, 0 b -.22 .5 .22 .53, 2 b -.13 1.14 .13 1.34, s b -.2 1.34 .2 1.72,"
    "4 b .27 .3 .31 1",
    "coffee tea cup mug espresso cocoa": "3 o 0 .1 .8 .12, 4 o 0 .14 .62 .08, 3 o .52 .6 .26 .26, 1 o .52 .6 .15 .15,"
    "4 p -.5 1 .5 1 .38 .2 -.38 .2, 3 o 0 1 .5 .12, 1 o 0 1 .42 .09, a b -.46 .6 .46 .72, 4 O .16 1.36 .03 .16, 4 o 0 1.5 .03 .2",
    "food bowl ramen soup noodle salad pasta rice dinner breakfast cake bread pizza fruit cherry sushi chocolate":
    "3 o 0 .06 .9 .09, a p -.8 .75 .8 .75 .55 .22 .3 .1 -.3 .1 -.55 .22, 4 b -.76 .62 .76 .68, 2 o 0 .75 .8 .2, 3 o 0 .77 .7 .15,"
    "4 o -.3 .84 .2 .13, s o -.3 .86 .09 .06, 1 o .1 .82 .22 .11, s p .3 .8 .6 .92 .5 .72, 0 p .2 .8 .8 1.6 .86 1.58 .3 .78,"
    "0 p .34 .8 .96 1.5 1 1.46 .42 .78, 4 o -.2 1.3 .03 .2, 4 o -.4 1.2 .03 .16",
    "lighthouse tower": "1 p -.9 0 -.5 .22 .5 .26 .9 0, 4 p -.3 .2 .3 .2 .2 1.4 -.2 1.4, a p -.27 .5 .27 .5 .25 .75 -.25 .75,"
    "a p -.23 1 .23 1 .21 1.25 -.21 1.25, 0 b -.26 1.38 .26 1.44, 4 b -.16 1.44 .16 1.66, s o 0 1.55 .1 .09,"
    "a p -.22 1.66 .22 1.66 0 1.9, 0 b -.06 .2 .06 .42",
    "ship boat sailboat yacht sail": "2 p -.04 .4 -.04 1.9 .75 .5, 4 p -.1 .5 -.1 1.7 -.6 .5, 0 b -.04 .2 .0 1.95,"
    "a p -.8 .36 .85 .36 .6 0 -.6 0, 0 p -.72 .2 .72 .2 .6 0 -.6 0, s p 0 1.95 .25 1.87 0 1.8",
    "rocket spaceship spacecraft": "a P .2 .3 .6 0 .5 .5 .24 .8, s p -.14 .2 .14 .2 0 -.2, 4 p -.26 .2 .26 .2 .32 .8 .22 1.5 0 2"
    " -.22 1.5 -.32 .8, 3 p 0 .2 .26 .2 .32 .8 .22 1.5 0 2, 1 o 0 1.15 .16 .16, s o 0 1.15 .1 .1, a p -.2 1.55 .2 1.55 0 2",
    "car taxi bus truck train vehicle": "a p -.95 .25 .95 .25 .92 .66 .5 .72 .3 1.06 -.45 1.06 -.7 .7 -.95 .62,"
    "4 p -.6 .7 -.42 .98 -.08 .98 -.08 .7, 4 p 0 .7 0 .98 .26 .98 .4 .7, 0 O .52 .24 .22 .22, 3 O .52 .24 .1 .1, s b .82 .5 .94 .6,"
    "1 b -.2 .58 -.1 .61",
    "house cottage cabin home villa church barn": "1 b .3 1.2 .46 1.66, 4 b -.7 0 .7 .9, a p -.86 .86 .86 .86 0 1.6,"
    "2 b -.16 0 .16 .5, s b .28 .4 .54 .68, s b -.54 .4 -.28 .68, 0 b .4 .4 .42 .68, 0 b -.42 .4 -.4 .68, 4 o 0 1.14 .12 .12",
    "tree forest jungle wood bonsai oak pine cherry": "1 p -.1 0 .1 0 .06 .8 -.06 .8, 1 o 0 1.1 .62 .55, 2 O .32 .95 .36 .34,"
    "2 o -.05 1.35 .46 .42, 3 o -.16 1.48 .26 .2, a O .3 1.1 .04 .04, a o .1 1.3 .04 .04, a o -.2 1 .04 .04",
    "flower rose garden blossom tulip peony plant meadow lotus": "1 p -.03 0 .03 0 .02 1.1 -.02 1.1, 2 P .02 .3 .3 .75 .4 .55,"
    "a O .26 1.3 .2 .2, a O .16 1.56 .2 .2, a O .16 1.08 .2 .2, a o 0 1.66 .16 .16, s o 0 1.32 .2 .2, 4 o 0 1.32 .08 .08",
    "tent camp desert pyramid cactus": "2 p -.9 0 .9 0 0 1.3, 3 p -.9 0 .1 0 0 1.3, 0 p -.3 0 -.05 0 -.02 .7, s o .66 .14 .06 .14",
}  # fmt: skip
_LAMP = "0 b -.02 1.5 .02 2.4, a p -.3 1.3 .3 1.3 .16 1.55 -.16 1.55, s o 0 1.3 .12 .08"
_PEAK = "2 p -1.5 0 1.5 0 0 1.8, 3 p -1.5 0 .15 0 0 1.8, 4 p -.375 1.35 -.15 1.45 0 1.3 .18 1.44 .375 1.35 0 1.8"
_BUILDING = ""  # has windows by chance
_CUPBOARD = (
    "3 b -1 0 1 .66, 4 b -1.04 .64 1.04 .74, 2 B .06 .08 .9 .56, a O .16 .34 .04 .04, 1 B .3 .74 .8 1.06, 4 B .3 1 .8 1.06"
)
# Places: rows of things from the back to the front. Each row has its thing, how many, and how high beside the thing in front.
_PLACES = {
    "forest jungle wood bamboo park": (("tree", 8, 1.0), ("tree", 5, 0.7)),
    "garden meadow field spring blossom": (("tree", 5, 0.75), ("flower", 11, 0.34)),
    "village town street": (("house", 6, 0.45),),
    "kitchen room cafe restaurant bakery interior office library": ((_LAMP, 3, 0.95), (_CUPBOARD, 3, 0.62)),
    "city skyline tokyo paris london downtown skyscraper building neon cyberpunk": (
        (_BUILDING, 9, 1.15),
        (_BUILDING, 12, 0.7),
    ),
    "sea ocean harbour harbor coast beach lake river": (("boat", 3, 0.3),),
    "mountain alp peak cliff valley hill": ((_PEAK, 5, 0.75),),
    "desert dune sahara": (("tent", 3, 0.3),),
}
_BY_NOUN = {noun: drawing for nouns, drawing in _DRAWINGS.items() for noun in nouns.split()}
_BY_PLACE = {noun: place for nouns, place in _PLACES.items() for noun in nouns.split()}
# Nouns that say less than another one beside them: a portrait of a queen, a product shot of a watch.
_GENERAL = {"portrait", "face", "person", "people", "animal", "product", "packaging", "food"}
DRAWN = {*_BY_NOUN, *_BY_PLACE}


def nouns(text: str) -> Iterator[str]:
    """The words of a prompt in the singular."""
    for word in re.findall("[a-z]+", text.lower()):
        yield from {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def has_subject(text: str) -> bool:
    """Whether a prompt names something that can be drawn."""
    return not DRAWN.isdisjoint(nouns(text))


def thing(canvas: Canvas, x: float, foot: float, height: float) -> Scene:
    """The first thing that the prompt names, standing at (x, foot) px, ``height`` px high; [] where it names none."""
    named = [noun for noun in nouns(canvas.text) if noun in _BY_NOUN]
    noun = next((noun for noun in named if noun not in _GENERAL), named[0] if named else "")
    return _placed(canvas.palette, _BY_NOUN.get(noun, ""), x, foot, height / 2, mirrored=False)


def place(canvas: Canvas, foot: float, height: float) -> Scene:
    """The first place that the prompt names, across the whole width with its foot at ``foot`` px; [] where it names none."""
    drawings = next((_BY_PLACE[noun] for noun in nouns(canvas.text) if noun in _BY_PLACE), None)
    if drawings is None:
        return []
    scene: Scene = []
    for drawing, count, share in drawings:
        for number in range(count):
            x = canvas.width * (number + 0.5 + canvas.rng.uniform(-0.2, 0.2)) / count
            tall = height * share * canvas.rng.uniform(*((0.45, 1.1) if drawing is _BUILDING else (0.8, 1.15)))
            if drawing is _BUILDING:
                scene += _building(canvas, x, foot, tall)
            else:
                scene += _placed(canvas.palette, _BY_NOUN.get(drawing, drawing), x, foot, tall / 2, mirrored=number % 2 == 1)
    return scene


def stage(canvas: Canvas, foot: float, height: float, x: float = 0.5) -> Scene:
    """The place and in front of it the thing, at the share ``x`` of the width."""
    return [*place(canvas, foot - height * 0.08, height), *thing(canvas, canvas.width * x, foot, height)]


def compose(canvas: Canvas) -> Scene:
    """Flat shapes: a logo where the prompt asks for one, a scene where it names something, else a pattern."""
    if re.search("logo|icon|emblem|badge|symbol|brand", canvas.text.lower()):
        middle = thing(canvas, canvas.width / 2, canvas.height / 2 + canvas.unit * 0.19, canvas.unit * 0.38)
        return [*logo(canvas, around=bool(middle)), *middle]
    return _landscape(canvas) if has_subject(canvas.text) else pattern(canvas)


def _landscape(canvas: Canvas) -> Scene:
    """The stage under a sun, on a ground of tiles."""
    p, w, h, u = canvas.palette, canvas.width, canvas.height, canvas.unit
    sun, foot = (w * canvas.rng.uniform(0.2, 0.8), h * canvas.rng.uniform(0.25, 0.4)), h * 0.84
    sky = [
        box(0, 0, w, h, p.ramp[0 if p.dark else 4]),
        (p.ramp[1 if p.dark else 3], arc(sun, u * 0.34)),
        (p.accent, arc(sun, u * 0.2)),
    ]
    strip, rows = h - foot, 1 + canvas.detail  # of a taller pattern the first rows
    tiles = pattern(replace(canvas, height=max(2, round(strip * (3, 4, 6)[canvas.detail] / rows))))
    ground = [
        (fill, [(x, min(y + foot, h)) for x, y in points]) for fill, points in tiles if max(y for _, y in points) < strip + 2
    ]
    return [*sky, *ground, *stage(canvas, foot, u * 0.66)]


def _building(canvas: Canvas, x: float, foot: float, tall: float) -> Scene:
    palette, wide = canvas.palette, canvas.width / 13 * canvas.rng.uniform(0.8, 1.3)
    lit, window = (palette.second, palette.ramp[4], palette.accent), wide / 6
    scene = [box(x - wide / 2, foot - tall, wide, tall, palette.ramp[int(canvas.rng.integers(0 if palette.dark else 1, 3))])]
    for row in range(int(tall / window / 2.2) - 1):
        for column in range(2):
            if canvas.rng.random() < 0.45:
                left, top = x - wide * 0.3 + column * wide * 0.36, foot - tall + window * (1 + 2.2 * row)
                scene.append(box(left, top, window * 1.4, window, lit[int(canvas.rng.integers(3))]))
    return scene


def _placed(palette: Palette, drawing: str, x: float, foot: float, scale: float, *, mirrored: bool) -> Scene:
    """A drawing at (x, foot) px, ``scale`` px for a unit of its frame."""
    scene: Scene = []
    for part in filter(None, drawing.split(",")):
        tone, form, *numbers = part.split()
        for side in (1, -1) if form.isupper() else (1,):
            turn = -side if mirrored else side
            points = [(x + turn * left * scale, foot - up * scale) for left, up in _outline(form.lower(), numbers)]
            scene.append((_colour(palette, tone), points))
    return scene


def _outline(form: str, numbers: list[str]) -> list[tuple[float, float]]:
    values = [float(number) for number in numbers]
    if form == "o":
        x, y, across, up = values
        turns = [math.radians(degrees) for degrees in range(0, 360, 6)]
        return [(x + across * math.cos(turn), y + up * math.sin(turn)) for turn in turns]
    if form == "b":
        left, low, right, high = values
        return [(left, low), (right, low), (right, high), (left, high)]
    return list(zip(values[::2], values[1::2], strict=True))


def _colour(palette: Palette, tone: str) -> Colour:
    return {"a": palette.accent, "s": palette.second}.get(tone) or palette.ramp[int(tone)]
