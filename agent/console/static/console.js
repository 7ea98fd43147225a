// What all pages share. Pages add a file of their own.
"use strict";

// An answer that says what is wrong is shown where the good one would have been.
document.addEventListener("htmx:beforeSwap", (event) => {
  const status = event.detail.xhr.status;
  if (status >= 400) {
    event.detail.shouldSwap = event.detail.xhr.getResponseHeader("content-type")?.startsWith("text/html") ?? false;
    event.detail.isError = false;
  }
});

// A form that cannot be undone asks first.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
  }
});

// The clock of the gate goes on from the moment at which the page was made.
const clock = document.querySelector("[data-clock]");
if (clock) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, seconds] = clock.querySelectorAll("span");
  const beganAt = performance.now();
  const show = () => {
    const utc = new Date(Number(clock.dataset.clock) + performance.now() - beganAt);
    const local = new Date(utc.getTime() + Number(clock.dataset.offset) * 1000);
    hours.textContent = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
    seconds.textContent = `:${two(local.getUTCSeconds())}`;
    clock.title = `${utc.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  };
  setInterval(show, 1000);
}

// The theme changes without losing what is typed on the page.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const order = ["light", "dark", "sun"];
  const chosen = button.value;
  const body = new FormData(form);
  body.set("theme", chosen);
  try {
    await fetch(form.action, { method: "POST", body });
  } catch {
    return; // the gate is away: the page says so by itself
  }
  document.documentElement.dataset.theme = chosen;
  button.value = order[(order.indexOf(chosen) + 1) % order.length];
});

// Dialogs and menus. A browser without <dialog> shows it in its place.
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-open], [data-close]");
  const opened = pressed?.dataset.open;
  const dialog = opened ? document.getElementById(opened) : pressed?.closest("dialog");
  if (dialog && opened) {
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
  } else if (dialog) {
    if (dialog.close) dialog.close();
    else dialog.removeAttribute("open");
  }
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(".menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Tabs that do not fit are moved sideways: the current one is in view, and an arrow is where there are more.
for (const strip of document.querySelectorAll(".tabs")) {
  const tell = () => {
    const rest = strip.scrollWidth - strip.clientWidth - strip.scrollLeft;
    strip.classList.toggle("more-before", strip.scrollLeft > 1);
    strip.classList.toggle("more-after", rest > 1);
  };
  const current = strip.querySelector("[aria-current]");
  new ResizeObserver(() => {
    if (current) strip.scrollLeft = current.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
    tell();
  }).observe(strip);
  strip.addEventListener("scroll", tell, { passive: true });
}

// A file that is chosen is named in our words: the browser's own are in its language, and unseen.
document.addEventListener("change", (event) => {
  const name = event.target.closest?.(".file")?.querySelector(".file-name");
  if (name) name.textContent = [...event.target.files].map((file) => file.name).join(", ") || name.dataset.none;
});

// Browsers without :has(): a chosen pill says so by a class.
if (!window.CSS?.supports?.("selector(:has(*))")) {
  const mark = () => {
    for (const pill of document.querySelectorAll(".choice")) {
      pill.classList.toggle("is-on", pill.querySelector("input").checked);
    }
  };
  document.addEventListener("change", mark);
  document.addEventListener("htmx:afterSwap", mark);
  mark();
}

// A field that is wrong is shown.
const wrong = document.querySelector("main [aria-invalid='true']");
if (wrong) {
  wrong.scrollIntoView({ block: "center" });
  wrong.focus({ preventScroll: true });
}
