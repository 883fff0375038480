"""Starts comparisons, extends them, sends failed cards again and publishes them.

Nothing here waits for a job: each card shows its own job, and one that fails leaves the others alone.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from components.api.client import Account
from components.catalog.models import Catalog
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import (
    MOST_CARDS,
    Choice,
    PlannedCard,
    fit_to_budget,
    plan_comparison,
    plan_retries,
    with_drawn_seed,
)
from components.comparisons.samples import Samples
from components.comparisons.store import ComparisonStore
from components.errors import InputError, InvalidState, NotFound, PlaygroundError
from components.jobs.job import HistoryEntry, Job, new_id_for
from components.jobs.service import JobService

NEVER_SENT = "The server stopped before this was sent. Nothing was charged."


class ComparisonService:
    """The comparisons of all visitors; their jobs are run by ``jobs``."""

    def __init__(self, catalog: Catalog, jobs: JobService, store: ComparisonStore) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._store = store
        self.samples = Samples(catalog, store.transactions, jobs.pictures)
        self._submitting: set[asyncio.Task[Comparison]] = set()

    async def start(
        self,
        choices: Sequence[Choice],
        shared: Mapping[str, Any],
        samples: int,
        account: Account,
        visitor: str,
        idempotency_key: str = "",
        *,
        new_seed: bool = False,
    ) -> Comparison:
        """Store a comparison and submit the requests that fit the caps, in order. A card that is not sent says why.

        ``new_seed``: where the form has no seed, draw one for all models that take one.
        A visitor has one comparison for an ``idempotency_key``: every further start with it, in any process, sends
        nothing and returns that comparison. "" always starts a new one.

        Raises:
            InputError: as for :func:`plan_comparison`, or nothing at all can be sent.
            DatabaseUnavailable: nothing was sent.
        """
        drawn = with_drawn_seed(self._catalog, choices, shared, samples) if new_seed else None
        shared = drawn or shared
        wanted = plan_comparison(self._catalog, choices, shared, samples).cards
        if not wanted:
            raise InputError("models", "models: none is chosen.", next_step="Choose the models to compare.")
        if not any(one.request for one in wanted):
            refusals = " ".join(dict.fromkeys(one.card.refused for one in wanted))
            raise InputError("models", f"models: none of them can make this picture. {refusals}")
        # Job ids are on the stored cards before anything is sent, so that no job is ever without its card.
        planned = [card.with_job_id() for card in fit_to_budget(wanted, await self._jobs.budget(account, visitor))]
        cards = tuple(one.card for one in planned)
        comparison = Comparison(
            new_id_for("comparison", visitor, idempotency_key),
            visitor,
            time.time(),
            dict(shared),
            cards,
            seed_drawn=drawn is not None,
        )
        stored = await self._store.add(comparison)
        if stored != comparison:
            return stored
        return await self._run_to_end(self._submit(comparison, dict(enumerate(planned)), account))

    async def add(self, comparison_id: str, choices: Sequence[Choice], account: Account, visitor: str) -> Comparison:
        """Add a card for each choice, from the comparison's own form. Raises NotFound, InputError, InvalidState."""
        comparison = await self.find(comparison_id, visitor)
        wanted = plan_comparison(self._catalog, choices, comparison.shared).cards
        planned = [card.with_job_id() for card in fit_to_budget(wanted, await self._jobs.budget(account, visitor))]

        def append(stored: Comparison) -> Comparison:
            _check_not_published(stored)
            if len(stored.cards) + len(planned) > MOST_CARDS:
                raise InputError("models", f"models: at most {MOST_CARDS} pictures in one comparison.")
            return replace(stored, cards=(*stored.cards, *(one.card for one in planned)))

        comparison = _existing(await self._store.edit(comparison_id, visitor, append))
        first = len(comparison.cards) - len(planned)
        return await self._run_to_end(self._submit(comparison, dict(enumerate(planned, first)), account))

    async def retry(self, comparison_id: str, account: Account, visitor: str) -> Comparison:
        """Send every card again that failed, was stopped or was never sent, in order, those that fit the caps.

        Raises NotFound, InvalidState, CapReached where none fits.
        """
        before = await self.find(comparison_id, visitor)
        jobs = await self.jobs(before)
        before = await self._with_unsent(before, jobs)
        again = plan_retries(self._catalog, before, jobs)
        if again:
            _check_not_published(before)
            budget = await self._jobs.budget(account, visitor)
            fitted = zip(again, fit_to_budget(again.values(), budget), strict=True)
            affordable = {at: planned for at, planned in fitted if planned.request}
            if not affordable:
                budget.check(min(planned.cost.credits for planned in again.values()))
            again = affordable

        def put(stored: Comparison) -> Comparison:
            cards = list(stored.cards)
            for position, planned in again.items():
                if cards[position].job == before.cards[position].job:  # otherwise another page has retried it meanwhile
                    cards[position] = planned.card
            return replace(stored, cards=tuple(cards))

        comparison = _existing(await self._store.edit(comparison_id, visitor, put))
        ours = {at: planned for at, planned in again.items() if comparison.cards[at].job == planned.card.job}
        return await self._run_to_end(self._submit(comparison, ours, account))

    async def find(self, comparison_id: str, visitor: str) -> Comparison:
        """This visitor's comparison. Raises NotFound, in the same words for somebody else's and for none."""
        return _existing(await self._store.get(comparison_id, visitor))

    async def with_jobs(self, comparison_id: str, visitor: str) -> tuple[Comparison, dict[str, Job]]:
        """This visitor's comparison and its current jobs by id. Raises NotFound."""
        return await self.current(await self.find(comparison_id, visitor))

    async def with_entries(self, comparison_id: str, visitor: str) -> tuple[Comparison, dict[str, HistoryEntry]]:
        """This visitor's comparison and its current jobs by id, each with its star and its note. Raises NotFound."""
        comparison = await self.find(comparison_id, visitor)
        entries = await self._jobs.find_entries([card.job for card in comparison.cards if card.job], visitor)
        return await self._shown(comparison, entries), entries

    async def newest(self, visitor: str) -> Comparison | None:
        """The comparison that this visitor started last, or None."""
        return await self._store.newest(visitor)

    async def recent(self, visitor: str, most: int) -> list[Comparison]:
        """This visitor's comparisons, newest first. Raises DatabaseUnavailable."""
        return await self._store.recent(visitor, most)

    async def jobs(self, comparison: Comparison) -> dict[str, Job]:
        """The current jobs on the cards by id, without those that the visitor has removed."""
        return await self._jobs.find_all([card.job for card in comparison.cards if card.job], comparison.visitor)

    async def current(self, comparison: Comparison) -> tuple[Comparison, dict[str, Job]]:
        """The comparison with its current jobs, without the cards whose jobs its visitor has deleted."""
        jobs = await self.jobs(comparison)
        return await self._shown(comparison, jobs), jobs

    async def _shown(self, comparison: Comparison, job_ids: Collection[str]) -> Comparison:
        """The comparison without the cards whose jobs its visitor has deleted; ``job_ids`` are those that remain."""
        comparison = await self._with_unsent(comparison, job_ids)
        cards = tuple(card for card in comparison.cards if card.refused or card.job in job_ids)
        return replace(comparison, cards=cards)

    async def _with_unsent(self, comparison: Comparison, job_ids: Collection[str]) -> Comparison:
        """The comparison, where a card whose job was never recorded says that nothing was sent.

        Such a card keeps its job's id: if the process that drew it was only slow, a retry is still the same one job.
        """
        if missing := {card.job for card in comparison.cards if card.job} - set(job_ids):
            missing -= await self._jobs.store.recorded(missing)
            cards = (replace(card, refused=NEVER_SENT) if card.job in missing else card for card in comparison.cards)
            comparison = replace(comparison, cards=tuple(cards))
        return comparison

    async def stop(self, comparison_id: str, visitor: str) -> Comparison:
        """Stop every active job of a comparison. Raises NotFound."""
        comparison = await self.find(comparison_id, visitor)
        for job in (await self.jobs(comparison)).values():
            if not job.settled:
                await self._jobs.stop(job.id, visitor)
        return comparison

    async def publish(self, comparison_id: str, visitor: str) -> Comparison:
        """Let everybody who knows its token read a comparison that has ended. Raises NotFound, InvalidState."""
        comparison = await self.find(comparison_id, visitor)
        if any(not job.settled for job in (await self.jobs(comparison)).values()):
            raise InvalidState("This comparison is still running.", next_step="Publish it when every card has ended.")
        token = secrets.token_urlsafe(24)
        return _existing(
            await self._store.edit(comparison_id, visitor, lambda stored: replace(stored, token=stored.token or token))
        )

    async def unpublish(self, comparison_id: str, visitor: str) -> Comparison:
        """Unpublish a comparison. Its token is never used again. Raises NotFound."""
        return _existing(await self._store.edit(comparison_id, visitor, lambda stored: replace(stored, token=None)))

    async def published(self, token: str) -> tuple[Comparison, dict[str, Job]]:
        """A published comparison and its jobs. Raises NotFound."""
        return await self.current(_existing(await self._store.published(token)))

    async def pin(self, comparison_id: str) -> None:
        """Use the pictures of anybody's comparison as samples. Raises NotFound, and as :meth:`Samples.pin`."""
        comparison = _existing(await self._store.of_anybody(comparison_id))
        await self.samples.pin(comparison, await self.jobs(comparison))

    async def _run_to_end(self, work: Coroutine[Any, Any, Comparison]) -> Comparison:
        """Do the work even if the caller is cancelled meanwhile: every job that was submitted must be on its card."""
        task = asyncio.create_task(work)
        self._submitting.add(task)
        task.add_done_callback(self._submitting.discard)
        return await asyncio.shield(task)

    async def _submit(self, comparison: Comparison, planned: Mapping[int, PlannedCard], account: Account) -> Comparison:
        """Submit these requests and put their jobs, or why there is none, on the cards at these positions."""

        async def submit(one: PlannedCard) -> Card:
            if one.request is None:
                return one.card
            try:
                job = await self._jobs.submit(
                    one.request, account, comparison.visitor, comparison_id=comparison.id, job_id=one.card.job
                )
            except PlaygroundError as error:
                return replace(one.card, job="", refused=str(error.problem))
            return replace(one.card, job=job.id)

        submitted = await asyncio.gather(*(submit(one) for one in planned.values()))
        cards = dict(zip(planned, submitted, strict=True))

        def put(stored: Comparison) -> Comparison:
            return replace(stored, cards=tuple(cards.get(at, card) for at, card in enumerate(stored.cards)))

        return _existing(await self._store.edit(comparison.id, comparison.visitor, put))


def _check_not_published(comparison: Comparison) -> None:
    if comparison.token:
        raise InvalidState("A published comparison cannot change.", next_step="Unpublish it first.")


def _existing(comparison: Comparison | None) -> Comparison:
    if comparison is None:
        raise NotFound("There is no such comparison.", next_step="Check its id, and that its own visitor asks for it.")
    return comparison
