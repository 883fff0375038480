() => {
  // Cards: a picture large, with the arrow keys from one to the next.
  const box = document.createElement("dialog");
  box.className = "lightbox";
  box.setAttribute("aria-label", "Picture");
  const picture = document.createElement("img");
  const caption = document.createElement("p");
  const previous = document.createElement("button");
  const next = document.createElement("button");
  const close = document.createElement("button");
  for (const [button, text, name] of [[previous, "‹", "Previous"], [next, "›", "Next"], [close, "Close", "Close"]]) {
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", name);
  }
  const foot = document.createElement("div");
  foot.append(previous, caption, next, close);
  box.append(picture, foot);
  document.querySelector("gradio-app, .gradio-container, body").append(box);

  let at = 0;
  const doors = () => [...document.querySelectorAll("[data-zoom]")].filter((door) => door.offsetWidth);
  function show(number) {
    const all = doors();
    if (!all.length) return box.close();
    at = (number + all.length) % all.length;
    const image = all[at].querySelector("img");
    picture.src = all[at].dataset.zoom;
    picture.alt = image ? image.alt : "";
    caption.textContent = `${at + 1}/${all.length} · ${all[at].dataset.caption}`;
  }
  previous.addEventListener("click", () => show(at - 1));
  next.addEventListener("click", () => show(at + 1));
  close.addEventListener("click", () => box.close());
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  // The cards are drawn anew every second while jobs run, so the door that was pressed may be gone by then.
  box.addEventListener("close", () => doors()[at]?.focus());

  // Gradio's slider knows the mouse alone: its handle takes the focus here, and the arrow keys drag it.
  const STEP = 0.05;
  const share = (handle) => {
    const [own, all] = [handle.getBoundingClientRect(), handle.parentElement.getBoundingClientRect()];
    return { own, all, at: (own.x + own.width / 2 - all.x) / all.width };
  };
  const tell = (handle) => handle.setAttribute("aria-valuenow", Math.round(100 * share(handle).at) || 0);
  new MutationObserver(() => {
    const handle = document.querySelector("#slider .outer:not([tabindex])");
    if (!handle) return;
    for (const [name, value] of [["role", "slider"], ["tabindex", "0"], ["aria-label", "Where the two pictures meet"],
      ["aria-valuemin", "0"], ["aria-valuemax", "100"]]) handle.setAttribute(name, value);
    const moved = () => tell(handle);
    new MutationObserver(moved).observe(handle, { attributes: true, attributeFilter: ["style"] });
    new ResizeObserver(moved).observe(handle.parentElement);
  }).observe(document.body, { subtree: true, childList: true });
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("#slider .outer");
    if (!handle || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const { own, all, at } = share(handle);
    if (!all.width) return;
    const to = { ArrowLeft: at - STEP, ArrowRight: at + STEP, Home: 0, End: 1 }[event.key];
    const mouse = (type, target, where) => target.dispatchEvent(new MouseEvent(type, {
      bubbles: true, cancelable: true, view: window, clientX: all.x + all.width * where, clientY: own.y + own.height / 2,
    }));
    mouse("mousedown", handle, at);
    mouse("mousemove", window, Math.min(Math.max(to, 0), 1));
    mouse("mouseup", window, Math.min(Math.max(to, 0), 1));
    handle.focus();
  });

  document.addEventListener("click", (event) => {
    const door = event.target.closest("[data-zoom]");
    if (door) {
      show(doors().indexOf(door));
      box.showModal();
    }
  });
}
