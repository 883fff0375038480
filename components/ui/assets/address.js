() => {
  // The address bar: each tab's own query is remembered, and the one of the tab that is open is shown.
  const KEPT = ["__theme", "__sign", "__lang"];
  const FORM = "playground-form";
  const opened = location.search;
  const given = new URLSearchParams(opened);
  const queries = new Map();
  const chosen = () => document.querySelector("#tabs [role=tab][aria-selected=true]");
  const tab = () => chosen()?.dataset.tabId;
  const table = () => document.querySelector("#models-table");

  // What the address asks for is done by the server's first answer; until then nothing is written over it.
  let asked = given.get("tab") || "generate";
  let sorting = asked === "models" && given.get("sort")
    ? { name: given.get("sort"), direction: given.get("order") === "descending" ? "descending" : "ascending" }
    : null;

  let shown = ""; // the tab of the browser's present entry
  let returning = ""; // the tab that Back or Forward is opening

  const modelOf = (query) => encodeURIComponent(new URLSearchParams(query).get("model"));

  function arrived() {
    if (!asked) return;
    if (!queries.has(asked)) queries.set(asked, opened);
    asked = "";
    write();
  }

  function write() {
    const open = tab();
    if (asked || !open || (returning && open !== returning)) return;
    returning = "";
    const next = new URLSearchParams(open === "generate" ? "" : { tab: open });
    const own = new URLSearchParams(queries.get(open));
    const order = open === "models" && (sorting ?? window.playground.sorted(table()));
    for (const name of ["tab", ...KEPT, ...(open === "models" ? ["sort", "order"] : [])]) own.delete(name);
    for (const [name, value] of own) next.append(name, value);
    if (order) next.set("sort", order.name);
    if (order) next.set("order", order.direction);
    for (const name of KEPT) if (given.has(name)) next.set(name, given.get(name));
    // Another tab is another entry, so that Back leads from a model to the table it was found in; the forms stay as they are.
    const entry = { tab: open, label: chosen().textContent.trim() };
    if (shown && shown !== open) history.pushState(entry, "", `?${next}`);
    else history.replaceState(entry, "", `?${next}`);
    shown = open;
  }

  // On a narrow screen the tabs that have no room are in a menu, and known there by their names alone.
  function doorTo({ tab, label }) {
    const doors = [...document.querySelectorAll("#tabs > .tab-wrapper :is([role=tab], .overflow-dropdown button)")];
    return doors.find((door) => door.dataset.tabId === tab) ?? doors.find((door) => door.textContent.trim() === label);
  }

  window.addEventListener("popstate", ({ state }) => {
    const door = !asked && state?.tab && doorTo(state);
    if (!door) return;
    [shown, returning] = [state.tab, state.tab];
    setTimeout(() => (returning = ""), 1000); // a tab that does not open must not keep the address as it is
    door.click();
    write();
  });

  // A table has its rows some time after its tab was opened, and can only then be sorted.
  async function restore() {
    if (tab() !== "models" || !table()?.querySelector(".virtual-row")?.offsetWidth) return setTimeout(restore, 200);
    const done = () => JSON.stringify(window.playground.sorted(table())) === JSON.stringify(sorting);
    for (let tries = 0; tries < 3 && !done(); tries++) {
      await window.playground.sort(table(), sorting.name, sorting.direction);
    }
    sorting = null;
    write();
  }

  window.playground = {
    ...window.playground,
    address(query, name = "generate") {
      if (!query) return;
      const before = queries.get(name);
      queries.set(name, query);
      if (name === "generate") {
        // The Integrate tab shows the model that is chosen in Generate, until another is chosen there.
        if (before && modelOf(before) !== modelOf(query)) queries.set("integrate", `?model=${modelOf(query)}`);
        setTimeout(arrived, 300);
        sessionStorage.setItem(FORM, query);
      }
      write();
    },
    write,
  };

  let last;
  new MutationObserver(() => {
    if (tab() !== last) write();
    last = tab();
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-selected"] });
  document.addEventListener("click", (event) => event.isTrusted && event.target.closest("#tabs > .tab-wrapper") && arrived(), true);
  if (sorting) restore();
}
