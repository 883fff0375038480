// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { access, constants, writeFile } from "node:fs/promises";

const stop = (message) => { console.error(message); process.exit(1); };
const body = {
  "model": "flux-2",
  "type": "pro",
  "prompt": "it's \"quoted\", it''s \"\" '\"'\"' \\' \\\" ''' \"\"\" // /* */ <!-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? !! !word \"!x\" !$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes!! ok!no !=x !(y) (!z)\n!at the start\n!\n\"!\"",
  "aspect_ratio": "1:1",
  "resolution": "1K"
};
const key = process.env.API_IN_ONE_KEY || stop("Set API_IN_ONE_KEY first.");
await access(".", constants.W_OK).catch(() => stop("Nothing can be saved in this folder."));
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const parse = (text) => JSON.parse(text.replace(/[\x00-\x1f]/g, " "));
const pause = () => new Promise((resolve) => setTimeout(resolve, 2000));

function find(value, isResult = false) {
  if (typeof value === "string")
    return isResult && /^(https?:|data:image\/|iVBORw0KGgo|\/9j\/|UklGR|R0lGOD)/.test(value) && !JSON.stringify(body).includes(value) ? [value] : [];
  return Object.entries(value ?? {}).flatMap(([name, item]) => {
    name = name.replaceAll("_", "").toLowerCase();
    return /input|request|param|payload|reference|mask|callback|webhook|thumb|preview|cover|origin(url|image|$)|error|status|^(get|cancel|web|stream)$/.test(name) ? [] : find(item, isResult || /^(outputs?|(task)?results?|resulturls?|images?|imageurls?|response(data)?|urls?|b64json|(image)?base64)$/.test(name));
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
  const response = await fetch("https://gateway.example/one/api/v1/images/generations", { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" });
  text = await response.text();
  if (!response.ok) stop(`HTTP ${response.status}: ${text}`);
  answer = parse(text) ?? {};
} catch (error) { stop(`The task may exist and be charged (${error}): ${text}`); }
let images;
while (true) {
  const data = answer.data?.constructor === Object ? answer.data : answer;
  const state = String(data.status ?? data.state ?? data.task_status ?? data.type ?? "").toLowerCase();
  images = [...new Set(find(answer))];
  if (/fail|error|cancel|abort|reject|expire|moderat|terminat|nsfw|timeout/.test(state) || !(state || images.length || [0, 1, 200].includes(Number(answer.code ?? 200)))) stop(`The task failed: ${text}`);
  if (images.length && !/progress|pending|queue|process|running|submit|start/.test(state)) break;
  if (task && /^(complete|succe|done|finish)/.test(state)) stop(`No image: ${text}`);
  task ??= data.task_id ?? data.taskId ?? data.id ?? data.request_id ?? stop(`No task id. The task may exist and be charged: ${text}`);
  if (Date.now() > deadline) stop(`Task ${task} is still running: ${text}`);
  await pause();
  try {
    const response = await fetch(`https://gateway.example/one/api/v1/tasks/${encodeURIComponent(task)}`, { headers, signal: AbortSignal.timeout(60_000) });
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
