"""The samples of this page: for each model one real picture, which the host took from a comparison.

The thumbnail itself is in the database, so that it outlives its job and its picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select

from components.catalog.models import Catalog
from components.comparisons.comparison import Comparison
from components.errors import InvalidState
from components.jobs.job import Job, JobState
from components.jobs.store.executor import Transactions
from components.jobs.store.schema import samples, storable
from components.pictures.library import PictureLibrary
from components.pictures.thumbnails import THUMBNAIL_SIZE, smaller_copy

QUALITY = 72
COLUMNS_WITHOUT_IMAGE = tuple(column for column in samples.c if column.name != "image")


@dataclass(frozen=True)
class Sample:
    """What a model drew: the content hash of its WebP picture, what was asked, the price and when (seconds since 1970)."""

    model: str
    name: str
    prompt: str
    usd: float
    made_at: float


class Samples:
    """The samples, in memory as they were when :meth:`refresh` was called last: cards are drawn without waiting."""

    def __init__(self, catalog: Catalog, transactions: Transactions, pictures: PictureLibrary) -> None:
        self._catalog = catalog
        self._transactions = transactions
        self._pictures = pictures
        self.current: Mapping[str, Sample] = {}

    async def refresh(self) -> None:
        """Read the samples, which another process may have changed. Raises DatabaseUnavailable."""
        wanted = select(*COLUMNS_WITHOUT_IMAGE).order_by(samples.c.made_at)  # a renamed model may have two: the later counts
        rows = await self._transactions.read(lambda connection: connection.execute(wanted).all())
        self.current = {self._catalog.current_id(row.model): Sample(*row) for row in rows}

    async def image(self, name: str) -> bytes | None:
        """The picture with this content hash as WebP, or None. Raises DatabaseUnavailable."""
        wanted = select(samples.c.image).where(samples.c.name == storable(name))
        return await self._transactions.read(lambda connection: connection.execute(wanted).scalar())

    async def pin(self, comparison: Comparison, jobs: Mapping[str, Job]) -> None:
        """Use the first real picture of each model in a comparison; models that it has none of keep what they have.

        Raises:
            InvalidState: it has no such picture. An SVG is none, for it has no small copy.
            DatabaseUnavailable: nothing has changed.
        """
        rows: dict[str, dict[str, Any]] = {}
        for card in comparison.cards:
            job = jobs.get(card.job)
            if job and job.model not in rows and (image := await self._thumbnail(job)):
                rows[job.model] = self._to_row(job, image)
        if not rows:
            raise InvalidState(
                "This comparison has no picture of a real model.",
                next_step="Compare the models with a key, wait until they are done, then pin it.",
            )

        def replacing(connection: Any) -> None:
            connection.execute(delete(samples).where(samples.c.model.in_(rows)))
            connection.execute(insert(samples), list(rows.values()))

        await self._transactions.write(replacing)
        await self.refresh()

    async def remove(self) -> None:
        """Show the sandbox's drawings again. Raises DatabaseUnavailable."""
        await self._transactions.write(lambda connection: connection.execute(delete(samples)))
        await self.refresh()

    async def _thumbnail(self, job: Job) -> bytes | None:
        """The first picture of a job that a real model has done, made small; None if there is none."""
        if job.state is not JobState.DONE or job.payer == "sandbox" or not job.pictures:
            return None
        picture = await self._pictures.read(job.pictures[0].name)
        return await asyncio.to_thread(smaller_copy, picture, THUMBNAIL_SIZE, QUALITY) if picture else None

    def _to_row(self, job: Job, image: bytes) -> dict[str, Any]:
        return {
            "model": job.model,
            "name": sha256(image).hexdigest(),
            "image": image,
            "prompt": storable(job.prompt),
            "usd": job.usd if job.charged is None else self._catalog.usd(job.charged),
            "made_at": job.finished_at or job.created_at,
        }
