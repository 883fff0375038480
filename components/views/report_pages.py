"""Where a report goes: one HTML file for the visitor, and the published page for everybody.

The file is the visitor's own, to pass on: it needs nothing else and names neither them nor their key. The published
page shows nothing that leads back to the visitor.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.requests import rebuild_request
from components.comparisons.comparison import Comparison
from components.errors import InputError
from components.jobs.job import Job
from components.pictures.kept import KeptPicture
from components.pictures.thumbnails import PREVIEW_SIZE, data_url
from components.playground import Playground
from components.snippets import write_snippet
from components.views.compare_query import PublishedSource, draft_of, write_compare_query
from components.views.job import differences
from components.views.links import link, published_path
from components.views.report import hide_address, is_address, make_report, prompt_of
from components.views.templates import render
from components.views.words import TITLE, delivered_text, shorten, utc

MAX_SIDES = ((12, 1024), (48, 768))  # up to so many pictures in a file: pixels of the longer side
SMALLEST_MAX_SIDE = 512
LONGEST_ALT = 300
LONG_PROMPT = 600


async def write_report(playground: Playground, comparison: Comparison, jobs: Mapping[str, Job]) -> bytes:
    """The HTML file with every picture inside, large ones made smaller. Takes a while for many pictures."""
    numbered = list(_numbered_pictures(comparison, jobs))
    side = next((side for most, side in MAX_SIDES if len(numbered) <= most), SMALLEST_MAX_SIDE)
    sources = {}
    for card, number, kept in numbered:
        data = await playground.jobs.pictures.read(kept.name)
        sources[card, number] = await asyncio.to_thread(data_url, data, kept.format, side) if data else ""
    own = {"max_side": side, "published": False, "snippet": partial(_snippet, playground)}
    html = await asyncio.to_thread(_render, playground.catalog, comparison, jobs, sources, **own)
    return html.encode()


def write_published(catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job], token: str, origin: str) -> str:
    """The page under ``token``; its pictures lie below it. ``origin`` is this application's address."""
    address = origin + published_path(token)
    return _render(
        catalog,
        comparison,
        jobs,
        {(card, number): f"{token}/{card}/{number}" for card, number, _ in _numbered_pictures(comparison, jobs)},
        max_side=0,
        published=True,
        address=address,
        preview=f"{address}/preview.png" if preview_pictures(comparison, jobs) else "",
        size=PREVIEW_SIZE,
        form=link(_form_query(comparison, token), depth=1),
    )


def preview_pictures(comparison: Comparison, jobs: Mapping[str, Job]) -> list[KeptPicture]:
    """The first picture of each card unless it is an SVG; every model's first sample before any second one."""
    numbered = _numbered_pictures(comparison, jobs)
    firsts = [(card, kept) for card, number, kept in numbered if number == 1 and kept.format != "svg"]
    return [kept for _, kept in sorted(firsts, key=lambda item: comparison.cards[item[0] - 1].sample)]


def report_name(comparison: Comparison) -> str:
    """``comparison-2026-11-22-a-red-kite.html``: the day, and the first words of the prompt in ASCII."""
    plain = unicodedata.normalize("NFKD", prompt_of(comparison)[:200]).encode("ascii", "ignore").decode().lower()
    words = [f"{utc(comparison.created_at):%Y-%m-%d}", *re.findall(r"[a-z0-9]+", plain)[:4]]
    return f"comparison-{'-'.join(words)[:60].rstrip('-')}.html"


def _render(
    catalog: Catalog, comparison: Comparison, jobs: Mapping[str, Job], sources: Mapping[tuple[int, int], str], **values: Any
) -> str:
    """The page. ``sources`` are the addresses of the pictures by card and picture, "" for one that is no longer stored.

    A page that is ``published`` leaves out what leads back to the visitor: addresses of their pictures, the hour,
    tasks, the service's words.
    """
    prompt = prompt_of(comparison)
    return render(
        "report",
        report=make_report(catalog, comparison, jobs),
        prompt=prompt,
        prompt_start=shorten(prompt, LONGEST_ALT),
        long_prompt=len(prompt) > LONG_PROMPT,
        endpoint=catalog.endpoint,
        sources=sources,
        product=TITLE,
        differences=differences,
        delivered=delivered_text,
        hide_address=hide_address,
        **values,
    )


def _numbered_pictures(comparison: Comparison, jobs: Mapping[str, Job]) -> Iterator[tuple[int, int, KeptPicture]]:
    """Each picture after the numbers of its card and of itself, both from 1."""
    for card_number, card in enumerate(comparison.cards, 1):
        if job := jobs.get(card.job):
            for number, kept in enumerate(job.pictures, 1):
                yield card_number, number, kept


def _form_query(comparison: Comparison, token: str) -> str:
    """The query that opens the form of this comparison, without the visitor's own pictures."""
    shared = {role: value for role, value in comparison.shared.items() if role != Role.IMAGES}
    cards = (
        replace(card, settings={name: value for name, value in card.settings.items() if not is_address(value)})
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
    return write_snippet(request, playground.service.base_url, playground.catalog.endpoint, task_id=job.task_id)
