"""A JavaScript module with fetch, for Node 18 or newer."""

from __future__ import annotations

from components.snippets.call import KEY_NAME, PATTERNS, Call, fill, to_json

LINES = 75

TEMPLATE = r"""// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { access, constants, writeFile } from "node:fs/promises";

const stop = (message) => { console.error(message); process.exit(1); };
const body = @BODY@;
const key = process.env.@KEY@ || stop("Set @KEY@ first.");
await access(".", constants.W_OK).catch(() => stop("Nothing can be saved in this folder."));
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const parse = (text) => JSON.parse(text.replace(/[\x00-\x1f]/g, " "));
const pause = () => new Promise((resolve) => setTimeout(resolve, 2000));

function find(value, isResult = false) {
  if (typeof value === "string")
    return isResult && /@IMAGE@/.test(value) && !JSON.stringify(body).includes(value) ? [value] : [];
  return Object.entries(value ?? {}).flatMap(([name, item]) => {
    name = name.replaceAll("_", "").toLowerCase();
    return /@OTHER@/.test(name) ? [] : find(item, isResult || /@RESULT@/.test(name));
  });
}

async function download(image) {
  if (!image.startsWith("http")) return Buffer.from(image.split(",").at(-1), "base64");
  for (let attempt = 1; ; attempt++) { // a new image may be late
    const result = await fetch(image).catch((error) => ({ status: error }));
    if (result.ok) return Buffer.from(await result.arrayBuffer());
    if (attempt === 6) stop(`Not saved (${result.status}): ${text}`);
    await pause();
  }
}

let task, text = "", answer;
const deadline = Date.now() + 600_000;
try {
  const response = await fetch(@CREATE@, { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" });
  text = await response.text();
  if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
  answer = parse(text) ?? {};
} catch (error) { stop(`The task may exist and be charged (${error}): ${text}`); }
let images;
while (true) {
  const data = answer.data?.constructor === Object ? answer.data : answer;
  const state = String(data.status ?? data.state ?? data.task_status ?? data.type ?? "").toLowerCase();
  images = [...new Set(find(answer))];
  if (/@FAILED@/.test(state) || !(state || images.length || [0, 1, 200].includes(Number(answer.code ?? 200)))) stop(`The task failed: ${text}`);
  if (images.length && !/@RUNNING@/.test(state)) break;
  if (task && /@DONE@/.test(state)) stop(`No image: ${text}`);
  task ??= data.task_id ?? data.taskId ?? data.id ?? data.request_id ?? stop(`No task id. The task may exist and be charged: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await pause();
  try {
    const response = await fetch(@STATUS@, { headers, signal: AbortSignal.timeout(60_000) });
    const got = await response.text();
    if (response.ok) { answer = parse(got) ?? {}; text = got; }
    else if (response.status < 500 && ![408, 425, 429].includes(response.status)) stop(`HTTP ${response.status}: ${got}`);
  } catch {} // a poll may fail, the task goes on
}

for (const [index, image] of images.entries()) {
  const content = await download(image);
  const [start] = content.toString("latin1").trimStart().match(/^(\x89PNG|RIFF|GIF8|<)|/);
  const type = { "\x89PNG": "png", RIFF: "webp", GIF8: "gif", "<": "svg" }[start] ?? "jpg";
  const file = `${String(task ?? "image").replace(/\W/g, "_")}-${index + 1}.${type}`;
  await writeFile(file, content);
  console.log(`Saved ${file}`);
}
"""


def write_javascript(call: Call) -> str:
    """The request as a JavaScript module that saves the images."""
    return fill(
        TEMPLATE,
        **{name: pattern.replace("/", "\\/") for name, pattern in PATTERNS.items()},
        KEY=KEY_NAME,
        BODY=call.json(LINES - TEMPLATE.count("\n") + 1),
        CREATE=to_json(call.create_url),
        STATUS="`" + to_json(call.status_url)[1:-1].replace("{task_id}", "${encodeURIComponent(task)}") + "`",
    )
