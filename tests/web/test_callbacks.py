"""The whole server with its own sandbox and a public address: callbacks as each marker simulates them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from components.jobs.job import JobState
from components.jobs.store.learned import LearnedStore
from components.playground import Playground, Visit
from components.sandbox import create_sandbox
from components.settings import read_settings
from components.web.opening import open_playground
from components.web.server import create_app
from tests.jobs.processes import count

SPEED = 4.0
FAULTS = {
    # marker: a model of its own, how many callbacks come, and the score afterwards; None: a busy machine decides what is late
    "callback-lost": ("flux-2", 0, 0),
    "callback-late": ("imagen-4", 1, None),
    "callback-twice": ("grok-imagine", 2, 2),
    "broken": ("seedream-4-5", 1, 1),  # the answer to the POST is lost, and the callback names the task
    "plain": ("gpt-image-1.5-official", 1, 1),
}


@asynccontextmanager
async def running(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Playground, str]]:
    """The application without its page, as ``app.py`` puts it together, and its public address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        for name, value in {"PUBLIC_URL": address, "DATA": str(folder), "SANDBOX_SPEED": str(SPEED)}.items():
            monkeypatch.setenv(f"PLAYGROUND_{name}", value)
        settings = read_settings()
        playground, resources = open_playground(settings, port)
        sandbox = create_sandbox(playground.catalog, settings.sandbox_speed, settings.public_address)
        server = uvicorn.Server(
            uvicorn.Config(create_app(playground, resources, sandbox, framed=False), log_level="warning")
        )
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.01)
        yield playground, address
        server.should_exit = True
        await serving


async def test_every_simulated_callback_ends_in_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is lost, late or sent twice; those that arrive are relied on from then on."""
    async with running(tmp_path, monkeypatch) as (playground, address), asyncio.timeout(60):

        async def run_marker(marker: str, model: str, calls: int) -> tuple[JobState, int, float]:
            visit = Visit()
            job = await playground.generate(model, {"prompt": f"A fox #sandbox:{marker}"}, visit)
            while not job.pictures:
                await asyncio.sleep(0.05)
                job = await playground.jobs.settled(job.id, visit.visitor)
            while (received := count(playground.jobs, "callbacks_total", model=model)) < calls:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            return job.state, len(job.pictures), received

        ends = await asyncio.gather(*(run_marker(marker, *row[:2]) for marker, row in FAULTS.items()))
        scores = await LearnedStore(playground.jobs.store.transactions).callback_scores(address)

    assert ends == [(JobState.DONE, 1, calls) for _, calls, _ in FAULTS.values()]
    learned = [scores.get(("sandbox", model), 0) for model, _, score in FAULTS.values() if score is not None]
    assert learned[0] == 0
    assert max(learned[1:]) > 0, "one that comes long after the picture, as on a busy machine, counts for nothing"
