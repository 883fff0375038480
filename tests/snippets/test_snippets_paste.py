"""Shell code pasted into the terminal of an interactive bash and zsh, which both expand ``!`` and read comments differently."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.snippets import write_snippet
from tests.recorder import KEY, Recorder, recorded_sandbox
from tests.snippets.prompts import HOSTILE
from tests.snippets.running import TERMINALS, Terminal, terminal

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server(catalog: Catalog) -> Iterator[Recorder]:
    with recorded_sandbox(catalog) as recorder:
        yield recorder


@pytest.fixture(scope="module", params=TERMINALS)
def shell(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with terminal(request.param) as opened:
        yield opened


@pytest.mark.parametrize("name", HOSTILE)
def test_the_two_curl_commands_send_a_hostile_prompt_as_it_is(
    name: str, shell: Terminal, catalog: Catalog, server: Recorder
) -> None:
    server.requests.clear()
    request = build_request(catalog, "recraft-v4", {"prompt": HOSTILE[name]})

    shell.paste(write_snippet(request, server.address, catalog.endpoint))

    assert [(request.method, request.path) for request in server.requests] == [
        ("POST", "/api/v1/images/generations"),
        ("GET", "/api/v1/tasks/TASK_ID"),
    ]
    assert server.posts[0].body == request.body
    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {KEY}"] * 2


def test_with_a_task_id_the_second_curl_command_shows_that_task(shell: Terminal, catalog: Catalog, server: Recorder) -> None:
    request = build_request(catalog, "flux-2", {"prompt": "a fox"})
    created = shell.paste(write_snippet(request, server.address, catalog.endpoint))
    match = re.search(r'"task_id":"(\w+)"', created)
    assert match

    text = write_snippet(request, server.address, catalog.endpoint, task_id=match[1])
    shown = shell.paste("curl " + text.rpartition("\ncurl ")[2])

    assert server.requests[-1].path == f"/api/v1/tasks/{match[1]}"
    assert '"status":"' in shown


def test_the_script_saves_its_image_and_a_failure_keeps_the_terminal_open(
    shell: Terminal, catalog: Catalog, server: Recorder
) -> None:
    saved, refused = (
        shell.paste(
            write_snippet(
                build_request(catalog, "recraft-v4", {"prompt": f"it's !x $HOME `id` {mark}"}),
                server.address,
                catalog.endpoint,
                "shell",
            )
        )
        for mark in ("", "#sandbox:credits")
    )

    assert re.search(r"Saved n78\w+-1\.png\s.*ENDED 0", saved, re.DOTALL)
    assert re.search(r"HTTP 402\..*Insufficient credits.*ENDED 1", refused, re.DOTALL)
