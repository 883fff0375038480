"""Files with their recipe for whom they belong to, and a picture that tells the settings of its form."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from components.api import Account
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job
from components.jobs.service import JobService
from components.pictures.metadata import Recipe, embed, read
from components.playground import visitor_id
from components.views.links import MOST_ARCHIVED_JOBS, download_link
from components.views.recipe import read_settings, recipe_of
from components.web.files import DROPS_AT_ONCE, LARGEST_DROP, NO_PICTURE, NO_RECIPE, file_routes
from components.web.visitors import COOKIE
from tests.jobs.faulty import png

SECRET, OTHER = "visitor-of-these-tests-0123456789", "another-visitor-0123456789abcdef"
ANN = {"X-Playground-Visitor": SECRET}
STRANGERS = [
    {}, {"X-Playground-Visitor": OTHER}, {"X-Playground-Visitor": "short"}, {"X-Playground-Visitor": visitor_id(SECRET)},
    {"Cookie": f"{COOKIE}={OTHER}"}, {"Cookie": f"{COOKIE}={visitor_id(SECRET)}"}, {"Cookie": f"{COOKIE}=<{SECRET}>"},
    {"Cookie": f"{COOKIE}={SECRET}", "X-Playground-Visitor": OTHER},
]  # fmt: skip
PROMPT = 'Zwölf "Äpfel" & 50 % of #1?\nsecond line + 🍏 <script>'


@pytest.fixture
async def page(catalog: Catalog, runner: JobService) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(file_routes(catalog, runner))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as http:
        yield http


async def made(catalog: Catalog, runner: JobService, account: Account, model: str = "flux-2", **parameters: Any) -> Job:
    """A job of Ann's that the sandbox has finished."""
    request = build_request(catalog, model, {"prompt": PROMPT, **parameters})
    job = await runner.submit(request, account, visitor_id(SECRET))
    return await runner.settled(job.id, job.visitor)


@pytest.fixture
async def job(catalog: Catalog, runner: JobService, account: Account) -> Job:
    return await made(catalog, runner, account)


def a_recipe(chosen: str = "flux-2", /, **parameters: Any) -> Recipe:
    created = datetime(2026, 3, 4, tzinfo=UTC)
    return Recipe(model=chosen, parameters=parameters, task_id="n1", sandbox=True, credits=5, usd=0.05, created=created)


async def test_a_picture_comes_with_its_recipe_under_a_readable_name(page: httpx2.AsyncClient, job: Job) -> None:
    """To the browser by its cookie, to a caller by its header; no other program may keep a copy."""
    for headers in (ANN, {"Cookie": f"a=b; {COOKIE}={SECRET}"}):
        answer = await page.get(f"/files/{job.id}/1", headers=headers)
        disposition = Message()
        disposition["Content-Disposition"] = answer.headers["content-disposition"]

        assert read(answer.content) == recipe_of(job)
        assert answer.headers["content-type"] == "image/png"
        assert disposition.get_content_disposition() == "attachment"
        assert disposition.get_filename() == f"flux-2-{job.task_id}-1.png"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_without_the_recipe_it_is_the_very_file_that_came(
    page: httpx2.AsyncClient, runner: JobService, job: Job
) -> None:
    plain = await page.get(f"/files/{job.id}/1?recipe=0", headers=ANN)
    path = await runner.pictures.read(job.pictures[0].name)

    assert plain.content == path.read_bytes()
    assert read(plain.content) is None


async def test_a_browser_without_a_cookie_names_the_picture_it_was_shown(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, job: Job
) -> None:
    """Another job's picture, half a name and a removed job open nothing."""
    other = await made(catalog, runner, account, resolution="2K")
    answer = await page.get("/" + download_link(job, 0))
    assert read(answer.content) == recipe_of(job)
    name = job.pictures[0].name
    for path in (f"/files/{other.id}/1?of={name}", f"/files/{job.id}/1?of={name[:-5]}", f"/files/{job.id}/1?of=%C3%A9"):
        assert (await page.get(path)).status_code == 404
    await runner.remove(job.id, job.visitor)
    assert (await page.get("/" + download_link(job, 0))).status_code == 404


async def test_an_archive_holds_what_is_left_and_ones_own(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, job: Job
) -> None:
    """One that was deleted since the page was drawn keeps nobody from the others; nor does one that is another's."""
    kept, gone = await made(catalog, runner, account, resolution="2K"), await made(catalog, runner, account)
    await runner.remove(gone.id, gone.visitor)
    theirs = await runner.submit(build_request(catalog, "flux-2", {"prompt": "mine"}), account, visitor_id(OTHER))
    answer = await page.get(f"/files.zip?job={gone.id}&job={theirs.id}&job={kept.id}", headers=ANN)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))

    assert [one["task_id"] for one in manifest["pictures"]] == [kept.task_id]
    assert manifest["requests_left_out"] == 2


async def test_what_is_not_there_and_what_is_anothers_are_told_in_the_same_words(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, job: Job
) -> None:
    """A stranger learns nothing by asking."""
    await runner.submit(build_request(catalog, "flux-2", {"prompt": "mine"}), account, visitor_id(OTHER))
    never = (await page.get("/files/no-such-job/1", headers=ANN)).text
    asked = [(headers, path) for headers in STRANGERS for path in (f"/files/{job.id}/1", f"/files.zip?job={job.id}")]
    asked += [(ANN, f"/files/{job.id}/{number}") for number in ("0", "2", "-1", "x", "9" * 5000, "1.0", "١", "%00", "1%0a")]
    asked += [(ANN, path) for path in ("/files.zip?job=no-such-job", "/files.zip?job=%00", "/files/%00/1")]
    asked += [(ANN, "/files/%F0%9F%8D%8F/1"), (ANN, "/files.zip?job=' or 1=1 --"), (ANN, "/files.zip?job=")]

    for headers, path in asked:
        answer = await page.get(path, headers=headers)
        assert (answer.status_code, answer.text) == (404, never), path[:80]


async def test_a_picture_that_was_trimmed_is_not_found(page: httpx2.AsyncClient, runner: JobService, job: Job) -> None:
    (runner.pictures.storage.folder / job.pictures[0].name).unlink()

    assert (await page.get(f"/files/{job.id}/1", headers=ANN)).status_code == 404
    told = zipfile.ZipFile(io.BytesIO((await page.get(f"/files.zip?job={job.id}", headers=ANN)).content))
    assert told.namelist() == ["manifest.json"]


async def test_an_archive_holds_the_jobs_in_the_order_they_were_named(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, job: Job
) -> None:
    """Each once, however often it is named; with recipe=0 the files as they came."""
    other = await made(catalog, runner, account, "imagen-4", num_images=2)
    asked = [other.id, job.id, other.id]
    answer = await page.get("/files.zip", params={"job": asked}, headers=ANN)
    plain = await page.get("/files.zip", params={"job": asked, "recipe": "0"}, headers=ANN)
    archive, bare = (zipfile.ZipFile(io.BytesIO(one.content)) for one in (answer, plain))
    rows = json.loads(archive.read("manifest.json"))["pictures"]

    assert [row["model"] for row in rows] == ["imagen-4", "imagen-4", "flux-2"]
    assert [read(archive.read(row["file"])) for row in rows] == [recipe_of(one) for one in (other, other, job)]
    assert [read(bare.read(row["file"])) for row in rows] == [None] * 3
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="pictures-{datetime.now(UTC):%Y-%m-%d}.zip"'
    assert answer.headers["cache-control"] == "private, no-store"


async def test_an_archive_of_all_that_fits_holds_what_the_filters_leave_and_nothing_of_others(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, job: Job
) -> None:
    """Newest first, jobs without a picture among them; a filter that is none is none, and no address is an accident."""
    other = await made(catalog, runner, account, "imagen-4")
    failed = await made(catalog, runner, account, prompt="a kite #sandbox:failed")
    theirs = await runner.submit(build_request(catalog, "flux-2", {"prompt": "mine"}), account, visitor_id(OTHER))
    theirs = await runner.settled(theirs.id, theirs.visitor)

    async def held(query: str, headers: dict[str, str] = ANN) -> list[str]:
        answer = await page.get(f"/history.zip?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        told = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("manifest.json"))
        return [row["task_id"] for part in ("pictures", "without_pictures") for row in told[part]]

    assert await held("") == [other.task_id, job.task_id, failed.task_id]
    assert await held("model=imagen-4") == [other.task_id]
    assert await held("state=failed&text=KITE") == [failed.task_id]
    assert await held("model=no-such&state=&until=soon&starred=&text=%00") == []
    assert await held("", {"X-Playground-Visitor": OTHER}) == [theirs.task_id]
    for headers in STRANGERS[2:6]:
        assert await held("", headers) in ([], [theirs.task_id])
    assert (await page.get("/history.zip?since=9999-99-99", headers=ANN)).status_code == 422
    told = (await page.get("/history.zip", headers=ANN)).content
    assert json.loads(zipfile.ZipFile(io.BytesIO(told)).read("manifest.json"))["requests_left_out"] == 0


@pytest.mark.parametrize("count", [0, MOST_ARCHIVED_JOBS + 1])
async def test_an_archive_of_none_or_of_too_many_jobs_is_refused(page: httpx2.AsyncClient, count: int) -> None:
    answer = await page.get("/files.zip", params={"job": [f"job-{number}" for number in range(count)]}, headers=ANN)
    assert (answer.status_code, str(MOST_ARCHIVED_JOBS) in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("flux-2", {"type": "flex", "aspect_ratio": "9:16", "input_urls": ["https://a.example/1.png?a=b&c", "https://b.example"]}),
        ("imagen-4", {"num_images": 3, "seed": 2**40}),
        ("gpt-image-1-5", {"quality": "high", "aspect_ratio": "2:3"}),
    ],
)  # fmt: skip
async def test_a_picture_that_was_downloaded_leads_back_to_its_form(
    page: httpx2.AsyncClient, catalog: Catalog, runner: JobService, account: Account, model: str, parameters: dict[str, Any]
) -> None:
    """Filling it and pressing the button would ask for the very same."""
    job = await made(catalog, runner, account, model, **parameters)
    data = (await page.get(f"/files/{job.id}/1", headers=ANN)).content
    chosen, settings, notice = read_settings(catalog, (await page.post("/recipe", content=data)).text)

    assert notice == ""
    assert build_request(catalog, chosen.id, settings).body == dict(job.body)


async def test_a_text_of_any_length_and_what_a_model_has_no_more_are_told_as_they_were(page: httpx2.AsyncClient) -> None:
    """Whoever fills the form says what it cannot hold."""
    parameters = {"prompt": "Длинное описание. " * 270, "input_urls": ["https://a.example/1.png"] * 8, "mood": "merry"}
    told = (await page.post("/recipe", content=embed(png(3, 2), a_recipe(**parameters)))).json()

    assert told == {"model": "flux-2", "parameters": parameters}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(3, 2), NO_RECIPE),
        (png(3, 2, form="JPEG"), NO_RECIPE),
        (png(3, 2, form="WEBP"), NO_RECIPE),
        (png(3, 2)[:20], NO_RECIPE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
        (b"", NO_PICTURE),
        (embed(png(3, 2), a_recipe("<b>gone</b>")), "This picture was made with <b>gone</b>, which is not offered here."),
    ],
)
async def test_a_picture_without_a_usable_recipe_is_told_why(page: httpx2.AsyncClient, data: bytes, words: str) -> None:
    answer = await page.post("/recipe", content=data)
    assert (answer.status_code, answer.json()) == (422, {"detail": words})


async def test_a_body_that_is_too_large_is_not_read_to_its_end(page: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 3 * LARGEST_DROP:
            sent += 1_000_000
            yield bytes(1_000_000)

    answer = await page.post("/recipe", content=endless())

    assert (answer.status_code, answer.json()["detail"]) == (413, "The picture is larger than 32 MB.")
    assert sent <= LARGEST_DROP + 1_000_000


async def test_pictures_that_arrive_slowly_keep_no_more_memory_than_for_a_few(page: httpx2.AsyncClient) -> None:
    """Whoever comes then is asked to come again, and can as soon as one has gone."""
    opened, gate = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        opened.release()
        yield png(3, 2)[:9]
        await gate.wait()

    waiting = [asyncio.create_task(page.post("/recipe", content=slow())) for _ in range(DROPS_AT_ONCE)]
    for _ in waiting:
        await opened.acquire()
    assert (await page.post("/recipe", content=png(3, 2))).status_code == 503
    gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {422}
    assert (await page.post("/recipe", content=png(3, 2))).status_code == 422
