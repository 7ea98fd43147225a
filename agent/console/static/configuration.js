// A form of the configuration that was refused: each wrong field is marked, says why, and the first is shown.
"use strict";

const proposal = document.getElementById("proposal");

function unmark(field) {
  const error = document.getElementById(`${field.id}-error`);
  if (error === null) return;
  error.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-errormessage");
  field.closest(".field")?.classList.remove("is-invalid");
}

function mark(problem) {
  const field = document.getElementById(problem.dataset.field);
  if (field === null || field.hasAttribute("aria-invalid")) return field;
  const error = document.createElement("p");
  error.id = `${field.id}-error`;
  error.className = "field-error";
  error.textContent = problem.querySelector(".why-not").textContent;
  (field.closest(".input") ?? field).after(error);
  field.closest(".field")?.classList.add("is-invalid");
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", error.id);
  field.addEventListener("input", () => unmark(field), { once: true });
  return field;
}

function show(field) {
  for (let around = field.closest("details"); around !== null; around = around.parentElement.closest("details")) {
    around.open = true;
  }
  field.scrollIntoView({ block: "center" });
  (field.matches("fieldset") ? field.querySelector("input") : field)?.focus({ preventScroll: true });
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.("form.configuration")) document.querySelectorAll("[aria-invalid]").forEach(unmark);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target !== proposal) return;
  const fields = [...proposal.querySelectorAll("[data-field]")].map(mark).filter((field) => field !== null);
  // Once htmx has scrolled to the answer itself.
  if (fields.length) setTimeout(() => show(fields[0]));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-field] a");
  if (!link) return;
  event.preventDefault();
  show(document.getElementById(link.closest("[data-field]").dataset.field));
});

// A link of the search leads to one field, which may be folded away.
const wanted = window.location.hash && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
if (wanted) show(wanted);
