"""A JavaScript module with fetch, for Node 18 or newer."""

from __future__ import annotations

from components.snippets.call import Call, fill, to_json

LINES = 45

TEMPLATE = r"""// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";
const body = @BODY@;
let text = "", state = "", task = "", data, images, lost = [], deadline = Date.now() + 600_000;
const stop = (it) => { console.error((task && `Task ${task}: `) + it + (text && `. Reply: ${text}`)); process.exit(1); };
const key = process.env.@KEY@ || stop("Set @KEY@ first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const post = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" };
const ext = @KINDS@;
const echo = new RegExp("@ECHO1@" +
  "@ECHO2@", "i");
const read = async (response) => { // the object with the task's id, the images and the task's state
  text = (await response.text()) || "nothing";
  if (!response.ok) stop(`HTTP ${response.status}${response.status < 500 ? "" : ", perhaps charged"}`);
  const reply = JSON.parse(text, (name, item) => (echo.test(name) ? undefined : item));
  const plain = JSON.stringify(reply).replace(/\\+[rn]/g, ""); // base64 may have line breaks
  const found = new Set(plain.match(/(?<=")(@JSIMAGE@)[^"\\<]+/g));
  images = [...found].filter((one) => !post.body.includes(one));
  data = Array.isArray(reply.data) ? reply : (reply.data ?? reply);
  const word = data.status ?? data.state ?? data.task_status ?? data.type ?? (images[0] && "done");
  state = String(task || images[0] ? word : "").toLowerCase();
};
const noTask = (error) => stop(`No task id (${error}). The task may exist and be charged`);
await fetch(@CREATE@, post).then(read).catch(noTask);
task = encodeURIComponent(data.task_id || data.taskId || (images[0] ? "" : data.id || noTask("none in the reply")));
while (task && !/@DONE@/.test(state)) {
  if (/@FAILED@/.test(state)) stop("failed");
  await new Promise((go) => setTimeout(go, Date.now() < deadline ? 2000 : stop("still running")));
  const signal = AbortSignal.timeout(60_000);
  const poll = await fetch(@STATUS@, { headers, signal }).catch(() => ({}));
  if (poll.status < 500 && ![408, 425, 429].includes(poll.status)) await read(poll).catch(() => {}); // it may fail
}
for (const [index, url] of (images[0] ? images : stop("no image")).entries()) {
  for (let tries = 5; tries; ) try { // an image may come late
    const response = await fetch(/^(http|data)/.test(url) ? url : `data:;base64,${url}`);
    const content = Buffer.from(await response.arrayBuffer()), kind = ext[content.toString("hex", 0, 3)];
    if (!response.ok || !kind) throw new Error("no image");
    const name = `${task.slice(0, 99) || Date.now()}-${index + 1}.${kind}`;
    await writeFile(name, content).then(() => console.log(`Saved ${name}`));
    break;
  } catch { await (--tries ? new Promise((go) => setTimeout(go, 2000)) : lost.push(url)); }
}
if (lost[0]) stop(`not saved: ${lost.join(" ")}`);
"""


def write_javascript(call: Call) -> str:
    """The request as a JavaScript module that saves the images."""
    return fill(
        TEMPLATE,
        BODY=call.json(LINES - TEMPLATE.count("\n") + 1),
        CREATE=to_json(call.create_url),
        STATUS="`" + to_json(call.status_url)[1:-1].replace("{task_id}", "${task}") + "`",
    )
