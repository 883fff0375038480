"""The pictures of jobs: kept as soon as they can be fetched, whatever becomes of the others, and deleted with their jobs.

``Results`` fetches those of a finished task, ``JobRemover`` deletes jobs and what no other job shows.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

from components.api.client import Account
from components.errors import DatabaseUnavailable, PictureNotSaved
from components.jobs import transitions
from components.jobs.active import ActiveJobs
from components.jobs.job import Job, JobState, Timings
from components.jobs.store.jobs import Ownership
from components.pictures.library import PictureLibrary
from components.pictures.stored import StoredPicture

log = logging.getLogger(__name__)
GROWTH, LONGEST_WAIT_S = 1.5, 30.0
DEFINITE_TRIES = 6  # within four seconds: a host may show a page of its own, or half a picture, for a moment
FRESH_AFTER = 3  # tries the service is asked for the addresses again: they may have expired

FreshAddresses = Callable[[], Awaitable[tuple[str, ...]]]


class JobRemover:
    """Deletes what jobs hold; what they cost stays on record. ``run`` it beside the jobs, every ``interval_s`` seconds."""

    def __init__(self, active: ActiveJobs, pictures: PictureLibrary, interval_s: float) -> None:
        self._active = active
        self._pictures = pictures
        self._interval_s = interval_s

    async def run(self) -> None:
        """Until cancelled, remove hidden jobs that can no longer be restored, whichever process has hidden them."""
        while True:
            try:
                for job_id in await self._active.store.history.to_delete(time.time()):
                    await self.remove(job_id)
            except DatabaseUnavailable:
                log.warning("deleted jobs cannot be removed yet", exc_info=True)
            await asyncio.sleep(self._interval_s)

    async def remove(self, job_id: str) -> bool:
        """Remove a settled job with the pictures that no other job shows. False if it is active, or gone.

        An uncertain job is abandoned, one that waits is stopped.
        """
        unreferenced = await self._active.store.remove(job_id)
        if unreferenced is None:
            return False
        await self._active.finish(job_id, cancel=True)
        await self.discard(unreferenced)
        return True

    async def discard(self, names: Collection[str]) -> None:
        """Delete pictures that no job shows.

        A picture is named by its content, so another job may record the very same one in this moment, in another
        process too. It records first and looks for the file then; here the file is deleted first, and put back if
        somebody shows it by then. So one of the two restores it, in whatever order they come.
        """
        try:
            for name in await self._active.store.pictures.unreferenced(names) if names else ():
                data = await self._pictures.read_bytes(name)
                await self._pictures.remove(name)
                if data and not await self._active.store.pictures.unreferenced([name]):
                    await asyncio.to_thread(self._pictures.storage.put, name, data)
        except DatabaseUnavailable:  # the library deletes what was used longest ago when it needs room
            return

    async def picture_trimmed(self, name: str) -> None:
        """Take a picture that was deleted to make room from the jobs that show it."""
        self._active.metrics.trimmed.inc()
        showing = await self._active.store.pictures.showing(name)
        if showing and not await self._pictures.has(name):  # a job that records it now has stored it again
            for job_id in showing:
                await self._active.apply(job_id, partial(transitions.picture_trimmed, name=name))


class Results:
    """Fetches the pictures of jobs."""

    def __init__(self, active: ActiveJobs, pictures: PictureLibrary, remover: JobRemover, timings: Timings) -> None:
        self._active = active
        self._pictures = pictures
        self._remover = remover
        self._timings = timings

    async def keep(
        self, job: Job, account: Account, urls: tuple[str, ...], charged: float | None, deadline: float, ask: FreshAddresses
    ) -> None:
        """Keep the pictures of a finished task, each as soon as it can be fetched. With the last one the job is done.

        A picture may be late at its host, so what is missing is tried again at growing intervals. At ``deadline``
        (monotonic seconds) the job becomes overdue; it ends with the pictures that it has once none of the others can
        ever be kept. ``ask`` returns where the results are by now; empty: unchanged.
        """
        note, refused = "", dict[str, PictureNotSaved]()
        for number in itertools.count():
            if number == 0 or urls:
                saving = partial(transitions.saving, urls=urls, charged=charged, note=note, now=time.time())
                saved = await self._active.persist(job.id, saving)
            if saved is None or saved.state is not JobState.SAVING:
                return
            problems = await self._fetch_missing(saved, account, deadline, refused)
            left = deadline - time.monotonic()
            if number + 1 >= DEFINITE_TRIES:
                refused |= {url: problem for url, problem in problems.items() if problem.definite}
            late = [problem for url, problem in problems.items() if url not in refused]
            if not late or left <= 0:
                await self._end(job, late, refused)
                return
            wait = min(self._timings.first_fetch_retry * GROWTH**number, LONGEST_WAIT_S, left)
            saved = self._active.latest(saved)
            note = _late_note(saved, late[0], wait)
            self._active.show(replace(saved, status_note=note))
            await asyncio.sleep(wait)
            urls = await ask() if number >= FRESH_AFTER and not all(problem.definite for problem in late) else ()

    async def _end(self, job: Job, late: list[PictureNotSaved], refused: Mapping[str, PictureNotSaved]) -> None:
        """Record why results are missing: they are late, or can never be kept. A complete job is done already."""
        if late:
            await self._active.persist(job.id, partial(transitions.overdue, problem=late[0].problem))
        elif refused:
            problem = next(iter(refused.values())).problem
            await self._active.persist(job.id, partial(transitions.pictures_refused, problem=problem, now=time.time()))

    async def _fetch_missing(
        self, job: Job, account: Account, deadline: float, refused: Collection[str]
    ) -> dict[str, PictureNotSaved]:
        """Try once to fetch each picture that is missing, side by side. Returns by address why one could not be kept."""
        missing = [(position, url) for position, url in enumerate(job.pending_urls) if url and url not in refused]
        fetching = [asyncio.create_task(self._fetch(job, position, url, account, deadline)) for position, url in missing]
        try:
            problems = await asyncio.gather(*fetching)
        finally:
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)
        return {url: problem for (_, url), problem in zip(missing, problems, strict=True) if problem}

    async def _fetch(self, job: Job, position: int, url: str, account: Account, deadline: float) -> PictureNotSaved | None:
        try:
            while True:
                within = max(self._timings.last_try, deadline - time.monotonic())
                picture = await self._pictures.keep(url, account.base_url, within)
                if await self._record(job.id, position, picture):
                    return None
                # Deleted with another job between its fetching and its recording: fetch it once more.
        except PictureNotSaved as error:
            return error

    async def _record(self, job_id: str, position: int, picture: StoredPicture) -> bool:
        """Record a picture, or delete it if its job does not want it. False if its file has gone meanwhile."""
        transition = partial(transitions.picture_stored, position=position, picture=picture, now=time.time())
        recorded, known = None, False
        try:
            recorded = await self._active.persist(job_id, transition, Ownership.ANY)
            known = True
        finally:
            if not known:  # the worker is cancelled: the job was stopped, or this process ends
                known, recorded = await self._record_once(job_id, transition)
            self._pictures.release(picture.name)
            if known and recorded is None:
                await self._remover.discard([picture.name])
        return recorded is None or await self._pictures.has(picture.name)

    async def _record_once(self, job_id: str, transition: transitions.Transition) -> tuple[bool, Job | None]:
        """Whether it is known what became of the picture, and the job if it shows it."""
        try:
            return True, await self._active.apply(job_id, transition)
        except DatabaseUnavailable:
            return False, None


def _late_note(job: Job, problem: PictureNotSaved, wait: float) -> str:
    """Why a job whose task is done still waits."""
    missing, total = sum(bool(url) for url in job.pending_urls), len(job.pending_urls)
    which = f"{missing} of {total} pictures are" if total > 1 else "The picture is"
    return f"{which} not there yet: {problem.what} Trying again in {max(1, round(wait))} s."
