"""Another key on an open page: what the key of before was the cause of goes away, everything else stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.errors import CapReached, KeyRefused, OutOfCredits, PlaygroundError, UpstreamFailed
from components.jobs.job import JobState
from components.jobs.store.history import JobFilter
from components.playground import visitor_id
from components.ui.compare.tab import follow as follow_compare
from components.ui.generate.panel import show_error
from components.ui.header import enter_key, forget_key
from components.ui.page_events import show_with_key
from components.ui.result_actions import act
from tests.ui.page_session import PageSession, open_playground
from tests.ui.test_history import past

ANN = "ann-of-the-key-change-1"
ENDS = [
    (KeyRefused("The service rejects the key (401).", status=401), False),
    (OutOfCredits("The account is out of credits.", status=402), False),
    (CapReached("This request costs 25 credits."), False),
    (UpstreamFailed("The model crashed."), True),
    (None, True),
]


@pytest.mark.parametrize(
    ("error", "stays", "forgets"), [*((*end, False) for end in ENDS), (*ENDS[0], True), (*ENDS[-1], True)]
)
async def test_an_error_disappears_with_the_key_that_caused_it(
    error: PlaygroundError | None, stays: bool, forgets: bool, catalog: Catalog, tmp_path: Path, sandbox: str
) -> None:
    """The job stays in the history. The form is as it was."""
    state = JobState.FAILED if error else JobState.DONE
    job = replace(past(catalog, 1), visitor=visitor_id(ANN), state=state, problem=error and error.problem)
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        await playground.jobs.store.add(job)
        page = PageSession(playground, ANN)
        header, tab = page.parts.header, page.parts.generate
        await page.arrive()
        await page.call(act, page.parts.actions, {"action": "open", "job_id": job.id})
        prompt, shown = page.values[tab.prompt], page.values[tab.panel.result]
        page.values[header.key] = "sk-another-key-123456"
        await page.call(enter_key, header)
        if forgets:
            await page.call(forget_key, header)
        await page.call(show_with_key, page.parts)
        again = await playground.jobs.search(page.values[header.visit].visitor, JobFilter(), 5)

    assert prompt == page.values[tab.prompt] == job.prompt
    assert page.values[tab.panel.job] == (job.id if stays else "")
    assert (page.values[tab.panel.result] == shown) == stays
    assert "problem" in shown or stays
    assert page.values[tab.panel.changed] == "" or not stays
    assert again.total == 1


async def test_a_refusal_without_a_job_disappears_too(catalog: Catalog, tmp_path: Path, sandbox: str) -> None:
    """Nothing was sent, so nothing is in the history; Compare's error goes as well."""
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        page = PageSession(playground, ANN)
        await page.arrive()
        tab, compare = page.parts.generate, page.parts.compare
        page.values |= show_error(tab.panel, KeyRefused("This page no longer holds the key that it shows."))
        page.values[compare.error] = "This page no longer holds the key that it shows."
        await page.call(show_with_key, page.parts)
        await page.call(follow_compare, compare)

    assert "no longer holds the key" not in page.values[tab.panel.result] + page.values[compare.error]
