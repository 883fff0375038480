"""Endpoints: visitors, keys, and jobs that fail."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.recorder import Recorder
from tests.ui import AppProcess, api_client
from tests.ui.conftest import HOST_KEY

OWN_KEY = "sk-visitor-9a8b7c6d5e4f"
FREE = "Nothing was charged."
FAILURES: dict[str, tuple[str, list[str]]] = {
    "key": ("failed", ["refuses the key (401)", "Invalid API key", "Check the key", FREE]),
    "credits": ("failed", ["402", "Insufficient credits", "Top up", FREE]),
    "moderation": ("failed", ["content policy", "Rephrase", FREE]),
    "rate": ("done", []),
    "upstream": ("uncertain", ["500", "may have been"]),
    "broken": ("uncertain", ["may have been"]),
    "failed": ("failed", ["The model crashed", FREE]),
    "moderated-later": ("failed", ["Blocked by the safety system", "Rephrase the prompt", FREE]),
    "empty": ("failed", ["no picture", "Report the task id", FREE]),
    "blip": ("done", []),
    "slow": ("done", []),
    "late": ("done", []),
    "square": ("done", []),
}


def test_each_simulated_failure_has_its_state_and_message(api_caller: Client) -> None:
    """State, the service's message and the next step; a task id if there is a task."""
    calls = {
        name: api_caller.submit(
            "recraft-v4", {"prompt": f"a fox #sandbox:{name}", "image_size": "64x64"}, api_name="/generate"
        )
        for name in FAILURES
    }

    for name, (state, words) in FAILURES.items():
        reply = calls[name].result(timeout=60)
        assert (name, reply["state"]) == (name, state)
        assert [word for word in words if word not in reply["message"]] == []
        assert bool(reply["message"]) == (state != "done")
        assert bool(reply["images"]) == (state == "done")
        sent = name not in ("key", "credits", "moderation", "upstream", "broken")
        assert bool(reply["task_id"]) == sent


def test_at_the_deadline_a_job_is_returned_as_running(app_with_short_deadline: AppProcess) -> None:
    """With its task id, and words that say so; unreadable answers until then are named."""
    with api_client(app_with_short_deadline) as client:
        calls = {
            name: client.submit("flux-2", {"prompt": f"a fox #sandbox:{name}"}, api_name="/generate")
            for name in ("never", "html", "word", "gone")
        }
        replies: dict[str, Any] = {name: job.result(timeout=60) for name, job in calls.items()}

    assert {one["state"] for one in replies.values()} == {"running"}
    for name, one in replies.items():
        assert name == "gone" or one["task_id"] in one["message"]
        assert (bool(one["task_id"]), one["images"], one["credits"]) == (True, [], 5)
    assert "answers 404" in replies["gone"]["message"]
    assert "web page" in replies["html"]["message"]
    assert "THAWING" in replies["word"]["message"]


def test_twenty_at_once_do_not_wait_for_one_that_never_ends(api_caller: Client) -> None:
    """No call waits in a queue behind another."""
    stuck = api_caller.submit("flux-2", {"prompt": "a fox #sandbox:never"}, api_name="/generate")
    others = [api_caller.submit("flux-2", {"prompt": f"fox {at}"}, api_name="/generate") for at in range(19)]

    replies = [job.result(timeout=60) for job in others]

    assert {one["state"] for one in replies} == {"done"}
    assert len({one["task_id"] for one in replies} | {one["job_id"] for one in replies}) == 38
    assert not stuck.done()
    stuck.cancel()


def test_without_a_key_of_ones_own_the_hosts_key_pays(app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """It is sent to both routes of the service, and not to the picture's host."""
    with api_client(app_with_host_key) as client:
        reply = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")

    assert reply["state"] == "done"
    assert len(cleared_upstream.posts) == 1
    assert bearers(cleared_upstream) == {f"Bearer {HOST_KEY}"}


def test_a_callers_own_key_is_sent_to_the_service_only(app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """Not to the picture's address, not into the answer, the program or the log; and the host's key is not used."""
    with api_client(app_with_host_key, X_API_In_One_Key=OWN_KEY) as client:
        reply = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        text = client.predict("flux-2", {"prompt": "a fox"}, api_name="/snippet")

    assert reply["state"] == "done"
    assert [one.body for one in cleared_upstream.posts] == [
        {"model": "flux-2", "type": "pro", "prompt": "a fox", "aspect_ratio": "1:1", "resolution": "1K"}
    ]
    assert bearers(cleared_upstream) == {f"Bearer {OWN_KEY}"}
    pictures = [one for one in cleared_upstream.requests if "/files/" in one.path]
    assert pictures
    for one in cleared_upstream.requests:
        names = {name for name, value in one.headers.items() if OWN_KEY in value}
        assert names == (set() if one in pictures else {"authorization"})
        assert OWN_KEY not in one.path + one.content.decode()
    assert OWN_KEY not in f"{reply}{text}{app_with_host_key.log}"
    assert HOST_KEY not in f"{reply}{text}{app_with_host_key.log}"
    assert cleared_upstream.address in text


def bearers(cleared_upstream: Recorder) -> set[str]:
    """The keys sent to both routes; files are requested without a key."""
    assert not any("authorization" in one.headers for one in cleared_upstream.requests if "/files/" in one.path)
    return {one.headers["authorization"] for one in cleared_upstream.requests if "/files/" not in one.path}


def test_a_key_that_the_service_refuses_is_an_error_and_no_reason_to_use_the_hosts(
    app_with_host_key: AppProcess, cleared_upstream: Recorder
) -> None:
    """One POST, with the caller's key; the answer says that the key is refused, and does not repeat it."""
    with api_client(app_with_host_key, X_API_In_One_Key=OWN_KEY) as client:
        reply = client.predict("flux-2", {"prompt": "a fox #sandbox:key"}, api_name="/generate")

    assert (reply["state"], reply["task_id"], reply["images"]) == ("failed", None, [])
    assert "refuses the key" in reply["message"]
    assert [one.headers["authorization"] for one in cleared_upstream.requests] == [f"Bearer {OWN_KEY}"]
    assert OWN_KEY not in reply["message"]


@pytest.mark.parametrize("key", ["", "two words", "aio_abc****", "caf\u00e9", "x" * 501, "a\tb"])
@pytest.mark.parametrize("endpoint", ["generate", "snippet"])
def test_an_invalid_key_header_is_an_error(
    key: str, endpoint: str, app_with_host_key: AppProcess, cleared_upstream: Recorder
) -> None:
    """Never a silent use of the host's key; a key that is refused is not repeated."""
    reply = raw(app_with_host_key, endpoint, {"X-API-In-One-Key": key.encode()})

    assert "key" in reply.lower()
    assert "event: error" in reply
    assert not key.strip() or key not in reply
    assert cleared_upstream.requests == []


@pytest.mark.parametrize("visitor", ["short", "x" * 15])
def test_a_short_visitor_id_is_an_error(visitor: str, app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """Sixteen characters at least; the message says so."""
    reply = raw(app_with_host_key, "generate", {"X-Playground-Visitor": visitor.encode()})

    assert "X-Playground-Visitor".lower() in reply.lower()
    assert "16" in reply
    assert cleared_upstream.requests == []


def test_a_visitor_id_of_sixteen_characters_is_accepted(app: AppProcess) -> None:
    """With or without a key."""
    with api_client(app, X_Playground_Visitor="v" * 16) as client:
        assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"


def raw(app: AppProcess, endpoint: str, headers: dict[str, bytes]) -> str:
    """What the stream of a call by plain HTTP says: the ordinary client would not send such headers."""
    call = ["flux-2", {"prompt": "a fox"}, *(["curl"] if endpoint == "snippet" else [])]
    named = {name.lower().encode(): value for name, value in headers.items()}
    with httpx2.Client(base_url=app.url, trust_env=False, verify=False, timeout=30) as http:
        started = http.post(f"/gradio_api/call/{endpoint}", json={"data": call}, headers=list(named.items()))
        if started.status_code != 200:
            return f"event: error {started.text}"
        return http.get(f"/gradio_api/call/{endpoint}/{started.json()['event_id']}").text


def test_the_pages_own_events_cannot_be_called_by_name(app: AppProcess) -> None:
    """Names of handlers are unknown to the client."""
    with api_client(app) as client:
        for name in ("run", "enter", "follow", "arrive", "choose", "look", "halt", "watch", "describe", "narrow", "plan"):
            with pytest.raises((AppError, ValueError)):
                client.predict(api_name=f"/{name}")


def test_a_caller_who_leaves_does_not_end_the_job(app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """The task is polled to its end and its picture is fetched, although nobody waits."""
    with httpx2.Client(base_url=app_with_host_key.url, trust_env=False, verify=False) as http:
        call = {"data": ["flux-2", {"prompt": "left alone #sandbox:slow"}]}
        event = http.post("/gradio_api/call/generate", json=call).json()["event_id"]
        with pytest.raises(httpx2.TimeoutException):
            with http.stream("GET", f"/gradio_api/call/generate/{event}", timeout=0.3) as stream:
                stream.read()

    deadline = time.monotonic() + 30
    while not cleared_upstream.paths("/files/") and time.monotonic() < deadline:
        time.sleep(0.05)

    assert len(cleared_upstream.posts) == 1
    assert len(cleared_upstream.paths("/files/")) == 1
