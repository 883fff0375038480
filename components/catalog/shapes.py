"""A picture's shape as models write it: a ratio such as ``16:9``, or a size in pixels such as ``1024*768``."""

from __future__ import annotations

import re
from typing import NamedTuple

SHAPE = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*([:*xX×])\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*")
NEAR = 0.03  # ratios that differ by no more than this count as the same shape


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
