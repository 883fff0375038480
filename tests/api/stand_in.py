"""A stand-in for the service that gives the replies of the table in ``cases.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.api.cases import PNG, ReplyCase

EARLY = 3  # requests for a late picture that come before it is there


class StandIn:
    """An ASGI application. The prompt of a request is the name of its case; ``t1`` in the answer to it gets that case's
    number, by which a poll is known. Below ``/img/`` every path is a picture, but for pages and what is late."""

    def __init__(self, cases: Sequence[ReplyCase]) -> None:
        self._cases = cases
        self._early = EARLY

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        host, path = dict(scope["headers"])[b"host"].decode(), scope["path"]
        status, content, headers = 200, PNG, {"content-type": "image/png"}
        if "/img/" not in path:
            status, content, headers = self._answer(scope["method"], path, body, host)
        elif path.endswith(".html"):
            content, headers = b"<!doctype html><title>Sign in</title>", {"content-type": "text/html"}
        elif path.endswith("late.png") and self._early:
            self._early -= 1
            status, content = 404, b""
        headers["content-length"] = str(len(content))
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, method: str, path: str, body: bytes, host: str) -> tuple[int, bytes, dict[str, str]]:
        if method == "POST":
            number = [case.name for case in self._cases].index(json.loads(body)["prompt"])
            case, named = self._cases[number], f"t1-{number}"
            headers = {"location": re.sub(r"\bt1$", named, case.location)} if case.location else {}
            content = re.sub(rb'(["/])t1\b', lambda match: match[1] + named.encode(), case.body("POST", host))
            return case.status, content, headers | {"content-type": case.kind}
        known = re.search(r"t1-(\d+)", path)
        if known is None:
            return 404, b'{"error": "no such task"}', {"content-type": "application/json"}
        case = self._cases[int(known[1])]
        return case.poll_status, case.body("GET", host), {"content-type": case.kind}
