() => {
  // Copying, keeping the focus, bundling changes into one event, links to parts of the page.
  const waiting = {};
  window.playground = {
    ...window.playground,
    // Sends the event of this name, one for all changes within a moment.
    soon(name) {
      if (!document.documentElement.classList.contains("opened")) return; // the server has just filled the page
      clearTimeout(waiting[name]);
      waiting[name] = setTimeout(() => window.playground[name]?.(), 60);
    },
  };

  // A pressed button may disappear and lose the focus; the next button beside it gets the focus then.
  async function keepFocus(row) {
    for (let tries = 0; tries < 20; tries++) {
      await pause(100);
      if (document.activeElement !== document.body) continue;
      const near = [row, row.closest("[role=tabpanel]")].map((part) => part && [...part.querySelectorAll("button")]);
      near.flat().find((button) => button && button.offsetWidth && !button.disabled)?.focus({ preventScroll: true });
    }
  }
  document.addEventListener("click", (event) => {
    const row = event.target.closest("#compare-steps, #compare-share, #publish-confirm, #history-actions, #history-selection");
    if (row && event.detail === 0) keepFocus(row); // by keyboard
  });

  async function copy(button) {
    const before = button.textContent;
    const address = () => new URL(button.dataset.copyAddress, location.href).href;
    const code = "copyCode" in button.dataset && button.nextElementSibling.textContent;
    const text = code || (button.dataset.copy ?? address());
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
    const button = event.target.closest("[data-copy], [data-copy-address], [data-copy-code]");
    if (button) copy(button);
  });

  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-skip]")) return;
    const panel = [...document.querySelectorAll("#tabs [role=tabpanel]")].find((one) => one.checkVisibility());
    panel?.querySelector("button, input, textarea, select, a[href], [tabindex='0']")?.focus();
  });

  // A link for sharing shows its full address.
  window.playground.onChange(() => {
    for (const link of document.querySelectorAll("[data-whole-address]")) if (link.textContent !== link.href) link.textContent = link.href;
  });

  // A dismissed line stays hidden in this browser. The first paint reads the same item.
  document.addEventListener("click", ({ target }) => {
    const line = target.closest("[data-dismiss]")?.dataset.dismiss;
    if (!line) return;
    document.documentElement.classList.add(`dismissed-${line}`);
    try {
      localStorage.setItem(`playground-dismissed-${line}`, "1");
    } catch {}
  });

  // Gradio's <base> makes a link to a part of the page a link to another page. The first field in it gets the focus.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('.html a[href^="#"]');
    const part = link && document.getElementById(link.hash.slice(1));
    if (!part) return;
    event.preventDefault();
    part.scrollIntoView();
    const field = part.querySelector("input");
    (field ?? part).focus({ preventScroll: true });
    field?.select();
  });

  const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
}
