"""Labels, sentences and units as visitors read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from components.api import Account
from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import Cost, credits_text, usd_text
from components.errors import PlaygroundError
from components.jobs.job import ENDED, Job, JobState
from components.pictures.kept import KeptPicture
from components.playground import Playground, Visit

ROLE_WORDS = {
    Role.PROMPT: "Prompt",
    Role.SHAPE: "Shape",
    Role.IMAGES: "Input images",
    Role.COUNT: "Pictures per request",
    Role.SEED: "Seed",
    Role.NEGATIVE: "What to avoid",
    Role.QUALITY: "Quality",
}
TITLE = "Image playground for API in One"
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")

SANDBOX_BANNER = (
    "Sandbox: these are drawings made here from your settings, not model output. Add a key to use the real models."
)
KEY_WITHHELD = (
    "This Space has a key, but no daily spend cap, so visitors cannot use the key. "
    "The host of this page can set PLAYGROUND_DAILY_CREDITS."
)
KEPT = "Your requests and pictures are kept for this browser only, and survive a restart of the server."
NOT_DURABLE = (
    "This Space has no durable storage: requests and pictures are lost when it restarts. Download what you want to keep."
)

STATE_WORDS = {
    JobState.QUEUED: "Waiting",
    JobState.SUBMITTING: "Sending",
    JobState.RUNNING: "Running",
    JobState.SAVING: "Saving",
    JobState.OVERDUE: "Still running",
    JobState.NEEDS_KEY: "Needs its key",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.UNCERTAIN: "Unsure",
    JobState.ABANDONED: "Unsure",
    JobState.STOPPED: "Stopped",
}
TONES = {JobState.DONE: "good", JobState.FAILED: "bad"}


# -- jobs --


def state_word(job: Job) -> str:
    """The state of a job in a word or two."""
    if job.state is JobState.OVERDUE and job.pending_urls:
        return "Not saved yet"
    return STATE_WORDS[job.state]


def tone(job: Job) -> str:
    """Which colour goes with a job's state: ``run good warn bad``."""
    if job.settled and job.state not in TONES:
        return "warn"
    return TONES.get(job.state, "run")


@dataclass(frozen=True)
class JobPrice:
    """What a job cost. ``note`` says how that is known, in words that continue ``text``.

    ``cost`` is None if nothing was charged or the price is not known, an upper limit if ``at_most``; for a ``drawing``
    of the sandbox, which is free, it is what the service would charge.
    """

    cost: Cost | None
    note: str
    at_most: bool = False
    drawing: bool = False

    @property
    def text(self) -> str:
        """``4 credits · $0.04`` or ``up to 4 credits · $0.04``; "" without a cost."""
        return "" if self.cost is None else f"{'up to ' if self.at_most else ''}{self.cost}"

    @property
    def sentence(self) -> str:
        """``4 credits · $0.04 by the price list; the service reported no charge``."""
        return f"{self.text} {self.note}".strip()

    @property
    def short(self) -> str:
        """The price alone, for a list."""
        return "free" if self.drawing else self.text or self.note

    @property
    def cells(self) -> tuple[str, str]:
        """Credits and dollars for the columns of a table."""
        if self.cost is None:
            return "–", "–"
        limit = "≤ " if self.at_most else ""
        return f"{limit}{self.cost.credits:,.10g}", limit + usd_text(self.cost.usd)


def price_of(catalog: Catalog, job: Job) -> JobPrice:
    """What a job cost, or costs if it is still active. The price list's figure is never passed off as the charge."""
    drawing, done = job.payer == "sandbox", job.state is JobState.DONE
    if (job.settled and not job.accepted) or (drawing and job.state in ENDED and not done):
        return JobPrice(None, "not charged", drawing=drawing)
    listed = Cost(job.credits, job.usd)
    if job.charged is not None and not drawing:
        differs = "" if job.charged == job.credits else f"; {credits_text(job.credits)} by the price list"
        return JobPrice(Cost(job.charged, catalog.usd(job.charged)), f"charged{differs}")
    if not isfinite(job.credits):
        return JobPrice(None, "price not known", drawing=drawing)
    if drawing:
        return JobPrice(listed, "at the service; this drawing was free", drawing=True)
    if done:
        return JobPrice(listed, "by the price list; the service reported no charge")
    if job.settled:
        return JobPrice(listed, "by the price list; whether it was charged is not known", at_most=True)
    return JobPrice(listed, "by the price list")


# -- units --


def seconds_text(seconds: float) -> str:
    """``7.4 s``, from a hundred seconds on ``1.8 min``."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def typical_text(seconds: tuple[float, float] | None) -> str:
    """``3–10 s``; ``time not stated`` where the service states none."""
    return f"{seconds[0]:g}–{seconds[1]:g} s" if seconds else "time not stated"


def range_text(timing: Timing) -> str:
    """``4–9 s``: the middle 80 % of runs."""

    def rounded(seconds: float) -> str:
        return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}".removesuffix(".0")

    return f"{rounded(timing.quantile(0.1))}–{rounded(timing.quantile(0.9))} s"


def pixels_text(kept: KeptPicture) -> str:
    """``1024 × 1024``; "" for an SVG that states no size."""
    return f"{kept.width} × {kept.height}" if kept.width else ""


def counted(number: int, noun: str) -> str:
    """``Six pictures``, ``One picture``, ``13 pictures``."""
    return f"{NUMBERS[number] if number < len(NUMBERS) else number} {noun}{'' if number == 1 else 's'}"


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as a date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def shorten(text: str, length: int) -> str:
    """The text on one line, cut to ``length`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


# -- the page --


def tagline(catalog: Catalog) -> str:
    """``Eleven image models, one API``."""
    return f"{counted(sum(model.runnable for model in catalog.models), 'image model')}, one API"


def button_text(cost: Cost) -> str:
    """``Generate · 10 credits · $0.10``."""
    return f"Generate · {cost}"


def plain(error: PlaygroundError) -> str:
    """An error as one paragraph."""
    return str(error.problem)


def banner(account: Account) -> str:
    """The notice above the page about who pays, or ""."""
    return SANDBOX_BANNER if account.payer == "sandbox" else ""


async def pill(playground: Playground, visit: Visit) -> tuple[str, str]:
    """The payer, and whose money is being spent in words. Raises DatabaseUnavailable."""
    payer, caps = playground.account(visit).payer, playground.caps
    if payer == "sandbox":
        return payer, "Sandbox · drawings, free"
    if payer == "visitor":
        spend = await playground.jobs.spent_by(visit.visitor, visit.since)
        return payer, f"Your key · {credits_text(spend.total)} this visit"
    today = (await playground.jobs.spent_today()).total
    if caps.daily is None:
        return payer, f"Host key · {credits_text(today)} used today"
    return payer, f"Host key · {max(0.0, caps.daily - today):g} of {credits_text(caps.daily)} left today"


async def spend_line(playground: Playground, visit: Visit) -> str:
    """What has been spent and under which caps; "" in the sandbox. Raises DatabaseUnavailable."""
    payer, caps = playground.account(visit).payer, playground.caps
    if payer == "visitor":
        mine = await playground.jobs.spent_by(visit.visitor, visit.since)
        usd = usd_text(playground.catalog.usd(mine.total))
        reserved = _reserved(mine.reserved)
        return f"Your key: {credits_text(mine.total)} ({usd}) since you opened this page{reserved}. No cap here."
    if payer != "host":
        return ""
    today, mine = await playground.jobs.spent_today(), await playground.jobs.spent_today(visit.visitor)
    parts = [f"Today: {_of(today.total, caps.daily)}{_reserved(today.reserved)}", f"you: {_of(mine.total, caps.visitor)}"]
    if caps.job is not None:
        parts.append(f"at most {caps.job:g} per request")
    capped = caps.daily is not None or caps.visitor is not None
    return " · ".join(parts) + ("; resets at midnight UTC." if capped else ".")


def _of(credits: float, cap: float | None) -> str:
    return credits_text(credits) if cap is None else f"{credits:g} of {credits_text(cap)}"


def _reserved(credits: float) -> str:
    return f", {credits:g} of them reserved" if credits else ""
