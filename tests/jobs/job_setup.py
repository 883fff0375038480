"""A job service with a scripted upstream and the host's key, for tests of single jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.jobs.job import Job
from components.jobs.service import JobService
from tests.jobs.processes import Record, account, process, record
from tests.jobs.scripted_upstream import Upstream, response, scripted_upstream, settled

SECRET = "An unmistakable red kite"
LOST = response({}, 500)
BUSY = response({}, 429, headers={"Retry-After": "20"})


class JobSetup:
    """A job service, its scripted upstream, and the host's account there."""

    def __init__(self, job_service: JobService, upstream: Upstream, catalog: Catalog) -> None:
        self.job_service, self.upstream, self.catalog = job_service, upstream, catalog
        self.payer = account(catalog, upstream.address)

    async def start(self, prompt: str = SECRET, visitor: str = "ann", count: int = 1) -> Job:
        model, more = ("kling-image-o1", {"num_images": count}) if count > 1 else ("cogview-4", {})
        request = build_request(self.catalog, model, {"prompt": prompt, **more})
        return await self.job_service.submit(request, self.payer, visitor)

    async def ended(self, **asked: Any) -> Job:
        return await settled(self.job_service, await self.start(**asked))

    async def record(self, job: Job) -> Record:
        """The job's rows in the database, removed or not."""
        return await record(self.job_service, job.id)

    def files(self) -> set[str]:
        return {item.name for item in self.job_service.pictures.storage.files()}


@asynccontextmanager
async def job_setup(
    catalog: Catalog, url: str, folder: Path, scripts: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[JobSetup]:
    async with scripted_upstream(**(scripts or {})) as upstream:
        payer = account(catalog, upstream.address)
        async with process(catalog, url, folder, **{"find_account": lambda _: payer} | options) as job_service:
            yield JobSetup(job_service, upstream, catalog)
