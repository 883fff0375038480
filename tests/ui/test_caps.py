"""What fits the spend caps, on the page before anything is sent."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.jobs.budgets import Caps
from components.jobs.job import JobState
from components.playground import Playground, visitor_id
from components.ui.compare.tab import follow as follow_compare
from components.ui.generate.tab import choose_model, follow
from components.ui.header import enter_key
from tests.jobs.conftest import make_job
from tests.ui.page_session import PageSession, open_playground

ANN = "ann-of-the-caps-1234567"
DEAR = "25 credits · $0.25 · does not fit"
CASES: list[tuple[Caps, str, tuple[str, str]]] = [
    (Caps(), "hunyuan-image-3", ("Generate · 25 credits · $0.25", "")),
    (
        Caps(daily=30),
        "hunyuan-image-3",
        (DEAR, "This request costs 25 credits; this page has 20 of its 30 credits a day left"),
    ),
    (Caps(visitor=12), "hunyuan-image-3", (DEAR, "This request costs 25 credits; you have 2 of your 12 credits a day left")),
    (Caps(job=20), "hunyuan-image-3", (DEAR, "This request costs 25 credits; this page allows 20 credits a request.")),
    (Caps(daily=30), "flux-2", ("Generate · 5 credits · $0.05", "")),
]


@pytest.mark.parametrize(("caps", "model", "shown"), CASES)
async def test_generate_says_before_the_click_that_a_request_does_not_fit(
    caps: Caps, model: str, shown: tuple[str, str], catalog: Catalog, tmp_path: Path, sandbox: str
) -> None:
    """A key of one's own knows no caps. 10 credits of the host's key were spent by Ann today."""
    async with open_playground(catalog, tmp_path, sandbox, host_key="sk-host-123456", caps=caps) as playground:
        await _spend(playground, 10.0)
        page = PageSession(playground, ANN)
        tab, header = page.parts.generate, page.parts.header
        await page.arrive(f"model={model}")
        await page.call(follow, tab)
        followed = page.values[tab.button], page.values[tab.fit]
        await page.call(choose_model, tab)
        button, note = page.values[tab.button], page.values[tab.fit]
        page.values[header.key] = "sk-anns-own-key-123"
        await page.call(enter_key, header)
        await page.call(follow, tab)

    assert followed == (button, note)
    assert (button, shown[1] in note, bool(note)) == (shown[0], True, bool(shown[1]))
    assert (page.values[tab.button].split(" · ")[0], page.values[tab.fit]) == ("Generate", "")


async def test_compare_sends_no_more_than_it_says(catalog: Catalog, tmp_path: Path, sandbox: str) -> None:
    """The line, the button, and what a click on it would send."""
    async with open_playground(catalog, tmp_path, sandbox, host_key="sk-host-123456", caps=Caps(daily=20)) as playground:
        await _spend(playground, 10.0)
        page = PageSession(playground, ANN)
        tab = page.parts.compare
        await page.arrive("tab=compare&models=hunyuan-image-3,cogview-4,flux-2,kling-image-o1&prompt=a+fox")
        updates = await page.call(follow_compare, tab)

    assert "2 of 4 fit in the 10 credits left today" in page.values[tab.plan]
    assert len(re.findall("not sent", page.values[tab.plan])) == 2
    assert (updates[tab.start]["value"], updates[tab.start]["interactive"]) == (
        "Compare · 2 of 4 requests · 9 credits · $0.09",
        True,
    )


async def _spend(playground: Playground, credits: float) -> None:
    now = time.time()
    job = make_job(visitor=visitor_id(ANN), state=JobState.DONE, task_id="t", sent_at=now, created_at=now, credits=credits)
    await playground.jobs.store.add(job)
