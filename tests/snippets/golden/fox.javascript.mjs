// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";

const stop = (message) => { console.error(message); process.exit(1); };
const body = {"model": "flux-2", "type": "pro", "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It's cold!\"", "aspect_ratio": "1:1", "resolution": "1K"};
const key = process.env.API_IN_ONE_KEY || stop("Set API_IN_ONE_KEY first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };

let text = "", data, task, state = "";
try {
  const response = await fetch("https://gateway.example/one/api/v1/images/generations", { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" });
  text = await response.text();
  if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
  data = JSON.parse(text).data ?? JSON.parse(text);
  task = encodeURIComponent(data.task_id ?? data.taskId ?? data.id ?? stop(`No task id. The task may exist and be charged: ${text}`));
} catch (error) { stop(`${error}. The task may exist and be charged: ${text}`); }

const deadline = Date.now() + 600_000;
while (!/^(complete|succe|done|finish)/.test(state)) {
  if (/fail|error|cancel|abort|reject|expire/.test(state)) stop(`The task failed: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  try {
    const response = await fetch(`https://gateway.example/one/api/v1/tasks/${task}`, { headers, signal: AbortSignal.timeout(60_000) });
    text = await response.text();
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) continue;
    if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
    data = JSON.parse(text).data ?? JSON.parse(text);
    state = String(data.status ?? data.type).toLowerCase();
  } catch {} // a poll may fail, the task goes on
}

const output = data.output ?? data;
const images = [output.images ?? output.response ?? output.response_data ?? output].flat();
if (images.length === 0) stop(`No image: ${text}`);
for (const [index, image] of images.entries()) {
  const url = image.url ?? image.image_url ?? image;
  if (typeof url !== "string") stop(`No image: ${text}`);
  const result = await fetch(url);
  if (!result.ok) stop(`Not saved (HTTP ${result.status}): ${url}`);
  const content = Buffer.from(await result.arrayBuffer());
  const type = { 0x89: "png", 0x52: "webp", 0x3c: "svg" }[content[0]] ?? "jpg"; // each format has its own first byte
  await writeFile(`${task}-${index + 1}.${type}`, content);
  console.log(`Saved ${task}-${index + 1}.${type}`);
}
