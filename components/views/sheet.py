"""A comparison in words: each card with its pictures, price, time and settings, and all of them in a table.

What is shown to everybody is made here too: there, what leads back to the visitor is left out.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from statistics import median
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import credits_text, usd_text
from components.catalog.requests import rebuild_request
from components.catalog.shared_form import STANDARD
from components.comparisons.comparison import Card, Comparison
from components.errors import InputError
from components.jobs.job import ENDED, Job, JobState
from components.pictures.kept import KeptPicture
from components.playground import Playground
from components.snippets import write_snippet
from components.views.job import tone
from components.views.models import settings_text
from components.views.outcome import differences
from components.views.words import NUMBERS, ROLE_WORDS, seconds_text, state_word

LONGEST_ALT = 300
LONG_PROMPT = 600
LONGEST_TITLE = 70
ADDRESS = re.compile(r"\s*(?:https?://|data:)", re.I)
Sources = Mapping[tuple[int, int], str]


@dataclass(frozen=True)
class Shot:
    """A picture: its address, "" where it is gone, and its own size in words."""

    source: str
    alt: str
    text: str
    width: int
    height: int


@dataclass(frozen=True)
class Price:
    """Credits and dollars that a card counts with, None where nothing can have been charged or the price is not known.

    ``sure`` is false where it may also be nothing; ``note`` says how the number is known.
    """

    credits: float | None
    usd: float
    note: str
    sure: bool = True

    @property
    def text(self) -> str:
        """``4 credits · $0.04``; "" for a price that is not known."""
        return "" if self.credits is None else f"{credits_text(self.credits)} · {usd_text(self.usd)}"

    @property
    def cells(self) -> tuple[str, str]:
        """Credits and dollars as they stand in a column."""
        if self.credits is None:
            return "–", "–"
        most = "" if self.sure else "≤ "
        return f"{most}{self.credits:,.10g}", most + usd_text(self.usd)


@dataclass(frozen=True)
class Entry:
    """A card in words. What a public page must not show is empty there."""

    number: int
    name: str
    icon: str
    provider: str
    label: str
    word: str
    tone: str
    price: Price
    seconds: float | None = None
    asked: str = ""
    delivered: str = ""
    shots: tuple[Shot, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    price_note: str = ""
    reason: str = ""
    task_id: str = ""
    snippet: str = ""
    drawing: bool = False

    @property
    def done(self) -> bool:
        """Whether there is a picture."""
        return bool(self.shots)

    @property
    def time(self) -> str:
        """``7.4 s``; "" while it has not ended."""
        return "" if self.seconds is None else seconds_text(self.seconds)


@dataclass(frozen=True)
class Sheet:
    """A whole comparison in words. ``total`` is what its cards cost, ``perhaps`` what may have been charged besides.

    ``ratio`` is width over height of the usual picture, ``endpoint`` the address that all models share.
    """

    title: str
    prompt: str
    entries: tuple[Entry, ...]
    shared: tuple[tuple[str, str], ...]
    lead: str
    total: Price
    perhaps: Price
    measured: str
    ratio: float
    endpoint: str

    @property
    def opening(self) -> str:
        """The beginning of a prompt that is too long to stand above everything else; "" for any other."""
        return _short(self.prompt, LONGEST_ALT) if len(self.prompt) > LONG_PROMPT else ""

    @property
    def rows(self) -> list[Entry]:
        """By price, those without a picture last."""

        def key(entry: Entry) -> tuple[bool, bool, float, float]:
            credits = entry.price.credits
            return not entry.done, credits is None, credits or 0, entry.seconds or 0

        return sorted(self.entries, key=key)

    @property
    def drawings(self) -> str:
        """Which pictures are the sandbox's: ``all``, ``some`` or ""."""
        drawn = [entry.drawing for entry in self.entries if entry.done]
        return "all" if drawn and all(drawn) else "some" if any(drawn) else ""


def describe(playground: Playground, batch: Comparison, jobs: Mapping[str, Job], sources: Sources, *, public: bool) -> Sheet:
    """The comparison in words. ``sources`` are the pictures' addresses by card and picture, both counted from 1."""
    known = {number: jobs.get(card.job) for number, card in enumerate(batch.cards, 1)}
    entries = tuple(
        _entry(playground, batch, number, card, known[number], sources, public) for number, card in enumerate(batch.cards, 1)
    )
    prompt = prompt_of(batch)
    catalog = playground.catalog
    sizes = [shot.width / shot.height for entry in entries for shot in entry.shots if shot.width and shot.height]
    shared = [
        (ROLE_WORDS[Role(role)], _hidden(value) if public and role == Role.IMAGES else _value(value))
        for role, value in batch.shared.items()
        if role != Role.PROMPT and value not in (None, "", []) and (role, value) != (Role.QUALITY, STANDARD)
    ]
    return Sheet(
        title=_short(prompt, LONGEST_TITLE) or "Without a prompt",
        prompt=prompt,
        entries=entries,
        shared=tuple(shared),
        lead=_lead(entries),
        total=_sum([entry for entry in entries if entry.price.sure]),
        perhaps=_sum([entry for entry in entries if not entry.price.sure]),
        measured=_measured(batch, [job for job in known.values() if job], public),
        ratio=min(2.0, max(0.5, median(sizes))) if sizes else 1.0,
        endpoint=catalog.endpoint.base_url + catalog.endpoint.create,
    )


def _entry(
    playground: Playground, batch: Comparison, number: int, card: Card, job: Job | None, sources: Sources, public: bool
) -> Entry:
    model = playground.catalog.find(card.model)
    name = model.name if model else card.model
    settings = _hidden_settings(card.settings) if public else card.settings
    several = any(other.sample != card.sample and other.model == card.model for other in batch.cards)
    label = " · ".join(part for part in (settings_text(settings), f"sample {card.sample}" if several else "") if part)
    entry: dict[str, Any] = {
        "number": number,
        "name": name,
        "icon": model.icon if model else "",
        "provider": model.provider if model else "",
        "label": _short(label, LONGEST_TITLE),
        "notes": tuple(note for note in card.notes if not (public and "://" in note)),
    }
    if job is None:
        if not card.refused:
            return Entry(**entry, word="Deleted", tone="warn", price=Price(None, 0.0, "not on record any more"))
        reason = "" if public else card.refused
        return Entry(**entry, word="Not sent", tone="warn", price=Price(None, 0.0, "nothing was sent"), reason=reason)
    prompt = _short(prompt_of(batch), LONGEST_ALT)
    shots = tuple(
        Shot(sources[number, place], f"{prompt} ({name})", _size(kept), kept.width, kept.height)
        for place, kept in enumerate(job.pictures, 1)
    )
    sizes = sorted({f"{kept.width} × {kept.height}" if kept.width else kept.format.upper() for kept in job.pictures})
    return Entry(
        **entry,
        word="Not ended" if public and job.keyless else state_word(job),
        tone=tone(job),
        price=_price(playground.catalog, job),
        price_note=model.price_note if model and job.accepted and job.charged is None else "",
        seconds=job.seconds(time.time()) if job.state is JobState.DONE else None,
        asked=" × ".join(part for part in (str(job.count) if job.count > 1 else "", job.shape) if part),
        delivered=(f"{len(shots)} pictures, " if len(shots) > 1 else "") + ", ".join(sizes),
        shots=shots,
        settings=_sent(job, prompt_of(batch), public),
        differences=tuple(differences(job)),
        reason=job.problem.what if job.problem and not public else "",
        task_id="" if public else job.task_id or "",
        snippet="" if public else _snippet(playground, job),
        drawing=job.payer == "sandbox",
    )


def _price(catalog: Catalog, job: Job) -> Price:
    """What a job cost, and how that is known."""
    drawn = job.payer == "sandbox"
    if not job.accepted or (drawn and job.state in ENDED - {JobState.DONE}):
        return Price(None, 0.0, "nothing was charged")
    if job.charged is not None and not drawn:
        listed = "" if job.charged == job.credits else f"; {credits_text(job.credits)} by the price list"
        return Price(job.charged, catalog.usd(job.charged), f"charged, as the service reported{listed}")
    if not isfinite(job.credits):
        return Price(None, 0.0, "the price is not known")
    if drawn:
        return Price(job.credits, job.usd, "at the service by its price list; nothing was charged for this drawing")
    if job.state is not JobState.DONE:
        return Price(job.credits, job.usd, "by the price list; whether it is charged is not known", sure=False)
    return Price(job.credits, job.usd, "by the price list; the service reported no charge")


def _sum(entries: list[Entry]) -> Price:
    known = [entry.price.credits for entry in entries if entry.price.credits is not None]
    return Price(sum(known) if known else None, sum(entry.price.usd for entry in entries), "")


def _lead(entries: tuple[Entry, ...]) -> str:
    """``Six pictures by five models, $0.02 to $0.28 a request, 2.9 s to 8.1 s.``"""
    done = [entry for entry in entries if entry.done]
    pictures, models = sum(len(entry.shots) for entry in done), len({entry.name for entry in done})
    if not done:
        return "No picture came of it."
    drawn = all(entry.drawing for entry in done)
    what = f"{_count(pictures, 'drawing')} in the place of" if drawn else f"{_count(pictures, 'picture')} by"
    parts = [f"{what} {_count(models, 'model').lower()}"]
    prices = sorted({entry.price.usd for entry in done if entry.price.credits is not None})
    if prices:
        parts.append(" to ".join(dict.fromkeys([usd_text(prices[0]), usd_text(prices[-1])])) + " a request")
    seconds = sorted(entry.seconds for entry in done if entry.seconds is not None and not entry.drawing)
    if seconds:
        parts.append(" to ".join(dict.fromkeys([seconds_text(seconds[0]), seconds_text(seconds[-1])])))
    return ", ".join(parts) + "."


def _sent(job: Job, prompt: str, public: bool) -> tuple[tuple[str, str], ...]:
    """The body as it was sent, less the prompt that all share."""
    body = {name: value for name, value in job.body.items() if value != prompt}
    return tuple((name, _value(value)) for name, value in (_hidden_settings(body) if public else body).items())


def _hidden_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the addresses in them: whose pictures were used is nobody's business."""
    return {name: _hidden(value) if is_address(value) else value for name, value in settings.items()}


def _hidden(value: Any) -> str:
    count = len(value) if isinstance(value, list) else 1
    return f"{count} picture{'' if count == 1 else 's'}, not shown here"


def is_address(value: Any) -> bool:
    """Whether a value is an address, or a list, which in every catalog so far holds addresses."""
    return isinstance(value, list) or (isinstance(value, str) and ADDRESS.match(value) is not None)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _snippet(playground: Playground, job: Job) -> str:
    """The same request to the real service, with the key as an environment name; "" where it cannot be made any more."""
    try:
        request = rebuild_request(playground.catalog, job.model, job.body)
    except InputError:
        return ""
    return write_snippet(request, playground.service.base_url, playground.catalog.endpoint, task_id=job.task_id)


def _measured(batch: Comparison, jobs: list[Job], public: bool) -> str:
    """``22 November 2026, 14:05 UTC``; the hour is the visitor's own affair."""
    last = max([batch.created_at, *(job.finished_at or 0 for job in jobs)])
    first = day_text(batch.created_at, "%B %Y", day=True)
    until = day_text(last, "%B %Y", day=True)
    if first != until:
        return f"{first} to {until}"
    return first if public else f"{first}, {day_text(batch.created_at, '%H:%M')} UTC"


def day_text(at: float, form: str, *, day: bool = False) -> str:
    """A moment in UTC as ``form`` says, after the number of the day where ``day`` asks for it without a zero."""
    when = datetime.fromtimestamp(at, UTC)
    return f"{when.day} {when:{form}}" if day else f"{when:{form}}"


def _size(kept: KeptPicture) -> str:
    pixels = f"{kept.width} × {kept.height} " if kept.width else ""
    weight = f"{kept.size / 1e6:.1f} MB" if kept.size >= 1e6 else f"{max(1, round(kept.size / 1e3))} kB"
    return f"{pixels}{kept.format.upper()}, {weight}"


def _count(number: int, word: str) -> str:
    return f"{NUMBERS[number] if number < len(NUMBERS) else number} {word}{'' if number == 1 else 's'}"


def prompt_of(batch: Comparison) -> str:
    """What all cards were asked for."""
    return str(batch.shared.get("prompt", ""))


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
