"""The jobs of a visitor as a list of groups, and what is done with several of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from components.jobs.job import HistoryGroups, HistoryOrder, JobFilter
from components.jobs.service import JobService
from components.playground.visits import Visit


@dataclass(frozen=True)
class HistoryList:
    """Each method concerns the jobs of one visitor alone. Raises DatabaseUnavailable."""

    jobs: JobService

    async def page(
        self, visit: Visit, wanted: JobFilter, order: HistoryOrder, limit: int, opened: Collection[str] = ()
    ) -> HistoryGroups:
        """A page of this visitor's jobs that match, in groups; all jobs of those that are ``opened``, by their keys."""
        ids = self.jobs.model_ids(wanted.model)
        return await self.jobs.store.history.groups(visit.visitor, wanted, order, limit, opened, ids)

    async def members(self, visit: Visit, wanted: JobFilter, keys: Collection[str]) -> list[str]:
        """Ids of all of this visitor's jobs that match and are in these groups."""
        ids = self.jobs.model_ids(wanted.model)
        return await self.jobs.store.history.members(visit.visitor, wanted, keys, ids)

    async def star(self, job_ids: Collection[str], visit: Visit, *, starred: bool) -> None:
        """Star those of these jobs that are this visitor's, or take their stars away."""
        await self.jobs.store.history.star(visit.visitor, job_ids, starred=starred)

    async def delete(self, job_ids: Collection[str], visit: Visit) -> list[str]:
        """Delete jobs that have ended with their pictures, and a comparison with the last of its jobs.

        For a few seconds :meth:`restore` can undo it. Returns the ids of those that were deleted.
        """
        return await self.jobs.store.history.hide(visit.visitor, job_ids)

    async def restore(self, job_ids: Collection[str], visit: Visit) -> list[str]:
        """Undo :meth:`delete`. Returns the ids of the jobs that were still there."""
        return await self.jobs.store.history.restore(visit.visitor, job_ids)
