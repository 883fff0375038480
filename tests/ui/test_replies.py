"""The table of replies through ``/generate``: what a caller learns of each, and that nothing is sent twice."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import gradio as gr

from components.catalog.loading import load_catalog
from components.errors import NOT_CHARGED
from components.ui.endpoints import Endpoints
from tests.api.cases import CASES, UPSTREAM, A, ReplyCase, completed
from tests.api.stand_in import StandIn
from tests.conftest import ROOT
from tests.recorder import recorded
from tests.ui.page_session import open_playground

PAGE = f"{UPSTREAM}/img/page.html"
MODEL, CREDITS = "cogview-4", 2
# Read as pictures, and none when they are fetched.
FETCHED = [
    ReplyCase("a page among the pictures", "done", completed(images=[A, PAGE]), 1, "1 of 2 pictures could not be kept"),
    ReplyCase("nothing but a page", "failed", completed(images=[PAGE]), 0, "a web page instead of a picture"),
]


async def test_every_reply_of_the_table_ends_as_it_should(tmp_path: Path) -> None:
    cases = [*CASES, *FETCHED]
    quick = tmp_path / "quick.yaml"
    text = (ROOT / "catalog.yaml").read_text(encoding="utf-8")
    quick.write_text(re.sub(r"seconds: \[.*?\]", "seconds: [0.05, 0.1]", text), encoding="utf-8")
    with recorded(StandIn(cases)) as service:
        async with open_playground(
            load_catalog(quick), tmp_path / "data", "http://127.0.0.1:9", service.address, "a-key"
        ) as playground:
            generate, request = Endpoints(playground).generate, gr.Request(headers={})
            answers = await asyncio.gather(*(generate(MODEL, {"prompt": case.name}, request) for case in cases))

    wrong = [problem for case, answer in zip(cases, answers, strict=True) if (problem := compare(case, answer))]
    assert not wrong, "\n".join(wrong)
    assert Counter(post.body["prompt"] for post in service.posts) == Counter(case.name for case in cases)


def compare(case: ReplyCase, answer: dict[str, Any]) -> str:
    """What is wrong, or ""."""
    right = (answer["state"], len(answer["images"])) == (case.state, case.images) and case.says in answer["message"]
    charged = case.charged or NOT_CHARGED in answer["message"]
    return "" if right and charged else f"{case.name}: {answer}"
