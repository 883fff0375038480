"""Sandbox tasks: how long they take, when they are forgotten, and what each simulated fault shows over HTTP."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import statistics
import time
from collections.abc import Iterator

import httpx2
import pytest
from PIL import Image

from components.api import Account, ApiClient, Phase
from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.errors import ServiceError
from components.sandbox.tasks import FAULTS, MOST_TASKS, OLDEST_S, TaskStore, fault_of
from tests.conftest import LONGEST_SIDE
from tests.sandbox import CREATE, FOX, TASKS, addresses, connect, finish, refused, start


def request(catalog: Catalog, prompt: str = "a fox", model: str = "gpt-image-1-5") -> Request:
    return build_request(catalog, model, {"prompt": prompt})


def times(store: TaskStore, one_request: Request) -> list[float]:
    """How many seconds each of 800 tasks for a request takes."""
    return [store.accept(one_request).seconds for _ in range(800)]


def test_four_of_five_tasks_take_the_time_the_model_states(catalog: Catalog) -> None:
    for model in catalog.models:
        assert model.seconds is not None
        low, high = model.seconds
        seconds = times(TaskStore(), request(catalog, model=model.id))

        assert 0.7 < sum(low <= each <= high for each in seconds) / len(seconds) < 0.9, model.id
        assert low < statistics.median(seconds) < high
        assert min(seconds) > 0.1 * low
        assert max(seconds) < 10 * high


def test_speed_divides_every_time_and_slow_takes_five_times_as_long(catalog: Catalog) -> None:
    usual = statistics.median(times(TaskStore(), request(catalog)))
    fast = statistics.median(times(TaskStore(50), request(catalog)))
    slow = statistics.median(times(TaskStore(), request(catalog, "a fox #sandbox:slow")))

    assert (fast, slow) == (pytest.approx(usual / 50, rel=0.2), pytest.approx(usual * 5, rel=0.2))


def test_a_task_id_begins_with_its_models_node_and_is_never_given_twice(catalog: Catalog) -> None:
    store, nodes = TaskStore(), {"gpt-image-1-5": "n42", "flux-2": "n41", "ideogram-v4": "n63", "seedream-4-5": "n30"}
    for model, node in nodes.items():
        one_request = request(catalog, model=model)
        ids = [store.accept(one_request).id for _ in range(500)]

        assert len(set(ids)) == 500
        assert all(name.startswith(node) and name.isalnum() and len(name) > 20 for name in ids)


def test_progress_runs_from_nothing_to_one_and_stays_there(catalog: Catalog) -> None:
    task = TaskStore().accept(request(catalog))

    shares = [task.progress(task.created + share * task.seconds) for share in (0, 0.25, 0.5, 1, 2, 1000)]

    assert shares == pytest.approx([0, 0.25, 0.5, 1, 1, 1])


def test_a_task_that_never_ends_is_never_done(catalog: Catalog) -> None:
    task = TaskStore(1000).accept(request(catalog, "a fox #sandbox:never"))

    assert task.progress(task.created + 1e12) == 0


def test_a_late_picture_is_missing_for_two_run_times_more(catalog: Catalog) -> None:
    task = TaskStore().accept(request(catalog, "a fox #sandbox:late"))

    assert [task.has_pictures(task.created + times * task.seconds) for times in (1.1, 2.9, 3.1)] == [False, False, True]


def test_tasks_are_bounded_and_the_oldest_is_forgotten_first(catalog: Catalog) -> None:
    store = TaskStore()
    one_request = request(catalog)
    first, *others = [store.accept(one_request) for _ in range(MOST_TASKS)]
    assert store.find(first.id) is first

    latest = store.accept(one_request)

    assert store.find(first.id) is None
    assert all(store.find(task.id) is task for task in [*others, latest])


def test_tasks_older_than_an_hour_are_forgotten(catalog: Catalog) -> None:
    store = TaskStore()
    old, recent = store.accept(request(catalog)), store.accept(request(catalog))
    old.created = time.monotonic() - OLDEST_S - 1

    store.accept(request(catalog))

    assert (store.find(old.id), store.find(recent.id)) == (None, recent)
    assert store.find("n42nobody") is None


@pytest.mark.parametrize("name", FAULTS)
def test_a_marker_anywhere_in_the_prompt_simulates_its_fault_and_any_other_text_does_not(
    catalog: Catalog, name: str
) -> None:
    for prompt in ("#sandbox:{}", "a fox #sandbox:{} in snow", "a fox,#sandbox:{}.", "line\n#sandbox:{}\nline"):
        assert fault_of(prompt.format(name)) == name
        assert TaskStore().accept(request(catalog, prompt.format(name))).fault == name
    for prompt in ("", "{}", "#sandbox:", "#sandbox:non{}sense", "# sandbox:{}", "sandbox:{}", "#SANDBOX:{}"):
        assert fault_of(prompt.format(name)) == ""


def test_a_prompt_is_limited_once_and_the_memory_of_it_is_bounded() -> None:
    store = TaskStore()

    assert [store.first_time("a fox") for _ in range(3)] == [True, False, False]
    assert all(store.first_time(f"fox {number}") for number in range(1000))
    assert store.first_time("a fox"), "forgotten after so many others"


@pytest.fixture(scope="module")
def api(sandbox: str) -> Iterator[httpx2.Client]:
    with connect(sandbox) as client:
        yield client


# name -> status, type and words of the answer to the POST
REFUSALS: dict[str, tuple[int, str, str]] = {
    "key": (401, "authentication_error", "Invalid API key"),
    "credits": (402, "insufficient_credits", "Insufficient credits"),
    "moderation": (400, "bad_request", "content policy"),
    "upstream": (500, "server_error", "Internal error"),
    "rate": (429, "rate_limit_error", "Too many requests"),
}
FAILURES = {"failed": "The model crashed", "moderated-later": "Blocked by the safety system"}
SEEN = {"failed", "moderated-later", "never", "slow", "blip", "html", "word", "empty", "gone", "late", "square", "broken"}
CALLED = {"callback-lost", "callback-late", "callback-twice"}  # in test_callbacks


def test_every_simulated_fault_is_tested_here() -> None:
    assert set(REFUSALS) | SEEN | CALLED == set(FAULTS)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_simulated_refusal_is_the_answer_to_the_post(api: httpx2.Client, name: str) -> None:
    status, kind, words = REFUSALS[name]
    body = {**FOX, "prompt": f"refused #sandbox:{name}"}
    answer = api.post(CREATE, json=body)

    assert words in refused(answer, status, kind)
    if name == "rate":
        assert answer.headers["retry-after"] == "1"
        assert finish(api, start(api, **body))["status"] == "completed"


def test_a_simulated_broken_answer_is_truncated_json(api: httpx2.Client) -> None:
    answer = api.post(CREATE, json={**FOX, "prompt": "#sandbox:broken"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("name", FAILURES)
def test_a_simulated_failure_ends_as_failed_with_its_reason(api: httpx2.Client, name: str) -> None:
    data = finish(api, start(api, **{**FOX, "prompt": f"#sandbox:{name}"}))

    assert (data["status"], data["error_message"]) == ("failed", FAILURES[name])
    assert "output" not in data


def test_simulated_poll_faults_answer_as_described(api: httpx2.Client) -> None:
    blip, html, word, never, slow = (
        start(api, **{**FOX, "prompt": f"#sandbox:{name}"}) for name in ("blip", "html", "word", "never", "slow")
    )

    assert [api.get(TASKS + blip).status_code for _ in range(3)] == [503, 503, 200]
    assert finish(api, blip)["status"] == "completed"
    for _ in range(3):
        page = api.get(TASKS + html)
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert finish(api, word)["status"] == "THAWING"
    assert finish(api, slow)["status"] == "completed"
    assert api.get(TASKS + never).json()["data"]["status"] == "IN_PROGRESS", "long after the others ended"


def test_simulated_picture_faults_are_missing_gone_late_or_square_pictures(api: httpx2.Client) -> None:
    empty, gone = (finish(api, start(api, **{**FOX, "prompt": f"#sandbox:{name}"})) for name in ("empty", "gone"))
    late = addresses(finish(api, start(api, **{**FOX, "prompt": "#sandbox:late"})))[0]
    while (answer := api.get(late).status_code) == 404:
        time.sleep(0.02)
    square = finish(api, start(api, model="flux-2", prompt="#sandbox:square", aspect_ratio="16:9"))

    assert (empty["status"], addresses(empty)) == ("completed", [])
    assert (gone["status"], [api.get(url).status_code for url in addresses(gone)]) == ("completed", [404])
    assert answer == 200
    with Image.open(io.BytesIO(api.get(addresses(square)[0]).content)) as picture:
        assert picture.size == (LONGEST_SIDE, LONGEST_SIDE)


@pytest.mark.parametrize("name", ["", *FAULTS])
async def test_our_own_client_reads_every_answer_of_the_sandbox(client: ApiClient, account: Account, name: str) -> None:
    """Our own client reads each simulated fault as what it is."""
    body = {**FOX, "prompt": f"read #sandbox:{name}"}
    try:
        task_id = (await client.create(account, body, 1)).task_id
        for _ in range(3) if name in ("never", "word") else itertools.count():
            reply = await client.task(account, task_id or "", body, 1)
            if reply.phase is not Phase.RUNNING:
                break
            await asyncio.sleep(0.02)
        outcome = reply.phase.value
    except ServiceError as error:
        outcome = error.code

    assert outcome == {"key": "key", "credits": "credits", "moderation": "moderation", "rate": "rate", "upstream": "lost", "broken": "lost",
                       "failed": "failed", "moderated-later": "failed", "never": "running", "blip": "failed",
                       "html": "unreadable", "word": "running", "empty": "no_picture"}.get(name, "done")  # fmt: skip
