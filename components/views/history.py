"""The History tab as HTML: a page of jobs, one of them in detail, and what they all cost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import credits_text, usd_text
from components.catalog.requests import rebuild_request
from components.errors import InputError
from components.jobs.job import DaySpend, HistoryEntry, HistoryPage, Job, JobState
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.views.links import MOST_ARCHIVED_JOBS, archive_link, history_archive_link, thumbnail_link
from components.views.models import model_title
from components.views.queries import HistoryFilters, write_history_query
from components.views.templates import render
from components.views.words import price_of, seconds_text, state_word, tone, utc

PAGE = 24
DAYS = 30
DAY_S = 86_400
SHORT_PROMPT = 300  # characters; the style sheet cuts by lines, so more would only make the page heavy
TAG = re.compile(r"#\w[\w-]*")
PAYERS = {"host": "the host's key", "visitor": "your key"}


@dataclass(frozen=True)
class Position:
    """A page of the history: for each newer page the last job on it, and the last job of this one."""

    newer_pages: tuple[str, ...] = ()
    last: str = ""

    @property
    def before(self) -> str:
        """The id of the job after which this page starts; "" for the newest page."""
        return self.newer_pages[-1] if self.newer_pages else ""

    @property
    def first(self) -> int:
        """The number of the first entry on this page, from 1."""
        return PAGE * len(self.newer_pages) + 1

    def older(self) -> Position:
        """The next page; this one if it is empty."""
        return Position((*self.newer_pages, self.last)) if self.last else self

    def newer(self) -> Position:
        """The page before; the newest one if there is none."""
        return Position(self.newer_pages[:-1])


def show_jobs(catalog: Catalog, found: Iterable[HistoryEntry], view: str) -> str:
    """Jobs as cards, or as a table if ``view`` is ``table``; "" without any."""
    entries = [_entry(catalog, entry) for entry in found]
    return render("history_table" if view == "table" else "history_cards", entries=entries) if entries else ""


def show_detail(catalog: Catalog, entry: HistoryEntry) -> str:
    """What was asked for, when, and what its visitor has noted."""
    job = entry.job
    model = catalog.find(job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    settings = {name: _value(value) for name, value in job.body.items() if name != prompt}
    retired = model is None or not model.runnable
    return render("history_detail", entry=_entry(catalog, entry), settings=settings, retired=retired)


def count_text(page: HistoryPage, position: Position) -> str:
    """``1–24 of 5,000``; "" for an empty page."""
    if not page.jobs:
        return ""
    last = position.first + len(page.jobs) - 1
    return f"{position.first:,}–{last:,} of {max(page.total, last):,}"


def archive_links(page: HistoryPage, filters: HistoryFilters) -> str:
    """Links to ZIPs of the pictures on this page and, if there are more pages, of all that match; "" without pictures."""
    ids = [job.id for job in page.jobs if job.pictures]
    if not ids:
        return ""
    count = sum(len(job.pictures) for job in page.jobs)
    links = [(archive_link(ids), f"{count} pictures on this page" if count > 1 else "picture on this page")]
    if page.total > len(page.jobs):
        everything = page.total <= MOST_ARCHIVED_JOBS
        requests = f"all {page.total:,}" if everything else f"the newest {MOST_ARCHIVED_JOBS:,}"
        links.append((history_archive_link(write_history_query(filters)), f"pictures of {requests} requests"))
    return render("history_files", links=links)


def spend_begins(now: float) -> float:
    """The first second of the last DAYS days in UTC."""
    return (now // DAY_S - DAYS + 1) * DAY_S


def show_spend(catalog: Catalog, spent: Sequence[DaySpend], now: float) -> str:
    """What the last DAYS days cost: a chart by day, one by model, and every number in a table."""
    today = int(now // DAY_S)
    days = {today - number: 0.0 for number in reversed(range(DAYS))}
    models: dict[str, float] = {}
    for row in spent:
        if isfinite(row.credits):
            day = int(row.day // DAY_S)
            days[day] = days.get(day, 0.0) + row.credits
            models[row.model] = models.get(row.model, 0.0) + row.credits
    total = sum(models.values())
    most = max(days.values())
    return render(
        "history_spend",
        days=[
            {"day": f"{utc(day * DAY_S):%d %b}", "credits": credits_text(credits), "share": _share(credits, most)}
            for day, credits in days.items()
        ],
        most=credits_text(most),
        models=[
            {
                "label": _title(catalog, model),
                "number": f"{credits:,.10g}",
                "share": _share(credits, max(models.values())),
            }
            for model, credits in sorted(models.items(), key=lambda item: -item[1])
        ],
        rows=[
            {
                "day": f"{utc(row.day):%Y-%m-%d}",
                "model": _title(catalog, row.model),
                "payer": PAYERS.get(row.payer, row.payer),
                "jobs": f"{row.jobs:,}",
                "credits": f"{row.credits:,.10g}" if isfinite(row.credits) else "not known",
                "usd": usd_text(catalog.usd(row.credits)) if isfinite(row.credits) else "—",
            }
            for row in spent
        ],
        total={
            "jobs": f"{sum(row.jobs for row in spent):,}",
            "credits": f"{total:,.10g}",
            "usd": usd_text(catalog.usd(total)),
        },
    )


def program(playground: Playground, job: Job, visit: Visit, language: str) -> str:
    """The request of a past job as a program, or a comment that says why it cannot be sent any more."""
    try:
        request = rebuild_request(playground.catalog, job.model, job.body)
        return playground.snippet(request, visit, language, task_id=job.task_id)
    except InputError as error:
        reason = " ".join(error.what.splitlines())
        return f"{LANGUAGES[language].comment} This request cannot be sent any more. {reason}"


def _entry(catalog: Catalog, entry: HistoryEntry) -> dict[str, Any]:
    """One entry as the templates read it."""
    job = entry.job
    model, created = catalog.find(job.model), utc(job.created_at)
    return {
        "id": job.id,
        "word": state_word(job),
        "tone": tone(job),
        "active": not job.settled,
        "model": model.name if model else job.model,
        "icon": model.icon if model else "",
        "prompt": job.prompt,
        "short": job.prompt[:SHORT_PROMPT],
        "thumbnail": thumbnail_link(job.pictures[0]) if job.pictures else "",
        "pictures": len(job.pictures),
        "problem": job.problem.what[:SHORT_PROMPT] if job.problem else job.status_note,
        "sandbox": job.payer == "sandbox",
        "price": price_of(catalog, job).short,
        "seconds": seconds_text(job.seconds(time.time())) if job.state is JobState.DONE else "",
        "moment": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "date": f"{created:%Y-%m-%d %H:%M} UTC",
        "task": job.task_id or "",
        "starred": entry.starred,
        "note": entry.note,
        "tags": list(dict.fromkeys(TAG.findall(entry.note))),
    }


def _title(catalog: Catalog, model_id: str) -> str:
    model = catalog.find(model_id)
    return model_title(model) if model else model_id


def _share(part: float, whole: float) -> float:
    """In percent."""
    return round(100 * part / whole, 2) if whole else 0.0


def _value(value: Any) -> str:
    """A setting as text, a list with one item a line."""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
