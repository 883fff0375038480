"""What a drawing is painted on, and its soft primitives: noise, skies, ridges, glows and globes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.sandbox.art.colours import Colour, Palette

Field = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Canvas:
    """Width x height px, the palette, a seeded random source, the level of detail (0..2) and the prompt as text."""

    width: int
    height: int
    palette: Palette
    rng: np.random.Generator
    detail: int
    text: str

    @property
    def unit(self) -> int:
        """The shorter side in px, by which sizes are measured."""
        return min(self.width, self.height)

    def scaled(self, longest: int) -> Canvas:
        """The canvas in the same proportions, at most ``longest`` px: soft fields are painted small and enlarged."""
        scale = min(1.0, longest / max(self.width, self.height))
        return replace(self, width=max(2, round(self.width * scale)), height=max(2, round(self.height * scale)))

    def axes(self) -> tuple[Field, Field]:
        """Columns and rows from -1 to 1 on the shorter side, further on the longer one."""
        sides, unit = (self.width, self.height), self.unit
        columns, rows = (np.linspace(-side / unit, side / unit, side, dtype=np.float32) for side in sides)
        return columns, rows[:, None]

    def noise(self, cells: float, octaves: int) -> Field:
        """Smooth noise of mean 0 and about -1..1, shape (height, width), ``cells`` lumps on the longer side."""
        total = np.zeros((self.height, self.width), np.float32)
        for octave in range(octaves):
            frequency = cells * 2**octave / max(self.width, self.height)
            rows, columns = (max(2, math.ceil(side * frequency)) + 2 for side in total.shape)
            lumps = Image.fromarray(self.rng.standard_normal((rows, columns), np.float32))
            total += np.asarray(lumps.resize((self.width, self.height))) * np.float32(0.5 ** (octave + 1))
        return total

    def ridge(self, level: float, height: float, cells: float, *, sharp: bool = False) -> Field:
        """A skyline around ``level``: y px for each column. A sharp one has peaks."""
        line = replace(self, height=2).noise(cells, 5)[0]
        return np.asarray(level - height * (1 - np.tanh(np.abs(line) * 2.2) * 1.35 if sharp else line * 1.6), np.float32)

    def tint(self, field: Field, *colours: Colour) -> Image.Image:
        """A field of any resolution (0 first colour .. 1 last colour) as an image of this canvas's size."""
        channels = [np.interp(field, np.linspace(0, 1, len(colours)), channel) for channel in zip(*colours, strict=True)]
        return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).resize((self.width, self.height))

    def mask(self, field: Field) -> Image.Image:
        """A field of any resolution (0 transparent .. 1 opaque) as a mask of this canvas's size."""
        return Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8)).resize((self.width, self.height))


def glow(image: Image.Image, x: float, y: float, r: float, colour: Colour, strength: float = 1, hard: float = 0) -> None:
    """Paint a disc of radius r px: soft all over (hard 0) up to an edge one pixel wide (hard 1)."""
    side = max(2, math.ceil(r * 2))
    axis = np.linspace(-1, 1, side, dtype=np.float32) ** 2
    mask = np.clip((1 - np.sqrt(axis[:, None] + axis)) / max(2 / side, 1 - hard), 0, 1) ** (1 if hard else 2)
    image.paste(colour, (round(x - r), round(y - r)), Image.fromarray((mask * 255 * strength).astype(np.uint8)))


def globe(canvas: Canvas, image: Image.Image, x: float, y: float, radius: float, *colours: Colour) -> None:
    """Paint a globe whose colours run across it in some direction, uneven as clouds."""
    disc = replace(canvas, width=max(2, round(radius * 2)), height=max(2, round(radius * 2)))
    small, turn = disc.scaled(400), canvas.rng.uniform(0, math.tau)
    across, down = small.axes()
    lumps = small.noise(1 + canvas.detail / 2, 1 + canvas.detail) * np.float32(0.22)
    surface = disc.tint(0.5 + (across * math.cos(turn) + down * math.sin(turn)) * 0.42 + lumps, *colours)
    mask = disc.mask((1 - np.hypot(across, down)) * small.width / 2)
    image.paste(surface, (round(x - radius), round(y - radius)), mask)
