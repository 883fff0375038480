"""Colours of a drawing: the palette that the words of a prompt ask for, and mixing."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from zlib import crc32

from PIL import ImageColor

Colour = tuple[int, int, int]

_PALETTES = {  # words of the prompt: five colours from dark to light, then two accents
    "sea ocean wave water beach coast island fish whale sail river lake blue": "0b2545 13486b 2f7f95 86bfc0 eaf3ee f2a65a d9594c",
    "forest garden tree jungle leaf plant green moss bamboo meadow spring": "12291f 23503b 4d8061 a3bd8f f1efdc e0a458 c8553d",
    "night neon cyber cyberpunk club synthwave purple electric arcade": "0d0a24 2a1458 6a2a9c d05bb5 fbd6ea 2fe0d6 ff8a5b",
    "sunset sunrise dusk dawn warm summer fire golden lantern lemon orange": "2b1530 6e2a4c c2504f f0945c fde3b8 ffd166 3f6f8f",
    "desert sand dune canyon clay mars lava red autumn harvest wood fox": "3a2318 7f4a2b c4864c e8bf86 faeed8 3f8f8a c2452d",
    "snow ice winter frost arctic glacier polar white": "1d2f45 48688a 8fb0cb c9dde9 f7fafb e4716a f0c987",
    "coffee food bread cake tea chocolate breakfast kitchen ramen": "2a1a12 5a3825 97673f d2a877 f6ead6 c8553d 5f7f6b",
    "space galaxy star planet moon cosmos astronaut nebula": "08091a 1f1d47 4a3a7d 9d6fa3 f0cfd0 f4a259 7fc8d8",
    "cherry flower blossom rose pink petal love wedding sakura peony": "3a1630 7d3558 c96f8e f0b4c0 fcecea 7fa88a e2574c",
    "robot tech machine engine computer city rain fog building train": "14202b 2f4858 6b8794 b4c4c6 f0efe9 f26b3a 2fa4a0",
    "dream magic music lavender fairy jazz violet fantasy": "231b3f 4f3f7a 8f7bb5 c9b8dc f5eff7 f3a6b0 f2c14e",
    "mountain hill alp rock cliff alpine valley peak": "1c2a3a 3f5a78 7d9bb5 bfd2df f4f1ea f2955a d9594c",
    "portrait woman man person girl boy child face people king queen": "2b1d1a 5e3b33 a86b52 e3b592 f7e6d6 3f6f8f c8553d",
    "product bottle perfume watch shoe sneaker headphones cosmetic packaging": "1a1d24 3c4452 7f8a9a c5ccd6 f4f5f7 e4572e 2f6f8f",
    "cat dog animal horse lion bear owl bird puppy kitten": "2a1d16 5f4126 a9793f dcb77c f8ecd2 4f8f7f c2452d",
    "minimal paper logo ink typography monochrome": "1b1b1e 4a4a4f 8f8d8a cfc9bf f6f2ea d1495b 2f6f8f",
}
_ACCENTS = {  # colours that a prompt may give to what it names
    "red": "c8402f", "blue": "2f6fb0", "green": "3f8f5a", "yellow": "e8b83a", "orange": "ea7f3a", "purple": "7a4fa3",
    "pink": "e58aa6", "black": "26262a", "white": "f2f0ea", "golden": "d9a441",
}  # fmt: skip
_BY_WORD = {word: colours for words, colours in _PALETTES.items() for word in words.split()}


@dataclass(frozen=True)
class Palette:
    """Five colours from dark to light, two accents, a plain ``ground`` (dark where ``dark``) and ``text`` to stand on it."""

    ramp: tuple[Colour, ...]
    accent: Colour
    second: Colour
    dark: bool
    ground: Colour
    text: Colour

    def at(self, position: float) -> Colour:
        """The ramp at 0 (dark) .. 1 (light)."""
        lower = min(3, int(position * 4))
        return mix(self.ramp[lower], self.ramp[lower + 1], position * 4 - lower)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour ``share`` (0..1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def choose_palette(text: str, negative: str = "", style: str = "") -> Palette:
    """The palette of the first word that has one, else one by hash; a colour that it names is the accent. A negative prompt and a style shift its hues."""
    words, avoided = (re.findall("[a-z]+", each.lower()) for each in (f"{text} {style}", negative))
    known = [_BY_WORD[key] for word in words if word not in avoided and (key := word.removesuffix("s")) in _BY_WORD]
    colours = known[0] if known else list(_PALETTES.values())[crc32(text.encode()) % len(_PALETTES)]
    shift = sum(0.08 + crc32(each.encode()) % 160 / 1000 for each in (negative, style) if each.lower() not in ("", "auto"))
    named = next((_ACCENTS[word] for word in words if word in _ACCENTS and word not in avoided), "")
    *ramp, accent, second = (_shifted(f"#{colour}", shift) for colour in colours.split())
    accent = _shifted(f"#{named}", shift) if named else accent
    ground, letters = mix(ramp[4], (250, 246, 236), 0.4), mix(ramp[0], (16, 16, 18), 0.35)
    if dark := colours in (_BY_WORD["night"], _BY_WORD["space"]):
        ground, letters = mix(ramp[0], (4, 4, 10), 0.3), mix(ramp[4], (250, 247, 240), 0.6)
    return Palette(tuple(ramp), accent, second, dark, ground, letters)


def _shifted(colour: str, hue: float) -> Colour:
    h, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in ImageColor.getrgb(colour)[:3]))
    red, green, blue = (round(channel * 255) for channel in colorsys.hls_to_rgb((h + hue) % 1, lightness, saturation))
    return red, green, blue
