"""Colours: palettes, what words call for them, and fields of colour."""

from __future__ import annotations

import colorsys
import hashlib
import json
import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

Colour = tuple[int, int, int]
Field = npt.NDArray[np.float32]

_PALETTES = {  # words: five colours from deep to pale, two that stand out; ! wants a dark sky
    "sea ocean wave water beach coast island fish whale sail river lake blue": "0b2545 13486b 2f7f95 86bfc0 eaf3ee f2a65a d9594c",
    "forest garden tree jungle leaf plant green grass moss bamboo meadow spring": "12291f 23503b 4d8061 a3bd8f f1efdc e0a458 c8553d",
    "night neon cyber cyberpunk club synthwave purple electric arcade": "0d0a24 2a1458 6a2a9c d05bb5 fbd6ea 2fe0d6 ff8a5b !",
    "sunset sunrise dusk dawn warm summer fire golden evening": "2b1530 6e2a4c c2504f f0945c fde3b8 ffd166 3f6f8f",
    "desert sand dune sahara canyon camel clay adobe": "3a2318 7f4a2b c4864c e8bf86 faeed8 3f8f8a c2452d",
    "snow ice winter frost arctic glacier polar white": "1d2f45 48688a 8fb0cb c9dde9 f7fafb e4716a f0c987",
    "coffee food bread cake tea chocolate breakfast restaurant kitchen cafe": "2a1a12 5a3825 97673f d2a877 f6ead6 c8553d 5f7f6b",
    "space galaxy star stars planet moon cosmos astronaut nebula": "08091a 1f1d47 4a3a7d 9d6fa3 f0cfd0 f4a259 7fc8d8 !",
    "mars lava volcano red dragon rust": "2a0f0d 6b2418 b24a2a e08d5a f8ddc0 6fb3b8 f2c14e",
    "cherry flower blossom rose pink petal love wedding sakura peony": "3a1630 7d3558 c96f8e f0b4c0 fcecea 7fa88a e2574c",
    "robot tech machine engine computer chip mechanical steel futuristic": "14202b 2f4858 6b8794 b4c4c6 f0efe9 f26b3a 2fa4a0",
    "lemon citrus fruit orange yellow honey sun banana": "2d3319 6b7a2a b9b53a f0d65c fdf6d2 e4572e 3f8f6b",
    "city rain fog building architecture noir train": "161c2a 3a4560 7a86a0 b9bfcb efeee8 f2c14e d1495b",
    "autumn fall pumpkin fox harvest wood cabin": "2b1a16 6b2d1e b5522a e39a3b f7e7c4 4f6d5a 8f2d3a",
    "dream magic music lavender fairy jazz violet fantasy": "231b3f 4f3f7a 8f7bb5 c9b8dc f5eff7 f3a6b0 f2c14e",
    "minimal paper logo ink typography monochrome": "1b1b1e 4a4a4f 8f8d8a cfc9bf f6f2ea d1495b 2f6f8f",
}


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` (0..1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * min(1.0, max(0.0, share))) for a, b in zip(first, second, strict=True))
    return red, green, blue


def turn(colour: Colour, hue: float, saturation: float = 1.0) -> Colour:
    """The colour with its hue turned (1 is a full turn) and its saturation multiplied."""
    h, l, s = colorsys.rgb_to_hls(*(channel / 255 for channel in colour))  # noqa: E741
    red, green, blue = (round(channel * 255) for channel in colorsys.hls_to_rgb((h + hue) % 1, l, min(1.0, s * saturation)))
    return red, green, blue


@dataclass(frozen=True)
class Palette:
    """Five colours from deep to pale and two that stand out; `dark` wants a dark sky."""

    ramp: tuple[Colour, Colour, Colour, Colour, Colour]
    accent: Colour
    second: Colour
    dark: bool = False

    def at(self, place: float) -> Colour:
        """The ramp at 0 (deep) .. 1 (pale)."""
        place = min(1.0, max(0.0, place)) * 4
        lower = min(3, int(place))
        return mix(self.ramp[lower], self.ramp[lower + 1], place - lower)

    @property
    def ink(self) -> Colour:
        """For letters on paper."""
        return mix(self.ramp[0], (16, 16, 18), 0.35)

    @property
    def paper(self) -> Colour:
        """For margins and letters on dark grounds."""
        return mix(self.ramp[4], (250, 247, 240), 0.6)

    def turned(self, hue: float, saturation: float = 1.0) -> Palette:
        """The palette with all its hues turned."""
        a, b, c, d, e = (turn(colour, hue, saturation) for colour in self.ramp)
        return replace(
            self, ramp=(a, b, c, d, e), accent=turn(self.accent, hue, saturation), second=turn(self.second, hue, saturation)
        )


def tint(place: Field, colours: list[Colour]) -> Image.Image:
    """The field (0 first colour .. 1 last colour) as a picture."""
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(place, stops, [colour[n] for colour in colours]) for n in range(3)]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def digest(*parts: object) -> int:
    """A number of 64 bits that is the same for equal parts in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _palette_number(text: str, avoid: str, otherwise: int) -> int:
    """The palette whose words occur first and most in the text, else one by hash."""
    words, avoided = (re.findall(r"[a-z]+", each.lower()) for each in (text, avoid))
    scores = []
    for keys in _PALETTES:
        known = set(keys.split())
        hits = [
            2 - at / len(words)
            for at, word in enumerate(words)
            if word in known or (word.endswith("s") and word[:-1] in known)
        ]
        scores.append(sum(hits) - 9 * sum(word in known for word in avoided))
    best = max(range(len(scores)), key=lambda number: scores[number])
    return best if scores[best] > 0 else otherwise % len(scores)


_NO_STYLE = ("", "auto", "none", "default", "general")


def choose(text: str, negative: str, style: str, jitter: int) -> Palette:
    """The palette for the words, moved a little by the jitter and clearly by negative and style."""
    known = list(_PALETTES.values())[_palette_number(f"{text} {style}", negative, digest("palette", text))].split()
    colours = [tuple(bytes.fromhex(each)) for each in known[:7]]
    a, b, c, d, e, accent, second = ((one[0], one[1], one[2]) for one in colours)
    palette = Palette((a, b, c, d, e), accent, second, known[-1] == "!").turned((jitter % 41 - 20) / 1000)
    if negative:
        turn = digest("negative", negative) % 1000 / 1000
        palette = palette.turned((0.1 + 0.12 * turn) * (1 if turn > 0.5 else -1), 0.85)
        palette = replace(palette, accent=palette.second, second=palette.accent)
    if style.lower() not in _NO_STYLE:
        turn = digest("style", style) % 1000 / 1000
        palette = palette.turned((0.06 + 0.16 * turn) * (-1 if turn > 0.5 else 1), (0.5, 0.75, 1.0)[int(turn * 3)])
    return palette
