// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";
const stop = (message) => { console.error(message); process.exit(1); };
const body = {"model": "flux-2", "type": "pro",
  "prompt": "it's \"quoted\", it''s \"\" '\"'\"' \\' \\\" ''' \"\"\" // /* */ <!-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? !! !word \"!x\" !$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes!! ok!no !=x !(y) (!z)\n!at the start\n!\n\"!\"",
  "aspect_ratio": "1:1", "resolution": "1K"};
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
