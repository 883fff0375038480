"""A share of cases, such as passed checks, with its Wilson interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Share:
    """``count`` of ``total`` cases. ``low`` and ``high`` are the 95 % interval by Wilson, which also holds near 0 and 1."""

    count: int
    total: int

    @property
    def rate(self) -> float:
        """The share from 0 to 1; 0 of no cases."""
        return self.count / self.total if self.total else 0.0

    @property
    def low(self) -> float:
        """The lower end of the interval; 0 of no cases."""
        return self._ends()[0]

    @property
    def high(self) -> float:
        """The upper end of the interval; 1 of no cases."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        shrink = 1 + Z**2 / self.total
        middle = (self.rate + Z**2 / (2 * self.total)) / shrink
        half = Z / shrink * math.sqrt(self.rate * (1 - self.rate) / self.total + Z**2 / (4 * self.total**2))
        return max(0.0, middle - half), min(1.0, middle + half)
