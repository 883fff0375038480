() => {
  // What the page cannot do in Python: copying, keeping the focus, noticing that the server was restarted.
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
      tick.textContent = "Connection lost; the job continues";
      said = document.querySelector("#place").textContent;
    }
    beats += 1;
    if (silent >= 4 || beats % 4 === 0) look();
  }, 2000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
  if (sessionStorage.getItem(LOST)) {
    sessionStorage.removeItem(LOST);
    setTimeout(() => banner("This page's server was restarted. Enter your key again to continue with it."), 1500);
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
  });

  const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
}
