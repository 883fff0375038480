"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import KEY_NAME, PATTERNS, Call, fill, to_json

LINES = 85

TEMPLATE = r"""# Creates the images, waits for them and saves them here. First run: pip install httpx
import base64
import json
import os
import re
import sys
import time
from urllib.parse import quote

import httpx

body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
os.access(".", os.W_OK) or sys.exit("Nothing can be saved in this folder.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)


def find(value, is_result=False):
    if isinstance(value, str) and is_result and re.search(r"@IMAGE@", value) and value not in str(body):
        yield value
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        name = str(name).replace("_", "").lower()
        if not re.search(r"@OTHER@", name):
            yield from find(item, is_result or re.search(r"@RESULT@", name))


def fetch(image):
    if not image.startswith("http"):
        return base64.b64decode(image.split(",")[-1])
    for _ in range(6):  # a new image may be late
        try:
            return httpx.get(image, follow_redirects=True, timeout=120).raise_for_status().content
        except httpx.HTTPError as error:
            problem = error
            time.sleep(2)
    sys.exit(f"Not saved ({problem}): {reply}")


task, reply, deadline = None, "", time.monotonic() + 600
try:
    response = client.post(@CREATE@, json=body)
    reply = response.text
    if not response.is_success:
        sys.exit(f"HTTP {response.status_code}: {reply}")
    answer = dict(json.loads(response.content, strict=False))
except (httpx.HTTPError, ValueError, TypeError) as error:
    sys.exit(f"The task may exist and be charged ({error!r}): {reply}")
while True:
    data = answer["data"] if isinstance(answer.get("data"), dict) else answer
    state = str(data.get("status") or data.get("state") or data.get("task_status") or data.get("type") or "").lower()
    images = list(dict.fromkeys(find(answer)))
    if re.search(r"@FAILED@", state) or not (state or images or answer.get("code", 200) in (0, 1, 200, "0", "200")):
        sys.exit(f"The task failed: {reply}")
    if images and not re.search(r"@RUNNING@", state):
        break
    if task and re.search(r"@DONE@", state):
        sys.exit(f"No image: {reply}")
    task = task or data.get("task_id") or data.get("taskId") or data.get("id") or data.get("request_id")
    if not task or time.monotonic() > deadline:
        sys.exit(f"Task {task} is still running: {reply}" if task else f"No task id. The task may exist and be charged: {reply}")
    time.sleep(2)
    try:
        response = client.get(@STATUS@)
        if response.is_success:
            answer, reply = dict(json.loads(response.content, strict=False)), response.text
        elif response.status_code < 500 and response.status_code not in (408, 425, 429):
            sys.exit(f"HTTP {response.status_code}: {response.text}")
    except (httpx.HTTPError, ValueError, TypeError):
        pass  # a poll may fail, the task goes on

for number, image in enumerate(images, 1):
    content = fetch(image)
    types = {b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif", b"<": "svg"}
    suffix = next((name for start, name in types.items() if content.lstrip().startswith(start)), "jpg")
    file = re.sub(r"\W", "_", str(task or "image")) + f"-{number}.{suffix}"
    with open(file, "wb") as saved:
        saved.write(content)
    print(f"Saved {file}")
"""


def write_python(call: Call) -> str:
    """The request as a Python program that saves the images."""
    return fill(
        TEMPLATE,
        **PATTERNS,
        KEY=KEY_NAME,
        BODY=_dict(call),
        CREATE=_literal(call.create_url),
        STATUS="f" + _literal(call.status_url.replace("{task_id}", "{quote(str(task), safe='')}")),
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
