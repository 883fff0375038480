"""The end of a task: its pictures are fetched and put on record, and nothing is left behind where that comes too late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from components.api.client import Account
from components.api.replies import Reply
from components.errors import DatabaseUnavailable, PictureNotSaved
from components.jobs.active import Register
from components.jobs.job import Job, JobState
from components.pictures.kept import KeptPicture
from components.pictures.library import PictureLibrary

PICTURE_TRIES = 4
SHORTEST_FETCH_S = 3.0  # a picture that is ready at the deadline still gets a chance


class ResultSaver:
    """Keeps the pictures of finished tasks."""

    def __init__(self, register: Register, pictures: PictureLibrary) -> None:
        self._register = register
        self._pictures = pictures

    async def save(
        self,
        job: Job,
        reply: Reply,
        account: Account,
        give_up: float,
        fresh_addresses: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> None:
        """Fetch what the reply names and end the job. ``fresh_addresses`` asks the task anew: theirs may have expired."""
        kept: list[KeptPicture] = []
        recorded: Job | None = None
        try:
            now = replace(job, saving=True, waiting=reply.images, charged=reply.charged, note="")
            self._register.show(now)
            unkept = await self._fetch(reply.images, account, give_up, kept)
            if unkept and job.task_id:
                fresh = await fresh_addresses()
                if fresh and fresh != reply.images:
                    now = replace(now, waiting=fresh)
                    await self._given_up(kept)
                    unkept = await self._fetch(fresh, account, give_up, kept)
            changes: dict[str, Any] = {"charged": reply.charged, "polls": job.polls, "note": "", "saving": False}
            if unkept:
                changes |= {"waiting": now.waiting, "overdue": True, "problem": unkept.problem}
            else:
                changes |= {"waiting": (), "finished_at": time.time(), "state": JobState.DONE, "problem": None}
            recorded = await self._register.surely(job.id, {JobState.RUNNING}, **changes, pictures=tuple(kept))
        finally:
            if not recorded:  # stopped, removed, or left to the next process while they were fetched
                recorded = await self._left(job.id, kept)
            if recorded:
                for picture in kept:
                    self._pictures.release(picture.name)
            else:
                await self._given_up(kept)

    async def _fetch(
        self, addresses: tuple[str, ...], account: Account, give_up: float, kept: list[KeptPicture]
    ) -> PictureNotSaved | None:
        """Add each picture to ``kept``; why one could not be kept, or None."""
        for address in addresses:
            for number in range(PICTURE_TRIES):
                try:
                    left = max(SHORTEST_FETCH_S, give_up - time.monotonic())
                    kept.append(await self._pictures.keep(address, account.base_url, left))
                    break
                except PictureNotSaved as error:
                    if number == PICTURE_TRIES - 1 or time.monotonic() > give_up:
                        return error
                    await asyncio.sleep(0.3 * 2**number)
        return None

    async def _left(self, job_id: str, kept: list[KeptPicture]) -> Job | None:
        """The job, with what was kept so far where it was stopped; None where nobody wants its pictures any more."""
        try:
            stopped = await self._register.change(job_id, {JobState.STOPPED}, pictures=tuple(kept))
            job = stopped or await self._register.store.get(job_id)
        except DatabaseUnavailable:
            return self._register.live.get(job_id)
        return None if job is None or job.removed else job

    async def _given_up(self, kept: list[KeptPicture]) -> None:
        """Delete what no job shows."""
        names = list(dict.fromkeys(picture.name for picture in kept))
        for picture in kept:
            self._pictures.release(picture.name)
        kept.clear()
        try:
            for name in await self._register.store.unreferenced(names) if names else ():
                await self._pictures.remove(name)
        except DatabaseUnavailable:  # left to the trimming
            return
