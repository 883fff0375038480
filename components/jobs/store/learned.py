"""What is learned of each service and survives a restart: run times of models, and whether callbacks arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

from sqlalchemy import Connection, insert, select, update

from components.api.schedule import Learned
from components.jobs.store.executor import DuplicateKey, Transactions
from components.jobs.store.schema import callback_scores, run_times, storable

Result = TypeVar("Result")


class LearnedStore:
    """The recorded numbers, by upstream and model. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def run_times(self) -> dict[tuple[str, str], Learned]:
        """Run times by upstream and model."""
        rows = await self._transactions.read(lambda connection: list(connection.execute(select(run_times))))
        return {(row.upstream, row.model): Learned(row.weight, row.mean, row.variance) for row in rows}

    async def add_run_times(self, upstream: str, model: str, seconds: Sequence[float], prior: Learned) -> Learned:
        """Add run times to the recorded ones; ``prior`` stands where there are none."""
        mine = (run_times.c.upstream == upstream) & (run_times.c.model == model)

        def learning(connection: Connection) -> Learned:
            row = connection.execute(select(run_times).where(mine).with_for_update()).one_or_none()
            known = Learned(row.weight, row.mean, row.variance) if row else prior
            for one in seconds:
                known = known.observed(one)
            if row is None:
                connection.execute(insert(run_times).values(upstream=upstream, model=model, **asdict(known)))
            else:
                connection.execute(update(run_times).where(mine).values(**asdict(known)))
            return known

        return await self._write(learning)

    async def callback_scores(self, base: str) -> dict[tuple[str, str], int]:
        """Scores of callbacks to this address of ours, by upstream and model."""
        wanted = select(callback_scores).where(callback_scores.c.callback_base == storable(base))
        rows = await self._transactions.read(lambda connection: list(connection.execute(wanted)))
        return {(row.upstream, row.model): row.score for row in rows}

    async def change_callback_score(self, base: str, upstream: str, model: str, change: Callable[[int], int]) -> int:
        """Change a score, which is 0 where none is recorded. Returns the new one."""
        row = {"callback_base": storable(base), "upstream": storable(upstream), "model": storable(model)}
        mine = [callback_scores.c[name] == value for name, value in row.items()]

        def changing(connection: Connection) -> int:
            before = connection.scalar(select(callback_scores.c.score).where(*mine).with_for_update())
            score = change(before or 0)
            if before is None:
                connection.execute(insert(callback_scores).values(**row, score=score))
            else:
                connection.execute(update(callback_scores).where(*mine).values(score=score))
            return score

        return await self._write(changing)

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        """The result of ``work``, repeated once if another process has inserted the same row in the same moment."""
        try:
            return await self._transactions.write(work)
        except DuplicateKey:
            return await self._transactions.write(work)
