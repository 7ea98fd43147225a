// The page Numbers: a card shows its chart or its table. Without this file it shows both.
"use strict";

for (const group of document.querySelectorAll("[data-views]")) {
  const buttons = [...group.querySelectorAll("[data-show]")];
  const show = (chosen) => {
    for (const button of buttons) {
      const isChosen = button === chosen;
      button.setAttribute("aria-pressed", String(isChosen));
      document.getElementById(button.dataset.show).hidden = !isChosen;
    }
  };
  group.hidden = false;
  show(buttons[0]);
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (button) show(button);
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
