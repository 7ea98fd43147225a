// A step of the set-up: what is typed outlives a lost connection, a new page and a restart of the gate.
"use strict";

const KEEP = "setup ";

function kept(form) {
  const typed = "input:not([type=hidden]):not([type=file]):not([type=password]):not([data-secret])";
  return form.querySelectorAll(`${typed}, select, textarea`);
}

function store(form) {
  const values = [...kept(form)].map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]);
  sessionStorage.setItem(KEEP + form.dataset.keep, JSON.stringify(values));
}

function restore(form) {
  const stored = sessionStorage.getItem(KEEP + form.dataset.keep);
  if (!stored) return;
  const values = JSON.parse(stored);
  for (const [place, one] of [...kept(form)].entries()) {
    const [name, value] = values[place] ?? [];
    if (name !== one.name) continue;
    if (one.type === "checkbox") one.checked = value;
    else one.value = value;
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-keep]");
  if (form) store(form);
});
for (const form of document.querySelectorAll("[data-keep]")) restore(form);

// What is applied is in the configuration: the page of the step shows it from there.
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status === 200 && requestConfig?.path?.endsWith("/apply")) {
    sessionStorage.removeItem(KEEP + requestConfig.path.slice(0, -"/apply".length));
  }
  // While the gate takes it over there is no answer, or one that it is not yet done.
  const waiting = event.target.closest?.("[data-onward]");
  if (waiting && xhr.status === 200 && xhr.responseText.trim() === "done") {
    window.location.assign(waiting.dataset.onward);
  }
});
document.addEventListener("htmx:sendError", () => {
  for (const note of document.querySelectorAll(".lost")) note.hidden = false;
});
// The first field that is wrong comes into view.
document.addEventListener("htmx:afterSwap", () => {
  document.querySelector("#step [aria-invalid=true]")?.scrollIntoView({ block: "center" });
});
