"""The public endpoints: typed methods, so that the API info has their argument names and types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import gradio as gr

from components.comparisons.plan import plan_comparison
from components.errors import PlaygroundError
from components.evaluation.evaluation import Evaluation
from components.playground import KEY_HEADER, VISITOR_HEADER, Playground, Visit
from components.playground.evaluation_values import describe_evaluation, read_draft
from components.playground.plain_values import (
    describe_card,
    describe_entry,
    describe_job,
    describe_models,
    read_choices,
    read_history_query,
)
from components.playground.visits import headless_visit
from components.views.links import PICTURES, VOTING


@dataclass(frozen=True)
class Endpoints:
    """One method an endpoint. A caller reads a docstring as the endpoint's description."""

    playground: Playground

    def models(self) -> list[dict[str, Any]]:
        """All models by base credits from low to high; `parameters` is the JSON Schema of the request body."""
        return describe_models(self.playground.catalog)

    async def estimate(self, model: str, parameters: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]
        """What a request costs, and whether it fits the spend caps. Calls nothing; the prompt may be left out.

        `credits_left` is how much this visitor may still spend today, null where there is no cap.
        """
        with _readable_errors():
            cost = self.playground.estimate(model, parameters)
            budget = await self.playground.budget(_visit(request))
        left = budget.left if isfinite(budget.left) else None
        return {"credits": cost.credits, "usd": cost.usd, "fits": budget.fits(cost.credits), "credits_left": left}

    def snippet(self, model: str, parameters: dict, request: gr.Request, language: str = "curl") -> str:  # type: ignore[type-arg]
        """A program that makes the request: `curl`, `shell`, `python` or `javascript`. It reads the key from the environment."""
        with _readable_errors():
            visit = _visit(request)
            return self.playground.snippet(self.playground.request(model, parameters), visit, str(language))

    async def generate(self, model: str, parameters: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]
        """Make the pictures and wait for them. Returns when the job ended, or at the deadline as `running`.

        `credits` is what it costs, 0 where nothing was created; `credits_estimated` is the price by the price list.
        """
        with _readable_errors():
            visit = _visit(request)
            job = await self.playground.generate(model, parameters, visit)
            return describe_job(await self.playground.jobs.settled(job.id, visit.visitor), self._pictures(request))

    async def job(self, job_id: str, request: gr.Request) -> dict[str, Any]:
        """A job of this visitor, as `/generate` returns it. Anybody else's is not found."""
        with _readable_errors():
            job = await self.playground.jobs.find(job_id if isinstance(job_id, str) else "", _visit(request).visitor)
            return describe_job(job, self._pictures(request))

    async def attach(self, job_id: str, task_id: str, request: gr.Request) -> dict[str, Any]:
        """Give a job whose state is `uncertain` the id that its task has at the service, and wait for its pictures.

        The service is asked for the task with the key that the job was sent with. Nothing is sent or paid again.
        """
        with _readable_errors():
            visit, texts = _visit(request), [value if isinstance(value, str) else "" for value in (job_id, task_id)]
            job = await self.playground.attach(texts[0], texts[1], visit)
            return describe_job(await self.playground.jobs.settled(job.id, visit.visitor), self._pictures(request))

    async def compare(self, models: list, shared: dict, request: gr.Request, samples: int = 1) -> dict[str, Any]:  # type: ignore[type-arg]
        """One form for several models: waits until every job has ended, or its deadline.

        `models` are ids, or `{"model": id, "parameters": {...}}` for one with settings of its own; `shared` holds
        `prompt`, `shape`, `images`, `count`, `seed`, `negative`, `quality`. `mapping` says what became of them.
        A model that cannot draw this, or does not fit the credits that are left of a cap, has the state `refused` and its
        reason in `message`; `credits_estimated` is what it would have cost.
        """
        with _readable_errors():
            visit = _visit(request)
            choices = read_choices(models)
            planned = plan_comparison(self.playground.catalog, choices, shared, samples)
            comparison = await self.playground.compare(choices, shared, samples, visit)
            for card in comparison.cards:
                if card.job:
                    await self.playground.jobs.settled(card.job, visit.visitor)
            comparison, jobs = await self.playground.comparisons.with_jobs(comparison.id, visit.visitor)
        cards = [
            describe_card(card, jobs.get(card.job), one.cost.credits, self._pictures(request))
            for card, one in zip(comparison.cards, planned.cards, strict=True)
        ]
        credits, usd = (sum(card[name] for card in cards) for name in ("credits", "usd"))
        return {
            "batch_id": comparison.id,
            "credits": credits,
            "usd": round(usd, 6),
            "credits_estimated": planned.cost.credits,
            "jobs": cards,
        }

    async def history(self, query: dict, request: gr.Request) -> dict[str, Any]:  # type: ignore[type-arg]  # shown in the API page
        """This visitor's jobs, newest first, as `/job` returns them, with `model`, `prompt` and `created_at`.

        All of `query` is optional: `text` (words in prompt, note, model or task id), `model`, `state`, `task_id`,
        `starred`, `limit` (1 to 200, else 50), `before` (the id of a job: those older than it). `total` counts all
        that match.
        """
        with _readable_errors():
            wanted, limit, before = read_history_query(self.playground.catalog, query)
            page = await self.playground.jobs.search(_visit(request).visitor, wanted, limit, before)
        return {"total": page.total, "jobs": [describe_entry(entry, self._pictures(request)) for entry in page.entries]}

    async def evaluate(
        self,
        prompts: list,  # type: ignore[type-arg]  # shown in the API page
        models: list,  # type: ignore[type-arg]
        budget: float,
        request: gr.Request,
        shared: dict | None = None,  # type: ignore[type-arg]
        repeats: int = 1,
        idempotency_key: str = "",
    ) -> dict[str, Any]:
        """Start an evaluation, prompts x models x repeats, and return at once. It never spends more than `budget` credits.

        `prompts` are texts, or `{"prompt": text, "category": text, "images": [url], "expected_text": text}`; `models` as
        in `/compare`; `shared` holds `shape`, `images`, `seed`, `negative`, `quality`. With the same `idempotency_key` the
        same evaluation is returned and nothing is sent twice. `voting_url` is for people: they vote blind.
        """
        with _readable_errors():
            draft, visit = read_draft(prompts, models, budget, shared or {}, repeats), _visit(request)
            evaluation = await self.playground.evaluate(draft, visit, idempotency_key=str(idempotency_key))
            return await self._describe(evaluation, request)

    async def evaluation(self, evaluation_id: str, request: gr.Request) -> dict[str, Any]:
        """How far an evaluation of this visitor is, what it has cost, and how its votes rank the models."""
        with _readable_errors():
            wanted = evaluation_id if isinstance(evaluation_id, str) else ""
            evaluation = await self.playground.evaluations.find(wanted, _visit(request).visitor)
            return await self._describe(evaluation, request)

    async def _describe(self, evaluation: Evaluation, request: gr.Request) -> dict[str, Any]:
        evaluations = self.playground.evaluations
        progress = await evaluations.progress(evaluation.id)
        boards = [await evaluations.board(evaluation, question) for question in evaluation.questions]
        return describe_evaluation(evaluation, progress, boards, f"{self._address(request)}{VOTING}/{evaluation.token}")

    def _pictures(self, request: gr.Request) -> str:
        """The address below which stored pictures are served."""
        return self._address(request) + PICTURES

    def _address(self, request: gr.Request) -> str:
        """Where this application is reached: its public address, else the address that the caller used."""
        return self.playground.origin(str(request.request.base_url) if request.request is not None else "")


def add_endpoints(playground: Playground) -> None:
    """Add ``/models /estimate /snippet /generate /job /attach /compare /history /evaluate /evaluation`` to the page."""
    endpoints = Endpoints(playground)
    gr.api(endpoints.models, api_name="models", queue=False)
    gr.api(endpoints.estimate, api_name="estimate", queue=False)
    gr.api(endpoints.snippet, api_name="snippet", queue=False)
    gr.api(endpoints.generate, api_name="generate", concurrency_limit=None)
    gr.api(endpoints.job, api_name="job", queue=False)
    gr.api(endpoints.attach, api_name="attach", concurrency_limit=None)
    gr.api(endpoints.compare, api_name="compare", concurrency_limit=None)
    gr.api(endpoints.history, api_name="history", queue=False)
    gr.api(endpoints.evaluate, api_name="evaluate", queue=False)
    gr.api(endpoints.evaluation, api_name="evaluation", queue=False)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Turn our errors into ones that a headless caller can read; their traces stay here."""
    try:
        yield
    except PlaygroundError as error:
        raise gr.Error(str(error.problem), print_exception=False) from error


def _visit(request: gr.Request) -> Visit:
    """Who calls, by the id and the key in the headers. Raises InputError, KeyRefused."""
    return headless_visit(request.headers.get(VISITOR_HEADER, ""), request.headers.get(KEY_HEADER))
