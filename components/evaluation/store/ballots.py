"""Screens and the votes on them. A screen is recorded when it is shown, and answered once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from components.evaluation.voting.ballots import Ballot, Question, Verdict
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import ballots, storable

table = ballots.c


class BallotStore:
    """Ballots of all evaluations. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def cast(self, evaluation_id: str) -> list[Ballot]:
        """Every answered ballot of an evaluation, skipped and undone ones too, the oldest first."""
        wanted = select(ballots).where(table.evaluation_id == evaluation_id, table.verdict != "")
        rows = await self._transactions.read(
            lambda connection: list(connection.execute(wanted.order_by(table.created_at, table.id)))
        )
        return [_from_row(row) for row in rows]

    async def open(self, evaluation_id: str, voter: str, question: Question) -> Ballot | None:
        """The screen that this voter was shown and has not answered, or None."""
        theirs = and_(_of_voter(evaluation_id, voter, question), table.verdict == "")
        row = await self._first(select(ballots).where(theirs))
        return _from_row(row) if row else None

    async def shown(self, evaluation_id: str, screen_id: str) -> tuple[str, ...]:
        """The cells of a screen in their order; none if there is no such screen."""
        row = await self._first(select(ballots).where(table.id == storable(screen_id), table.evaluation_id == evaluation_id))
        return tuple(row.shown) if row else ()

    async def add_screen(self, screen: Ballot) -> None:
        """Record a screen that is shown now, in place of one that this voter has left unanswered."""
        left = and_(_of_voter(screen.evaluation_id, screen.voter, screen.question), table.verdict == "")

        def adding(connection: Connection) -> None:
            connection.execute(delete(ballots).where(left))
            connection.execute(insert(ballots), asdict(screen) | {"verdict": ""})

        await self._transactions.write(adding)

    async def answer(self, ballot: Ballot) -> bool:
        """Record the answer to an open screen of this voter; False if there is none, or it is answered."""
        mine = and_(table.id == storable(ballot.id), table.voter == ballot.voter, table.verdict == "")
        values = {"verdict": ballot.verdict, "best": ballot.best, "worst": ballot.worst, "seconds": ballot.seconds}
        answered = update(ballots).where(mine, table.evaluation_id == ballot.evaluation_id).values(**values)
        return await self._transactions.write(lambda connection: connection.execute(answered).rowcount == 1)

    async def undo(self, evaluation_id: str, voter: str, question: Question, new_id: str, now: float) -> bool:
        """Take back this voter's last answer and open the same screen again, as ``new_id``; False if there is none.

        What was taken back stays on record: the names had been seen when the screen was answered again.
        """
        theirs = _of_voter(evaluation_id, voter, question)

        def undoing(connection: Connection) -> bool:
            answered = select(ballots).where(theirs, table.verdict.not_in(["", Verdict.UNDONE]))
            last = connection.execute(answered.order_by(table.created_at.desc()).limit(1)).one_or_none()
            if last is None:
                return False
            connection.execute(delete(ballots).where(theirs, table.verdict == ""))
            connection.execute(
                update(ballots).where(table.id == last.id).values(verdict=Verdict.UNDONE, best=None, worst=None)
            )
            again = {**last._mapping, "id": new_id, "verdict": "", "best": None, "worst": None, "created_at": now}
            connection.execute(insert(ballots), again)
            return True

        return await self._transactions.write(undoing)

    async def _first(self, wanted: Any) -> Row[Any] | None:
        return await self._transactions.read(lambda connection: connection.execute(wanted.limit(1)).first())


def insert_ballots(connection: Connection, imported: Sequence[Ballot]) -> None:
    """Record ballots of an imported evaluation in the caller's transaction."""
    if imported:
        connection.execute(insert(ballots), [asdict(ballot) for ballot in imported])


def _of_voter(evaluation_id: str, voter: str, question: Question) -> Any:
    return and_(table.evaluation_id == evaluation_id, table.voter == voter, table.question == question)


def _from_row(row: Row[Any]) -> Ballot:
    """A ballot; one that is not answered yet counts as skipped."""
    verdict, question = Verdict(row.verdict or Verdict.SKIP), Question(row.question)
    return Ballot(**{**row._mapping, "shown": tuple(row.shown), "verdict": verdict, "question": question})
