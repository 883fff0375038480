"""Labels, sentences and units as visitors read them."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import Cost, credits_text
from components.jobs.job import ENDED, Job, JobState
from components.pictures.stored import StoredPicture

ROLE_WORDS = {
    Role.PROMPT: "Prompt",
    Role.SHAPE: "Shape",
    Role.IMAGES: "Input images",
    Role.COUNT: "Pictures per request",
    Role.SEED: "Seed",
    Role.NEGATIVE: "What to avoid",
    Role.QUALITY: "Quality",
}
TAG = re.compile(r"#\w[\w-]*")
TITLE = "Image playground for API in One"
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
WIDE = 1.3  # from this width over height on, pictures take the whole width and their words stand below

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
    of the sandbox, which is free, it is what the service would charge. ``listed`` names the listed price where that is
    another one than was charged.
    """

    cost: Cost | None
    note: str
    at_most: bool = False
    drawing: bool = False
    listed: str = ""

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
        """The price alone, for a list, beside the listed one where that is another."""
        return "free" if self.drawing else f"{self.text}{self.listed}" or self.note


def price_of(catalog: Catalog, job: Job) -> JobPrice:
    """What a job cost, or costs if it is still active. The price list's figure is never passed off as the charge."""
    drawing, done = job.payer == "sandbox", job.state is JobState.DONE
    if (job.settled and not job.may_cost) or (drawing and job.state in ENDED and not done):
        return JobPrice(None, "not charged", drawing=drawing)
    listed = Cost(job.credits, job.usd)
    if job.charged is not None and not drawing:
        charge, by_list = Cost(job.charged, catalog.usd(job.charged)), credits_text(job.credits)
        if job.charged == job.credits:
            return JobPrice(charge, "charged")
        return JobPrice(charge, f"charged; {by_list} by the price list", listed=f", listed at {by_list}")
    if not isfinite(job.credits):
        return JobPrice(None, "price not known", drawing=drawing)
    if drawing:
        return JobPrice(listed, "at the service; this drawing was free", drawing=True)
    if done:
        return JobPrice(listed, "by the price list; the service reported no charge")
    if job.settled:
        return JobPrice(listed, "by the price list; whether it was charged is not known", at_most=True)
    return JobPrice(listed, "by the price list")


# -- models and settings --


def model_name(catalog: Catalog, model_id: str) -> str:
    """The name of a model; the id of one that is no longer in the catalog."""
    model = catalog.find(model_id)
    return model.name if model else model_id


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings in a few words, such as ``flex · 2K``."""
    return " · ".join(str(value) for value in settings.values())


def setting_text(value: Any) -> str:
    """The value of one setting: a list with one item a line, ``true`` and ``false`` as the API writes them."""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tags_of(note: str) -> list[str]:
    """The words of a note that begin with ``#``, each once."""
    return list(dict.fromkeys(TAG.findall(note)))


# -- units --


def run_seconds(job: Job) -> float | None:
    """How long a job took that is done; None for any other."""
    return job.seconds(time.time()) if job.state is JobState.DONE else None


def seconds_text(seconds: float | None) -> str:
    """``7.4 s``, from a hundred seconds on ``1.8 min``; "" for None."""
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def typical_text(seconds: tuple[float, float] | None) -> str:
    """``3–10 s``; ``time not stated`` where the service states none."""
    return f"{seconds[0]:g}–{seconds[1]:g} s" if seconds else "time not stated"


def range_text(timing: Timing) -> str:
    """``4–9 s``: the middle 80 % of runs."""
    low, high = (
        f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}".removesuffix(".0")
        for seconds in (timing.quantile(0.1), timing.quantile(0.9))
    )
    return f"{low}–{high} s"


def expected_text(timing: Timing, elapsed: float) -> str:
    """``typically 4–9 s, about 3 s left``."""
    left = timing.remaining(elapsed)
    return f"typically {range_text(timing)}, " + (
        "longer than usual" if left is None else f"about {max(1, round(left))} s left"
    )


def pixels_text(picture: StoredPicture) -> str:
    """``1024 × 1024``; "" for an SVG that states no size."""
    return f"{picture.width} × {picture.height}" if picture.width else ""


def file_text(picture: StoredPicture) -> str:
    """``1024 × 1024 PNG, 1.2 MB``."""
    size = f"{picture.size / 1e6:.1f} MB" if picture.size >= 1e6 else f"{max(1, round(picture.size / 1e3))} kB"
    return f"{pixels_text(picture)} {picture.format.upper()}, {size}".strip()


def delivered_text(pictures: Sequence[StoredPicture]) -> str:
    """``2 pictures, 1024 × 1024 PNG``: how many, and every size and format once; "" without any."""
    many = f"{len(pictures)} pictures, " if len(pictures) > 1 else ""
    return many + ", ".join(sorted({f"{pixels_text(picture)} {picture.format.upper()}".strip() for picture in pictures}))


def is_compact(ratio: float, count: int) -> bool:
    """Whether pictures of this width over height, laid out in up to three columns, take about as much height as width."""
    columns = {1: 1, 2: 2, 4: 2}.get(count, 3)
    return ratio * columns / -(-count // columns) < WIDE


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


def file_name(kind: str, created_at: float, text: str) -> str:
    """``comparison-2026-11-22-a-red-kite``: the kind, the day, and the first words of a text in ASCII."""
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode().lower()
    words = [f"{utc(created_at):%Y-%m-%d}", *re.findall(r"[a-z0-9]+", plain)[:4]]
    return f"{kind}-{'-'.join(words)[:60].rstrip('-')}"


def middle_cut(text: str) -> str:
    """``n42b7e2…gptimg0``: a long id without its middle."""
    return text if len(text) <= 16 else f"{text[:7]}…{text[-7:]}"


def tagline(catalog: Catalog) -> str:
    """``Eleven image models, one API``."""
    return f"{counted(sum(model.runnable for model in catalog.models), 'image model')}, one API"
