"""The handlers of the History tab: a page of the list at a time, filters, and that another visitor's job is not found."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.playground import visitor_id
from components.ui.history.panel import refresh, remove_job, save_note, show_program, star_chosen
from components.ui.history.tab import clear_filters, click_entry, filter_list, go_newer, go_older, show_all
from components.ui.page import compare_others, open_chosen, open_comparison, use_settings
from tests.ui.opened import OpenPage, playing
from tests.ui.test_history import past

ANN, BOB = "ann-of-the-history-tab-1", "bob-of-the-history-tab-2"
JOBS = 60


@pytest.fixture
async def page(catalog: Catalog, tmp_path: Path, sandbox: str) -> AsyncIterator[OpenPage]:
    """Ann's page, with 60 jobs of hers; each older than the one with the next number."""
    async with playing(catalog, tmp_path, sandbox) as playground:
        for number in range(JOBS):
            model = "cogview-4" if number % 10 == 0 else "flux-2"
            job = past(catalog, number, model=model)
            await playground.jobs.store.add(replace(job, visitor=visitor_id(ANN)))
            await playground.jobs.store.history.edit(job.id, starred=number % 25 == 0)
        page = OpenPage(playground, ANN)
        await page.arrive("tab=history")
        yield page


async def listed(page: OpenPage, handler: Any = filter_list, **filters: Any) -> str:
    """How many entries the list says it shows after this."""
    tab = page.parts.history
    for name, value in filters.items():
        page.values[getattr(tab.filters, name)] = value
    await page.call(handler, tab)
    return re.sub("<[^>]*>", "", page.values[tab.count]).strip()


async def test_a_page_of_the_list_at_a_time_and_the_filters_hold_together(page: OpenPage) -> None:
    tab = page.parts.history
    assert await listed(page) == "1–24 of 60"
    assert await listed(page, go_older) == "25–48 of 60"
    assert await listed(page, go_older) == "49–60 of 60"
    assert await listed(page, go_newer) == "25–48 of 60"
    assert await listed(page, text="kite 59") == "1–1 of 1"
    assert "files.zip?job=job-59" in page.values[tab.files]
    assert 'data-query="?text=kite+59"' in page.values[tab.count]
    await page.call(clear_filters, tab)
    assert await listed(page, model="cogview-4") == "1–6 of 6"
    assert await listed(page, model="", starred=True) == "1–3 of 3"
    assert await listed(page, starred=False, since="2026-09-21") == "1–24 of 60"
    await listed(page, until="2026-09-20")
    assert "No request matches" in page.values[tab.nothing]
    await listed(page, until="soon")
    assert "not a date" in page.values[tab.panel.error]


async def test_a_click_opens_stars_and_searches(page: OpenPage) -> None:
    tab = page.parts.history
    await page.call(click_entry, tab, {"entry": "job-7"})
    assert page.values[tab.panel.chosen] == "job-7"
    await page.call(click_entry, tab, {"star": "job-7"})
    assert page.values[tab.panel.star] == "★ Starred"
    await page.call(star_chosen, tab.panel)
    assert page.values[tab.panel.star] == "☆ Star"
    page.values[tab.panel.note] = "for #fox"
    await page.call(save_note, tab.panel)
    assert 'data-tag="#fox"' in page.values[tab.panel.asked]
    await page.call(click_entry, tab, {"tag": "#fox"})
    assert await listed(page) == "1–1 of 1"
    await page.call(remove_job, tab.panel)
    assert page.values[tab.panel.chosen] == ""
    await page.call(show_all, tab)
    assert "No request matches" in page.values[tab.nothing]


async def test_a_past_job_fills_the_forms_of_other_tabs(page: OpenPage) -> None:
    page.values[page.parts.history.panel.chosen] = "job-10"
    await page.call(use_settings, page.parts)
    generate = page.parts.generate
    assert (page.values[generate.model], page.values[generate.prompt]) == ("cogview-4", "kite 10")
    assert page.values[generate.panel.job] == "job-10"
    await page.call(compare_others, page.parts)
    form = page.parts.compare.form
    assert "cogview-4" not in page.values[form.models]
    assert "kite 10" in page.values.values()


async def test_nothing_of_another_visitor_is_shown_or_changed_however_it_is_asked_for(page: OpenPage) -> None:
    bob = OpenPage(page.parts.playground, BOB, session="page-2")
    await bob.arrive("tab=history")
    tab, panel = bob.parts.history, bob.parts.history.panel
    for forged in ("job-5", "no-such-job", "", None, ["job-5"], {"job": "job-5"}):
        for name in ("entry", "star"):
            await bob.call(click_entry, tab, {name: forged})
            assert "There is no such job." in bob.values[panel.error]
    for handler, part in (
        (star_chosen, panel), (save_note, panel), (remove_job, panel), (refresh, panel), (use_settings, bob.parts),
        (compare_others, bob.parts), (open_comparison, bob.parts), (show_program, panel), (open_chosen, bob.parts),
    ):  # fmt: skip
        bob.values |= {panel.chosen: "job-5", panel.note: "mine", panel.error: ""}
        updates = await bob.call(handler, part)
        assert "kite" not in str(updates), handler.__name__
    assert await listed(bob) == ""
    assert bob.values[tab.files] == ""
    entry = await page.parts.playground.jobs.entry("job-5", visitor_id(ANN))
    assert (entry.starred, entry.note) == (False, "")
