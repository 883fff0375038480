"""A picture's shape as models write it: a ratio such as ``16:9``, or a size in pixels such as ``1024*768``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

SHAPE = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*([:*xX×])\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*")
NEAR = 0.03  # ratios that differ by no more than this count as the same shape
USUAL_RATIOS = [(1, 1), (3, 2), (4, 3), (16, 9), (21, 9), (5, 4), (2, 1), (3, 1)]
LARGEST_MULTIPLE = 64  # pixels
LONGEST_RATIO = 4  # of a size that no list names


class Shape(NamedTuple):
    """Two sides above 0; ``exact`` if they are pixels and not a ratio."""

    width: float
    height: float
    exact: bool

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def area(self) -> float:
        """The area in pixels; 0 for a ratio."""
        return self.width * self.height if self.exact else 0.0


def read_shape(text: str) -> Shape | None:
    """``16:9``, ``1024*768``, ``1024x768`` or ``1024×768``; None for anything else, such as ``auto``."""
    match = SHAPE.fullmatch(text)
    width, height = (float(match[1]), float(match[3])) if match else (0.0, 0.0)
    return Shape(width, height, match[2] != ":") if match and width and height else None


def notation(text: str) -> str:
    """What stands between the sides of a shape, one of ``: * x X ×``; "" for anything else."""
    match = SHAPE.fullmatch(text)
    return match[2] if match and read_shape(text) else ""


def same_ratio(one: float, other: float) -> bool:
    """Whether two ratios of width to height count as the same shape."""
    return max(one, other) / min(one, other) <= 1 + NEAR


def nearest_shape(requested: Shape, offered: Iterable[str], default: str) -> str | None:
    """The offered shape closest in ratio, of equals one of the same orientation, then the closest in area.

    A ratio has no area: the area of the default is taken. If no area is known, the first of equals is taken. None if
    nothing that is offered is a shape.
    """
    sizes = {text: size for text in offered if (size := read_shape(text))}
    default_size = read_shape(default)
    area = requested.area or (default_size.area if default_size else 0)
    requested_log = math.log(requested.ratio)

    def distance(text: str) -> tuple[float, bool, float]:
        log = math.log(sizes[text].ratio)
        other_orientation = (log > 0, log < 0) != (requested_log > 0, requested_log < 0)
        return round(abs(log - requested_log), 6), other_orientation, abs(sizes[text].area - area) if area else 0

    return min(sizes, key=distance, default=None)


def open_sizes(requested: Shape, listed: Sequence[str]) -> list[str]:
    """The sizes in pixels to choose from where a model's list is open, written as the list writes them.

    Those on the list, and the same turned by a right angle. If none of them has the shape asked for, also the size
    closest to it with about the area of the last one listed. Its sides are multiples of what all listed sides are
    multiples of, at most LARGEST_MULTIPLE: services demand such multiples, and 64 pixels satisfy the usual ones.
    """
    named = [(match[2], int(float(match[1])), int(float(match[3]))) for text in listed if (match := SHAPE.fullmatch(text))]
    sizes = [*listed, *(f"{height}{sign}{width}" for sign, width, height in named)]
    if any(same_ratio(requested.ratio, size.ratio) for text in sizes if (size := read_shape(text))):
        return sizes
    sign, last_width, last_height = named[-1]
    multiple = math.gcd(LARGEST_MULTIPLE, *(side for _, *sides in named for side in sides))
    ratio = min(max(requested.ratio, 1 / LONGEST_RATIO), LONGEST_RATIO)
    area = last_width * last_height / multiple**2
    ideal = math.sqrt(area * ratio), math.sqrt(area / ratio)

    def distance(sides: tuple[int, ...]) -> tuple[float, float]:
        return abs(math.log(sides[0] / sides[1] / ratio)), abs(sides[0] * sides[1] - area)

    width, height = min(product(*((max(1, math.floor(side)), math.ceil(side)) for side in ideal)), key=distance)
    return [*sizes, f"{width * multiple}{sign}{height * multiple}"]


def ratio_text(width: int, height: int) -> str:
    """``16:9`` for anything near a usual ratio, else the reduced fraction."""
    for wide, high in USUAL_RATIOS:
        for usual in ((wide, high), (high, wide)):
            if same_ratio(usual[0] / usual[1], width / height):
                return f"{usual[0]}:{usual[1]}"
    reduced = Fraction(width, height)
    return f"{reduced.numerator}:{reduced.denominator}"
