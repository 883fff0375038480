"""The stand-in: its two routes over HTTP, its tasks, its pictures; here is how the tests talk to it."""

from __future__ import annotations

from typing import Any

import httpx2

CREATE, TASKS = "/api/v1/images/generations", "/api/v1/tasks/"
FOX = {"model": "cogview-4", "prompt": "a fox"}


def connect(address: str) -> httpx2.Client:
    """A plain HTTP client with a key; every request on a connection of its own."""
    headers = {"Authorization": "Bearer anything", "Connection": "close"}
    return httpx2.Client(base_url=address, headers=headers, trust_env=False, timeout=60)


def start(api: httpx2.Client, **body: Any) -> str:
    answer = api.post(CREATE, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["task_id"])


def finish(api: httpx2.Client, task_id: str) -> dict[str, Any]:
    """The data of a task's last answer; every answer before it says that it is in progress."""
    while True:
        data: dict[str, Any] = api.get(TASKS + task_id).json()["data"]
        if data["status"] != "IN_PROGRESS":
            return data


def addresses(data: dict[str, Any]) -> list[str]:
    return [image["url"] for image in data["output"]["images"]]


def refused(answer: httpx2.Response, status: int, kind: str) -> str:
    """The message of an error in the service's one shape."""
    error = answer.json()["error"]
    assert (answer.status_code, set(answer.json())) == (status, {"error"})
    assert (error["code"], error["type"], set(error)) == (status, kind, {"code", "message", "type"})
    return str(error["message"])
