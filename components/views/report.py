"""The report of a comparison: one HTML file for the visitor, and the published page for everybody.

The file is the visitor's own, to pass on: it needs nothing else and names neither them nor their key. The published
page shows nothing that leads back to the visitor.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from statistics import median
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import Cost, usd_text
from components.catalog.requests import rebuild_request
from components.catalog.shared_form import NO_SEED
from components.comparisons.comparison import Card, Comparison
from components.errors import InputError
from components.jobs.job import Job
from components.pictures.stored import StoredPicture
from components.pictures.thumbnails import PREVIEW_SIZE, data_urls
from components.playground import Playground
from components.snippets import write_snippet
from components.views import words
from components.views.fonts import embedded_fonts, served_fonts
from components.views.job import differences
from components.views.links import link, published_path
from components.views.queries.compare import PublishedSource, draft_of, write_compare_query
from components.views.templates import render

MAX_SIDES = ((12, 1024), (48, 768))  # up to so many pictures in a file: pixels of the longer side
SMALLEST_MAX_SIDE = 512
LONGEST_ALT = 300
LONG_PROMPT = 600
LONGEST_TITLE = 70
ADDRESS = re.compile(r"\s*(?:https?://|data:)", re.I)


@dataclass(frozen=True)
class ReportCard:
    """A card with its model and its job, None where it is gone or nothing was sent. ``number`` counts from 1."""

    number: int
    card: Card
    name: str
    model: Model | None
    job: Job | None
    price: words.JobPrice
    label: str

    @property
    def pictures(self) -> tuple[StoredPicture, ...]:
        """The pictures of the job."""
        return self.job.pictures if self.job else ()

    @property
    def drawing(self) -> bool:
        """Whether the sandbox was asked, not the service."""
        return self.job is not None and self.job.payer == "sandbox"

    @property
    def seconds(self) -> float | None:
        """How long the job took; None if it is not done."""
        return words.run_seconds(self.job) if self.job else None


# -- the two pages --


async def write_report(playground: Playground, comparison: Comparison, jobs: Mapping[str, Job]) -> bytes:
    """The HTML file with every picture inside, large ones made smaller. Takes a while for many pictures."""
    numbered = list(_numbered_pictures(comparison, jobs))
    side = next((side for most, side in MAX_SIDES if len(numbered) <= most), SMALLEST_MAX_SIDE)
    names = {(card, number): picture.name for card, number, picture in numbered}
    sources = await data_urls(playground.jobs.pictures, names, side)
    snippet = partial(_snippet, playground)
    own = {"max_side": side, "published": False, "snippet": snippet, "sources": sources, "fonts": embedded_fonts()}
    html = await asyncio.to_thread(_render, playground.catalog, comparison, jobs, **own)
    return html.encode()


def write_published(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job], token: str, origin: str) -> str:
    """The page under ``token``; its pictures lie below it. ``origin`` is this application's address."""
    address = origin + published_path(token)
    return _render(
        catalog,
        comparison,
        jobs,
        max_side=0,
        published=True,
        sources={(card, number): f"{token}/{card}/{number}" for card, number, _ in _numbered_pictures(comparison, jobs)},
        address=address,
        preview=f"{address}/preview.png" if preview_pictures(comparison, jobs) else "",
        size=PREVIEW_SIZE,
        form=link(_form_query(comparison, token), depth=1),
        fonts=served_fonts(),
    )


def preview_pictures(comparison: Comparison, jobs: Mapping[str, Job]) -> list[StoredPicture]:
    """The first picture of each card unless it is an SVG; every model's first sample before any second one."""
    firsts = [(card, picture) for card, number, picture in _numbered_pictures(comparison, jobs) if number == 1]
    firsts.sort(key=lambda item: comparison.cards[item[0] - 1].sample)
    return [picture for _, picture in firsts if picture.format != "svg"]


def report_name(comparison: Comparison) -> str:
    """``comparison-2026-11-22-a-red-kite.html``."""
    return f"{words.file_name('comparison', comparison.created_at, _prompt(comparison))}.html"


def _render(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job], **values: Any) -> str:
    """The page, with ``values`` of its own.

    ``sources`` are the addresses of the pictures by card and picture, "" for one that is no longer stored. A page that
    is ``published`` leaves out what leads back to the visitor: addresses of their pictures, the hour, tasks, the
    service's words.
    """
    prompt, cards = _prompt(comparison), report_cards(catalog, comparison, jobs)
    sized = [picture for card in cards for picture in card.pictures if picture.width and picture.height]
    return render(
        "report",
        catalog=catalog,
        comparison=comparison,
        product=words.TITLE,
        title=words.shorten(prompt, LONGEST_TITLE) or "Without a prompt",
        lead=summary(cards),
        prompt=prompt,
        prompt_start=words.shorten(prompt, LONGEST_ALT),
        long_prompt=len(prompt) > LONG_PROMPT,
        role_words=words.ROLE_WORDS,
        cards=cards,
        by_price=sorted(cards, key=price_order),
        days=_days(comparison, jobs),
        ratio=min(2.0, max(0.5, median(picture.width / picture.height for picture in sized))) if sized else 1.0,
        total=_total(card.price for card in cards if not card.price.at_most),
        at_most=_total(card.price for card in cards if card.price.at_most),
        differences=differences,
        no_seed=NO_SEED,
        hide_address=_hide_address,
        **values,
    )


def _numbered_pictures(comparison: Comparison, jobs: Mapping[str, Job]) -> Iterator[tuple[int, int, StoredPicture]]:
    """Each picture after the numbers of its card and of itself, both from 1."""
    for card_number, card in enumerate(comparison.cards, 1):
        if job := jobs.get(card.job):
            for number, picture in enumerate(job.pictures, 1):
                yield card_number, number, picture


# -- what they say --


def report_cards(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job]) -> list[ReportCard]:
    """The cards in the order of the comparison, with their ``jobs`` by id."""
    cards = []
    for number, card in enumerate(comparison.cards, 1):
        model, job = catalog.find(card.model), jobs.get(card.job)
        price = words.price_of(catalog, job) if job else words.JobPrice(None, "nothing was sent")
        name = model.name if model else card.model
        cards.append(ReportCard(number, card, name, model, job, price, _label(comparison, card)))
    return cards


def price_order(card: ReportCard) -> tuple[bool, float, float]:
    """What cards are sorted by: the price, those without a picture last."""
    return not card.pictures, card.price.cost.credits if card.price.cost else inf, card.seconds or 0


def summary(cards: Sequence[ReportCard]) -> str:
    """``Six pictures by five models, $0.02 to $0.28 per request, 2.9 s to 8.1 s.``"""
    shown = [card for card in cards if card.pictures]
    if not shown:
        return "No picture was made."
    pictures, models = sum(len(card.pictures) for card in shown), len({card.name for card in shown})
    drawn = all(card.drawing for card in shown)
    what = f"{words.counted(pictures, 'drawing')} standing in for" if drawn else f"{words.counted(pictures, 'picture')} by"
    usd = sorted({card.price.cost.usd for card in shown if card.price.cost})
    seconds = sorted(card.seconds for card in shown if card.seconds is not None and not card.drawing)
    prices = " to ".join(dict.fromkeys(usd_text(value) for value in usd[:1] + usd[-1:]))
    times = " to ".join(dict.fromkeys(words.seconds_text(value) for value in seconds[:1] + seconds[-1:]))
    parts = (f"{what} {words.counted(models, 'model').lower()}", prices and f"{prices} per request", times)
    return ", ".join(part for part in parts if part) + "."


def _total(prices: Iterable[words.JobPrice]) -> words.JobPrice:
    """The sum of those that are known."""
    costs = [price.cost for price in prices if price.cost]
    total = Cost(sum(cost.credits for cost in costs), sum(cost.usd for cost in costs)) if costs else None
    return words.JobPrice(total, "")


def _days(comparison: Comparison, jobs: Mapping[str, Job]) -> str:
    """``22 November 2026``, or the first and the last day."""
    last = max([comparison.created_at, *(job.finished_at or 0 for job in jobs.values())])
    days = [words.utc(seconds) for seconds in (comparison.created_at, last)]
    return " to ".join(dict.fromkeys(f"{day.day} {day:%B %Y}" for day in days))


def _prompt(comparison: Comparison) -> str:
    return str(comparison.shared.get("prompt", ""))


def _is_address(value: Any) -> bool:
    """Whether a value of a setting is a web address, or a list, which holds web addresses in every catalog so far."""
    return isinstance(value, list) or (isinstance(value, str) and ADDRESS.match(value) is not None)


def _hide_address(value: Any) -> Any:
    """The value, or how many pictures it is: whose pictures were used stays private."""
    if not _is_address(value):
        return value
    count = len(value) if isinstance(value, list) else len(value.splitlines())
    return f"{count} picture{'' if count == 1 else 's'}, not shown here"


def _label(comparison: Comparison, card: Card) -> str:
    """Settings and sample of a card, where they tell it from others."""
    settings = words.settings_text({name: _hide_address(value) for name, value in card.settings.items()})
    several = any(other.sample != card.sample and other.model == card.model for other in comparison.cards)
    parts = (settings, f"sample {card.sample}" if several else "")
    return words.shorten(" · ".join(part for part in parts if part), LONGEST_TITLE)


def _form_query(comparison: Comparison, token: str) -> str:
    """The query that opens the form of this comparison, without the visitor's own pictures."""
    shared = {role: value for role, value in comparison.shared.items() if role != Role.IMAGES}
    cards = (
        replace(card, settings={name: value for name, value in card.settings.items() if not _is_address(value)})
        for card in comparison.cards
    )
    draft = draft_of(replace(comparison, shared=shared, cards=tuple(cards)))
    return "?tab=compare&" + write_compare_query(draft, PublishedSource(token, shared))[1:]


def _snippet(playground: Playground, job: Job) -> str:
    """The same request to the real service as a program; "" if the catalog does not allow the request any more."""
    try:
        request = rebuild_request(playground.catalog, job.model, job.body)
    except InputError:
        return ""
    return write_snippet(request, playground.accounts.service.base_url, playground.catalog.endpoint, task_id=job.task_id)
