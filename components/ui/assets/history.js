() => {
  // A history list that is rendered again loses the focus, the current entry and the local times; this restores them.
  let focused = "";

  const nameOf = (part) => {
    if (part.dataset.action) return `[data-job-id="${part.closest("[data-job-id]").dataset.jobId}"] .star`;
    const key = ["entry", "group", "select", "sort"].find((name) => name in part.dataset);
    return `button[data-${key}="${CSS.escape(part.dataset[key])}"]`;
  };

  document.addEventListener("focusin", (event) => {
    const part = event.target.closest("#history-entries :is(button:is([data-entry], [data-group], [data-select], [data-sort], .star))");
    focused = part ? nameOf(part) : "";
  });


  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  window.playground.onChange(() => {
    const list = document.querySelector("#history-entries");
    if (!list) return;
    const shown = document.querySelector("#history-detail [data-shown]")?.dataset.shown;
    for (const card of list.querySelectorAll("[data-card]")) {
      const current = String(card.dataset.card === shown);
      const button = card.querySelector("button[data-entry]");
      if (button.getAttribute("aria-current") !== current) button.setAttribute("aria-current", current);
    }
    for (const time of document.querySelectorAll("#history time:not([title])")) {
      time.title = `${time.textContent || time.dateTime}`;
      time.textContent = clock.format(new Date(time.dateTime));
    }
    if (focused && document.activeElement === document.body) list.querySelector(focused)?.focus({ preventScroll: true });
  });

  document.addEventListener("click", (event) => {
    const box = event.target.closest(".select-box"); // shown before the server answers
    if (box) box.setAttribute("aria-checked", String(box.getAttribute("aria-checked") !== "true"));
    if (event.target.closest("#history-comparison, #history-result [data-action=open], #history-pages button")) scrollTo({ top: 0 });
    if (event.target.closest("#history-close")) {
      document.querySelector("#history-entries [aria-current=true]")?.scrollIntoView({ block: "nearest" });
    }
  });

  document.addEventListener(
    "error",
    (event) => {
      const picture = event.target.closest?.("#history-entries .frame img");
      if (!picture) return;
      const words = document.createElement("span");
      words.className = "why";
      words.textContent = "This picture is no longer stored";
      picture.replaceWith(words);
    },
    true,
  );

  window.playground.showChosen = () =>
    setTimeout(() => {
      const panel = document.querySelector("#history-detail");
      if (panel && panel.getBoundingClientRect().top < 0) panel.scrollIntoView({ block: "start" });
    }, 50);
}
