"""The sandbox's tasks outlive its process; the journal is bounded, and a broken line loses only itself."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.sandbox import create_sandbox
from components.sandbox.journal import LONGEST_LINE, Journal
from components.sandbox.tasks import MOST_TASKS, OLDEST_S, Task
from tests.conftest import SPEED, serve
from tests.sandbox import FOX, TASKS, addresses, connect, finish, refused, start


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sandbox.jsonl"


def a_task(catalog: Catalog, number: int, prompt: str = "a fox", age: float = 0.0) -> Task:
    return Task(f"n48task{number}", build_request(catalog, "cogview-4", {"prompt": prompt}), time.monotonic() - age, 5.0)


def a_line(**changes: Any) -> str:
    line = {"id": "n48x", "model": "cogview-4", "parameters": {"prompt": "a fox"}, "created": time.time()}
    return json.dumps(line | {"seconds": 5.0, "fault": ""} | changes)


def test_a_task_continues_in_the_next_process(catalog: Catalog, file: Path) -> None:
    """With its request, its clock, its failure and, once it is done, its picture."""
    with serve(create_sandbox(catalog, SPEED, journal_file=file)) as address, connect(address) as api:
        done = start(api, **FOX)
        picture = api.get(addresses(finish(api, done))[0]).content
        never, failed = start(api, **FOX | {"prompt": "#sandbox:never"}), start(api, **FOX | {"prompt": "#sandbox:failed"})
    with serve(create_sandbox(catalog, SPEED, journal_file=file)) as address, connect(address) as api:
        again = finish(api, done)
        assert api.get(addresses(again)[0]).content == picture
        assert again["request"]["prompt"] == "a fox"
        assert api.get(TASKS + never).json()["data"]["status"] == "IN_PROGRESS"
        assert finish(api, failed)["status"] == "failed"


def test_without_a_journal_tasks_end_with_their_process(catalog: Catalog) -> None:
    with serve(create_sandbox(catalog, SPEED)) as address, connect(address) as api:
        task = start(api, **FOX)
    with serve(create_sandbox(catalog, SPEED)) as address, connect(address) as api:
        refused(api.get(TASKS + task), 404, "not_found")


def test_a_tasks_time_passes_while_no_process_runs(catalog: Catalog, file: Path) -> None:
    """What was accepted a minute ago is a minute old."""
    journal = Journal(file, catalog)
    journal.add(a_task(catalog, 1, age=60))
    (task,) = Journal(file, catalog).read()

    assert task.progress(time.monotonic()) == 1
    assert time.monotonic() - task.created == pytest.approx(60, abs=2)


BROKEN = {
    "cut off": a_line()[:-20],
    "no JSON": "{{{",
    "no object": "[1]",
    "null": "null",
    "empty": "",
    "no request": '{"id": "n48x", "created": 1}',
    "an unknown model": a_line(model="no-such-model"),
    "an invalid request": a_line(parameters={}),
    "no time": a_line(created=None),
    "a line of the future": a_line(created=time.time() + 86_400),
    "too old": a_line(created=time.time() - OLDEST_S - 1),
    "parameters that are none": a_line(parameters=7),
    "not UTF-8": "\udcff\udcfe",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_line_that_cannot_be_used_is_left_out(catalog: Catalog, file: Path, broken: str) -> None:
    """The others are read, and the file holds only those afterwards."""
    file.parent.mkdir()
    good = [a_line(id="n48first"), a_line(id="n48last")]
    file.write_bytes("\n".join([good[0], broken, good[1]]).encode("utf-8", "surrogateescape"))

    assert [task.id for task in Journal(file, catalog).read()] == ["n48first", "n48last"]
    assert len(file.read_text().splitlines()) == 2


def test_the_file_is_bounded(catalog: Catalog, file: Path) -> None:
    """However many are accepted, at most twice as many lines as tasks are known; the newest are never lost."""
    journal = Journal(file, catalog)
    for number in range(2 * MOST_TASKS + 50):
        journal.add(a_task(catalog, number))
    lines = file.read_text().splitlines()
    tasks = Journal(file, catalog).read()

    assert len(lines) <= 2 * MOST_TASKS
    assert len(tasks) == MOST_TASKS
    assert tasks[-1].id == f"n48task{2 * MOST_TASKS + 49}"


def test_a_very_long_request_is_not_noted(catalog: Catalog, file: Path) -> None:
    """It is accepted all the same; strangers cannot fill the disk."""
    journal = Journal(file, catalog)
    task = a_task(catalog, 1)
    journal.add(Task("n48long", build_request(catalog, "cogview-4", {"prompt": "x" * 900}), 0.0, 5.0, "y" * LONGEST_LINE))
    journal.add(task)

    assert [known.id for known in Journal(file, catalog).read()] == [task.id]


def test_a_journal_that_cannot_be_written_refuses_no_task(catalog: Catalog, tmp_path: Path) -> None:
    """There is a file where its folder should be."""
    (tmp_path / "file").write_text("in the way")
    with (
        serve(create_sandbox(catalog, SPEED, journal_file=tmp_path / "file" / "x.jsonl")) as address,
        connect(address) as api,
    ):
        assert finish(api, start(api, **FOX))["status"] == "completed"


def test_hostile_text_stays_in_its_line(catalog: Catalog, file: Path) -> None:
    """A prompt with line ends of every kind forges no task."""
    prompt = "a fox\n" + a_line(id="n48forged") + "\r\u2028\x85\x1c\x0b" + a_line(id="n48forged")
    Journal(file, catalog).add(a_task(catalog, 1, prompt))
    (task,) = Journal(file, catalog).read()

    assert (task.id, task.request.prompt) == ("n48task1", prompt)
