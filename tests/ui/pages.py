"""An open page without a browser: the calls that Gradio's script makes for a visitor, by the ids of the controls."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing
from typing import Any

import httpx2

from components.jobs.job import JobState
from components.playground import visitor_id
from components.settings import DATABASE
from components.ui.page import PAGES_REMEMBERED
from components.web.visitors import COOKIE
from tests.ui import App

PATIENCE_S = 30.0


class OpenPage:
    """The page as the browser with this secret opens it, at the address with this query. Close it after use.

    ``opened`` are the updates that the page opens with, ``given`` what the browser remembers of it.
    """

    def __init__(self, app: App, secret: str, query: str = "", **given: Any) -> None:
        self._query = query
        self._http = httpx2.Client(trust_env=False, timeout=60, cookies={COOKIE: secret}, base_url=app.url)
        self._secret, self._database = secret, app.folder / "data" / DATABASE
        self._session = secrets.token_hex(6)
        config = self._http.get("/config").json()
        self.names = {item["id"]: item["props"].get("elem_id") for item in config["components"]}
        self._values = {item["id"]: item["props"].get("value") for item in config["components"]}
        self._events = config["dependencies"]
        places = {number for number, name in self.names.items() if name == "price-note"}
        opening = next(
            event for event in self._events if event["targets"][0][1] == "load" and places & set(event["outputs"])
        )
        self.opened = self._post(opening, self._data(opening, given))

    def close(self) -> None:
        self._http.close()

    def crowded_out(self) -> None:
        """As many other pages do something as Gradio keeps the state of: that of this one is dropped."""
        event = self._of("history-keep", "click")
        for _ in range(PAGES_REMEMBERED):
            self._post(event, self._data(event, {}), secrets.token_hex(6))

    def until_sent(self) -> None:
        """Wait until every request of this visitor that is on record has been answered, or will not be sent."""
        waiting = "SELECT count(*) FROM jobs WHERE visitor = ? AND state IN (?, ?)"
        who = (visitor_id(self._secret), JobState.QUEUED, JobState.SUBMITTING)
        give_up = time.monotonic() + PATIENCE_S
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as records:
            while records.execute(waiting, who).fetchone()[0]:
                assert time.monotonic() < give_up, "a request was never sent"
                time.sleep(0.02)

    def does(self, name: str, event: str, **given: Any) -> dict[str, Any]:
        """What comes of an event of the control with this id: the updates, by id.

        ``given`` are values by id, with ``_`` for ``-``; all others have the value that they opened with.
        """
        found = self._of(name, event)
        return self._post(found, self._data(found, given))

    def forged(self, name: str, event: str, value: str) -> dict[str, Any]:
        """The same with this value for the control itself, and for all that only the server should know."""
        found = self._of(name, event)
        own = {one for one in found["inputs"] if self.names[one] in (None, name)}
        return self._post(found, [value if one in own else self._values[one] for one in found["inputs"]])

    def _data(self, event: dict[str, Any], given: dict[str, Any]) -> list[Any]:
        """What the page sends with an event: the given values by id, all others as they opened."""
        values = {key.replace("_", "-"): value for key, value in given.items()}
        return [values.get(str(self.names[one]), self._values[one]) for one in event["inputs"]]

    def _of(self, name: str, event: str) -> dict[str, Any]:
        """The first event of this kind of this control."""
        target = [next(number for number, known in self.names.items() if known == name), event]
        return next(one for one in self._events if target in one["targets"])

    def _post(self, event: dict[str, Any], data: list[Any], session: str = "") -> dict[str, Any]:
        body = {
            "data": data,
            "fn_index": event["id"],
            "session_hash": session or self._session,
            "trigger_id": event["targets"][0][0],
        }
        answer = self._http.post(f"/gradio_api/run/predict{self._query}", json=body)
        answer.raise_for_status()
        told = answer.json()["data"]
        return {self.names[one] or str(one): update for one, update in zip(event["outputs"], told, strict=True)}
