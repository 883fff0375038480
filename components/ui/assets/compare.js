() => {
  // The cards' pictures in a lightbox; the arrow keys show the next one.
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
  document.body.append(box);

  let at = 0;
  const thumbnails = () => [...document.querySelectorAll("[data-zoom]")].filter((button) => button.offsetWidth);
  function show(number) {
    const all = thumbnails();
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
  // The cards are rendered again every second while jobs run, so the pressed thumbnail may no longer exist.
  box.addEventListener("close", () => thumbnails()[at]?.focus());

  // The slider is a range input over two pictures, one of which is clipped at its value.
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-slider]")) target.parentElement.style.setProperty("--at", `${target.value}%`);
  });

  // Two clicks on Compare within MOMENT_MS send the same name, so that the server makes one comparison of them.
  const MOMENT_MS = 3000;
  let click = { name: "", at: -Infinity };
  window.playground = {
    ...window.playground,
    clickName() {
      const at = performance.now();
      if (at - click.at > MOMENT_MS) click = { name: `${Date.now()}-${Math.random()}`, at };
      return click.name;
    },
    // The server has answered a click on Compare: with cards, or with what is wrong.
    compareAnswered() {
      delete root.dataset.comparing;
      showOnPhone("#cards-state");
    },
  };

  const showOnPhone = (part) => {
    if (matchMedia("(max-width: 760px)").matches) document.querySelector(part)?.scrollIntoView({ block: "start" });
  };

  // Empty cards are shown at once, since the server's answer takes a moment.
  const root = document.documentElement;
  const GIVE_UP_MS = 30_000;
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("#compare-button");
    if (!button || button.disabled) return;
    const count = document.querySelectorAll("#compare-models-chosen li").length || 1;
    const card = '<li class="card"><header class="state">Sending</header><div class="line"></div><div class="pictures"><div class="frame skeleton"></div></div><footer class="result-details"></footer><div class="actions"></div></li>';
    document.querySelector("#compare-pending .cards").innerHTML = card.repeat(count);
    root.dataset.comparing = "";
    document.querySelector("#compare-settings > button.open")?.click(); // the cards are to be seen
    requestAnimationFrame(() => showOnPhone("#compare-pending"));
    setTimeout(() => delete root.dataset.comparing, GIVE_UP_MS);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.closest("#compare-prompt")) return;
    event.preventDefault();
    document.querySelector("#compare-button").click();
  });

  document.addEventListener("click", (event) => {
    const thumbnail = event.target.closest("[data-zoom]");
    if (thumbnail) {
      show(thumbnails().indexOf(thumbnail));
      box.showModal();
    }
  });
}
