() => {
  // What changes by itself is said to a screen reader once, when its words change. A live region that is drawn anew
  // each second, with the seconds in it, is read again each second, or not at all.
  const PLACES = ["place", "price-note", "cards", "found"];
  const last = new Map();
  // Outside of an open dialog nothing is heard, so each has a region of its own.
  const regions = [document.body, ...document.querySelectorAll("dialog")].map((home) => {
    const region = document.createElement("div");
    region.className = "unseen said";
    region.setAttribute("role", "status");
    home.append(region);
    return region;
  });

  function look() {
    const news = [];
    const opening = document.querySelector("#tabs")?.inert;
    for (const name of PLACES) {
      const place = document.getElementById(name);
      if (!place) continue;
      const words = place.querySelector("[data-said]")?.dataset.said ?? "";
      // What stands there at first sight, when the page or a tab opens, is no news; the count of models comes a moment later.
      const seen = last.has(name) && !(name === "found" && last.get(name) === "");
      if (!opening && seen && last.get(name) !== words && words) news.push(words);
      last.set(name, words);
    }
    if (news.length) for (const region of regions) region.textContent = news.join(". ");
  }
  window.playground.onChange(look);
}
