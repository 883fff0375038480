"""What the History tab shows: what its filters ask for, and a visitor's jobs as escaped HTML."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from components.catalog.parameters import Role
from components.catalog.prices import credits_text, usd_text
from components.catalog.requests import rebuild_request
from components.errors import InputError
from components.jobs.job import DaySpend, Job, JobState, Page
from components.playground import Playground, Visit
from components.snippets import LANGUAGES
from components.views import job as result
from components.views.links import MOST_ARCHIVED_JOBS, archive_link, history_archive_link, thumbnail_link
from components.views.models import model_title
from components.views.queries import HistoryFilters, write_history_query
from components.views.templates import render
from components.views.words import seconds_text, state_word

PAGE = 24
DAYS = 30
DAY_S = 86_400
LONGEST_NOTE = 2_000
ON_A_CARD = 300  # characters; the style sheet cuts by lines, a longer text would only make the page heavy
TAG = re.compile(r"#\w[\w-]*")
PAYERS = {"host": "this page's key", "visitor": "your key"}


@dataclass(frozen=True)
class Position:
    """Where in the history a page stands.

    ``behind`` holds for each newer page the last job before the next one, ``last`` is the last job that is shown.
    """

    behind: tuple[str, ...] = ()
    last: str = ""

    @property
    def before(self) -> str:
        """The id of the job after which this page begins; "" for the newest page."""
        return self.behind[-1] if self.behind else ""

    @property
    def first(self) -> int:
        """The number of the first entry on this page, from 1."""
        return PAGE * len(self.behind) + 1

    def older(self) -> Position:
        """The next page; this one where it is the last."""
        return Position((*self.behind, self.last)) if self.last else self

    def newer(self) -> Position:
        """The page before; the newest one where there is none."""
        return Position(self.behind[:-1])


def show_jobs(playground: Playground, jobs: Iterable[Job], view: str) -> str:
    """Jobs as cards, or as a table where ``view`` is ``table``."""
    rows = [_entry(playground, job) for job in jobs]
    return render("history_table" if view == "table" else "history_cards", entries=rows) if rows else ""


def show_detail(playground: Playground, job: Job) -> str:
    """What was asked of one job, when, and what its visitor has noted."""
    model = playground.catalog.find(job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    settings = {name: _value(value) for name, value in job.body.items() if name != prompt}
    retired = model is None or not model.runnable
    return render("history_detail", one=_entry(playground, job), settings=settings, prompt=job.prompt, retired=retired)


def count_text(page: Page, position: Position) -> str:
    """``1–24 of 5,000``."""
    if not page.jobs:
        return ""
    last = position.first + len(page.jobs) - 1
    return f"{position.first:,}–{last:,} of {max(page.total, last):,}"


def files_links(found: Page, filters: HistoryFilters) -> str:
    """Links to ZIPs: the pictures of this page of the list, and where it has more pages, of all that fits; "" without any."""
    ids = [job.id for job in found.jobs if job.pictures]
    if not ids:
        return ""
    pictures = sum(len(job.pictures) for job in found.jobs)
    links = [(archive_link(ids), f"{pictures} pictures of this page" if pictures > 1 else "picture of this page")]
    if found.total > len(found.jobs):
        every = (
            f"pictures of all {found.total:,}"
            if found.total <= MOST_ARCHIVED_JOBS
            else f"pictures of the newest {MOST_ARCHIVED_JOBS:,}"
        )
        links.append((history_archive_link(write_history_query(filters)), every))
    return render("history_files", links=links)


def spend_begins(now: float) -> float:
    """The first second of the first of the last DAYS UTC days."""
    return (now // DAY_S - DAYS + 1) * DAY_S


def show_spend(playground: Playground, spent: Sequence[DaySpend], now: float) -> str:
    """What the last DAYS days cost: a chart by day, one by model, and every number in a table."""
    known = [one for one in spent if isfinite(one.credits)]
    today = int(now // DAY_S)
    days = {today - number: 0.0 for number in reversed(range(DAYS))}
    models: dict[str, float] = {}
    for one in known:
        day = int(one.day // DAY_S)
        days[day] = days.get(day, 0.0) + one.credits
        models[one.model] = models.get(one.model, 0.0) + one.credits
    total = sum(one.credits for one in known)
    usd = playground.catalog.usd
    most, dearest = max(days.values(), default=0.0), max(models.values(), default=0.0)
    names = [
        {"label": _name(playground, model), "usd": f"{credits:,.10g}", "share": _share(credits, dearest)}
        for model, credits in sorted(models.items(), key=lambda item: -item[1])
    ]
    return render(
        "history_spend",
        days=[
            {"day": f"{_date(day * DAY_S):%d %b}", "credits": credits_text(credits), "share": _share(credits, most)}
            for day, credits in days.items()
        ],
        most=credits_text(most),
        models=names,
        rows=[
            {
                "day": f"{_date(one.day):%Y-%m-%d}",
                "model": _name(playground, one.model),
                "payer": PAYERS.get(one.payer, one.payer),
                "jobs": f"{one.jobs:,}",
                "credits": f"{one.credits:,.10g}" if isfinite(one.credits) else "not known",
                "usd": usd_text(usd(one.credits)) if isfinite(one.credits) else "—",
            }
            for one in spent
        ],
        total={"jobs": f"{sum(one.jobs for one in spent):,}", "credits": f"{total:,.10g}", "usd": usd_text(usd(total))},
    )


def program(playground: Playground, job: Job, visit: Visit, language: str) -> str:
    """The call of a past job as a program, or why it cannot be made any more."""
    try:
        request = rebuild_request(playground.catalog, job.model, job.body)
        return playground.snippet(request, visit, language, task_id=job.task_id)
    except InputError as error:
        return f"{LANGUAGES[language].comment} This request cannot be made any more. {' '.join(error.what.splitlines())}"


def _entry(playground: Playground, job: Job) -> dict[str, Any]:
    """One job as the templates read it."""
    model = playground.catalog.find(job.model)
    asked = _date(job.created_at)
    return {
        "id": job.id,
        "word": state_word(job),
        "tone": result.tone(job),
        "going": not job.settled,
        "model": model.name if model else job.model,
        "icon": model.icon if model else "",
        "prompt": job.prompt,
        "short": job.prompt[:ON_A_CARD],
        "picture": thumbnail_link(job.pictures[0]) if job.pictures else "",
        "pictures": len(job.pictures),
        "problem": job.problem.what[:ON_A_CARD] if job.problem else job.note,
        "sandbox": job.payer == "sandbox",
        "price": _price(playground, job),
        "seconds": seconds_text(job.seconds(time.time())) if job.state is JobState.DONE else "",
        "moment": f"{asked:%Y-%m-%dT%H:%M:%SZ}",
        "date": f"{asked:%Y-%m-%d %H:%M} UTC",
        "task": job.task_id or "",
        "starred": job.starred,
        "note": job.remark,
        "tags": list(dict.fromkeys(TAG.findall(job.remark))),
    }


def _price(playground: Playground, job: Job) -> str:
    """``28 credits · $0.28``; what was never accepted cost nothing, and neither does a drawing.

    ``up to`` that where the service does not say whether it charged for what came to no picture.
    """
    if job.payer == "sandbox":
        return "free"
    if job.settled and not job.accepted:
        return "not charged"
    credits = job.credits if job.charged is None else job.charged
    if not isfinite(credits):
        return "price not known"
    text = f"{credits_text(credits)} · {usd_text(playground.catalog.usd(credits))}"
    known = job.state is JobState.DONE or job.charged is not None or not job.settled
    return text if known else f"up to {text}"


def _name(playground: Playground, model: str) -> str:
    found = playground.catalog.find(model)
    return model_title(found) if found else model


def _share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _value(value: Any) -> str:
    """A setting as text: lists an item a line."""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
