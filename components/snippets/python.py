"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import KEY_NAME, Call, fill, to_json

LINES = 45

TEMPLATE = r"""# Creates the images, waits for them and saves them here. First run: pip install httpx
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import httpx

body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)
response = client.post(@CREATE@, json=body)
response.is_success or sys.exit(f"HTTP {response.status_code}: {response.text}")
try:
    data = response.json().get("data") or response.json()
    task = quote(str(data.get("task_id") or data.get("taskId") or data["id"]), safe="")
except (ValueError, AttributeError, KeyError):
    sys.exit(f"No task id. The task may exist and be charged: {response.text}")

state, deadline = "", time.monotonic() + 600
while not state.startswith(("complete", "succe", "done", "finish")):
    if any(word in state for word in ("fail", "error", "cancel", "abort", "reject", "expire")):
        sys.exit(f"The task failed: {response.text}")
    time.monotonic() < deadline or sys.exit(f"Task {task} is still running: {response.text}")
    time.sleep(2)
    with suppress(httpx.HTTPError, ValueError, AttributeError):  # a poll may fail, the task goes on
        response = client.get(@STATUS@)
        if not response.is_success and response.status_code < 500 and response.status_code not in (408, 425, 429):
            sys.exit(f"HTTP {response.status_code}: {response.text}")
        data = response.raise_for_status().json().get("data") or response.json()
        state = str(data.get("status") or data.get("type")).lower()

images = data.get("output") or data
if isinstance(images, dict):
    images = images.get("images") or images.get("response") or images.get("response_data") or images
for number, image in enumerate(images if isinstance(images, list) else [images], 1):
    url = image if isinstance(image, str) else image.get("url") or image.get("image_url") or sys.exit(f"No image: {response.text}")
    content = urlopen(url).read() if url.startswith("data:") else httpx.get(url, follow_redirects=True, timeout=60).raise_for_status().content
    suffix = {b"\x89": "png", b"R": "webp", b"<": "svg"}.get(content[:1], "jpg")  # each format has its own first byte
    file = Path(f"{task}-{number}.{suffix}")
    file.write_bytes(content)
    print(f"Saved {file}")
"""


def write_python(call: Call) -> str:
    """The request as a Python program that saves the images."""
    return fill(
        TEMPLATE,
        KEY=KEY_NAME,
        BODY=_dict(call),
        CREATE=_literal(call.create_url),
        STATUS="f" + _literal(call.status_url.replace("{task_id}", "{task}")),
    )


def _dict(call: Call) -> str:
    fields = [f"{_literal(name)}: {_literal(value)}" for name, value in call.body.items()]
    if len(fields) + 2 > LINES - TEMPLATE.count("\n") + 1:
        return "{" + ", ".join(fields) + "}"
    return "{\n" + "".join(f"    {field},\n" for field in fields) + "}"


def _literal(value: Any) -> str:
    """A value as Python code. A JSON string is a Python string too: its escapes mean the same in both languages."""
    if isinstance(value, str):
        return to_json(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)
