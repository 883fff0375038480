() => {
  // The form: draws shapes beside their ratios; buttons fill the field of an open list, and the button of its value is pressed.
  const RATIO = /(\d+)\s*[:x*×]\s*(\d+)/;
  const LONG = 16; // pixels of a drawn shape's longer side

  function draw(part) {
    const text = part.textContent;
    if (part.dataset.drawn === text) return;
    part.dataset.drawn = text;
    const [, width, height] = (RATIO.exec(text) ?? []).map(Number);
    part.classList.toggle("shape-icon", Boolean(width && height));
    if (!width || !height) return;
    part.style.setProperty("--w", `${Math.round((LONG * width) / Math.max(width, height))}px`);
    part.style.setProperty("--h", `${Math.round((LONG * height) / Math.max(width, height))}px`);
  }

  function look() {
    for (const part of document.querySelectorAll(".shapes label, .suggestions.shapes button")) draw(part);
    for (const field of document.querySelectorAll(".open-choice")) {
      const held = window.playground.textOf(field)?.value;
      for (const button of field.querySelectorAll("[data-fill]")) {
        const pressed = String(button.dataset.fill === held);
        if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      }
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (!button) return;
    window.playground.setText(window.playground.textOf(button.closest(".open-choice")), button.dataset.fill);
    look();
  });
  document.addEventListener("input", (event) => event.target.closest(".open-choice") && look());
  window.playground.onChange(look);
}
