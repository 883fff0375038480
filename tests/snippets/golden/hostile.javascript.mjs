// Creates the images, waits for them and saves them here. Needs Node 18; save this as generate.mjs.
import { writeFile } from "node:fs/promises";
const body = {"model": "flux-2", "type": "pro",
  "prompt": "it's \"quoted\", it''s \"\" '\"'\"' \\' \\\" ''' \"\"\" // /* */ <!-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? !! !word \"!x\" !$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes!! ok!no !=x !(y) (!z)\n!at the start\n!\n\"!\"",
  "aspect_ratio": "1:1", "resolution": "1K"};
let text = "", state = "", task = "", data, images, lost = [], deadline = Date.now() + 600_000;
const stop = (it) => { console.error((task && `Task ${task}: `) + it + (text && `. Reply: ${text}`)); process.exit(1); };
const key = process.env.API_IN_ONE_KEY || stop("Set API_IN_ONE_KEY first.");
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
const post = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" };
const ext = {"89504e":"png","ffd8ff":"jpg","524946":"webp","474946":"gif","000000":"avif","3c7376":"svg","3c3f78":"svg"};
const echo = new RegExp("input|requ|param|^ref|conf|^arg|^opt|init|orig|thumb|prev|cover|hold|blur" +
  "|avatar|hook|callb|link|page|path|sizes|load|fetch|poll|poster|^get$|^web$|(stat|respon).*url|cancel", "i");
const read = async (response) => { // the object with the task's id, the images and the task's state
  text = (await response.text()) || "nothing";
  if (!response.ok) stop(`HTTP ${response.status}${response.status < 500 ? "" : ", perhaps charged"}`);
  const reply = JSON.parse(text, (name, item) => (echo.test(name) ? undefined : item));
  const plain = JSON.stringify(reply).replace(/\\+[rn]/g, ""); // base64 may have line breaks
  const found = new Set(plain.match(/(?<=")(https?:\/\/|data:image|iVBOR|\/9j\/|UklGR|R0lGO)[^"\\<]+/g));
  images = [...found].filter((one) => !post.body.includes(one));
  data = Array.isArray(reply.data) ? reply : (reply.data ?? reply);
  const word = data.status ?? data.state ?? data.task_status ?? data.type ?? (images[0] && "done");
  state = String(task || images[0] ? word : "").toLowerCase();
};
const noTask = (error) => stop(`No task id (${error}). The task may exist and be charged`);
await fetch("https://gateway.example/one/api/v1/images/generations", post).then(read).catch(noTask);
task = encodeURIComponent(data.task_id || data.taskId || (images[0] ? "" : data.id || noTask("none in the reply")));
while (task && !/^(?!not|un).*(complet|succe|done|finish|ready)/.test(state)) {
  if (/unsucc|fail|error|cancel|abort|reject|expir|moder|termin|nsfw|time/.test(state)) stop("failed");
  await new Promise((go) => setTimeout(go, Date.now() < deadline ? 2000 : stop("still running")));
  const signal = AbortSignal.timeout(60_000);
  const poll = await fetch(`https://gateway.example/one/api/v1/tasks/${task}`, { headers, signal }).catch(() => ({}));
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
