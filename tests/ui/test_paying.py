"""One click, one payer, one request: what a page sends is paid by whom it shows, once, with the seed that is in the form."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from components.catalog.loading import load_catalog
from components.catalog.parameters import Role
from components.jobs.job import JobState
from components.playground import Playground, visitor_id
from components.ui.compare.opening import open_listed
from components.ui.compare.tab import compare, keep_seed
from components.ui.generate.panel import stop_job
from components.ui.generate.tab import generate
from components.ui.header import enter_key, forget_key
from components.ui.result_actions import act
from tests.recorder import RecordedRequest, Recorder
from tests.ui import write_quick_catalog
from tests.ui.page_session import PageSession, open_playground

HOST_KEY, OWN_KEY = "sk-host-0f1e2d3c4b5a", "sk-of-my-own-5e6f7a8b"
SECRET = "somebody-who-pays-0123456789"
FOX = "a fox #sandbox:never"


@pytest.fixture
async def playground(tmp_path: Path, cleared_upstream: Recorder, sandbox: str) -> AsyncIterator[Playground]:
    """An installation with a host's key for a service that is as quick as its catalog says."""
    async with open_playground(
        load_catalog(write_quick_catalog(tmp_path)), tmp_path, sandbox, cleared_upstream.address, HOST_KEY
    ) as playground:
        yield playground


@pytest.fixture
async def page(playground: Playground) -> PageSession:
    """An open page of a new visitor."""
    page = PageSession(playground, SECRET)
    await page.arrive()
    return page


async def posts(page: PageSession, cleared_upstream: Recorder) -> list[RecordedRequest]:
    """What has reached the service. A click is answered before its request is."""
    visitor, unsent = visitor_id(SECRET), {JobState.QUEUED, JobState.SUBMITTING}
    while unsent & {job.state for job in await page.parts.playground.jobs.store.unfinished(visitor)}:  # noqa: ASYNC110  # nothing is told
        await asyncio.sleep(0.02)
    return cleared_upstream.posts


async def click_generate(page: PageSession, prompt: str = FOX) -> str:
    """What the panel shows after a click."""
    page.values[page.parts.generate.prompt] = prompt
    await page.call(generate, page.parts.generate)
    return unescape(page.values[page.parts.generate.panel.result])


async def click_compare(page: PageSession, *models: str, click: str, seed: int | None = None) -> str:
    """The comparison that is shown after a click."""
    form = page.parts.compare.form
    page.values |= {form.models.box: "\n".join(models), form.roles[Role.PROMPT]: FOX, page.parts.compare.click: click}
    if seed is not None:
        page.values[form.roles[Role.SEED]] = seed
    await page.call(compare, page.parts.compare)
    return str(page.values[page.parts.compare.share.comparison])


async def test_what_the_page_shows_is_what_pays(page: PageSession, cleared_upstream: Recorder) -> None:
    assert page.values[page.parts.header.payer] == "host"
    await click_generate(page)

    assert [one.headers["authorization"] for one in await posts(page, cleared_upstream)] == [f"Bearer {HOST_KEY}"]


async def test_a_key_pays_as_it_was_pasted_until_it_is_forgotten(page: PageSession, cleared_upstream: Recorder) -> None:
    header = page.parts.header
    page.values[header.key] = f' "Bearer {OWN_KEY}"\n'
    await page.call(enter_key, header)
    assert (page.values[header.key], page.values[header.payer]) == ("", "visitor")
    await click_generate(page)
    await page.call(stop_job, page.parts.generate.panel)
    await page.call(forget_key, header)
    assert page.values[header.payer] == "host"
    await click_generate(page, "another fox #sandbox:never")

    assert [one.headers["authorization"] for one in await posts(page, cleared_upstream)] == [
        f"Bearer {OWN_KEY}",
        f"Bearer {HOST_KEY}",
    ]


async def test_a_page_whose_key_was_lost_says_so_and_does_not_use_the_hosts_key(
    page: PageSession, cleared_upstream: Recorder
) -> None:
    """Gradio keeps the state of so many pages, and after a restart of none; the page itself goes on showing "Your key"."""
    page.values[page.parts.header.payer] = "visitor"
    reply = await click_generate(page)
    await click_compare(page, "imagen-4", click="1")

    for words in (reply, unescape(page.values[page.parts.compare.error])):
        assert "no longer holds the key that it shows" in words
        assert "Enter your key again." in words
    assert await posts(page, cleared_upstream) == []


async def test_one_click_that_arrives_twice_is_one_comparison(page: PageSession, cleared_upstream: Recorder) -> None:
    first = await click_compare(page, "imagen-4", click="1")
    cards = page.values[page.parts.compare.cards]

    assert await click_compare(page, "imagen-4", click="1") == first
    assert re.findall("<code>([0-9]+)</code>", page.values[page.parts.compare.cards]) == re.findall(
        "<code>([0-9]+)</code>", cards
    )
    assert await click_compare(page, "hunyuan-image-3", click="1") != first, "another form"
    assert await click_compare(page, "hunyuan-image-3", click="2") != first, "another click"
    assert len(await posts(page, cleared_upstream)) == 3


async def test_a_given_seed_is_used_and_a_random_one_is_replaced(page: PageSession, cleared_upstream: Recorder) -> None:
    """The form stays empty unless the seed is to be kept."""
    form = page.parts.compare.form
    await click_compare(page, "imagen-4", click="1", seed=42)
    page.values[form.roles[Role.SEED]] = None
    await click_compare(page, "imagen-4", click="2")
    assert page.values[form.roles[Role.SEED]] is None
    await click_compare(page, "imagen-4", click="3")
    page.values[form.lock] = True
    await page.call(keep_seed, page.parts.compare)
    await click_compare(page, "imagen-4", click="4")
    page.values[form.lock] = False
    await page.call(keep_seed, page.parts.compare)
    assert page.values[form.roles[Role.SEED]] is None
    first, *drawn, locked = [one.body["seed"] for one in await posts(page, cleared_upstream)]

    assert first == 42
    assert len(set(drawn)) == len(drawn) == 2
    assert locked == drawn[-1]


async def test_a_seed_that_was_drawn_stays_out_of_the_form_of_its_comparison(page: PageSession) -> None:
    """One that was typed is a part of it."""
    field = page.parts.compare.form.roles[Role.SEED]
    typed = await click_compare(page, "imagen-4", click="1", seed=42)
    page.values[field] = None
    drawn = await click_compare(page, "imagen-4", click="2")
    for comparison, seed in ((typed, 42), (drawn, None)):
        await page.call(open_listed, page.parts.compare, {"comparison": comparison})
        assert page.values[field] == seed


async def test_a_request_that_is_not_uncertain_any_more_is_not_sent_again(
    page: PageSession, cleared_upstream: Recorder
) -> None:
    """Another page has given it up, or a callback has named its task: this one shows what became of it."""
    await click_generate(page, "a fox #sandbox:broken")
    await posts(page, cleared_upstream)
    job = page.values[page.parts.generate.panel.job]
    for action in ("dismiss", "resend"):
        await page.call(act, page.parts.actions, {"action": action, "job_id": job})

    assert len(await posts(page, cleared_upstream)) == 1
