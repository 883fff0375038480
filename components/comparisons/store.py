"""Comparisons in the database of the jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, select, update

from components.comparisons.comparison import Card, Comparison
from components.jobs.store.executor import DuplicateKey, Transactions
from components.jobs.store.schema import comparisons, storable


class ComparisonStore:
    """Comparisons of all visitors. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions

    async def add(self, comparison: Comparison) -> Comparison:
        """Store a new comparison. If the visitor has one with this id already, that one is returned and nothing changes."""
        try:
            await self.transactions.write(
                lambda connection: connection.execute(insert(comparisons).values(**_to_row(comparison)))
            )
        except DuplicateKey:
            if existing := await self.get(comparison.id, comparison.visitor):
                return existing
            raise
        return comparison

    async def get(self, comparison_id: str, visitor: str) -> Comparison | None:
        """This visitor's comparison, or None."""
        wanted = select(comparisons).where(_of_visitor(comparison_id, visitor))
        return await self.transactions.read(lambda connection: _one(connection, wanted))

    async def of_anybody(self, comparison_id: str) -> Comparison | None:
        """The comparison with this id, whoever has started it, or None."""
        wanted = select(comparisons).where(comparisons.c.id == storable(comparison_id))
        return await self.transactions.read(lambda connection: _one(connection, wanted))

    async def published(self, token: str) -> Comparison | None:
        """The comparison that is published under this token, or None."""
        wanted = select(comparisons).where(comparisons.c.token == storable(token))
        return await self.transactions.read(lambda connection: _one(connection, wanted)) if token else None

    async def newest(self, visitor: str) -> Comparison | None:
        """This visitor's newest comparison, or None."""
        return next(iter(await self.recent(visitor, 1)), None)

    async def recent(self, visitor: str, most: int) -> list[Comparison]:
        """This visitor's comparisons, newest first."""
        theirs = select(comparisons).where(comparisons.c.visitor == storable(visitor))
        newest = theirs.order_by(comparisons.c.created_at.desc()).limit(most)
        return await self.transactions.read(lambda connection: [_from_row(row) for row in connection.execute(newest)])

    async def edit(self, comparison_id: str, visitor: str, change: Callable[[Comparison], Comparison]) -> Comparison | None:
        """Replace this visitor's comparison by ``change`` of it, while nobody else can alter it; None if there is none."""
        wanted = _of_visitor(comparison_id, visitor)

        def editing(connection: Connection) -> Comparison | None:
            before = _one(connection, select(comparisons).where(wanted).with_for_update())
            if before is None:
                return None
            after = change(before)
            if after != before:
                connection.execute(update(comparisons).where(wanted).values(**_to_row(after)))
            return after

        return await self.transactions.write(editing)


def _of_visitor(comparison_id: str, visitor: str) -> ColumnElement[bool]:
    return and_(comparisons.c.id == storable(comparison_id), comparisons.c.visitor == storable(visitor))


def _one(connection: Connection, wanted: Select[Any]) -> Comparison | None:
    row = connection.execute(wanted).one_or_none()
    return _from_row(row) if row else None


def _to_row(comparison: Comparison) -> dict[str, Any]:
    return {
        "id": comparison.id,
        "visitor": storable(comparison.visitor),
        "created_at": comparison.created_at,
        "shared": json_value(dict(comparison.shared)),
        "cards": [json_value(asdict(card)) for card in comparison.cards],
        "token": comparison.token,
        "seed_drawn": comparison.seed_drawn,
    }


def json_value(value: Any) -> Any:
    """The value with NaN and infinities as text: Python would write them, but JSON has no such numbers."""
    if isinstance(value, Mapping):
        return {name: json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _from_row(row: Row[Any]) -> Comparison:
    cards = tuple(Card(**{**card, "notes": tuple(card["notes"])}) for card in row.cards)
    return Comparison(row.id, row.visitor, row.created_at, row.shared, cards, row.token, row.seed_drawn)
