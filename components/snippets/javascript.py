"""JavaScript as an ES module for Node 18 or newer, built-ins only."""

from __future__ import annotations

import json

from components.snippets.call import Call, filled

TEMPLATE = r"""// Creates the picture, waits for it and saves it here. Save this as generate.mjs.
// Needs Node 18 or newer and the key:  export @KEY@=...
import { writeFile } from "node:fs/promises";

const body = @BODY@;

const key = process.env.@KEY@;
if (!key) throw new Error("Set @KEY@ first.");
const headers = { Authorization: `Bearer ${key}` };
let reply = await fetch(@CREATE@, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify(body),
}).then((response) => response.text());

const ask = (task) =>
  fetch(@STATUS@.replace("{task_id}", encodeURIComponent(task)), { headers }).then((response) => response.text());

const RESULTS = "@RESULTS@".split(" ");
const ECHOES = "@ECHOES@".split(" ");
const same = (key) => key.replaceAll("_", "").toLowerCase();

// JSON, or an empty object for anything else; `data` may be JSON in a string.
function parse(text) {
  let document = {};
  try { document = JSON.parse(text) ?? {}; } catch {}
  if (typeof document.data === "string") document.data = parse(document.data);
  return document;
}

// Every address under a result key; never from the echo of the request.
function pictures(value, inside = false) {
  if (Array.isArray(value)) return value.flatMap((item) => pictures(item, inside));
  if (value && typeof value === "object")
    return Object.entries(value)
      .filter(([key]) => !ECHOES.includes(same(key)))
      .flatMap(([key, item]) => pictures(item, inside || RESULTS.includes(same(key))));
  if (!inside || typeof value !== "string") return [];
  if (/^(https?:\/\/|data:image\/)/.test(value)) return JSON.stringify(body).includes(JSON.stringify(value)) ? [] : [value];
  return /^[[{]/.test(value) ? pictures(parse(value), inside) : [];
}

// What stands under one of these keys, in `data` first, then at the top.
function pick(document, names) {
  const data = Array.isArray(document.data) ? document.data[0] : document.data;
  for (const place of [data, document])
    for (const [key, value] of Object.entries(place && typeof place === "object" ? place : {})) {
      const fits = typeof value === "string" || (names.endsWith("id") && typeof value === "number");
      if (names.split(" ").includes(same(key)) && fits && value) return String(value);
    }
  return "";
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

let document = parse(reply);
const task = pick(document, "taskid") || pick(document, "id");
const deadline = Date.now() + @DEADLINE@ * 1000;
let found;
for (let asked = false; ; asked = true) {
  found = [...new Set(pictures(document))];
  const state = (pick(document, "@STATES@") || pick(document, "type")).toLowerCase();
  if ("@FAILED@".split(" ").includes(state)) stop(`The task failed: ${reply}`);
  if (found.length && !"@RUNNING@".split(" ").includes(state)) break;
  if (!task) stop(`No task was created: ${reply}`);
  if (asked && "@DONE@".split(" ").includes(state)) stop(`Finished without a picture: ${reply}`);
  if (Date.now() > deadline) stop(`Still running, task ${task}: ${reply}`);
  await new Promise((wake) => setTimeout(wake, @POLL@ * 1000));
  reply = await ask(task).catch(() => ""); // a poll may fail; the task goes on
  document = parse(reply);
}

const name = (task || "picture").replace(/[^A-Za-z0-9_-]/g, "-");
for (const [index, url] of found.entries()) {
  const named = url.startsWith("data:") ? url.match(/^data:image\/(\w+)/) : url.split(/[?#]/)[0].match(/\.(\w+)$/);
  const ending = ["png", "jpg", "jpeg", "webp", "svg"].includes(named?.[1]) ? named[1] : "png";
  const response = await fetch(url);
  if (!response.ok) stop(`The picture's host answers ${response.status}: ${url}`);
  await writeFile(`${name}-${index + 1}.${ending}`, Buffer.from(await response.arrayBuffer()));
  console.log(`Saved ${name}-${index + 1}.${ending}`);
}
"""


def write(call: Call) -> str:
    """The request as a JavaScript module."""
    own = {"BODY": call.json, "CREATE": json.dumps(call.create_url), "STATUS": json.dumps(call.status_url)}
    return filled(TEMPLATE, **call.words, **own)
