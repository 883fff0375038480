"""A Python program with httpx."""

from __future__ import annotations

from typing import Any

from components.snippets.call import Call, fill, lay_out, to_json

LINES = 45

TEMPLATE = r"""# Creates the images, waits for them and saves them here. First run: pip install httpx
import base64, httpx, json, os, re, sys, time, urllib.parse
body = @BODY@
key = os.environ.get("@KEY@") or sys.exit("Set @KEY@ first.")
client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)
echo = ("@ECHO1@"
        "@ECHO2@")
ext = @KINDS@
task, sent, replies, lost, deadline = "", str(body), ["nothing"], [], time.monotonic() + 600
def stop(problem): sys.exit(f"{task and f'Task {task}: '}{problem}. Reply: {replies[-1]}")
def read(response):  # the object with the task's id, the images and the task's state
    replies.append(response.text or "nothing")
    response.is_success or stop(f"HTTP {response.status_code}" + ", perhaps charged" * response.is_server_error)
    reply = response.json(object_pairs_hook=lambda all: {k: v for k, v in all if not re.search(echo, k, re.I)})
    plain = re.sub(r"\\+[rn]", "", json.dumps(reply, ensure_ascii=False))  # base64 may have line breaks
    found = dict.fromkeys(re.findall(r'"((?:@IMAGE@)[^"\\<]+)', plain))
    images = [one for one in found if one not in sent]
    data = reply["data"] if isinstance(reply.get("data"), dict) else reply
    word = next(filter(None, map(data.get, "status state task_status type".split())), images and "done")
    return data, images, str(word if task or images else "").lower()
try:
    data, images, word = read(client.post(@CREATE@, json=body))
    task = urllib.parse.quote(str(data.get("task_id") or data.get("taskId") or ("" if images else data["id"])), safe="")
except Exception as error: stop(f"No task id ({error!r}). The task may exist and be charged")
while task and not re.search("@DONE@", word):
    if re.search("@FAILED@", word): stop("failed")
    time.sleep(2 if time.monotonic() < deadline else stop("still running"))
    try:
        response = client.get(@STATUS@)
        if response.status_code >= 500 or response.status_code in (408, 425, 429): continue
        data, images, word = read(response)
    except Exception: pass  # a poll may fail, the task goes on
for number, url in enumerate(images or stop("no image"), 1):
    for seconds in 2, 2, 2, 2, 0:  # an image may come late
        try:
            if url.startswith("http"): content = httpx.get(url, follow_redirects=True).raise_for_status().content
            else: content = base64.b64decode(urllib.parse.unquote(url).split(",")[-1] + "===", "-_")
            open(name := f"{task[:99] or int(time.time())}-{number}.{ext[content[:3].hex()]}", "wb").write(content)
            print(f"Saved {name}")
            break
        except Exception: time.sleep(seconds)
    else: lost.append(url)
lost and stop(f"not saved: {' '.join(lost)}")
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
