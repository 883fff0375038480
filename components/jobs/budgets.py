"""Caps on the spending of the host's key, and the budget of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf, isfinite

from components.catalog.prices import credits_text
from components.errors import CapReached

TOLERANCE = 1e-9  # 0.1 + 0.1 + 0.1 is a little more than 0.3 in floating point, and must still fit a cap of 0.3
RESET = "It resets at midnight UTC."


def start_of_day(now: float) -> float:
    """Midnight UTC of the day of ``now``, both in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


@dataclass(frozen=True)
class Caps:
    """Most credits of the host's key: per UTC day, per visitor and UTC day, per job. None is no cap."""

    daily: float | None = None
    visitor: float | None = None
    job: float | None = None


@dataclass(frozen=True)
class Budget:
    """The caps, and the credits that count against them today: of all visitors, and of one."""

    caps: Caps = field(default_factory=Caps)
    today: float = 0.0
    visitor_today: float = 0.0

    @property
    def left(self) -> float:
        """Credits that this visitor may still spend today; infinite where there is no such cap."""
        used = ((self.caps.daily, self.today), (self.caps.visitor, self.visitor_today))
        return min((max(0.0, cap - spent) for cap, spent in used if cap is not None), default=inf)

    def reserve(self, credits: float) -> Budget:
        """The budget after a request of this price."""
        return replace(self, today=self.today + credits, visitor_today=self.visitor_today + credits)

    def fits(self, credits: float) -> bool:
        """Whether a request of this price exceeds no cap."""
        try:
            self.check(credits)
        except CapReached:
            return False
        return True

    def check(self, credits: float) -> None:
        """Raise CapReached if a request of this price would exceed a cap; an unknown price exceeds every cap."""
        caps, costs = self.caps, f"This request costs {credits_text(credits)}"
        if caps != Caps() and not isfinite(credits):
            raise CapReached(
                "The price of this request is not known, and this page has a cap.", next_step="Use your own key."
            )
        if caps.job is not None and credits > caps.job + TOLERANCE:
            raise CapReached(
                f"{costs}; this page allows {credits_text(caps.job)} a request.",
                next_step="Choose cheaper settings, or use your own key.",
            )
        if caps.visitor is not None and self.visitor_today + credits > caps.visitor + TOLERANCE:
            left = max(0.0, caps.visitor - self.visitor_today)
            raise CapReached(f"{costs}; you have {left:g} of your {credits_text(caps.visitor)} a day left here. {RESET}")
        if caps.daily is not None and self.today + credits > caps.daily + TOLERANCE:
            left = max(0.0, caps.daily - self.today)
            raise CapReached(f"{costs}; this page has {left:g} of its {credits_text(caps.daily)} a day left. {RESET}")


def check_budget(credits: float, budget: float, used: float, *, running: bool) -> None:
    """Check the price of a job against its evaluation's budget, given the credits that are spent or reserved already.

    Raises CapReached if the budget would be passed, or the evaluation is not ``running`` any more.
    """
    if not running:
        raise CapReached("The evaluation was paused or stopped before this was sent.", next_step="Resume it.")
    if not isfinite(credits) or used + credits > budget + TOLERANCE:
        raise CapReached(
            f"The evaluation has used {used:g} of its budget of {credits_text(budget)}, and this costs "
            f"{credits_text(credits)}.",
            next_step="Raise the budget to go on.",
        )
