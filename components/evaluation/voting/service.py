"""Blind votes on the pictures of an evaluation: the next screen for a voter, the answer, and what is shown after it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from components.catalog.shapes import read_shape
from components.errors import InputError, InvalidState, NotFound
from components.evaluation.evaluation import Evaluation
from components.evaluation.store.ballots import BallotStore
from components.evaluation.store.cells import CellStore, Result
from components.evaluation.store.evaluations import EvaluationStore
from components.evaluation.voting.agreement import UNNAMED
from components.evaluation.voting.ballots import FEWEST_SHOWN, MOST_SHOWN, Ballot, Question, Verdict, check_ballot
from components.evaluation.voting.screens import Candidate, ScreensLeft, next_screen, screens_left
from components.pictures.library import PictureLibrary
from components.pictures.neutral import copy_size, neutral_copy

SIZES = (FEWEST_SHOWN, MOST_SHOWN)
LONGEST_SECONDS = 3_600.0
LONGEST_NAME = 60
ANSWERS = tuple(verdict for verdict in Verdict if verdict is not Verdict.UNDONE)
DRAWN_AT_ONCE = 2


@dataclass(frozen=True)
class OpenScreen:
    """What a voter sees: the prompt and how many pictures, and nothing that names a model. ``size`` is in pixels.

    ``votes`` are those of all voters on this question.
    """

    id: str
    prompt: str
    pictures: int
    size: tuple[int, int]
    votes: int
    left: ScreensLeft


@dataclass(frozen=True)
class Revealed:
    """One picture of an answered screen: the column's label, and what a picture costs."""

    label: str
    credits: float


class VotingService:
    """Votes of everybody who knows an evaluation's token. Nothing here sends a request to the API.

    ``voter`` is what :func:`voter_id` returns.
    """

    def __init__(
        self, evaluations: EvaluationStore, cells: CellStore, ballots: BallotStore, pictures: PictureLibrary
    ) -> None:
        self._evaluations = evaluations
        self._cells = cells
        self._ballots = ballots
        self._pictures = pictures
        self._drawing = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def find(self, token: str) -> Evaluation:
        """The evaluation to vote on. Raises NotFound."""
        evaluation = await self._evaluations.by_token(token)
        if evaluation is None:
            raise NotFound("There is nothing to vote on at this address.", next_step="Ask for the link again.")
        return evaluation

    async def screen(self, token: str, voter: str, question: Question, size: int) -> OpenScreen | None:
        """The next screen of a voter, the same one until it is answered; None while no prompt has two pictures.

        Raises NotFound, InputError.
        """
        if size not in SIZES:
            raise InputError("size", f"size: must be one of {SIZES}.")
        evaluation = await self.find(token)
        candidates = _candidates(evaluation, await self._cells.results(evaluation.id))
        answered = [ballot for ballot in await self._ballots.cast(evaluation.id) if ballot.question is question]
        cast = [ballot for ballot in answered if ballot.verdict is not Verdict.UNDONE]
        columns = {candidate.cell: candidate.column for candidate in candidates}
        ballot = await self._ballots.open(evaluation.id, voter, question)
        if ballot is None or not _is_usable(ballot, columns, size):
            seed = crc32(f"{evaluation.id} {voter}".encode())
            chosen = await asyncio.to_thread(next_screen, candidates, cast, voter, size, seed)
            if chosen is None:
                return None
            ballot = Ballot(
                secrets.token_urlsafe(16), evaluation.id, chosen.prompt, voter, chosen.shown, Verdict.SKIP, question=question,
                created_at=time.time(),
            )  # fmt: skip
            await self._ballots.add_screen(ballot)
        left = await asyncio.to_thread(screens_left, cast, columns, size)
        text = next((prompt.text for prompt in evaluation.prompts if prompt.id == ballot.prompt), "")
        return OpenScreen(ballot.id, text, len(ballot.shown), _copy_size(evaluation), sum(one.decided for one in cast), left)

    async def picture(self, token: str, screen_id: str, number: int) -> bytes | None:
        """The picture at a position (from 1) of a screen, converted like all others, or None. Raises NotFound."""
        evaluation = await self.find(token)
        shown = await self._ballots.shown(evaluation.id, screen_id)
        if not 1 <= number <= len(shown):
            return None
        results = await self._cells.results(evaluation.id, [int(shown[number - 1])])
        stored = await self._pictures.read(results[0].picture) if results and results[0].picture else None
        if stored is None:
            return None
        async with self._drawing:
            return await asyncio.to_thread(neutral_copy, stored, _copy_size(evaluation))

    async def vote(
        self, token: str, voter: str, screen_id: str, verdict: str, best: int = 0, worst: int = 0, seconds: float = 0.0
    ) -> list[Revealed]:
        """Answer a screen, once; ``best`` and ``worst`` are positions from 1, 0 for none. Returns what its pictures were.

        Raises NotFound, InputError, and InvalidState where the screen is answered already, or is not this voter's.
        """
        evaluation = await self.find(token)
        shown = await self._ballots.shown(evaluation.id, screen_id)
        if not shown:
            raise NotFound("There is no such screen.", next_step="Reload the page.")
        if verdict not in ANSWERS:
            raise InputError("verdict", f"verdict: must be one of {', '.join(ANSWERS)}.")
        chosen = [shown[at - 1] if 1 <= at <= len(shown) else None for at in (best, worst)]
        ballot = Ballot(
            screen_id, evaluation.id, "", voter, shown, Verdict(verdict), chosen[0], chosen[1],
            seconds=min(max(0.0, seconds), LONGEST_SECONDS),
        )  # fmt: skip
        check_ballot(ballot)
        if not await self._ballots.answer(ballot):
            raise InvalidState("This screen is answered already.", next_step="Go on to the next one.")
        results = {result.position: result for result in await self._cells.results(evaluation.id, map(int, shown))}
        columns = [evaluation.columns[evaluation.coordinates(int(cell)).column] for cell in shown]
        return [
            Revealed(column.label, results[int(cell)].credits if int(cell) in results else 0.0)
            for cell, column in zip(shown, columns, strict=True)
        ]

    async def undo(self, token: str, voter: str, question: Question) -> bool:
        """Take this voter's last answer back and ask for it again; False if there is none. Raises NotFound."""
        evaluation = await self.find(token)
        return await self._ballots.undo(evaluation.id, voter, question, secrets.token_urlsafe(16), time.time())


def voter_id(token: str, browser: str, name: str) -> str:
    """The id to record a ballot under: the name in the voting link, else an id of this browser for this evaluation.

    ``browser`` is the browser's own id, which is not stored.
    """
    plain = " ".join(name.split())[:LONGEST_NAME]
    if plain and not UNNAMED.fullmatch(plain):
        return plain
    return sha256(f"{token} {browser} {plain}".encode()).hexdigest()[:16]


def _is_usable(ballot: Ballot, columns: Mapping[str, str], size: int) -> bool:
    """Whether an open screen can be shown again.

    Its pictures still exist, and there are ``size`` of them, or fewer where fewer columns exist.
    """
    fewer_columns = len(set(columns.values())) < size
    right_number = len(ballot.shown) == size or (fewer_columns and len(ballot.shown) < size)
    return right_number and set(ballot.shown) <= set(columns)


def _candidates(evaluation: Evaluation, results: list[Result]) -> list[Candidate]:
    candidates = []
    for result in results:
        if result.picture:
            at = evaluation.coordinates(result.position)
            prompt, column = evaluation.prompts[at.prompt], evaluation.columns[at.column]
            candidates.append(Candidate(str(result.position), column.id, prompt.id))
    return candidates


def _copy_size(evaluation: Evaluation) -> tuple[int, int]:
    """One size for all pictures: in the shape that was asked for, square where none was."""
    shape = read_shape(str(evaluation.shared.get("shape") or ""))
    return copy_size(shape.ratio if shape else 1.0)
