"""What the sandbox answers: the service's response and error bodies, and what each simulated fault makes of them."""

from __future__ import annotations

import time
from typing import Any

from fastapi.responses import HTMLResponse, JSONResponse, Response

from components.catalog.models import Catalog
from components.catalog.prices import price
from components.sandbox.art.drawing import picture_format
from components.sandbox.tasks import Task


def success(data: dict[str, Any]) -> dict[str, Any]:
    """The envelope of every answer but errors."""
    return {"code": 200, "message": "success", "data": data}


def failure(status: int, message: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    """The service's error body; ``kind`` is its ``type``."""
    return JSONResponse({"error": {"code": status, "message": message, "type": kind}}, status, headers)


def refusal(fault: str, *, first_time: bool) -> Response | None:
    """The simulated refusal of a POST, which creates no task; None where the fault is another."""
    match fault:
        case "key":
            return failure(401, "Invalid API key", "authentication_error")
        case "credits":
            return failure(402, "Insufficient credits", "insufficient_credits")
        case "moderation":
            return failure(400, "The prompt was rejected by the content policy", "bad_request")
        case "rate" if first_time:
            return failure(429, "Too many requests", "rate_limit_error", {"Retry-After": "1"})
    return None


def created(task: Task) -> Response:
    """The answer to a POST that created a task; two faults lose it."""
    match task.fault:
        case "upstream":
            return failure(500, "Internal error", "server_error")
        case "broken":
            return Response('{"code":200,"message":"success","data":{"task_id":"n', media_type="application/json")
    return JSONResponse(success({"task_id": task.id, "status": "IN_PROGRESS"}))


def polled(task: Task, catalog: Catalog, base_url: str) -> Response:
    """The answer to a poll, which is counted."""
    task.polls += 1
    if task.fault == "blip" and task.polls <= 2:
        return failure(503, "Service unavailable", "server_error")
    if task.fault == "html":
        return HTMLResponse("<!doctype html><title>Just a moment</title>")
    return JSONResponse(success(task_data(task, catalog, base_url)))


def task_data(task: Task, catalog: Catalog, base_url: str) -> dict[str, Any]:
    """A task as it is now, with its result or its reason once it has ended; picture links begin with ``base_url``."""
    data: dict[str, Any] = {"task_id": task.id, "status": "IN_PROGRESS", "request": task.request.body}
    if task.fault == "word":
        return data | {"status": "THAWING"}
    if task.progress(time.monotonic()) < 1:
        return data
    if task.fault in ("failed", "moderated-later"):
        reason = "The model crashed" if task.fault == "failed" else "Blocked by the safety system"
        return data | {"status": "failed", "error_message": reason}
    count, kind = 0 if task.fault == "empty" else task.request.count, picture_format(task.request)
    images = [{"url": f"{base_url}/files/{task.id}/{number}.{kind}"} for number in range(1, count + 1)]
    credits = price(catalog, task.request).credits
    return data | {"status": "completed", "output": {"images": images}, "credits_consumed": credits, "sandbox": True}
