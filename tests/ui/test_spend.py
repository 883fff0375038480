"""Whose money, how much of it, and how far it may go: what the page says, and what the service is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.errors import CapReached
from components.jobs.budgets import check_caps
from components.jobs.job import Caps, Job, JobState
from components.views import words as messages
from tests.recorder import Recorder
from tests.ui import App, calling, free_port, running
from tests.web.test_visitors import posted

KEY = "sk-visitor-of-these-tests"
HOST_KEY = "sk-host-of-these-tests"
VISITOR = "spender-of-these-tests"
AT_ONCE = 200


def job(**changes: Any) -> Job:
    """A job of 10 credits that the host pays."""
    now = time.time()
    given = Job(
        id=f"job-{time.monotonic_ns()}", visitor=VISITOR, model="flux-2", body={}, shape="1:1", count=1, payer="host",
        base_url="https://service.test", credits=10.0, usd=0.1, created_at=now, sent_at=now, state=JobState.DONE,
        task_id="n42", finished_at=now,
    )  # fmt: skip
    return replace(given, **changes)


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (Caps(daily=20), "This page has used 15 of its 20 credits a day. It resets at midnight UTC."),
        (Caps(visitor=12), "You have used 6 of your 12 credits a day here. It resets at midnight UTC."),
        (Caps(job=9), "This request costs 10 credits; this page allows 9 credits a request."),
    ],
)
def test_a_refusal_names_the_cap_and_says_when_it_resets(caps: Caps, words: str) -> None:
    """And that nothing was charged, and what to do about it."""
    with pytest.raises(CapReached) as refused:
        check_caps(job(), caps, 15.0, 6.0)
    told = messages.plain(refused.value)
    assert words in told
    assert "Nothing was charged." in told
    assert "own key" in told


@contextmanager
def paid(folder: Path, ledger: Recorder, **caps: str) -> Iterator[App]:
    settings = {"API_IN_ONE_KEY": HOST_KEY, "API_IN_ONE_BASE_URL": ledger.address, "GRADIO_SERVER_PORT": str(free_port())}
    with running(folder, **settings, **caps) as app:
        yield app


def test_a_cap_is_kept_across_a_restart_and_beyond_it_nothing_is_sent(tmp_path: Path, ledger: Recorder) -> None:
    """What was spent before the process died counts; a key of one's own is not held to it."""
    with paid(tmp_path / "home", ledger, PLAYGROUND_DAILY_CREDITS="12") as app:
        with calling(app) as client:
            for _ in range(2):
                assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
        app.stop(9)
    with paid(tmp_path / "home", ledger, PLAYGROUND_DAILY_CREDITS="12") as app:
        with calling(app) as client:
            told = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        assert (told["state"], told["task_id"]) == ("failed", None)
        assert "This page has used 10 of its 12 credits a day. It resets at midnight UTC." in told["message"]
        assert len(ledger.posts) == 2
        with calling(app, X_API_In_One_Key=KEY) as client:
            assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
        assert len(ledger.posts) == 3


def test_two_hundred_at_once_do_not_pass_the_cap(tmp_path: Path, ledger: Recorder) -> None:
    """Twenty requests of 5 credits fit 100: exactly they reach the service, and the others are refused in words."""
    call = ["flux-2", {"prompt": "a fox"}]
    with paid(tmp_path / "home", ledger, PLAYGROUND_DAILY_CREDITS="100", PLAYGROUND_VISITOR_CREDITS="10") as app:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            headers = [{"X-Playground-Visitor": f"one-of-many-visitors-{number % 40}"} for number in range(AT_ONCE)]
            told = list(pool.map(lambda sent: posted(app, "generate", call, sent), headers))
        done = [text for text in told if '"state": "done"' in text]
        refused = [text for text in told if "It resets at midnight UTC." in text]
        assert (len(done), len(refused), len(ledger.posts)) == (20, 180, 20)
