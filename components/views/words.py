"""Sentences and labels that visitors read, each written once."""

from __future__ import annotations

from components.api import Account
from components.api.schedule import Timing
from components.catalog.parameters import Role
from components.catalog.prices import Cost, credits_text, usd_text
from components.errors import PlaygroundError
from components.jobs.job import Job, JobState
from components.playground import Playground, Visit

ROLE_WORDS = {
    Role.PROMPT: "Prompt",
    Role.SHAPE: "Shape",
    Role.IMAGES: "Input images",
    Role.COUNT: "Pictures a request",
    Role.SEED: "Seed",
    Role.NEGATIVE: "What to avoid",
    Role.QUALITY: "Quality",
}
TITLE = "Image playground for API in One"
TAGLINE = "{} image models, one endpoint."
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")

SANDBOX_BANNER = (
    "Sandbox: these are drawings made here from your settings, not model output. Add a key to use the real models."
)
KEY_WITHHELD = (
    "This Space holds a key, but no daily cap limits it, so it is not used for visitors. "
    "Whoever runs the Space can set PLAYGROUND_DAILY_CREDITS."
)
KEPT = "What you ask for and its pictures are kept, also when this page's server restarts, for this browser only."
NOT_DURABLE = (
    "This Space has no durable storage: pictures and what was asked are gone after a restart. "
    "Download what you want to keep."
)

STATE_WORDS = {
    JobState.QUEUED: "Waiting",
    JobState.SUBMITTING: "Sending",
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.UNCERTAIN: "Unsure",
    JobState.STOPPED: "Stopped",
}


def tagline(playground: Playground) -> str:
    """``Eleven image models, one endpoint.``"""
    count = len([model for model in playground.catalog.models if model.runnable])
    return TAGLINE.format(NUMBERS[count] if count < len(NUMBERS) else count)


def state_word(job: Job) -> str:
    """One word for where a job is; ``Saving`` while its pictures are fetched."""
    if job.keyless:
        return "Waits for its key"
    if job.overdue:
        return "Still running" if not job.waiting else "Not saved yet"
    return "Saving" if job.saving else STATE_WORDS[job.state]


def seconds_text(seconds: float) -> str:
    """``7.4 s``, from a hundred seconds on ``1.8 min``."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def typical_text(seconds: tuple[float, float] | None) -> str:
    """``3–10 s``; ``time not stated`` where the service states none."""
    return f"{seconds[0]:g}–{seconds[1]:g} s" if seconds else "time not stated"


def range_text(timing: Timing) -> str:
    """``4–9 s``: the middle 80 % of runs."""
    return f"{_rounded(timing.quantile(0.1))}–{_rounded(timing.quantile(0.9))} s"


def _rounded(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}".removesuffix(".0")


def button_text(cost: Cost) -> str:
    """``Generate · 10 credits · $0.10``: what one click costs."""
    return f"Generate · {cost}"


def banner(account: Account) -> str:
    """What the page says above everything about who pays, or ""."""
    return SANDBOX_BANNER if account.payer == "sandbox" else ""


async def pill(playground: Playground, visit: Visit) -> tuple[str, str]:
    """Whose money is being spent, as (kind of payer, words)."""
    account = playground.account(visit)
    if account.payer == "sandbox":
        return "sandbox", "Sandbox · drawings, free"
    if account.payer == "visitor":
        spend = await playground.jobs.spent_by(visit.visitor, visit.since)
        return "visitor", f"Your key · {credits_text(spend.total)} this visit"
    today = (await playground.jobs.spent_today()).total
    if playground.caps.daily is None:
        return "host", f"Host key · {credits_text(today)} used today"
    left = max(0.0, playground.caps.daily - today)
    return "host", f"Host key · {left:g} of {credits_text(playground.caps.daily)} left today"


async def spend_line(playground: Playground, visit: Visit) -> str:
    """What has been spent, by whom, and how far it may go; "" where nothing can be spent."""
    payer, caps = playground.account(visit).payer, playground.caps
    if payer == "visitor":
        mine = await playground.jobs.spent_by(visit.visitor, visit.since)
        held = f", {mine.reserved:g} of them reserved" if mine.reserved else ""
        usd = usd_text(playground.catalog.usd(mine.total))
        return f"Your key: {credits_text(mine.total)} ({usd}) since you opened this page{held}. No cap here."
    if payer != "host":
        return ""
    today, mine = await playground.jobs.spent_today(), await playground.jobs.spent_today(visit.visitor)
    held = f", {today.reserved:g} of them reserved" if today.reserved else ""
    parts = [f"Today: {_of(today.total, caps.daily)}{held}", f"you: {_of(mine.total, caps.visitor)}"]
    if caps.job is not None:
        parts.append(f"at most {caps.job:g} a request")
    capped = caps.daily is not None or caps.visitor is not None
    return " · ".join(parts) + ("; resets at midnight UTC." if capped else ".")


def _of(credits: float, cap: float | None) -> str:
    return credits_text(credits) if cap is None else f"{credits:g} of {credits_text(cap)}"


def plain(error: PlaygroundError) -> str:
    """An error as one paragraph."""
    return str(error.problem)
