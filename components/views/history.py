"""The History tab as HTML: a page of jobs, one of them in detail, and what they all cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.requests import rebuild_request
from components.errors import InputError
from components.jobs.job import ChargeDifference, DaySpend, HistoryEntry, HistoryPage, Job
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.views.links import HISTORY_ARCHIVE, HISTORY_DATA, MOST_ARCHIVED_JOBS, archive_link, own_link
from components.views.queries import HistoryFilters, write_history_query
from components.views.templates import render
from components.views.words import model_name

PAGE = 24
DAYS = 30
DAY_S = 86_400
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


def show_jobs(catalog: Catalog, entries: Sequence[HistoryEntry], view: str) -> str:
    """Jobs as cards, or as a table if ``view`` is ``table``; "" without any."""
    template = "history_table" if view == "table" else "history_cards"
    return render(template, catalog=catalog, entries=entries) if entries else ""


def show_detail(catalog: Catalog, entry: HistoryEntry) -> str:
    """What was asked for, when, and what its visitor has noted."""
    model = catalog.find(entry.job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    return render("history_detail", catalog=catalog, entry=entry, model=model, prompt=prompt)


def count_text(page: HistoryPage, position: Position) -> str:
    """``1–24 of 5,000``; "" for an empty page."""
    if not page.jobs:
        return ""
    last = position.first + len(page.jobs) - 1
    return f"{position.first:,}–{last:,} of {max(page.total, last):,}"


def download_links(page: HistoryPage, filters: HistoryFilters) -> str:
    """Links to all jobs that match as data, to a ZIP of the pictures on this page, and of all; "" for an empty page."""
    if not page.jobs:
        return ""
    query, visitor, pictures = write_history_query(filters), page.jobs[0].visitor, []
    if ids := [job.id for job in page.jobs if job.pictures]:
        count = sum(len(job.pictures) for job in page.jobs)
        text = f"{count} pictures on this page" if count > 1 else "picture on this page"
        pictures.append((archive_link(ids, visitor), text))
        if page.total > len(page.jobs):
            everything = page.total <= MOST_ARCHIVED_JOBS
            requests = f"all {page.total:,}" if everything else f"the newest {MOST_ARCHIVED_JOBS:,}"
            pictures.append((own_link(HISTORY_ARCHIVE + query, visitor), f"pictures of {requests} requests"))
    data = [(own_link(f"{HISTORY_DATA}.{kind}{query}", visitor), kind.upper()) for kind in ("csv", "json")]
    return render("history_files", pictures=pictures, data=data, total=page.total)


def spend_begins(now: float) -> float:
    """The first second of the last DAYS days in UTC."""
    return (now // DAY_S - DAYS + 1) * DAY_S


def show_spend(catalog: Catalog, spent: Sequence[DaySpend], now: float, differences: Sequence[ChargeDifference] = ()) -> str:
    """What the last DAYS days cost: a chart by day, one by model, every number in a table, and charges other than listed."""
    days = dict.fromkeys((spend_begins(now) + DAY_S * number for number in range(DAYS)), 0.0)
    models: dict[str, float] = {}
    for row in spent:
        if isfinite(row.credits):
            days[row.day] = days.get(row.day, 0.0) + row.credits
            models[row.model] = models.get(row.model, 0.0) + row.credits
    titles = {row.model: model_name(catalog, row.model) for row in spent}
    bars = [(titles[model], f"{credits:,.10g}", credits) for model, credits in models.items()]
    return render(
        "history_spend",
        catalog=catalog,
        days=days,
        bars=sorted(bars, key=lambda bar: -bar[2]),
        rows=[(row, titles[row.model], PAYERS.get(row.payer, row.payer), isfinite(row.credits)) for row in spent],
        total=sum(models.values()),
        differences=[(row, model_name(catalog, row.model)) for row in differences],
    )


def program(playground: Playground, job: Job, visit: Visit, language: str) -> str:
    """The request of a past job as a program, or a comment that says why it cannot be sent any more."""
    try:
        request = rebuild_request(playground.catalog, job.model, job.body)
        return playground.snippet(request, visit, language, task_id=job.task_id)
    except InputError as error:
        reason = " ".join(error.what.splitlines())
        return f"{LANGUAGES[language].comment} This request cannot be sent any more. {reason}"
