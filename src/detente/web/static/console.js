// What the pages do beyond forms: a question before what can't be undone, events, keys in the queue. No inline script anywhere.
"use strict";
(() => {
  // a question before what can't be undone
  document.addEventListener("submit", (event) => {
    const asked = event.submitter && event.submitter.dataset.confirm;
    if (asked && !window.confirm(asked)) event.preventDefault();
  });

  // a form that sends itself when a choice changes
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.dataset.auto !== undefined) form.requestSubmit();
  });

  // what waits: the server says when something changed
  const path = document.body.dataset.events;
  if (path && window.EventSource) {
    const source = new EventSource(path);
    let first = true;
    source.addEventListener("waiting", (event) => {
      if (!first) document.body.dispatchEvent(new CustomEvent("waiting", { detail: JSON.parse(event.data) }));
      first = false;
    });
    window.addEventListener("pagehide", () => source.close());
  }

  // -- the queue of findings: keys first
  const queue = () => document.getElementById("queue");
  const current = () => {
    const link = queue() && queue().querySelector("a[aria-current='true']");
    return link && link.closest(".row");
  };
  function mark(row) {
    const before = current();
    if (before && before !== row) before.querySelector("a").removeAttribute("aria-current");
    row.querySelector("a").setAttribute("aria-current", "true");
  }
  function choose(row) {
    if (!row) return;
    mark(row);
    row.scrollIntoView({ block: "nearest" });
    const link = row.querySelector("a");
    link.focus({ preventScroll: true });
    link.click();
  }
  const next = (row, step) => {
    let found = row;
    do { found = step > 0 ? found.nextElementSibling : found.previousElementSibling; } while (found && !found.matches(".row"));
    return found;
  };
  // a key acts on the finding that is shown: while another one is on its way, it waits for that one
  const busy = () => document.querySelector("#detail[aria-busy='true']");
  let held = "";
  function press(name) {
    if (busy()) { held = name; return; }
    const button = document.querySelector(`#undo [data-key='${name}'], #detail [data-key='${name}']`);
    if (button && !button.disabled) button.click();
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "detail") event.detail.target.setAttribute("aria-busy", "true");
  });
  const rest = (then) => {
    const detail = document.getElementById("detail"), name = held;
    if (!detail) return;
    detail.setAttribute("aria-busy", "false");
    held = "";
    if (name && then) press(name);
  };
  // only once it has settled are the buttons of what came htmx's own
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.closest("#detail")) rest(true); });
  document.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.successful) rest(false); });
  document.addEventListener("keydown", (event) => {
    if (!document.getElementById("keys") || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && typing) { event.target.blur(); return; }
    if (typing) return;
    const row = current();
    const keys = { j: 1, ArrowDown: 1, n: 1, k: -1, ArrowUp: -1 };
    if (keys[event.key] && queue()) {
      event.preventDefault();
      choose(row ? next(row, keys[event.key]) : queue().querySelector(".row"));
    } else if (["c", "d", "p", "u"].includes(event.key)) {
      event.preventDefault();
      press(event.key);
    } else if (event.key === "o") {
      const note = document.querySelector("#detail [name='note']");
      if (note) { event.preventDefault(); note.focus(); }
    } else if (event.key === "/") {
      const filter = document.querySelector("#filter [name='status']");
      if (filter) { event.preventDefault(); filter.focus(); }
    } else if (event.key === "?") {
      const help = document.getElementById("keys");
      if (help) help.open = !help.open;
    }
  });
  // after a decision the next finding is shown: the server says which row was decided and how
  document.addEventListener("decided", (event) => {
    const row = document.getElementById("row-" + event.detail.id);
    if (!row) return;
    const tag = row.querySelector(".tag.status");
    if (tag) { tag.className = "tag status " + event.detail.status; tag.textContent = event.detail.label; }
    if (event.detail.status !== "open") { const following = next(row, 1); if (following) choose(following); }
  });
  // a click in the queue selects
  document.addEventListener("click", (event) => {
    const row = event.target.closest && event.target.closest("#queue .row");
    if (row) mark(row);
  });

  // the moment that the map shows
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-slider]")) return;
    const at = Number(event.target.value);
    for (const shape of document.querySelectorAll("#air [data-from]")) {
      shape.classList.toggle("away", at < Number(shape.dataset.from) || at > Number(shape.dataset.to));
    }
    const format = { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" };
    const shown = new Intl.DateTimeFormat(document.documentElement.lang, format).format(new Date(at * 1000));
    document.querySelector("[data-moment]").textContent = shown;
  });

  // the words of a fingerprint, compared one by one
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-compared]")) return;
    const form = event.target.form;
    const all = [...form.querySelectorAll("[data-compared]")].every((box) => box.checked);
    form.querySelector("[data-when-compared]").disabled = !all;
  });
})();
