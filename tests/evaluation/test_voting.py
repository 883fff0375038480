"""The voting page over HTTP: blind before the vote, open after it, and a board that follows from known votes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.evaluation.evaluation import Draft, Evaluation
from components.evaluation.prompts import Prompt
from components.evaluation.voting.ballots import Question
from components.jobs.store.history import JobFilter
from components.playground import Playground
from tests.ui.page_session import open_playground
from tests.web.conftest import serve_playground

# From best to worst, as the voters of these tests see it; the worst is one that draws SVG.
MODELS = ("ideogram-v4", "flux-2", "cogview-4")
ANN = {"X-Playground-Visitor": "ann-of-these-tests"}


@pytest.fixture
async def playground(catalog: Catalog, sandbox: str, tmp_path: Path) -> AsyncIterator[Playground]:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        work = asyncio.create_task(playground.evaluations.run())
        yield playground
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@pytest.fixture
async def http_client(playground: Playground, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with serve_playground(playground, tmp_path / "uploads", **ANN) as http:
        yield http


async def evaluated(playground: Playground, prompts: int, first: str = "A boat on lake 0") -> Evaluation:
    """An evaluation in the sandbox that is done."""
    vector = next(name for name in playground.catalog.find("recraft-v4").variants if "vector" in name)  # type: ignore[union-attr]
    choices = (*(Choice(name) for name in MODELS), Choice("recraft-v4", {"model": vector}))
    draft = Draft((Prompt(first), *(Prompt(f"A boat on lake {number}") for number in range(1, prompts))), choices)
    service = playground.evaluations
    evaluation = await service.start(
        draft, playground.accounts.sandbox, "ann", "this test"
    )  # the id, and so the screens, are the same
    async with asyncio.timeout(40):
        while (await service.progress(evaluation.id)).cells != "d" * evaluation.size:  # noqa: ASYNC110  # other tasks work
            await asyncio.sleep(0.05)
    return evaluation


def contains_name(name: str, content: str) -> bool:
    """Whether a name is in what was received, except short names, which occur in large pictures by chance."""
    return name.casefold() in content.casefold() and (len(name) > 4 or len(content) < 20_000)


async def test_before_the_vote_nothing_that_is_sent_names_a_model_and_after_it_names_and_prices_show(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    evaluation = await evaluated(playground, 2)
    names = {text.casefold() for model in playground.catalog.models for text in (model.id, model.name, model.provider)}
    answers = [await http_client.get(f"/vote/{evaluation.token}"), await http_client.get(f"/vote/{evaluation.token}/screen")]
    screen = answers[1].json()
    answers += [await http_client.get(f"/vote/{evaluation.token}/{path}") for path in screen["pictures"]]
    sent = "\n".join(f"{answer.url} {answer.headers}" for answer in answers).casefold()
    contents = [answer.content.decode("latin-1").casefold() for answer in answers]
    pictures = [Image.open(BytesIO(answer.content)) for answer in answers[2:]]
    jobs = (await playground.jobs.search("ann", JobFilter(), 1)).total
    voted = await http_client.post(
        f"/vote/{evaluation.token}/{screen['id']}", json={"verdict": "best", "best": 1, "worst": 4}
    )
    again = await http_client.post(f"/vote/{evaluation.token}/{screen['id']}", json={"verdict": "tie"})

    assert [answer.status_code for answer in answers] == [200] * 6
    assert {name for name in names if name in sent or any(contains_name(name, content) for content in contents)} == set()
    assert {(picture.format, picture.size) for picture in pictures} == {("WEBP", (1024, 1024))}
    assert not any(picture.info.get(name) for picture in pictures for name in ("exif", "xmp", "icc_profile"))
    assert {picture["name"] for picture in voted.json()["pictures"]} == {column.label for column in evaluation.columns}
    assert all("credits" in picture["price"] for picture in voted.json()["pictures"])
    assert again.status_code == 409
    assert (await playground.jobs.search("ann", JobFilter(), 1)).total == jobs


async def test_a_screen_stays_until_it_is_answered_and_the_last_answer_can_be_taken_back(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    evaluation = await evaluated(playground, 2)
    address = f"/vote/{evaluation.token}"
    first, same = [(await http_client.get(f"{address}/screen")).json()["id"] for _ in range(2)]
    two = (await http_client.get(f"{address}/screen?size=2")).json()
    wrong = [
        await http_client.post(f"{address}/{two['id']}", json=body)
        for body in ({"verdict": "best", "best": 5}, {"verdict": "best", "best": 1, "worst": 2}, {"verdict": "perhaps"})
    ]
    await http_client.post(f"{address}/{two['id']}", json={"verdict": "best", "best": 2})
    before = await playground.evaluations.ballots.cast(evaluation.id)
    later = (await http_client.get(f"{address}/screen?size=2")).json()
    undone = [(await http_client.post(f"{address}/undo")).json()["undone"]]
    after = await playground.evaluations.ballots.cast(evaluation.id)
    votes = (await playground.evaluations.progress(evaluation.id)).ballots
    screen = (await http_client.get(f"{address}/screen?size=2")).json()
    late = await http_client.post(f"{address}/{later['id']}", json={"verdict": "tie"})
    await http_client.post(f"{address}/{screen['id']}", json={"verdict": "best", "best": 1})
    corrected = await playground.evaluations.ballots.cast(evaluation.id)
    undone += [(await http_client.post(f"{address}/undo")).json()["undone"] for _ in range(2)]
    faults = (await http_client.get(f"{address}/screen?question=faults")).json()
    await http_client.post(f"{address}/{faults['id']}", json={"verdict": "tie"})
    boards = [await playground.evaluations.board(evaluation, question) for question in Question]

    assert first == same
    assert len(two["pictures"]) == 2
    assert [answer.status_code for answer in wrong] == [422] * 3
    assert (len(before), [ballot.decided for ballot in before], before[0].best) == (1, [True], before[0].shown[1])
    assert undone == [True, True, False]
    assert ([ballot.verdict for ballot in after], votes, screen["meter"][:7]) == (["undone"], 0, "0 votes")
    assert late.status_code == 404  # the screen that comes back is the only open one
    assert [ballot.shown for ballot in corrected] == [before[0].shown] * 2
    assert corrected[1].best == before[0].shown[0]
    assert {str(board.question): board.ranking.votes for board in boards} == {"preference": 0, "prompt": 0, "faults": 1}
    assert (await http_client.get("/vote/another-token")).status_code == 404


async def test_a_link_names_its_voter_on_every_device_and_a_table_lists_votes_and_agreement(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """Ann answers on her phone a screen that was shown on her desktop; a voter cannot answer another's screen."""
    evaluation = await evaluated(playground, 2)
    address = f"/vote/{evaluation.token}"
    screens = []
    for device, voter in (("desk", "Ann  Müller"), ("phone", "Ann Müller"), ("another browser", "")):
        given = {"params": {"voter": voter, "size": 2}, "headers": {"X-Playground-Visitor": f"{device} of these tests"}}
        screens.append((await http_client.get(f"{address}/screen", **given)).json()["id"])
    answers = [
        await http_client.post(f"{address}/{screens[1]}?voter=Ann%20M%C3%BCller", json={"verdict": "skip"}),
        await http_client.post(f"{address}/{screens[2]}", json={"verdict": "tie"}),
    ]
    voters = (await playground.evaluations.board(evaluation)).voters

    assert screens[0] == screens[1] != screens[2]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert [(one.name, one.votes, one.skipped) for one in voters] == [("Ann Müller", 0, 1)]


async def test_known_votes_give_a_known_order_and_three_votes_give_none(playground: Playground) -> None:
    evaluation = await evaluated(playground, 6)
    service, voting = playground.evaluations, playground.evaluations.voting
    boards = []
    for number in range(36):
        screen = await voting.screen(evaluation.token, f"voter {number % 3}", Question.PREFERENCE, 2)
        assert screen is not None
        shown = await service.ballots.shown(evaluation.id, screen.id)
        columns = [evaluation.coordinates(int(cell)).column for cell in shown]
        best = columns.index(min(columns)) + 1
        await voting.vote(evaluation.token, f"voter {number % 3}", screen.id, "best", best, seconds=1.0)
        if number in (2, 35):
            boards.append(await service.board(evaluation))

    await service.save_baseline(evaluation.id, "ann")
    same = await service.board(await service.get(evaluation.id), baseline=evaluation.id)

    assert {name: (change.better, change.worse) for name, change in same.changes.items()} == {
        column.id: (False, False) for column in evaluation.columns
    }
    assert boards[0].ranking.standings == ()
    assert "Not enough votes: 3" in boards[0].decision.sentence
    ranked = sorted(boards[1].ranking.standings, key=lambda one: -one.preference)
    assert [one.column for one in ranked] == [column.id for column in evaluation.columns]
    assert boards[1].ranking.basis == "6 prompts, 3 voters, 36 votes"
    assert evaluation.columns[0].label in boards[1].decision.sentence
    assert {row.result.done for row in boards[1].decision.rows} == {6}
