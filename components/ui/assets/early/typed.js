() => {
  // Keep what a visitor enters while the server works on an event: its answer was made without that, and Gradio puts every
  // answer into the page. The value for such a field is removed from the answer. This runs before Gradio's script.
  const FIELDS = ["textbox", "number", "radio", "checkbox", "checkboxgroup", "dropdown"];
  const send = window.fetch.bind(window);
  const entered = new Map(); // when something was last entered in the element with this id
  let lastEntry = 0; // when something was last entered anywhere

  document.addEventListener(
    "input",
    ({ target }) => {
      lastEntry = performance.now();
      for (let part = target; part; part = part.parentElement) if (part.id) entered.set(part.id, lastEntry);
    },
    true,
  );

  // The fields that an event updates: their place in its answer, and when something was last entered there.
  function updated(fn) {
    const { components, dependencies } = window.gradio_config;
    const { outputs = [] } = dependencies.find(({ id }) => id === fn) ?? {};
    const parts = outputs.map((id) => components.find((part) => part.id === id));
    return parts.flatMap((part, place) => {
      if (!FIELDS.includes(part?.type)) return [];
      return [{ place, at: entered.get(part.props.elem_id || `component-${part.id}`) ?? 0 }];
    });
  }

  window.fetch = async (request, options) => {
    const sentAt = performance.now();
    const answer = await send(request, options);
    if (lastEntry < sentAt || !answer.ok || !new URL(request.url ?? request, document.baseURI).pathname.includes("/gradio_api/run/")) return answer;
    const reply = await answer.json();
    for (const { place, at } of updated(JSON.parse(options.body).fn_index)) {
      if (at < sentAt) continue;
      const { value, ...rest } = reply.data[place]?.__type__ === "update" ? reply.data[place] : { __type__: "update" };
      reply.data[place] = rest;
    }
    return Response.json(reply, { status: answer.status });
  };
}
