() => {
  // The Evaluate tab between events: reading a file of prompts, progress, the matrix of pictures, results.
  const POLL_MS = 1000;
  const SLOW_POLL_MS = 4000; // for very large evaluations, and for ended ones, which may still get votes
  const MANY_CELLS = 2500;
  const CELLS_AT_ONCE = 60; // updated without a pause; more would block the page

  const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
  const text = async (address) => {
    const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
    return answer?.ok ? answer.text() : null;
  };

  // -- a file of prompts --

  let file;

  async function readFile() {
    const part = document.querySelector("#evaluate-file .prompt-file");
    if (!part || !file) return;
    const status = part.querySelector(".status-text");
    const query = new URLSearchParams({ name: file.name });
    for (const choice of part.querySelectorAll("[data-part]")) query.set(choice.dataset.part, choice.value);
    status.textContent = `Reading ${file.name} …`;
    try {
      const answer = await fetch(`prompt-file?${query}`, { method: "POST", body: file });
      const data = await answer.json();
      if (!answer.ok) throw new Error(data.detail);
      status.textContent = "";
      part.querySelector(".file-mapping").innerHTML = data.html;
      if (data.prompts) window.playground.usePrompts({ prompts: data.prompts, name: file.name });
    } catch (error) {
      status.textContent = `▲ ${error.message ?? "The connection was lost. Try again."}`;
    }
  }

  async function restore(input) {
    const [exported] = input.files;
    const status = input.closest(".prompt-file").querySelector(".status-text");
    input.value = "";
    status.textContent = `Reading ${exported.name} …`;
    const answer = await fetch("evaluations", { method: "POST", body: exported }).catch(() => null);
    const data = await answer?.json().catch(() => null);
    if (answer?.ok) window.playground.evaluationAction({ action: "open", id: data.evaluation_id });
    status.textContent = answer?.ok ? "" : `▲ ${data?.detail ?? "The file could not be sent. Try again."}`;
  }

  document.addEventListener("change", (event) => {
    const input = event.target.closest("#evaluate-file input[type=file]");
    if (input?.matches(".exported") && input.files.length) restore(input);
    else if (input?.files.length) {
      [file] = input.files;
      input.closest(".prompt-file").querySelector(".file-mapping").replaceChildren();
      input.value = "";
      readFile();
    }
    if (event.target.closest("#evaluate-file [data-part]")) readFile();
    const board = event.target.closest("[data-board]");
    if (board) showResults(board.closest(".evaluation"));
  });

  // -- an evaluation --

  let followed; // the element that is followed
  let cells = ""; // what its cells were last

  async function setCells(element, next) {
    const words = JSON.parse(element.dataset.words);
    const before = cells;
    cells = next;
    let changed = 0;
    for (const cell of element.querySelectorAll("[data-at]")) {
      const letter = next[cell.dataset.at];
      if (letter === cell.dataset.letter && (letter !== "d" || cell.firstChild)) continue;
      if (letter !== before[cell.dataset.at]) cell.ariaLabel = cell.ariaLabel.replace(/[^:]*$/, ` ${words[letter]}`);
      cell.dataset.letter = letter;
      cell.replaceChildren(...(letter === "d" ? [picture(element, cell.dataset.at)] : []));
      if (++changed % CELLS_AT_ONCE === 0) {
        await pause(0);
        if (cells !== next || !element.isConnected) return;
      }
    }
  }

  function picture(element, at) {
    const image = document.createElement("img");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.src = `${element.dataset.evaluation}/cells/${at}/thumbnail`;
    return image;
  }

  // More rows are loaded when the visitor scrolls near the last one.
  async function addRows(element) {
    const rows = element.querySelector(".matrix-rows");
    const first = rows.children.length;
    if (first >= Number(element.dataset.rows) || rows.dataset.loading) return;
    rows.dataset.loading = "1";
    const html = await text(`${element.dataset.evaluation}/rows?first=${first}`);
    if (html !== null) {
      const template = document.createElement("template");
      template.innerHTML = html;
      for (const row of template.content.querySelectorAll(".matrix-row")) {
        rows.append(row);
        if (rows.children.length % 2 === 0) await pause(0);
      }
    }
    delete rows.dataset.loading;
    if (html !== null) await setCells(element, cells);
  }

  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (!target.matches?.(".matrix")) return;
      if (target.scrollTop + 2 * target.clientHeight > target.scrollHeight) addRows(target.closest(".evaluation"));
    },
    true,
  );

  async function showResults(element) {
    const slot = element.querySelector(".results-slot");
    const query = new URLSearchParams();
    for (const choice of slot.querySelectorAll("[data-board]")) query.set(choice.dataset.board, choice.value);
    const html = await text(`${element.dataset.evaluation}/results?${query}`);
    if (html === null) return;
    const focused = slot.contains(document.activeElement) ? document.activeElement.dataset.board : "";
    const opened = [...slot.querySelectorAll("details[open]")].map((fold) => fold.dataset.fold);
    slot.innerHTML = html;
    for (const fold of slot.querySelectorAll("details")) fold.open = opened.includes(fold.dataset.fold);
    if (focused) slot.querySelector(`[data-board=${focused}]`)?.focus();
  }

  async function follow(element) {
    followed = element;
    cells = "";
    let last = "";
    while (followed === element && element.isConnected) {
      if (!document.hidden && element.offsetWidth) {
        const answer = await text(`${element.dataset.evaluation}/progress`);
        const now = answer ? JSON.parse(answer) : null;
        if (now && followed === element) {
          const slot = element.querySelector(".progress-slot");
          const typing = slot.contains(document.activeElement) && document.activeElement.matches("input");
          if (slot.dataset.html !== now.html && !typing) {
            const focused = slot.contains(document.activeElement) ? document.activeElement.dataset.evaluate : "";
            slot.dataset.html = now.html;
            slot.innerHTML = now.html;
            if (focused) (slot.querySelector(`[data-evaluate=${focused}]`) ?? slot.querySelector("button"))?.focus();
          }
          if (now.cells !== cells) await setCells(element, now.cells);
          if (!element.querySelector(".matrix-row + .matrix-row, .matrix-rows > *")) await addRows(element);
          const done = now.cells.split("d").length - 1;
          // Results change with votes, and when all pictures are there.
          const seen = `${now.votes} ${now.state === "running" ? "" : done}`;
          if (seen !== last) {
            last = seen;
            await showResults(element);
          }
          element.dataset.state = now.state;
        }
      }
      const slow = cells.length > MANY_CELLS || element.dataset.state !== "running";
      for (let waited = 0; waited < (slow ? SLOW_POLL_MS : POLL_MS) && !element.dataset.soon; waited += 100) await pause(100);
      delete element.dataset.soon;
    }
  }

  window.playground.onChange(() => {
    const element = document.querySelector("#evaluation .evaluation");
    if (element && element !== followed) follow(element);
  });

  // The link to vote, with the name of the one it is for.
  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.(".voter-name")) return;
    const button = target.closest("section").querySelector(".voter-link");
    const address = target.closest("section").querySelector(".vote-link").getAttribute("href");
    const name = target.value.trim();
    button.dataset.copyAddress = name ? `${address}?${new URLSearchParams({ voter: name })}` : address;
    button.textContent = `Copy the link for ${name || "others"}`;
  });

  // -- buttons --

  async function open(element, address) {
    const box = element.querySelector(".evaluation-box");
    const html = await text(`${element.dataset.evaluation}/${address}`);
    if (html === null) return;
    box.querySelector(".box-content").innerHTML = html;
    box.showModal();
  }

  function act(element, button) {
    if (button.dataset.confirm && !button.dataset.confirming) {
      button.dataset.confirming = "1";
      button.textContent = button.dataset.confirm;
      return;
    }
    const budget = element.querySelector(".new-budget")?.value ?? "";
    window.playground.evaluationAction({ action: button.dataset.evaluate, id: element.dataset.id, budget });
    button.disabled = true;
    setTimeout(() => (element.dataset.soon = "1"), 400);
    setTimeout(() => (button.disabled = false), 3000);
  }

  document.addEventListener("click", ({ target }) => {
    const element = target.closest?.("#evaluation .evaluation");
    if (!element) return;
    const button = target.closest("[data-at], [data-row], [data-evaluate]");
    if (target.matches(".evaluation-box")) target.close();
    else if (button?.dataset.at) open(element, `cells/${button.dataset.at}`);
    else if (button?.dataset.row) open(element, `rows/${button.dataset.row}`);
    else if (button) act(element, button);
  });
}
