() => {
  // Dropping a picture that was made here fills the form with the settings embedded in it.
  const LARGEST = 32_000_000;
  const HINT = "Drop a picture made here to fill the form with its settings";
  const LOOK = {
    position: "fixed", inset: "0", zIndex: "10000", display: "none", placeItems: "center", padding: "24px",
    pointerEvents: "none", font: "700 20px var(--font)", textAlign: "center", color: "var(--body-text-color)",
    background: "color-mix(in srgb, var(--background-fill-primary) 88%, transparent)",
    outline: "2px dashed var(--color-accent)", outlineOffset: "-16px",
  };

  const hint = document.createElement("div");
  hint.id = "drop-hint";
  hint.textContent = HINT;
  Object.assign(hint.style, LOOK);
  document.body.append(hint);

  function say(text) {
    document.querySelector("#dropped")?.remove();
    const line = document.createElement("div");
    line.id = "dropped";
    line.className = "banner";
    line.setAttribute("role", "alert");
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "copy";
    close.textContent = "Dismiss";
    close.style.float = "right";
    close.addEventListener("click", () => line.remove());
    line.append(close, words);
    document.querySelector("#banner")?.after(line);
    line.scrollIntoView({ block: "nearest" });
  }

  async function take(file) {
    if (file.size > LARGEST) return say(`The picture is larger than ${LARGEST / 1e6} MB.`);
    say(`Reading ${file.name} …`);
    const answer = await fetch("recipe", { method: "POST", body: file }).catch(() => null);
    const reply = await answer?.json().catch(() => null);
    if (!answer?.ok || !reply) return say(reply?.detail ?? "The picture could not be sent: the connection was lost. Try again.");
    document.querySelector("#dropped")?.remove();
    window.playground.useSettings(reply);
  }

  // A picture that is dragged out of a page comes as HTML too; only files from outside are taken.
  const brings = (event) => event.dataTransfer?.types.includes("Files") && !event.dataTransfer.types.includes("text/html");
  const upload = (event) => event.target.closest?.(".image-field")?.querySelector("input[type=file]");
  let fading;

  document.addEventListener("dragover", (event) => {
    if (event.defaultPrevented || !brings(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    hint.style.display = upload(event) ? "none" : "grid";
    clearTimeout(fading); // a drag that leaves the page only falls silent
    fading = setTimeout(() => (hint.style.display = "none"), 700);
  });

  document.addEventListener("drop", (event) => {
    hint.style.display = "none";
    if (event.defaultPrevented || !brings(event)) return;
    event.preventDefault();
    const field = upload(event);
    const { files } = event.dataTransfer;
    if (field) {
      field.files = files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    const picture = [...files].find((file) => file.type.startsWith("image/"));
    if (picture) take(picture);
    else say("Drop a PNG, JPEG or WebP picture that was made here.");
  });
}
