"""Python with httpx."""

from __future__ import annotations

from components.snippets.call import INVISIBLE, Call, filled

TEMPLATE = '''"""Creates the picture, waits for it and saves it here.

Needs:  pip install httpx  and  export @KEY@=...
"""

import base64
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import quote

import httpx

body = @BODY@

key = os.environ.get("@KEY@") or exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60)
reply = client.post(@CREATE@, json=body)


def ask(task):
    return client.get(@STATUS@.replace("{task_id}", quote(task, safe="")))


RESULTS = set("@RESULTS@".split())
ECHOES = set("@ECHOES@".split())


def same(key):
    return key.replace("_", "").lower()


def parse(text):
    """JSON, or an empty object for anything else; `data` may be JSON in a string."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    if isinstance(document, dict) and isinstance(document.get("data"), str):
        document["data"] = parse(document["data"])
    return document


def pictures(value, inside=False):
    """Every address under a result key; never from the echo of the request."""
    if isinstance(value, dict):
        for key, item in value.items():
            if same(key) not in ECHOES:
                yield from pictures(item, inside or same(key) in RESULTS)
    elif isinstance(value, list):
        for item in value:
            yield from pictures(item, inside)
    elif inside and isinstance(value, str):
        if value.startswith(("http://", "https://", "data:image/")) and json.dumps(value) not in json.dumps(body):
            yield value
        elif value.startswith(("{", "[")):
            yield from pictures(parse(value), inside)


def pick(document, names):
    """What stands under one of these keys, in `data` first, then at the top."""
    if not isinstance(document, dict):
        return ""
    data = document.get("data")
    data = data[0] if isinstance(data, list) and data else data
    for place in (place for place in (data, document) if isinstance(place, dict)):
        for key, value in place.items():
            number = names.endswith("id") and isinstance(value, int)
            if same(key) in names.split() and (number or isinstance(value, str)) and value:
                return str(value)
    return ""


document = parse(reply.text)
task = pick(document, "taskid") or pick(document, "id")
asked, deadline = False, time.monotonic() + @DEADLINE@
while True:
    found = list(dict.fromkeys(pictures(document)))
    state = (pick(document, "@STATES@") or pick(document, "type")).lower()
    if state in "@FAILED@".split():
        raise SystemExit(f"The task failed: {reply.text}")
    if found and state not in "@RUNNING@".split():
        break
    if not task:
        raise SystemExit(f"No task was created: {reply.status_code} {reply.text}")
    if asked and state in "@DONE@".split():
        raise SystemExit(f"Finished without a picture: {reply.text}")
    if time.monotonic() > deadline:
        raise SystemExit(f"Still running, task {task}: {reply.text}")
    time.sleep(@POLL@)
    asked = True
    try:
        reply = ask(task)
    except httpx.HTTPError:
        continue  # a poll may fail; the task goes on
    document = parse(reply.text)

name = re.sub(r"[^A-Za-z0-9_-]", "-", task or "picture")
for number, url in enumerate(found, 1):
    ending = (re.findall(r"^data:image/(\\w+)|\\.(\\w+)$", re.split(r"[?#]", url)[0]) or [("png",)])[0]
    ending = "".join(ending) if "".join(ending) in ("png", "jpg", "jpeg", "webp", "svg") else "png"
    if url.startswith("data:"):
        data = base64.b64decode(url.partition(",")[2])
    else:
        data = httpx.get(url, follow_redirects=True, timeout=60).raise_for_status().content
    Path(f"{name}-{number}.{ending}").write_bytes(data)
    print(f"Saved {name}-{number}.{ending}")
'''


def write(call: Call) -> str:
    """The request as a Python program."""
    fields = "".join(f"    {name!r}: {value!r},\n" for name, value in call.body.items())
    shown = INVISIBLE.sub(lambda found: f"\\u{ord(found.group()):04x}", fields)
    own = {"BODY": "{\n" + shown + "}", "CREATE": _quoted(call.create_url), "STATUS": _quoted(call.status_url)}
    return filled(TEMPLATE, **call.words, **own)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
