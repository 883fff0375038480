"""A JavaScript module with fetch, for Node 18 or newer."""

from __future__ import annotations

from components.snippets.call import KEY_NAME, Call, fill, to_json

LINES = 45

TEMPLATE = r"""// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";
const stop = (message) => { console.error(message); process.exit(1); };
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const body = @BODY@;
const key = process.env.@KEY@ || stop("Set @KEY@ first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const post = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" };
let text = "", state = "", data, task, deadline = Date.now() + 600_000;
try {
  const response = await fetch(@CREATE@, post);
  text = await response.text();
  if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
  data = JSON.parse(text).data ?? JSON.parse(text);
  task = encodeURIComponent(data.task_id ?? data.taskId ?? data.id ?? "");
  if (!task) throw new Error("No task id");
} catch (error) { stop(`${error}. The task may exist and be charged: ${text}`); }
while (!/^(complete|succe|done|finish)/.test(state)) {
  if (/fail|error|cancel|abort|reject|expire/.test(state)) stop(`The task failed: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await sleep(2000);
  try {
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(@STATUS@, { headers, signal });
    text = await response.text();
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) continue;
    if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
    data = JSON.parse(text).data ?? JSON.parse(text);
    state = String(data.status ?? data.task_status ?? data.type).toLowerCase();
  } catch {} // a poll may fail, the task goes on
}
const output = data.output ?? data.outputs ?? data.task_result ?? data;
const images = [output.images ?? output.response ?? output.response_data ?? output].flat();
const urls = images.map((image) => image?.url ?? image?.image_url ?? image);
if (!urls.length || urls.some((url) => typeof url !== "string")) stop(`No image: ${text}`);
for (const [index, url] of urls.entries()) {
  let result, tries = 5; // an image may come late
  while (!(result = await fetch(url).catch(() => ({}))).ok && --tries) await sleep(2000);
  const content = result.ok ? Buffer.from(await result.arrayBuffer()) : stop(`Not saved: ${url}`);
  const type = { 0x89: "png", 0x52: "webp", 0x3c: "svg", 0x47: "gif" }[content[0]] ?? "jpg";
  await writeFile(`${task}-${index + 1}.${type}`, content);
  console.log(`Saved ${task}-${index + 1}.${type}`);
}
"""


def write_javascript(call: Call) -> str:
    """The request as a JavaScript module that saves the images."""
    return fill(
        TEMPLATE,
        KEY=KEY_NAME,
        BODY=call.json(LINES - TEMPLATE.count("\n") + 1),
        CREATE=to_json(call.create_url),
        STATUS="`" + to_json(call.status_url)[1:-1].replace("{task_id}", "${task}") + "`",
    )
