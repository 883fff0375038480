"""Keeps sandbox tasks over a restart, one line of JSON each, so that their jobs continue.

Only a drawing can be lost, so lines are not forced to the disk.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.errors import InputError
from components.sandbox.tasks import MOST_TASKS, OLDEST_S, Task

log = logging.getLogger(__name__)

LONGEST_LINE = 20_000


class Journal:
    """A file of at most twice MOST_TASKS lines. Tasks with very long requests are left out."""

    def __init__(self, path: Path, catalog: Catalog) -> None:
        self._path = path
        self._catalog = catalog
        self._lines = 0

    def read(self) -> list[Task]:
        """The tasks that are not too old; the file is rewritten with those."""
        tasks = list(self._read())[-MOST_TASKS:]
        self._rewrite(tasks)
        return tasks

    def add(self, task: Task) -> None:
        """Append an accepted task. A file that cannot be written is logged; the task stays accepted."""
        line = _line(task)
        if len(line) > LONGEST_LINE:
            return
        try:
            if self._lines >= 2 * MOST_TASKS:
                self.read()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
            self._lines += 1
        except OSError:
            log.warning("the sandbox's journal cannot be written", exc_info=True)

    def _read(self) -> Iterator[Task]:
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                entry = json.loads(line)
                age = time.time() - entry["created"]
                request = build_request(self._catalog, entry["model"], entry["parameters"])
                task = Task(
                    entry["id"],
                    request,
                    time.monotonic() - age,
                    entry["seconds"],
                    entry.get("fault", entry.get("rehearsal", "")),  # written as "rehearsal" until version 0.1
                    entry.get("named", True),
                )
            except (ValueError, KeyError, TypeError, InputError):
                continue  # a line that was cut off, or one written with another catalog
            if 0 <= age < OLDEST_S:
                yield task

    def _rewrite(self, tasks: list[Task]) -> None:
        self._lines = len(tasks)
        if not self._path.exists():
            return
        try:
            part = self._path.with_suffix(".part")
            part.write_text("".join(map(_line, tasks)), encoding="utf-8")
            part.replace(self._path)
        except OSError:
            log.warning("the sandbox's journal cannot be written", exc_info=True)


def _line(task: Task) -> str:
    entry = {
        "id": task.id,
        "model": task.request.model.id,
        "parameters": dict(task.request.parameters),
        "created": time.time() - (time.monotonic() - task.created),
        "seconds": task.seconds,
        "fault": task.fault,
        "named": task.named,
    }
    return json.dumps(entry) + "\n"
