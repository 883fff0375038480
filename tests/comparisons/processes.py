"""Processes with comparisons, before an image service that answers each model by its own script."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.api.client import Account
from components.catalog.models import Catalog
from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.jobs.job import Job
from components.jobs.service import JobService
from tests.conftest import sqlite_without_rows
from tests.jobs.processes import account, process
from tests.jobs.scripted_upstream import (
    TIMEOUT_S,
    Answer,
    Upstream,
    answer_after,
    picture,
    png,
    response,
    scripted_upstream,
    settled,
)

PROMPT = {"prompt": "A red kite over dunes"}
WITH_IMAGE = {**PROMPT, "images": ["https://example.com/a.png"]}
SIX = ("cogview-4", "flux-2", "kling-image-o1", "ideogram-v3", "ideogram-v4", "hunyuan-image-3")
SEEDED, SEEDLESS = "hunyuan-image-3", "cogview-4"

REFUSED = response({"error": "bad size"}, 400)
LOST = response({}, 500)
BUSY = response({}, 429, headers={"Retry-After": "20"})
ALWAYS_RUNNING = response({"data": {"status": "IN_PROGRESS"}})
FAILED_LATER = response({"data": {"status": "failed", "error": "out of paint"}})


def task(name: str) -> Answer:
    return response({"data": {"task_id": name, "status": "IN_PROGRESS"}})


@dataclass
class ImageService:
    """Creates a task for each request, and finishes each with a picture of its own.

    By the body's ``model``, without the variant that ideogram-v3 adds: ``posts`` answer the first requests, ``polls``
    every poll, and ``gates`` hold polls back. ``gate`` holds back the POSTs. ``bodies`` are what was paid for, in order.
    """

    posts: dict[str, list[Answer]] = field(default_factory=dict)
    polls: dict[str, Answer] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def post(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        body = upstream.requests[-1].body
        name = body["model"].removesuffix("-turbo")
        script, number = self.posts.get(name, []), len(self.sent(name))
        self.bodies.append(body)
        answer = script[number] if number < len(script) else task(f"{name}.{len(self.bodies)}")
        await (answer_after(self.gate, answer) if self.gate else answer)(upstream, writer)

    async def poll(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        task_id = upstream.requests[-1].path.rpartition("/")[2]
        name = task_id.rpartition(".")[0]
        if name in self.gates:
            await self.gates[name].wait()
        done = response({"data": {"status": "completed", "output": [f"{upstream.address}/files/{task_id}.png"]}})
        await self.polls.get(name, done)(upstream, writer)

    async def file(self, upstream: Upstream, writer: asyncio.StreamWriter) -> None:
        shade = hashlib.sha256(upstream.requests[-1].path.encode()).digest()[0]
        await picture(png(64, 64, shade))(upstream, writer)

    def sent(self, name: str) -> list[dict[str, Any]]:
        return [body for body in self.bodies if body["model"].removesuffix("-turbo") == name]


@dataclass
class Process:
    """The comparisons of one process, its jobs, and the account that pays."""

    comparisons: ComparisonService
    job_service: JobService
    payer: Account

    async def start(
        self,
        *models: str | Choice,
        shared: Mapping[str, Any] = PROMPT,
        samples: int = 1,
        visitor: str = "ann",
        key: str = "",
    ) -> Comparison:
        return await self.comparisons.start(choices(*models), shared, samples, self.payer, visitor, key)

    async def add(self, comparison: Comparison, *models: str | Choice) -> Comparison:
        return await self.comparisons.add(comparison.id, choices(*models), self.payer, "ann")

    async def retry(self, comparison: Comparison) -> Comparison:
        return await self.comparisons.retry(comparison.id, self.payer, "ann")

    async def jobs(self, comparison: Comparison) -> list[Job | None]:
        """The current jobs on the cards, in the order of the cards."""
        current = await self.comparisons.jobs(comparison)
        return [current.get(card.job) for card in comparison.cards]

    async def ended(self, comparison: Comparison) -> list[Job | None]:
        """The jobs on the cards once each has settled."""
        await asyncio.gather(*(settled(self.job_service, job) for job in await self.jobs(comparison) if job))
        return await self.jobs(comparison)

    async def until_states(self, comparison: Comparison, *wanted: str) -> list[str]:
        """The states on the cards, once these are among them."""
        async with asyncio.timeout(TIMEOUT_S):
            while not Counter(wanted) <= Counter(current := states(await self.jobs(comparison))):  # noqa: ASYNC110  # a database has no events
                await asyncio.sleep(0.02)
        return current


@asynccontextmanager
async def comparison_process(
    catalog: Catalog, url: str, folder: Path, upstream: Upstream, **options: Any
) -> AsyncIterator[Process]:
    """One process on the database at ``url``, with the host's key for this upstream."""
    payer = account(catalog, upstream.address)
    async with process(catalog, url, folder, **{"find_account": lambda _: payer} | options) as job_service:
        yield Process(
            ComparisonService(catalog, job_service, ComparisonStore(job_service.store.transactions)), job_service, payer
        )


@asynccontextmanager
async def serve_images(service: ImageService) -> AsyncIterator[Upstream]:
    async with scripted_upstream([service.post], [service.poll], [service.file]) as upstream:
        yield upstream


@asynccontextmanager
async def comparisons_at(catalog: Catalog, folder: Path, service: ImageService, **options: Any) -> AsyncIterator[Process]:
    """One process on SQLite in the folder, before this service."""
    async with (
        serve_images(service) as upstream,
        comparison_process(catalog, sqlite(folder), folder, upstream, **options) as one,
    ):
        yield one


def sqlite(folder: Path) -> str:
    return sqlite_without_rows(folder / "playground.db")


def choices(*models: str | Choice) -> list[Choice]:
    return [Choice(model) if isinstance(model, str) else model for model in models]


def states(jobs: list[Job | None]) -> list[str]:
    return [str(job.state) if job else "" for job in jobs]


def has_a_job_on_every_card(comparison: Comparison) -> bool:
    """Each card has a job of its own."""
    return all(card.job for card in comparison.cards) and len({card.job for card in comparison.cards}) == len(
        comparison.cards
    )
