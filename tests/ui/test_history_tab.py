"""The handlers of the History tab: groups in pages, filters, several jobs at once, and nothing of another visitor's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.jobs.job import JobState
from components.playground import Visit, visitor_id
from components.ui.history.deletion import undo, withdraw
from components.ui.history.display import show_all
from components.ui.history.panel import refresh, save_note
from components.ui.history.tab import (
    clear_filters,
    click_entry,
    delete_chosen,
    delete_selected,
    filter_list,
    select_page,
    sort_list,
    star_selected,
    turn_page,
    unstar_selected,
)
from components.ui.page_events import open_comparison
from components.ui.result_actions import act
from tests.ui.page_session import PageSession, open_playground
from tests.ui.test_history import past

ANN, BOB = "ann-of-the-history-tab-1", "bob-of-the-history-tab-2"
JOBS = 60


@pytest.fixture
async def page(catalog: Catalog, tmp_path: Path, sandbox: str) -> AsyncIterator[PageSession]:
    """Ann's page, with 60 jobs of hers; each older than the one with the next number."""
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        for number in range(JOBS):
            model = "cogview-4" if number % 10 == 0 else "flux-2"
            job = past(catalog, number, model=model)
            await playground.jobs.store.add(replace(job, visitor=visitor_id(ANN)))
            await playground.history.star(visitor_id(ANN), [job.id], starred=number % 25 == 0)
        page = PageSession(playground, ANN)
        await page.arrive("tab=history")
        yield page


async def listed(page: PageSession, handler: Any = filter_list, sent: dict[str, str] | None = None, **filters: Any) -> str:
    """How many requests the list says it has after this, and the prompts that it shows first and last."""
    tab = page.parts.history
    for name, value in filters.items():
        page.values[getattr(tab.filters, name)] = value
    await page.call(handler, tab, sent)
    count = re.sub("<[^>]*>", "", page.values[tab.count]).strip()
    prompts = re.findall(r'title="([^"]*)">kite', page.values[tab.entries])
    return ": ".join([count, *([f"{prompts[0]}–{prompts[-1]}"] if prompts else [])])


async def test_a_page_of_the_list_at_a_time_sorted_and_filtered_together(page: PageSession) -> None:
    tab = page.parts.history
    assert await listed(page) == "60 requests: kite 59–kite 36"
    assert await listed(page, turn_page, {"page": "3"}) == "60 requests: kite 11–kite 0"
    assert 'aria-label="Page 3" aria-current="page"' in page.values[tab.pages]
    assert 'data-query="?page=3"' in page.values[tab.count]
    assert await listed(page, turn_page, {"page": "99"}) == "60 requests: kite 11–kite 0"
    assert await listed(page, turn_page, {"page": "none"}) == "60 requests: kite 59–kite 36"
    assert await listed(page, sort_list, {"sort": "created"}) == "60 requests: kite 0–kite 23"
    assert 'data-query="?sort=created&amp;order=ascending"' in page.values[tab.count]
    assert await listed(page, sort_list, {"sort": "model"}) == "60 requests: kite 50–kite 41"
    assert await listed(page, sort_list, {"sort": "1; DROP TABLE jobs"}) == "60 requests: kite 50–kite 41"
    await page.arrive("tab=history&sort=created&order=ascending&page=2")
    assert await listed(page, show_all) == "60 requests: kite 24–kite 47"
    await page.arrive("tab=history&sort=1&page=x")
    assert await listed(page, text="kite 59") == "1 request: kite 59–kite 59"
    assert "files.zip?job=job-59" in page.values[tab.files]
    assert 'data-query="?text=kite+59"' in page.values[tab.count]
    await page.call(clear_filters, tab)
    assert (await listed(page, model="cogview-4")).startswith("6 requests")
    assert (await listed(page, model="", starred=True)).startswith("3 requests")
    assert (await listed(page, starred=False, since="2026-09-21")).startswith("60 requests")
    await listed(page, until="2026-09-20")
    assert "No request matches" in page.values[tab.nothing]
    await listed(page, until="soon")
    assert "not a date" in page.values[tab.nothing]


async def test_a_click_opens_searches_and_notes(page: PageSession) -> None:
    tab = page.parts.history
    await page.call(click_entry, tab, {"entry": "job-7"})
    assert page.values[tab.panel.chosen] == "job-7"
    page.values[tab.panel.note] = "for #fox"
    await page.call(save_note, tab.panel)
    assert 'data-tag="#fox"' in page.values[tab.panel.request]
    await page.call(click_entry, tab, {"tag": "#fox"})
    assert await listed(page) == "1 request: kite 7–kite 7"


async def test_a_group_opens_and_closes(page: PageSession) -> None:
    tab, store = page.parts.history, page.parts.playground.jobs.store
    for number in range(6):
        job = past(page.parts.playground.catalog, 100 + number, comparison_id="c1")
        await store.add(replace(job, visitor=visitor_id(ANN)))
    assert await listed(page, text="kite 10") == "7 requests: kite 105–kite 10"
    assert "Comparison · 6 requests" in page.values[tab.entries]
    assert 'data-entry="job-100"' not in page.values[tab.entries]
    for opened in (True, False):
        await page.call(click_entry, tab, {"group": "comparison/c1"})
        await page.call(show_all, tab)
        assert ('data-entry="job-100"' in page.values[tab.entries]) == opened
    await page.call(click_entry, tab, {"select": "comparison/c1"})
    assert page.values[tab.selection.jobs] == tuple(f"job-{number}" for number in range(100, 106))
    await page.call(click_entry, tab, {"select": "job-103"})
    assert "job-103" not in page.values[tab.selection.jobs]


async def test_several_jobs_are_starred_and_deleted_at_once_and_a_deletion_is_undone(page: PageSession) -> None:
    tab = page.parts.history
    await listed(page, text="kite 5")
    await page.call(select_page, tab)
    await page.call(click_entry, tab, {"select": "job-50"})
    ticked = set(page.values[tab.selection.jobs])
    assert ticked == {f"job-{number}" for number in (5, 15, 25, 35, 45, *range(51, 60))}
    await page.call(star_selected, tab)
    assert (await listed(page, starred=True)).startswith("15 requests")
    await page.call(unstar_selected, tab)
    assert (await listed(page)).startswith("1 request:")
    await page.call(click_entry, tab, {"entry": "job-55"})
    await page.call(delete_selected, tab)
    assert "14 requests deleted." in page.values[tab.deletion.text]
    assert (page.values[tab.selection.jobs], page.values[tab.panel.chosen]) == ((), "")
    assert await listed(page, starred=False) == "1 request: kite 50–kite 50"
    await page.call(undo, tab.deletion)
    assert (await listed(page)).startswith("15 requests")
    await page.call(click_entry, tab, {"entry": "job-55"})
    await page.call(delete_chosen, tab)
    await page.call(withdraw, tab.deletion)
    await page.call(undo, tab.deletion)
    assert (await listed(page)).startswith("14 requests")


async def test_attaching_a_task_to_a_lost_answer_works_or_explains_why_not(page: PageSession) -> None:
    tab, playground = page.parts.history, page.parts.playground
    drawn = await playground.generate("flux-2", {"prompt": "a lamp"}, Visit(visitor_id(ANN)))
    task = (await playground.jobs.settled(drawn.id, visitor_id(ANN))).task_id
    lost = past(playground.catalog, 200, state=JobState.UNCERTAIN, task_id=None, payer="sandbox", pictures=())
    await playground.jobs.store.add(replace(lost, visitor=visitor_id(ANN), base_url=playground.accounts.sandbox.base_url))
    await page.call(click_entry, tab, {"entry": lost.id})
    for named, words in (("", "is no task id"), (task, "another request has this task"), ("n1gone", "does not know")):
        await page.call(act, page.parts.actions, {"action": "attach", "job_id": lost.id, "task": named})
        assert words in page.values[page.parts.header.banner]


async def test_nothing_of_another_visitor_can_be_read_or_changed(page: PageSession) -> None:
    bob = PageSession(page.parts.playground, BOB, session="page-2")
    await bob.arrive("tab=history")
    tab, panel = bob.parts.history, bob.parts.history.panel
    for forged in ("job-5", "no-such-job", "", None, ["job-5"], {"job": "job-5"}):
        await bob.call(click_entry, tab, {"entry": forged})
        assert "There is no such job." in bob.values[panel.error]
    for name in ("group", "select"):
        await bob.call(click_entry, tab, {name: "job-5"})
    for handler, part in (
        (save_note, panel), (refresh, panel), (open_comparison, bob.parts), (delete_chosen, tab),
        (delete_selected, tab), (star_selected, tab), (undo, tab.deletion), (show_all, tab),
    ):  # fmt: skip
        bob.values |= {panel.chosen: "job-5", panel.note: "mine", panel.error: ""}
        bob.values |= {tab.selection.jobs: ("job-5",), tab.deletion.deleted: ("job-5",)}
        updates = await bob.call(handler, part)
        assert "kite" not in str(updates), handler.__name__
    for action in ("open", "attach"):
        await bob.call(act, bob.parts.actions, {"action": action, "job_id": "job-5", "task": "n41task5"})
    assert "kite 5" not in str(bob.values.values())
    assert await listed(bob) == ""
    assert bob.values[tab.files] == ""
    entry = await page.parts.playground.jobs.entry("job-5", visitor_id(ANN))
    assert (entry.starred, entry.note) == (False, "")
