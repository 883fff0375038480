"""A comparison: one shared form, several models, each card with a job of its own.

Nothing here waits for a job. Cards fill one by one as their jobs end, and a card that fails leaves the others alone.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.api.client import Account
from components.catalog.models import Catalog
from components.catalog.prices import Cost, price
from components.catalog.requests import Request
from components.catalog.shared_form import MappedForm, map_shared_form
from components.comparisons.comparison import MOST_CARDS, Card, Comparison, ComparisonStore
from components.errors import InputError, InvalidState, JobNotFound, PlaygroundError
from components.jobs.job import Job, JobState
from components.jobs.service import JobService, new_id

MOST_SAMPLES = 10
LARGEST_SEED = 2**31 - 1  # what every model takes that takes a seed at all
ONE_CLICK_S = 3.0
MOST_DRAWN = 1000
NEVER_SENT = "This page's server stopped before this was sent. Nothing was charged."


@dataclass(frozen=True)
class Choice:
    """A model, and parameters of its own that win over the shared form: a variant, a quality."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedCard:
    """A card before anything is sent, the request on it (None: nothing will be), and its price."""

    card: Card
    request: Request | None
    cost: Cost


@dataclass(frozen=True)
class Plan:
    """Every card of a comparison and what all of them cost together."""

    cards: tuple[PlannedCard, ...]
    cost: Cost

    @property
    def requests(self) -> int:
        """How many requests would be sent."""
        return sum(planned.request is not None for planned in self.cards)


def plan(catalog: Catalog, choices: Sequence[Choice], shared: Mapping[str, Any], samples: int = 1) -> Plan:
    """The cards in the order of the choices. With a seed, each further sample has the next one.

    Raises:
        InputError: the form is wrong, a model is unknown, or there are more than MOST_CARDS cards.
    """
    if not isinstance(samples, int) or not 1 <= samples <= MOST_SAMPLES:
        raise InputError("samples", f"samples: must be a whole number from 1 to {MOST_SAMPLES}.")
    if not isinstance(shared, Mapping):
        raise InputError("shared", "shared: must be an object of what the form asks for.")
    if isinstance(shared.get("count"), int | float) and not 1 <= shared["count"] <= MOST_SAMPLES:
        raise InputError("count", f"count: must be a whole number from 1 to {MOST_SAMPLES} in a comparison.")
    if len(choices) * samples > MOST_CARDS:
        raise InputError("models", f"models: {len(choices) * samples} pictures at once. At most {MOST_CARDS}.")
    cards = [_planned(catalog, choice, shared, number) for choice in choices for number in range(1, samples + 1)]
    credits = sum(planned.cost.credits for planned in cards)
    return Plan(tuple(cards), Cost(credits, catalog.usd(credits)))


class ComparisonService:
    """Starts comparisons and finds them again. ``runner`` runs their jobs."""

    def __init__(self, catalog: Catalog, runner: JobService, batches: ComparisonStore) -> None:
        self._catalog = catalog
        self._runner = runner
        self._batches = batches
        self._sending: set[asyncio.Task[Comparison]] = set()
        self._drawn: OrderedDict[str, tuple[str, float, int]] = OrderedDict()

    def draw_seed(self, visitor: str, choices: Sequence[Choice], shared: Mapping[str, Any], samples: int) -> int:
        """A seed for a comparison whose form leaves it open, so that it can be shown and used again.

        The same one for the very same form within ONE_CLICK_S: two clicks are one comparison, paid once.
        """
        rest = {role: value for role, value in shared.items() if role != "seed"}
        form = repr(([(one.model, dict(one.settings)) for one in choices], rest, samples))
        before, at, seed = self._drawn.pop(visitor, ("", 0.0, 0))
        now = time.monotonic()
        if before != form or now - at > ONE_CLICK_S:
            at, seed = now, secrets.randbelow(LARGEST_SEED)
        self._drawn[visitor] = (form, at, seed)
        if len(self._drawn) > MOST_DRAWN:
            self._drawn.popitem(last=False)
        return seed

    async def start(
        self,
        choices: Sequence[Choice],
        shared: Mapping[str, Any],
        samples: int,
        account: Account,
        visitor: str,
        *,
        once: bool = True,
    ) -> Comparison:
        """Send every request of the plan and keep the cards. A card that cannot be sent says why.

        ``once``: while the very same request of this visitor is going, its job is put on the card instead of a second one.

        Raises:
            InputError: as for :func:`plan`, or nothing at all can be sent.
            DatabaseUnavailable: nothing was sent.
        """
        planned = _with_ids(plan(self._catalog, choices, shared, samples).cards)
        if not planned:
            raise InputError("models", "models: there is none.", next_step="Choose the models to compare.")
        if not any(one.request for one in planned):
            refusals = " ".join(dict.fromkeys(one.card.refused for one in planned))
            raise InputError("models", f"models: none of them can draw this. {refusals}")
        batch = Comparison(secrets.token_urlsafe(16), visitor, time.time(), dict(shared), tuple(one.card for one in planned))
        await self._batches.add(batch)
        return await self._through(self._send(batch, dict(enumerate(planned)), account, once=once))

    async def add(self, batch_id: str, choices: Sequence[Choice], account: Account, visitor: str) -> Comparison:
        """One more card for each choice, from the comparison's own form. Raises JobNotFound, InputError, InvalidState."""
        batch = await self.find(batch_id, visitor)
        planned = _with_ids(plan(self._catalog, choices, batch.shared).cards)

        def make_room(now: Comparison) -> Comparison:
            _must_not_be_public(now)
            if len(now.cards) + len(planned) > MOST_CARDS:
                raise InputError("models", f"models: at most {MOST_CARDS} pictures in one comparison.")
            return replace(now, cards=(*now.cards, *(one.card for one in planned)))

        batch = _found(await self._batches.edit(batch_id, visitor, make_room))
        return await self._through(self._send(batch, dict(enumerate(planned, len(batch.cards) - len(planned))), account))

    async def retry(self, batch_id: str, places: Collection[int], account: Account, visitor: str) -> Comparison:
        """Send anew what failed or was stopped among these places of the comparison; what is done is left alone."""
        before, jobs = await self.current(await self.find(batch_id, visitor))
        again = {place: one for place, one in retries(self._catalog, before, jobs).items() if place in places}
        if again:
            _must_not_be_public(before)

        def put(now: Comparison) -> Comparison:
            cards = list(now.cards)
            for place, one in again.items():
                if cards[place].job == before.cards[place].job:  # else another page has tried it again meanwhile
                    cards[place] = one.card
            return replace(now, cards=tuple(cards))

        batch = _found(await self._batches.edit(batch_id, visitor, put))
        mine = {place: one for place, one in again.items() if batch.cards[place].job == one.card.job}
        return await self._through(self._send(batch, mine, account))

    async def find(self, batch_id: str, visitor: str) -> Comparison:
        """This visitor's comparison. Raises JobNotFound for anybody else's, in the same words."""
        return _found(await self._batches.get(batch_id, visitor))

    async def newest(self, visitor: str) -> Comparison | None:
        """The comparison that this visitor started last, or None."""
        return await self._batches.newest(visitor)

    async def jobs(self, batch: Comparison) -> dict[str, Job]:
        """The jobs on the cards by id, as they are now; one that its visitor has removed is not among them."""
        return await self._runner.find_all([card.job for card in batch.cards if card.job], batch.visitor)

    async def current(self, batch: Comparison) -> tuple[Comparison, dict[str, Job]]:
        """The comparison with its jobs as they are now; a card whose job was never recorded says that nothing was sent.

        Its job keeps the id that is on the card, so that it is one job also if the process that drew the id was only slow.
        """
        jobs = await self.jobs(batch)
        if missing := {card.job for card in batch.cards if card.job} - set(jobs):
            missing -= await self._runner.recorded(missing)
            cards = (replace(card, refused=NEVER_SENT) if card.job in missing else card for card in batch.cards)
            batch = replace(batch, cards=tuple(cards))
        return batch, jobs

    async def publish(self, batch_id: str, visitor: str) -> Comparison:
        """Let whoever knows its token read a comparison that has ended. Raises JobNotFound, InvalidState."""
        batch = await self.find(batch_id, visitor)
        if any(not job.settled for job in (await self.jobs(batch)).values()):
            raise InvalidState("This comparison is still going.", next_step="Publish it when every card has ended.")
        token = secrets.token_urlsafe(24)
        return _found(await self._batches.edit(batch_id, visitor, lambda now: replace(now, token=now.token or token)))

    async def revoke(self, batch_id: str, visitor: str) -> Comparison:
        """Nobody else can read the comparison any more; its old address is never used again."""
        return _found(await self._batches.edit(batch_id, visitor, lambda now: replace(now, token=None)))

    async def remove(self, job_id: str, visitor: str) -> None:
        """Remove a job, and with the last one of a comparison what its form held. Raises as ``JobService.remove``."""
        job = await self._runner.find(job_id, visitor)
        await self._runner.remove(job_id, visitor)
        batch = await self._batches.get(job.batch, visitor) if job.batch else None
        if batch and not await self.jobs(batch):
            await self._batches.delete(batch.id)

    async def published(self, token: str) -> tuple[Comparison, dict[str, Job]]:
        """A published comparison and its jobs. Raises JobNotFound."""
        return await self.current(_found(await self._batches.published(token)))

    async def _through(self, work: Coroutine[Any, Any, Comparison]) -> Comparison:
        """The work to its end also when whoever asked goes away: what is sent must be on its card."""
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return await asyncio.shield(task)

    async def _send(
        self, batch: Comparison, planned: Mapping[int, PlannedCard], account: Account, *, once: bool = True
    ) -> Comparison:
        """Send these requests and put their jobs on the cards at their places.

        The place tells requests apart that are alike: each sample is a job, and each twice-clicked card is one.
        """

        async def send(place: int, one: PlannedCard) -> Card:
            if one.request is None:
                return one.card
            asked: dict[str, Any] = {"once": once, "copy": place, "batch": batch.id, "job_id": one.card.job}
            try:
                job = await self._runner.submit(one.request, account, batch.visitor, **asked)
            except PlaygroundError as error:
                return replace(one.card, job="", refused=str(error.problem))
            return replace(one.card, job=job.id)

        cards = dict(zip(planned, await asyncio.gather(*(send(*item) for item in planned.items())), strict=True))

        def fill(now: Comparison) -> Comparison:
            return replace(now, cards=tuple(cards.get(place, card) for place, card in enumerate(now.cards)))

        return _found(await self._batches.edit(batch.id, batch.visitor, fill))


def retries(catalog: Catalog, batch: Comparison, jobs: Mapping[str, Job]) -> dict[int, PlannedCard]:
    """What could be sent anew, by place: cards that failed or were never sent, and nothing that may still come.

    ``batch`` and ``jobs`` as ``ComparisonService.current`` gives them. Each has the id of the job that it would become.
    """
    found = {}
    for place, card in enumerate(batch.cards):
        job = jobs.get(card.job)
        over = job is not None and (job.state is JobState.FAILED or (job.state is JobState.STOPPED and not job.accepted))
        if over or card.refused:
            try:
                again = _planned(catalog, Choice(card.model, card.settings), batch.shared, card.sample)
            except InputError:  # the catalog has changed since
                continue
            if again.request:
                found[place] = _with_id(again, card.job if card.refused else "")
    return found


def _with_ids(planned: Sequence[PlannedCard]) -> list[PlannedCard]:
    """Ids are on the cards before anything is sent: whatever dies in between, no job is without its card."""
    return [_with_id(one) if one.request else one for one in planned]


def _with_id(planned: PlannedCard, job_id: str = "") -> PlannedCard:
    return replace(planned, card=replace(planned.card, job=job_id or new_id()))


def _planned(catalog: Catalog, choice: Choice, shared: Mapping[str, Any], sample: int) -> PlannedCard:
    form = shared
    if sample > 1 and isinstance(shared.get("seed"), int | float):
        form = {**shared, "seed": (shared["seed"] + sample - 1) % (LARGEST_SEED + 1)}
    mapped = map_shared_form(catalog, choice.model, form, choice.settings)
    cost = price(catalog, mapped.request) if mapped.request else Cost(0, 0.0)
    settings = dict(choice.settings) if isinstance(choice.settings, Mapping) else {}
    card = Card(mapped.model.id, settings, sample, notes=mapped.notes, refused=_refusal(mapped))
    return PlannedCard(card, mapped.request, cost)


def _refusal(mapped: MappedForm) -> str:
    if mapped.skipped:
        return f"Skipped: {mapped.skipped}."
    return mapped.problem.what if mapped.problem else ""


def _must_not_be_public(batch: Comparison) -> None:
    if batch.token:
        raise InvalidState("This comparison is published as it is.", next_step="Unpublish it to change it.")


def _found(batch: Comparison | None) -> Comparison:
    if batch is None:
        raise JobNotFound("There is no such comparison.", next_step="Check its id, and that its own visitor asks for it.")
    return batch
