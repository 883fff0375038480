// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";

const stop = (message) => { console.error(message); process.exit(1); };
const body = {
  "model": "flux-2",
  "type": "pro",
  "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It's cold!\"",
  "aspect_ratio": "1:1",
  "resolution": "1K"
};
const key = process.env.API_IN_ONE_KEY || stop("Set API_IN_ONE_KEY first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };

let response = await fetch("https://gateway.example/one/api/v1/images/generations", { method: "POST", headers, body: JSON.stringify(body) });
let text = await response.text();
if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
let data = JSON.parse(text).data ?? JSON.parse(text);
const task = data.task_id ?? data.taskId ?? data.id ?? stop(`No task id: ${text}`);

const deadline = Date.now() + 600_000;
while (true) {
  const state = String(data.status ?? data.type).toLowerCase();
  if (["completed", "success"].includes(state)) break;
  if (["failed", "error", "cancelled"].includes(state)) stop(`The task failed: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  try {
    response = await fetch(`https://gateway.example/one/api/v1/tasks/${task}`, { headers, signal: AbortSignal.timeout(60_000) });
    text = await response.text();
    if (response.ok) data = JSON.parse(text).data ?? JSON.parse(text);
  } catch {} // a poll may fail, the task goes on
}

const output = data.output ?? data;
const images = [output.images ?? output.response ?? output.response_data ?? output].flat();
if (images.length === 0) stop(`No image: ${text}`);
for (const [index, image] of images.entries()) {
  const result = await fetch(image.url ?? image.image_url ?? image);
  if (!result.ok) stop(`HTTP ${result.status}: ${result.url}`);
  const type = result.headers.get("content-type")?.match(/image\/(\w+)/)?.[1] ?? "png";
  await writeFile(`${task}-${index + 1}.${type}`, Buffer.from(await result.arrayBuffer()));
  console.log(`Saved ${task}-${index + 1}.${type}`);
}
