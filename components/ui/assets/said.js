() => {
  // What changes by itself is said to a screen reader once, when its words change. A live region that is drawn anew
  // each second, with the seconds in it, is read again each second, or not at all.
  const region = document.createElement("div");
  region.id = "said";
  region.className = "unseen";
  region.setAttribute("role", "status");
  document.querySelector("gradio-app, .gradio-container, body").append(region);
  const last = new Map();

  function look() {
    const news = [];
    for (const part of document.querySelectorAll("[data-said]")) {
      const place = part.closest(".block[id]")?.id ?? part.id;
      const words = part.dataset.said;
      if (last.get(place) === words) continue;
      last.set(place, words);
      // While the page opens, what stands there is no news.
      if (part.offsetWidth && !part.closest("[inert]")) news.push(words);
    }
    if (news.length) region.textContent = news.join(". ");
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-said"] });
}
