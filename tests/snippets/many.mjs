// Runs JavaScript modules in threads of one process, as many.py runs programs in Python. A thread has no folder of its
// own, so the programs are told where to write.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const run = ([source, folder]) => new Promise((end) => {
  const text = readFileSync(source, "utf8");
  const placed = text.replace("writeFile(name", `writeFile(${JSON.stringify(`${folder}/`)} + name`);
  if (placed === text) throw new Error("the program writes no file");
  writeFileSync(source, placed);
  const thread = new Worker(pathToFileURL(source), { stdout: true, stderr: true });
  let out = "", err = "";
  thread.stdout.on("data", (data) => { out += data; });
  thread.stderr.on("data", (data) => { err += data; });
  thread.on("error", (error) => { err += error.stack; });
  thread.on("exit", (status) => setImmediate(() => end([status, out, err])));
});
const programs = JSON.parse(process.argv[2]).entries();
const results = [];
await Promise.all(Array.from({ length: 8 }, async () => {
  for (const [index, program] of programs) results[index] = await run(program);
}));
process.stdout.write(JSON.stringify(results));
