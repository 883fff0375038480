"""Routes of evaluations: files of prompts, drawings without names, unknown ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from components.comparisons.plan import Choice
from components.evaluation.evaluation import Draft
from components.evaluation.prompts import Prompt
from components.keys import UNNAMED_SANDBOX
from components.playground import Playground, visitor_id
from components.web.evaluation.routes import FILES_AT_ONCE
from tests.evaluation.test_voting import ANN, http_client, playground

__all__ = ["http_client", "playground"]

TWENTY = "prompt,category\r\n" + "".join(f'"A kite, number {number}\nover ""the"" hill 🛶",sky\r\n' for number in range(20))


@pytest.mark.parametrize(
    ("name", "body", "prompts", "message"),
    [
        ("a.csv", TWENTY.encode("utf-8-sig"), 20, "20 prompts are read"),
        ("a.csv", "prompt\nCafé Müller\n".encode("latin-1"), 1, "1 prompt is read"),
        ("a.csv", b"", None, "the file is empty"),
        ("a.csv", b"scene,topic\nA kite,sky\n", None, "no column seems to hold the prompts"),
        ("a.csv", b"prompt\n=HYPERLINK(1)\n", None, "has a formula"),
        ("a.csv", b"prompt\n" + b"".join(b"A kite %d\n" % number for number in range(100_000)), None, "at most 2,000"),
        ("a.jsonl", b'{"prompt": "A kite", "images": ["https://a.example/b.png"]}\n', 1, "1 prompt is read"),
        ("a.csv", b"prompt" + b"," * 100_000 + b"\nA kite\n", None, "100,001 so far. At most 200"),
        ("a.csv", b",".join(b"a%d" % at for at in range(25_000)) + b"\nA kite\n", None, "too many columns: 25,000 so far"),
        ("a.jsonl", b"".join(b'{"prompt": "A kite", "%d": 1}\n' % row for row in range(999)), None, "201 so far. At most 200 are allowed"),
        ("a.xlsx", b"PK\3\4", None, "no CSV or JSONL file"),
    ],
)  # fmt: skip
async def test_a_file_of_prompts_is_read_or_says_what_is_wrong(
    http_client: httpx2.AsyncClient, name: str, body: bytes, prompts: int | None, message: str
) -> None:
    answer = await http_client.post("/prompt-file", params={"name": name}, content=body)
    document = answer.json()

    assert answer.status_code == 200
    assert (len(document["prompts"]) if document["prompts"] else None) == prompts
    assert message in document["html"]


async def test_no_more_files_of_prompts_arrive_at_once_than_fit_into_memory(http_client: httpx2.AsyncClient) -> None:
    """A slow one holds what has arrived of it."""
    begun, sent = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"prompt\n"
        begun.release()
        await sent.wait()
        yield b"A kite\n"

    sending = [
        asyncio.create_task(http_client.post("/prompt-file?name=a.csv", content=slow())) for _ in range(FILES_AT_ONCE)
    ]
    for _ in sending:
        await begun.acquire()
    async with asyncio.timeout(20):
        while (refused := await http_client.post("/prompt-file?name=a.csv", content=b"prompt\nx")).status_code == 200:  # noqa: ASYNC110  # not all have reached the server
            await asyncio.sleep(0.02)
    sent.set()
    answers = await asyncio.gather(*sending)

    assert (refused.status_code, "Try again in a minute" in refused.text) == (503, True)
    assert [answer.status_code for answer in answers] == [200] * FILES_AT_ONCE


async def test_the_results_of_an_evaluation_name_no_other_one_but_to_its_visitor(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """An address may be handed on: it shows one evaluation, and the id of another would open that too."""
    evaluations = playground.evaluations
    drafts = [Draft((Prompt(f"A kite {number}"),), (Choice("flux-2"), Choice("cogview-4"))) for number in range(2)]
    own = visitor_id(ANN["X-Playground-Visitor"])
    first, other = [await evaluations.start(draft, playground.accounts.sandbox, own) for draft in drafts]
    await evaluations.store.edit(other.id, lambda _, evaluation: {"baseline": {"flux-2": [0.5, 0.0, 1.0]}})
    address = f"/evaluations/{first.id}/results"
    hers = await http_client.get(address)
    theirs = await http_client.get(address, headers={"X-Playground-Visitor": "bob-of-these-tests"})

    assert (hers.status_code, theirs.status_code) == (200, 200)
    assert (other.id in hers.text, other.id in theirs.text) == (True, False)
    assert other.name not in theirs.text


async def test_the_sandbox_leaves_the_name_out_of_drawings_for_an_evaluation(
    http_client: httpx2.AsyncClient, sandbox: str
) -> None:
    """An SVG holds its words as text."""
    drawings = []
    async with httpx2.AsyncClient(base_url=sandbox, trust_env=False, verify=False) as http:
        for ending in ("", UNNAMED_SANDBOX):
            headers = {"Authorization": f"Bearer any{ending}"}
            body = {"model": "recraft-v4-text-to-vector", "prompt": "A leaf"}
            created = await http.post("/api/v1/images/generations", json=body, headers=headers)
            task_id = created.json()["data"]["task_id"]
            async with asyncio.timeout(20):
                while ".svg" not in (reply := (await http.get(f"/api/v1/tasks/{task_id}", headers=headers)).text):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            number = reply.split(f"/files/{task_id}/")[1].split(".")[0]
            drawings.append((await http.get(f"/files/{task_id}/{number}.svg")).text)

    assert ["sandbox" in drawing for drawing in drawings] == [True, True]
    assert ["Recraft" in drawing for drawing in drawings] == [True, False]


@pytest.mark.parametrize(
    "part", ["progress", "results", "rows", "rows/0", "cells/0", "cells/0/thumbnail", "report.html", "results.csv"]
)
async def test_an_evaluation_that_is_not_there_is_not_found(http_client: httpx2.AsyncClient, part: str) -> None:
    assert (await http_client.get(f"/evaluations/somebody-else/{part}")).status_code == 404
