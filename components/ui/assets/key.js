() => {
  // The server keeps a typed key in memory for one page. After a reload it is gone, and the page says so. On narrow
  // screens its text box is behind a button.
  const HAD_KEY = "playground-had-key";
  const LOST = "The reload removed your key from memory. Enter it again to continue with it.";
  let reported = false;
  let forgotten = false; // until another one is entered: what the server says of the old one may arrive late

  // Browsers throw an error where a page may not store anything.
  const remember = (had) => {
    try {
      if (had) sessionStorage.setItem(HAD_KEY, "1");
      else sessionStorage.removeItem(HAD_KEY);
    } catch {}
  };
  const had = () => {
    try {
      return sessionStorage.getItem(HAD_KEY) === "1";
    } catch {
      return false;
    }
  };

  window.playground.onChange(() => {
    if (!document.documentElement.classList.contains("opened")) return;
    const pays = document.querySelector(".pill")?.classList.contains("visitor");
    if (pays) {
      if (!forgotten) remember(true);
      reported = true;
      document.getElementById("key-lost")?.remove();
      return;
    }
    if (!reported && had()) {
      reported = true;
      const line = document.createElement("div");
      line.id = "key-lost";
      line.className = "banner";
      line.setAttribute("role", "alert");
      line.textContent = LOST;
      document.querySelector("#banner")?.after(line);
    }
  });

  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Enter" && target.closest("#key")) forgotten = false;
  });

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#forget")) {
      forgotten = true;
      remember(false);
    }
    if (!target.closest("[data-open-key]")) return;
    const open = document.querySelector("#header").classList.toggle("key-open");
    target.closest("[data-open-key]").setAttribute("aria-expanded", String(open));
    if (open) window.playground.textOf(document.querySelector("#key"))?.focus();
  });
}
