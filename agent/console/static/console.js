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
