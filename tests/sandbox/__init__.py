"""The sandbox: its routes, tasks and drawings. Here: how the tests call it over HTTP."""

from __future__ import annotations

import time
from typing import Any

import httpx2

CREATE, TASKS = "/api/v1/images/generations", "/api/v1/tasks/"
FOX = {"model": "cogview-4", "prompt": "a fox"}


def connect(address: str) -> httpx2.Client:
    """A plain HTTP client with a key; a connection for each request."""
    headers = {"Authorization": "Bearer anything", "Connection": "close"}
    return httpx2.Client(base_url=address, headers=headers, trust_env=False, verify=False, timeout=60)


def start(api: httpx2.Client, **body: Any) -> str:
    """POST a body; returns the task id."""
    answer = api.post(CREATE, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["task_id"])


def finish(api: httpx2.Client, task_id: str) -> dict[str, Any]:
    """Poll a task until it ends; returns the data of its last answer."""
    while True:
        data: dict[str, Any] = api.get(TASKS + task_id).json()["data"]
        if data["status"] != "IN_PROGRESS":
            return data
        time.sleep(0.02)  # tasks take 60 ms and more; polling without a pause was a fifth of these tests' CPU time


def addresses(data: dict[str, Any]) -> list[str]:
    """The picture URLs of a completed task."""
    return [image["url"] for image in data["output"]["images"]]


def refused(answer: httpx2.Response, status: int, kind: str) -> str:
    """Assert that an answer is the service's error body; returns its message."""
    error = answer.json()["error"]
    assert (answer.status_code, set(answer.json())) == (status, {"error"})
    assert (error["code"], error["type"], set(error)) == (status, kind, {"code", "message", "type"})
    return str(error["message"])
