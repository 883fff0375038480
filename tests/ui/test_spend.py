"""Spend caps and charges: what the page and the endpoints say, and which requests reach the service."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.errors import CapReached
from components.jobs.budgets import Budget, Caps
from tests.recorder import Recorder
from tests.ui import AppProcess, api_client, free_port, run_app, write_quick_catalog
from tests.web.test_visitors import posted

pytestmark = pytest.mark.processes

KEY = "sk-visitor-of-these-tests"
HOST_KEY = "sk-host-of-these-tests"
VISITOR = "spender-of-these-tests"
AT_ONCE = 60


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        (Caps(daily=20), "This request costs 10 credits; this page has 5 of its 20 credits a day left. It resets"),
        (Caps(visitor=12), "This request costs 10 credits; you have 6 of your 12 credits a day left here. It resets"),
        (Caps(job=9), "This request costs 10 credits; this page allows 9 credits a request."),
    ],
)
def test_a_refusal_names_the_cap_and_says_when_it_resets(caps: Caps, words: str) -> None:
    """And that nothing was charged, and what to do about it."""
    with pytest.raises(CapReached) as refused:
        Budget(caps, 15.0, 6.0).check(10.0)
    reply = str(refused.value.problem)
    assert words in reply
    assert "Nothing was charged." in reply
    assert "own key" in reply


@contextmanager
def paid(folder: Path, cleared_upstream: Recorder, **caps: str) -> Iterator[AppProcess]:
    settings = {
        "API_IN_ONE_KEY": HOST_KEY,
        "API_IN_ONE_BASE_URL": cleared_upstream.address,
        "GRADIO_SERVER_PORT": str(free_port()),
        "PLAYGROUND_CATALOG": str(write_quick_catalog(folder.parent)),
    }
    with run_app(folder, **settings | caps) as app:
        yield app


def test_a_cap_holds_across_a_restart_and_nothing_is_sent_above_it(tmp_path: Path, cleared_upstream: Recorder) -> None:
    """What was spent before the process died counts; a key of one's own is not held to it."""
    with paid(tmp_path / "home", cleared_upstream, PLAYGROUND_DAILY_CREDITS="12") as app:
        with api_client(app) as client:
            for _ in range(2):
                assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
        app.stop(9)
    with paid(tmp_path / "home", cleared_upstream, PLAYGROUND_DAILY_CREDITS="12") as app:
        with api_client(app, X_Playground_Visitor=VISITOR) as client:
            reply = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
            assert client.predict(reply["job_id"], api_name="/job") == reply
        assert (reply["state"], reply["task_id"], reply["credits"], reply["credits_estimated"]) == ("failed", None, 0, 5)
        assert (
            "costs 5 credits; this page has 2 of its 12 credits a day left. It resets at midnight UTC." in reply["message"]
        )
        assert len(cleared_upstream.posts) == 2
        with api_client(app, X_API_In_One_Key=KEY) as client:
            assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"
        assert len(cleared_upstream.posts) == 3


def test_sixty_at_once_do_not_pass_the_cap(tmp_path: Path, cleared_upstream: Recorder) -> None:
    """Twenty requests of 5 credits fit 100: exactly they reach the service, and the others are refused in words."""
    call = ["flux-2", {"prompt": "a fox"}]
    with paid(tmp_path / "home", cleared_upstream, PLAYGROUND_DAILY_CREDITS="100", PLAYGROUND_VISITOR_CREDITS="10") as app:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            headers = [{"X-Playground-Visitor": f"one-of-many-visitors-{number % 12}"} for number in range(AT_ONCE)]
            replies = list(pool.map(lambda sent: posted(app, "generate", call, sent), headers))
        done = [text for text in replies if '"state": "done"' in text]
        refused = [text for text in replies if "It resets at midnight UTC." in text]
        assert (len(done), len(refused), len(cleared_upstream.posts)) == (20, 40, 20)


def test_a_comparison_sends_what_fits_in_its_order_and_says_what_the_rest_would_have_cost(
    tmp_path: Path, cleared_upstream: Recorder
) -> None:
    """A cheaper request further on may fit where a dear one did not; nothing is sent and then refused."""
    models = ["cogview-4", "hunyuan-image-3", "flux-2", "ideogram-v3"]
    with paid(tmp_path / "home", cleared_upstream, PLAYGROUND_VISITOR_CREDITS="12", PLAYGROUND_JOB_CREDITS="20") as app:
        with api_client(app, X_Playground_Visitor=VISITOR) as client:
            reply = client.predict(models, {"prompt": "a fox"}, api_name="/compare")
            history = client.predict({}, api_name="/history")
            estimates = [client.predict(model, {}, api_name="/estimate") for model in ("flux-2", "hunyuan-image-3")]
            nothing = client.predict(models[1:2], {"prompt": "a fox"}, api_name="/compare")

    cards = [(one["state"], one["credits"], one["credits_estimated"]) for one in reply["jobs"]]
    assert cards == [("done", 4, 4), ("refused", 0, 25), ("done", 5, 5), ("refused", 0, 8)]
    assert (reply["credits"], reply["usd"], reply["credits_estimated"]) == (9, 0.09, 42)
    assert "costs 25 credits; this page allows 20 credits a request" in reply["jobs"][1]["message"]
    assert "costs 8 credits; you have 3 of your 12 credits a day left here" in reply["jobs"][3]["message"]
    assert (len(cleared_upstream.posts), history["total"]) == (2, 2)
    assert [(one["fits"], one["credits_left"]) for one in estimates] == [(False, 3), (False, 3)]
    assert [(one["state"], one["credits"]) for one in nothing["jobs"]] == [("refused", 0)]


def test_a_charge_that_differs_from_the_list_is_shown_with_the_price(tmp_path: Path, cleared_upstream: Recorder) -> None:
    """At the endpoints, in the export, in the log and at /healthz: the service takes 5 credits where the catalog says 3."""
    own = tmp_path / "own.yaml"
    own.write_text(write_quick_catalog(tmp_path).read_text().replace("      - {credits: 5}", "      - {credits: 3}", 1))
    with paid(tmp_path / "home", cleared_upstream, PLAYGROUND_CATALOG=str(own)) as app:
        with api_client(app, X_Playground_Visitor=VISITOR) as client:
            reply = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
            (listed,) = client.predict({}, api_name="/history")["jobs"]
        health = app.get("/healthz").json()

    for job in (reply, listed):
        assert (job["credits"], job["usd"], job["credits_estimated"]) == (5, 0.05, 3)
    assert health["charge_differences"] == {"flux-2": 1}
    assert '"credits": 5.0, "listed_credits": 3' in app.log
