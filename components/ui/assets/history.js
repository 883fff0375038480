() => {
  // In the history a click on an entry, a star or a tag is told to the page by filling a hidden box.
  let focused = "";
  let clicks = 0;

  function fill(selector, text) {
    const box = document.querySelector(`${selector} :is(input, textarea)`);
    if (box) window.playground.type(box, text);
  }

  window.playground.showChosen = () =>
    setTimeout(() => {
      const panel = document.querySelector("#history-detail");
      if (panel && panel.getBoundingClientRect().top < 0) panel.scrollIntoView({ block: "start" });
    }, 50);

  document.addEventListener("click", (event) => {
    const tag = event.target.closest("[data-tag]");
    if (tag) return fill("#history-text", tag.dataset.tag);
    const star = event.target.closest("[data-star]");
    if (star) return fill("#star-entry", `${star.dataset.star} ${(clicks += 1)}`);
    const entry = event.target.closest("[data-entry]") ?? (event.target.closest("button, a, code") ? null : event.target.closest("tr[data-card]"));
    if (event.target.closest("#history-use, #history-open, #history-compare, #history-whole")) scrollTo({ top: 0 });
    if (event.target.closest("#history-close")) document.querySelector("#history-entries [aria-current=true]")?.scrollIntoView({ block: "nearest" });
    if (entry) fill("#open-entry", `${entry.dataset.entry ?? entry.dataset.card} ${(clicks += 1)}`);
  });

  // A list that is drawn anew loses the focus, the mark of the chosen entry and the times in this clock.
  const nameOf = (node) => (node.dataset.entry ? `[data-entry="${node.dataset.entry}"]` : `[data-star="${node.dataset.star}"]`);

  document.addEventListener("focusin", (event) => {
    const node = event.target.closest("#history-entries :is([data-entry], [data-star])");
    focused = node ? nameOf(node) : "";
  });

  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function dress() {
    const list = document.querySelector("#history-entries");
    if (!list) return;
    const shown = document.querySelector("#history-detail [data-shown]")?.dataset.shown;
    for (const card of list.querySelectorAll("[data-card]")) {
      const current = String(card.dataset.card === shown);
      const button = card.querySelector("[data-entry]");
      if (button.getAttribute("aria-current") !== current) button.setAttribute("aria-current", current);
    }
    for (const time of document.querySelectorAll("#history time:not([title])")) {
      time.title = `${time.textContent || time.dateTime}`;
      time.textContent = clock.format(new Date(time.dateTime));
    }
    if (focused && document.activeElement === document.body) list.querySelector(focused)?.focus({ preventScroll: true });
  }

  document.addEventListener(
    "error",
    (event) => {
      const picture = event.target.closest?.("#history-entries .frame img");
      if (!picture) return;
      const words = document.createElement("span");
      words.className = "why";
      words.textContent = "Its picture is no longer kept";
      picture.replaceWith(words);
    },
    true,
  );

  setInterval(() => document.hidden || dress(), 250);
}
