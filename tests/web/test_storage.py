"""What the running application promises of its storage, and what it says when it deletes pictures to make room."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.ui import api_client, run_app

pytestmark = pytest.mark.processes


def test_pictures_that_were_deleted_to_make_room_are_announced(tmp_path: Path) -> None:
    """On the page before, then in the history of the visitor, by /healthz, by /metrics and in the log."""
    with run_app(tmp_path / "home", PLAYGROUND_IMAGES_GB="0.000001") as app:
        assert "may take 1e-06 GB in all" in app.get("/config").text
        with api_client(app, **{"X-Playground-Visitor": "ann-of-the-storage-tests"}) as ann:
            replies = [ann.predict("cogview-4", {"prompt": f"fox {n}"}, api_name="/generate") for n in range(2)]
            deadline = time.monotonic() + 10
            while (
                not (first := ann.predict(replies[0]["job_id"], api_name="/job"))["message"] and time.monotonic() < deadline
            ):
                time.sleep(0.05)
            listed = ann.predict({}, api_name="/history")["jobs"]
        health = app.get("/healthz").json()
        trimmed = app.get(replies[0]["images"][0].removeprefix(app.url))

    assert (first["state"], first["images"], "deleted to make room" in first["message"]) == ("done", [], True)
    assert [(len(one["images"]), one["message"]) for one in listed] == [(1, ""), (0, first["message"])]
    assert trimmed.status_code == 404
    assert (health["status"], health["pictures_trimmed"], health["pictures_limit_bytes"]) == ("ok", 1, 1000)
    assert health["pictures_bytes"] > 1000
    assert "above PLAYGROUND_IMAGES_GB" in app.log


def test_the_page_promises_only_what_its_disk_keeps(tmp_path: Path) -> None:
    """A data folder in memory: the page and the log say that it is lost, and which settings would help."""
    memory = tempfile.mkdtemp(dir="/dev/shm")
    try:
        with run_app(tmp_path / "home", PLAYGROUND_DATA=memory) as app:
            page, log = app.get("/config").text, app.log
        with run_app(tmp_path / "home", PLAYGROUND_DATA=memory, PLAYGROUND_IMAGES_URL=f"file://{tmp_path}/kept") as app:
            mixed = app.get("/config").text
    finally:
        shutil.rmtree(memory)

    assert "Requests and pictures can be lost when this server restarts" in page
    assert [name for name in ("PLAYGROUND_DATABASE_URL", "PLAYGROUND_IMAGES_URL") if name not in log] == []
    assert "Pictures survive a restart of the server, your requests may not" in mixed
