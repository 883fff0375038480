() => {
  // A click is shown at once, before the server answers: Stop replaces Generate, and the picture's frame is a skeleton.
  const root = document.documentElement;
  const GIVE_UP_MS = 30_000;
  const RENDERED_MS = 1_000;
  let stopAsked = false;
  let giveUp = 0;

  const button = () => document.querySelector("#generate-button");
  const stop = () => document.querySelector("#stop-button");
  const shown = (part) => Boolean(part?.offsetWidth);

  function sending() {
    const { ratio = "1", count = "1", layout = "", wrong } = document.querySelector("#price-note [data-ratio]")?.dataset ?? {};
    if (wrong !== undefined) return; // nothing will be sent; the problem is shown at its field
    const pictures = document.querySelector("#pending .pictures");
    pictures.className = `pictures n${count > 4 ? "many" : count}`;
    pictures.replaceChildren(...Array.from({ length: count }, () => Object.assign(document.createElement("div"), { className: "frame skeleton" })));
    const result = document.querySelector("#pending .result");
    result.style.setProperty("--ratio", ratio);
    result.className = `result ${layout}`;
    root.dataset.sending = "";
    stopAsked = false;
    clearTimeout(giveUp);
    giveUp = setTimeout(answered, GIVE_UP_MS);
    if (matchMedia("(max-width: 760px)").matches) document.querySelector("#result-panel").scrollIntoView({ block: "start" });
  }

  // The server has answered with a job or with a problem, which is rendered a moment later.
  function answered() {
    clearTimeout(giveUp);
    const sent = "sending" in root.dataset;
    const running = () => document.querySelector("#result [data-running]");
    delete root.dataset.sending;
    if (stopAsked && running()) stop().click();
    stopAsked = false;
    const lastLook = performance.now() + RENDERED_MS;
    const focus = () => {
      const field = !running() && document.querySelector("#request-column .wrong :is(textarea, input)");
      if (field) field.focus();
      else if (!running() && performance.now() < lastLook) setTimeout(focus, 50);
      else if (sent && document.activeElement === document.body) (shown(stop()) ? stop() : button()).focus({ preventScroll: true });
    };
    setTimeout(focus, 50);
  }

  document.addEventListener(
    "click",
    (event) => {
      if (event.target.closest("#generate-button")) sending();
      if (!event.target.closest("#stop-button")) return;
      const doubleClick = event.detail > 1; // its first half was a click on Generate
      if (!doubleClick && !("sending" in root.dataset)) return;
      event.stopImmediatePropagation(); // there is no job to stop yet
      stopAsked ||= !doubleClick;
    },
    true,
  );

  // Gradio submits on Shift+Enter; here Enter is always a new line, and Ctrl+Enter or Cmd+Enter generates.
  function onEnter(event) {
    if (event.key !== "Enter" || !event.target.closest("#request-column")) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      if (event.type === "keydown" && shown(button())) button().click();
    } else if (event.target.closest("#prompt")) event.stopImmediatePropagation();
  }
  for (const type of ["keydown", "keypress"]) document.addEventListener(type, onEnter, true);

  window.playground = { ...window.playground, sending, answered };
}
