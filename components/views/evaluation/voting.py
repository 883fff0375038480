"""The voting page, and what its script receives: nothing that names a model before the vote."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.catalog.models import Catalog
from components.catalog.prices import Cost
from components.evaluation.evaluation import Evaluation
from components.evaluation.voting.ballots import Question
from components.evaluation.voting.screens import MOST_SCREENS_LEFT, ScreensLeft
from components.evaluation.voting.service import OpenScreen, Revealed
from components.views.fonts import served_fonts
from components.views.templates import render

SCRIPT = (Path(__file__).parent / "vote.js").read_text(encoding="utf-8")
SCRIPT_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
QUESTIONS = {
    Question.PREFERENCE: "Which picture do you prefer?",
    Question.PROMPT: "Which picture follows the prompt best?",
    Question.FAULTS: "Which picture has the fewest faults?",
}


def show_voting_page(evaluation: Evaluation) -> str:
    """The page under the evaluation's token. It names neither the evaluation, whose name may name a model, nor anybody."""
    questions = [(str(question), QUESTIONS[question]) for question in evaluation.questions]
    return render("evaluation/vote", token=evaluation.token, questions=questions, script=SCRIPT, fonts=served_fonts())


def describe_screen(screen: OpenScreen | None) -> dict[str, Any]:
    """A screen as the page's script reads it; the addresses of its pictures are relative to the page's own."""
    if screen is None:
        return {"id": "", "meter": ""}
    return {
        "id": screen.id,
        "prompt": screen.prompt,
        "pictures": [f"{screen.id}/{number}.webp" for number in range(1, screen.pictures + 1)],
        "meter": f"{screen.votes} vote{'' if screen.votes == 1 else 's'} · {left_text(screen.left)}",
    }


def left_text(left: ScreensLeft) -> str:
    """About how many more screens it takes to a ranking, or to a winner."""
    if left.more_prompts or left.screens is None:
        return "more prompts would help: with these the winner depends on the choice of prompts"
    if left.screens == 0:
        return "the winner is settled"
    if left.screens >= MOST_SCREENS_LEFT:
        return "two are about equally good: more than 500 further screens"
    screens = f"{left.screens} more screen{'' if left.screens == 1 else 's'}"
    return f"{screens} to a first ranking" if left.unranked else f"about {screens} to a settled winner"


def describe_revealed(catalog: Catalog, revealed: Sequence[Revealed]) -> list[dict[str, str]]:
    """Names and prices of the pictures of an answered screen."""
    return [{"name": one.label, "price": str(Cost(one.credits, catalog.usd(one.credits)))} for one in revealed]
