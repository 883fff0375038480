"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import KEY_NAME, Call, fill, lay_out, to_json

LINES = 45

TEMPLATE = r"""# Creates the images, waits for them and saves them here. First run: pip install httpx
import httpx, os, re, sys, time
from contextlib import suppress
from pathlib import Path
from urllib import parse, request

body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)
web = httpx.Client(follow_redirects=True, timeout=60)  # without the key
text, state, deadline = "", "", time.monotonic() + 600
try:
    response = client.post(@CREATE@, json=body)
    text = response.text
    response.is_success or sys.exit(f"HTTP {response.status_code}: {text}")
    data = response.json().get("data") or response.json()
    task = parse.quote(str(data.get("task_id") or data.get("taskId") or data["id"]), safe="")
except (httpx.HTTPError, ValueError, AttributeError, KeyError) as error:
    sys.exit(f"No task id ({error!r}). The task may exist and be charged: {text}")
while not re.match("complete|succe|done|finish", state):
    re.search("fail|error|cancel|abort|reject|expire", state) and sys.exit(f"The task failed: {text}")
    time.monotonic() < deadline or sys.exit(f"Task {task} is still running: {text}")
    time.sleep(2)
    with suppress(httpx.HTTPError, ValueError, AttributeError):  # a poll may fail, the task goes on
        response = client.get(@STATUS@)
        text = response.text
        if response.is_client_error and response.status_code not in (408, 425, 429):
            sys.exit(f"HTTP {response.status_code}: {text}")
        data = response.raise_for_status().json().get("data") or response.json()
        state = str(data.get("status") or data.get("task_status") or data.get("type")).lower()
images = data.get("output") or data.get("outputs") or data.get("task_result") or data
if isinstance(images, dict):
    images = images.get("images") or images.get("response") or images.get("response_data") or images
for number, image in enumerate(images if isinstance(images, list) else [images], 1):
    url = image if isinstance(image, str) else image.get("url", image.get("image_url")) or sys.exit(f"No image: {text}")
    for tries in range(5):  # an image may come late
        with suppress(httpx.HTTPError):
            content = request.urlopen(url).read() if url.startswith("data:") else web.get(url).raise_for_status().content
            break
        time.sleep(2) if tries < 4 else sys.exit(f"Not saved: {url}")
    suffix = {b"\x89": "png", b"R": "webp", b"<": "svg", b"G": "gif"}.get(content[:1], "jpg")
    Path(f"{task}-{number}.{suffix}").write_bytes(content)
    print(f"Saved {task}-{number}.{suffix}")
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
    return lay_out(fields, LINES - TEMPLATE.count("\n") + 1, "    ")


def _literal(value: Any) -> str:
    """A value as Python code. A JSON string is a Python string too: its escapes mean the same in both languages."""
    if isinstance(value, str):
        return to_json(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)
