"""A batch: jobs that were created together from one shared form, one card for each result that is wanted.

A card keeps its place whatever becomes of its job: a retry puts another job on it, and the first one stays in
the history. A published batch is found by its token, which is unguessable and can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from components.jobs.store.executor import Transactions
from components.jobs.store.schema import batches, storable

MOST_CARDS = 60


@dataclass(frozen=True)
class Card:
    """One result that is wanted: a model with settings of its own, and the job on it; "" where nothing was sent.

    ``notes`` say how the shared form was mapped, ``refused`` why nothing was sent. ``sample`` counts from 1.
    """

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 1
    job: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Comparison:
    """Cards of one visitor in the order they were asked for. ``shared`` is what the shared form held, by role.

    ``created_at`` is seconds since 1970, ``token`` where the batch can be read by whoever knows it, None: nobody.
    """

    id: str
    visitor: str
    created_at: float
    shared: Mapping[str, Any]
    cards: tuple[Card, ...] = ()
    token: str | None = None


class ComparisonStore:
    """Batches in the database of the jobs. Every method raises DatabaseUnavailable when it does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, batch: Comparison) -> Comparison:
        """Keep a new batch."""
        await self._transactions.write(lambda connection: connection.execute(insert(batches).values(**_to_row(batch))))
        return batch

    async def get(self, batch_id: str, visitor: str) -> Comparison | None:
        """This visitor's batch, or None."""
        mine = (batches.c.id == storable(batch_id)) & (batches.c.visitor == storable(visitor))
        return await self._transactions.read(lambda connection: _one(connection, select(batches).where(mine)))

    async def published(self, token: str) -> Comparison | None:
        """The batch that was published under this token, or None."""
        public = select(batches).where(batches.c.token == storable(token))
        return await self._transactions.read(lambda connection: _one(connection, public)) if token else None

    async def newest(self, visitor: str) -> Comparison | None:
        """This visitor's newest batch, or None."""
        mine = select(batches).where(batches.c.visitor == storable(visitor)).order_by(batches.c.created_at.desc()).limit(1)
        return await self._transactions.read(lambda connection: _one(connection, mine))

    async def delete(self, batch_id: str) -> None:
        """Forget a batch; its jobs stay."""
        await self._transactions.write(
            lambda connection: connection.execute(delete(batches).where(batches.c.id == batch_id))
        )

    async def edit(self, batch_id: str, visitor: str, change: Callable[[Comparison], Comparison]) -> Comparison | None:
        """This visitor's batch after ``change``, which sees it as nobody else can alter it meanwhile."""
        mine = (batches.c.id == storable(batch_id)) & (batches.c.visitor == storable(visitor))

        def editing(connection: Connection) -> Comparison | None:
            before = _one(connection, select(batches).where(mine).with_for_update())
            if before is None:
                return None
            after = change(before)
            if after != before:
                connection.execute(update(batches).where(mine).values(**_to_row(after)))
            return after

        return await self._transactions.write(editing)


def _one(connection: Connection, wanted: Select[Any]) -> Comparison | None:
    row = connection.execute(wanted).one_or_none()
    return _to_batch(row) if row else None


def _to_row(batch: Comparison) -> dict[str, Any]:
    return {
        "id": batch.id,
        "visitor": storable(batch.visitor),
        "created_at": batch.created_at,
        "shared": _plain(dict(batch.shared)),
        "cards": [_plain(asdict(card)) for card in batch.cards],
        "token": batch.token,
    }


def _plain(value: Any) -> Any:
    """What JSON can hold: it knows no numbers that are none, though Python writes them."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _to_batch(row: Row[Any]) -> Comparison:
    cards = tuple(Card(**{**card, "notes": tuple(card["notes"])}) for card in row.cards)
    return Comparison(row.id, row.visitor, row.created_at, row.shared, cards, row.token)
