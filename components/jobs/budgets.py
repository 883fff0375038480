"""Caps on the host's key: what they count, and the words of a refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from components.catalog.prices import credits_text
from components.errors import CapReached
from components.jobs.job import Caps, Job

HAIR = 1e-9  # 0.1 + 0.1 + 0.1 is a little more than 0.3 in floating point, and must still fit a cap of 0.3
RESET = "It resets at midnight UTC."


def start_of_day(now: float) -> float:
    """Midnight UTC of the day of ``now``, both in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def check_caps(job: Job, caps: Caps, today: float, visitor_today: float) -> None:
    """Raises CapReached if the job's credits would pass a cap, given what is spent or reserved already.

    A price that is not known is over every cap.
    """
    if caps != Caps() and not isfinite(job.credits):
        raise CapReached("The price of this request is not known, and this page has a cap.", next_step="Use your own key.")
    if caps.job is not None and job.credits > caps.job + HAIR:
        raise CapReached(
            f"This request costs {credits_text(job.credits)}; this page allows {credits_text(caps.job)} a request.",
            next_step="Choose cheaper settings, or use your own key.",
        )
    if caps.visitor is not None and visitor_today + job.credits > caps.visitor + HAIR:
        raise CapReached(f"You have used {visitor_today:g} of your {credits_text(caps.visitor)} a day here. {RESET}")
    if caps.daily is not None and today + job.credits > caps.daily + HAIR:
        raise CapReached(f"This page has used {today:g} of its {credits_text(caps.daily)} a day. {RESET}")
