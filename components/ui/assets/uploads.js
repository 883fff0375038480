() => {
  // Pictures that are chosen or pasted at an image field are uploaded, and their addresses are filled in.
  const FIELD = ".image-field";
  const OURS = /\/uploads\/([\w-]{65}\.(?:png|jpeg|webp))$/;
  const RESULT = /\/pictures\/([\w-]+\.\w+)$/;
  const HEADERS = { "X-Playground-Upload": "1" };
  const waiting = new WeakMap();

  const boxOf = (field) => window.playground.textOf(field);
  const linesOf = (box) => box.value.split("\n").map((line) => line.trim()).filter(Boolean);

  function fill(box, lines) {
    window.playground.setText(box, lines.join("\n"));
    show();
  }

  function showStatus(field, text, wrong = false) {
    const line = field.querySelector(".status-text");
    line.textContent = text;
    line.classList.toggle("bad", wrong);
  }

  async function send(file, largest, tooLarge) {
    if (file.size > largest) throw new Error(tooLarge);
    const answer = await fetch("uploads", { method: "POST", body: file, headers: HEADERS }).catch(() => null);
    if (!answer) throw new Error("The connection was lost. Try again.");
    const reply = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(reply.detail ?? `The server answered with status ${answer.status}. Try again.`);
    return reply;
  }

  async function take(field, files) {
    const { largest, tooLarge, many } = field.querySelector(".upload").dataset;
    const wrong = [];
    let last = "";
    for (const [number, file] of files.entries()) {
      const progress = files.length > 1 ? ` (${number + 1} of ${files.length})` : "";
      showStatus(field, `Uploading ${file.name}${progress} …`);
      try {
        const { url, width, height } = await send(file, Number(largest), tooLarge);
        const box = boxOf(field);
        if (!box) return; // another model was chosen meanwhile
        fill(box, many === undefined ? [url] : [...linesOf(box), url]);
        last = `Uploaded ${file.name}, ${width} × ${height}.`;
      } catch (error) {
        wrong.push(`${file.name}: ${error.message}`);
      }
    }
    if (wrong.length) showStatus(field, `▲ ${wrong.join(" ")}`, true);
    else showStatus(field, files.length > 1 ? `Uploaded ${files.length} pictures.` : last);
  }

  // One at a time for each field, in order.
  function queue(field, files) {
    const chosen = field.querySelector("[data-many]") ? files : files.slice(0, 1);
    waiting.set(field, (waiting.get(field) ?? Promise.resolve()).then(() => take(field, chosen)));
  }

  async function remove(field, address) {
    const box = boxOf(field);
    fill(box, linesOf(box).filter((line) => line !== address));
    if (!OURS.test(address)) return showStatus(field, "Removed from this field.");
    const answer = await fetch(`uploads/${OURS.exec(address)[1]}`, { method: "DELETE", headers: HEADERS }).catch(() => null);
    showStatus(field, answer?.ok ? "Removed from this field and from the server." : "Removed from this field.");
  }

  document.addEventListener("change", (event) => {
    const input = event.target.closest(`${FIELD} input[type=file]`);
    if (!input) return;
    queue(input.closest(FIELD), [...input.files]);
    input.value = "";
  });

  document.addEventListener("paste", (event) => {
    const field = event.target.closest?.(FIELD);
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (!field?.querySelector(".upload") || !files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    queue(field, files);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest(`${FIELD} [data-remove]`);
    if (button) remove(button.closest(FIELD), button.dataset.remove);
  });

  // Shows the pictures behind the addresses in the field. Only our own are loaded: others would tell another site about
  // the visitor.
  function picture(address) {
    const item = document.createElement("li");
    const [upload, result] = [OURS.exec(address), RESULT.exec(address)];
    const shown = document.createElement(upload || result ? "img" : "span");
    if (upload || result) {
      shown.src = upload ? `uploads/${upload[1]}` : `pictures/${result[1]}/small`;
      shown.alt = upload ? "Uploaded picture" : "Earlier result";
      shown.onerror = () => shown.replaceWith("No longer available");
    } else {
      shown.textContent = address.replace(/^https?:\/\//, "");
      shown.title = address;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.remove = address;
    button.textContent = "Remove";
    item.append(shown, button);
    return item;
  }

  function show() {
    for (const list of document.querySelectorAll(`${FIELD} .uploaded`)) {
      const box = boxOf(list.closest(FIELD));
      const held = box ? linesOf(box).filter((line) => /^https?:\/\/./.test(line)) : [];
      if (held.join("\n") === (list.dataset.held ?? "")) continue;
      list.dataset.held = held.join("\n");
      list.replaceChildren(...held.map(picture));
    }
  }

  // The text area with the addresses is hidden until asked for.
  document.addEventListener("click", (event) => {
    const button = event.target.closest(`${FIELD} [data-addresses]`);
    if (!button) return;
    const field = button.closest(FIELD);
    const open = String(field.dataset.open !== "true");
    field.dataset.open = open;
    button.setAttribute("aria-expanded", open);
    if (open === "true") boxOf(field).focus();
  });

  window.playground.onChange(show);
  document.addEventListener("input", (event) => event.target.closest(FIELD) && show());
}
