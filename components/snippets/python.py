"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import KEY_NAME, Call, fill, to_json

LINES = 45

TEMPLATE = """\
# Creates the images, waits for them and saves them here. First run: pip install httpx
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import httpx

body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)
response = client.post(@CREATE@, json=body)
if response.is_error:
    sys.exit(f"HTTP {response.status_code}: {response.text}")
data = response.json().get("data") or response.json()
task = data.get("task_id") or data.get("taskId") or data.get("id") or sys.exit(f"No task id: {response.text}")

deadline = time.monotonic() + 600
while (state := str(data.get("status") or data.get("type")).lower()) not in ("completed", "success"):
    if state in ("failed", "error", "cancelled"):
        sys.exit(f"The task failed: {response.text}")
    if time.monotonic() > deadline:
        sys.exit(f"Task {task} is still running: {response.text}")
    time.sleep(2)
    with suppress(httpx.HTTPError, ValueError):  # a poll may fail, the task goes on
        response = client.get(@STATUS@).raise_for_status()
        data = response.json().get("data") or response.json()

images = data.get("output") or data
if isinstance(images, dict):
    images = images.get("images") or images.get("response") or images.get("response_data")
for number, image in enumerate(images or sys.exit(f"No image: {response.text}"), 1):
    url = image if isinstance(image, str) else image.get("url") or image["image_url"]
    suffix = Path(url.split("?")[0]).suffix or ".png"
    content = urlopen(url).read() if url.startswith("data:") else httpx.get(url, follow_redirects=True).raise_for_status().content
    Path(f"{task}-{number}{suffix}").write_bytes(content)
    print(f"Saved {task}-{number}{suffix}")
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
