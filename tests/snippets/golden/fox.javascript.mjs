// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";
const stop = (message) => { console.error(message); process.exit(1); };
const body = {"model": "flux-2", "type": "pro",
  "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It's cold!\"", "aspect_ratio": "1:1",
  "resolution": "1K"};
const key = process.env.API_IN_ONE_KEY || stop("Set API_IN_ONE_KEY first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const post = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" };
const echo = new RegExp("input|requ|param|^ref|conf|^arg|^opt|init|orig|thumb|prev|cover|hold" +
  "|avatar|hook|link|page|path|sizes|load|fetch|poll|poster|^get$|^web$|(stat|respon).*url|cancel", "i");
const read = async (response) => { // the object with the task's id and state, and the images
  text = await response.text();
  if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
  const reply = JSON.parse(text, (name, item) => (echo.test(name) ? undefined : item));
  const found = JSON.stringify(reply).match(/"(https?:\/\/|data:image|iVBOR|\/9j\/|UklGR|R0lGO)[^"]+"/g) ?? [];
  images = [...new Set(found)].map((one) => (/^.(http|data)/.test(one) ? "" : "data:;base64,") + one.slice(1, -1));
  data = Array.isArray(reply.data) ? reply : (reply.data ?? reply);
};
let text = "", state = "", task = "", data, images, deadline = Date.now() + 600_000;
try {
  await read(await fetch("https://gateway.example/one/api/v1/images/generations", post));
  task = encodeURIComponent(data.task_id ?? data.taskId ?? (images.length ? "" : data.id ?? ""));
  if (!task && !images.length) throw new Error("No task id");
} catch (error) { stop(`${error}. The task may exist and be charged: ${text}`); }
while (task && !/complet|succe|done|finish|ready/.test(state)) {
  if (/fail|error|cancel|abort|reject|expir|moder|termin|nsfw|time/.test(state)) stop(`The task failed: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await new Promise((go) => setTimeout(go, 2000));
  try {
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(`https://gateway.example/one/api/v1/tasks/${task}`, { headers, signal });
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) continue;
    await read(response);
    state = String(data.status ?? data.state ?? data.task_status ?? data.type ?? (images[0] && "done")).toLowerCase();
  } catch {} // a poll may fail, the task goes on
}
for (const [index, url] of (images.length ? images : stop(`No image: ${text}`)).entries()) {
  let result, tries = 5; // an image may come late
  while (!(result = await fetch(url).catch(() => ({}))).ok && --tries) await new Promise((go) => setTimeout(go, 2000));
  const content = result.ok ? Buffer.from(await result.arrayBuffer()) : stop(`Not saved: ${url}`);
  const type = { 0x89: "png", 0x52: "webp", 0x3c: "svg", 0x47: "gif" }[content[0]] ?? "jpg";
  await writeFile(`${task || "image"}-${index + 1}.${type}`, content);
  console.log(`Saved ${task || "image"}-${index + 1}.${type}`);
}
