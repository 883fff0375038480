"""What the History tab shows: what its filters ask for, a visitor's jobs as escaped HTML, a past job as a form."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from components.catalog import Catalog, Kind, Model, Role, find_model, find_problems, parameters_of, rebuild_request
from components.costs import credits_text, usd_text
from components.errors import InputError
from components.jobs import Job, JobState
from components.jobs.records import DaySpend, Page, Wanted
from components.jobs.routes import PREFIX
from components.snippets import LANGUAGES
from components.ui import result
from components.ui.choices import title
from components.ui.messages import state_word
from components.ui.services import Services, Visit
from components.ui.templates import render

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
        return self.behind[-1] if self.behind else ""

    @property
    def first(self) -> int:
        """The number of the first entry on this page, from 1."""
        return PAGE * len(self.behind) + 1

    def older(self) -> Position:
        return Position((*self.behind, self.last)) if self.last else self

    def newer(self) -> Position:
        return Position(self.behind[:-1])


def wanted(text: str, model: str, state: str, starred: bool, since: str | None, until: str | None) -> Wanted:
    """What the filters ask for; both dates are whole UTC days. Raises InputError for a text that is no date."""
    first, last = _day("From", since), _day("To", until)
    return Wanted(
        text=text or "",
        model=model or "",
        state=state or "",
        starred=bool(starred),
        since=first.timestamp() if first else None,
        until=(last + timedelta(days=1)).timestamp() if last else None,
    )


def show_jobs(services: Services, jobs: Iterable[Job], view: str) -> str:
    """Jobs as cards, or as a table where ``view`` is ``table``."""
    rows = [_entry(services, job) for job in jobs]
    return render("history_table" if view == "table" else "history_cards", entries=rows) if rows else ""


def show_detail(services: Services, job: Job) -> str:
    """What was asked of one job, when, and what its visitor has noted."""
    model = services.catalog.find(job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    settings = {name: _value(value) for name, value in job.body.items() if name != prompt}
    retired = model is None or not model.runnable
    return render("history_detail", one=_entry(services, job), settings=settings, prompt=job.prompt, retired=retired)


def count_text(page: Page, position: Position) -> str:
    """``1–24 of 5,000``."""
    if not page.jobs:
        return ""
    last = position.first + len(page.jobs) - 1
    return f"{position.first:,}–{last:,} of {max(page.total, last):,}"


def files_link(jobs: Sequence[Job]) -> str:
    """The link to all pictures of these jobs in one ZIP; "" where they have none."""
    ids = [("job", job.id) for job in jobs if job.pictures]
    if not ids:
        return ""
    pictures = sum(len(job.pictures) for job in jobs)
    text = f"Download the {pictures} pictures of this page" if pictures > 1 else "Download the picture of this page"
    return render("history_files", address=f"files.zip?{urlencode(ids)}", text=f"{text} (ZIP)")


def spend_begins(now: float) -> float:
    """The first second of the first of the last DAYS UTC days."""
    return (now // DAY_S - DAYS + 1) * DAY_S


def show_spend(services: Services, spent: Sequence[DaySpend], now: float) -> str:
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
    usd = services.catalog.usd
    most, dearest = max(days.values(), default=0.0), max(models.values(), default=0.0)
    names = [
        {"label": _name(services, model), "usd": f"{credits:,.10g}", "share": _share(credits, dearest)}
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
                "model": _name(services, one.model),
                "payer": PAYERS.get(one.payer, one.payer),
                "jobs": f"{one.jobs:,}",
                "credits": f"{one.credits:,.10g}" if isfinite(one.credits) else "not known",
                "usd": usd_text(usd(one.credits)) if isfinite(one.credits) else "—",
            }
            for one in spent
        ],
        total={"jobs": f"{sum(one.jobs for one in spent):,}", "credits": f"{total:,.10g}", "usd": usd_text(usd(total))},
    )


def settings_of(catalog: Catalog, job: Job) -> tuple[Model, dict[str, Any], str]:
    """The model and parameters that a job was made with, and a sentence about those that no control can hold any more.

    Raises InputError where the model has been retired or is gone.
    """
    model = find_model(catalog, job.model)
    parameters = parameters_of(model, job.body)
    wrong = {error.field for error in find_problems(model, parameters)}
    lost = [name for name in parameters if name in wrong and not _can_hold(model, name)]
    notice = f"No longer offered, so left out: {', '.join(lost)}." if lost else ""
    return model, {name: value for name, value in parameters.items() if name not in lost}, notice


def program(services: Services, job: Job, visit: Visit, language: str) -> str:
    """The call of a past job as a program, or why it cannot be made any more."""
    try:
        return services.snippet(rebuild_request(services.catalog, job.model, job.body), visit, language)
    except InputError as error:
        return f"{LANGUAGES[language].comment} This request cannot be made any more. {' '.join(error.what.splitlines())}"


def _entry(services: Services, job: Job) -> dict[str, Any]:
    """One job as the templates read it."""
    model = services.catalog.find(job.model)
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
        "picture": f"{PREFIX}/{job.pictures[0].name}" if job.pictures else "",
        "pictures": len(job.pictures),
        "problem": job.problem.what[:ON_A_CARD] if job.problem else job.note,
        "sandbox": job.payer == "sandbox",
        "price": _price(services, job),
        "seconds": result.seconds_text(job.seconds(time.time())) if job.state is JobState.DONE else "",
        "moment": f"{asked:%Y-%m-%dT%H:%M:%SZ}",
        "date": f"{asked:%Y-%m-%d %H:%M} UTC",
        "task": job.task_id or "",
        "starred": job.starred,
        "note": job.remark,
        "tags": list(dict.fromkeys(TAG.findall(job.remark))),
    }


def _price(services: Services, job: Job) -> str:
    """``28 credits · $0.28``; what was never accepted cost nothing, and neither does a drawing."""
    if job.payer == "sandbox":
        return "free"
    if job.settled and not job.accepted:
        return "not charged"
    credits = job.credits if job.charged is None else job.charged
    if not isfinite(credits):
        return "price not known"
    return f"{credits_text(credits)} · {usd_text(services.catalog.usd(credits))}"


def _name(services: Services, model: str) -> str:
    found = services.catalog.find(model)
    return title(found) if found else model


def _share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _value(value: Any) -> str:
    """A setting as text: lists an item a line."""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _can_hold(model: Model, name: str) -> bool:
    """Whether the control of a field shows a value that is not allowed, so that it can be corrected there."""
    field = model.parameters.get(name)
    return field is not None and field.kind in (Kind.PROMPT, Kind.TEXT, Kind.IMAGE, Kind.IMAGES)


def _day(label: str, text: str | None) -> datetime | None:
    if not text or not text.strip():
        return None
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(label, f"{label}: is no date. Write one as 2026-11-22.") from error


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
