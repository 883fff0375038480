() => {
  // While jobs run, the page title counts those that have ended. At the end the browser shows a notification, if enabled.
  const ENABLED_KEY = "playground-notify";
  const title = document.title;
  const isRunning = ({ ended, total }) => ended < total;
  const none = () => ({ ended: 0, total: 0, failed: 0, going: 0 });

  // A comparison renders its own counts.
  function comparisonCounts() {
    const { ended = 0, total = 0, failed = 0 } = document.querySelector("[data-ended][data-total]")?.dataset ?? {};
    return { ended: Number(ended), total: Number(total), failed: Number(failed) };
  }

  // Only running single jobs are on the page, so one that has disappeared has ended.
  function singleCounts(before) {
    const cards = new Set([...document.querySelectorAll(".card [data-job-id]")].map((part) => part.dataset.jobId));
    const others = [...document.querySelectorAll("#other-jobs [data-job]:has(.dot.run)")].filter((job) => !cards.has(job.dataset.job));
    const result = document.querySelector("#result [data-state]");
    const here = result?.querySelector(".elapsed") ? 1 : 0;
    const going = here + others.length;
    const { total, failed, going: wasGoing, here: wasHere } = isRunning(before) ? before : none();
    const all = total + Math.max(0, going - wasGoing);
    const newlyFailed = wasHere && !here && result?.dataset.state === "Failed" ? 1 : 0;
    return { ended: all - going, total: all, failed: failed + newlyFailed, going, here };
  }

  let comparison = none();
  let singles = none();

  function look() {
    const [cards, single] = [comparisonCounts(), singleCounts(singles)];
    const running = [cards, single].find(isRunning);
    const wanted = running ? `(${running.ended}/${running.total}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
    if (isRunning(comparison) && !isRunning(cards)) notify(cards);
    if (isRunning(singles) && !isRunning(single)) notify(single);
    [comparison, singles] = [cards, single];
  }

  function notify({ total, failed }) {
    if (!total || !document.hidden || !enabled()) return;
    try {
      new Notification(`${total} of ${total} ended`, { body: failed ? `${failed} failed` : "All done" });
    } catch {
      // Mobile browsers allow notifications only for installed pages.
    }
  }

  const enabled = () =>
    "Notification" in window && Notification.permission === "granted" && localStorage.getItem(ENABLED_KEY) === "1";

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
    box.checked = enabled();
    words.textContent = box.disabled ? "This browser blocks notifications" : "Notify me when it is done";
  }

  box.addEventListener("change", async () => {
    localStorage.setItem(ENABLED_KEY, box.checked ? "1" : "0");
    if (box.checked) await Notification.requestPermission();
    show();
  });
  show();

  window.playground.onChange(() => label.isConnected || document.querySelector("#tabs")?.prepend(label));
}
