"""The report of a comparison as plain values: its cards with their jobs and prices, totals, and the sentence at the top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import Cost, usd_text
from components.catalog.shared_form import STANDARD
from components.comparisons.comparison import Card, Comparison
from components.jobs.job import Job
from components.pictures.kept import KeptPicture
from components.views.words import (
    ROLE_WORDS,
    JobPrice,
    counted,
    price_of,
    run_seconds,
    seconds_text,
    settings_text,
    shorten,
    utc,
)

LONGEST_TITLE = 70
ADDRESS = re.compile(r"\s*(?:https?://|data:)", re.I)


@dataclass(frozen=True)
class ReportCard:
    """A card with its model and its job, None where they are gone or nothing was sent. ``number`` counts from 1."""

    number: int
    card: Card
    model: Model | None
    job: Job | None
    label: str
    price: JobPrice

    @property
    def name(self) -> str:
        """The name of the model; the id of one that is no longer in the catalog."""
        return self.model.name if self.model else self.card.model

    @property
    def pictures(self) -> tuple[KeptPicture, ...]:
        """The pictures of the job."""
        return self.job.pictures if self.job else ()

    @property
    def drawing(self) -> bool:
        """Whether the sandbox was asked, not the service."""
        return self.job is not None and self.job.payer == "sandbox"

    @property
    def seconds(self) -> float | None:
        """How long the job took; None if it is not done."""
        return run_seconds(self.job) if self.job else None


@dataclass(frozen=True)
class Report:
    """A comparison and its cards, as the template reads them."""

    comparison: Comparison
    cards: tuple[ReportCard, ...]

    @property
    def title(self) -> str:
        """The start of the prompt."""
        return shorten(prompt_of(self.comparison), LONGEST_TITLE) or "Without a prompt"

    @property
    def shared(self) -> list[tuple[str, Any]]:
        """(label, value) of what the shared form asks of every model beside the prompt."""
        return [
            (ROLE_WORDS[Role(role)], value)
            for role, value in self.comparison.shared.items()
            if role != Role.PROMPT and value not in (None, "", []) and (role, value) != (Role.QUALITY, STANDARD)
        ]

    @property
    def lead(self) -> str:
        """``Six pictures by five models, $0.02 to $0.28 per request, 2.9 s to 8.1 s.``"""
        cards = [card for card in self.cards if card.pictures]
        if not cards:
            return "No picture was made."
        pictures, models = sum(len(card.pictures) for card in cards), len({card.name for card in cards})
        drawn = self.drawings == "all"
        what = f"{counted(pictures, 'drawing')} standing in for" if drawn else f"{counted(pictures, 'picture')} by"
        parts = [f"{what} {counted(models, 'model').lower()}"]
        usd = sorted({card.price.cost.usd for card in cards if card.price.cost})
        if usd:
            parts.append(" to ".join(dict.fromkeys([usd_text(usd[0]), usd_text(usd[-1])])) + " per request")
        seconds = sorted(card.seconds for card in cards if card.seconds is not None and not card.drawing)
        if seconds:
            parts.append(" to ".join(dict.fromkeys([seconds_text(seconds[0]), seconds_text(seconds[-1])])))
        return ", ".join(parts) + "."

    @property
    def total(self) -> JobPrice:
        """The sum of the prices that are known."""
        return _sum(card.price for card in self.cards if not card.price.at_most)

    @property
    def at_most(self) -> JobPrice:
        """The sum of the prices that may not have been charged."""
        return _sum(card.price for card in self.cards if card.price.at_most)

    @property
    def days(self) -> str:
        """``22 November 2026``, or the first and the last day."""
        started_at = self.comparison.created_at
        last = max([started_at, *(card.job.finished_at or 0 for card in self.cards if card.job)])
        return " to ".join(dict.fromkeys(f"{day.day} {day:%B %Y}" for day in (utc(started_at), utc(last))))

    @property
    def ratio(self) -> float:
        """Width over height of the usual picture, from 0.5 to 2."""
        sized = [kept for card in self.cards for kept in card.pictures if kept.width and kept.height]
        return min(2.0, max(0.5, median(kept.width / kept.height for kept in sized))) if sized else 1.0

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


def make_report(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job]) -> Report:
    """The report of a comparison with its ``jobs`` by id."""
    cards = []
    for number, card in enumerate(comparison.cards, 1):
        job = jobs.get(card.job)
        nothing = JobPrice(None, "nothing was sent" if card.refused else "the request was deleted")
        price = price_of(catalog, job) if job else nothing
        cards.append(ReportCard(number, card, catalog.find(card.model), job, _label(comparison, card), price))
    return Report(comparison, tuple(cards))


def prompt_of(comparison: Comparison) -> str:
    """What every card was asked for."""
    return str(comparison.shared.get("prompt", ""))


def is_address(value: Any) -> bool:
    """Whether a value of a setting is a web address, or a list, which holds web addresses in every catalog so far."""
    return isinstance(value, list) or (isinstance(value, str) and ADDRESS.match(value) is not None)


def hide_address(value: Any) -> Any:
    """The value, or how many pictures it is: whose pictures were used stays private."""
    if not is_address(value):
        return value
    count = len(value) if isinstance(value, list) else len(value.splitlines())
    return f"{count} picture{'' if count == 1 else 's'}, not shown here"


def _label(comparison: Comparison, card: Card) -> str:
    """Settings and sample of a card, where they tell it from others."""
    settings = settings_text({name: hide_address(value) for name, value in card.settings.items()})
    several = any(other.sample != card.sample and other.model == card.model for other in comparison.cards)
    parts = (settings, f"sample {card.sample}" if several else "")
    return shorten(" · ".join(part for part in parts if part), LONGEST_TITLE)


def _sum(prices: Iterable[JobPrice]) -> JobPrice:
    costs = [price.cost for price in prices if price.cost]
    return JobPrice(Cost(sum(cost.credits for cost in costs), sum(cost.usd for cost in costs)) if costs else None, "")
