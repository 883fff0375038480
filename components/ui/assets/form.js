() => {
  // The form: draws shapes beside their ratios; buttons fill the field of an open list, and the button of its value is
  // pressed. The field itself is shown when asked for, and while its value is none of the buttons'.
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
      let offered = false;
      for (const button of field.querySelectorAll("[data-fill]")) {
        offered ||= button.dataset.fill === held;
        set(button, "aria-pressed", button.dataset.fill === held);
      }
      const typing = field.querySelector("[data-type-value]");
      if (typing) set(typing, "aria-expanded", typing.dataset.typing === "true" || Boolean(held && !offered));
    }
  }

  function set(button, name, value) {
    if (button.getAttribute(name) !== String(value)) button.setAttribute(name, value);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill], [data-type-value]");
    if (!button) return;
    const box = window.playground.textOf(button.closest(".open-choice"));
    if (button.dataset.fill) window.playground.setText(box, button.dataset.fill);
    else button.dataset.typing = button.getAttribute("aria-expanded") !== "true";
    look();
    if (button.dataset.typing === "true") box.focus();
  });
  document.addEventListener("input", (event) => event.target.closest(".open-choice") && look());
  window.playground.onChange(look);
}
