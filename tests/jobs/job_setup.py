"""A job service with a scripted upstream and one account there, for tests of single jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.api import Account
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job
from components.jobs.service import JobService
from tests.conftest import sqlite_without_rows
from tests.jobs.processes import Record, account, process, record
from tests.jobs.scripted_upstream import Answer, Upstream, response, scripted_upstream, settled

SECRET = "An unmistakable red kite"
LOST = response({}, 500)
BUSY = response({}, 429, headers={"Retry-After": "20"})


@dataclass
class JobSetup:
    """A job service, its scripted upstream, and the account that pays there."""

    job_service: JobService
    upstream: Upstream
    catalog: Catalog
    payer: Account

    async def start(self, prompt: str = SECRET, visitor: str = "ann", count: int = 1, payer: Account | None = None) -> Job:
        model, more = ("kling-image-o1", {"num_images": count}) if count > 1 else ("cogview-4", {})
        request = build_request(self.catalog, model, {"prompt": prompt, **more})
        return await self.job_service.submit(request, payer or self.payer, visitor)

    async def ended(self, **request: Any) -> Job:
        return await settled(self.job_service, await self.start(**request))

    async def record(self, job: Job) -> Record:
        """The job's rows in the database, removed or not."""
        return await record(self.job_service, job.id)

    def files(self) -> set[str]:
        return {item.name for item in self.job_service.pictures.storage.files()}


@asynccontextmanager
async def job_setup(
    catalog: Catalog,
    url: str,
    folder: Path,
    scripts: Mapping[str, Sequence[Answer]] | None = None,
    *,
    payer: str = "host",
    **options: Any,
) -> AsyncIterator[JobSetup]:
    """A job service whose upstream answers by ``scripts``: ``post``, ``poll`` and ``file``."""
    async with scripted_upstream(**(scripts or {})) as upstream:
        paying = account(catalog, upstream.address, payer)
        async with process(catalog, url, folder, **{"find_account": lambda _: paying} | options) as job_service:
            yield JobSetup(job_service, upstream, catalog, paying)


def visitors_setup(
    catalog: Catalog, folder: Path, scripts: Mapping[str, Sequence[Answer]] | None = None, **options: Any
) -> AbstractAsyncContextManager[JobSetup]:
    """A :func:`job_setup` for a visitor's own key, with a database of its own and a deadline of seconds."""
    url = sqlite_without_rows(folder / "playground.db")
    return job_setup(catalog, url, folder, scripts, payer="visitor", **{"deadline_s": 4} | options)
