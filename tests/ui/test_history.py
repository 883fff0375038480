"""The history without a browser: what is found and shown, to whom, and how a past request becomes a form again."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from gradio_client import Client
from gradio_client.exceptions import AppError

from components.api import Account, ApiClient
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.errors import InputError, Problem
from components.jobs.job import DaySpend, Job, JobState, Page
from components.jobs.service import JobService
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.playground import Playground, Visit, visitor_id
from components.views import history
from components.views.forms import form_settings
from components.views.queries import HistoryFilters
from components.views.words import STATE_WORDS
from tests.conftest import ROOT, records
from tests.ui import App, calling, running
from tests.ui.test_endpoints import refused
from tests.ui.test_result import HOSTILE, PICTURE, harmless

ANN, BOB = "ann-of-these-tests-1", "bob-of-these-tests-2"
KEPT = 100
NOW = 1_790_000_000.0
TEXTS = (
    HOSTILE,
    "שלום \u202eevil\u202c مرحبا",
    "\"double\" 'single' \\ </button></textarea> & &amp;",
    "".join(f"{number}ä🦊<b>" for number in range(2_000))[:10_000],
)
JOB = ("job_id", "state", "task_id", "images", "credits", "usd", "seconds", "message", "model", "prompt", "created_at")


@pytest.fixture
async def playground(catalog: Catalog, tmp_path: Path) -> AsyncIterator[Playground]:
    end = catalog.endpoint
    account = Account("sandbox", "http://127.0.0.1:1/sandbox", end.create, end.status, "sandbox")
    async with httpx2.AsyncClient(trust_env=False) as http, records(tmp_path / "records") as store:
        runner = JobService(catalog, store, ApiClient(http), PictureLibrary(FolderStorage(tmp_path), http))
        comparisons = ComparisonService(catalog, runner, ComparisonStore(store.transactions))
        yield Playground(catalog, runner, account, account, account.base_url, comparisons)


def past(catalog: Catalog, number: int = 0, **changes: Any) -> Job:
    """A job of Ann's that is done, each older than the one with the next number."""
    asked = build_request(catalog, changes.pop("model", "flux-2"), {"prompt": changes.pop("prompt", f"kite {number}")})
    asked_at = NOW + number
    job = Job(
        id=f"job-{number}", visitor=visitor_id(ANN), model=asked.model.id, body=asked.body, shape=asked.shape, count=1,
        payer="host", base_url="https://service.test", credits=5.0, usd=0.05, created_at=asked_at, sent_at=asked_at,
        finished_at=asked_at + 4.2, state=JobState.DONE, task_id=f"n41task{number}", pictures=(PICTURE,),
        prompt=asked.prompt,
    )  # fmt: skip
    return replace(job, **changes)


@pytest.fixture(scope="module")
def kept(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An application that was started anew over the records of an earlier one: KEPT jobs of Ann's."""
    folder = tmp_path_factory.mktemp("kept") / "home"

    async def fill() -> None:
        async with records(folder / "data") as store:
            for number in range(KEPT):
                model = "cogview-4" if number % 10 == 0 else "flux-2"
                await store.add(past(catalog, number, model=model, starred=number % 25 == 0))

    asyncio.run(fill())
    with running(folder) as app:
        yield app


@pytest.fixture
def ann(kept: App) -> Iterator[Client]:
    with calling(kept, X_Playground_Visitor=ANN) as client:
        yield client


def asked(client: Client, **query: Any) -> list[str]:
    told = client.predict(query, api_name="/history")
    return [job["job_id"] for job in told["jobs"]]


def test_the_endpoint_returns_this_visitors_jobs_newest_first(ann: Client, kept: App) -> None:
    """Fifty of them where nobody says how many, each as ``/job`` tells it and a little more."""
    told = ann.predict({}, api_name="/history")
    assert (told["total"], [job["job_id"] for job in told["jobs"]]) == (KEPT, [f"job-{KEPT - 1 - at}" for at in range(50)])
    first = told["jobs"][0]
    assert tuple(first)[: len(JOB)] == JOB
    assert (first["model"], first["prompt"], first["created_at"]) == ("flux-2", "kite 99", NOW + 99)
    assert {name: first[name] for name in JOB[:8]} == ann.predict("job-99", api_name="/job")
    assert first["images"] == [f"{kept.url}/pictures/{PICTURE.name}"]


def test_each_key_of_a_query_narrows_what_is_returned(ann: Client) -> None:
    assert asked(ann, text="KITE 42") == ["job-42"]
    assert asked(ann, model="cogview-4") == [f"job-{number}" for number in range(90, -1, -10)]
    assert asked(ann, task_id="n41task7") == ["job-7"]
    assert asked(ann, starred=True) == ["job-75", "job-50", "job-25", "job-0"]
    assert asked(ann, state="failed") == []
    assert asked(ann, state="done", limit=2, before="job-50") == ["job-49", "job-48"]
    assert ann.predict({"limit": 2, "before": "job-50"}, api_name="/history")["total"] == KEPT


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"colour": "red"}, ["colour", "text, model, state"]),
        ({"text": 7}, ["text"]),
        ({"model": ["flux-2"]}, ["model"]),
        ({"starred": 1}, ["starred", "true or false"]),
        ({"starred": "yes"}, ["starred"]),
        ({"limit": 0}, ["limit", "1 to 200"]),
        ({"limit": 201}, ["limit", "1 to 200"]),
        ({"limit": 2.5}, ["limit"]),
        ({"limit": True}, ["limit"]),
        ({"limit": None}, ["limit"]),
        ({"state": "finished"}, ["state", "queued", "uncertain"]),
        ({"before": 3}, ["before"]),
        (["text"], ["query", "object"]),
        (None, ["query", "object"]),
    ],
)
def test_a_query_that_is_not_understood_is_refused_by_name(query: Any, words: list[str], ann: Client) -> None:
    told = refused(ann, query, api_name="/history")
    assert [word for word in words if word not in told] == []


def test_a_hundred_ids_of_another_visitor_are_refused_by_the_endpoints(ann: Client, kept: App) -> None:
    before, refusals = ann.predict({"limit": 200}, api_name="/history"), 0
    with calling(kept, X_Playground_Visitor=BOB) as bob:
        assert bob.predict({"limit": 200}, api_name="/history") == {"total": 0, "jobs": []}
        for number in range(KEPT):
            with pytest.raises(AppError) as refusal:
                bob.predict(f"job-{number}", api_name="/job")
            refusals += "There is no such job." in str(refusal.value)
        assert asked(bob, before="job-50") == []
    assert refusals == KEPT
    assert ann.predict({"limit": 200}, api_name="/history") == before


@pytest.mark.parametrize("view", ["gallery", "table"])
@pytest.mark.parametrize("text", TEXTS, ids=["markup", "right to left", "quotes", "ten thousand characters"])
async def test_no_text_of_a_stranger_becomes_a_tag_or_is_lost(playground: Playground, text: str, view: str) -> None:
    """Prompt, note, problem, task id, model and settings, in card, table and details."""
    problem = Problem("upstream", text, text, text, text)
    job = past(
        playground.catalog,
        prompt="a kite",
        state=JobState.FAILED,
        pictures=(),
        problem=problem,
        task_id=text,
        remark=f"#a {text}",
    )
    job = replace(job, prompt=text, model=text, body={"prompt": text, "size": text, text: [text]})
    html, detail = history.show_jobs(playground, [job], view), history.show_detail(playground, job)
    harmless(html.replace("<wbr>", ""))
    harmless(detail)
    assert unescape(re.search(r'title="([^"]*)"', html[html.index('class="said"') :])[1]) == text  # type: ignore[index]
    assert unescape(re.search(r'<p class="prompt"[^>]*>(.*?)</p>', detail, re.S)[1]) == text  # type: ignore[index]
    assert unescape(re.search(r'data-copy="([^"]*)" aria-label="Copy the prompt"', detail)[1]) == text  # type: ignore[index]
    assert 'dir="auto"' in html


async def test_every_state_is_an_entry_with_its_word_its_price_and_why(playground: Playground) -> None:
    for state in JobState:
        problem = Problem("upstream", "The model crashed.", "", "", "") if state is JobState.FAILED else None
        job = past(playground.catalog, state=state, problem=problem, pictures=(), task_id=None)
        for view in ("gallery", "table"):
            html = history.show_jobs(playground, [job], view)
            assert STATE_WORDS[state] in html
            assert ("The model crashed." in html) == (state is JobState.FAILED)
            assert ("not charged" in html) == (state in (JobState.FAILED, JobState.STOPPED))


async def test_a_drawing_is_marked_and_free_and_a_price_is_what_was_charged(playground: Playground) -> None:
    card = history.show_jobs(playground, [past(playground.catalog, payer="sandbox")], "gallery")
    assert ">sandbox<" in card
    assert "free" in card
    card = history.show_jobs(playground, [past(playground.catalog, charged=7.0)], "gallery")
    assert "7 credits · $0.07" in card
    assert ">sandbox<" not in card


def test_words_with_a_hash_in_a_note_are_tags(playground: Playground) -> None:
    html = history.show_jobs(playground, [past(playground.catalog, remark="for #Fox-2, #logo #logo # no-tag")], "gallery")
    assert re.findall(r'data-tag="([^"]*)"', html) == ["#Fox-2", "#logo"]


def test_a_retired_model_says_so(tmp_path: Path, catalog: Catalog, playground: Playground) -> None:
    entries = yaml.safe_load((ROOT / "catalog.yaml").read_bytes())
    next(one for one in entries["models"] if one["id"] == "flux-2").update(status="retired", replaced_by="cogview-4")
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    later = replace(playground, catalog=load_catalog(tmp_path / "catalog.yaml"))
    with pytest.raises(InputError, match="retired"):
        form_settings(later.catalog, past(catalog).model, past(catalog).body)
    assert "cannot be asked any more" in history.show_detail(later, past(catalog))
    assert history.program(later, past(catalog), Visit(), "python").startswith("# This request cannot be made any more.")


def test_the_program_of_a_past_job_is_the_one_of_its_request_and_asks_for_its_task(playground: Playground) -> None:
    job = past(playground.catalog)
    request = build_request(playground.catalog, "flux-2", job.body | {"model": "flux-2"})
    expected = playground.snippet(request, Visit(), "curl", task_id=job.task_id)
    assert f"/api/v1/tasks/{job.task_id} " in expected
    assert history.program(playground, job, Visit(), "curl") == expected


def test_a_page_knows_its_place() -> None:
    first = history.Position((), "b")
    second = replace(first.older(), last="d")
    assert (second.before, second.first) == ("b", history.PAGE + 1)
    assert second.newer() == history.Position()
    assert history.Position().older() == history.Position()
    jobs = (object(),) * 3
    assert history.count_text(Page(27, jobs), second) == "25–27 of 27"  # type: ignore[arg-type]
    assert history.count_text(Page(0, ()), first) == ""


async def test_the_pictures_of_a_page_are_one_download(playground: Playground) -> None:
    jobs = [
        past(playground.catalog, 1),
        past(playground.catalog, 2, pictures=()),
        past(playground.catalog, 3, pictures=(PICTURE,) * 2),
    ]
    filters = HistoryFilters(text="a <b> & c", starred=True)
    page = history.files_links(Page(3, tuple(jobs)), filters)
    assert re.findall('href="([^"]*)"', page) == ["files.zip?job=job-1&amp;job=job-3"]
    assert "3 pictures" in page
    assert history.files_links(Page(1, tuple(jobs[1:2])), filters) == ""


async def test_all_that_fits_is_one_download_too_where_it_has_more_pages(playground: Playground) -> None:
    """Up to a number of requests; beyond it, as the words say, the newest of them."""
    filters = HistoryFilters(text="a <b> & c", starred=True)
    some = history.files_links(Page(30, (past(playground.catalog, 1),)), filters)
    many = history.files_links(Page(1_234, (past(playground.catalog, 1),)), filters)
    assert re.findall('href="([^"]*)"', some)[1] == "history.zip?text=a+%3Cb%3E+%26+c&amp;starred=1"
    assert "pictures of all 30" in some
    assert "pictures of the newest 200" in many


async def test_the_spend_is_drawn_and_told_in_numbers(playground: Playground) -> None:
    """Every day and model in the table, the sums beside it, and the chart as high as the numbers say."""
    today = time.time() // 86_400 * 86_400
    spent = [
        DaySpend(today, "flux-2", "host", 3, 15.0),
        DaySpend(today, "gone<b>", "visitor", 1, 5.0),
        DaySpend(today - 29 * 86_400, "flux-2", "host", 1, 10.0),
        DaySpend(today, "flux-2", "host", 1, float("inf")),
    ]
    html = history.show_spend(playground, spent, today + 60)
    harmless(html)
    assert [float(share) for share in re.findall(r"height:([\d.]+)%", html)] == [50.0, *[0.0] * 28, 100.0]
    assert re.findall(r"width:([\d.]+)%", html) == ["100.0", "20.0"]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert cells[1][1:] == ["⬛ Flux 2", "this page&#39;s key", "3", "15", "$0.15"]
    assert cells[2][1:] == ["gone&lt;b&gt;", "your key", "1", "5", "$0.05"]
    assert cells[4][4:] == ["not known", "—"]
    assert cells[-1] == ["6", "30", "$0.30"]
    assert history.spend_begins(today + 60) == today - 29 * 86_400
    assert "Nothing was spent" in history.show_spend(playground, [], today)
