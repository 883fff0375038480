"""Who calls, with whose key, and what becomes of a job that goes wrong: the endpoints' other half."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.recorder import Recorder
from tests.ui import App, calling
from tests.ui.conftest import HOST_KEY

OWN_KEY = "sk-visitor-9a8b7c6d5e4f"
REHEARSALS: dict[str, tuple[str, list[str]]] = {
    "key": ("failed", ["401", "Invalid API key"]),
    "credits": ("failed", ["402", "Insufficient credits", "Top up"]),
    "moderation": ("failed", ["content policy", "Rephrase"]),
    "rate": ("done", []),
    "upstream": ("uncertain", ["500", "may have been"]),
    "broken": ("uncertain", ["may have been"]),
    "failed": ("failed", ["The model crashed"]),
    "moderated-later": ("failed", ["Blocked by the safety system"]),
    "empty": ("failed", ["no picture"]),
    "blip": ("done", []),
    "slow": ("done", []),
    "late": ("done", []),
    "square": ("done", []),
}


def test_each_rehearsed_failure_ends_as_what_it_is(caller: Client) -> None:
    """State, the service's own words and what to do; a task id wherever there is a task."""
    asked = {
        name: caller.submit("recraft-v4", {"prompt": f"a fox #sandbox:{name}", "image_size": "64x64"}, api_name="/generate")
        for name in REHEARSALS
    }

    for name, (state, words) in REHEARSALS.items():
        told = asked[name].result(timeout=60)
        assert (name, told["state"]) == (name, state)
        assert [word for word in words if word not in told["message"]] == []
        assert bool(told["message"]) == (state != "done")
        assert bool(told["images"]) == (state == "done")
        sent = name not in ("key", "credits", "moderation", "upstream", "broken")
        assert bool(told["task_id"]) == sent


def test_at_the_deadline_a_job_is_returned_as_running(hurried: App) -> None:
    """With its task id, and words that say so; unreadable answers until then are named."""
    with calling(hurried) as client:
        asked = {
            name: client.submit("flux-2", {"prompt": f"a fox #sandbox:{name}"}, api_name="/generate")
            for name in ("never", "html", "word", "gone")
        }
        told: dict[str, Any] = {name: job.result(timeout=60) for name, job in asked.items()}

    assert {one["state"] for one in told.values()} == {"running"}
    for name, one in told.items():
        assert name == "gone" or one["task_id"] in one["message"]
        assert (bool(one["task_id"]), one["images"], one["credits"]) == (True, [], 5)
    assert "answers 404" in told["gone"]["message"]
    assert "web page" in told["html"]["message"]
    assert "THAWING" in told["word"]["message"]


def test_twenty_at_once_do_not_wait_for_one_that_never_ends(caller: Client) -> None:
    """Each ends on its own; nobody stands in a queue behind another."""
    stuck = caller.submit("flux-2", {"prompt": "a fox #sandbox:never"}, api_name="/generate")
    others = [caller.submit("flux-2", {"prompt": f"fox {at}"}, api_name="/generate") for at in range(19)]

    told = [job.result(timeout=60) for job in others]

    assert {one["state"] for one in told} == {"done"}
    assert len({one["task_id"] for one in told} | {one["job_id"] for one in told}) == 38
    assert not stuck.done()
    stuck.cancel()


def test_without_a_key_of_ones_own_the_hosts_key_pays(hosted: App, ledger: Recorder) -> None:
    """It goes to the service, on both routes, and not to where the picture lies."""
    with calling(hosted) as client:
        told = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")

    assert told["state"] == "done"
    assert len(ledger.posts) == 1
    assert bearers(ledger) == {f"Bearer {HOST_KEY}"}


def test_a_callers_own_key_goes_to_the_service_and_nowhere_else(hosted: App, ledger: Recorder) -> None:
    """Not to the picture's address, not into the answer, the program or the log; and the host's key is not used."""
    with calling(hosted, X_API_In_One_Key=OWN_KEY) as client:
        told = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        text = client.predict("flux-2", {"prompt": "a fox"}, api_name="/snippet")

    assert told["state"] == "done"
    assert [one.body for one in ledger.posts] == [
        {"model": "flux-2", "type": "pro", "prompt": "a fox", "aspect_ratio": "1:1", "resolution": "1K"}
    ]
    assert bearers(ledger) == {f"Bearer {OWN_KEY}"}
    pictures = [one for one in ledger.requests if "/files/" in one.path]
    assert pictures
    for one in ledger.requests:
        names = {name for name, value in one.headers.items() if OWN_KEY in value}
        assert names == (set() if one in pictures else {"authorization"})
        assert OWN_KEY not in one.path + one.content.decode()
    assert OWN_KEY not in f"{told}{text}{hosted.log}"
    assert HOST_KEY not in f"{told}{text}{hosted.log}"
    assert ledger.address in text


def bearers(ledger: Recorder) -> set[str]:
    """The keys with which both routes were asked; the files are asked for without."""
    assert not any("authorization" in one.headers for one in ledger.requests if "/files/" in one.path)
    return {one.headers["authorization"] for one in ledger.requests if "/files/" not in one.path}


def test_a_key_that_the_service_refuses_is_an_error_and_no_reason_to_use_the_hosts(hosted: App, ledger: Recorder) -> None:
    """One POST, with the caller's key; the answer says that the key is refused, and does not repeat it."""
    with calling(hosted, X_API_In_One_Key=OWN_KEY) as client:
        told = client.predict("flux-2", {"prompt": "a fox #sandbox:key"}, api_name="/generate")

    assert (told["state"], told["task_id"], told["images"]) == ("failed", None, [])
    assert "refuses the key" in told["message"]
    assert [one.headers["authorization"] for one in ledger.requests] == [f"Bearer {OWN_KEY}"]
    assert OWN_KEY not in told["message"]


@pytest.mark.parametrize("key", ["", "two words", "aio_abc****", "caf\u00e9", "x" * 501, "a\tb"])
@pytest.mark.parametrize("endpoint", ["generate", "snippet"])
def test_a_header_that_is_no_key_is_an_error(key: str, endpoint: str, hosted: App, ledger: Recorder) -> None:
    """Never a silent use of the host's key; a key that is refused is not repeated."""
    told = raw(hosted, endpoint, {"X-API-In-One-Key": key.encode()})

    assert "key" in told.lower()
    assert "event: error" in told
    assert not key.strip() or key not in told
    assert ledger.requests == []


@pytest.mark.parametrize("visitor", ["short", "x" * 15])
def test_a_visitors_name_that_can_be_guessed_is_an_error(visitor: str, hosted: App, ledger: Recorder) -> None:
    """Sixteen characters at least; the message says so."""
    told = raw(hosted, "generate", {"X-Playground-Visitor": visitor.encode()})

    assert "X-Playground-Visitor".lower() in told.lower()
    assert "16" in told
    assert ledger.requests == []


def test_a_visitors_name_of_sixteen_characters_is_taken(app: App) -> None:
    """With or without a key."""
    with calling(app, X_Playground_Visitor="v" * 16) as client:
        assert client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")["state"] == "done"


def raw(app: App, endpoint: str, headers: dict[str, bytes]) -> str:
    """What the stream of a call by plain HTTP says: the ordinary client would not send such headers."""
    call = ["flux-2", {"prompt": "a fox"}, *(["curl"] if endpoint == "snippet" else [])]
    named = {name.lower().encode(): value for name, value in headers.items()}
    with httpx2.Client(base_url=app.url, trust_env=False, timeout=30) as http:
        started = http.post(f"/gradio_api/call/{endpoint}", json={"data": call}, headers=list(named.items()))
        if started.status_code != 200:
            return f"event: error {started.text}"
        return http.get(f"/gradio_api/call/{endpoint}/{started.json()['event_id']}").text


def test_the_pages_own_events_are_not_called_by_name(app: App) -> None:
    """The client knows five; a guessed name of a handler is not one of them."""
    with calling(app) as client:
        for name in ("run", "enter", "follow", "arrive", "choose", "look", "halt", "watch", "describe", "narrow", "plan"):
            with pytest.raises((AppError, ValueError)):
                client.predict(api_name=f"/{name}")


def test_a_caller_who_leaves_does_not_end_the_job(hosted: App, ledger: Recorder) -> None:
    """The task is asked for until its end, and its picture is fetched, though nobody waits any more."""
    with httpx2.Client(base_url=hosted.url, trust_env=False) as http:
        call = {"data": ["flux-2", {"prompt": "left alone #sandbox:slow"}]}
        event = http.post("/gradio_api/call/generate", json=call).json()["event_id"]
        with pytest.raises(httpx2.TimeoutException):
            with http.stream("GET", f"/gradio_api/call/generate/{event}", timeout=0.3) as stream:
                stream.read()

    give_up = time.monotonic() + 30
    while not ledger.paths("/files/") and time.monotonic() < give_up:
        time.sleep(0.05)

    assert len(ledger.posts) == 1
    assert len(ledger.paths("/files/")) == 1
