// The list of vehicles and one vehicle: filters that apply at once, and the print button.
"use strict";

const filters = document.querySelector("[data-filters]");
if (filters) {
  const between = () => filters.elements.period.value === "between";
  filters.addEventListener("change", (event) => {
    for (const field of filters.querySelectorAll(".between")) field.hidden = !between();
    // A time needs both of its ends first, and a text its last letter.
    if (event.target.matches("select, [type=radio]") && !(event.target.name === "period" && between())) {
      filters.requestSubmit();
    }
  });
  // Fields that say nothing stay out of the address.
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) {
      if (field.name && !field.value) field.disabled = true;
      if (["since", "until"].includes(field.name) && !between()) field.disabled = true;
    }
  });
  window.addEventListener("pageshow", () => {
    for (const field of filters.elements) field.disabled = false;
  });
}

for (const button of document.querySelectorAll("[data-expand]")) {
  button.addEventListener("click", () => {
    const open = document.getElementById(button.dataset.expand).classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
