(() => {
  const page = document.querySelector(".vote");
  const address = page.dataset.address;
  const part = (name) => page.querySelector(name);
  const button = (act) => page.querySelector(`[data-act=${act}]`);
  const VOTER = "playground-voter";
  const WAIT_MS = 2000; // until pictures are asked for again
  const name = new URLSearchParams(location.search).get("voter") ?? ""; // in a link that was made for one person
  let screen = null; // what is shown
  let best = 0;
  let shownAt = 0;
  let answered = false;
  let busy = false;
  let ahead = null; // the next screen, asked for while names are read

  const voter = (() => {
    const made = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      const stored = localStorage.getItem(VOTER) ?? made;
      localStorage.setItem(VOTER, stored);
      return stored;
    } catch {
      return made; // a browser that keeps nothing is another voter after a reload
    }
  })();

  const question = () => part(".question").value ?? part(".question").dataset.value;
  const headers = { "X-Playground-Visitor": voter, "Content-Type": "application/json" };

  async function ask(path, options = {}, values = {}) {
    const query = new URLSearchParams({ ...values, voter: name });
    const answer = await fetch(`${address}/${path}?${query}`, { cache: "no-store", headers, ...options });
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.detail ?? `The server answers ${answer.status}.`);
    return data;
  }

  const load = (source) =>
    new Promise((done) => {
      const image = new Image();
      image.alt = "";
      image.onload = image.onerror = () => done(image);
      image.src = source;
    });

  // All pictures at once: one that shows earlier would be looked at longer.
  async function prepare() {
    const data = await ask("screen", {}, { question: question(), size: part(".size").value });
    const images = await Promise.all((data.pictures ?? []).map((name) => load(`${address}/${name}`)));
    return { ...data, images };
  }

  function say(text) {
    part(".hint").textContent = text;
  }

  async function show(next) {
    busy = true;
    try {
      screen = await next;
    } catch (error) {
      message(`${error.message} Reload the page.`);
      return;
    } finally {
      busy = false;
    }
    answered = false;
    best = 0;
    part(".meter").textContent = screen.meter;
    if (!screen.id) {
      message("No prompt has pictures of two models yet. They show here as soon as they are made.");
      setTimeout(() => screen ?? show(prepare()), WAIT_MS);
      return;
    }
    part(".prompt").textContent = screen.prompt;
    part(".screen").style.setProperty("--rows", screen.images.length > 2 ? 2 : 1);
    part(".screen").replaceChildren(
      ...screen.images.map((image, at) => {
        const choice = document.createElement("button");
        choice.type = "button";
        choice.className = "choice";
        choice.dataset.number = at + 1;
        choice.setAttribute("aria-label", `Picture ${at + 1}`);
        const number = document.createElement("span");
        number.className = "number";
        number.textContent = at + 1;
        choice.append(image, number);
        return choice;
      }),
    );
    shownAt = performance.now();
    enable();
    say(screen.images.length > 2 ? "Choose the best, then the worst or Space." : "Choose the better one.");
  }

  function message(text) {
    const line = document.createElement("p");
    line.className = "message";
    line.textContent = text;
    part(".prompt").textContent = "";
    part(".screen").replaceChildren(line);
    screen = null;
    enable();
  }

  function enable() {
    for (const act of ["tie", "all_bad", "skip"]) button(act).disabled = !screen || answered;
    button("next").disabled = !screen || (!answered && !best);
  }

  function mark(number, as) {
    const choice = part(`[data-number="${number}"]`);
    if (as) choice.dataset.mark = as;
    else delete choice.dataset.mark;
  }

  async function vote(verdict, worst = 0) {
    if (busy || answered || !screen) return;
    busy = true;
    const seconds = (performance.now() - shownAt) / 1000;
    try {
      const chosen = verdict === "best" ? { best, worst } : {};
      const body = JSON.stringify({ verdict, seconds, ...chosen });
      const { pictures } = await ask(screen.id, { method: "POST", body });
      answered = true;
      if (worst && verdict === "best") mark(worst, "worst");
      pictures.forEach(({ name, price }, at) => {
        const label = document.createElement("span");
        label.className = "label";
        label.textContent = `${name} · ${price}`;
        part(`[data-number="${at + 1}"]`).append(label);
      });
      say(verdict === "skip" ? "Skipped." : "Recorded.");
      ahead = prepare();
      ahead.catch(() => {});
    } catch (error) {
      say(`▲ ${error.message}`);
    }
    busy = false;
    enable();
    if (answered && verdict === "skip") next();
  }

  function choose(number) {
    if (!screen || answered || busy || number > screen.images.length) return;
    if (!best) {
      best = number;
      mark(number, "best");
      enable();
      if (screen.images.length === 2) vote("best");
      else say("Now the worst, or Space for none.");
    } else if (best === number) {
      best = 0;
      mark(number, "");
      enable();
      say("Choose the best, then the worst or Space.");
    } else vote("best", number);
  }

  function next() {
    if (busy || !screen) return;
    if (answered) show(ahead ?? prepare());
    else if (best) vote("best");
  }

  async function undo() {
    if (busy) return;
    busy = true;
    await ahead?.catch(() => {}); // a screen that is asked for later would take the place of the one that comes back
    try {
      const { undone } = await ask("undo", { method: "POST" }, { question: question() });
      if (undone) await show(prepare());
      say(undone ? "Your last answer was undone. Answer again." : "There is no vote to undo.");
    } catch (error) {
      say(`▲ ${error.message}`);
    }
    busy = false;
  }

  const acts = { next, undo, tie: () => vote("tie"), all_bad: () => vote("all_bad"), skip: () => vote("skip") };

  page.addEventListener("click", ({ target }) => {
    const pressed = target.closest("button");
    if (pressed?.dataset.act) acts[pressed.dataset.act]();
    else if (pressed?.dataset.number) choose(Number(pressed.dataset.number));
  });

  function move(key) {
    const choices = [...page.querySelectorAll(".choice")];
    if (!choices.length) return;
    const at = choices.indexOf(document.activeElement);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -2, ArrowDown: 2 }[key];
    const to = at < 0 ? (step < 0 ? choices.length - 1 : 0) : at + step;
    choices[to]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
    const key = event.key;
    const letters = { t: "tie", b: "all_bad", s: "skip", u: "undo" };
    if (/^[1-4]$/.test(key)) choose(Number(key));
    else if (key.startsWith("Arrow")) move(key);
    else if (key === " ") next();
    else if (letters[key.toLowerCase()]) acts[letters[key.toLowerCase()]]();
    else return;
    event.preventDefault();
  });

  page.addEventListener("change", () => {
    ahead = null;
    show(prepare());
  });

  if (name) part(".who").textContent = `Voting as ${name}`;
  show(prepare());
})();
