// The header keeps fresh, and a page whose gate is away says so and goes on by itself when it is back.
"use strict";

const LOOK_MS = 15_000;
const RETRY_MS = 1000;
const AWAKE_MS = 5 * 60_000;
const APPLYING_MS = 60_000;
const away = document.getElementById("away");
let usedAt = performance.now();
let applyingUntil = 0;
let isLost = false;
let goal = "";

for (const name of ["pointerdown", "keydown", "scroll"]) {
  document.addEventListener(name, () => { usedAt = performance.now(); }, { passive: true });
}

const isApplying = () => performance.now() < applyingUntil;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function answers() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

// Cover the page: a click would lead to the browser's own error.
function cover() {
  for (const note of away.querySelectorAll("[data-away]")) {
    note.hidden = (note.dataset.away === "applying") !== isApplying();
  }
  away.hidden = false;
}

async function comeBack() {
  if (isLost) return;
  isLost = true;
  document.getElementById("away-note").hidden = isApplying();
  if (isApplying()) cover();
  while (!(await answers())) await wait(RETRY_MS);
  isLost = false;
  if (goal) window.location.href = goal;
  else if (isApplying()) window.location.reload();
  away.hidden = true;
  document.getElementById("away-note").hidden = true;
}

// A restart can be over between two looks: while it is awaited, look for it every second.
async function watchRestart() {
  while (isApplying() && !isLost) {
    if (!(await answers())) comeBack();
    await wait(RETRY_MS);
  }
}

function replace(fresh) {
  for (const part of fresh.querySelectorAll("[id]")) {
    const old = document.getElementById(part.id);
    if (old && old.outerHTML !== part.outerHTML) old.replaceWith(part);
  }
}

// A page that nobody uses asks for nothing that would keep the session open. Parts of a page may follow `gate:look`.
async function look() {
  if (document.hidden || isLost) return;
  const isUsed = performance.now() - usedAt < AWAKE_MS;
  if (isUsed) document.body.dispatchEvent(new Event("gate:look"));
  try {
    const answer = await fetch(isUsed ? "/live/shell" : "/healthz", { cache: "no-store" });
    if (isUsed && answer.ok) replace(document.createRange().createContextualFragment(await answer.text()));
  } catch {
    comeBack();
  }
}

if (away) {
  setInterval(look, LOOK_MS);
  // A change was applied: the gate restarts within the next seconds, or once no vehicle is on its way.
  document.addEventListener("htmx:afterSwap", () => {
    if (!document.querySelector("[data-applying]") || isApplying()) return;
    applyingUntil = performance.now() + APPLYING_MS;
    watchRestart();
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => { if (isApplying()) comeBack(); });
  }
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href^='/']");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.target || !(isLost || isApplying())) return;
    event.preventDefault();
    goal = link.href;
    if (!isLost && (await answers())) window.location.href = goal;
    else {
      cover();
      comeBack();
    }
  });
}
