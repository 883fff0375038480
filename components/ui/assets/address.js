() => {
  // The address bar: the server writes each tab's query into the page, and the one of the open tab is shown.
  const KEPT = ["__theme", "__sign", "__lang"];
  const FORM = "playground-form";
  const given = new URLSearchParams(location.search);
  const queries = new Map([[given.get("tab") || "generate", location.search]]);

  // Until the server's first answer the page is inert, since that answer overwrites the form; the address stays as it is.
  let opening = true;
  let shown = ""; // the tab of the current history entry
  let returning = ""; // the tab that Back or Forward is opening

  function write() {
    const open = window.playground.openTab();
    if (opening || !open || (returning && open.id !== returning)) return;
    returning = "";
    const next = new URLSearchParams(open.id === "generate" ? "" : { tab: open.id });
    const own = new URLSearchParams(queries.get(open.id));
    for (const name of ["tab", ...KEPT]) own.delete(name);
    for (const [name, value] of own) next.append(name, value);
    for (const name of KEPT) if (given.has(name)) next.set(name, given.get(name));
    if (shown === open.id && location.search === `?${next}`) return;
    // Another tab is another history entry, so that Back leads from a model to the table that it was opened from.
    if (shown && shown !== open.id) {
      history.pushState(open, "", `?${next}`);
      window.playground.focusTab();
    } else history.replaceState(open, "", `?${next}`);
    shown = open.id;
  }

  // Each tab renders its query into an element. A tab that is not open is not in the page, so its last query is kept.
  window.playground.onChange(() => {
    if (opening) return;
    for (const { dataset } of document.querySelectorAll("[data-query]")) {
      queries.set(dataset.tab, dataset.query);
      if (dataset.tab === "generate") remember(dataset.query);
    }
    write();
  });

  // Browsers throw an error where a page may not store anything.
  function remember(query) {
    try {
      sessionStorage.setItem(FORM, query);
    } catch {}
  }

  window.addEventListener("popstate", ({ state }) => {
    if (opening || !state?.id) return;
    [shown, returning] = [state.id, state.id];
    setTimeout(() => (returning = ""), 1000); // a tab that does not open must not block updates of the address
    if (window.playground.selectTab(state)) write();
  });

  const inert = (on) => document.querySelectorAll("#header, #tabs").forEach((part) => (part.inert = on));

  window.playground = {
    ...window.playground,
    // Called before the page's first event, and after its answer. Returns the query of the form before a reload.
    opening() {
      inert(true);
      setTimeout(window.playground.opened, 10_000);
      try {
        return sessionStorage.getItem(FORM) ?? "";
      } catch {
        return "";
      }
    },
    async opened() {
      if (!opening) return;
      opening = false;
      for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame); // what has arrived is rendered
      document.documentElement.classList.add("opened"); // hides the first paint
      inert(false);
      window.playground.changed();
    },
  };
}
