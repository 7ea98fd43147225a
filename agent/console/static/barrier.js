// A button that moves the barrier is held: the press is told at once, the order follows if it is still held at the end.
"use strict";

const form = document.getElementById("orders");
const said = document.getElementById("answer");
const notHeld = document.getElementById("not-held");
let held = null;

function send(button, token) {
  form.act.value = button.dataset.act;
  form.token.value = token;
  htmx.trigger(form, "confirmed");
}

function end() {
  clearTimeout(held.timer);
  held.button.classList.remove("pressed");
  held = null;
}

function letGo() {
  if (held === null) return;
  end();
  said.replaceChildren(notHeld.content.cloneNode(true));
}

const cannot = (button) => button.getAttribute("aria-disabled") === "true";

async function press(button) {
  if (held !== null || cannot(button) || !form.reportValidity()) return;
  const mine = { button, token: null, timer: 0 };
  held = mine;
  said.replaceChildren();
  const body = new FormData(form);
  body.set("act", button.dataset.act);
  let refusal = "";
  try {
    const answer = await fetch(form.dataset.press, { method: "POST", body, headers: { "hx-request": "true" } });
    if (answer.ok) mine.token = (await answer.json()).token;
    else if (answer.status === 401) window.location.reload();
    else refusal = await answer.text();
  } catch {
    mine.token = null; // the page says by itself that the gate does not answer
  }
  if (held !== mine) return;
  if (mine.token === null) {
    end();
    said.innerHTML = refusal;
    return;
  }
  button.classList.add("pressed"); // its time begins with the gate's answer, and is full when the order goes
  mine.timer = setTimeout(() => {
    if (held !== mine) return;
    end();
    send(button, mine.token);
  }, Number(form.dataset.holdMs));
}

if (form) {
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of form.querySelectorAll("button[data-act]")) {
    if (!("hold" in button.dataset)) {
      button.addEventListener("click", () => !cannot(button) && form.reportValidity() && send(button, ""));
      continue;
    }
    button.addEventListener("pointerdown", (event) => event.button === 0 && press(button));
    // The press itself must not take the focus from the field that is still to be filled in.
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
  window.addEventListener("blur", letGo);
  // What would change nothing now is disabled, with the reason below it.
  document.addEventListener("htmx:afterSwap", (event) => {
    const told = event.target.querySelector?.("[data-cannot]");
    if (!told) return;
    const reasons = JSON.parse(told.dataset.cannot);
    for (const button of form.querySelectorAll("button[data-act]")) {
      const why = reasons[button.dataset.act] ?? "";
      if (why && held?.button !== button) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
      const shown = document.getElementById(`why-${button.dataset.act}`);
      if (shown.textContent !== why) shown.textContent = why;
    }
  });
}
