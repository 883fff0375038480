() => {
  // The text of a running job changes each second. If it does not, its event stream is dead and must be opened again.
  // One server process holds the state of an open page, including a typed key. When that process is gone, the page
  // reloads: jobs continue and the address holds the form. A single process is gone as soon as another one answers. One
  // of several is gone when it has not answered for LOST_AFTER_MS. If it still answers among others, a proxy spreads the
  // requests of one visitor over several processes, and reloading would not help.
  const LOST_AFTER_MS = 30_000;
  const LOOK_MS = 2_000;
  const LOOKS_BETWEEN = 4;
  const SPREAD =
    "Requests of this page are answered by different server processes, so it cannot work reliably. " +
    "The proxy in front of it must send each visitor to one process.";

  let own;
  let othersSince = 0;
  let returns = 0;
  let shownBefore = "";
  let unchanged = 0;
  let looks = 0;

  function banner(text) {
    const line = document.createElement("div");
    line.className = "banner";
    line.setAttribute("role", "alert");
    line.textContent = text;
    document.querySelector("#banner")?.after(line);
  }

  async function ask() {
    const answer = await fetch("healthz", { cache: "no-store" }).catch(() => null);
    if (!answer?.ok || returns > 1) return;
    const process = answer.headers.get("X-Process");
    own ??= process;
    if (process === own && unchanged >= LOOKS_BETWEEN) {
      unchanged = 0;
      window.playground.renew();
    }
    if (process !== own) {
      othersSince ||= Date.now();
      const alone = answer.headers.get("X-Processes") === "one";
      if (alone || Date.now() - othersSince > LOST_AFTER_MS) location.reload();
    } else if (othersSince) {
      othersSince = 0;
      returns += 1; // once may be a proxy that considered a slow process dead
      if (returns > 1) banner(SPREAD);
    }
  }

  setInterval(() => {
    if (document.hidden) return;
    const elapsed = document.querySelector("#result .elapsed");
    const shown = elapsed ? document.querySelector("#result").textContent : "";
    unchanged = elapsed && shown === shownBefore ? unchanged + 1 : 0;
    shownBefore = shown;
    if (unchanged === LOOKS_BETWEEN) {
      elapsed.textContent = "Connection lost; the job continues";
      shownBefore = document.querySelector("#result").textContent;
    }
    looks += 1;
    if (othersSince || unchanged >= LOOKS_BETWEEN || looks % LOOKS_BETWEEN === 0) ask();
  }, LOOK_MS);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  ask();
}
