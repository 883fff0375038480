() => {
  // Keeps Gradio's event streams alive. This runs before Gradio, which opens the first stream at once. When a stream
  // breaks, Gradio reloads the page and a typed key is lost; when one ends without an error, as by a gateway's time
  // limit, Gradio waits for ever. Here events without a stream end without a result, and the page asks for its state
  // again. A failed request is never repeated: it may have arrived.
  const PAUSE_MS = 1_000; // the server must notice the end of a stream before the next one begins
  const LONGEST_HOLD_MS = 20_000;
  const UNREACHABLE = "The server cannot be reached. Requests that have arrived are shown once the page is connected again.";
  const send = window.fetch.bind(window);
  const pause = (time) => new Promise((over) => setTimeout(over, time));
  const unfinished = new Set(); // the events that Gradio waits for
  const open = new Set(); // what ends each stream
  let outage = null;

  async function answering() {
    do await pause(PAUSE_MS);
    while (!(await send("healthz", { cache: "no-store" }).catch(() => null))?.ok);
    outage = null;
    window.playground.resume?.();
  }

  // Yields the whole lines of a stream until it ends, for whatever reason.
  async function* linesOf(request) {
    const end = new AbortController();
    request.signal?.addEventListener("abort", () => end.abort());
    open.add(end);
    try {
      const answer = await send(request, { signal: end.signal });
      const decoder = new TextDecoder();
      const reader = answer.body.getReader();
      let rest = "";
      for (let part = await reader.read(); answer.ok && !part.done; part = await reader.read()) {
        const lines = (rest + decoder.decode(part.value, { stream: true })).split("\n");
        rest = lines.pop();
        yield lines;
      }
    } catch {
      // The stream is over either way.
    } finally {
      open.delete(end);
    }
  }

  const streamOf = (fill) => {
    const encoder = new TextEncoder();
    const start = (out) => fill((text) => out.enqueue(encoder.encode(text))).then(() => out.close());
    return new Response(new ReadableStream({ start }), { headers: { "Content-Type": "text/event-stream" } });
  };

  async function relayEvents(request, write) {
    for await (const lines of linesOf(request)) {
      for (const line of lines.filter((one) => one.startsWith("data:"))) {
        const message = JSON.parse(line.slice(5));
        if (message.msg === "process_completed") unfinished.delete(message.event_id);
        if (message.msg === "close_stream") return write(`${lines.join("\n")}\n`);
        if (message.msg === "unexpected_error") return giveUp(write); // this server does not know the page
      }
      write(`${lines.join("\n")}\n`);
    }
    giveUp(write);
  }

  function giveUp(write) {
    const ended = [...unfinished].map((event_id) => ({ msg: "process_completed", event_id, success: false, output: {} }));
    for (const message of [...ended, { msg: "close_stream" }]) write(`\n\ndata: ${JSON.stringify(message)}\n\n`);
    unfinished.clear();
    outage ??= answering();
  }

  // The heartbeat tells the server that the page is still open.
  async function relayHeartbeat(request, write) {
    while (!request.signal.aborted) {
      for await (const lines of linesOf(request.clone())) write(`${lines.join("\n")}\n`);
      if (!request.signal.aborted) await (outage ??= answering());
    }
  }

  async function post(request, options) {
    if (outage) await Promise.race([outage, pause(LONGEST_HOLD_MS)]);
    const answer = await send(request, options).catch(() => null);
    if (answer?.headers.get("Content-Type")?.includes("json")) return answer;
    outage ??= answering(); // no answer, or one of a proxy
    return Response.json({ error: UNREACHABLE, detail: UNREACHABLE }, { status: 500 });
  }

  window.fetch = async (request, options) => {
    const { pathname } = new URL(request.url ?? request, document.baseURI);
    if (pathname.endsWith("/gradio_api/queue/data")) return streamOf((write) => relayEvents(request, write));
    if (pathname.includes("/gradio_api/heartbeat/")) return streamOf((write) => relayHeartbeat(request, write));
    if (options?.method !== "POST" || !pathname.includes("/gradio_api/")) return send(request, options);
    const answer = await post(request, options);
    if (pathname.endsWith("/queue/join") && answer.ok) unfinished.add((await answer.clone().json()).event_id);
    return answer;
  };

  // Opens every stream again: a change of network is not always reported.
  function renew() {
    open.forEach((end) => end.abort());
    outage ??= answering();
  }
  window.playground = { renew };
}
