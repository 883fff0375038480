() => {
  // While jobs run, the title counts those that have ended; at the end the browser notifies whoever has asked for it.
  const CHOSEN = "playground-notify";
  const title = document.title;
  const runs = ({ ended, total }) => ended < total;
  const none = () => ({ ended: 0, total: 0, failed: 0, going: 0 });

  // A comparison says itself how many of its jobs have ended.
  function compared() {
    const { ended = 0, total = 0, failed = 0 } = document.querySelector("[data-ended][data-total]")?.dataset ?? {};
    return { ended: Number(ended), total: Number(total), failed: Number(failed) };
  }

  // Of single jobs only those are seen that go on, so one that is gone from sight has ended.
  function counted(before) {
    const cards = new Set([...document.querySelectorAll(".card [data-job-id]")].map((part) => part.dataset.jobId));
    const others = [...document.querySelectorAll("#other-jobs [data-job]:has(.dot.run)")].filter((job) => !cards.has(job.dataset.job));
    const result = document.querySelector("#result [data-state]");
    const here = result?.querySelector(".elapsed") ? 1 : 0;
    const going = here + others.length;
    const { total, failed, going: went, here: was } = runs(before) ? before : none();
    const all = total + Math.max(0, going - went);
    const lost = was && !here && result?.dataset.state === "Failed" ? 1 : 0;
    return { ended: all - going, total: all, failed: failed + lost, going, here };
  }

  let comparison = none();
  let singles = none();

  function look() {
    const [cards, single] = [compared(), counted(singles)];
    const running = [cards, single].find(runs);
    const wanted = running ? `(${running.ended}/${running.total}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
    if (runs(comparison) && !runs(cards)) notify(cards);
    if (runs(singles) && !runs(single)) notify(single);
    [comparison, singles] = [cards, single];
  }

  function notify({ total, failed }) {
    if (!total || !document.hidden || !wished()) return;
    try {
      new Notification(`${total} of ${total} ended`, { body: failed ? `${failed} failed` : "All done" });
    } catch {
      // A phone's browser has notifications only for what was installed on it.
    }
  }

  const wished = () =>
    "Notification" in window && Notification.permission === "granted" && localStorage.getItem(CHOSEN) === "1";

  window.playground.onChange(look);
  if (!("Notification" in window)) return;

  const box = document.createElement("input");
  const words = document.createElement("span");
  const label = document.createElement("label");
  box.type = "checkbox";
  label.id = "notify";
  label.append(box, words);

  function show() {
    box.disabled = Notification.permission === "denied";
    box.checked = wished();
    words.textContent = box.disabled ? "This browser blocks notifications" : "Notify me when it is done";
  }

  box.addEventListener("change", async () => {
    localStorage.setItem(CHOSEN, box.checked ? "1" : "0");
    if (box.checked) await Notification.requestPermission();
    show();
  });
  show();

  window.playground.onChange(() => label.isConnected || document.querySelector("#tabs")?.prepend(label));
}
