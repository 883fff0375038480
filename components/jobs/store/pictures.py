"""Which jobs show a picture: one that none shows any more may be deleted."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from components.jobs.store.executor import Transactions
from components.jobs.store.schema import history, job_pictures


class PictureStore:
    """Pictures by name. Every method raises DatabaseUnavailable when the database does not answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def showing(self, picture: str) -> list[str]:
        """The ids of the jobs that show this picture."""
        wanted = select(job_pictures.c.job_id).where(job_pictures.c.name == picture)
        return await self._transactions.read(lambda connection: list(connection.scalars(wanted)))

    async def unreferenced(self, pictures: Collection[str]) -> list[str]:
        """The names among these that no job shows."""
        return await self._transactions.read(lambda connection: unreferenced(connection, pictures))

    async def starred(self) -> set[str]:
        """Names of the pictures of starred jobs."""
        wanted = (
            select(job_pictures.c.name).join(history, history.c.job_id == job_pictures.c.job_id).where(history.c.starred)
        )
        return await self._transactions.read(lambda connection: set(connection.scalars(wanted)))


def unreferenced(connection: Connection, names: Collection[str]) -> list[str]:
    """Those of these pictures that no job shows, each once."""
    shown = set(connection.scalars(select(job_pictures.c.name).where(job_pictures.c.name.in_(names))))
    return [name for name in dict.fromkeys(names) if name not in shown]
