() => {
  // The actions of a result (views/templates/actions.html), wherever one is shown: a click is one event of the page.
  // The second half of a double click may meet the row of a new job that has just replaced the old one, and would send
  // a third request.
  const SENDS = ["again", "resend"];

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (!button) return;
    if (event.detail > 1 && SENDS.includes(button.dataset.action)) return;
    const { jobId } = button.closest("[data-job-id]").dataset;
    const { action, picture = "0" } = button.dataset;
    if (action === "again" && button.closest("#result")) window.playground.sending();
    if (action === "attach") return askForTask(jobId);
    if (action !== "star") return window.playground.resultAction({ action, job_id: jobId, picture });
    const starred = String(button.getAttribute("aria-pressed") !== "true");
    for (const star of document.querySelectorAll(`[data-job-id="${jobId}"] [data-action=star]`)) star.setAttribute("aria-pressed", starred);
    window.playground.star({ job_id: jobId, starred });
  });

  // Why an action was refused stands at the top of the page, which may be out of sight.
  let said = "";
  window.playground.onChange(() => {
    const banner = document.querySelector("#banner .banner:not(.sandbox)");
    const before = said;
    said = banner?.textContent ?? "";
    if (said && said !== before) banner.scrollIntoView({ block: "nearest" });
  });

  // The task of a job whose answer was lost. Not in the row itself: a list that is drawn anew would empty the field.
  const dialog = document.createElement("dialog");
  dialog.className = "html task-dialog";
  dialog.setAttribute("aria-label", "Task id");
  dialog.innerHTML = `<form method="dialog">
    <label>Its task id, from the service's dashboard<input required maxlength="200" placeholder="n42…" autocomplete="off" spellcheck="false"></label>
    <footer><button>Follow this task</button><button type="button">Cancel</button></footer>
  </form>`;
  document.body.append(dialog);
  const field = dialog.querySelector("input");
  dialog.querySelector("[type=button]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("submit", () => {
    window.playground.resultAction({ action: "attach", job_id: dialog.dataset.asksFor, task: field.value });
  });
  function askForTask(jobId) {
    dialog.dataset.asksFor = jobId;
    field.value = "";
    dialog.showModal();
  }

  // A list that is rendered again each second would close an open menu, so it is opened again.
  let open = "";
  const nameOf = (menu) => `${menu.closest("[data-job-id]").dataset.jobId} ${menu.querySelector("summary").textContent}`;
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.matches(".menu") || !target.isConnected) return;
      if (target.open) open = nameOf(target);
      else if (open === nameOf(target)) open = "";
    },
    true,
  );
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(target.closest("summary"))) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
  });

  // Code and "settings changed" mark are updated when another job is shown, and when the job gets its task id.
  let followed = "";
  window.playground.onChange(() => {
    if (open) for (const menu of document.querySelectorAll(".menu:not([open])")) if (nameOf(menu) === open) menu.open = true;
    const { job = "", task = "" } = document.querySelector("#result .result")?.dataset ?? {};
    if (`${job} ${task}` === followed) return;
    if (followed) window.playground.soon("follow");
    followed = `${job} ${task}`;
  });

  // A frame shows its skeleton until the picture has loaded.
  const settle = ({ type, target }) => {
    const frame = target.matches?.("img") && target.closest(".frame");
    if (!frame) return;
    frame.classList.add("loaded");
    if (type === "error") target.closest("button, figure").replaceChildren("This picture could not be loaded. Open it again later.");
  };
  document.addEventListener("load", settle, true);
  document.addEventListener("error", settle, true);
}
