// Parts of a page that are asked for again and again: while that fails, the page says that what it shows is old.
"use strict";

function setLost(lost) {
  for (const note of document.querySelectorAll(".lost")) note.hidden = !lost;
  for (const part of document.querySelectorAll("[data-live]")) part.classList.toggle("old", lost);
}

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (event.target.matches?.("[data-live]")) setLost(true);
  });
}
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches?.("[data-live]") || !event.detail.xhr.status) return;
  // Nobody is logged in any more, as after a restart: the page of the log-in says so.
  if (event.detail.xhr.status === 401) window.location.reload();
  else setLost(event.detail.xhr.status >= 400);
});
