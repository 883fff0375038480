"""The result place as HTML: each state in words, nothing of a prompt or a reply taken for a tag."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest

from components.api import Account, ApiClient
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.errors import OutOfCredits, Problem, StillRunning
from components.jobs.job import Job, JobState
from components.jobs.service import JobService
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.playground import Playground, Visit
from components.views.job import show_example, show_job, show_problem
from components.views.words import STATE_WORDS, seconds_text, state_word, typical_text
from tests.conftest import records

HOSTILE = "<img src=x onerror=alert(1)> \"'>&amp;${alert(1)}{{x}}</script><script>alert(2)</script>"
PICTURE = KeptPicture("a" * 64 + ".png", 1024, 1024, "png", 5000, "https://cdn.example/a.png")


@pytest.fixture
async def playground(catalog: Catalog, tmp_path: Path) -> AsyncIterator[Playground]:
    end = catalog.endpoint
    service = Account("service", end.base_url, end.create, end.status, "")
    sandbox = Account("sandbox", "http://127.0.0.1:1/sandbox", end.create, end.status, "sandbox")
    async with httpx2.AsyncClient(trust_env=False) as http, records(tmp_path / "records") as store:
        runner = JobService(catalog, store, ApiClient(http), PictureLibrary(FolderStorage(tmp_path), http))
        comparisons = ComparisonService(catalog, runner, ComparisonStore(store.transactions))
        yield Playground(catalog, runner, service, sandbox, sandbox.base_url, comparisons)


@pytest.fixture
def job(catalog: Catalog) -> Job:
    asked = build_request(catalog, "gpt-image-1.5-official", {"prompt": HOSTILE})
    return Job(
        id="j1", visitor="v", model=asked.model.id, body=asked.body, shape=asked.shape, count=1, payer="visitor",
        base_url="https://apiin.one", prompt=HOSTILE, credits=10, usd=0.1, created_at=time.time(), sent_at=time.time(), typical=(3, 10),
    )  # fmt: skip


class Tags(HTMLParser):
    """Every tag and attribute name of a piece of HTML, and whether each tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("img", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def harmless(html: str) -> None:
    tags = Tags(html)
    assert not tags.names & {"script", "iframe", "object", "svg", "style"}
    assert not any(name.startswith("on") for name in tags.attributes)


@pytest.mark.parametrize("state", JobState)
async def test_every_state_has_a_word_and_no_text_becomes_a_tag(state: JobState, playground: Playground, job: Job) -> None:
    """Prompt, note, task id and the service's reply come from strangers."""
    problem = Problem("upstream", HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    now = replace(job, state=state, task_id=HOSTILE, note=HOSTILE, problem=problem, pictures=(PICTURE,), waiting=(HOSTILE,))

    html = show_job(playground, now)

    harmless(html)
    assert STATE_WORDS[state] in html
    assert html.count("&lt;img src=x") >= 6


async def test_a_picture_is_shown_from_here_and_described(playground: Playground, job: Job) -> None:
    """With the prompt and the model as its description, its size, and a download under a fitting name."""
    now = replace(job, state=JobState.DONE, task_id="n42abc", pictures=(PICTURE,), finished_at=job.created_at + 4.2)

    html = show_job(playground, replace(now, prompt="a fox"))

    assert f'src="pictures/{PICTURE.name}" alt="a fox (GPT Image 1.5)" width="1024" height="1024"' in html
    assert f'/1?of={PICTURE.name}"' in html
    assert "1024 × 1024 PNG" in html
    assert 'data-copy="n42abc"' in html
    assert "4.2 s" in html
    assert "cdn.example" not in html


@pytest.mark.parametrize(
    ("payer", "charged", "words"),
    [
        ("sandbox", None, "free here, 10 credits at the service"),
        ("visitor", None, "10 credits by the price list"),
        ("host", 10.0, "10 credits charged"),
        ("visitor", 12.0, "12 credits charged, 10 credits by the price list"),
        ("visitor", 0.0, "0 credits charged, 10 credits by the price list"),
    ],
)
async def test_what_it_cost_is_told_as_far_as_it_is_known(
    payer: str, charged: float | None, words: str, playground: Playground, job: Job
) -> None:
    """The price list's figure is never passed off as the charge."""
    assert words in show_job(
        playground, replace(job, state=JobState.DONE, payer=payer, charged=charged, pictures=(PICTURE,))
    )


async def test_a_running_job_shows_how_long_it_usually_takes(playground: Playground, job: Job) -> None:
    """As many empty places as pictures were asked for, a line that fills, and the seconds so far."""
    html = show_job(playground, replace(job, state=JobState.RUNNING, task_id="n1", count=3))

    assert html.count('class="skeleton"') == 3
    assert "typically 3–10 s" in html
    found = re.search(r'aria-valuenow="(\d+)"', html)
    assert found is not None
    assert 0 <= int(found[1]) <= 95


async def test_an_overdue_job_is_called_still_running(playground: Playground, job: Job) -> None:
    """It has not failed: its task id is there to check again with."""
    problem = StillRunning("Still running at the service after 10 minutes, task n1.", task_id="n1").problem
    now = replace(job, state=JobState.RUNNING, task_id="n1", overdue=True, problem=problem)

    html = show_job(playground, now)

    assert state_word(now) == "Still running"
    assert "Check again" in html
    assert "It may still finish and be charged." in html
    assert "skeleton" not in html


async def test_what_was_not_sent_says_so(playground: Playground) -> None:
    """With a way to the billing page for an empty account, and to nowhere else."""
    html = show_problem(playground, OutOfCredits("No credits.", reply="<b>").problem)

    harmless(html)
    assert "Not sent" in html
    assert 'href="https://apiin.one/billing/credits"' in html
    assert "href" not in show_problem(playground, Problem("input", "prompt: is empty.", "", "Nothing was charged."))


async def test_every_model_opens_with_an_example(playground: Playground, catalog: Catalog) -> None:
    """Labelled as the sandbox's drawing and not the model's."""
    for model in catalog.models:
        html = show_example(playground, model)
        harmless(html)
        assert f'src="sandbox/examples/{model.id}"' in html
        assert "not model output" in html


async def test_a_visits_key_is_in_no_text_of_it(playground: Playground) -> None:
    """The record that goes through the page's handlers, logs and errors."""
    visit = Visit().with_key(" sk-canary-1 ")

    assert visit.key == "sk-canary-1"
    assert "sk-canary" not in f"{visit!r}{playground!r}{playground.account(visit)!r}"
    assert playground.account(visit).payer == "visitor"
    assert playground.account(visit.with_key("")).payer == "sandbox"


def test_times_are_told_as_people_say_them() -> None:
    """Seconds, then minutes; where nothing is stated, that."""
    assert (seconds_text(4.24), seconds_text(150), typical_text((3, 10)), typical_text((0.5, 2))) == (
        "4.2 s", "2.5 min", "3–10 s", "0.5–2 s",
    )  # fmt: skip
    assert typical_text(None) == "time not stated"
