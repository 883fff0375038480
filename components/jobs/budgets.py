"""Caps on the spending of the host's key, and the budget of an evaluation."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from components.catalog.prices import credits_text
from components.errors import CapReached
from components.jobs.job import Caps, Job

TOLERANCE = 1e-9  # 0.1 + 0.1 + 0.1 is a little more than 0.3 in floating point, and must still fit a cap of 0.3
RESET = "It resets at midnight UTC."


def start_of_day(now: float) -> float:
    """Midnight UTC of the day of ``now``, both in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def check_caps(job: Job, caps: Caps, today: float, visitor_today: float) -> None:
    """Check a job's price against the caps, given the credits that are spent or reserved already.

    Raises CapReached if a cap would be exceeded; an unknown price exceeds every cap.
    """
    if caps != Caps() and not isfinite(job.credits):
        raise CapReached("The price of this request is not known, and this page has a cap.", next_step="Use your own key.")
    if caps.job is not None and job.credits > caps.job + TOLERANCE:
        raise CapReached(
            f"This request costs {credits_text(job.credits)}; this page allows {credits_text(caps.job)} a request.",
            next_step="Choose cheaper settings, or use your own key.",
        )
    if caps.visitor is not None and visitor_today + job.credits > caps.visitor + TOLERANCE:
        raise CapReached(f"You have used {visitor_today:g} of your {credits_text(caps.visitor)} a day here. {RESET}")
    if caps.daily is not None and today + job.credits > caps.daily + TOLERANCE:
        raise CapReached(f"This page has used {today:g} of its {credits_text(caps.daily)} a day. {RESET}")


def check_budget(job: Job, budget: float, used: float, *, running: bool) -> None:
    """Check a job's price against its evaluation's budget, given the credits that are spent or reserved already.

    Raises CapReached if the budget would be passed, or the evaluation is not ``running`` any more.
    """
    if not running:
        raise CapReached("The evaluation was paused or stopped before this was sent.", next_step="Resume it.")
    if not isfinite(job.credits) or used + job.credits > budget + TOLERANCE:
        raise CapReached(
            f"The evaluation has used {used:g} of its budget of {credits_text(budget)}, and this costs "
            f"{credits_text(job.credits)}.",
            next_step="Raise the budget to go on.",
        )
