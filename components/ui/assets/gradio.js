() => {
  // Everything that depends on the DOM that Gradio builds around our components; tests/browser/test_gradio.py has a test
  // for each function. The other scripts use our own ids and data attributes, and these functions.
  const listeners = [];
  const OPEN_TAB = "#tabs [role=tab][aria-selected=true]";

  window.playground = {
    ...window.playground,

    // Calls `listener` now and after every change of the page. All share one observer.
    onChange(listener) {
      listeners.push(listener);
      listener();
    },

    changed: () => listeners.forEach((listener) => listener()),

    // Fills a text field as if it were typed: without the key press Gradio ignores the change.
    setText(box, text) {
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.dispatchEvent(new KeyboardEvent("keypress", { bubbles: true, key: "x" }));
    },

    // The text field inside one of our components, or null.
    textOf: (component) => component?.querySelector("textarea, input:not([type=file])") ?? null,

    // The tab that is open: { id, label }; null before there is one.
    openTab() {
      const tab = document.querySelector(OPEN_TAB);
      return tab?.dataset.tabId ? { id: tab.dataset.tabId, label: tab.textContent.trim() } : null;
    },

    // What was pressed to open a tab may have gone with the tab before, and the focus with it.
    focusTab() {
      setTimeout(() => document.activeElement === document.body && document.querySelector(OPEN_TAB)?.focus({ preventScroll: true }), 50);
    },

    // Opens a tab. On narrow screens some are in a menu, where only their labels identify them.
    selectTab({ id, label }) {
      const tabs = [...document.querySelectorAll("#tabs > .tab-wrapper :is([role=tab], .overflow-dropdown button)")];
      const tab = tabs.find((one) => one.dataset.tabId === id) ?? tabs.find((one) => one.textContent.trim() === label);
      tab?.click();
      return Boolean(tab);
    },
  };

  // Gradio ignores the `autocomplete` of a password box, gives a calendar's button and the menu of tabs no name, and each
  // radio button a group of its own: with one name they are one stop of the Tab key, and the arrow keys choose.
  window.playground.onChange(() => {
    for (const button of document.querySelectorAll(".timebox > button.calendar:not([aria-label])"))
      button.setAttribute("aria-label", "Open the calendar");
    document.querySelector("#tabs .overflow-menu > button")?.setAttribute("aria-label", "More tabs");
    for (const radio of document.querySelectorAll(".segments input[type=radio]")) radio.name = radio.closest(".segments").id;
    const box = document.querySelector("#key input");
    if (box && box.autocomplete !== "off") box.autocomplete = "off";
  });

  new MutationObserver(window.playground.changed).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ["aria-selected", "data-ended", "data-total", "data-state", "data-announcement", "data-query", "data-shown"],
  });
}
