"""The History tab as HTML: a page of jobs, one of them in detail, and what they all cost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import isfinite

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.jobs.job import HistoryEntry
from components.jobs.store.groups import HistoryGroup, HistoryGroups, HistoryOrder
from components.jobs.store.spend import DAY_S, ChargeDifference, DaySpend
from components.views.links import HISTORY_ARCHIVE, HISTORY_DATA, MOST_ARCHIVED_JOBS, archive_link, own_link
from components.views.queries.history import HistoryFilters, write_history_query
from components.views.templates import render
from components.views.words import model_name

PAGE = 24
# The columns of the table, and what each sorts the list by; "" for nothing.
COLUMNS = {
    "Prompt": "",
    "Star": "",
    "State": "state",
    "Model": "model",
    "Price": "price",
    "Seconds": "seconds",
    "Created": "created",
    "Task": "",
    "Note": "",
}
DESCENDING_FIRST = ("created", "price", "seconds")
DAYS = 30
PAYERS = {"host": "the host's key", "visitor": "your key"}


def show_groups(
    catalog: Catalog,
    page: HistoryGroups,
    order: HistoryOrder,
    view: str,
    opened: Collection[str] = (),
    selected: Collection[str] = (),
) -> str:
    """A page of the list as cards, or as a table if ``view`` is ``table``; "" for an empty one.

    ``opened`` are the keys of the groups whose jobs are shown, ``selected`` the ids of the jobs that are ticked.
    """
    template = "history_table" if view == "table" else "history_cards"
    if not page.groups:
        return ""
    return render(
        template,
        catalog=catalog,
        groups=[(group, group_title(group)) for group in page.groups],
        order=order,
        columns=COLUMNS,
        opened=opened,
        selected=frozenset(selected),
    )


def show_pages(page: HistoryGroups) -> str:
    """Buttons of the pages: the first, the last and those around this one; "" where there is only one."""
    last = -(-page.total // PAGE)
    near = sorted({1, last, *range(max(1, page.page - 1), min(last, page.page + 1) + 1)})
    return render("history_pages", page=page.page, last=last, near=near) if last > 1 else ""


def group_title(group: HistoryGroup) -> str:
    """``Comparison · 11 requests, 2 failed``, ``Evaluation · 100 requests`` or ``12 failed``; "" for a single job."""
    job = group.entries[0].job
    if group.count == 1:
        return ""
    if job.comparison_id or job.evaluation_id:
        failed = f", {group.failed:,} failed" if group.failed else ""
        return f"{'Comparison' if job.comparison_id else 'Evaluation'} · {group.count:,} requests{failed}"
    return f"{group.count:,} failed"


def deleted_text(deleted: int, left: int) -> str:
    """What became of jobs that were to be deleted; ``left`` of them were not."""
    done = f"{deleted:,} request{'' if deleted == 1 else 's'} deleted." if deleted else ""
    going = f"{left:,} {'is' if left == 1 else 'are'} still going: stop first, then delete." if left else ""
    return f"{done} {going}".strip()


def show_detail(catalog: Catalog, entry: HistoryEntry) -> str:
    """What was asked for, when, and what its visitor has noted."""
    model = catalog.find(entry.job.model)
    prompt = model.by_role(Role.PROMPT) if model else "prompt"
    return render("history_detail", catalog=catalog, entry=entry, model=model, prompt=prompt)


def count_text(page: HistoryGroups) -> str:
    """``5,000 requests``; "" for none."""
    return f"{page.total_jobs:,} request{'' if page.total_jobs == 1 else 's'}" if page.total_jobs else ""


def download_links(page: HistoryGroups, filters: HistoryFilters) -> str:
    """Links to all jobs that match as data, to a ZIP of the pictures on this page, and of all; "" for an empty page."""
    shown = [entry.job for entry in page.entries]
    if not shown:
        return ""
    query, visitor, pictures = write_history_query(filters), shown[0].visitor, []
    if ids := [job.id for job in shown if job.pictures]:
        count = sum(len(job.pictures) for job in shown)
        text = f"{count} pictures on this page" if count > 1 else "picture on this page"
        pictures.append((archive_link(ids, visitor), text))
        if page.total_jobs > len(shown):
            everything = page.total_jobs <= MOST_ARCHIVED_JOBS
            requests = f"all {page.total_jobs:,}" if everything else f"the newest {MOST_ARCHIVED_JOBS:,}"
            pictures.append((own_link(HISTORY_ARCHIVE + query, visitor), f"pictures of {requests} requests"))
    data = [(own_link(f"{HISTORY_DATA}.{kind}{query}", visitor), kind.upper()) for kind in ("csv", "json")]
    return render("history_files", pictures=pictures, data=data, total=page.total_jobs)


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
            model = catalog.current_id(row.model)
            models[model] = models.get(model, 0.0) + row.credits
    bars = [(model_name(catalog, model), f"{credits:,.10g}", credits) for model, credits in models.items()]
    return render(
        "history_spend",
        catalog=catalog,
        days=days,
        bars=sorted(bars, key=lambda bar: -bar[2]),
        rows=[
            (row, model_name(catalog, row.model), PAYERS.get(row.payer, row.payer), isfinite(row.credits)) for row in spent
        ],
        total=sum(models.values()),
        differences=[(row, model_name(catalog, row.model)) for row in differences],
    )
