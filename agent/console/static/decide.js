// An officer decides: "Let pass" is held, "Refuse" is pressed. Both name the vehicle that the page showed when the
// dialog was opened; the gate refuses them for another.
"use strict";

const lane = document.getElementById("lane");
const standing = lane.querySelector('[data-part="standing"]');
const notHeld = document.getElementById("not-held").content.textContent;
const unreachable = document.getElementById("unreachable").content.textContent;
const toasts = document.querySelector("[data-toasts]");
let held = null;

// What cannot be decided now is disabled in the bar of a phone.
function offer() {
  const offered = standing.dataset.decides.split(" ");
  const bar = document.querySelector(".thumb-bar");
  for (const button of bar.querySelectorAll("[data-decide]")) {
    button.disabled = !offered.includes(button.dataset.decide);
  }
  bar.hidden = !standing.dataset.decides;
  lane.classList.toggle("has-thumb-bar", !bar.hidden);
}

function say(form, text) {
  const place = form.querySelector("[data-answer]");
  place.textContent = text;
  place.hidden = !text;
  place.classList.remove("is-over");
}

// What was said before is over, and keeps its room: a button must not move away from under the finger that holds it.
function quiet(form) {
  form.querySelector("[data-answer]").classList.add("is-over");
}

function open(what) {
  const dialog = document.getElementById(what);
  const form = dialog.querySelector("form");
  form.transaction.value = standing.dataset.transaction;
  const plate = form.querySelector("[data-of-plate]");
  plate.textContent = standing.dataset.plate;
  plate.hidden = !standing.dataset.plate;
  say(form, "");
  if (dialog.showModal) dialog.showModal();
  else dialog.setAttribute("open", "");
}

function toast(text) {
  const made = document.createElement("div");
  made.className = "toast is-passed";
  made.textContent = text;
  toasts.replaceChildren(made);
  setTimeout(() => made.remove(), 8000);
}

async function ask(address, body) {
  const answer = await fetch(address, { method: "POST", body, headers: { accept: "application/json" } });
  if (answer.status === 401) window.location.reload();
  return { ok: answer.ok, told: await answer.json() };
}

async function send(form, token) {
  form.token.value = token;
  quiet(form);
  form.classList.add("sending");
  try {
    const { ok, told } = await ask(form.getAttribute("action"), new FormData(form));
    if (!ok || !told.done) return say(form, told.error ?? told.said);
    const dialog = form.closest("dialog");
    if (dialog.close) dialog.close();
    else dialog.removeAttribute("open");
    form.words.value = "";
    toast(told.said);
  } catch {
    say(form, unreachable);
  } finally {
    form.classList.remove("sending");
  }
}

function end() {
  clearTimeout(held.timer);
  held.button.classList.remove("is-held");
  held = null;
}

function letGo() {
  if (held === null) return;
  const { form } = held;
  end();
  say(form, notHeld);
}

async function press(button) {
  const form = button.closest("form");
  if (held !== null || form.classList.contains("sending") || !form.reportValidity()) return;
  const mine = { button, form, timer: 0 };
  held = mine;
  quiet(form);
  let token = "";
  let refusal = unreachable;
  try {
    const { ok, told } = await ask(form.dataset.press, new FormData(form));
    if (ok) token = told.token;
    else refusal = told.error;
  } catch {
    token = "";
  }
  if (held !== mine) return;
  if (!token) {
    end();
    say(form, refusal);
    return;
  }
  button.classList.add("is-held"); // its time begins with the gate's answer, and is full when the order goes
  mine.timer = setTimeout(() => {
    if (held !== mine) return;
    end();
    send(form, token);
  }, Number(form.dataset.holdMs));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-decide]");
  if (button && !button.disabled) open(button.dataset.decide);
});
for (const form of document.querySelectorAll("form.decision")) {
  // Other reasons are given in words.
  form.addEventListener("change", () => { form.words.required = form.reason.value === ""; });
  form.words.required = form.reason.value === "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.querySelector("[data-hold]") && !form.classList.contains("sending")) send(form, "");
  });
  for (const button of form.querySelectorAll("[data-hold]")) {
    button.addEventListener("pointerdown", (event) => event.button === 0 && press(button));
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      if (!event.repeat) press(button);
    });
    for (const over of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) {
      button.addEventListener(over, letGo);
    }
  }
}
window.addEventListener("blur", letGo);
lane.addEventListener("lane:standing", offer);
offer();
