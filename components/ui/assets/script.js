() => {
  // What the page cannot say in Python: copying, sorting by a click on a header, a server that was restarted.
  let ringing;

  window.playground = {
    ...window.playground,
    // One call for all the controls that change in the same moment.
    ring() {
      clearTimeout(ringing);
      ringing = setTimeout(() => document.querySelector("#follow")?.click(), 60);
    },
    // Fills a text field as if somebody had typed: without the key press Gradio takes it for a value of its own.
    type(box, text) {
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.dispatchEvent(new KeyboardEvent("keypress", { bubbles: true, key: "x" }));
    },
    sorted: (table) => sortOf(table),
    sort: (table, name, direction) => sort(table, name, direction),
  };

  // The box is filled in after this runs, and Gradio leaves the attribute empty for a password.
  let tries = 0;
  const unsaved = setInterval(() => {
    const box = document.querySelector("#key input");
    box?.setAttribute("autocomplete", "off");
    if (box || ++tries > 50) clearInterval(unsaved);
  }, 200);

  // What the server knows of an open page is gone when it was restarted, and so is a typed key: the page opens anew.
  // Jobs went on, the address holds the form. A job that is shown as going and says nothing is a sign to look.
  const LOST = "playground-key-lost";
  const banner = (text) => {
    const line = document.createElement("div");
    line.className = "banner";
    line.setAttribute("role", "alert");
    line.textContent = text;
    document.querySelector("#banner")?.after(line);
  };
  let boot;
  let said = "";
  let silent = 0;
  let beats = 0;

  async function look() {
    const answer = await fetch("healthz", { cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    const found = answer.headers.get("X-Boot");
    if (boot && found !== boot) {
      if (document.querySelector(".pill.visitor")) sessionStorage.setItem(LOST, "1");
      location.reload();
    }
    boot = found;
  }

  setInterval(() => {
    if (document.hidden) return;
    const tick = document.querySelector("#place .tick");
    const saying = tick ? document.querySelector("#place").textContent : "";
    silent = tick && saying === said ? silent + 1 : 0;
    said = saying;
    if (silent === 4) {
      tick.textContent = "Connection lost, the job goes on";
      said = document.querySelector("#place").textContent;
    }
    beats += 1;
    if (silent >= 4 || beats % 4 === 0) look();
  }, 2000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
  if (sessionStorage.getItem(LOST)) {
    sessionStorage.removeItem(LOST);
    setTimeout(() => banner("This page's server was restarted. Enter your key again to go on with it."), 1500);
  }

  // A job is shown in the Generate tab, wherever it was pressed. Gradio builds a tab when it is opened first.
  async function open(job) {
    const away = !document.querySelector("#place")?.offsetWidth;
    [...document.querySelectorAll("#tabs [role=tab]")].find((tab) => tab.dataset.tabId === "generate")?.click();
    for (let tries = 0; tries < 40; tries++) {
      const box = document.querySelector("#open-job :is(input, textarea)");
      const place = document.querySelector("#place");
      if (box && place?.offsetWidth) {
        window.playground.type(box, job);
        return away && place.scrollIntoView({ block: "nearest" });
      }
      await pause(50);
    }
  }

  // A button that is pressed may go, and what has the focus with it: the next thing to do beside it gets it then.
  async function keepFocus(row) {
    for (let tries = 0; tries < 20; tries++) {
      await pause(100);
      if (document.activeElement !== document.body) continue;
      const near = [row, row.closest("[role=tabpanel]")].map((part) => part && [...part.querySelectorAll("button")]);
      near.flat().find((button) => button && button.offsetWidth && !button.disabled)?.focus({ preventScroll: true });
    }
  }
  document.addEventListener("click", (event) => {
    const row = event.target.closest("#next-steps, #compare-steps, #compare-share, #history-steps, #history-really");
    if (row && event.detail === 0) keepFocus(row); // by keyboard
  });

  async function copy(button) {
    const before = button.textContent;
    const text = button.dataset.copy ?? new URL(button.dataset.copyAddress, location.href).href;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
      area.remove();
    }
    setTimeout(() => (button.textContent = before), 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-address]");
    if (button) copy(button);
    const job = event.target.closest("[data-job]");
    if (job) open(job.dataset.job);
  });

  // A header of Gradio's table does not sort when clicked: its menu does, and sorts add up. So a click on
  // a header clears the sorting and asks the menu for the next direction of this column.
  const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
  const item = (text) =>
    [...document.querySelectorAll("[role=menuitem]")].find((node) => node.textContent.trim().toLowerCase().includes(text));
  const nameOf = (header) => header.querySelector(".header")?.textContent.trim();
  const headerOf = (table, name) => [...table.querySelectorAll("th")].find((node) => nameOf(node) === name && node.offsetWidth);

  async function choose(header, text) {
    header.querySelector(".cell-menu-button")?.click();
    await pause(40);
    const found = item(text);
    if (found) found.click();
    else document.body.click();
    await pause(40);
    return Boolean(found);
  }

  // By which column a table is sorted, and how; null as it came.
  function sortOf(table) {
    const mark = table?.querySelector("th .sort-indicator");
    if (!mark) return null;
    const direction = mark.getAttribute("aria-label").endsWith("descending") ? "descending" : "ascending";
    return { name: nameOf(mark.closest("th")), direction };
  }

  async function sort(table, name, direction) {
    if (!headerOf(table, name)) return;
    await choose(headerOf(table, name), "clear sort");
    const again = headerOf(table, name);
    if (again) await choose(again, `sort ${direction}`);
    window.playground.write();
  }

  function sortNext(header) {
    const [table, name] = [header.closest(".table"), nameOf(header)];
    const last = sortOf(table);
    return sort(table, name, last?.name === name && last.direction === "ascending" ? "descending" : "ascending");
  }

  document.addEventListener(
    "click",
    async (event) => {
      // Gradio's own menu sorts as well.
      if (event.target.closest("[role=menuitem]")) setTimeout(window.playground.write, 100);
      const header = event.target.closest(".table th");
      if (!header || !event.isTrusted || event.target.closest(".cell-menu-button")) return;
      await pause(80);
      await sortNext(header);
    },
    true,
  );

  // By keyboard a header can be reached once the focus is in its table.
  document.addEventListener("focusin", (event) => {
    for (const header of event.target.closest(".table")?.querySelectorAll("th") ?? []) header.tabIndex = 0;
  });
  document.addEventListener(
    "keydown",
    async (event) => {
      if (!event.target.matches(".table th") || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      const [table, name] = [event.target.closest(".table"), nameOf(event.target)];
      await sortNext(event.target);
      headerOf(table, name)?.focus();
    },
    true,
  );
}
