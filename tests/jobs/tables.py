"""Processes before a service: a table for comparisons, where each model is answered in its own way, and a place for single jobs."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.api import Account
from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.comparisons.comparison import Comparison, ComparisonStore
from components.comparisons.service import Choice, ComparisonService
from components.jobs.job import Job
from components.jobs.service import JobService
from tests.jobs.faulty import GUARD_S, Answer, Upstream, held, http, misbehaving, picture, png, settled
from tests.jobs.processes import account, process

SECRET = "An unmistakable red kite"
PROMPT = {"prompt": "A red kite over dunes"}
WITH_IMAGE = {**PROMPT, "images": ["https://example.com/a.png"]}
SIX = ("cogview-4", "flux-2", "kling-image-o1", "ideogram-v3", "ideogram-v4", "hunyuan-image-3")
SEEDED, SEEDLESS = "hunyuan-image-3", "cogview-4"

REFUSED = http({"error": "bad size"}, 400)
LOST = http({}, 500)
BUSY = http({}, 429, headers={"Retry-After": "20"})
ENDLESS = http({"data": {"status": "IN_PROGRESS"}})
FAILED_LATER = http({"data": {"status": "failed", "error": "out of paint"}})


def task(name: str) -> Answer:
    return http({"data": {"task_id": name, "status": "IN_PROGRESS"}})


@dataclass
class Service:
    """Creates a task for each request, and finishes each with a picture of its own.

    By the name in a body's ``model``, less what ideogram-v3 adds: ``posts`` answer the first requests, ``polls`` every
    poll, and ``gates`` hold polls back. ``gate`` holds back the POSTs. ``bodies`` are what was paid for, in order.
    """

    posts: dict[str, list[Answer]] = field(default_factory=dict)
    polls: dict[str, Answer] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def post(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        body = json.loads(upstream.seen[-1].body)
        name = body["model"].removesuffix("-turbo")
        script, number = self.posts.get(name, []), len(self.sent(name))
        self.bodies.append(body)
        answer = script[number] if number < len(script) else task(f"{name}.{len(self.bodies)}")
        await (held(self.gate, answer) if self.gate else answer)(upstream, writer)

    async def poll(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        asked = upstream.seen[-1].path.rpartition("/")[2]
        name = asked.rpartition(".")[0]
        if name in self.gates:
            await self.gates[name].wait()
        done = http({"data": {"status": "completed", "output": [f"{upstream.address}/files/{asked}.png"]}})
        await self.polls.get(name, done)(upstream, writer)

    async def file(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        shade = hashlib.sha256(upstream.seen[-1].path.encode()).digest()[0]
        await picture(png(64, 64, shade))(upstream, writer)

    def sent(self, name: str) -> list[dict[str, Any]]:
        return [body for body in self.bodies if body["model"].removesuffix("-turbo") == name]


@dataclass
class Table:
    """ComparisonService of one process, and whose money they spend."""

    comparisons: ComparisonService
    runner: JobService
    payer: Account

    async def start(
        self, *choices: str | Choice, shared: Mapping[str, Any] = PROMPT, samples: int = 1, visitor: str = "ann"
    ) -> Comparison:
        return await self.comparisons.start(chosen(*choices), shared, samples, self.payer, visitor)

    async def add(self, batch: Comparison, *choices: str | Choice) -> Comparison:
        return await self.comparisons.add(batch.id, chosen(*choices), self.payer, "ann")

    async def retry(self, batch: Comparison, *places: int) -> Comparison:
        return await self.comparisons.retry(batch.id, places, self.payer, "ann")

    async def jobs(self, batch: Comparison) -> list[Job | None]:
        """The jobs on the cards as they are now, in the order of the cards."""
        found = await self.comparisons.jobs(batch)
        return [found.get(card.job) for card in batch.cards]

    async def ended(self, batch: Comparison) -> list[Job | None]:
        """The same when nothing happens by itself any more."""
        await asyncio.gather(*(settled(self.runner, job) for job in await self.jobs(batch) if job))
        return await self.jobs(batch)

    async def seen(self, batch: Comparison, *wanted: str) -> list[str]:
        """The states on the cards, once each of these is among them."""
        async with asyncio.timeout(GUARD_S):
            while not set(wanted) <= set(found := states(await self.jobs(batch))):  # noqa: ASYNC110  # a database has no events
                await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def table(catalog: Catalog, url: str, folder: Path, upstream: Upstream, **options: Any) -> AsyncIterator[Table]:
    """One process of the page, with the host's key for this upstream."""
    payer = account(catalog, upstream.address)
    async with process(catalog, url, folder, **{"accounts": lambda _: payer} | options) as runner:
        yield Table(ComparisonService(catalog, runner, ComparisonStore(runner.store.transactions)), runner, payer)


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Upstream]:
    async with misbehaving([service.post], [service.poll], [service.file]) as upstream:
        yield upstream


@asynccontextmanager
async def laid(catalog: Catalog, url: str, folder: Path, service: Service, **options: Any) -> AsyncIterator[Table]:
    """A table before a service of its own."""
    async with serving(service) as upstream, table(catalog, url, folder, upstream, **options) as one:
        yield one


def chosen(*choices: str | Choice) -> list[Choice]:
    return [Choice(choice) if isinstance(choice, str) else choice for choice in choices]


def states(jobs: list[Job | None]) -> list[str]:
    return [str(job.state) if job else "" for job in jobs]


def on_every_card(batch: Comparison) -> None:
    """Each card has a job of its own."""
    assert all(card.job for card in batch.cards)
    assert len({card.job for card in batch.cards}) == len(batch.cards)


class Place:
    """A process before an upstream, with the host's key."""

    def __init__(self, runner: JobService, upstream: Upstream, catalog: Catalog) -> None:
        self.runner, self.upstream, self.catalog = runner, upstream, catalog
        self.payer = account(catalog, upstream.address)

    async def start(self, prompt: str = SECRET, visitor: str = "ann", count: int = 1) -> Job:
        model, more = ("kling-image-o1", {"num_images": count}) if count > 1 else ("cogview-4", {})
        request = build_request(self.catalog, model, {"prompt": prompt, **more})
        return await self.runner.submit(request, self.payer, visitor)

    async def ended(self, **asked: Any) -> Job:
        return await settled(self.runner, await self.start(**asked))

    async def row(self, job: Job) -> Job:
        """What the database holds of it, removed or not."""
        kept = await self.runner.store.get(job.id)
        assert kept
        return kept

    def files(self) -> set[str]:
        return {item.name for item in self.runner.pictures.storage.files()}


@asynccontextmanager
async def place(
    catalog: Catalog, url: str, folder: Path, scripts: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[Place]:
    async with misbehaving(**(scripts or {})) as upstream:
        payer = account(catalog, upstream.address)
        async with process(catalog, url, folder, **{"accounts": lambda _: payer} | options) as runner:
            yield Place(runner, upstream, catalog)
