"""Stored pictures, and downloads with their recipe for their own visitor."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import httpx2
import pytest

from components.api.schedule import Timing
from components.catalog.requests import build_request
from components.errors import AnswerLost
from components.jobs.job import Job
from components.pictures.metadata import read
from components.playground import Playground, visitor_id
from components.playground.visits import COOKIE
from components.views.job import show_job
from components.views.links import MOST_ARCHIVED_JOBS, archive_link, download_link
from components.views.recipe import recipe_of
from tests.jobs.scripted_upstream import png
from tests.ui.finished_comparison import ANN, SECRET

OTHER = "another-visitor-0123456789abcdef"
HEADERS = {"X-Playground-Visitor": SECRET}
STRANGERS: list[dict[str, str]] = [
    {},
    {"X-Playground-Visitor": OTHER},
    {"X-Playground-Visitor": "short"},
    {"X-Playground-Visitor": ANN},
    {"Cookie": f"{COOKIE}={OTHER}"},
    {"Cookie": f"{COOKIE}={ANN}"},
    {"Cookie": f"{COOKIE}=<{SECRET}>"},
    {"Cookie": f"{COOKIE}={SECRET}", "X-Playground-Visitor": OTHER},
]
PROMPT = 'Zwölf "Äpfel" & 50 % of #1?\nsecond line + 🍏 <script>'


async def made(playground: Playground, model: str = "flux-2", visitor: str = ANN, **parameters: Any) -> Job:
    """A job that the sandbox has finished."""
    request = build_request(playground.catalog, model, {"prompt": PROMPT, **parameters})
    job = await playground.jobs.submit(request, playground.accounts.sandbox, visitor)
    return await playground.jobs.settled(job.id, job.visitor)


@pytest.fixture
async def job(playground: Playground) -> Job:
    return await made(playground)


def unzipped(answer: httpx2.Response) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    """An archive and its manifest."""
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return archive, json.loads(archive.read("manifest.json"))


def tasks(manifest: Mapping[str, Any]) -> list[str]:
    return [row["task_id"] for part in ("pictures", "without_pictures") for row in manifest[part]]


async def test_all_of_a_reply_that_may_hold_a_paid_result_is_a_download_for_its_own_visitor(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """The card shows its beginning and links to it."""
    reply = "<html>" + "x" * 9_000
    lost = replace(await made(playground), id="lost-1", problem=AnswerLost("Unreadable.", reply=reply).problem)
    await playground.jobs.store.add(lost)

    card = show_job(playground.catalog, lost, Timing.from_range(None))
    answer = await http_client.get("/files/lost-1/reply.txt", headers=HEADERS)

    assert (answer.text, answer.headers["content-type"]) == (reply, "text/plain; charset=utf-8")
    assert "attachment" in answer.headers["content-disposition"]
    assert ("files/lost-1/reply.txt" in card, reply not in card) == (True, True)
    for headers, path in ((STRANGERS[1], "lost-1"), (HEADERS, "none")):
        assert (await http_client.get(f"/files/{path}/reply.txt", headers=headers)).status_code == 404


# -- a stored picture ----------------------------------------------------------------------------


async def test_a_stored_picture_is_served_as_what_it_is(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """For everybody who knows its name, without sniffing and with no script of an SVG run."""
    scripted = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>'
    pictures = {f"image/{form}": png(3, 2, form=form.upper()) for form in ("png", "jpeg", "webp")}
    for media_type, data in {**pictures, "image/svg+xml": scripted}.items():
        address = "data:;base64," + base64.b64encode(data).decode()
        stored = await playground.jobs.pictures.keep(address, playground.accounts.sandbox.base_url)
        answer = await http_client.get(f"/pictures/{stored.name}")

        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-type"].split(";")[0] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
        assert {"default-src 'none'", "sandbox"} <= set(policy)
        assert not any("script" in part for part in policy)
        assert answer.headers["cache-control"].startswith("private")
        assert "content-disposition" not in answer.headers


async def test_every_other_name_is_not_found(
    playground: Playground, http_client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """A file beside the folder of pictures, and one in it that is not named like a picture, among them."""
    for folder in (tmp_path, tmp_path / "pictures"):
        (folder / "secret.png").write_bytes(b"secret")
    dots = ["..%2fsecret.png", "%2e%2e/secret.png", "..%5csecret.png"]
    for name in ("nothing", f"{'0' * 64}.png", "secret.png", *dots, "%00", "%2fetc%2fpasswd", ""):
        for path in (f"/pictures/{name}", f"/pictures/{name}/small"):
            answer = await http_client.get(path)
            assert answer.status_code in (404, 307), path
            assert "secret" not in answer.text


# -- one picture ---------------------------------------------------------------------------------


async def test_a_picture_is_downloaded_with_its_recipe_under_a_readable_name(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """By a browser with its cookie, by a caller with its header; no proxy may keep a copy. Without recipe: as delivered."""
    for headers in (HEADERS, {"Cookie": f"a=b; {COOKIE}={SECRET}"}):
        answer = await http_client.get(f"/files/{job.id}/1", headers=headers)
        disposition = Message()
        disposition["Content-Disposition"] = answer.headers["content-disposition"]

        assert read(answer.content) == recipe_of(job)
        assert answer.headers["content-type"] == "image/png"
        assert disposition.get_content_disposition() == "attachment"
        assert disposition.get_filename() == f"flux-2-{job.task_id}-1.png"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    plain = await http_client.get(f"/files/{job.id}/1?recipe=0", headers=HEADERS)
    path = await playground.jobs.pictures.read(job.pictures[0].name)
    assert plain.content == path.read_bytes()
    assert read(plain.content) is None


async def test_a_link_of_the_page_works_without_a_cookie_and_opens_nothing_else(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """It proves its visitor for this very address; a header names another one all the same."""
    other = await made(playground, resolution="2K")
    assert read((await http_client.get("/" + download_link(job, 0))).content) == recipe_of(job)
    plain = await http_client.get(f"/{download_link(job, 0)}&recipe=0")
    assert (plain.status_code, read(plain.content)) == (200, None)
    both = "/" + archive_link([job.id, other.id], job.visitor)
    assert len(unzipped(await http_client.get(both))[0].namelist()) == 3
    proof = re.findall("by=.*", both)[0]
    forged = proof.replace("by=", "by=0")
    for path in (
        f"/files/{job.id}/1?{proof}", f"/files.zip?job={job.id}&{proof}", f"/history.zip?{proof}", f"/history.csv?{proof}",
        both.replace(proof, forged), both.replace(proof, f"by={job.visitor}.{'0' * 32}"), both.replace(proof, "by=%C3%A9.x"),
    ):  # fmt: skip
        answer = await http_client.get(path)
        assert answer.status_code == 404 or job.id not in answer.text, path
    assert (await http_client.get(both, headers={"X-Playground-Visitor": "somebody-else-0123456789"})).status_code == 404
    await playground.jobs.remover.remove(job.id)
    assert (await http_client.get("/" + download_link(job, 0))).status_code == 404


async def test_another_visitors_picture_gets_the_same_answer_as_none(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    await made(playground, visitor=visitor_id(OTHER))
    never = (await http_client.get("/files/no-such-job/1", headers=HEADERS)).text
    attempts = [(headers, path) for headers in STRANGERS for path in (f"/files/{job.id}/1", f"/files.zip?job={job.id}")]
    attempts += [
        (HEADERS, f"/files/{job.id}/{number}") for number in ("0", "2", "-1", "x", "9" * 200, "1.0", "١", "%00", "1%0a")
    ]
    attempts += [(HEADERS, path) for path in ("/files.zip?job=no-such-job", "/files.zip?job=%00", "/files/%00/1")]
    attempts += [(HEADERS, "/files/%F0%9F%8D%8F/1"), (HEADERS, "/files.zip?job=' or 1=1 --"), (HEADERS, "/files.zip?job=")]

    for headers, path in attempts:
        answer = await http_client.get(path, headers=headers)
        assert (answer.status_code, answer.text) == (404, never), path[:80]


# -- archives ------------------------------------------------------------------------------------


async def test_an_archive_holds_the_named_jobs_in_their_order_each_once(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """With recipe=0 the files as they were delivered."""
    other = await made(playground, "imagen-4", num_images=2)
    job_ids = [other.id, job.id, other.id]
    answer = await http_client.get("/files.zip", params={"job": job_ids}, headers=HEADERS)
    archive, manifest = unzipped(answer)
    bare, _ = unzipped(await http_client.get("/files.zip", params={"job": job_ids, "recipe": "0"}, headers=HEADERS))
    rows = manifest["pictures"]

    assert [row["model"] for row in rows] == ["imagen-4", "imagen-4", "flux-2"]
    assert [read(archive.read(row["file"])) for row in rows] == [recipe_of(one) for one in (other, other, job)]
    assert [read(bare.read(row["file"])) for row in rows] == [None] * 3
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="pictures-{datetime.now(UTC):%Y-%m-%d}.zip"'
    assert answer.headers["cache-control"] == "private, no-store"


async def test_an_archive_leaves_out_what_is_gone_or_another_visitors(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """Jobs that were deleted since the page was opened, and pictures that are no longer stored."""
    gone, foreign = await made(playground), await made(playground, visitor=visitor_id(OTHER))
    await playground.jobs.remover.remove(gone.id)
    _, manifest = unzipped(await http_client.get(f"/files.zip?job={gone.id}&job={foreign.id}&job={job.id}", headers=HEADERS))
    assert (tasks(manifest), manifest["requests_left_out"]) == ([job.task_id], 2)

    await playground.jobs.pictures.remove(job.pictures[0].name)
    assert (await http_client.get(f"/files/{job.id}/1", headers=HEADERS)).status_code == 404
    archive, _ = unzipped(await http_client.get(f"/files.zip?job={job.id}", headers=HEADERS))
    assert archive.namelist() == ["manifest.json"]
    for count in (0, MOST_ARCHIVED_JOBS + 1):
        answer = await http_client.get(
            "/files.zip", params={"job": [f"job-{number}" for number in range(count)]}, headers=HEADERS
        )
        assert (answer.status_code, str(MOST_ARCHIVED_JOBS) in answer.json()["detail"]) == (422, True)


async def test_an_archive_of_the_history_holds_what_its_filters_match(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """Newest first, this visitor's only, also jobs without a picture; an invalid filter is ignored."""
    other = await made(playground, "imagen-4")
    failed = await made(playground, prompt="a kite #sandbox:failed")
    foreign = await made(playground, visitor=visitor_id(OTHER))

    async def held(query: str, headers: dict[str, str] = HEADERS) -> list[str]:
        return tasks(unzipped(await http_client.get(f"/history.zip?{query}", headers=headers))[1])

    assert await held("") == [other.task_id, job.task_id, failed.task_id]
    assert await held("model=imagen-4") == [other.task_id]
    assert await held("state=failed&text=KITE") == [failed.task_id]
    assert await held("model=no-such&state=&until=soon&starred=&text=%00") == []
    assert await held("", {"X-Playground-Visitor": OTHER}) == [foreign.task_id]
    for headers in STRANGERS[2:6]:
        assert await held("", headers) in ([], [foreign.task_id])
    assert (await http_client.get("/history.zip?since=9999-99-99", headers=HEADERS)).status_code == 422


async def test_every_route_that_is_read_with_get_answers_head_as_well(
    playground: Playground, http_client: httpx2.AsyncClient, job: Job
) -> None:
    """With the same status and type, and without a body."""
    name = job.pictures[0].name
    paths = [
        f"/pictures/{name}",
        f"/pictures/{name}/small",
        f"/files/{job.id}/1",
        f"/files.zip?job={job.id}",
        "/history.zip",
    ]
    for path in [*paths, "/models.csv", "/plans.csv", "/healthz", "/metrics", "/pictures/none", "/c/none", "/uploads/none"]:
        got, head = await http_client.get(path, headers=HEADERS), await http_client.head(path, headers=HEADERS)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["content-type"] == got.headers["content-type"], path
