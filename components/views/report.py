"""The report of a comparison as plain values: each card in words, totals, and what a published page leaves out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import Cost, usd_text
from components.catalog.shared_form import STANDARD
from components.comparisons.comparison import Card, Comparison
from components.jobs.job import Job, JobState
from components.pictures.kept import KeptPicture
from components.views.job import differences
from components.views.models import settings_text
from components.views.words import (
    ROLE_WORDS,
    JobPrice,
    counted,
    pixels_text,
    price_of,
    seconds_text,
    shorten,
    state_word,
    tone,
    utc,
)

LONGEST_ALT = 300
LONG_PROMPT = 600
LONGEST_TITLE = 70
ADDRESS = re.compile(r"\s*(?:https?://|data:)", re.I)
Sources = Mapping[tuple[int, int], str]


@dataclass(frozen=True)
class ReportPicture:
    """A picture: the address of its copy ("" if it is no longer stored), and its own size in words and pixels."""

    source: str
    alt: str
    size: str
    width: int
    height: int


@dataclass(frozen=True)
class ReportCard:
    """A card of the comparison in words; ``number`` counts from 1."""

    number: int
    name: str
    icon: str
    provider: str
    label: str
    word: str
    tone: str
    price: JobPrice
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    asked: str = ""
    delivered: str = ""
    pictures: tuple[ReportPicture, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    differences: tuple[str, ...] = ()
    price_note: str = ""
    reason: str = ""
    task_id: str = ""
    snippet: str = ""
    drawing: bool = False

    @property
    def time(self) -> str:
        """``7.4 s``; "" until it has ended."""
        return "" if self.seconds is None else seconds_text(self.seconds)


@dataclass(frozen=True)
class ComparisonReport:
    """A comparison in words. ``total`` is the sum of known prices, ``at_most`` of those that may not have been charged.

    ``ratio`` is width over height of the usual picture, ``endpoint`` the address that all models share.
    """

    title: str
    prompt: str
    cards: tuple[ReportCard, ...]
    shared: tuple[tuple[str, str], ...]
    lead: str
    total: JobPrice
    at_most: JobPrice
    measured: str
    ratio: float
    endpoint: str

    @property
    def prompt_start(self) -> str:
        """The start of a prompt that is too long to show in full at the top; "" for any other."""
        return shorten(self.prompt, LONGEST_ALT) if len(self.prompt) > LONG_PROMPT else ""

    @property
    def by_price(self) -> list[ReportCard]:
        """The cards by price, those without a picture last."""

        def key(card: ReportCard) -> tuple[bool, bool, float, float]:
            cost = card.price.cost
            return not card.pictures, cost is None, cost.credits if cost else 0, card.seconds or 0

        return sorted(self.cards, key=key)

    @property
    def drawings(self) -> str:
        """Which pictures are the sandbox's: ``all``, ``some`` or ""."""
        drawn = [card.drawing for card in self.cards if card.pictures]
        return "all" if drawn and all(drawn) else "some" if any(drawn) else ""


def describe_comparison(
    catalog: Catalog,
    comparison: Comparison,
    jobs: Mapping[str, Job],
    sources: Sources,
    snippet: Callable[[Job], str] = lambda job: "",
) -> ComparisonReport:
    """The comparison in words. ``sources`` are the pictures' addresses by card and picture, both counted from 1."""
    cards = tuple(
        _describe_card(catalog, comparison, number, jobs.get(card.job), sources, snippet)
        for number, card in enumerate(comparison.cards, 1)
    )
    prompt = prompt_of(comparison)
    ratios = [kept.width / kept.height for card in cards for kept in card.pictures if kept.width and kept.height]
    shared = [
        (ROLE_WORDS[Role(role)], _value(value))
        for role, value in comparison.shared.items()
        if role != Role.PROMPT and value not in (None, "", []) and (role, value) != (Role.QUALITY, STANDARD)
    ]
    return ComparisonReport(
        title=shorten(prompt, LONGEST_TITLE) or "Without a prompt",
        prompt=prompt,
        cards=cards,
        shared=tuple(shared),
        lead=_lead([card for card in cards if card.pictures]),
        total=_sum(card.price for card in cards if not card.price.at_most),
        at_most=_sum(card.price for card in cards if card.price.at_most),
        measured=_measured(comparison, jobs),
        ratio=min(2.0, max(0.5, median(ratios))) if ratios else 1.0,
        endpoint=catalog.endpoint.base_url + catalog.endpoint.create,
    )


def _describe_card(
    catalog: Catalog,
    comparison: Comparison,
    number: int,
    job: Job | None,
    sources: Sources,
    snippet: Callable[[Job], str],
) -> ReportCard:
    card, prompt = comparison.cards[number - 1], prompt_of(comparison)
    model = catalog.find(card.model)
    described = ReportCard(
        number=number,
        name=model.name if model else card.model,
        icon=model.icon if model else "",
        provider=model.provider if model else "",
        label=_label(comparison, card),
        word="Not sent" if card.refused else "Deleted",
        tone="warn",
        price=JobPrice(None, "nothing was sent" if card.refused else "the request was deleted"),
        notes=card.notes,
        reason=card.refused,
    )
    if job is None:
        return described
    alt = f"{shorten(prompt, LONGEST_ALT)} ({described.name})"
    sizes = sorted({pixels_text(kept) or kept.format.upper() for kept in job.pictures})
    many = f"{len(job.pictures)} pictures, " if len(job.pictures) > 1 else ""
    return replace(
        described,
        word=state_word(job),
        tone=tone(job),
        price=price_of(catalog, job),
        price_note=model.price_note if model and job.accepted and job.charged is None else "",
        seconds=job.seconds(time.time()) if job.state is JobState.DONE else None,
        asked=" × ".join(part for part in (str(job.count) if job.count > 1 else "", job.shape) if part),
        delivered=many + ", ".join(sizes),
        pictures=tuple(
            ReportPicture(sources[number, index], alt, _size(kept), kept.width, kept.height)
            for index, kept in enumerate(job.pictures, 1)
        ),
        settings=tuple((name, _value(value)) for name, value in job.body.items() if value != prompt),
        differences=tuple(differences(job)),
        reason=job.problem.what if job.problem else "",
        task_id=job.task_id or "",
        snippet=snippet(job),
        drawing=job.payer == "sandbox",
    )


def redacted(report: ComparisonReport) -> ComparisonReport:
    """The report without what leads back to the visitor: addresses of their pictures, the hour, tasks, the service's words."""

    def hidden(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((name, _hide(value)) for name, value in values)

    cards = tuple(
        replace(
            card,
            word="Not finished" if card.word == "Needs its key" else card.word,
            settings=hidden(card.settings),
            notes=tuple(note for note in card.notes if "://" not in note),
            reason="",
            task_id="",
            snippet="",
        )
        for card in report.cards
    )
    return replace(report, cards=cards, shared=hidden(report.shared), measured=report.measured.partition(",")[0])


def _label(comparison: Comparison, card: Card) -> str:
    """Settings and sample of a card, where they tell it from others."""
    settings = settings_text({name: _hide(value) for name, value in card.settings.items()})
    several = any(other.sample != card.sample and other.model == card.model for other in comparison.cards)
    return shorten(
        " · ".join(part for part in (settings, f"sample {card.sample}" if several else "") if part), LONGEST_TITLE
    )


def _sum(prices: Iterable[JobPrice]) -> JobPrice:
    costs = [price.cost for price in prices if price.cost]
    total = Cost(sum(cost.credits for cost in costs), sum(cost.usd for cost in costs)) if costs else None
    return JobPrice(total, "")


def _lead(cards: list[ReportCard]) -> str:
    """``Six pictures by five models, $0.02 to $0.28 per request, 2.9 s to 8.1 s.``"""
    if not cards:
        return "No picture was made."
    pictures, models = sum(len(card.pictures) for card in cards), len({card.name for card in cards})
    drawn = all(card.drawing for card in cards)
    what = f"{counted(pictures, 'drawing')} standing in for" if drawn else f"{counted(pictures, 'picture')} by"
    parts = [f"{what} {counted(models, 'model').lower()}"]
    usd = sorted({card.price.cost.usd for card in cards if card.price.cost})
    if usd:
        parts.append(" to ".join(dict.fromkeys([usd_text(usd[0]), usd_text(usd[-1])])) + " per request")
    seconds = sorted(card.seconds for card in cards if card.seconds is not None and not card.drawing)
    if seconds:
        parts.append(" to ".join(dict.fromkeys([seconds_text(seconds[0]), seconds_text(seconds[-1])])))
    return ", ".join(parts) + "."


def _measured(comparison: Comparison, jobs: Mapping[str, Job]) -> str:
    """``22 November 2026, 14:05 UTC``, or the first and the last day."""
    first = utc(comparison.created_at)
    last = utc(max([comparison.created_at, *(job.finished_at or 0 for job in jobs.values())]))
    start, end = (f"{moment.day} {moment:%B %Y}" for moment in (first, last))
    return f"{start}, {first:%H:%M} UTC" if start == end else f"{start} to {end}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_address(value: Any) -> bool:
    """Whether a value of a setting is a web address, or a list, which holds web addresses in every catalog so far."""
    return isinstance(value, list) or (isinstance(value, str) and ADDRESS.match(value) is not None)


def _hide(value: Any) -> Any:
    """The value, or how many pictures it is: whose pictures were used stays private."""
    if not is_address(value):
        return value
    count = len(value) if isinstance(value, list) else len(value.splitlines())
    return f"{count} picture{'' if count == 1 else 's'}, not shown here"


def _size(kept: KeptPicture) -> str:
    """``1024 × 1024 PNG, 1.2 MB``."""
    weight = f"{kept.size / 1e6:.1f} MB" if kept.size >= 1e6 else f"{max(1, round(kept.size / 1e3))} kB"
    return f"{pixels_text(kept)} {kept.format.upper()}, {weight}".strip()


def prompt_of(comparison: Comparison) -> str:
    """What every card was asked for."""
    return str(comparison.shared.get("prompt", ""))
