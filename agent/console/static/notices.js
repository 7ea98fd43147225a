// Notices in an open page: as a notification of the browser where that is allowed, else as a toast in the page.
"use strict";

const NOTICES_EVERY_MS = 10000;
const NOTICES_STALE_MS = 600000;
const TOAST_MS = 20000;
const MOST_TOASTS = 4;
let noticesActed = Date.now();

for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, () => { noticesActed = Date.now(); }, { passive: true });
}

// Asking must not keep the session of somebody alive who has left a page that asks for nothing else.
function mayAskForNotices() {
  const live = document.querySelector("[data-live], [data-pictures]") !== null;
  return live || Date.now() - noticesActed < NOTICES_STALE_MS;
}

function noticesKnown() {
  try {
    return JSON.parse(sessionStorage.getItem("notices")) ?? { run: "", number: 0 };
  } catch {
    return { run: "", number: 0 };
  }
}

function showToast(notice) {
  let toasts = document.querySelector(".toasts");
  if (!toasts) {
    toasts = document.createElement("div");
    toasts.className = "toasts";
    document.body.append(toasts);
  }
  const toast = document.createElement("div");
  toast.className = `toast is-${notice.tone}`;
  toast.dataset.notice = String(notice.number);
  toast.setAttribute("role", notice.tone === "refused" ? "alert" : "status");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "ico");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/vendor/icons.svg#i-${notice.tone}`);
  icon.append(use);
  const words = document.createElement("span");
  words.textContent = notice.title;
  toast.append(icon, words);
  toast.addEventListener("click", () => toast.remove());
  toasts.append(toast);
  const shown = [...toasts.querySelectorAll("[data-notice]")];
  for (const old of shown.slice(0, -MOST_TOASTS)) old.remove();
  setTimeout(() => toast.remove(), TOAST_MS);
}

function showNotice(notice) {
  if (window.Notification?.permission === "granted") {
    try {
      const gate = document.querySelector(".brand-name")?.textContent ?? "";
      new Notification(gate, { body: notice.title, tag: `gate-notice-${notice.number}`, icon: "/static/icon.svg" });
      return;
    } catch {
      // Some browsers of phones show none without a service worker.
    }
  }
  showToast(notice);
}

async function askForNotices() {
  if (!mayAskForNotices()) return;
  const known = noticesKnown();
  const query = new URLSearchParams({ run: known.run, after: String(known.number) });
  let news;
  try {
    const answer = await fetch(`/live/notices?${query}`, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    news = await answer.json();
  } catch {
    return; // the gate is away, or nobody is logged in any more: the page says so by itself
  }
  sessionStorage.setItem("notices", JSON.stringify({ run: news.run, number: news.number }));
  for (const notice of news.notices.slice(-MOST_TOASTS)) showNotice(notice);
}

function showNoticesChoice() {
  const state = document.querySelector("[data-notices-state]");
  const allow = document.querySelector("[data-notices-allow]");
  if (!state || !allow) return;
  const permission = window.Notification && window.isSecureContext ? Notification.permission : "missing";
  const { allowed: granted, denied, missing } = state.dataset;
  state.textContent = { granted, denied, missing }[permission] ?? "";
  allow.hidden = permission !== "default";
}

document.querySelector("[data-notices-allow]")?.addEventListener("click", async () => {
  await Notification.requestPermission();
  showNoticesChoice();
});
showNoticesChoice();
askForNotices();
setInterval(askForNotices, NOTICES_EVERY_MS);
