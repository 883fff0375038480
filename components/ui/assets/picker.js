() => {
  // The panel for choosing models. A button with data-picker opens it; data-chosen holds the current choices, one a line,
  // and the new ones are written into the text field that data-into names.
  let returnTo = ""; // the part whose button opened the panel: choosing draws the button anew, which loses the focus

  const cardsOf = (dialog) => [...dialog.querySelectorAll(".model-card")];
  const controlOf = (card) => card.querySelector("input") ?? card;
  const visibleCards = (dialog) => cardsOf(dialog).filter((card) => !card.closest("li").hidden);
  const purposeOf = (dialog) => dialog.querySelector("[data-purpose][aria-pressed=true]").dataset.purpose;

  // The cards are fetched once, all of them. A catalog that is too large for that is searched by the server.
  const isWhole = (dialog) => dialog.dataset.whole === "true";

  async function load(dialog, query = "") {
    const wanted = `${dialog.dataset.source}${query}`;
    if (dialog.wanted === wanted) return dialog.loading;
    dialog.wanted = wanted;
    dialog.loading = fetch(wanted)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
      .then((text) => {
        if (dialog.wanted !== wanted) return; // a later search
        dialog.querySelector(".cards-frame").innerHTML = text; // escaped by the server
        mark(dialog);
      })
      .catch(() => {
        dialog.wanted = "";
        dialog.querySelector("footer p").textContent = "The models cannot be loaded. Close the panel and try again.";
      });
    return dialog.loading;
  }

  function mark(dialog) {
    const chosen = new Set(dialog.chosen ?? []);
    for (const card of cardsOf(dialog)) {
      const control = controlOf(card);
      if (control === card) card.setAttribute("aria-checked", String(chosen.has(card.dataset.value)));
    }
    for (const box of dialog.querySelectorAll("input[type=checkbox]")) {
      box.checked = chosen.has(box.value);
      if (box.checked && box.closest("details")) box.closest("details").open = true;
    }
    filter(dialog);
  }

  // The same as views/models/search.py: every word of a search must begin a word of the card.
  const SEPARATORS = /[\s,;!?"'()]+/;
  const has = (item, word) => ` ${item.dataset.search}`.includes(` ${word}`);

  function filter(dialog) {
    const words = dialog.querySelector("input[type=search]").value.toLowerCase().split(SEPARATORS).filter(Boolean);
    const purpose = purposeOf(dialog);
    const list = dialog.querySelector(".model-cards");
    if (!list) return;
    const { ignored, columns, orderMessages, messages } = JSON.parse(list.dataset.searchData);
    const isIgnored = (word) => ignored.some((one) => one.startsWith(word));
    for (const item of list.children) {
      const suits = purpose === "" || item.dataset.purposes.split(" ").includes(purpose);
      item.hidden = !suits || !words.every((word) => has(item, word) || isIgnored(word));
    }
    const under = (texts, word) => (Object.hasOwn(texts, word) ? texts[word] : undefined); // not Object's own "constructor"
    const column = words.map((word) => under(columns, word)).find(Boolean);
    sort(list, column === "Seconds" ? "seconds" : "position");
    const unknown = words.filter((word) => ![...list.children].some((item) => has(item, word)));
    const said = unknown.map((word) => under(messages, word) ?? (isIgnored(word) ? "" : `Nothing here is about “${word.slice(0, 40)}”.`));
    const message = isWhole(dialog) ? [...new Set([orderMessages[column] ?? "", ...said])].filter(Boolean).join(" ") : list.dataset.message;
    const visible = visibleCards(dialog);
    const total = Number(list.dataset.total);
    const more = isWhole(dialog) ? "" : ". Search for the others";
    const picked = dialog.querySelector("[data-use]") ? ` · ${(dialog.chosen ?? []).length} chosen` : "";
    dialog.querySelector("footer p").textContent =
      (visible.length ? `${visible.length} of ${total} models${visible.length < total ? more : ""}` : "No model matches") + picked + (message && `. ${message}`);
    // Only one card can be reached by the Tab key: the chosen one, or the first.
    const stop = visible.find((card) => card.getAttribute("aria-checked") === "true") ?? visible[0];
    for (const card of cardsOf(dialog)) if (controlOf(card) === card) card.tabIndex = card === stop ? 0 : -1;
  }

  function sort(list, by) {
    const rank = (item) => Number(item.dataset[by] || 1e9);
    const sorted = [...list.children].sort((one, other) => rank(one) - rank(other));
    if (sorted.some((item, at) => item !== list.children[at])) list.append(...sorted);
  }

  let searching;
  function search(dialog) {
    if (isWhole(dialog)) return filter(dialog);
    clearTimeout(searching);
    const given = { search: dialog.querySelector("input[type=search]").value, purpose: purposeOf(dialog) };
    searching = setTimeout(() => load(dialog, `&${new URLSearchParams(given)}`), 150);
  }

  function open(opener) {
    const dialog = document.querySelector(`#picker-${opener.dataset.picker}`);
    returnTo = opener.closest(".html[id]")?.id ?? "";
    dialog.into = opener.dataset.into;
    dialog.chosen = opener.dataset.chosen.split("\n").filter(Boolean);
    dialog.querySelector("input[type=search]").value = "";
    press(dialog, "");
    if (!dialog.open) dialog.showModal();
    mark(dialog);
    focusCard(dialog);
    load(dialog).then(() => focusCard(dialog));
  }

  function focusCard(dialog) {
    const cards = visibleCards(dialog);
    const first = cards.find((card) => dialog.chosen.includes(controlOf(card).value || card.dataset.value)) ?? cards[0];
    if (dialog.open && first) controlOf(first).focus();
  }

  function press(dialog, purpose) {
    for (const chip of dialog.querySelectorAll("[data-purpose]")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.purpose === purpose));
    }
  }

  const boxOf = (name) => window.playground.textOf(document.querySelector(`#${name}`));

  function pick(dialog, choices) {
    dialog.close();
    window.playground.setText(boxOf(dialog.into), choices.join("\n"));
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-picker]");
    if (opener) return open(opener);
    const { leaveOut, into } = event.target.closest("[data-leave-out]")?.dataset ?? {};
    if (into) {
      const box = boxOf(into);
      returnTo = event.target.closest(".html[id]").id;
      return window.playground.setText(box, box.value.split("\n").filter((choice) => choice !== leaveOut).join("\n"));
    }
    const dialog = event.target.closest("dialog.picker");
    if (!dialog) return;
    const { target } = event;
    if (target === dialog || target.closest("[data-close]")) return dialog.close(); // the dialog itself is its backdrop
    const chip = target.closest("[data-purpose]");
    if (chip) {
      press(dialog, chip.dataset.purpose);
      return search(dialog);
    }
    if (target.closest("[data-none]")) dialog.chosen = [];
    if (target.closest("[data-all]")) {
      dialog.chosen = [...new Set([...dialog.chosen, ...visibleCards(dialog).map((card) => controlOf(card).value)])];
    }
    if (target.closest("[data-none], [data-all]")) return mark(dialog);
    if (target.closest("[data-use]")) return pick(dialog, dialog.chosen);
    const card = target.closest("[role=radio]");
    if (card) pick(dialog, [card.dataset.value]);
  });

  document.addEventListener("input", ({ target }) => {
    const dialog = target.closest("dialog.picker");
    if (dialog && target.type === "search") search(dialog);
    if (dialog && target.type === "checkbox") {
      const others = dialog.chosen.filter((value) => value !== target.value);
      dialog.chosen = target.checked ? [...others, target.value] : others;
      filter(dialog);
    }
  });

  document.addEventListener("keydown", (event) => {
    const dialog = event.target.closest?.("dialog.picker");
    if (!dialog || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = dialog.querySelector("input[type=search]");
    const cards = visibleCards(dialog);
    const at = cards.indexOf(event.target.closest(".model-card"));
    if (event.target === box) {
      const only = event.key === "Enter" && cards.length === 1 && cards[0].matches("[role=radio]");
      if (event.key === "ArrowDown" && cards.length) controlOf(cards[0]).focus();
      else if (only) pick(dialog, [cards[0].dataset.value]);
      else return;
      return event.preventDefault();
    }
    if (at < 0) return;
    const rows = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: rows, ArrowUp: -rows, Home: -at, End: cards.length - 1 - at };
    if (event.key in steps) {
      event.preventDefault();
      const to = Math.min(cards.length - 1, Math.max(0, at + steps[event.key]));
      controlOf(cards[to]).focus();
    } else if (event.key.length === 1 && event.key !== " ") box.focus(); // which receives the letter
  });

  // Choosing renders the button again; the new one gets the focus.
  document.addEventListener("focusin", ({ target }) => {
    if (returnTo && !target.closest("dialog.picker, [data-picker]")) returnTo = "";
  });
  window.playground.onChange(() => {
    if (!returnTo || document.activeElement !== document.body || document.querySelector("dialog.picker[open]")) return;
    document.querySelector(`#${CSS.escape(returnTo)} [data-picker]`)?.focus({ preventScroll: true });
  });

  // The cards are fetched when pointer or focus reach the button, so that the panel opens at once.
  for (const near of ["pointerover", "focusin"]) {
    document.addEventListener(near, ({ target }) => {
      const opener = target.closest?.("[data-picker]");
      const dialog = opener && document.querySelector(`#picker-${opener.dataset.picker}`);
      if (dialog && !dialog.open) load(dialog);
    });
  }
}
