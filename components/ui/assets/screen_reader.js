() => {
  // Announces changes to screen readers, once per change. A live region that is rendered again each second, with the
  // seconds in it, would be read each second or not at all.
  const PARTS = ["result", "price-note", "cards", "models-count"];
  const last = new Map();
  // While a dialog is open, nothing outside of it is announced, so each dialog has its own region.
  const regions = [document.body, ...document.querySelectorAll("dialog")].map((home) => {
    const region = document.createElement("div");
    region.className = "visually-hidden announcements";
    region.setAttribute("role", "status");
    home.append(region);
    return region;
  });

  function look() {
    const changed = [];
    const opening = document.querySelector("#tabs")?.inert;
    for (const name of PARTS) {
      const part = document.getElementById(name);
      if (!part) continue;
      const words = part.querySelector("[data-announcement]")?.dataset.announcement ?? "";
      // The first text after the page or a tab opens is not announced; the model count arrives a moment later.
      const seen = last.has(name) && !(name === "models-count" && last.get(name) === "");
      if (!opening && seen && last.get(name) !== words && words) changed.push(words);
      last.set(name, words);
    }
    if (changed.length) for (const region of regions) region.textContent = changed.join(". ");
  }
  window.playground.onChange(look);
}
