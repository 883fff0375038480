"""The pictures of a finished task: each one that can be fetched is kept and recorded at once, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

from components.api.client import Account
from components.errors import DatabaseUnavailable, PictureNotSaved
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.job import Job, Timings
from components.jobs.store.jobs import Ownership
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary

TRIES = 4
DEFINITE_TRIES = 3  # a host may show a page of its own, or half a picture, for a moment
FIRST_WAIT_S = 0.3


class Results:
    """Fetches the pictures of jobs, and deletes those that no job shows any more."""

    def __init__(self, active: ActiveJobs, pictures: PictureLibrary, timings: Timings) -> None:
        self._active = active
        self._pictures = pictures
        self._timings = timings

    async def fetch_missing(self, job: Job, account: Account, give_up: float) -> PictureNotSaved | None:
        """Fetch all pictures that are missing, side by side, and record each. With the last one the job is done.

        Args:
            give_up: no new try after this moment, in monotonic seconds.

        Returns:
            Why one of those that are still missing could not be kept, definite if none of them ever can be; None if none
            is missing, or if the job does not want them any more.
        """
        missing = [(position, url) for position, url in enumerate(job.pending_urls) if url]
        fetching = [asyncio.create_task(self._fetch(job, position, url, account, give_up)) for position, url in missing]
        try:
            problems = await asyncio.gather(*fetching)
        finally:
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)
        return min(filter(None, problems), key=lambda problem: problem.definite, default=None)

    async def discard(self, names: Collection[str]) -> None:
        """Delete pictures that no job shows.

        A picture is named by its content, so another job may record the very same one in this moment, in another
        process too. It records first and looks for the file then; here the file is deleted first, and put back if
        somebody shows it by then. So one of the two restores it, in whatever order they come.
        """
        try:
            for name in await self._active.store.unreferenced(names) if names else ():
                file = await self._pictures.read(name)
                data = await asyncio.to_thread(file.read_bytes) if isinstance(file, Path) else file
                await self._pictures.remove(name)
                if data and not await self._active.store.unreferenced([name]):
                    await asyncio.to_thread(self._pictures.storage.put, name, data)
        except DatabaseUnavailable:  # the library deletes what was used longest ago when it needs room
            return

    async def _fetch(self, job: Job, position: int, url: str, account: Account, give_up: float) -> PictureNotSaved | None:
        for number in range(TRIES):
            try:
                within = max(self._timings.shortest_fetch, give_up - time.monotonic())
                picture = await self._pictures.keep(url, account.base_url, within)
                if await self._record(job.id, position, picture):
                    return None
                # Deleted with another job between its fetching and its recording: fetch it once more.
            except PictureNotSaved as error:
                if number == (DEFINITE_TRIES if error.definite else TRIES) - 1 or time.monotonic() > give_up:
                    return error
                await asyncio.sleep(FIRST_WAIT_S * 2**number)
        return None

    async def _record(self, job_id: str, position: int, picture: KeptPicture) -> bool:
        """Record a picture, or delete it if its job does not want it. False if its file has gone meanwhile."""
        kept = partial(transitions.picture_kept, position=position, picture=picture, now=time.time())
        recorded, known = None, False
        try:
            recorded = await self._active.persist(job_id, kept, Ownership.ANY)
            known = True
        finally:
            if not known:  # the worker is cancelled: the job was stopped, or this process ends
                known, recorded = await self._record_once(job_id, kept)
            self._pictures.release(picture.name)
            if known and recorded is None:
                await self.discard([picture.name])
        return recorded is None or await self._pictures.has(picture.name)

    async def _record_once(self, job_id: str, kept: transitions.Transition) -> tuple[bool, Job | None]:
        """Whether it is known what became of the picture, and the job if it shows it."""
        try:
            return True, await self._active.apply(job_id, kept)
        except DatabaseUnavailable:
            return False, None
