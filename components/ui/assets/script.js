() => {
  // What the page cannot say in Python: the address bar, copying, and sorting by a click on a header.
  const KEPT = ["__theme", "__sign", "__lang"];

  let ringing;

  window.playground = {
    // One call for all the controls that change in the same moment.
    ring() {
      clearTimeout(ringing);
      ringing = setTimeout(() => document.querySelector("#follow")?.click(), 60);
    },
    address(query) {
      if (!query) return;
      const next = new URLSearchParams(query);
      const now = new URLSearchParams(location.search);
      for (const name of KEPT) if (now.has(name)) next.set(name, now.get(name));
      history.replaceState(null, "", `?${next}`);
    },
  };

  // The box is filled in after this runs, and Gradio leaves the attribute empty for a password.
  let tries = 0;
  const unsaved = setInterval(() => {
    const box = document.querySelector("#key input");
    box?.setAttribute("autocomplete", "off");
    if (box || ++tries > 50) clearInterval(unsaved);
  }, 200);

  async function copy(button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
      area.remove();
    }
    setTimeout(() => (button.textContent = before), 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  // A header of Gradio's table does not sort when clicked: its menu does, and sorts add up. So a click on
  // a header clears the sorting and asks the menu for the next direction of this column.
  const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
  const item = (text) =>
    [...document.querySelectorAll("[role=menuitem]")].find((node) => node.textContent.trim().toLowerCase().includes(text));
  const directions = new WeakMap();
  const nameOf = (header) => header.querySelector(".header")?.textContent.trim();

  async function choose(header, text) {
    header.querySelector(".cell-menu-button")?.click();
    await pause(40);
    const found = item(text);
    if (found) found.click();
    else document.body.click();
    await pause(40);
    return Boolean(found);
  }

  document.addEventListener(
    "click",
    async (event) => {
      const header = event.target.closest(".table th");
      if (!header || !event.isTrusted || event.target.closest(".cell-menu-button")) return;
      const table = header.closest(".table");
      const name = nameOf(header);
      const last = directions.get(table);
      const direction = last?.name === name && last.direction === "ascending" ? "descending" : "ascending";
      directions.set(table, { name, direction });
      await pause(80);
      await choose(header, "clear sort");
      const again = [...table.querySelectorAll("th")].find((node) => nameOf(node) === name && node.offsetWidth);
      await choose(again ?? header, `sort ${direction}`);
    },
    true,
  );
}
