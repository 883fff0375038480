"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import Call, fill, lay_out, to_json

LINES = 45

TEMPLATE = r"""# Creates the images, waits for them and saves them here. First run: pip install httpx
import httpx, json, os, re, sys, time
from contextlib import suppress
from urllib import parse, request
body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)
web = httpx.Client(follow_redirects=True, timeout=60)  # without the key
echo = ("@ECHO1@"
        "@ECHO2@")
def read(response):  # the object with the task's id and state, and the images
    reply = response.json(object_pairs_hook=lambda all: {k: v for k, v in all if not re.search(echo, k, re.I)})
    found = re.findall('"((?:@IMAGE@)[^"]+)"', json.dumps(reply, ensure_ascii=False))
    data = reply.get("data") if isinstance(reply.get("data"), dict) else reply
    return data, [image if ":" in image[:6] else f"data:;base64,{image}" for image in dict.fromkeys(found)]
text, word, deadline = "", "", time.monotonic() + 600
try:
    response = client.post(@CREATE@, json=body)
    text = response.text
    response.is_success or sys.exit(f"HTTP {response.status_code}: {text}")
    data, images = read(response)
    task = parse.quote(str(data.get("task_id") or data.get("taskId") or ("" if images else data["id"])), safe="")
except (httpx.HTTPError, ValueError, AttributeError, KeyError) as error:
    sys.exit(f"No task id ({error!r}). The task may exist and be charged: {text}")
while task and not re.search("complet|succe|done|finish|ready", word):
    if re.search("fail|error|cancel|abort|reject|expir|moder|nsfw|time", word): sys.exit(f"The task failed: {text}")
    time.monotonic() < deadline or sys.exit(f"Task {task} is still running: {text}")
    time.sleep(2)
    with suppress(httpx.HTTPError, ValueError, AttributeError):  # a poll may fail, the task goes on
        response = client.get(@STATUS@)
        text = response.text
        if response.status_code in {*range(400, 500)} - {408, 425, 429}: sys.exit(f"HTTP {response.status_code}: {text}")
        data, images = read(response.raise_for_status())
        word = str(next(filter(None, map(data.get, "status state task_status type".split())), images and "done")).lower()
images or sys.exit(f"No image: {text}")
for number, url in enumerate(images, 1):
    for tries in range(5):  # an image may come late
        with suppress(httpx.HTTPError):
            content = request.urlopen(url).read() if url.startswith("data:") else web.get(url).raise_for_status().content
            break
        time.sleep(2) if tries < 4 else sys.exit(f"Not saved: {url}")
    suffix = {b"\x89": "png", b"R": "webp", b"<": "svg", b"G": "gif"}.get(content[:1], "jpg")
    open(name := f"{task or 'image'}-{number}.{suffix}", "wb").write(content) and print(f"Saved {name}")
"""


def write_python(call: Call) -> str:
    """The request as a Python program that saves the images."""
    return fill(
        TEMPLATE,
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
