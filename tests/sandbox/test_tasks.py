"""The life of a sandbox task: how long it takes, when it is forgotten, and what each rehearsal shows over HTTP."""

from __future__ import annotations

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
from components.sandbox.tasks import MOST_TASKS, OLDEST_S, REHEARSALS, TaskStore, rehearsal
from tests.sandbox import CREATE, FOX, TASKS, addresses, connect, finish, refused, start


def request(catalog: Catalog, prompt: str = "a fox", model: str = "gpt-image-1-5") -> Request:
    return build_request(catalog, model, {"prompt": prompt})


@pytest.mark.parametrize("model", ["cogview-4", "flux-2", "grok-imagine", "kling-image-o1", "ideogram-v3", "imagen-4", "gpt-image-1-5",
                                   "recraft-v4", "ideogram-v4", "seedream-4-5", "hunyuan-image-3"])  # fmt: skip
def test_four_of_five_tasks_take_the_time_the_model_states(catalog: Catalog, model: str) -> None:
    entry = catalog.find(model)
    assert entry is not None
    assert entry.seconds is not None
    low, high = entry.seconds
    book = TaskStore()

    times = [book.accept(request(catalog, model=model)).seconds for _ in range(800)]

    assert 0.7 < sum(low <= seconds <= high for seconds in times) / len(times) < 0.9
    assert low < statistics.median(times) < high
    assert min(times) > 0.1 * low
    assert max(times) < 10 * high


def test_speed_divides_every_time_and_slow_takes_five_times_as_long(catalog: Catalog) -> None:
    def typical(book: TaskStore, prompt: str) -> float:
        return statistics.median(book.accept(request(catalog, prompt)).seconds for _ in range(800))

    usual = typical(TaskStore(), "a fox")

    assert typical(TaskStore(50), "a fox") == pytest.approx(usual / 50, rel=0.2)
    assert typical(TaskStore(), "a fox #sandbox:slow") == pytest.approx(usual * 5, rel=0.2)


@pytest.mark.parametrize(
    ("model", "prefix"),
    [("gpt-image-1-5", "n42"), ("flux-2", "n41"), ("ideogram-v4", "n63"), ("recraft-v4", "n78"), ("seedream-4-5", "n30")],
)
def test_a_task_id_begins_with_its_models_node_and_is_never_given_twice(catalog: Catalog, model: str, prefix: str) -> None:
    book = TaskStore()

    ids = [book.accept(request(catalog, model=model)).id for _ in range(500)]

    assert len(set(ids)) == 500
    assert all(name.startswith(prefix) and name.isalnum() and len(name) > 20 for name in ids)


def test_progress_runs_from_nothing_to_one_and_stays_there(catalog: Catalog) -> None:
    task = TaskStore().accept(request(catalog))

    shares = [task.progress(task.created + share * task.seconds) for share in (0, 0.25, 0.5, 1, 2, 1000)]

    assert shares == pytest.approx([0, 0.25, 0.5, 1, 1, 1])


def test_a_task_that_never_ends_is_never_done(catalog: Catalog) -> None:
    task = TaskStore(1000).accept(request(catalog, "a fox #sandbox:never"))

    assert task.progress(task.created + 1e12) == 0


def test_tasks_are_bounded_and_the_oldest_is_forgotten_first(catalog: Catalog) -> None:
    book = TaskStore()
    asked = request(catalog)
    first, *others = [book.accept(asked) for _ in range(MOST_TASKS)]
    assert book.find(first.id) is first

    latest = book.accept(asked)

    assert book.find(first.id) is None
    assert all(book.find(task.id) is task for task in [*others, latest])


def test_tasks_older_than_an_hour_are_forgotten(catalog: Catalog) -> None:
    book = TaskStore()
    old, young = book.accept(request(catalog)), book.accept(request(catalog))
    old.created = time.monotonic() - OLDEST_S - 1

    book.accept(request(catalog))

    assert (book.find(old.id), book.find(young.id)) == (None, young)
    assert book.find("n42nobody") is None


@pytest.mark.parametrize("name", REHEARSALS)
def test_a_marker_anywhere_in_the_prompt_rehearses(catalog: Catalog, name: str) -> None:
    for prompt in (
        f"#sandbox:{name}",
        f"a fox #sandbox:{name} in snow",
        f"a fox,#sandbox:{name}.",
        f"line\n#sandbox:{name}\nline",
    ):
        assert rehearsal(prompt) == name
        assert TaskStore().accept(request(catalog, prompt)).rehearsal == name


@pytest.mark.parametrize(
    "prompt",
    ["", "a fox", "#sandbox:", "#sandbox:nonsense", "#sandbox:credit", "# sandbox:key", "sandbox:key", "#sandbox:KEY"],
)
def test_any_other_prompt_rehearses_nothing(prompt: str) -> None:
    assert rehearsal(prompt) == ""


def test_a_prompt_is_limited_once_and_the_memory_of_it_is_bounded() -> None:
    book = TaskStore()

    assert [book.first_time("a fox") for _ in range(3)] == [True, False, False]
    assert all(book.first_time(f"fox {number}") for number in range(1000))
    assert book.first_time("a fox"), "forgotten after so many others"


@pytest.fixture(scope="module")
def api(sandbox: str) -> Iterator[httpx2.Client]:
    with connect(sandbox) as client:
        yield client


# name -> status, type and words of the answer to the POST
REHEARSED: dict[str, tuple[int, str, str]] = {
    "key": (401, "authentication_error", "Invalid API key"),
    "credits": (402, "insufficient_credits", "Insufficient credits"),
    "moderation": (400, "bad_request", "content policy"),
    "upstream": (500, "server_error", "Internal error"),
    "rate": (429, "rate_limit_error", "Too many requests"),
}
ENDINGS = {"failed": "The model crashed", "moderated-later": "Blocked by the safety system"}
SEEN = {"failed", "moderated-later", "never", "slow", "blip", "html", "word", "empty", "gone", "square", "broken"}


def test_every_rehearsal_is_tried_here() -> None:
    assert set(REHEARSED) | SEEN == set(REHEARSALS)


@pytest.mark.parametrize("name", REHEARSED)
def test_a_rehearsed_refusal_is_the_answer_to_the_post(api: httpx2.Client, name: str) -> None:
    status, kind, words = REHEARSED[name]
    body = {**FOX, "prompt": f"refused #sandbox:{name}"}
    answer = api.post(CREATE, json=body)

    assert words in refused(answer, status, kind)
    if name == "rate":
        assert answer.headers["retry-after"] == "1"
        assert finish(api, start(api, **body))["status"] == "completed"


def test_a_rehearsed_broken_answer_is_truncated_json(api: httpx2.Client) -> None:
    answer = api.post(CREATE, json={**FOX, "prompt": "#sandbox:broken"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("name", ENDINGS)
def test_a_rehearsed_failure_ends_as_failed_with_its_reason(api: httpx2.Client, name: str) -> None:
    data = finish(api, start(api, **{**FOX, "prompt": f"#sandbox:{name}"}))

    assert (data["status"], data["error_message"]) == ("failed", ENDINGS[name])
    assert "output" not in data


def test_rehearsed_polls_answer_as_their_text_says(api: httpx2.Client) -> None:
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


def test_rehearsed_pictures_are_missing_gone_or_square(api: httpx2.Client) -> None:
    empty, gone = (finish(api, start(api, **{**FOX, "prompt": f"#sandbox:{name}"})) for name in ("empty", "gone"))
    square = finish(api, start(api, model="flux-2", prompt="#sandbox:square", aspect_ratio="16:9"))

    assert (empty["status"], addresses(empty)) == ("completed", [])
    assert (gone["status"], [api.get(url).status_code for url in addresses(gone)]) == ("completed", [404])
    with Image.open(io.BytesIO(api.get(addresses(square)[0]).content)) as picture:
        assert picture.size == (1024, 1024)


@pytest.mark.parametrize("name", ["", *REHEARSALS])
async def test_our_own_client_understands_all_the_sandbox_says(client: ApiClient, account: Account, name: str) -> None:
    """An answer of the sandbox is read as what it rehearses, never as something foreign."""
    body = {**FOX, "prompt": f"read #sandbox:{name}"}
    try:
        task_id = (await client.create(account, body)).task_id
        for _ in itertools.count() if name != "never" else range(3):
            reply = await client.task(account, task_id or "", body)
            if reply.phase is not Phase.RUNNING:
                break
        outcome = reply.phase.value
    except ServiceError as error:
        outcome = error.code

    assert outcome == {"key": "key", "credits": "credits", "moderation": "moderation", "rate": "rate", "upstream": "lost", "broken": "lost",
                       "failed": "failed", "moderated-later": "failed", "never": "running", "blip": "failed",
                       "html": "unreadable", "word": "unreadable", "empty": "no_picture"}.get(name, "done")  # fmt: skip
