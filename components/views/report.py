"""What a comparison leaves behind: one HTML file that needs nothing else, and a page for whoever knows its address.

The file is its visitor's own, for whomever they send it to. The page shows pictures, recipe, prices and times, and
nothing that leads back to the visitor.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace

from components.comparisons.comparison import Comparison
from components.jobs.job import Job
from components.pictures.kept import KeptPicture
from components.pictures.thumbnails import PREVIEW_SIZE, data_url
from components.playground import Playground
from components.views.compare_query import PublishedSource, draft_of, write_compare_query
from components.views.links import link, published_path
from components.views.sheet import day_text, describe, is_address, prompt_of
from components.views.templates import render
from components.views.words import TITLE

SIZES = ((12, 1024), (48, 768))  # so many pictures in a file are that large at most, in pixels a side
SMALLEST = 512


async def write_report(playground: Playground, batch: Comparison, jobs: Mapping[str, Job]) -> bytes:
    """The HTML file: every picture inside, made smaller where it is large. It takes a while where there are many."""
    wanted = list(_pictures(batch, jobs))
    longest = next((size for most, size in SIZES if len(wanted) <= most), SMALLEST)
    sources = {(place, number): await _inside(playground, kept, longest) for place, number, kept in wanted}

    def write() -> bytes:
        sheet = describe(playground, batch, jobs, sources, public=False)
        return render("report", sheet=sheet, product=TITLE, longest=longest).encode()

    return await asyncio.to_thread(write)


def write_published(playground: Playground, batch: Comparison, jobs: Mapping[str, Job], token: str, origin: str) -> str:
    """The page under ``token``, whose pictures are its own; ``origin`` is this application's address."""
    address = origin + published_path(token)
    sources = {(place, number): f"{token}/{place}/{number}" for place, number, _ in _pictures(batch, jobs)}
    return render(
        "published",
        sheet=describe(playground, batch, jobs, sources, public=True),
        product=TITLE,
        longest=0,
        address=address,
        preview=f"{address}/preview.png" if preview_pictures(batch, jobs) else "",
        size=PREVIEW_SIZE,
        again=link(_again(batch, token), depth=1),
    )


def preview_pictures(batch: Comparison, jobs: Mapping[str, Job]) -> list[KeptPicture]:
    """The first picture of each card that is no vector, every model's first sample before any second one."""
    found = [(place, kept) for place, number, kept in _pictures(batch, jobs) if number == 1 and kept.format != "svg"]
    return [kept for _, kept in sorted(found, key=lambda item: batch.cards[item[0] - 1].sample)]


def report_name(batch: Comparison) -> str:
    """``comparison-2026-11-22-a-red-kite.html``: the day, and the first words of the prompt that a file name can bear."""
    plain = unicodedata.normalize("NFKD", prompt_of(batch)[:200]).encode("ascii", "ignore").decode().lower()
    words = [day_text(batch.created_at, "%Y-%m-%d"), *re.findall(r"[a-z0-9]+", plain)[:4]]
    return f"comparison-{'-'.join(words)[:60].rstrip('-')}.html"


def _pictures(batch: Comparison, jobs: Mapping[str, Job]) -> Iterator[tuple[int, int, KeptPicture]]:
    """Card, picture, both counted from 1, and what is kept."""
    for place, card in enumerate(batch.cards, 1):
        if job := jobs.get(card.job):
            for number, kept in enumerate(job.pictures, 1):
                yield place, number, kept


async def _inside(playground: Playground, kept: KeptPicture, longest: int) -> str:
    found = await playground.jobs.pictures.read(kept.name)
    return "" if found is None else await asyncio.to_thread(data_url, found, kept.format, longest)


def _again(batch: Comparison, token: str) -> str:
    """The query that opens the form of this comparison and spends nothing. The visitor's own pictures stay out.

    What is too long for an address is found under the token, as long as the comparison is published.
    """
    shared = {role: value for role, value in batch.shared.items() if role != "images"}
    cards = (
        replace(card, settings={name: value for name, value in card.settings.items() if not is_address(value)})
        for card in batch.cards
    )
    draft = draft_of(replace(batch, shared=shared, cards=tuple(cards)))
    return "?tab=compare&" + write_compare_query(draft, PublishedSource(token, shared))[1:]
